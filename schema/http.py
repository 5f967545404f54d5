"""`POST /graphql` as GraphQL over HTTP says, and the routes of the other transports beside it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from auth.tokens import TokenRefused
from domain.kernel.actor import Actor
from domain.kernel.failures import StoreUnavailable
from schema.context import Context
from schema.execution import Answer, Authenticate, Execution, OperationObservation
from schema.faults import BAD_REQUEST, UNAUTHENTICATED, RequestError, fault, unavailable
from schema.limits import GraphQLLimits
from schema.requests import Caller, GraphQLRequest, bearer_of
from schema.root import executable
from schema.sockets import socket_endpoint
from schema.streaming import EVENT_STREAM, event_stream

__all__ = ["GraphQLLimits", "OperationObservation", "graphql_routes"]

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def graphql_routes(
    *,
    context_for: Callable[[Actor, str], Context],
    authenticate: Authenticate,
    limits: GraphQLLimits,
    introspection: Callable[[Actor], bool],
    observe: Callable[[OperationObservation], None] = lambda observation: None,
) -> list[BaseRoute]:
    """`/graphql` (POST and WebSocket) and `/graphql/stream` (server-sent events). `context_for` gets the
    actor and the request's reference number; `introspection` says who may read the schema itself."""
    execution = Execution(
        schema=executable(),
        context_for=context_for,
        authenticate=authenticate,
        limits=limits,
        introspection=introspection,
        observe=observe,
    )

    async def once(request: Request) -> Response:
        return await _answered(request, execution=execution, streams=False)

    async def streamed(request: Request) -> Response:
        return await _answered(request, execution=execution, streams=True)

    return [
        Route("/graphql", once, methods=["POST"]),
        Route("/graphql/stream", streamed, methods=["POST"]),
        WebSocketRoute("/graphql", socket_endpoint(execution)),
    ]


async def _answered(request: Request, *, execution: Execution, streams: bool) -> Response:
    """Every way a request can end, as a response."""
    reference = _reference(request)
    media_type = GRAPHQL_JSON
    try:
        media_type = _acceptable(request, streams=streams)
        body = await _body(request, bytes_max=execution.limits.body_bytes_max)
        wanted = GraphQLRequest.read(_parsed(body))
        caller = await _caller(request, execution)
        operation = execution.operation(wanted, actor=caller.actor)
        if media_type == EVENT_STREAM:
            return event_stream(execution, operation, caller=caller, reference=reference)
        if operation.is_subscription:
            raise RequestError("订阅请使用/graphql/stream或WebSocket。", code=BAD_REQUEST)
        answer = await execution.run(operation, actor=caller.actor, reference=reference)
        status = 200 if "data" in answer or media_type == JSON else 400
        return _response(answer, media_type=media_type, status=status)
    except TokenRefused as refused:
        error = RequestError(refused.message, code=UNAUTHENTICATED, status=401, reason=refused.code)
    except StoreUnavailable:
        error = unavailable()
    except RequestError as refused_request:
        error = refused_request
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as problem:
        error = fault(problem, reference=reference)
    return _refusal(error, media_type=media_type)


def _acceptable(request: Request, *, streams: bool) -> str:
    """The media type to answer in. Raises RequestError: 406 for none of ours, 415 for a body that is not
    JSON, which also keeps out forms that a foreign page could send (CSRF)."""
    content_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = re.search(r"charset *= *\"?([^;\"]+)", parameters, re.IGNORECASE)
    if content_type.strip().lower() != JSON or (charset and charset[1].strip().lower() != "utf-8"):
        raise RequestError("请求内容的类型应为application/json（UTF-8）。", code=BAD_REQUEST, status=415)
    accepted = request.headers.get("accept") or "*/*"
    types = {part.partition(";")[0].strip().lower(): part for part in accepted.split(",")}
    wanted = {name for name, part in types.items() if not re.search(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", part)}
    if streams:
        if wanted & {EVENT_STREAM, "text/*", "*/*"}:
            return EVENT_STREAM
    elif wanted & {GRAPHQL_JSON, "application/*", "*/*"}:
        return GRAPHQL_JSON
    elif JSON in wanted:
        return JSON
    raise RequestError("不能按所要求的类型（Accept）答复。", code=BAD_REQUEST, status=406)


async def _body(request: Request, *, bytes_max: int) -> bytes:
    """Reads no further than the limit, whatever the length that the client declared."""
    too_long = RequestError(f"请求内容过大，最多{bytes_max}字节。", code="LIMIT_EXCEEDED", status=413)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_long
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > bytes_max:
            raise too_long
    return bytes(read)


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError("请求内容不是有效的JSON。", code=BAD_REQUEST) from None


async def _caller(request: Request, execution: Execution) -> Caller:
    header = request.headers.get("authorization")
    return await execution.caller(bearer=None if header is None else bearer_of(header))


def _reference(request: Request) -> str:
    """The number that finds the request in the logs, given by the middleware in front of us."""
    given = request.scope.get("state", {}).get("request_id")
    return given if isinstance(given, str) else secrets.token_hex(6)


def _refusal(error: RequestError, *, media_type: str) -> Response:
    document_faults = error.status == 400 and error.errors[0]["extensions"]["code"] != BAD_REQUEST
    # by application/json a client cannot tell our errors from a proxy's: well-formed requests answer 200
    status = 200 if media_type == JSON and document_faults else error.status
    shown = GRAPHQL_JSON if media_type == EVENT_STREAM else media_type
    response = _response({"errors": error.errors}, media_type=shown, status=status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status in (429, 503):
        response.headers["Retry-After"] = "2"
    return response


def _response(answer: Answer, *, media_type: str, status: int) -> Response:
    return Response(
        orjson.dumps(answer),
        status_code=status,
        media_type=f"{media_type}; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
