"""WeChat's login for this machine. Simulator `wechat`, operations `jscode2session`, `oauth2`.

`code_for` plays wx.login (or the official account's page): a code that is good once, for five minutes and for one
application; over HTTP `POST /_sim/wechat/code {"openid", "unionid", "appid"}`. Mode `refuse` answers the errcode in
detail's `code` (default -1).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.simulation import Faults
from channels.wechat.client import MINI_PROGRAM, OFFICIAL_ACCOUNT

NAME = "wechat"
CODE_LIFE = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class WechatSimulator:
    """`apps` are application ids with their secrets."""

    apps: Mapping[str, str]
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    _codes: dict[str, tuple[str, str, str | None, datetime]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def code_for(self, *, openid: str, app_id: str, unionid: str | None = None) -> str:
        code = secrets.token_hex(16)
        self._codes[code] = (app_id, openid, unionid, self.clock() + CODE_LIFE)
        return code

    def routes(self) -> list[BaseRoute]:
        return [
            Route(MINI_PROGRAM, self._mini_program, methods=["GET"]),
            Route(OFFICIAL_ACCOUNT, self._official_account, methods=["GET"]),
            Route("/_sim/wechat/code", self._code, methods=["POST"]),
        ]

    async def _code(self, request: Request) -> Response:
        asked = await request.json()
        code = self.code_for(openid=asked["openid"], app_id=asked["appid"], unionid=asked.get("unionid"))
        return JSONResponse({"code": code}, status_code=201)

    async def _mini_program(self, request: Request) -> Response:
        return await self._answer(request, operation="jscode2session", code=request.query_params.get("js_code", ""))

    async def _official_account(self, request: Request) -> Response:
        return await self._answer(request, operation="oauth2", code=request.query_params.get("code", ""))

    async def _answer(self, request: Request, *, operation: str, code: str) -> Response:
        fault = self.faults.take(simulator=NAME, operation=operation, method="GET")
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _error(int(fault.detail.get("code", -1)))
        return await fault.after(request, self._redeem(request, operation=operation, code=code))

    def _redeem(self, request: Request, *, operation: str, code: str) -> Response:
        app_id = request.query_params.get("appid", "")
        if app_id not in self.apps:
            return _error(40013)
        if request.query_params.get("secret") != self.apps[app_id]:
            return _error(40125)
        if code in self._used:
            return _error(40163)
        known = self._codes.get(code)
        if known is None or known[0] != app_id or self.clock() >= known[3]:
            return _error(40029)
        self._used.add(code)
        answer = {"openid": known[1]}
        if operation == "jscode2session":
            answer["session_key"] = secrets.token_urlsafe(18)
        else:
            answer |= {"access_token": secrets.token_urlsafe(18), "scope": "snsapi_base"}
        if known[2]:
            answer["unionid"] = known[2]
        # the platform says text/plain, whatever it holds
        return Response(JSONResponse(answer).body, media_type="text/plain")


def _error(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "refused, rid: simulated"})
