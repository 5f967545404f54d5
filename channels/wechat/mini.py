"""WeChat's interface for our mini-program beside the login: subscription notices, and the phone number that the person
lets us have.

    POST /cgi-bin/message/subscribe/send            what the person accepted in the platform's own dialog, once each
    POST /wxa/business/getuserphonenumber {"code"}  the code of the button getPhoneNumber, good once for five minutes
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from auth.mini_ports import PlatformPhone
from auth.ports import IdentityRejected
from channels.conversations import Notice, Sent
from channels.traffic import Traffic
from channels.wechat.interface import TokenFailure, WechatInterface, code_of
from channels.wechat.service import notice_body
from domain.kernel.failures import PartnerFailure

SUBSCRIBE, PHONE = "/cgi-bin/message/subscribe/send", "/wxa/business/getuserphonenumber"
CODE_REFUSED = frozenset({40029, 40163, 41008})
_CODE = re.compile(r"[A-Za-z0-9_\-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniSettings:
    app_id: str
    app_secret: str = field(repr=False)
    base_url: str = "https://api.weixin.qq.com"
    timeout_seconds: float = 3.0


class WechatMini(WechatInterface):
    """A `channels.conversations.Notifier` and an `auth.mini_ports.PhoneSource`."""

    def __init__(self, *, settings: MiniSettings, traffic: Traffic | None = None) -> None:
        super().__init__(
            app_id=settings.app_id, app_secret=settings.app_secret, base_url=settings.base_url,
            timeout_seconds=settings.timeout_seconds, partner="jingtong_wechat", traffic=traffic,
        )  # fmt: skip

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        page = f"pages/service/service?page={quote(notice.page, safe='')}"
        return await self.tell(SUBSCRIBE, notice_body(subject, notice, page=page), now=now)

    async def phone_of(self, *, given: str, now: datetime) -> PlatformPhone:
        if _CODE.fullmatch(given) is None:
            raise IdentityRejected("code_rejected", reason="not a code")
        try:
            answer = await self.ask(PHONE, {"code": given}, now=now)
        except TokenFailure as failure:
            raise PartnerFailure(partner="微信", reason=f"未取得应用令牌：{failure.code}") from None
        refused = code_of(answer)
        if refused in CODE_REFUSED:
            raise IdentityRejected("code_rejected", reason=str(refused))
        if refused:
            raise PartnerFailure(partner="微信", reason=f"答复{refused}", retryable=refused in (-1, 45011))
        told = answer.get("phone_info")
        found = told if isinstance(told, dict) else {}
        mark = found.get("watermark")
        if not isinstance(mark, dict) or mark.get("appid") != self._app_id:
            raise IdentityRejected("token_forged", reason="watermark of another application")
        number = found.get("purePhoneNumber")
        if not isinstance(number, str) or str(found.get("countryCode")) != "86":
            raise IdentityRejected("claims_incomplete", reason="no number of the mainland")
        return PlatformPhone(mobile=number, proof=f"wechat:{given}")
