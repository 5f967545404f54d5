"""The public platform's interface for our official account: customer-service messages, subscription notices, the menu.

POST /cgi-bin/message/custom/send             within 48 hours after the person's last message
POST /cgi-bin/message/subscribe/bizsend       what the person accepted in the platform's own dialog
POST /cgi-bin/menu/create
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.conversations import Entry, Notice, Sent
from channels.traffic import Traffic
from channels.wechat.interface import WechatInterface

CUSTOM, SUBSCRIBE, MENU = (
    "/cgi-bin/message/custom/send",
    "/cgi-bin/message/subscribe/bizsend",
    "/cgi-bin/menu/create",
)
TEXT_BYTES_MAX = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialAccountSettings:
    app_id: str
    app_secret: str = field(repr=False)
    public_url: str
    base_url: str = "https://api.weixin.qq.com"
    timeout_seconds: float = 3.0


class OfficialAccount(WechatInterface):
    """A `channels.conversations.Messenger`."""

    def __init__(self, *, settings: OfficialAccountSettings, traffic: Traffic | None = None) -> None:
        super().__init__(
            app_id=settings.app_id, app_secret=settings.app_secret, base_url=settings.base_url,
            timeout_seconds=settings.timeout_seconds, partner="wechat_messages", traffic=traffic,
        )  # fmt: skip
        self._public_url = settings.public_url

    async def send_text(self, *, subject: str, text: str, now: datetime) -> Sent:
        assert len(text.encode()) <= TEXT_BYTES_MAX, "longer than the platform takes; answers are bounded before"
        body = {"touser": subject, "msgtype": "text", "text": {"content": text}}
        return await self.tell(CUSTOM, body, now=now)

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        return await self.tell(
            SUBSCRIBE, notice_body(subject, notice, page=f"{self._public_url}{notice.page}"), now=now
        )

    async def set_menu(self, *, menu: Sequence[Entry], public_url: str, now: datetime) -> Sent:
        body = {"button": [_button(entry, public_url=public_url) for entry in menu]}
        return await self.tell(MENU, body, now=now)


def notice_body(subject: str, notice: Notice, *, page: str) -> dict[str, Any]:
    return {
        "touser": subject,
        "template_id": notice.template,
        "page": page,
        "data": {name: {"value": value} for name, value in notice.values.items()},
    }


def _button(entry: Entry, *, public_url: str) -> dict[str, Any]:
    if entry.entries:
        return {"name": entry.name, "sub_button": [_button(one, public_url=public_url) for one in entry.entries]}
    if entry.view:
        return {"type": "view", "name": entry.name, "url": f"{public_url}{entry.view}"}
    return {"type": "click", "name": entry.name, "key": entry.click}
