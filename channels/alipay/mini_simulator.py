"""Alipay's interface for a mini-program, and the phone that runs it: a service of the gateway's simulator, with the
method's name as operation.

    POST /_sim/alipay/mini/accept  {"user_id", "template"}   the person says yes in the dialog
    POST /_sim/alipay/mini/phone   {"mobile"}                the answer of my.getPhoneNumber, signed and encrypted
    GET  /_sim/alipay/mini/sent    notices, oldest first
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.alipay.mini import TEMPLATE, ContentKey
from channels.alipay.signing import sign
from channels.alipay.simulator import AlipaySimulator


@dataclass(slots=True, kw_only=True)
class AlipayMiniPlatform:
    gateway: AlipaySimulator
    content_key: ContentKey
    sent: list[dict[str, Any]] = field(default_factory=list)
    _accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.gateway.services[TEMPLATE] = self._notice

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_sim/alipay/mini/accept", self._accept, methods=["POST"]),
            Route("/_sim/alipay/mini/phone", self._phone, methods=["POST"]),
            Route("/_sim/alipay/mini/sent", lambda request: JSONResponse(self.sent), methods=["GET"]),
        ]

    def accept(self, user_id: str, template: str) -> None:
        self._accepted[(user_id, template)] += 1

    def phone_answer(self, mobile: str, *, key: ContentKey | None = None, **told: str) -> str:
        plain = {"code": "10000", "msg": "Success", "mobile": mobile, "nonce": secrets.token_hex(8), **told}
        sealed = (key or self.content_key).seal(json.dumps(plain).encode())
        signature = sign(self.gateway.private_key, f'"{sealed}"'.encode())
        return json.dumps(
            {"response": sealed, "sign": signature, "sign_type": "RSA2", "encrypt_type": "AES", "charset": "UTF-8"}
        )

    async def _accept(self, request: Request) -> Response:
        asked = await request.json()
        self.accept(asked["user_id"], asked["template"])
        return Response(status_code=204)

    async def _phone(self, request: Request) -> Response:
        return JSONResponse({"given": self.phone_answer((await request.json())["mobile"])}, status_code=201)

    def _notice(self, asked: dict[str, Any]) -> dict[str, object]:
        key = (asked["to_user_id"], asked["user_template_id"])
        if self._accepted[key] < 1:
            return {"code": "40004", "msg": "Business Failed", "sub_code": "USER_NOT_SUBSCRIBE", "sub_msg": "refused"}
        self._accepted[key] -= 1
        values = {name: one["value"] for name, one in asked["data"].items()}
        self.sent.append({"user_id": key[0], "template": key[1], "page": asked["page"], "values": values})
        return {"code": "10000", "msg": "Success"}
