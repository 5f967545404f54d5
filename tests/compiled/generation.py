"""Random operations over any schema, with their variables: aliases, fragments, conditions, arguments right and wrong.

What a generated document says is valid GraphQL (drawn anew where it is not); what its variables hold need not be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    parse,
    validate,
)
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

WRONG: tuple[Any, ...] = (None, True, -1, 2**31, 1.5, "", "\x00", "金额", [], ["x"], {}, {"x": 1})

Pool = Callable[[str, str], list[Any]]
"""Values that make sense for an input by its name and its type's name; may be empty."""


def sized(examples: int) -> int:
    """All of them with HPF_TESTS_LONG; half in the suite that runs with every change."""
    return examples if os.environ.get("HPF_TESTS_LONG") else examples // 2


@dataclass
class Generated:
    text: str
    variables: dict[str, Any]


@dataclass
class _Drawing:
    """One document being drawn."""

    draw: DrawFn
    schema: GraphQLSchema
    pool: Pool
    depth_max: int
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    left: int = 40
    """Fields that may still be drawn."""

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) < percent

    def selection(self, kind: Any, depth: int) -> str:
        """`{ … }` for an object or interface type."""
        names = list(kind.fields) if hasattr(kind, "fields") else []
        usable = [
            name for name in names if depth < self.depth_max or is_leaf_type(get_named_type(kind.fields[name].type))
        ]
        chosen = self.draw(st.lists(st.sampled_from(usable), min_size=1, max_size=5)) if usable else []
        parts = [self.field(kind, name, depth) for name in chosen]
        if self.chance(20) or not parts:
            parts.append(self.alias() + "__typename")
        if self.chance(25) and self.left > 0:
            parts.append(self.fragment(kind, depth))
        return "{ " + " ".join(parts) + " }"

    def field(self, kind: Any, name: str, depth: int) -> str:
        self.left -= 1
        definition = kind.fields[name]
        arguments = self.arguments(definition.args)
        # the same name with other arguments would clash: an alias tells them apart
        head = (self.alias(always=bool(arguments)) + name) + arguments + self.condition()
        leads_to = get_named_type(definition.type)
        return head if is_leaf_type(leads_to) else f"{head} {self.selection(leads_to, depth + 1)}"

    def alias(self, *, always: bool = False) -> str:
        if not always and not self.chance(15):
            return ""
        return f"a{self.draw(st.integers(0, 10**6))}: "

    def fragment(self, kind: Any, depth: int) -> str:
        target = kind
        if isinstance(kind, GraphQLInterfaceType):
            target = self.draw(st.sampled_from([kind, *self.schema.get_possible_types(kind)]))
        elif isinstance(kind, GraphQLObjectType) and kind.interfaces and self.chance(40):
            target = self.draw(st.sampled_from(kind.interfaces))
        condition = self.condition()
        inner = self.selection(target, depth)
        if self.chance(50):
            named = f"on {target.name} " if self.chance(70) or target is not kind else ""
            return f"... {named}{condition} {inner}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {target.name} {inner}")
        return f"...{name}{condition}" + (f" ...{name}" if self.chance(30) else "")

    def condition(self) -> str:
        if not self.chance(12):
            return ""
        which = self.draw(st.sampled_from(["skip", "include"]))
        if self.chance(30):
            return f" @{which}(if: {self.draw(st.sampled_from(['true', 'false']))})"
        name = f"c{self.draw(st.integers(0, 2))}"
        if name not in self.variables:
            default = self.draw(st.sampled_from(["", " = true", " = false"]))
            self.declared.append(f"${name}: Boolean{'' if default and self.chance(50) else '!'}{default}")
            self.variables[name] = self.draw(st.booleans())
            if self.chance(4):
                self.variables[name] = self.draw(st.sampled_from(WRONG))
        return f" @{which}(if: ${name})"

    def arguments(self, defined: dict[str, GraphQLArgument]) -> str:
        given = []
        for name, argument in defined.items():
            if is_required_argument(argument) or self.chance(60):
                given.append(f"{name}: {self.argument(name, argument)}")
        return f"({', '.join(given)})" if given else ""

    def argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self.value(name, argument.type)
        if self.chance(35):
            return literal(value, argument.type)
        variable = f"v{len(self.variables)}"
        self.declared.append(f"${variable}: {argument.type}")
        self.variables[variable] = self.draw(st.sampled_from(WRONG)) if self.chance(8) else value
        if self.chance(4):
            del self.variables[variable]
            self.variables[f"unused{variable}"] = None
        return f"${variable}"

    def value(self, name: str, kind: GraphQLInputType) -> Any:
        """A value of the right shape, as JSON has it."""
        if is_non_null_type(kind):
            return self.value(name, kind.of_type)
        if self.chance(5):
            return None
        if is_list_type(kind):
            return [self.value(name, kind.of_type) for _ in range(self.draw(st.integers(0, 3)))]
        if is_input_object_type(kind):
            return {
                key: self.value(key, each.type)
                for key, each in kind.fields.items()
                if is_non_null_type(each.type) or self.chance(50)
            }
        if is_enum_type(kind):
            return self.draw(st.sampled_from(sorted(kind.values)))
        return self.draw(st.sampled_from(self.pool(name, kind.name) or _plain(kind.name)))


def _plain(kind: str) -> list[Any]:
    return {
        "Int": [-1, 0, 1, 2, 10, 100, 101, 2**31 - 1],
        "Boolean": [True, False],
        "Float": [0.5, 1.0],
    }.get(kind, ["", "x", "\x00", "2026-11-23", "2026-11", "12.30"])


def literal(value: Any, kind: GraphQLInputType) -> str:
    """A JSON value as GraphQL writes it."""
    if is_non_null_type(kind):
        return literal(value, kind.of_type)
    if value is None:
        return "null"
    if is_list_type(kind):
        return "[" + ", ".join(literal(each, kind.of_type) for each in value) + "]"
    if is_input_object_type(kind):
        return "{" + ", ".join(f"{key}: {literal(each, kind.fields[key].type)}" for key, each in value.items()) + "}"
    return str(value) if is_enum_type(kind) else json.dumps(value)


@st.composite
def operations(
    draw: DrawFn,
    schema: GraphQLSchema,
    *,
    pool: Pool = lambda name, kind: [],
    mutation: bool = False,
    depth_max: int = 4,
    root_fields: tuple[str, ...] = (),
) -> Generated:
    """A valid document of one operation, and variables that may be wrong. `root_fields` narrows the root."""
    drawing = _Drawing(draw, schema, pool, depth_max)
    root = schema.mutation_type if mutation else schema.query_type
    assert root is not None
    if root_fields:
        body = "{ " + " ".join(drawing.field(root, name, 0) for name in root_fields) + " }"
    else:
        body = drawing.selection(root, 0)
    head = "mutation" if mutation else "query"
    declared = f"({', '.join(drawing.declared)})" if drawing.declared else ""
    text = "\n".join([f"{head} Generated{declared} {body}", *drawing.fragments])
    assume(not validate(schema, parse(text)))
    return Generated(text, drawing.variables)
