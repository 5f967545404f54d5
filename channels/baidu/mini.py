"""Baidu's interface for our mini-program beside the login: subscription messages (confidence L).

POST /rest/2.0/smartapp/template/message/subscribe/send   what the person accepted in the platform's own dialog;
                                                          `subscribe_id` is our own name of the acceptance
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import orjson

from channels.baidu.client import TOKEN_REFUSED, BaiduLogin, BaiduSettings
from channels.conversations import Notice, Sent
from channels.plain import PlainClient
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wire import WireFailure
from domain.kernel.failures import PartnerFailure

SUBSCRIBE = "/rest/2.0/smartapp/template/message/subscribe/send"
LATER = frozenset({2, 17, 18})
"""The service is not available, the day's quota, too often: nothing was sent."""


class BaiduMini:
    """A `channels.conversations.Notifier`. `login` has the application's token. Close with `aclose`."""

    def __init__(self, *, settings: BaiduSettings, login: BaiduLogin, traffic: Traffic | None = None) -> None:
        self._login = login
        self._http = PlainClient(partner="百度", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)
        self._wire = PlatformWire(partner="jingtong_baidu", traffic=traffic)

    @property
    def wire(self) -> PlatformWire:
        return self._wire

    async def aclose(self) -> None:
        await self._http.aclose()

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        form = {
            "touser_openId": subject,
            "template_id": notice.template,
            "subscribe_id": subscribe_id(notice.template),
            "page": f"pages/service/service?page={quote(notice.page, safe='')}",
            "data": orjson.dumps({name: {"value": value} for name, value in notice.values.items()}).decode(),
        }
        try:
            code = await self._told(form, now=now)
            if code in TOKEN_REFUSED:
                self._login.forget_token()
                code = await self._told(form, now=now)
        except WireFailure as failure:
            return Sent(status="later" if failure.surely_not_sent else "unknown", code=failure.trouble)
        except PartnerFailure:
            return Sent(status="later", code="token")
        if code == 0:
            return Sent(status="sent")
        return Sent(status="later" if code in LATER or code in TOKEN_REFUSED else "refused", code=str(code))

    async def _told(self, form: dict[str, str], *, now: datetime) -> int:
        token = await self._login.application_token(now=now)
        _, content = await self._wire.call(
            SUBSCRIBE, lambda: self._http.post_form(SUBSCRIBE, form=form, query={"access_token": token}), now=now
        )
        code = self._http.object_of(content).get("errno")
        if not isinstance(code, int):
            raise self._http.failure("garbage", "答复不是约定的格式")
        return code


def subscribe_id(template: str) -> str:
    """What the mini-program names its dialog by, and we the acceptance."""
    return f"hpf-{template}"
