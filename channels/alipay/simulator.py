"""Alipay's gateway for this machine. Simulator `alipay`, operation `oauth_token`; other methods of the gateway are
`services`, whose operations are their names.

`code_for` plays my.getAuthCode; over HTTP `POST /_sim/alipay/code {"open_id"}`. Mode `refuse` answers error_response
with detail's `code` and `sub_code` (default 20000, isp.unknow-error); {"forge": true} in detail signs with another
key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.alipay.client import ERROR_NODE, GATEWAY, METHOD, NODE
from channels.alipay.signing import sign, signed_text, verifies
from channels.simulation import Faults
from domain.kernel.dates import SHANGHAI

Service = Callable[[dict[str, Any]], dict[str, object]]
"""From the content of a signed request to what is answered under its node."""

NAME = "alipay"
CODE_LIFE = timedelta(minutes=5)
CLOCKS_APART = timedelta(minutes=10)
FIELDS_MAX = 30


@dataclass(slots=True, kw_only=True)
class AlipaySimulator:
    """One registered application with its public key; `private_key` signs the platform's answers."""

    app_id: str
    app_public_key: RSAPublicKey
    private_key: RSAPrivateKey
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    services: dict[str, Service] = field(default_factory=dict)
    _codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def code_for(self, *, open_id: str) -> str:
        code = secrets.token_hex(16)
        self._codes[code] = (open_id, self.clock() + CODE_LIFE)
        return code

    def routes(self) -> list[BaseRoute]:
        return [
            Route(GATEWAY, self._gateway, methods=["POST"]),
            Route("/_sim/alipay/code", self._code, methods=["POST"]),
        ]

    async def _code(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"code": self.code_for(open_id=asked["open_id"])}, status_code=201)

    async def _gateway(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            given = {name: str(value) for name, value in form.items()}
        method = given.get("method", "")
        fault = self.faults.take(simulator=NAME, operation=method if method in self.services else "oauth_token")
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            code, sub_code = fault.detail.get("code", "20000"), fault.detail.get("sub_code", "isp.unknow-error")
            return self._error(str(code), str(sub_code))
        key = generate_private_key(65537, 2048) if fault.detail.get("forge") else self.private_key
        return await fault.after(request, self._redeem(given, key))

    def _redeem(self, given: dict[str, str], key: RSAPrivateKey) -> Response:
        method = given.get("method", "")
        if given.get("app_id") != self.app_id or (method != METHOD and method not in self.services):
            return self._error("40002", "isv.invalid-app-id")
        right = verifies(self.app_public_key, signed_text(given), given.get("sign", ""))
        if given.get("sign_type") != "RSA2" or not right:
            return self._error("40002", "isv.invalid-signature")
        try:
            sent_at = datetime.strptime(given.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
        except ValueError:
            return self._error("40002", "isv.invalid-timestamp")
        if abs(self.clock() - sent_at) > CLOCKS_APART:
            return self._error("40002", "isv.invalid-timestamp")
        if method != METHOD:
            told_by = self.services[method](json.loads(given.get("biz_content", "{}")))
            return self._signed(f"{method.replace('.', '_')}_response", told_by, key)
        found = self._codes.pop(given.get("code", ""), None)
        if found is None or self.clock() >= found[1]:
            return self._error("40002", "isv.code-invalid")
        told = {
            "open_id": found[0],
            "access_token": secrets.token_hex(20),
            "expires_in": 3600,
            "refresh_token": secrets.token_hex(20),
            "re_expires_in": 3600,
        }
        return self._signed(NODE, told, key)

    def _error(self, code: str, sub_code: str) -> Response:
        return self._signed(ERROR_NODE, {"code": code, "msg": "refused", "sub_code": sub_code}, self.private_key)

    def _signed(self, node: str, told: dict[str, object], key: RSAPrivateKey) -> Response:
        text = json.dumps(told, ensure_ascii=False)
        body = f'{{"{node}":{text},"sign":{json.dumps(sign(key, text.encode()))}}}'
        return Response(body, media_type="text/html; charset=utf-8")
