"""Runs operations for every transport: once, or as a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Literal, Protocol, TypeGuard

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
)
from graphql import execute as run_operation

from domain.kernel.actor import Actor
from schema.context import Context
from schema.documents import Documents, root_field_of
from schema.faults import FORBIDDEN, LIMIT_EXCEEDED, RequestError, presented
from schema.limits import GraphQLLimits
from schema.requests import Caller, GraphQLRequest, Operation

Outcome = Literal["ok", "errors", "rejected"]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OperationObservation:
    """One finished operation, for metrics. `name` is that of its first root field: bounded by the schema,
    whatever clients call their operations."""

    kind: str
    name: str
    outcome: Outcome
    seconds: float


class Authenticate(Protocol):
    async def __call__(self, bearer: str | None, /) -> Actor:
        """Raises TokenRefused, and StoreUnavailable when nobody can tell."""
        ...


class Execution:
    """One for a process; every transport calls it."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        context_for: Callable[[Actor, str], Context],
        authenticate: Authenticate,
        limits: GraphQLLimits,
        introspection: Callable[[Actor], bool],
        observe: Callable[[OperationObservation], None],
    ) -> None:
        self.limits = limits
        self._schema = schema
        self._documents = Documents(schema=schema, limits=limits)
        self._context_for = context_for
        self._authenticate = authenticate
        self._introspection = introspection
        self._observe = observe
        self._streams: Counter[str] = Counter()

    async def caller(self, *, bearer: str | None) -> Caller:
        """Raises TokenRefused and StoreUnavailable."""
        return Caller(await self._authenticate(bearer), bearer)

    async def again(self, caller: Caller) -> Caller:
        """The caller as they stand now. Raises TokenRefused once the session or the token has ended."""
        return await self.caller(bearer=caller.bearer)

    def operation(self, request: GraphQLRequest, *, actor: Actor) -> Operation:
        """Raises RequestError for everything that keeps an operation from starting."""
        try:
            prepared = self._documents.prepare(request.query)
            if prepared.errors:
                raise RequestError.of(prepared.errors)
            node = prepared.operation(request.operation_name)
            size = prepared.sizes[node.name.value if node.name else None]
            if size.introspects and not self._introspection(actor):
                raise RequestError("正式环境不开放接口自省，请查阅接口文档。", code=FORBIDDEN)
        except RequestError:
            self._observe(OperationObservation("unknown", "unknown", "rejected", 0))
            raise
        return Operation(request, prepared, node)

    async def run(self, operation: Operation, *, actor: Actor, reference: str) -> Answer:
        """The answer of a query or mutation, ready to be sent."""
        began = time.perf_counter()
        result = await self._execute(operation, actor=actor, reference=reference)
        self._observed(operation, result, began)
        return answer_of(result, reference=reference)

    async def stream(self, operation: Operation, *, caller: Caller, reference: str) -> AsyncGenerator[Answer, None]:
        """One answer for each event; a fault of the source ends it. Raises TokenRefused when the caller's
        session or token has ended, RequestError when they watch too much already."""
        with self._counted(caller.actor):
            began = time.perf_counter()
            source = await self._source(operation, actor=caller.actor, reference=reference)
            if isinstance(source, ExecutionResult):
                self._observed(operation, source, began)
                yield answer_of(source, reference=reference)
                return
            try:
                while True:
                    event = await _next(source)
                    if event is _END:
                        return
                    if isinstance(event, ExecutionResult):
                        self._observed(operation, event, began)
                        yield answer_of(event, reference=reference)
                        return
                    began = time.perf_counter()
                    actor = (await self.again(caller)).actor
                    result = await self._execute(operation, actor=actor, reference=reference, event=event)
                    self._observed(operation, result, began)
                    yield answer_of(result, reference=reference)
            finally:
                await source.aclose()

    async def _execute(
        self, operation: Operation, *, actor: Actor, reference: str, event: object = None
    ) -> ExecutionResult:
        assert operation.prepared.document is not None
        try:
            async with asyncio.timeout(self.limits.operation_seconds_max):
                result = run_operation(
                    self._schema,
                    operation.prepared.document,
                    root_value=event,
                    context_value=self._context_for(actor, reference),
                    variable_values=dict(operation.request.variables),
                    operation_name=operation.request.operation_name,
                    is_awaitable=_is_awaitable,
                    hide_suggestions=True,
                )
                return await result if isawaitable(result) else result
        except TimeoutError as error:
            return ExecutionResult(None, [GraphQLError("timeout", original_error=error)])

    async def _source(
        self, operation: Operation, *, actor: Actor, reference: str
    ) -> AsyncGenerator[Any, None] | ExecutionResult:
        """The raw events of the subscription's field, or why there are none."""
        assert operation.prepared.document is not None
        executor = Executor.build(
            self._schema,
            operation.prepared.document,
            None,
            self._context_for(actor, reference),
            dict(operation.request.variables),
            operation.request.operation_name,
            hide_suggestions=True,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        source: Any = create_source_event_stream(executor)
        opened: AsyncGenerator[Any, None] | ExecutionResult = await source if isawaitable(source) else source
        return opened

    @contextmanager
    def _counted(self, actor: Actor) -> Iterator[None]:
        key = f"{actor.reference}:{actor.session_id}"
        if self._streams[key] >= self.limits.streams_per_caller_max or self._streams.total() >= self.limits.streams_max:
            raise RequestError("同时订阅过多，请关闭其他页面后重试。", code=LIMIT_EXCEEDED, status=429, retryable=True)
        self._streams[key] += 1
        try:
            yield
        finally:
            self._streams[key] -= 1
            if not self._streams[key]:
                del self._streams[key]

    def _observed(self, operation: Operation, result: ExecutionResult, began: float) -> None:
        outcome: Outcome = "errors" if result.errors else "ok"
        kind, name = operation.node.operation.value, root_field_of(operation.node)
        self._observe(OperationObservation(kind, name, outcome, time.perf_counter() - began))


def answer_of(result: ExecutionResult, *, reference: str) -> Answer:
    """`data` is missing when nothing was executed, as GraphQL over HTTP tells the two apart."""
    if not result.errors:
        return {"data": result.data}
    errors = [presented(error, reference=reference) for error in result.errors]
    started = result.data is not None or any(error.path for error in result.errors)
    return {"errors": errors, "data": result.data} if started else {"errors": errors}


_awaitable_kinds: dict[type, bool] = {}


def _is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether it can be awaited is a matter of its type: asked for every value of an answer, looked up once a type."""
    kind = type(value)
    known = _awaitable_kinds.get(kind)
    if known is None:
        known = _awaitable_kinds[kind] = isawaitable(value)
    return known


_END = object()


async def _next(source: AsyncIterator[Any]) -> Any:
    """The next event; a fault of the source as the result to show."""
    try:
        return await anext(source)
    except StopAsyncIteration:
        return _END
    except Exception as error:
        return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
