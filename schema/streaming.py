"""`POST /graphql/stream`: server-sent events, the distinct-connections mode of graphql-sse.

`next` carries an answer, `complete` ends the stream for good. A stream that just ends (the token expired, the
process stops) may be opened again with a new token.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import orjson
from starlette.responses import StreamingResponse

from auth.tokens import TokenRefused
from domain.kernel.failures import StoreUnavailable
from schema.execution import Answer, Execution
from schema.faults import UNAUTHENTICATED, RequestError, unavailable
from schema.live import followed
from schema.negotiation import EVENT_STREAM
from schema.requests import Caller, Operation

_COMPLETE = b"event: complete\ndata:\n\n"
_HEARTBEAT = b":\n\n"


def event_stream(execution: Execution, operation: Operation, *, caller: Caller, reference: str) -> StreamingResponse:
    """Operations that are no subscriptions answer once."""
    return StreamingResponse(
        _events(execution, operation, caller, reference),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    execution: Execution, operation: Operation, caller: Caller, reference: str
) -> AsyncGenerator[bytes, None]:
    # headers travel with the first bytes: tell the client at once that the stream stands
    yield _HEARTBEAT
    if not operation.is_subscription:
        yield _next(await execution.run(operation, actor=caller.actor, reference=reference))
        yield _COMPLETE
        return
    stream = execution.stream(operation, caller=caller, reference=reference)
    try:
        async for answer in followed(stream, execution=execution, caller=caller):
            yield _HEARTBEAT if answer is None else _next(answer)
    except TokenRefused as refused:
        if refused.code == "token_expired":
            return
        ended = RequestError(refused.message, code=UNAUTHENTICATED, reason=refused.code)
        yield _next({"errors": ended.errors})
    except StoreUnavailable:
        yield _next({"errors": unavailable().errors})
        return
    except RequestError as error:
        yield _next({"errors": error.errors})
    yield _COMPLETE


def _next(answer: Answer) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(answer) + b"\n\n"
