"""The sandbox of third parties: every granted operation answers in the right shape, with simulated data and no store.

The same document, variables and limits as in earnest; what comes back is made up from the schema alone, the same each
time, and marked in `extensions.sandbox`. Nothing is read and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_list_type,
    print_schema,
)
from graphql.execution.values import get_variable_values

_LENGTH = 2
_SCALARS: Mapping[str, Any] = {
    "Boolean": True,
    "Int": 3,
    "Money": "1234.56",
    "Rate": "0.0285",
    "Date": "2026-11-23",
    "DateTime": "2026-11-23T10:00:00+08:00",
    "YearMonth": "2026-11",
    # the id of nothing: `Sandbox:1`
    "ID": "U2FuZGJveDox",
}
_TEXTS: Mapping[str, str] = {
    "nameMasked": "张*",
    "documentNoMasked": "110101********1234",
    "mobileMasked": "138****1234",
    "cardNoMasked": "6228 **** **** 0018",
    "cardMasked": "6228 **** **** 0018",
    "accountNo": "801000000000",
    "caseNo": "20261123C200000000001",
}


def simulated(
    *, schema: GraphQLSchema, document: DocumentNode, name: str | None, variables: Mapping[str, Any]
) -> ExecutionResult:
    """The answer to a query or a mutation. Variables are read as in earnest."""
    node = get_operation_ast(document, name)
    assert node is not None, "an operation that may run is in its document"
    read = get_variable_values(schema, node.variable_definitions or (), dict(variables), hide_suggestions=True)
    if isinstance(read, list):
        return ExecutionResult(None, read)
    result = execute(
        _shape(schema),
        document,
        variable_values=dict(variables),
        operation_name=name,
        field_resolver=_value,
        type_resolver=_first,
    )
    assert isinstance(result, ExecutionResult), "nothing is waited for in the sandbox"
    return ExecutionResult(result.data, result.errors, {"sandbox": True})


@cache
def _shape(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema without its resolvers."""
    return build_schema(print_schema(schema), assume_valid=True)


def _value(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    if info.field_name == "userErrors":
        return []
    return _of(info.return_type, info.field_name)


def _of(kind: GraphQLOutputType, name: str) -> Any:
    plain = get_nullable_type(kind)
    if is_list_type(plain):
        return [_of(plain.of_type, name) for _ in range(_LENGTH)]
    named = get_named_type(plain)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values.values())).value
    if named.name in _SCALARS:
        return _SCALARS[named.name]
    if named.name == "String":
        return _TEXTS.get(name, "示例")
    return {}


def _first(value: Any, info: GraphQLResolveInfo[Any], kind: GraphQLAbstractType) -> str:
    found: GraphQLObjectType = next(iter(info.schema.get_possible_types(kind)))
    return found.name
