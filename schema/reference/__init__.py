"""接口文档: the API reference, one page written from the schema itself, so that it cannot be out of date.

Everything a client's engineer needs: how to call, what may be asked, who may ask it, what it costs, what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_specified_scalar_type,
)
from strawberry.types.field import StrawberryField

from resolvers.permissions import guard_of
from schema.contract import until_of
from schema.cost import METADATA_KEY, MUTATION_WEIGHT, Cost
from schema.trusted.describing import WHO

_TEMPLATE = Path(__file__).with_name("page.html")
_PLAIN_SCALARS = ("ID", "String", "Int", "Float", "Boolean")


@dataclass(frozen=True, slots=True)
class Words:
    """A description in its two languages."""

    chinese: str
    english: str

    @classmethod
    def of(cls, description: str | None) -> Words:
        chinese, _, english = (description or "").partition("·")
        return cls(chinese.strip(), english.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A field, an argument, an input field or a member. `parts` is its type in pieces: text, and the name of a type
    that the piece leads to."""

    name: str
    words: Words
    parts: tuple[tuple[str, str | None], ...] = ()
    default: str | None = None
    who: str | None = None
    weight: int | None = None
    list_size: int | None = None
    deprecated: str | None = None
    until: str | None = None
    arguments: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A type, or a group of root fields."""

    name: str
    words: Words
    lines: tuple[Line, ...] = ()
    implements: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    key: str
    title: Words
    entries: tuple[Entry, ...]


def written_page(schema: GraphQLSchema) -> str:
    """The whole page, with nothing to load."""
    return _template().render(operations=_operations(schema), types=_types(schema), mutation_weight=MUTATION_WEIGHT)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _operations(schema: GraphQLSchema) -> list[Chapter]:
    roots = (
        ("query", Words("查询", "queries"), schema.query_type),
        ("mutation", Words("办理", "mutations"), schema.mutation_type),
        ("subscription", Words("订阅", "subscriptions"), schema.subscription_type),
    )
    return [
        Chapter(
            key=key,
            title=title,
            entries=tuple(
                Entry(name=name, words=Words.of(field.description), lines=(_field(name, field),))
                for name, field in sorted(root.fields.items())
            ),
        )
        for key, title, root in roots
        if root is not None
    ]


def _types(schema: GraphQLSchema) -> list[Chapter]:
    roots = {root.name for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root}
    found: dict[str, list[Entry]] = {"object": [], "input": [], "enum": [], "scalar": []}
    for name, kind in sorted(schema.type_map.items()):
        if not name.startswith("__") and name not in roots and not is_specified_scalar_type(kind):
            found[_chapter_of(kind)].append(_entry(schema, kind))
    titles = {
        "object": Words("对象", "objects"),
        "input": Words("输入", "inputs"),
        "enum": Words("枚举", "enums"),
        "scalar": Words("标量", "scalars"),
    }
    return [Chapter(key=key, title=titles[key], entries=tuple(entries)) for key, entries in found.items() if entries]


def _chapter_of(kind: GraphQLNamedType) -> str:
    if isinstance(kind, GraphQLInputObjectType):
        return "input"
    if isinstance(kind, GraphQLEnumType):
        return "enum"
    return "scalar" if isinstance(kind, GraphQLScalarType) else "object"


def _entry(schema: GraphQLSchema, kind: GraphQLNamedType) -> Entry:
    lines: list[Line] = []
    implements: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        lines = [_field(name, field) for name, field in kind.fields.items()]
        implements = tuple(each.name for each in kind.interfaces)
        if isinstance(kind, GraphQLInterfaceType):
            possible = tuple(sorted(each.name for each in schema.get_possible_types(kind)))
    elif isinstance(kind, GraphQLInputObjectType):
        lines = [_given(name, field) for name, field in kind.fields.items()]
    elif isinstance(kind, GraphQLEnumType):
        lines = [
            Line(
                name=name,
                words=Words.of(value.description),
                deprecated=value.deprecation_reason,
                until=_until(value.deprecation_reason),
            )
            for name, value in kind.values.items()
        ]
    return Entry(
        name=kind.name,
        words=Words.of(kind.description),
        lines=tuple(lines),
        implements=implements,
        possible=possible,
    )


def _field(name: str, field: GraphQLField) -> Line:
    guard = guard_of(field)
    definition = field.extensions.get("strawberry-definition")
    said = definition.metadata.get(METADATA_KEY, Cost()) if isinstance(definition, StrawberryField) else Cost()
    return Line(
        name=name,
        words=Words.of(field.description),
        parts=_parts(field.type),
        who=WHO.get(guard.name, guard.name),
        weight=said.weight,
        list_size=said.list_size,
        deprecated=field.deprecation_reason,
        until=_until(field.deprecation_reason),
        arguments=tuple(_given(key, argument) for key, argument in field.args.items()),
    )


def _given(name: str, given: GraphQLArgument | GraphQLInputField) -> Line:
    return Line(
        name=name,
        words=Words.of(given.description),
        parts=_parts(given.type),
        default=None if given.default_value in (Undefined, None) else str(given.default_value),
        deprecated=given.deprecation_reason,
        until=_until(given.deprecation_reason),
    )


def _parts(kind: Any) -> tuple[tuple[str, str | None], ...]:
    """`[Case!]!` as `[`, `Case` (which leads there), `!]!`."""
    plain = get_named_type(kind).name
    before, _, after = str(kind).partition(plain)
    pieces = ((before, None), (plain, None if plain in _PLAIN_SCALARS else plain), (after, None))
    return tuple(piece for piece in pieces if piece[0])


def _until(reason: str | None) -> str | None:
    until = until_of(reason) if reason else None
    return until.isoformat() if until else None
