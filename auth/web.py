"""Login over HTTP for citizens: to the identity platform and back, tokens, logout and the public keys.

A browser keeps its refresh token in a cookie that no script reads and no other site sends; native channels
send and receive it as JSON. Failures are a plain Chinese page for a browser on its way, JSON for a client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth import configuration, identity, keys, sessions, tokens
from auth.pages import failure_page
from auth.ports import UnifiedIdentity
from auth.tokens import TokenRefused
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.refusal import TEMPORARILY_UNAVAILABLE, Refusal, Refused

REFRESH_COOKIE = "hpf_refresh"
BROWSER_COOKIE = "hpf_login"
CLIENT_HEADER = "X-HPF-Client"
START_PAGE = "/h5/"

_BODY_BYTES_MAX = 8 * 1024
_NO_STORE = {"Cache-Control": "no-store"}

Clock = Callable[[], datetime]
_Endpoint = Callable[[Request], Awaitable[Response]]


class _Malformed(Exception):
    """The request is not one that a client of ours sends."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def routes(*, provider: UnifiedIdentity, clock: Clock, cookie_secure: bool) -> list[Route]:
    """The routes of login. `auth.sessions.configure` comes first; `cookie_secure` is False only over plain
    HTTP on the developer's machine."""
    doors = _Doors(provider=provider, clock=clock, cookie_secure=cookie_secure)
    return [
        Route("/auth/login", _with_page(doors.login), methods=["GET"]),
        Route(identity.CALLBACK_PATH, _with_page(doors.callback), methods=["GET"]),
        Route("/auth/token", _with_json(doors.token), methods=["POST"]),
        Route("/auth/logout", _with_json(doors.logout), methods=["POST"]),
        Route("/.well-known/jwks.json", _with_json(doors.jwks), methods=["GET"]),
    ]


