"""Following a stream while looking after its caller: what the SSE and WebSocket transports share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from schema.execution import Answer, Execution
from schema.requests import Caller


async def followed(
    stream: AsyncGenerator[Answer, None], *, execution: Execution, caller: Caller
) -> AsyncGenerator[Answer | None, None]:
    """The stream's answers, and None after each silent heartbeat interval. The caller is authenticated again
    at every heartbeat: raises TokenRefused once the session or the token has ended."""
    waiting: asyncio.Task[Answer] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait({waiting}, timeout=execution.limits.heartbeat_seconds)
            if not done:
                await execution.again(caller)
                yield None
                continue
            finished, waiting = waiting, None
            try:
                answer = finished.result()
            except StopAsyncIteration:
                return
            yield answer
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await waiting
        await stream.aclose()
