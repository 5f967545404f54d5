"""What an operation costs, in points, before it runs.

An object costs one point, a plain value nothing; a field that asks more of the house says so where it is defined
(`weight`). What a list holds is multiplied by its length: by `first` for a list in pages, by the length that the
field declares (`list_size`) or `LIST_SIZE` otherwise. The branches of an abstract type are added up, so a price is
an upper bound. It is worked out once for a document; a page size that comes as a variable is filled in at each run.

Weights and lengths are our own estimates: they keep the order of magnitude, the benches measure the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.schema_directive import Location

METADATA_KEY = "cost"
PAGE_SIZE_ARGUMENT = "first"
PAGE_SIZE_MAX = 100
LIST_SIZE = 10
MUTATION_WEIGHT = 10
"""A transaction with its audit event; a mutation that asks outside systems says more."""
REFUSED_POINTS = 1
"""For a request that comes to nothing."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="代价 · points that the field costs, and how many entries its list counts for",
)
class _CostDirective:
    weight: int | None = strawberry.UNSET
    list_size: int | None = strawberry.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a field says about itself where it is defined; None leaves it to the rules."""

    weight: int | None = None
    list_size: int | None = None

    @property
    def directives(self) -> list[object]:
        """The same for the readers of the SDL."""
        said = {"weight": self.weight, "list_size": self.list_size}
        given = {name: value for name, value in said.items() if value is not None}
        return [_CostDirective(**given)] if given else []


@dataclass(frozen=True, slots=True)
class PageSize:
    """A length that comes as a variable."""

    variable: str
    default: int

    def of(self, variables: Mapping[str, Any]) -> int:
        given = variables.get(self.variable, self.default)
        # what is no page size is refused later; until then it counts as the largest
        return min(given, PAGE_SIZE_MAX) if type(given) is int and given >= 1 else PAGE_SIZE_MAX


@dataclass(slots=True)
class Price:
    """Points of a selection: a fixed part, and parts repeated as often as a variable says."""

    fixed: int = 0
    repeated: list[tuple[PageSize, Price]] = field(default_factory=list)

    def points(self, variables: Mapping[str, Any]) -> int:
        return self.fixed + sum(size.of(variables) * part.points(variables) for size, part in self.repeated)

    @property
    def points_max(self) -> int:
        """With the largest page everywhere."""
        return self.fixed + sum(PAGE_SIZE_MAX * part.points_max for _, part in self.repeated)

    def add(self, other: Price, *, times: int | PageSize = 1) -> None:
        if isinstance(times, PageSize):
            self.repeated.append((times, other))
            return
        self.fixed += times * other.fixed
        self.repeated += [(size, _multiplied(part, times)) for size, part in other.repeated]


def _multiplied(price: Price, times: int) -> Price:
    return Price(price.fixed * times, [(size, _multiplied(part, times)) for size, part in price.repeated])


def prices(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, Price]:
    """The price of each operation of a validated document, by its name."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return {
        node.name.value if node.name else None: _Pricing(schema, fragments, node).of_operation()
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }


class _Pricing:
    """One operation. `page` is the length of the list in pages that encloses a selection."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._operation = operation
        self._defaults = {
            node.variable.name.value: _whole(node.default_value) for node in operation.variable_definitions or ()
        }
        self._known: dict[tuple[str, int | PageSize | None], Price] = {}

    def of_operation(self) -> Price:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None, "a validated operation has a root type"
        price = self._of_set(root, self._operation.selection_set, None)
        price.fixed = max(price.fixed, 1)
        return price

    def _of_set(
        self, parent: GraphQLCompositeType, selected: SelectionSetNode | None, page: int | PageSize | None
    ) -> Price:
        price = Price()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                self._add_field(price, parent, node, page)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else parent.name
                price.add(self._of_set(self._composite(condition), node.selection_set, page))
            elif isinstance(node, FragmentSpreadNode):
                price.add(self._of_fragment(node.name.value, page))
        return price

    def _of_fragment(self, name: str, page: int | PageSize | None) -> Price:
        key = (name, page)
        if key not in self._known:
            node = self._fragments[name]
            self._known[key] = self._of_set(self._composite(node.type_condition.name.value), node.selection_set, page)
        return self._known[key]

    def _add_field(
        self, price: Price, parent: GraphQLCompositeType, node: FieldNode, page: int | PageSize | None
    ) -> None:
        if node.name.value.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            price.fixed += node.selection_set is not None
            return
        definition = parent.fields[node.name.value]
        inner = get_named_type(definition.type)
        declared = declared_cost(definition)
        own = self._asked_page(node, definition)
        if not is_composite_type(inner):
            price.fixed += declared.weight or 0
            return
        if _is_list(definition.type):
            # the entries of a list in pages are as many as were asked for one level up
            length = page if page is not None else declared.list_size or LIST_SIZE
            one = Price(1)
            one.add(self._of_set(inner, node.selection_set, None))
        else:
            length = 1
            one = self._of_set(inner, node.selection_set, own)
        price.fixed += self._weight(parent, definition, declared)
        price.add(one, times=length)

    def _weight(self, parent: GraphQLCompositeType, definition: GraphQLField, declared: Cost) -> int:
        if declared.weight is not None:
            return declared.weight
        if parent is self._schema.mutation_type and self._operation.operation is OperationType.MUTATION:
            return MUTATION_WEIGHT
        return 0 if _is_list(definition.type) else 1

    def _asked_page(self, node: FieldNode, definition: GraphQLField) -> int | PageSize | None:
        """None for fields that are no lists in pages."""
        argument = definition.args.get(PAGE_SIZE_ARGUMENT)
        if argument is None:
            return None
        default = argument.default_value if isinstance(argument.default_value, int) else PAGE_SIZE_MAX
        for given in node.arguments or ():
            if given.name.value == PAGE_SIZE_ARGUMENT:
                if isinstance(given.value, VariableNode):
                    name = given.value.name.value
                    return PageSize(name, self._defaults.get(name) or default)
                return PageSize("", default).of({"": _whole(given.value)})
        return default

    def _composite(self, name: str) -> GraphQLCompositeType:
        found = self._schema.type_map[name]
        assert is_composite_type(found), "a validated fragment stands on a composite type"
        return found


def declared_cost(definition: GraphQLField) -> Cost:
    """What the field says about itself."""
    made = definition.extensions.get("strawberry-definition")
    found = (getattr(made, "metadata", None) or {}).get(METADATA_KEY)
    return found if isinstance(found, Cost) else Cost()


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(get_nullable_type(kind))


def _whole(value: object) -> int | None:
    # of a number too long to be one nothing is worked out
    return int(value.value) if isinstance(value, IntValueNode) and len(value.value) <= 10 else None
