"""The reference executor, called in one way: what a plan is measured by, and where everything goes that has no plan."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from inspect import isawaitable
from typing import Any, TypeGuard

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql import execute as run_operation

COERCION_ERRORS_MAX = 50
"""The executor's own default, said here because plans must stop at the same error."""


async def execute_by_reference(
    *,
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    context: object,
    variables: Mapping[str, Any],
    root_value: object = None,
) -> ExecutionResult:
    """The answer of graphql-core and Strawberry, field by field."""
    result = run_operation(
        schema,
        document,
        root_value=root_value,
        context_value=context,
        variable_values=dict(variables),
        operation_name=operation_name,
        max_coercion_errors=COERCION_ERRORS_MAX,
        is_awaitable=is_awaitable,
        hide_suggestions=True,
    )
    return await result if isawaitable(result) else result


_awaitable_kinds: dict[type, bool] = {}


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether it can be awaited is a matter of its type: asked for every value of an answer, looked up once a type."""
    kind = type(value)
    known = _awaitable_kinds.get(kind)
    if known is None:
        known = _awaitable_kinds[kind] = isawaitable(value)
    return known
