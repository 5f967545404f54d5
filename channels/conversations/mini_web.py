"""Subscription notices in the mini-programs over HTTP: which may be asked for, and what the person chose in the
platform's own dialog.

    GET  /auth/mini/notices                                           {"notices": [{"name", "title", "template",
                                                                       "remaining"}]}
    POST /auth/mini/notices {"choices": {template: "accept" | "reject"}, "requestKey"}     204

Both with Authorization: Bearer of a login by the mini-program. An acceptance is good for one notice, as the platform
counts it; our count only saves asking in vain, because the platform has the last word when a notice is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import sessions, tokens
from auth.doors import NO_STORE, Malformed, check_origin, json_body, with_json
from auth.tokens import TokenRefused
from channels.conversations.choosing import choose, offered
from channels.conversations.notices import TemplateIds
from domain.kernel.actor import Actor

PATH = "/auth/mini/notices"


def routes(*, template_ids: TemplateIds, clock: Callable[[], datetime]) -> list[Route]:
    async def listed(request: Request) -> Response:
        notices = await offered(actor=await _who(request, now=clock()), template_ids=template_ids)
        told = [
            {"name": one.name, "title": one.title, "template": one.template, "remaining": one.remaining}
            for one in notices
        ]
        return JSONResponse({"notices": told}, headers=NO_STORE)

    async def chosen(request: Request) -> Response:
        check_origin(request)
        body = await json_body(request)
        choices, key = body.get("choices"), body.get("requestKey")
        if not isinstance(choices, dict) or not isinstance(key, str):
            raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
        now = clock()
        await choose(
            actor=await _who(request, now=now),
            choices={str(template): choice == "accept" for template, choice in choices.items()},
            template_ids=template_ids,
            request_key=key,
            now=now,
        )
        return Response(status_code=204, headers=NO_STORE)

    return [
        Route(PATH, with_json(listed), methods=["GET"]),
        Route(PATH, with_json(chosen), methods=["POST"]),
    ]


async def _who(request: Request, *, now: datetime) -> Actor:
    bearer = tokens.bearer_of(request.headers.get("authorization"))
    if bearer is None:
        raise TokenRefused("token_missing")
    return await sessions.authenticate(bearer=bearer, now=now)
