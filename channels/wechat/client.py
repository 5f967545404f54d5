"""Login by WeChat: `jscode2session` of mini-programs, `sns/oauth2/access_token` of official accounts.

Both answer 200 with `errcode` for a refusal. The session key of a mini-program opens data that its page encrypts; we
ask for none, so it is not kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import orjson

from auth.mini_ports import PlatformAccount
from auth.ports import IdentityRejected
from channels.plain import PlainClient
from domain.kernel.failures import PartnerFailure

MINI_PROGRAM, OFFICIAL_ACCOUNT = "/sns/jscode2session", "/sns/oauth2/access_token"

# 40029 invalid, 40163 used, 41008 missing; 40226 the platform has blocked the person
CODE_REFUSED = frozenset({40029, 40163, 41008})
BLOCKED = frozenset({40226})

_CODE = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_OPENID = re.compile(r"[A-Za-z0-9_\-]{6,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatSettings:
    app_id: str
    app_secret: str = field(repr=False)
    kind: Literal["mini_program", "official_account"] = "mini_program"
    base_url: str = "https://api.weixin.qq.com"
    timeout_seconds: float = 3.0

    @property
    def provider(self) -> str:
        """Openids of two applications differ, so they are two providers; the unionid joins them."""
        return "wechat" if self.kind == "mini_program" else "wechat_official"


class WechatLogin:
    """Implements `MiniProgram`. Close with `aclose`."""

    def __init__(self, *, settings: WechatSettings) -> None:
        self._settings = settings
        self._wire = PlainClient(partner="微信", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def account_of(self, *, code: str, now: datetime) -> PlatformAccount:
        if _CODE.fullmatch(code) is None:
            raise IdentityRejected("code_rejected", reason="not a code")
        settings = self._settings
        query = {"appid": settings.app_id, "secret": settings.app_secret, "grant_type": "authorization_code"}
        if settings.kind == "mini_program":
            content = await self._wire.get(MINI_PROGRAM, query={**query, "js_code": code})
        else:
            content = await self._wire.get(OFFICIAL_ACCOUNT, query={**query, "code": code})
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise PartnerFailure(partner="微信", reason="答复不是约定的格式")
        refused = answer.get("errcode", 0)
        if refused in CODE_REFUSED:
            raise IdentityRejected("code_rejected", reason=str(refused))
        if refused in BLOCKED:
            raise IdentityRejected("access_denied", reason=str(refused))
        if refused:
            # -1 busy, 45011 too often; 40013, 40125: our registration is wrong, repeating does not help
            raise PartnerFailure(partner="微信", reason=f"答复{refused}", retryable=refused in (-1, 45011))
        subject, union = answer.get("openid"), answer.get("unionid")
        if not isinstance(subject, str) or _OPENID.fullmatch(subject) is None:
            raise IdentityRejected("claims_incomplete")
        known = isinstance(union, str) and _OPENID.fullmatch(union) is not None
        return PlatformAccount(
            provider=settings.provider, subject=subject, union_subject=f"wechat:{union}" if known else None
        )
