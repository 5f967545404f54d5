"""Mini-programs and the official account over HTTP: a code for a session, and linking.

    POST /auth/mini/login {"channel", "code"}        tokens, or 403 `login.identity_unlinked`
    POST /auth/mini/link  {"channel", "code"} + Authorization: Bearer of a login with the real name
    POST /auth/mini/phone {"given"} + Authorization: Bearer     the platform's word for a phone: {"mobile", "code"}, to
                                                                be used in `changeMobile`

Native clients: tokens come as JSON, and no cookie is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import linking, phones, sessions, tokens
from auth.doors import NO_STORE, Malformed, address_of, check_origin, json_body, token_answer, with_json
from auth.linking import MiniPrograms
from auth.mini_ports import PhoneSource
from auth.tokens import TokenRefused
from auth.web import Clock
from domain.kernel.actor import Actor


def routes(*, programs: MiniPrograms, phone_sources: Mapping[str, PhoneSource], clock: Clock) -> list[Route]:
    """`phone_sources` by channel."""
    doors = _Doors(programs=programs, phone_sources=phone_sources, clock=clock)
    return [
        Route("/auth/mini/login", with_json(doors.login), methods=["POST"]),
        Route("/auth/mini/link", with_json(doors.link), methods=["POST"]),
        Route("/auth/mini/phone", with_json(doors.phone), methods=["POST"]),
    ]


class _Doors:
    def __init__(self, *, programs: MiniPrograms, phone_sources: Mapping[str, PhoneSource], clock: Clock) -> None:
        self._programs, self._phone_sources, self._clock = programs, phone_sources, clock

    async def login(self, request: Request) -> Response:
        check_origin(request)
        channel, code = await _asked(request)
        now = self._clock()
        session = await linking.log_in(
            channel=channel,
            code=code,
            programs=self._programs,
            device=request.headers.get("user-agent", ""),
            address=address_of(request),
            now=now,
        )
        fresh = await sessions.refresh(refresh_token=session.secret, now=now)
        return JSONResponse(token_answer(fresh), headers=NO_STORE)

    async def link(self, request: Request) -> Response:
        check_origin(request)
        channel, code = await _asked(request)
        now = self._clock()
        actor = await _who(request, now=now)
        await linking.link(
            actor=actor, channel=channel, code=code, programs=self._programs, address=address_of(request), now=now
        )
        return Response(status_code=204, headers=NO_STORE)

    async def phone(self, request: Request) -> Response:
        check_origin(request)
        given = (await json_body(request)).get("given")
        if not isinstance(given, str):
            raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
        now = self._clock()
        proved = await phones.prove_by_platform(
            actor=await _who(request, now=now),
            given=given,
            sources=self._phone_sources,
            address=address_of(request),
            now=now,
        )
        told = {"mobile": proved.mobile, "code": proved.code, "expires_in": proved.valid_minutes * 60}
        return JSONResponse(told, headers=NO_STORE)


async def _who(request: Request, *, now: datetime) -> Actor:
    """Raises TokenRefused."""
    bearer = tokens.bearer_of(request.headers.get("authorization"))
    if bearer is None:
        raise TokenRefused("token_missing")
    return await sessions.authenticate(bearer=bearer, now=now)


async def _asked(request: Request) -> tuple[str, str]:
    body = await json_body(request)
    channel, code = body.get("channel"), body.get("code")
    if not isinstance(channel, str) or not isinstance(code, str):
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
    return channel, code
