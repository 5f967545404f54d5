"""Login over HTTP for citizens: to the identity platform and back, tokens, logout and the public keys.

A browser keeps its refresh token in a cookie that no script reads and no other site sends; native channels
send and receive it as JSON. Failures are a plain Chinese page for a browser on its way, JSON for a client.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth import configuration, identity, keys, sessions, tokens
from auth.doors import (
    NO_STORE,
    REFRESH_COOKIE,
    START_PAGE,
    Malformed,
    address_of,
    check_origin,
    forget,
    json_body,
    with_json,
    with_page,
)
from auth.ports import UnifiedIdentity
from auth.tokens import TokenRefused

BROWSER_COOKIE = "hpf_login"

Clock = Callable[[], datetime]


def routes(*, provider: UnifiedIdentity, clock: Clock, cookie_secure: bool) -> list[Route]:
    """The routes of login. `auth.sessions.configure` comes first; `cookie_secure` is False only over plain
    HTTP on the developer's machine."""
    doors = _Doors(provider=provider, clock=clock, cookie_secure=cookie_secure)
    return [
        Route("/auth/login", with_page(doors.login), methods=["GET"]),
        Route(identity.CALLBACK_PATH, with_page(doors.callback), methods=["GET"]),
        Route("/auth/token", with_json(doors.token, forgets=True), methods=["POST"]),
        Route("/auth/logout", with_json(doors.logout, forgets=True), methods=["POST"]),
        Route("/.well-known/jwks.json", with_json(doors.jwks), methods=["GET"]),
    ]


def keep_browser(response: Response, *, browser: str, secure: bool) -> None:
    """Sets the cookie that ties the platform's answer to this browser."""
    # Lax: the platform sends the browser back from another site.
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=int(configuration.current().login.total_seconds()),
        path=identity.CALLBACK_PATH.rsplit("/", 1)[0],
        secure=secure,
        httponly=True,
        samesite="lax",
    )


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
        response = RedirectResponse(start.redirect_url, status_code=303, headers=NO_STORE)
        keep_browser(response, browser=start.browser, secure=self._secure)
        return response

    async def callback(self, request: Request) -> Response:
        code = request.query_params.get("code")
        done = await identity.complete_login(
            state=request.query_params.get("state", ""),
            code=code if "error" not in request.query_params else None,
            browser=request.cookies.get(BROWSER_COOKIE),
            provider=self._provider,
            device=request.headers.get("user-agent", ""),
            address=address_of(request),
            now=self._clock(),
        )
        response = RedirectResponse(
            done.return_to, status_code=303, headers={**NO_STORE, "Referrer-Policy": "no-referrer"}
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
        response = JSONResponse(answer, headers=NO_STORE)
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
        response = Response(status_code=204, headers=NO_STORE)
        forget(response)
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
        check_origin(request)
        body = await json_body(request)
        given = body.get("refresh_token")
        if given is None:
            return request.cookies.get(REFRESH_COOKIE), False
        if not isinstance(given, str):
            raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
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
