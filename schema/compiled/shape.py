"""The shape of an answer: which fields an object of which type will have, once every condition is decided.

The reference executor's own `collect_fields` groups the selections here, at compile time instead of for each object,
so that fragments, merged fields and the order of names are its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from schema.compiled.reading import CannotCompile, Reading, reading_of

TYPENAME = "__typename"
_CONDITIONS = ("skip", "include")


@dataclass(slots=True, kw_only=True)
class FieldShape:
    """One entry of an object. `definition` and `reading` are None for `__typename` alone; `targets` are the objects
    that it may lead to, by type name. `served`: what its resolver waits for was read before the plan runs."""

    key: str
    name: str
    parent: GraphQLObjectType
    details: FieldDetailsList
    definition: GraphQLField | None = None
    reading: Reading | None = None
    targets: dict[str, ObjectShape] = field(default_factory=dict)
    served: bool = False

    @property
    def nodes(self) -> list[FieldNode]:
        return [detail.node for detail in self.details]

    @property
    def waits(self) -> bool:
        return self.reading is not None and self.reading.waits

    @property
    def may_wait(self) -> bool:
        """Whether its value may come later: its own resolver waits, or one below it."""
        return (self.waits and not self.served) or any(target.may_wait for target in self.targets.values())


@dataclass(slots=True)
class ObjectShape:
    kind: GraphQLObjectType
    fields: list[FieldShape]

    @property
    def may_wait(self) -> bool:
        return any(each.may_wait for each in self.fields)


@dataclass(frozen=True, slots=True)
class Source:
    """An operation with what it stands in."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]

    @classmethod
    def of(cls, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Source:
        """Raises CannotCompile for what stays with the reference executor whatever its fields are."""
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        source = cls(schema, operation, fragments)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise CannotCompile("subscription")
        if operation.directives:
            raise CannotCompile("directive", "on the operation")
        for node in source.selections():
            if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
                raise CannotCompile("introspection")
            if any(directive.name.value not in _CONDITIONS for directive in node.directives or ()):
                raise CannotCompile("directive", "neither skip nor include")
        return source

    @property
    def root(self) -> GraphQLObjectType:
        root = self.schema.get_root_type(self.operation.operation)
        assert root is not None, "validated, but without a root type"
        return root

    def selections(self) -> Iterator[SelectionNode]:
        """Every selection that can be reached, a fragment once."""
        waiting: list[SelectionSetNode] = [self.operation.selection_set]
        entered: set[str] = set()
        while waiting:
            for node in waiting.pop().selections:
                yield node
                if isinstance(node, FragmentSpreadNode):
                    name = node.name.value
                    if name not in entered and name in self.fragments:
                        entered.add(name)
                        waiting.append(self.fragments[name].selection_set)
                elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                    waiting.append(node.selection_set)

    def conditions(self) -> list[str]:
        """Names of the variables that decide what is skipped or included."""
        found: dict[str, None] = {}
        for node in self.selections():
            for directive in node.directives or ():
                found.update(dict.fromkeys(_variables_of(directive)))
        return list(found)


def _variables_of(directive: DirectiveNode) -> Iterator[str]:
    for argument in directive.arguments or ():
        if isinstance(argument.value, VariableNode):
            yield argument.value.name.value


def shape_of(source: Source, choices: Mapping[str, bool]) -> ObjectShape:
    """The root object, with `choices` for the variables that conditions hang on. Raises CannotCompile."""
    return _Shaper(source, choices).root()


class _Shaper:
    def __init__(self, source: Source, choices: Mapping[str, bool]) -> None:
        self._source = source
        self._schema = source.schema
        self._values = VariableValues({}, dict(choices))
        self._fragments = {name: FragmentDetails(node) for name, node in source.fragments.items()}

    def root(self) -> ObjectShape:
        operation, root = self._source.operation, self._source.root
        found = collect_fields(self._schema, self._fragments, self._values, root, operation, True)
        return self._object(root, found.grouped_field_set)

    def _object(self, kind: GraphQLObjectType, grouped: GroupedFieldSet) -> ObjectShape:
        fields = [self._field(kind, key, details) for key, details in grouped.items()]
        return ObjectShape(kind, fields)

    def _field(self, parent: GraphQLObjectType, key: str, details: FieldDetailsList) -> FieldShape:
        name = details[0].node.name.value
        shape = FieldShape(key=key, name=name, parent=parent, details=details)
        if name == TYPENAME:
            return shape
        definition = self._schema.get_field(parent, name)
        assert definition is not None, "validated, but without this field"
        shape.definition = definition
        shape.reading = reading_of(self._schema, parent, name, definition)
        leads_to = get_named_type(definition.type)
        if is_object_type(leads_to):
            shape.targets[leads_to.name] = self._target(leads_to, details)
        elif is_abstract_type(leads_to):
            for kind in self._schema.get_possible_types(leads_to):
                shape.targets[kind.name] = self._target(kind, details)
        return shape

    def _target(self, kind: GraphQLObjectType, details: FieldDetailsList) -> ObjectShape:
        found = collect_subfields(
            self._schema, self._fragments, self._values, self._source.operation, kind, details, True
        )
        return self._object(kind, found.grouped_field_set)
