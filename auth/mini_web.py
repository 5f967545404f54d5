"""Mini-programs and the official account over HTTP: a code for a session, and linking.

    POST /auth/mini/login {"channel", "code"}        tokens, or 403 `login.identity_unlinked`
    POST /auth/mini/link  {"channel", "code"} + Authorization: Bearer of a login with the real name

Native clients: tokens come as JSON, and no cookie is set.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import linking, sessions, tokens
from auth.doors import NO_STORE, Malformed, address_of, check_origin, json_body, token_answer, with_json
from auth.linking import MiniPrograms
from auth.tokens import TokenRefused
from auth.web import Clock


def routes(*, programs: MiniPrograms, clock: Clock) -> list[Route]:
    doors = _Doors(programs=programs, clock=clock)
    return [
        Route("/auth/mini/login", with_json(doors.login), methods=["POST"]),
        Route("/auth/mini/link", with_json(doors.link), methods=["POST"]),
    ]


class _Doors:
    def __init__(self, *, programs: MiniPrograms, clock: Clock) -> None:
        self._programs, self._clock = programs, clock

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
        bearer = tokens.bearer_of(request.headers.get("authorization"))
        if bearer is None:
            raise TokenRefused("token_missing")
        actor = await sessions.authenticate(bearer=bearer, now=now)
        await linking.link(
            actor=actor, channel=channel, code=code, programs=self._programs, address=address_of(request), now=now
        )
        return Response(status_code=204, headers=NO_STORE)


async def _asked(request: Request) -> tuple[str, str]:
    body = await json_body(request)
    channel, code = body.get("channel"), body.get("code")
    if not isinstance(channel, str) or not isinstance(code, str):
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
    return channel, code
