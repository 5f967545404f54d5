"""When an operation is compiled: at its second use, so that documents sent once cost nothing more."""

from __future__ import annotations

from graphql import DocumentNode, GraphQLSchema

from schema.compiled.plan import Plan, compile_operation

COMPILED_AT_USE = 2


class Candidates:
    """The operations of one document on their way to plans."""

    __slots__ = ("_plans", "_uses")

    def __init__(self) -> None:
        self._plans: dict[str | None, Plan | None] = {}
        self._uses: dict[str | None, int] = {}

    def plan_of(self, *, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Plan | None:
        """None for the reference executor: the first use, and always for what cannot be compiled."""
        if operation_name in self._plans:
            return self._plans[operation_name]
        uses = self._uses[operation_name] = self._uses.get(operation_name, 0) + 1
        if uses < COMPILED_AT_USE:
            return None
        made = compile_operation(schema, document, operation_name)
        plan = self._plans[operation_name] = made if isinstance(made, Plan) else None
        return plan
