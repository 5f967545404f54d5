"""How a field of the schema is read: the attribute or the function behind Strawberry's machinery, and its guard.

A plan calls the same functions as the reference executor, without the layers around them. It may do so only where it
knows every layer: a field that anything unknown has wrapped is not compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType, GraphQLSchema
from graphql.type import GraphQLLeafType
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.permissions import ENFORCED, guard_of
from schema.guards import Guard

DEFINITION = "strawberry-definition"


class CannotCompile(Exception):
    """Why an operation stays with the reference executor; `reason` is one of few words, fit for a metric's label."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`attribute` of the source, or `function` called with the parameters that are named."""

    guard: Guard
    definition: StrawberryField
    attribute: str | None
    function: Callable[..., Any] | None
    waits: bool
    takes_source: bool
    source_names: tuple[str, ...]
    info_name: str | None
    converter: Converter


@dataclass(frozen=True, slots=True)
class Converter:
    """From the values that GraphQL read to those that our functions take: input objects, Python names."""

    arguments: list[StrawberryArgument]
    config: StrawberryConfig
    scalars: Mapping[object, Any]

    def __call__(self, values: dict[str, Any], info: Any) -> dict[str, Any]:
        return convert_arguments(values, self.arguments, self.scalars, self.config, info)


def reading_of(schema: GraphQLSchema, parent: GraphQLObjectType, name: str, field: GraphQLField) -> Reading:
    """Raises CannotCompile for a field that is not what `enforce` left."""
    where = f"{parent.name}.{name}"
    definition = field.extensions.get(DEFINITION)
    if field.resolve is None or field.extensions.get(ENFORCED) is not field.resolve:
        raise CannotCompile("resolver", where)
    if not isinstance(definition, StrawberryField) or definition.extensions or definition.is_subscription:
        raise CannotCompile("extension", where)
    strawberry_schema: Any = getattr(schema, "_strawberry_schema", None)
    converter = getattr(strawberry_schema, "schema_converter", None)
    if converter is None or converter._exception_handler_specs:
        raise CannotCompile("exception handlers", where)
    resolver = definition.base_resolver
    function: Any = None
    if resolver is None:
        if definition.default_resolver is not getattr or definition.python_name is None:
            raise CannotCompile("default resolver", where)
        attribute, waits = definition.python_name, False
        parameters: list[Any] = [None, None, None, None]
    else:
        attribute, function, waits = None, resolver.wrapped_func, definition.is_async
        parameters = [
            resolver.self_parameter,
            resolver.parent_parameter,
            resolver.root_parameter,
            resolver.info_parameter,
        ]
    of_self, of_parent, of_root, of_info = parameters
    return Reading(
        guard=guard_of(field),
        definition=definition,
        attribute=attribute,
        function=function,
        waits=waits,
        takes_source=of_self is not None,
        source_names=tuple(dict.fromkeys(found.name for found in (of_parent, of_root) if found is not None)),
        info_name=None if of_info is None else of_info.name,
        converter=Converter(definition.arguments, converter.config, converter.scalar_registry),
    )


def class_of(kind: GraphQLObjectType) -> type | None:
    """The class whose own instances are objects of this type; None when any object may be."""
    definition = kind.extensions.get(DEFINITION)
    if definition is None:
        return None
    concrete_of = getattr(definition, "concrete_of", None)
    origin = getattr(concrete_of or definition, "origin", None)
    return origin if isinstance(origin, type) else None


def tells_type_itself(kind: GraphQLObjectType) -> bool:
    """Whether the type has a test of its own, so that an instance of its class may still not be one."""
    return getattr(kind.extensions.get(DEFINITION), "is_type_of", None) is not None


def names_of(kind: GraphQLLeafType) -> tuple[type, dict[Any, str]] | None:
    """The members of a Python enum and the names that clients see; None for other leaves."""
    wrapped = getattr(kind, "wrapped_cls", None)
    if not isinstance(kind, GraphQLEnumType) or not isinstance(wrapped, type):
        return None
    members: Any = wrapped
    return wrapped, {member: kind.coerce_output_value(member) for member in members}
