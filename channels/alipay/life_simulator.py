"""A life account's platform for this machine, behind the gateway's simulator `alipay`; operations are the methods.

    POST /_sim/alipay/say   {"user_id", "text"} or {"user_id", "event", "parameter"}   says it to us, signed
    GET  /_sim/alipay/sent  what the account sent, oldest first

Who said nothing for 48 hours, or does not follow, is refused; mode `refuse` answers detail's `code` and `sub_code`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.alipay.door import CHECK, PATH
from channels.alipay.service import CUSTOM, MENU, SINGLE
from channels.alipay.signing import sign
from channels.alipay.simulator import AlipaySimulator

WINDOW = timedelta(hours=48)
NOTIFY = "alipay.mobile.public.message.notify"


@dataclass(slots=True, kw_only=True)
class LifePlatform:
    """`url` is where our door stands."""

    gateway: AlipaySimulator
    url: str
    clock: Callable[[], datetime]
    sent: list[dict[str, Any]] = field(default_factory=list)
    menu: list[dict[str, Any]] = field(default_factory=list)
    _heard: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gateway.services.update({CUSTOM: self._custom, SINGLE: self._single, MENU: self._menu})

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_sim/alipay/say", self._say, methods=["POST"]),
            Route("/_sim/alipay/sent", lambda request: JSONResponse(self.sent), methods=["GET"]),
        ]

    def forget(self) -> None:
        for kept in (self.sent, self.menu, self._heard):
            kept.clear()

    async def say(
        self, user_id: str, text: str = "", *, event: str = "", parameter: str = "", message_id: str | None = None
    ) -> tuple[int, str]:
        self._heard[user_id] = self.clock()
        if event == "unfollow":
            del self._heard[user_id]
        stamp = int(self.clock().timestamp() * 1000)
        head = f"<AppId>{self.gateway.app_id}</AppId><FromUserId>{user_id}</FromUserId><CreateTime>{stamp}</CreateTime>"
        if event:
            body = (
                f"<MsgType>event</MsgType><EventType>{event}</EventType>"
                f"<ActionParam><![CDATA[{parameter}]]></ActionParam>"
            )
        else:
            number = message_id or secrets.token_hex(12)
            body = f"<MsgType>text</MsgType><Text><Content>{escape(text)}</Content></Text><MsgId>{number}</MsgId>"
        return await self.deliver(f"<XML>{head}{body}</XML>")

    async def verify(self) -> tuple[int, str]:
        return await self.deliver("<XML><MsgType>event</MsgType><EventType>verifygw</EventType></XML>", service=CHECK)

    async def deliver(
        self, content: str, *, service: str = NOTIFY, charset: str = "UTF-8", **wrong: str
    ) -> tuple[int, str]:
        """The content as the platform sends it; `wrong` takes the place of parts after they were signed."""
        codec = "gb18030" if charset == "GBK" else "utf-8"
        given = {"service": service, "charset": charset, "sign_type": "RSA2", "biz_content": content}
        text = "&".join(f"{name}={given[name]}" for name in sorted(given)).encode(codec)
        given |= {"sign": sign(self.gateway.private_key, text), **wrong}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False, timeout=5) as client:
            answer = await client.post(
                PATH,
                content=urlencode(given, encoding=codec),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        return answer.status_code, answer.text

    async def _say(self, request: Request) -> Response:
        asked = await request.json()
        status, words = await self.say(
            asked["user_id"],
            asked.get("text", ""),
            event=asked.get("event", ""),
            parameter=asked.get("parameter", ""),
        )
        return JSONResponse({"status": status, "answer": words})

    def _custom(self, asked: dict[str, Any]) -> dict[str, object]:
        heard = self._heard.get(asked["to_user_id"])
        if heard is None:
            return _refused("PUB.PUBLIC_NOT_FOLLOW")
        if self.clock() - heard > WINDOW:
            return _refused("PUB.OVER_48_HOURS")
        self.sent.append({"kind": "text", "user_id": asked["to_user_id"], "text": asked["text"]["content"]})
        return {"code": "10000", "msg": "Success"}

    def _single(self, asked: dict[str, Any]) -> dict[str, object]:
        if asked["to_user_id"] not in self._heard:
            return _refused("PUB.PUBLIC_NOT_FOLLOW")
        context = asked["template"]["context"]
        values = {name: one["value"] for name, one in context.items() if isinstance(one, dict)}
        template = asked["template"]["template_id"]
        self.sent.append({"kind": "notice", "user_id": asked["to_user_id"], "template": template, "values": values})
        return {"code": "10000", "msg": "Success"}

    def _menu(self, asked: dict[str, Any]) -> dict[str, object]:
        self.menu[:] = asked["button"]
        return {"code": "10000", "msg": "Success"}


def _refused(sub_code: str) -> dict[str, object]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "refused"}
