"""Runs operations for every transport: once, or as a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from inspect import isawaitable
from typing import Any, Literal, Protocol

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
)

from auth.grants import usage
from domain.kernel.actor import Actor
from schema.compiled import execute_by_reference
from schema.context import Context
from schema.documents import Documents
from schema.faults import FORBIDDEN, LIMIT_EXCEEDED, RequestError, presented
from schema.limits import GraphQLLimits
from schema.requests import Caller, GraphQLRequest, Operation
from schema.sandbox import simulated

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
    channel: str
    """The caller's; empty for a request that became no operation."""


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

    def now_for(self, actor: Actor) -> datetime:
        """The time of a request that becomes no operation."""
        return self._context_for(actor, "").now

    async def caller(self, *, bearer: str | None) -> Caller:
        """Raises TokenRefused and StoreUnavailable."""
        return Caller(await self._authenticate(bearer), bearer)

    async def again(self, caller: Caller) -> Caller:
        """The caller as they stand now. Raises TokenRefused once the session or the token has ended."""
        return await self.caller(bearer=caller.bearer)

    def operation(self, request: GraphQLRequest, *, actor: Actor) -> Operation:
        """Raises RequestError for everything that keeps an operation from starting."""
        operation = self.found(request)
        self.require_visible(operation, actor=actor)
        return operation

    def found(self, request: GraphQLRequest) -> Operation:
        """The operation asked for, whoever asks. Raises RequestError when it is none or too big."""
        try:
            prepared = self._documents.prepare(request.query)
            if prepared.errors:
                raise RequestError.of(prepared.errors)
            return Operation(request, prepared, prepared.wanted(request.operation_name))
        except RequestError:
            self.reject("unknown")
            raise

    def require_visible(self, operation: Operation, *, actor: Actor) -> None:
        """Raises RequestError when the operation reads the schema itself and the actor may not."""
        if operation.wanted.introspects and not self._introspection(actor):
            self.reject("unknown")
            raise RequestError("正式环境不开放接口自省，请查阅接口文档。", code=FORBIDDEN)

    def reject(self, name: str) -> None:
        """Counts a request that became no operation; `name` is one of ours, never the client's."""
        self._observe(OperationObservation("unknown", name, "rejected", 0, ""))

    async def run(self, operation: Operation, *, actor: Actor, reference: str) -> Answer:
        """The answer of a query or mutation, ready to be sent."""
        began = time.perf_counter()
        result = await self._execute(operation, actor=actor, reference=reference)
        self._observed(operation, result, began, channel=actor.channel)
        if result.errors and actor.partnership is not None:
            # a third party sees its failures on its page
            await usage.count(grant_id=actor.partnership.grant_id, what="failed", now=self.now_for(actor))
        return answer_of(result, reference=reference)

    async def stream(self, operation: Operation, *, caller: Caller, reference: str) -> AsyncGenerator[Answer, None]:
        """One answer for each event; a fault of the source ends it. Raises TokenRefused when the caller's
        session or token has ended, RequestError when they watch too much already."""
        with self._counted(caller.actor):
            began = time.perf_counter()
            source = await self._source(operation, actor=caller.actor, reference=reference)
            if isinstance(source, ExecutionResult):
                self._observed(operation, source, began, channel=caller.actor.channel)
                yield answer_of(source, reference=reference)
                return
            try:
                while True:
                    event = await _next(source)
                    if event is _END:
                        return
                    if isinstance(event, ExecutionResult):
                        self._observed(operation, event, began, channel=caller.actor.channel)
                        yield answer_of(event, reference=reference)
                        return
                    began = time.perf_counter()
                    actor = (await self.again(caller)).actor
                    result = await self._execute(operation, actor=actor, reference=reference, event=event)
                    self._observed(operation, result, began, channel=actor.channel)
                    yield answer_of(result, reference=reference)
            finally:
                await source.aclose()

    async def _execute(
        self, operation: Operation, *, actor: Actor, reference: str, event: object = None
    ) -> ExecutionResult:
        assert operation.prepared.document is not None
        document, request = operation.prepared.document, operation.request
        if actor.partnership is not None and actor.partnership.sandbox:
            return simulated(
                schema=self._schema, document=document, name=request.operation_name, variables=request.variables
            )
        context = self._context_for(actor, reference)
        plan = None
        if not operation.is_subscription:
            plan = operation.prepared.candidates.plan_of(
                schema=self._schema, document=document, operation_name=request.operation_name
            )
        try:
            async with asyncio.timeout(self.limits.operation_seconds_max):
                if plan is not None:
                    return await plan.run(context=context, variables=request.variables)
                return await execute_by_reference(
                    schema=self._schema,
                    document=document,
                    operation_name=request.operation_name,
                    context=context,
                    variables=request.variables,
                    root_value=event,
                )
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

    def _observed(self, operation: Operation, result: ExecutionResult, began: float, *, channel: str) -> None:
        outcome: Outcome = "errors" if result.errors else "ok"
        wanted, seconds = operation.wanted, time.perf_counter() - began
        self._observe(OperationObservation(wanted.kind, wanted.root_field, outcome, seconds, channel))


def answer_of(result: ExecutionResult, *, reference: str) -> Answer:
    """`data` is missing when nothing was executed, as GraphQL over HTTP tells the two apart."""
    if not result.errors:
        return {"data": result.data, "extensions": result.extensions} if result.extensions else {"data": result.data}
    errors = [presented(error, reference=reference) for error in result.errors]
    started = result.data is not None or any(error.path for error in result.errors)
    return {"errors": errors, "data": result.data} if started else {"errors": errors}


_END = object()


async def _next(source: AsyncIterator[Any]) -> Any:
    """The next event; a fault of the source as the result to show."""
    try:
        return await anext(source)
    except StopAsyncIteration:
        return _END
    except Exception as error:
        return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
