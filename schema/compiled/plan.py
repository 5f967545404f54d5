"""A compiled operation, and how one is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CoroutineType
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    default_field_resolver,
    default_type_resolver,
    get_operation_ast,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values

from schema.compiled.fetches import HomeRead, home_read, serve
from schema.compiled.reading import CannotCompile
from schema.compiled.reference import COERCION_ERRORS_MAX, execute_by_reference
from schema.compiled.running import Run
from schema.compiled.shape import ObjectShape, Source, shape_of
from schema.compiled.source import SourceOf
from schema.guards import Guard

VARIANTS_MAX = 32
"""Each set of conditions that a client sends becomes source of its own, up to so many a plan; the rest is answered by
the reference executor."""


@dataclass(frozen=True, slots=True)
class Uncompilable:
    """An operation that stays with the reference executor; `reason` is one of few words."""

    reason: str
    detail: str


@dataclass(slots=True)
class Counts:
    """What this process compiled and how it answered. `by_reference` counts requests to a plan that the reference
    executor answered, `not_compiled` operations, both by reason."""

    compiled: int = 0
    by_plan: int = 0
    by_reference: Counter[str] = field(default_factory=Counter)
    not_compiled: Counter[str] = field(default_factory=Counter)


counts = Counts()


@dataclass(frozen=True, slots=True)
class _Code:
    root: Callable[[Run, object, None], Any]
    guards: list[Guard]
    text: str


@dataclass(frozen=True, slots=True)
class _Variant:
    """`served` is the same operation for when `home` was read before it begins: its fields wait for nothing then."""

    code: _Code
    home: HomeRead | None = None
    served: _Code | None = None


def compile_operation(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Plan | Uncompilable:
    """A plan for an operation of a validated document. Costs about as much as validating the document did."""
    operation = get_operation_ast(document, operation_name)
    assert operation is not None, "validated, but without this operation"
    try:
        plan = Plan(schema, document, operation, operation_name)
    except CannotCompile as why:
        counts.not_compiled[why.reason] += 1
        return Uncompilable(why.reason, str(why))
    counts.compiled += 1
    return plan


class Plan:
    """Answers one operation as the reference executor would."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        operation_name: str | None,
    ) -> None:
        """Raises CannotCompile."""
        self._schema = schema
        self._document = document
        self._name = operation_name
        self._source = Source.of(schema, document, operation)
        self._conditions = self._source.conditions()
        self._variables = operation.variable_definitions or ()
        self._variants: dict[tuple[bool, ...], _Variant] = {}
        self._executor: Executor[Any] = Executor(
            schema,
            self._source.fragments,
            {name: FragmentDetails(node) for name, node in self._source.fragments.items()},
            None,
            None,
            operation,
            VariableValues({}, {}),
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=True,
        )
        self._variant(tuple(True for _ in self._conditions))

    @property
    def text(self) -> str:
        """The source of what was compiled so far."""
        return "\n\n".join(
            code.text for each in self._variants.values() for code in (each.code, each.served) if code is not None
        )

    async def run(self, *, context: Any, variables: Mapping[str, Any], root_value: object = None) -> ExecutionResult:
        """The same data and errors as the reference executor's. Nothing is ever executed twice: it is decided first
        whether the plan or the reference executor answers."""
        values = self._values(variables)
        if isinstance(values, list):
            counts.by_plan += 1
            return ExecutionResult(None, values)
        try:
            variant = self._variant(tuple(_decided(values, name) for name in self._conditions))
        except CannotCompile as why:
            counts.by_reference[why.reason] += 1
            return await execute_by_reference(
                schema=self._schema,
                document=self._document,
                operation_name=self._name,
                context=context,
                variables=variables,
                root_value=root_value,
            )
        counts.by_plan += 1
        code = variant.code
        if variant.home is not None and (expected := variant.home.expected(values.coerced)) is not None:
            assert variant.served is not None, "a home page without its own code"
            if await context.loaders.read_home(expected, actor=context.actor, business_date=context.business_date):
                code = variant.served
        run = Run(executor=self._executor, context=context, values=values, root_value=root_value, guards=code.guards)
        try:
            data = code.root(run, root_value, None)
            if type(data) is CoroutineType:
                data = await data
        except GraphQLError as error:
            run.keep(error, None)
            data = None
        return ExecutionResult(data, run.errors or None)

    def _values(self, variables: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        if not self._variables:
            return VariableValues({}, {})
        return get_variable_values(
            self._schema, self._variables, dict(variables), COERCION_ERRORS_MAX, hide_suggestions=True
        )

    def _variant(self, choices: tuple[bool, ...]) -> _Variant:
        known = self._variants.get(choices)
        if known is None:
            if len(self._variants) >= VARIANTS_MAX:
                raise CannotCompile("variants", f"more than {VARIANTS_MAX}")
            known = self._variants[choices] = self._compiled(choices)
        return known

    def _compiled(self, choices: tuple[bool, ...]) -> _Variant:
        decided = dict(zip(self._conditions, choices, strict=True))
        shape = shape_of(self._source, decided)
        if self._source.operation.operation is OperationType.MUTATION:
            return _Variant(self._code(shape, serially=True))
        home = home_read(shape)
        if home is None:
            return _Variant(self._code(shape))
        served = shape_of(self._source, decided)
        serve(served, home)
        return _Variant(self._code(shape), home, self._code(served))

    def _code(self, shape: ObjectShape, *, serially: bool = False) -> _Code:
        source = SourceOf(shape, serially=serially)
        space = source.names.space
        text = source.text
        exec(compile(text, f"<plan {self._name or shape.kind.name}>", "exec"), space)
        source.names.fill()
        root: Any = space[source.root]
        return _Code(root, source.guards, text)


def _decided(values: VariableValues, name: str) -> bool:
    """Raises CannotCompile for a condition without a value, which only the reference executor's words describe."""
    found = values.coerced.get(name)
    if not isinstance(found, bool):
        raise CannotCompile("condition", name)
    return found
