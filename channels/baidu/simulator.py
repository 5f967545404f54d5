"""Baidu's login and subscription messages for this machine. Simulator `baidu`, operations `token`, `getsessionkey`,
`subscribe`.

`accept` plays the dialog of subscriptions; over HTTP `POST /_sim/baidu/accept {"open_id", "template"}`.
`code_for` plays swan.getLoginCode; over HTTP `POST /_sim/baidu/code {"open_id"}`. `withdraw_tokens` makes the
application's tokens worthless. Mode `refuse` answers the errno in detail's `code` (default 2).
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.baidu.client import SCOPE, SESSION_KEY, TOKEN
from channels.baidu.mini import SUBSCRIBE, subscribe_id
from channels.simulation import Faults

NAME = "baidu"
CODE_LIFE = timedelta(minutes=5)
FIELDS_MAX = 10


@dataclass(slots=True, kw_only=True)
class BaiduSimulator:
    app_key: str
    app_secret: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    _codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    _tokens: set[str] = field(default_factory=set)
    _accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def code_for(self, *, open_id: str) -> str:
        code = secrets.token_hex(16)
        self._codes[code] = (open_id, self.clock() + CODE_LIFE)
        return code

    def withdraw_tokens(self) -> None:
        self._tokens.clear()

    def routes(self) -> list[BaseRoute]:
        return [
            Route(TOKEN, self._token, methods=["GET"]),
            Route(SESSION_KEY, self._session_key, methods=["POST"]),
            Route(SUBSCRIBE, self._subscribe, methods=["POST"]),
            Route("/_sim/baidu/code", self._code, methods=["POST"]),
            Route("/_sim/baidu/accept", self._accept, methods=["POST"]),
            Route("/_sim/baidu/sent", lambda request: JSONResponse(self.sent), methods=["GET"]),
        ]

    def accept(self, open_id: str, template: str) -> None:
        self._accepted[(open_id, template)] += 1

    async def _accept(self, request: Request) -> Response:
        asked = await request.json()
        self.accept(asked["open_id"], asked["template"])
        return Response(status_code=204)

    async def _subscribe(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="subscribe")
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return JSONResponse({"errno": int(fault.detail.get("code", 2)), "msg": "refused"})
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            given = {name: str(value) for name, value in form.items()}
        if request.query_params.get("access_token") not in self._tokens:
            return JSONResponse({"errno": 110, "msg": "Access token invalid or no longer valid"})
        key = (given["touser_openId"], given["template_id"])
        if self._accepted[key] < 1 or given["subscribe_id"] != subscribe_id(key[1]):
            return JSONResponse({"errno": 2006, "msg": "no subscription"})
        self._accepted[key] -= 1
        values = {name: one["value"] for name, one in json.loads(given["data"]).items()}
        self.sent.append({"open_id": key[0], "template": key[1], "page": given["page"], "values": values})
        return JSONResponse({"errno": 0, "msg": "success"})

    async def _code(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"code": self.code_for(open_id=asked["open_id"])}, status_code=201)

    async def _token(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="token", method="GET")
        if (broken := await fault.before(request)) is not None:
            return broken
        given = request.query_params
        right = (given.get("client_id"), given.get("client_secret")) == (self.app_key, self.app_secret)
        if not right or given.get("scope") != SCOPE or given.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "invalid_client", "error_description": "unknown client id"})
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 2_592_000, "scope": SCOPE})

    async def _session_key(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="getsessionkey")
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return JSONResponse({"errno": int(fault.detail.get("code", 2)), "msg": "refused"})
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            code = str(form.get("code", ""))
        if request.query_params.get("access_token") not in self._tokens:
            return JSONResponse({"errno": 110, "msg": "Access token invalid or no longer valid"})
        found = self._codes.pop(code, None)
        if found is None or self.clock() >= found[1]:
            return JSONResponse({"errno": 40029, "msg": "invalid code"})
        told = {"open_id": found[0], "session_key": secrets.token_hex(16)}
        return await fault.after(request, JSONResponse({"errno": 0, "msg": "success", "data": told}))
