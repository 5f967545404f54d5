"""The public platform's interface for us: the token, customer-service messages, subscription notices, the menu.

    POST /cgi-bin/stable_token                    one token for all processes, fetched anew when it is refused
    POST /cgi-bin/message/custom/send             within 48 hours after the person's last message
    POST /cgi-bin/message/subscribe/bizsend       what the person accepted in the platform's own dialog
    POST /cgi-bin/menu/create

Answers are 200 with `errcode`. A refusal of the token is no refusal of the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from channels.conversations import Entry, Notice, Sent
from channels.plain import PlainClient
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wire import WireFailure

TOKEN, CUSTOM, SUBSCRIBE, MENU = (
    "/cgi-bin/stable_token",
    "/cgi-bin/message/custom/send",
    "/cgi-bin/message/subscribe/bizsend",
    "/cgi-bin/menu/create",
)
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
LATER = frozenset({-1, 45009, 45011, 45066})
"""Busy, the day's quota, too often: nothing was sent."""
EARLY = timedelta(minutes=5)
TEXT_BYTES_MAX = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialAccountSettings:
    app_id: str
    app_secret: str = field(repr=False)
    public_url: str
    base_url: str = "https://api.weixin.qq.com"
    timeout_seconds: float = 3.0


class OfficialAccount:
    """A `channels.conversations.Messenger`. Close with `aclose`."""

    def __init__(self, *, settings: OfficialAccountSettings, traffic: Traffic | None = None) -> None:
        self._settings = settings
        self._http = PlainClient(partner="微信", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)
        self._wire = PlatformWire(partner="wechat_messages", traffic=traffic)
        self._token: tuple[str, datetime] | None = None

    @property
    def wire(self) -> PlatformWire:
        return self._wire

    async def aclose(self) -> None:
        await self._http.aclose()

    async def send_text(self, *, subject: str, text: str, now: datetime) -> Sent:
        assert len(text.encode()) <= TEXT_BYTES_MAX, "longer than the platform takes; answers are bounded before"
        body = {"touser": subject, "msgtype": "text", "text": {"content": text}}
        return await self._tell(CUSTOM, body, now=now)

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        body = {
            "touser": subject,
            "template_id": notice.template,
            "page": f"{self._settings.public_url}{notice.page}",
            "data": {name: {"value": value} for name, value in notice.values.items()},
        }
        return await self._tell(SUBSCRIBE, body, now=now)

    async def set_menu(self, *, menu: Sequence[Entry], public_url: str, now: datetime) -> Sent:
        body = {"button": [_button(entry, public_url=public_url) for entry in menu]}
        return await self._tell(MENU, body, now=now)

    async def _tell(self, path: str, body: Mapping[str, Any], *, now: datetime) -> Sent:
        code = -1
        try:
            for last in (False, True):
                token = await self._access_token(now=now)
                answer = await self._call(path, body, now=now, query={"access_token": token})
                code = _code(answer)
                if code not in TOKEN_REFUSED:
                    break
                # another process, or the platform, ended it before its time
                self._token = None
                if last:
                    return Sent(status="later", code=str(code))
        except _TokenFailure as failure:
            return Sent(status="later", code=failure.code)
        except WireFailure as failure:
            surely_not = failure.surely_not_sent or (failure.status is not None and failure.status < 500)
            return Sent(status="later" if surely_not else "unknown", code=failure.trouble)
        if code == 0:
            return Sent(status="sent")
        return Sent(status="later" if code in LATER else "refused", code=str(code))

    async def _access_token(self, *, now: datetime) -> str:
        """Raises _TokenFailure: without a token nothing was sent, whatever went wrong."""
        if self._token is not None and now < self._token[1]:
            return self._token[0]
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret,
            "force_refresh": False,
        }
        try:
            answer = await self._call(TOKEN, asked, now=now)
        except WireFailure as failure:
            raise _TokenFailure(failure.trouble) from None
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise _TokenFailure(str(_code(answer)))
        self._token = (token, now + max(timedelta(seconds=seconds) - EARLY, timedelta(seconds=30)))
        return token

    async def _call(
        self, path: str, body: Mapping[str, Any], *, now: datetime, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return await self._wire.call(path, lambda: self._http.post_json(path, body=body, query=query), now=now)


class _TokenFailure(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _code(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else -1


def _button(entry: Entry, *, public_url: str) -> dict[str, Any]:
    if entry.entries:
        return {"name": entry.name, "sub_button": [_button(one, public_url=public_url) for one in entry.entries]}
    if entry.view:
        return {"type": "view", "name": entry.name, "url": f"{public_url}{entry.view}"}
    return {"type": "click", "name": entry.name, "key": entry.click}
