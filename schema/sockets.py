"""`/graphql` by WebSocket: the graphql-transport-ws protocol.

The token comes in the payload of `connection_init` ({"authorization": "Bearer …"}), as browsers send no
headers. Close codes: 4400 malformed, 4401 no or no longer a session, 4408 no `connection_init` in time, 4409 id in
use, 4429 `connection_init` twice, too many subscriptions or operations.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from auth.tokens import TokenRefused
from domain.kernel.failures import StoreUnavailable
from schema.entry import Entry
from schema.execution import Answer
from schema.faults import RequestError, fault, unavailable
from schema.live import followed
from schema.requests import Caller, GraphQLRequest, Operation, bearer_of

PROTOCOL = "graphql-transport-ws"

MALFORMED, UNAUTHORIZED, INIT_TIMEOUT, ID_IN_USE, INIT_TWICE = 4400, 4401, 4408, 4409, 4429
PROTOCOL_UNKNOWN, UNAVAILABLE, TOO_BIG = 4406, 1013, 1009

_ID_LENGTH_MAX = 64


def socket_endpoint(entry: Entry) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(socket: WebSocket) -> None:
        if PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.accept()
            await socket.close(PROTOCOL_UNKNOWN, "Subprotocol not acceptable")
            return
        await socket.accept(subprotocol=PROTOCOL)
        await _Connection(socket, entry).serve()

    return endpoint


class _Closed(Exception):
    """The connection has to be closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Connection:
    def __init__(self, socket: WebSocket, entry: Entry) -> None:
        self._socket = socket
        self._entry = entry
        self._execution = entry.execution
        self._caller: Caller | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        client = socket.client
        self._origin = str(socket.scope.get("state", {}).get("address") or (client.host if client else ""))
        self._minute_began = 0.0
        self._begun = 0

    async def serve(self) -> None:
        """Until either side ends it; then nothing of it goes on."""
        try:
            await self._receive_all()
        except _Closed as closed:
            await self._close(closed.code, closed.reason)
        except WebSocketDisconnect:
            pass
        except StoreUnavailable:
            await self._close(UNAVAILABLE, "Try again later")
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _receive_all(self) -> None:
        try:
            async with asyncio.timeout(self._execution.limits.connection_init_seconds):
                while self._caller is None:
                    await self._take(await self._message())
        except TimeoutError:
            raise _Closed(INIT_TIMEOUT, "Connection initialisation timeout") from None
        while True:
            await self._take(await self._message())

    async def _message(self) -> dict[str, Any]:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code") or 1000)
        text = received.get("text")
        if text is None:
            raise _Closed(MALFORMED, "Text messages only")
        if len(text) > self._execution.limits.body_bytes_max:
            raise _Closed(TOO_BIG, "Message too big")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Closed(MALFORMED, "Invalid JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("payload") or {}, dict):
            raise _Closed(MALFORMED, "Invalid message")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._begin(message.get("payload") or {})
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                if task := self._running.pop(str(message.get("id")), None):
                    task.cancel()
            case _:
                raise _Closed(MALFORMED, "Unknown message type")

    async def _begin(self, payload: dict[str, Any]) -> None:
        if self._caller is not None:
            raise _Closed(INIT_TWICE, "Too many initialisation requests")
        header = payload.get("authorization", payload.get("Authorization"))
        try:
            bearer = None if header is None else bearer_of(str(header))
            self._caller = await self._execution.caller(bearer=bearer)
        except TokenRefused as refused:
            raise _Closed(UNAUTHORIZED, refused.code) from None
        await self._send({"type": "connection_ack"})

    def _subscribe(self, message: dict[str, Any]) -> None:
        if self._caller is None:
            raise _Closed(UNAUTHORIZED, "Unauthorized")
        id = message.get("id")
        if not isinstance(id, str) or not 1 <= len(id) <= _ID_LENGTH_MAX:
            raise _Closed(MALFORMED, "Invalid id")
        self._count()
        if id in self._running:
            raise _Closed(ID_IN_USE, "Subscriber already exists")
        if len(self._running) >= self._execution.limits.streams_per_caller_max:
            raise _Closed(INIT_TWICE, "Too many subscriptions")
        self._running[id] = asyncio.create_task(self._run(id, message.get("payload")))

    def _count(self) -> None:
        """Operations on a socket are no requests: what limits requests by address does not see them."""
        at = asyncio.get_running_loop().time()
        if at - self._minute_began >= 60:
            self._minute_began, self._begun = at, 0
        self._begun += 1
        if self._begun > self._execution.limits.socket_operations_max:
            raise _Closed(INIT_TWICE, "Too many operations")

    async def _run(self, id: str, payload: object) -> None:
        assert self._caller is not None
        reference = secrets.token_hex(8)
        try:
            request = GraphQLRequest.read(payload)
            entered = await self._entry.enter(request, bearer=self._caller.bearer, origin=self._origin)
            self._caller = entered.caller
            await self._answer(id, entered.operation, caller=entered.caller, reference=reference)
            await self._send({"type": "complete", "id": id})
        except TokenRefused as refused:
            await self._close(UNAUTHORIZED, refused.code)
        except StoreUnavailable:
            await self._send({"type": "error", "id": id, "payload": unavailable().errors})
        except RequestError as error:
            await self._send({"type": "error", "id": id, "payload": error.errors})
        except WebSocketDisconnect:
            pass
        except Exception as problem:
            errors = fault(problem, reference=reference).errors
            await self._send({"type": "error", "id": id, "payload": errors})
        finally:
            if self._running.get(id) is asyncio.current_task():
                del self._running[id]

    async def _answer(self, id: str, operation: Operation, *, caller: Caller, reference: str) -> None:
        if not operation.is_subscription:
            answer = await self._execution.run(operation, actor=caller.actor, reference=reference)
            await self._next(id, answer)
            return
        stream = self._execution.stream(operation, caller=caller, reference=reference)
        async for event in followed(stream, execution=self._execution, caller=caller):
            if event is not None:
                await self._next(id, event)

    async def _next(self, id: str, answer: Answer) -> None:
        await self._send({"type": "next", "id": id, "payload": answer})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            # a client that went away shows in the next receive
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(orjson.dumps(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.close(code, reason)
