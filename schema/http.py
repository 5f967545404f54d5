"""`/graphql` as GraphQL over HTTP says, and the routes of the other transports beside it.

POST runs any operation, GET registered queries. Nothing here reads a cookie: a foreign page can make a browser send a
request, but not one that says who the person is.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from auth.tokens import TokenRefused
from domain.kernel.actor import Actor
from domain.kernel.failures import StoreUnavailable
from schema.admission import Admit, Admitted, TooMany
from schema.context import Context
from schema.entry import Entered, Entry, TextPolicy, TrustedDocuments
from schema.exchange import Exchange, Gone, TooLong
from schema.execution import Answer, Authenticate, Execution, OperationObservation
from schema.faults import BAD_REQUEST, UNAUTHENTICATED, RequestError, fault, unavailable
from schema.limits import GraphQLLimits
from schema.negotiation import (
    EVENT_STREAM,
    GRAPHQL_JSON,
    JSON,
    accepts_events,
    compressed,
    entity_tag,
    is_utf8_json,
    knows,
    media_type_for,
)
from schema.requests import GraphQLRequest, bearer_of
from schema.root import executable
from schema.sockets import socket_endpoint
from schema.streaming import event_stream
from schema.trusted.registry import Registry

__all__ = ["GraphQLDoor", "GraphQLLimits", "OperationObservation", "TextPolicy", "graphql_routes"]

PUBLIC_SECONDS = 60
"""How long a cache may answer in our place when everybody gets the same."""
_VARY = (b"vary", b"Accept, Accept-Encoding, Authorization")
_NO_STORE = (b"cache-control", b"no-store")
_GZIP = (b"content-encoding", b"gzip")
_TYPES = {kind: (b"content-type", f"{kind}; charset=utf-8".encode()) for kind in (JSON, GRAPHQL_JSON)}

Headers = list[tuple[bytes, bytes]]


def graphql_routes(
    *,
    context_for: Callable[[Actor, str], Context],
    authenticate: Authenticate,
    limits: GraphQLLimits,
    introspection: Callable[[Actor], bool],
    observe: Callable[[OperationObservation], None] = lambda observation: None,
    admit: Admit | None = None,
    policy: TextPolicy | None = None,
    registry: TrustedDocuments | None = None,
) -> list[BaseRoute]:
    """`/graphql` (POST, GET and WebSocket) and `/graphql/stream` (server-sent events). `context_for` gets the
    actor and the request's reference number; `introspection` says who may read the schema itself. Without `admit`
    nothing is counted, without `policy` everybody may send text."""
    execution = Execution(
        schema=executable(),
        context_for=context_for,
        authenticate=authenticate,
        limits=limits,
        introspection=introspection,
        observe=observe,
    )
    entry = Entry(
        execution=execution,
        registry=registry or Registry(),
        admit=admit or _uncounted(authenticate),
        policy=policy or TextPolicy(),
    )
    return [
        Route("/graphql", GraphQLDoor(entry), methods=["GET", "POST"]),
        Route("/graphql/stream", GraphQLDoor(entry, streams=True), methods=["POST"]),
        WebSocketRoute("/graphql", socket_endpoint(entry)),
    ]


def _uncounted(authenticate: Authenticate) -> Admit:
    async def admit(bearer: str | None, /, *, points: int, origin: str) -> Admitted:
        return Admitted(actor=await authenticate(bearer))

    return admit


class GraphQLDoor:
    """An ASGI application for one path. Answers whatever happens, so nothing has to stand around it."""

    def __init__(self, entry: Entry, *, streams: bool = False) -> None:
        self._entry, self._streams = entry, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every way a request can end, as an answer."""
        exchange = Exchange(scope, receive, send)
        media_type = GRAPHQL_JSON
        try:
            try:
                media_type = _acceptable(exchange, streams=self._streams)
                wanted = await _wanted(exchange, bytes_max=self._entry.execution.limits.body_bytes_max)
            except RequestError:
                await self._entry.count(origin=exchange.origin)
                raise
            entered = await self._entered(exchange, wanted)
            operation, actor = entered.operation, entered.caller.actor
            if media_type == EVENT_STREAM:
                stream = event_stream(
                    self._entry.execution, operation, caller=entered.caller, reference=exchange.reference
                )
                return await stream(scope, receive, send)
            if operation.is_subscription:
                raise RequestError("订阅请使用/graphql/stream或WebSocket。", code=BAD_REQUEST)
            answer = await self._entry.execution.run(operation, actor=actor, reference=exchange.reference)
            return await _finish(exchange, answer, entered=entered, media_type=media_type)
        except TokenRefused as refused:
            error = RequestError(refused.message, code=UNAUTHENTICATED, status=401, reason=refused.code)
        except StoreUnavailable:
            error = unavailable()
        except RequestError as refused_request:
            error = refused_request
        except Gone:
            return await exchange.answer(400, [])
        except Exception as problem:
            error = fault(problem, reference=exchange.reference)
        await _refuse(exchange, error, media_type=media_type)

    async def _entered(self, exchange: Exchange, wanted: GraphQLRequest) -> Entered:
        header = exchange.header(b"authorization")
        try:
            bearer = None if header is None else bearer_of(header)
        except TokenRefused:
            await self._entry.count(origin=exchange.origin)
            raise
        return await self._entry.enter(wanted, bearer=bearer, origin=exchange.origin, safe=exchange.method != "POST")


