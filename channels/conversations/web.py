"""The link of a message, opened on the phone: to the platform for a code, back with it, and the link made.

    GET  /auth/bind/{ticket}       the browser that opens it keeps the ticket; on to the platform's authorisation
    GET  /auth/bind/back           back from there, on to the citizen's page with ticket and code
    POST /auth/bind {"ticket", "code"} + Authorization: Bearer of a login with the real name

The code has to stand for the account that asked for the link, so a link that was passed on ties nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from auth import linking, sessions, tokens
from auth.doors import NO_STORE, Malformed, address_of, check_origin, json_body, with_json, with_page
from auth.linking import MiniPrograms
from auth.tokens import TokenRefused
from channels.conversations import binding
from channels.conversations.refusals import BINDING_OVER
from domain.kernel.refusal import REAL_NAME_REQUIRED, Refused

COOKIE = "hpf_bind"
_COOKIE_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """Where a platform gives codes for one of our applications, and under which channel the login redeems them."""

    login_channel: str
    url: str
    query: Mapping[str, str]
    fragment: str = ""


def routes(
    *,
    programs: MiniPrograms,
    authorisations: Mapping[str, Authorisation],
    public_url: str,
    cookie_secure: bool,
    clock: Callable[[], datetime],
) -> list[Route]:
    """`authorisations` by channel."""

    async def opened(request: Request) -> Response:
        ticket = str(request.path_params["ticket"])
        found = await binding.open_ticket(secret=ticket, browser=request.cookies.get(COOKIE), now=clock())
        way = authorisations[found.channel]
        query = urlencode({**way.query, "redirect_uri": f"{public_url}{binding.PATH}/back", "state": ticket})
        response = RedirectResponse(f"{way.url}?{query}{way.fragment}", status_code=303, headers=NO_STORE)
        response.set_cookie(
            COOKIE,
            found.browser,
            max_age=_COOKIE_SECONDS,
            path=binding.PATH,
            secure=cookie_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def back(request: Request) -> Response:
        ticket, query = request.query_params.get("state", ""), request.query_params
        # refused here already, before the citizen is asked to log in
        await binding.subject_of(secret=ticket, browser=request.cookies.get(COOKIE), now=clock())
        code = query.get("code") or query.get("auth_code") or ""
        target = f"/h5/#/bind/{quote(ticket, safe='')}/{quote(code, safe='')}"
        return RedirectResponse(target, status_code=303, headers=NO_STORE)

    async def bound(request: Request) -> Response:
        check_origin(request)
        body, now = await json_body(request), clock()
        ticket, code = body.get("ticket"), body.get("code")
        if not isinstance(ticket, str) or not isinstance(code, str):
            raise Malformed(400, "request.malformed", "请求内容无法识别，请回到公众号重新获取链接。")
        bearer = tokens.bearer_of(request.headers.get("authorization"))
        if bearer is None:
            raise TokenRefused("token_missing")
        actor = await sessions.authenticate(bearer=bearer, now=now)
        if not actor.is_in_person or not actor.is_real_name:
            raise Refused(REAL_NAME_REQUIRED())
        wanted = await binding.wanted(secret=ticket, browser=request.cookies.get(COOKIE), now=now)
        if wanted.channel not in authorisations:
            raise Refused(BINDING_OVER())
        await linking.link(
            actor=actor,
            channel=authorisations[wanted.channel].login_channel,
            code=code,
            programs=programs,
            address=address_of(request),
            now=now,
            subject=wanted.subject,
        )
        await binding.bound(actor=actor, secret=ticket, now=now)
        response = Response(status_code=204, headers=NO_STORE)
        response.delete_cookie(COOKIE, path=binding.PATH)
        return response

    return [
        Route(f"{binding.PATH}/back", with_page(back), methods=["GET"]),
        Route(f"{binding.PATH}/{{ticket}}", with_page(opened), methods=["GET"]),
        Route(binding.PATH, with_json(bound), methods=["POST"]),
    ]
