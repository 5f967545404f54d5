"""A field as a plan calls it: what is the same for every object, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType, ValueNode, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import ListValueNode, ObjectValueNode
from strawberry.types.field import StrawberryField

from schema.compiled.reading import Converter
from schema.compiled.shape import FieldShape
from schema.guards import storable

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`constant` are the arguments when no variable has a part in them; `converted` the same as our function takes
    them, when they are plain values that nobody can change."""

    name: str
    nodes: list[FieldNode]
    parent: GraphQLObjectType
    definition: GraphQLField
    field: StrawberryField
    info_class: Any
    convert: Converter
    constant: dict[str, Any] | None
    converted: Mapping[str, Any] | None

    @classmethod
    def of(cls, shape: FieldShape) -> Call:
        assert shape.definition is not None and shape.reading is not None, "__typename is no call"
        reading, node = shape.reading, shape.details[0].node
        constant = _constant(shape.definition, node)
        converted = None
        if constant is not None and storable(constant) and all(isinstance(each, _PLAIN) for each in constant.values()):
            converted = reading.converter(constant, None)
        return cls(
            name=shape.name,
            nodes=shape.nodes,
            parent=shape.parent,
            definition=shape.definition,
            field=reading.definition,
            info_class=reading.converter.config.info_class,
            convert=reading.converter,
            constant=constant,
            converted=converted,
        )


def _constant(definition: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    if any(_names_variable(argument.value) for argument in node.arguments or ()):
        return None
    try:
        return get_argument_values(definition, node, VariableValues({}, {}), None, True)
    except GraphQLError:
        # the field itself shall say so, each time
        return None


def _names_variable(value: ValueNode) -> bool:
    if isinstance(value, VariableNode):
        return True
    if isinstance(value, ListValueNode):
        return any(_names_variable(each) for each in value.values)
    return isinstance(value, ObjectValueNode) and any(_names_variable(each.value) for each in value.fields)