def _acceptable(exchange: Exchange, *, streams: bool) -> str:
    """The media type to answer in. Raises RequestError: 406 for none of ours, 415 for a body that we do not read."""
    if exchange.method == "POST" and not (
        is_utf8_json(exchange.header(b"content-type"))
        and (exchange.header(b"content-encoding") or "identity") == "identity"
    ):
        sentence = "请求内容的类型应为application/json（UTF-8，不压缩）。"
        raise RequestError(sentence, code=BAD_REQUEST, status=415)
    accept = exchange.header(b"accept")
    found = (EVENT_STREAM if accepts_events(accept) else None) if streams else media_type_for(accept)
    if found is None:
        raise RequestError("不能按所要求的类型（Accept）答复。", code=BAD_REQUEST, status=406)
    return found


async def _wanted(exchange: Exchange, *, bytes_max: int) -> GraphQLRequest:
    if exchange.method == "POST":
        try:
            return GraphQLRequest.read(_parsed(await exchange.body(bytes_max=bytes_max)))
        except TooLong:
            sentence = f"请求内容过大，最多{bytes_max}字节。"
            raise RequestError(sentence, code="LIMIT_EXCEEDED", status=413) from None
    if len(exchange.query_string) > bytes_max:
        raise RequestError(f"请求内容过大，最多{bytes_max}字节。", code="LIMIT_EXCEEDED", status=414)
    return GraphQLRequest.of_url(exchange.parameters)


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError("请求内容不是有效的JSON。", code=BAD_REQUEST) from None


async def _finish(exchange: Exchange, answer: Answer, *, entered: Entered, media_type: str) -> None:
    status = 200 if media_type == JSON or "data" in answer else 400
    trusted = entered.operation.trusted
    # all who come without a name through GET get the same: the actor is the only thing an answer hangs on
    nameless = exchange.method != "POST" and entered.caller.bearer is None
    if nameless and trusted is not None and trusted.public and "errors" not in answer:
        return await _show_public(exchange, answer, media_type=media_type)
    if entered.balance is not None:
        answer["extensions"] = {**answer.get("extensions", {}), "cost": entered.balance.shown}
    await _send(exchange, answer, media_type=media_type, status=status, headers=[_NO_STORE])


async def _show_public(exchange: Exchange, answer: Answer, *, media_type: str) -> None:
    tag = entity_tag(media_type.encode() + orjson.dumps(answer))
    caching = f"public, max-age={PUBLIC_SECONDS}".encode()
    headers = [(b"etag", tag.encode()), (b"cache-control", caching)]
    if knows(exchange.header(b"if-none-match"), tag=tag):
        return await exchange.answer(304, [*headers, _VARY])
    await _send(exchange, answer, media_type=media_type, status=200, headers=headers)


async def _refuse(exchange: Exchange, error: RequestError, *, media_type: str) -> None:
    document_faults = error.status == 400 and error.errors[0]["extensions"]["code"] != BAD_REQUEST
    # by application/json a client cannot tell our errors from a proxy's: well-formed requests answer 200
    status = 200 if media_type == JSON and document_faults else error.status
    shown = GRAPHQL_JSON if media_type == EVENT_STREAM else media_type
    headers: Headers = [_NO_STORE]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status == 405:
        headers.append((b"allow", b"POST"))
    if isinstance(error, TooMany):
        headers.append((b"retry-after", b"%d" % error.after))
    elif error.status in (429, 503):
        headers.append((b"retry-after", b"2"))
    await _send(exchange, {"errors": error.errors}, media_type=shown, status=status, headers=headers)


async def _send(exchange: Exchange, answer: Answer, *, media_type: str, status: int, headers: Headers) -> None:
    body = orjson.dumps(answer)
    packed = compressed(body, accept_encoding=exchange.header(b"accept-encoding"))
    if packed is not None:
        headers = [*headers, _GZIP]
    await exchange.answer(status, [*headers, _VARY, _TYPES[media_type]], packed or body)