class _Doors:
    def __init__(self, *, provider: UnifiedIdentity, clock: Clock, cookie_secure: bool) -> None:
        self._provider, self._clock, self._secure = provider, clock, cookie_secure

    async def login(self, request: Request) -> Response:
        start = await identity.begin_login(
            channel=request.query_params.get("channel", ""),
            return_to=request.query_params.get("return_to", START_PAGE),
            provider=self._provider,
            browser=request.cookies.get(BROWSER_COOKIE),
        )
        response = RedirectResponse(start.redirect_url, status_code=303, headers=_NO_STORE)
        # Lax: the platform sends the browser back from another site.
        response.set_cookie(
            BROWSER_COOKIE,
            start.browser,
            max_age=int(configuration.current().login.total_seconds()),
            path=identity.CALLBACK_PATH.rsplit("/", 1)[0],
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        code = request.query_params.get("code")
        done = await identity.complete_login(
            state=request.query_params.get("state", ""),
            code=code if "error" not in request.query_params else None,
            browser=request.cookies.get(BROWSER_COOKIE),
            provider=self._provider,
            device=request.headers.get("user-agent", ""),
            now=self._clock(),
        )
        response = RedirectResponse(
            done.return_to, status_code=303, headers={**_NO_STORE, "Referrer-Policy": "no-referrer"}
        )
        self._keep(response, token=done.session.secret, expires_at=done.session.secret_expires_at)
        return response

    async def token(self, request: Request) -> Response:
        refresh_token, native = await self._refresh_token(request)
        if not refresh_token:
            raise TokenRefused("token_missing")
        fresh = await sessions.refresh(refresh_token=refresh_token, now=self._clock())
        answer: dict[str, object] = {
            "access_token": fresh.access.token,
            "expires_in": fresh.access.expires_in,
            "token_type": "Bearer",
        }
        if native:
            answer["refresh_token"] = fresh.refresh_token
        response = JSONResponse(answer, headers=_NO_STORE)
        if not native:
            self._keep(response, token=fresh.refresh_token, expires_at=fresh.refresh_expires_at)
        return response

    async def logout(self, request: Request) -> Response:
        """Ends the session of the refresh token and that of the access token, be they one or two."""
        now = self._clock()
        refresh_token, _ = await self._refresh_token(request)
        bearer = tokens.bearer_of(request.headers.get("authorization"))
        if refresh_token is None and bearer is None:
            raise TokenRefused("token_missing")
        if refresh_token is not None:
            await sessions.end_session_of_refresh_token(refresh_token=refresh_token, now=now)
        if bearer is not None:
            await self._end_bearer(bearer, alone=refresh_token is None, now=now)
        response = Response(status_code=204, headers=_NO_STORE)
        _forget(response)
        return response

    async def jwks(self, request: Request) -> Response:
        found = await keys.jwks(now=self._clock())
        return JSONResponse(found, headers={"Cache-Control": "public, max-age=60"})

    async def _end_bearer(self, bearer: str, *, alone: bool, now: datetime) -> None:
        try:
            actor = await sessions.authenticate(bearer=bearer, now=now)
        except TokenRefused as refused:
            # An old token beside a good refresh token is no reason to fail; an ended session is what was
            # wanted.
            if alone and refused.code != "session_ended":
                raise
            return
        assert actor.session_id is not None, "a token names its session"
        await sessions.end_session(session_id=actor.session_id, actor=actor, reason="logout", now=now)

    async def _refresh_token(self, request: Request) -> tuple[str | None, bool]:
        """The refresh token, and whether it came as JSON from a native channel."""
        _check_origin(request)
        body = await _json_body(request)
        given = body.get("refresh_token")
        if given is None:
            return request.cookies.get(REFRESH_COOKIE), False
        if not isinstance(given, str):
            raise _Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
        return given, True

    def _keep(self, response: Response, *, token: str, expires_at: datetime) -> None:
        response.set_cookie(
            REFRESH_COOKIE,
            token,
            max_age=max(int((expires_at - self._clock()).total_seconds()), 0),
            path="/auth",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )


def _check_origin(request: Request) -> None:
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


def _foreign() -> _Malformed:
    return _Malformed(403, "request.foreign_origin", "请求来源不被允许，请从官方服务页面进入。")


async def _json_body(request: Request) -> dict[str, object]:
    collected = b""
    async for chunk in request.stream():
        collected += chunk
        if len(collected) > _BODY_BYTES_MAX:
            raise _Malformed(413, "request.too_large", "请求内容过大，请更新客户端后重试。")
    if not collected.strip():
        return {}
    try:
        body = orjson.loads(collected)
    except orjson.JSONDecodeError as error:
        raise _Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。") from error
    if not isinstance(body, dict):
        raise _Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
    return body


def _with_page(endpoint: _Endpoint) -> _Endpoint:
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
    return HTMLResponse(page, status_code=status, headers={**_NO_STORE, **headers})


def _with_json(endpoint: _Endpoint) -> _Endpoint:
    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except TokenRefused as refused:
            response = _error(401, code=refused.code, message=refused.message, retryable=False)
            response.headers["WWW-Authenticate"] = "Bearer"
            _forget(response)
            return response
        except _Malformed as malformed:
            return _error(malformed.status, code=malformed.code, message=malformed.message, retryable=False)
        except (StoreUnavailable, PartnerFailure):
            busy = TEMPORARILY_UNAVAILABLE()
            response = _error(503, code=busy.code, message=busy.message, retryable=True)
            response.headers["Retry-After"] = "5"
            return response

    return answer


def _error(status: int, *, code: str, message: str, retryable: bool) -> JSONResponse:
    error = {"code": code, "message": message, "retryable": retryable}
    return JSONResponse({"error": error}, status_code=status, headers=_NO_STORE)


def _forget(response: Response) -> None:
    response.delete_cookie(REFRESH_COOKIE, path="/auth", httponly=True, samesite="strict")
