"""The contract with clients: what is described, what is deprecated and until when, and what a change breaks.

`released.graphql` is the SDL that clients were last promised. A change that breaks it needs a line in the change log
that names the field or type, in the part of the version that is not out yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    is_specified_directive,
    is_specified_scalar_type,
)

RELEASED = Path(__file__).with_name("released.graphql")
_UNTIL = re.compile(r"(20[0-9]{2}-[01][0-9]-[0-3][0-9])")
_COORDINATES = (r"\w+\.\w+", r"@\w+", r"(?<=union type )\w+", r"\w+")


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Everything that a client reads about, by its coordinate, with its description."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{key}", value.description) for key, value in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", field.description) for key, field in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, shown in kind.fields.items():
                yield f"{name}.{key}", shown.description
                yield from ((f"{name}.{key}({of}:)", found.description) for of, found in shown.args.items())
    for directive in schema.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description


def is_bilingual(description: str | None) -> bool:
    """Chinese first, ` · `, then English."""
    chinese, dot, english = (description or "").partition("·")
    first = chinese.strip()[:1]
    return bool(dot) and "\u4e00" <= first <= "\u9fff" and re.search("[A-Za-z]{2}", english) is not None


def deprecated(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """What is deprecated, with its reason."""
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        parts: dict[str, str | None] = {}
        if isinstance(kind, GraphQLEnumType):
            parts = {key: value.deprecation_reason for key, value in kind.values.items()}
        elif isinstance(kind, GraphQLInputObjectType):
            parts = {key: field.deprecation_reason for key, field in kind.fields.items()}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, shown in kind.fields.items():
                parts[key] = shown.deprecation_reason
                parts |= {f"{key}({of}:)": found.deprecation_reason for of, found in shown.args.items()}
        yield from ((f"{name}.{key}", reason) for key, reason in parts.items() if reason is not None)


def deprecation(*, until: date, use: str) -> str:
    """The reason of a deprecation: `use` is what takes its place, `until` the day it is there at least."""
    return f"请改用{use}，{until:%Y-%m-%d}起停用 · use {use}; kept until {until:%Y-%m-%d}"


def until_of(reason: str) -> date | None:
    """The day until which something deprecated stays; None when the reason names none."""
    found = _UNTIL.search(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def breaking(schema: GraphQLSchema, *, released: str) -> list[tuple[str, str]]:
    """What breaks clients of the released SDL: the coordinate that the change log has to name, and what is told."""
    changes = find_breaking_changes(build_schema(released), schema)
    return sorted((_coordinate(change.description), change.description) for change in changes)


def unannounced(changes: list[tuple[str, str]], *, change_log: str) -> list[str]:
    """The breaking changes that no line of the coming version's part names in `back quotes`."""
    coming = re.split(r"^## ", change_log, flags=re.MULTILINE)[1:2]
    named = set(re.findall(r"`([^`]+)`", coming[0])) if coming and "unreleased" in coming[0].splitlines()[0] else set()
    return [told for coordinate, told in changes if coordinate not in named]


def _coordinate(told: str) -> str:
    """`Type.field`, `@directive` or `Type`, as graphql-core's sentence has it."""
    found = next(found for pattern in _COORDINATES if (found := re.search(pattern, told)))
    return found[0]
