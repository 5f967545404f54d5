"""Default deny: every field of every object type is wrapped with its guard.

A field without a guard refuses everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from domain.kernel.actor import Actor
from schema.faults import BadInput, Forbidden, Unauthenticated
from schema.guards import METADATA_KEY, PUBLIC, Guard, storable

UNDECLARED = Guard("UNDECLARED", lambda actor, source: False)

ENFORCED = "enforced"
"""Extension of a field: the resolver as `enforce` left it. Whoever runs a field by another way than this resolver
compares the two first, so that a resolver that was replaced since is never passed over."""

Resolve = Callable[..., Any]


def guard_of(field: GraphQLField) -> Guard:
    """The guard that a field declares."""
    definition = field.extensions.get("strawberry-definition")
    metadata = getattr(definition, "metadata", None) or {}
    guard: Guard = metadata.get(METADATA_KEY, UNDECLARED)
    return guard


def guarded_fields(schema: GraphQLSchema) -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    """Every field of every object type of ours."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                yield kind, field_name, field


def enforce(schema: GraphQLSchema) -> None:
    """Wraps the resolvers of a schema that was just built; once."""
    for kind, _, field in guarded_fields(schema):
        assert field.resolve is not None, f"{kind.name} has a field that Strawberry does not resolve"
        guard = guard_of(field)
        field.resolve = _guarded(field.resolve, guard=guard, takes_values=bool(field.args))
        field.extensions[ENFORCED] = field.resolve
        if field.subscribe is not None:
            field.subscribe = _guarded(field.subscribe, guard=guard, takes_values=bool(field.args))


def _guarded(resolve: Resolve, *, guard: Guard, takes_values: bool) -> Resolve:
    allows = guard.allows

    def check(source: Any, info: GraphQLResolveInfo[Any], **values: Any) -> Any:
        if not allows(info.context.actor, source):
            raise refusal_for(info.context.actor)
        return resolve(source, info, **values)

    def check_values(source: Any, info: GraphQLResolveInfo[Any], **values: Any) -> Any:
        if not allows(info.context.actor, source):
            raise refusal_for(info.context.actor)
        require_storable(values)
        return resolve(source, info, **values)

    if takes_values:
        return check_values
    return resolve if guard is PUBLIC else check


def require_storable(values: Mapping[str, Any]) -> None:
    """Raises BadInput for arguments that no column can keep."""
    if not storable(values):
        raise BadInput("填写的内容含有无法保存的字符，请删除后重新提交。")


def refusal_for(actor: Actor) -> Unauthenticated | Forbidden:
    return Unauthenticated() if actor.kind == "anonymous" else Forbidden()
