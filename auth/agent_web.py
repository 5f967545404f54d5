"""Acting for an employer over HTTP: which employers there are, the session's cookie, and tokens for GraphQL.

The cookie is read by the employers' pages (`/employer`) too. It goes along when a browser arrives from another site
(the identity platform sends it here), but not with another site's forms; pages add a token of their own to theirs.
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth import agents, corporate, registering, sessions, tokens
from auth.configuration import current
from auth.corporate_ports import CorporateIdentity
from auth.doors import NO_STORE, Malformed, check_origin, json_body, with_json, with_page
from auth.tokens import TokenRefused
from auth.web import BROWSER_COOKIE, Clock, keep_browser
from domain.kernel.actor import Actor

AGENT_COOKIE = "hpf_employer"
REGISTERING_COOKIE = "hpf_registering"
REGISTER_PATH = "/employer/register"


def routes(*, platform: CorporateIdentity, clock: Clock, cookie_secure: bool) -> list[Route]:
    doors = _Doors(platform=platform, clock=clock, cookie_secure=cookie_secure)
    return [
        Route("/auth/employer/login", with_page(doors.login), methods=["GET"]),
        Route(corporate.CALLBACK_PATH, with_page(doors.callback), methods=["GET"]),
        Route("/auth/employers", with_json(doors.employers), methods=["GET"]),
        Route("/auth/employer/session", with_json(doors.open), methods=["POST"]),
        Route("/auth/employer/token", with_json(doors.token), methods=["POST"]),
        Route("/auth/employer/logout", with_json(doors.logout), methods=["POST"]),
    ]


def keep_agent_cookie(response: Response, *, cookie: str, secure: bool) -> None:
    """Sets the cookie of an agent's session on an answer."""
    response.set_cookie(
        AGENT_COOKIE,
        cookie,
        max_age=int(current().agents.absolute.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


class _Doors:
    def __init__(self, *, platform: CorporateIdentity, clock: Clock, cookie_secure: bool) -> None:
        self._platform, self._clock, self._secure = platform, clock, cookie_secure

    async def login(self, request: Request) -> Response:
        start = await corporate.begin_login(
            return_to=request.query_params.get("return_to", corporate.RETURN_PREFIX),
            platform=self._platform,
            browser=request.cookies.get(BROWSER_COOKIE),
        )
        response = RedirectResponse(start.redirect_url, status_code=303, headers=NO_STORE)
        keep_browser(response, browser=start.browser, secure=self._secure)
        return response

    async def callback(self, request: Request) -> Response:
        given = request.query_params
        headers = {**NO_STORE, "Referrer-Policy": "no-referrer"}
        try:
            done = await corporate.complete_login(
                state=given.get("state", ""),
                code=given.get("code") if "error" not in given else None,
                browser=request.cookies.get(BROWSER_COOKIE),
                platform=self._platform,
                device=request.headers.get("user-agent", ""),
                now=self._clock(),
            )
        except corporate.RegistrationOffered as offered:
            response = RedirectResponse(REGISTER_PATH, status_code=303, headers=headers)
            response.set_cookie(
                REGISTERING_COOKIE,
                offered.ticket,
                max_age=int(registering.LIFE.total_seconds()),
                path="/employer",
                secure=self._secure,
                httponly=True,
                samesite="lax",
            )
            return response
        response = RedirectResponse(done.return_to, status_code=303, headers=headers)
        keep_agent_cookie(response, cookie=done.signed_in.cookie, secure=self._secure)
        return response

    async def employers(self, request: Request) -> Response:
        now = self._clock()
        found = await agents.employers_of(actor=await self._caller(request, now), now=now)
        rows = [
            {"employer_no": str(one.employer_no), "name": one.employer_name, "scopes": sorted(one.scopes)}
            for one in found
        ]
        return JSONResponse({"employers": rows}, headers=NO_STORE)

    async def open(self, request: Request) -> Response:
        check_origin(request)
        now = self._clock()
        given = (await json_body(request)).get("employer_no")
        if not isinstance(given, str) or not given.isascii() or not given.isdigit() or len(given) > 18:
            raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
        signed_in = await agents.act_for(
            actor=await self._caller(request, now),
            employer_no=int(given),
            device=request.headers.get("user-agent", ""),
            now=now,
        )
        answer = {"employer_no": given, "scopes": sorted(signed_in.actor.scopes)}
        response = JSONResponse(answer, headers=NO_STORE)
        keep_agent_cookie(response, cookie=signed_in.cookie, secure=self._secure)
        return response

    async def token(self, request: Request) -> Response:
        check_origin(request)
        issued = await agents.token_for_agent(cookie=_cookie(request), now=self._clock())
        answer = {"access_token": issued.token, "expires_in": issued.expires_in, "token_type": "Bearer"}
        return JSONResponse(answer, headers=NO_STORE)

    async def logout(self, request: Request) -> Response:
        check_origin(request)
        await agents.sign_out(cookie=_cookie(request), now=self._clock())
        response = Response(status_code=204, headers=NO_STORE)
        response.delete_cookie(AGENT_COOKIE, path="/", httponly=True, samesite="lax")
        return response

    async def _caller(self, request: Request, now: datetime) -> Actor:
        bearer = tokens.bearer_of(request.headers.get("authorization"))
        if bearer is None:
            raise TokenRefused("token_missing")
        return await sessions.authenticate(bearer=bearer, now=now)


def _cookie(request: Request) -> str:
    cookie = request.cookies.get(AGENT_COOKIE)
    if not cookie:
        raise TokenRefused("token_missing")
    return cookie
