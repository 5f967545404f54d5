"""Descriptions of arguments: every argument of the schema has one, in Chinese first.

Arguments that mean the same everywhere are described here, once; any other says it where it is defined
(`Annotated[str, argument("…")]`).
"""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLSchema, get_named_type, is_input_object_type, is_object_type

_KNOWN = {
    "first": "每页条数 · entries of a page, 1 to 100",
    "after": "起始位置 · `endCursor` of the page before; none for the first page",
    "id": "全局编号 · global id of the object",
}


def argument(description: str) -> Any:
    """Describes an argument: `code: Annotated[str, argument("事项代码 · code")]`."""
    return strawberry.argument(description=description)


def member(value: str, description: str) -> Any:
    """A member of an enum, described: `MONTHLY = member("monthly", "按月 · once a month")`."""
    return strawberry.enum_value(value, description=description)


def describe(schema: GraphQLSchema) -> None:
    """Gives the arguments that are known by their name, and those that are one input object, their descriptions."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or not is_object_type(kind):
            continue
        for field in kind.fields.values():
            for argument_name, found in field.args.items():
                plain = get_named_type(found.type)
                if not found.description:
                    known = _KNOWN.get(argument_name)
                    found.description = known or (plain.description if is_input_object_type(plain) else None)
