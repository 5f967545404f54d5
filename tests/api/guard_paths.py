"""A way to every field of the schema: from a root field, through objects that exist, down to the field."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type
from graphql.type import GraphQLNamedType

from resolvers.permissions import guard_of


@dataclass(frozen=True)
class FieldPath:
    """`steps` are field names from the root; `kinds` the names of the types they belong to."""

    steps: tuple[str, ...]
    kinds: tuple[str, ...]
    guard: str
    leads_to: GraphQLNamedType

    @property
    def name(self) -> str:
        return f"{self.kinds[-1]}.{self.steps[-1]}"

    def document(self, arguments: Mapping[str, str]) -> str:
        """Asks for this field alone. `arguments` are by `Type.field`."""
        text = "" if is_leaf_type(self.leads_to) else " { __typename }"
        for kind, step in zip(reversed(self.kinds), reversed(self.steps), strict=True):
            text = f" {{ {step}{arguments.get(f'{kind}.{step}', '')}{text} }}"
        return text.strip()


def field_paths(schema: GraphQLSchema) -> Iterator[FieldPath]:
    """Every field once, by the shortest way; queries before mutations, so that the latter are for payloads only."""
    assert schema.query_type and schema.mutation_type
    waiting = deque((root, (), ()) for root in (schema.query_type, schema.mutation_type))
    entered = {schema.query_type.name, schema.mutation_type.name}
    while waiting:
        kind, steps, kinds = waiting.popleft()
        for name, field in kind.fields.items():
            target = get_named_type(field.type)
            path = FieldPath((*steps, name), (*kinds, kind.name), guard_of(field).name, target)
            yield path
            if isinstance(target, GraphQLObjectType) and target.name not in entered:
                entered.add(target.name)
                waiting.append((target, path.steps, path.kinds))
