"""The open platform's interface for a life account: custom messages, template messages, the menu; signed RSA2.

Answers carry `code`: 10000 done, 20000 the platform is not able to now, the rest refusals with their `sub_code`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from channels.alipay.client import GATEWAY, AlipaySettings
from channels.alipay.signing import node_text, sign, signed_text, verifies
from channels.conversations import Entry, Notice, Sent
from channels.plain import PlainClient
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wire import WireFailure
from domain.kernel.dates import SHANGHAI

CUSTOM = "alipay.open.public.message.custom.send"
SINGLE = "alipay.open.public.message.single.send"
MENU = "alipay.open.public.menu.modify"
DONE, UNAVAILABLE = "10000", "20000"


class AlipayInterface:
    """Signed calls of one application. Close with `aclose`."""

    def __init__(self, *, settings: AlipaySettings, partner: str, traffic: Traffic | None = None) -> None:
        self._settings = settings
        self._http = PlainClient(partner="支付宝", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)
        self._wire = PlatformWire(partner=partner, traffic=traffic)

    @property
    def wire(self) -> PlatformWire:
        return self._wire

    async def aclose(self) -> None:
        await self._http.aclose()

    async def tell(self, method: str, content: Mapping[str, Any], *, now: datetime) -> Sent:
        """Sends once. Never raises for the platform's trouble."""
        parameters = {
            "app_id": self._settings.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        parameters["sign"] = sign(self._settings.private_key, signed_text(parameters))
        try:
            _, answer = await self._wire.call(
                method, lambda: self._http.post_form(GATEWAY, form=parameters, query={"charset": "utf-8"}), now=now
            )
        except WireFailure as failure:
            return Sent(status="later" if failure.surely_not_sent else "unknown", code=failure.trouble)
        return self._outcome(answer, node=f"{method.replace('.', '_')}_response")

    def _outcome(self, content: bytes, *, node: str) -> Sent:
        """What was signed is read. A yes that is not the platform's is no answer."""
        text = content.decode("utf-8", "replace")
        for name in (node, "error_response"):
            told = node_text(text, name)
            if told is None:
                continue
            answer = orjson.loads(told)
            code, sub_code = str(answer.get("code")), str(answer.get("sub_code") or answer.get("code"))[:40]
            if code == DONE:
                found = self._http.object_of(content).get("sign")
                right = isinstance(found, str) and verifies(self._settings.alipay_public_key, told.encode(), found)
                return Sent(status="sent") if right else Sent(status="unknown", code="signature_wrong")
            return Sent(status="later" if code == UNAVAILABLE else "refused", code=sub_code)
        return Sent(status="unknown", code="garbage")


class LifeAccount(AlipayInterface):
    """A `channels.conversations.Messenger`."""

    def __init__(self, *, settings: AlipaySettings, public_url: str, traffic: Traffic | None = None) -> None:
        super().__init__(settings=settings, partner="alipay_messages", traffic=traffic)
        self._public_url = public_url

    async def send_text(self, *, subject: str, text: str, now: datetime) -> Sent:
        return await self.tell(CUSTOM, {"to_user_id": subject, "msg_type": "text", "text": {"content": text}}, now=now)

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        fields = {name: {"value": value} for name, value in notice.values.items()}
        context = {"url": f"{self._public_url}{notice.page}", "action_name": "查看详情", **fields}
        template = {"template_id": notice.template, "context": context}
        return await self.tell(SINGLE, {"to_user_id": subject, "template": template}, now=now)

    async def set_menu(self, *, menu: Sequence[Entry], public_url: str, now: datetime) -> Sent:
        return await self.tell(MENU, {"button": [_button(one, public_url=public_url) for one in menu]}, now=now)


def _button(entry: Entry, *, public_url: str) -> dict[str, Any]:
    if entry.entries:
        return {"name": entry.name, "sub_button": [_button(one, public_url=public_url) for one in entry.entries]}
    if entry.view:
        return {"name": entry.name, "action_type": "link", "action_param": f"{public_url}{entry.view}"}
    return {"name": entry.name, "action_type": "out", "action_param": entry.click}
