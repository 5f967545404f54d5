"""WeChat's interface for a mini-program, and the phone that runs it. Simulator `wechat`, operations `mini_subscribe`,
`mini_phone`; the token is the public platform's (`PublicPlatform`). Mode `refuse` answers the errcode in detail's
`code` (default -1).

    POST /_sim/wechat/mini/accept  {"openid", "template"}   the person says yes in the dialog
    POST /_sim/wechat/mini/phone   {"mobile", "appid"?}     a code of the button getPhoneNumber, good once, five minutes
    GET  /_sim/wechat/mini/sent    notices, oldest first
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.simulation import Faults
from channels.wechat.mini import PHONE, SUBSCRIBE
from channels.wechat.simulator import NAME

TOKEN_SECONDS = 7_200
CODE_LIFE = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class MiniPlatform:
    app_id: str
    app_secret: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    sent: list[dict[str, Any]] = field(default_factory=list)
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    _phones: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def routes(self) -> list[BaseRoute]:
        return [
            Route(SUBSCRIBE, self._subscribe, methods=["POST"]),
            Route(PHONE, self._phone, methods=["POST"]),
            Route("/_sim/wechat/mini/accept", self._accept, methods=["POST"]),
            Route("/_sim/wechat/mini/phone", self._code, methods=["POST"]),
            Route("/_sim/wechat/mini/sent", lambda request: JSONResponse(self.sent), methods=["GET"]),
        ]

    def issue(self, *, secret: str) -> Response:
        if secret != self.app_secret:
            return _error(40001)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self.clock() + timedelta(seconds=TOKEN_SECONDS)
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS})

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def accept(self, openid: str, template: str) -> None:
        self._accepted[(openid, template)] += 1

    def phone_code(self, mobile: str, *, app_id: str | None = None) -> str:
        code = secrets.token_hex(32)
        self._phones[code] = (mobile, app_id or self.app_id, self.clock() + CODE_LIFE)
        return code

    async def _accept(self, request: Request) -> Response:
        asked = await request.json()
        self.accept(asked["openid"], asked["template"])
        return Response(status_code=204)

    async def _code(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"code": self.phone_code(asked["mobile"], app_id=asked.get("appid"))}, status_code=201)

    async def _subscribe(self, request: Request) -> Response:
        if (refused := await self._refused(request, "mini_subscribe")) is not None:
            return refused
        asked = await request.json()
        key = (asked["touser"], asked["template_id"])
        if self._accepted[key] < 1:
            return _error(43101)
        self._accepted[key] -= 1
        values = {name: one["value"] for name, one in asked["data"].items()}
        self.sent.append({"openid": key[0], "template": key[1], "page": asked["page"], "values": values})
        return _error(0)

    async def _phone(self, request: Request) -> Response:
        if (refused := await self._refused(request, "mini_phone")) is not None:
            return refused
        code = (await request.json()).get("code", "")
        if code in self._used:
            return _error(40163)
        mobile, app_id, until = self._phones.get(code, ("", "", self.clock()))
        if not mobile or self.clock() >= until:
            return _error(40029)
        self._used.add(code)
        told = {
            "phoneNumber": mobile,
            "purePhoneNumber": mobile,
            "countryCode": 86,
            "watermark": {"timestamp": int(self.clock().timestamp()), "appid": app_id},
        }
        return JSONResponse({"errcode": 0, "errmsg": "ok", "phone_info": told})

    async def _refused(self, request: Request, operation: str) -> Response | None:
        fault = self.faults.take(simulator=NAME, operation=operation)
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _error(int(fault.detail.get("code", -1)))
        until = self._tokens.get(request.query_params.get("access_token", ""))
        if until is None:
            return _error(40001)
        return _error(42001) if until <= self.clock() else None


def _error(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "ok" if code == 0 else "refused, rid: simulated"})
