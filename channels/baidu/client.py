"""Login by Baidu's smart mini-program: a token of the application, then `getsessionkey` for the code (confidence L).

The application's token lives long and is kept; one that the platform has withdrawn is asked for anew, once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from auth.mini_ports import PlatformAccount
from auth.ports import IdentityRejected
from channels.plain import PlainClient
from domain.kernel.failures import PartnerFailure

TOKEN, SESSION_KEY = "/oauth/2.0/token", "/rest/2.0/smartapp/getsessionkey"
SCOPE = "smartapp_snsapi_base"
TOKEN_REFUSED = frozenset({110, 111})
CODE_REFUSED = frozenset({40029, 40163, 401})
_EARLIER = timedelta(minutes=10)

_CODE = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_OPENID = re.compile(r"[A-Za-z0-9_\-]{6,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaiduSettings:
    app_key: str
    app_secret: str = field(repr=False)
    base_url: str = "https://openapi.baidu.com"
    timeout_seconds: float = 3.0
    provider: str = "baidu"


class BaiduLogin:
    """Implements `MiniProgram`. Close with `aclose`."""

    def __init__(self, *, settings: BaiduSettings) -> None:
        self._settings = settings
        self._wire = PlainClient(partner="百度", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)
        self._token: tuple[str, datetime] | None = None

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def account_of(self, *, code: str, now: datetime) -> PlatformAccount:
        if _CODE.fullmatch(code) is None:
            raise IdentityRejected("code_rejected", reason="not a code")
        answer = await self._session_key(code=code, now=now)
        if answer.get("errno") in TOKEN_REFUSED:
            self._token = None
            answer = await self._session_key(code=code, now=now)
        refused = answer.get("errno")
        if refused in CODE_REFUSED:
            raise IdentityRejected("code_rejected", reason=str(refused))
        if refused != 0:
            raise PartnerFailure(partner="百度", reason=f"答复{str(refused)[:20]}")
        told = answer.get("data")
        subject = told.get("open_id") if isinstance(told, dict) else None
        if not isinstance(subject, str) or _OPENID.fullmatch(subject) is None:
            raise IdentityRejected("claims_incomplete")
        return PlatformAccount(provider=self._settings.provider, subject=subject)

    async def _session_key(self, *, code: str, now: datetime) -> dict[str, Any]:
        token = await self.application_token(now=now)
        _, content = await self._wire.post_form(SESSION_KEY, form={"code": code}, query={"access_token": token})
        return self._parsed(content)

    def forget_token(self) -> None:
        """The platform has withdrawn it."""
        self._token = None

    async def application_token(self, *, now: datetime) -> str:
        """Raises PartnerFailure."""
        if self._token is not None and now < self._token[1]:
            return self._token[0]
        query = {
            "grant_type": "client_credentials",
            "client_id": self._settings.app_key,
            "client_secret": self._settings.app_secret,
            "scope": SCOPE,
        }
        answer = self._parsed(await self._wire.get(TOKEN, query=query))
        token, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(life, int):
            raise PartnerFailure(partner="百度", reason="未取得应用令牌", retryable=False)
        self._token = (token, now + timedelta(seconds=life) - _EARLIER)
        return token

    def _parsed(self, content: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise PartnerFailure(partner="百度", reason="答复不是约定的格式")
        return answer
