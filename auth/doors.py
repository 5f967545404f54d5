"""What every door of login shares: who may send to it, what it reads, and how refusals are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from auth import configuration
from auth.pages import failure_page
from auth.sessions import RefreshedSession
from auth.tokens import TokenRefused
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.refusal import TEMPORARILY_UNAVAILABLE, Refusal, Refused

REFRESH_COOKIE = "hpf_refresh"
CLIENT_HEADER = "X-HPF-Client"
START_PAGE = "/h5/"
NO_STORE = {"Cache-Control": "no-store"}

_BODY_BYTES_MAX = 8 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


class Malformed(Exception):
    """The request is not one that a client of ours sends."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def token_answer(fresh: RefreshedSession) -> dict[str, object]:
    """What a client that keeps its tokens itself is given (RFC 6749, 5.1)."""
    return {
        "access_token": fresh.access.token,
        "expires_in": fresh.access.expires_in,
        "token_type": "Bearer",
        "refresh_token": fresh.refresh_token,
    }


def address_of(request: Request) -> str:
    """The caller's address, as `ops` made it out behind its proxies."""
    known = request.scope.get("state", {}).get("address")
    return str(known or (request.client.host if request.client else "unknown"))


def check_origin(request: Request) -> None:
    """Refuses what another site could make a browser send: forms and simple requests, and any foreign
    origin."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if CLIENT_HEADER not in request.headers and content_type != "application/json":
        raise _foreign()
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise _foreign()
        return
    ours = urlsplit(configuration.current().public_url).netloc
    if urlsplit(origin).netloc not in (ours, request.headers.get("host")):
        raise _foreign()


def _foreign() -> Malformed:
    return Malformed(403, "request.foreign_origin", "请求来源不被允许，请从官方服务页面进入。")


async def json_body(request: Request) -> dict[str, object]:
    collected = b""
    async for chunk in request.stream():
        collected += chunk
        if len(collected) > _BODY_BYTES_MAX:
            raise Malformed(413, "request.too_large", "请求内容过大，请更新客户端后重试。")
    if not collected.strip():
        return {}
    try:
        body = orjson.loads(collected)
    except orjson.JSONDecodeError as error:
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。") from error
    if not isinstance(body, dict):
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
    return body


def with_page(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return _page(400, refused.refusals[0])
        except (StoreUnavailable, PartnerFailure):
            return _page(503, TEMPORARILY_UNAVAILABLE())

    return answer


def _page(status: int, refusal: Refusal) -> HTMLResponse:
    page, headers = failure_page(message=refusal.message, code=refusal.code, again=START_PAGE)
    if status == 503:
        headers["Retry-After"] = "5"
    return HTMLResponse(page, status_code=status, headers={**NO_STORE, **headers})


def with_json(endpoint: Endpoint, *, forgets: bool = False) -> Endpoint:
    """Failures as JSON. With `forgets`, who is not authenticated loses the cookie of the refresh token."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except TokenRefused as refused:
            response = _error(401, code=refused.code, message=refused.message, retryable=False)
            response.headers["WWW-Authenticate"] = "Bearer"
            if forgets:
                forget(response)
            return response
        except Malformed as malformed:
            return _error(malformed.status, code=malformed.code, message=malformed.message, retryable=False)
        except Refused as refused:
            first = refused.refusals[0]
            return _error(403, code=first.code, message=first.message, retryable=first.retryable)
        except (StoreUnavailable, PartnerFailure):
            busy = TEMPORARILY_UNAVAILABLE()
            response = _error(503, code=busy.code, message=busy.message, retryable=True)
            response.headers["Retry-After"] = "5"
            return response

    return answer


def _error(status: int, *, code: str, message: str, retryable: bool) -> JSONResponse:
    error = {"code": code, "message": message, "retryable": retryable}
    return JSONResponse({"error": error}, status_code=status, headers=NO_STORE)


def forget(response: Response) -> None:
    response.delete_cookie(REFRESH_COOKIE, path="/auth", httponly=True, samesite="strict")
