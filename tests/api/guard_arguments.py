"""Arguments for every field of the schema, so that a new field is visited without anybody writing some for it.

What is made is valid for GraphQL and good for nothing: ids that lead nowhere, and a rehearsal where there is one. A
field that would do something with such values, or answer too little, is given its own arguments in `test_guards`.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    get_nullable_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from schema.types.nodes import global_id

KEY = "matrix-0001"
_SCALARS = {
    "Int": "1",
    "Float": "1.0",
    "Boolean": "false",
    "Money": '"0.01"',
    "Rate": '"0.01"',
    "Date": '"2026-11-23"',
    "DateTime": '"2026-11-23T09:00:00+08:00"',
    "YearMonth": '"2026-11"',
}


def arguments_of(field: GraphQLField) -> str:
    """`(id: "…", input: {…})`: what is required and no more."""
    given = [f"{name}: {_literal(name, each.type)}" for name, each in field.args.items() if is_required_argument(each)]
    return f"({', '.join(given)})" if given else ""


def _literal(name: str, kind: Any) -> str:
    plain = get_nullable_type(kind)
    if is_list_type(plain):
        return "[]"
    if isinstance(plain, GraphQLInputObjectType):
        fields = [
            f"{key}: {'true' if key == 'dryRun' else _literal(key, each.type)}"
            for key, each in plain.fields.items()
            if is_required_input_field(each) or key == "dryRun"
        ]
        return "{ " + ", ".join(fields) + " }"
    if isinstance(plain, GraphQLEnumType):
        return next(iter(plain.values))
    if name == "requestKey":
        return f'"{KEY}"'
    if plain.name == "ID":
        return f'"{global_id("Case", "20261123C200000000000")}"'
    return _SCALARS.get(plain.name, '"none"')
