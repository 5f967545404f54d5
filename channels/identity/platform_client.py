"""Login by the city platform's own protocol: authorization code with an encrypted `auth_token`.

The protocol has neither PKCE nor a nonce: what ties the answer to the login is our one-time `state` and the cookie of
the browser (`auth.identity`), and a code that the platform redeems once and for our secret only. Where the platform
offers OpenID Connect, `OidcIdentity` is the better door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from auth.ports import IdentityClaims, IdentityRejected
from channels.identity.platform_messages import (
    ACCESS_TOKEN,
    AUTHORIZE,
    BUSY_CODES,
    DONE,
    SCOPE,
    SSO_LOGOUT,
    TOON_TYPE,
    USER_INFO,
    PlatformCipher,
    auth_token,
)
from channels.plain import PlainClient
from domain.kernel.failures import PartnerFailure

CODE_LENGTH_MAX = 512
_MOBILE = re.compile(r"1[0-9]{10}")
_LEVEL = re.compile(r"L([1-4])")
_DOCUMENT_NO = re.compile(r"[0-9A-Z()]{5,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """`domain` without a final slash, e.g. https://bjt.beijing.gov.cn/renzheng. `document_types` maps certNoType to
    ZJLX; `authorize_domain` is where browsers go, by default the same."""

    domain: str
    client_id: str
    client_secret: str = field(repr=False)
    provider: str = "beijing_unified_identity"
    authorize_domain: str | None = None
    timeout_seconds: float = 3.0
    document_types: Mapping[str, str] = field(default_factory=lambda: {"10": "01", "111": "01"})


class PlatformIdentity:
    """Implements `UnifiedIdentity`. Close with `aclose`."""

    def __init__(self, *, settings: PlatformSettings) -> None:
        assert settings.client_id and settings.client_secret, "a platform without client credentials"
        self._settings = settings
        self._sealed_at = 0
        self._cipher = PlatformCipher(settings.client_secret)
        self._wire = PlainClient(
            partner="统一身份认证", base_url=settings.domain, timeout_seconds=settings.timeout_seconds
        )

    async def aclose(self) -> None:
        await self._wire.aclose()

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str) -> str:
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "toonType": TOON_TYPE,
            "state": state,
        }
        return f"{self._settings.authorize_domain or self._settings.domain}{AUTHORIZE}?{urlencode(query)}"

    async def exchange(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: datetime, state: str = ""
    ) -> IdentityClaims:
        if not 1 <= len(code) <= CODE_LENGTH_MAX:
            raise IdentityRejected("code_rejected", reason="code of an impossible length")
        granted = await self._redeem(code=code, redirect_uri=redirect_uri, state=state, now=now)
        token = granted.get("access_token")
        if not isinstance(token, str) or not token:
            raise self._malformed()
        person = self._data(await self._wire.get(USER_INFO, query={"access_token": token}), refused="claims_incomplete")
        return self._claims(person, now=now)

    async def sign_out(self, *, access_token: str) -> None:
        """Ends the platform's own session. Raises PartnerFailure."""
        await self._wire.get(SSO_LOGOUT, query={"access_token": access_token})

    async def _redeem(self, *, code: str, redirect_uri: str, state: str, now: datetime) -> dict[str, Any]:
        settings = self._settings
        # two logins of one millisecond must not look like one that is replayed
        self._sealed_at = max(int(now.timestamp() * 1000), self._sealed_at + 1)
        form = {
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "redirect_uri": redirect_uri,
            "grant_code": code,
            "grant_type": "authorization_code",
            "auth_token": auth_token(
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                milliseconds=self._sealed_at,
            ),
            "scope": SCOPE,
            "toonType": TOON_TYPE,
            "state": state,
            "inType": "1",
            "localCheck": "true",
        }
        _, content = await self._wire.post_form(ACCESS_TOKEN, form=form)
        return self._data(content, refused="code_rejected")

    def _data(self, content: bytes, *, refused: str) -> dict[str, Any]:
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self._malformed() from None
        code = str(answer.get("code")) if isinstance(answer, dict) else ""
        if code in BUSY_CODES:
            raise PartnerFailure(partner="统一身份认证", reason=f"平台答复{code}")
        if code and code != DONE and code != "None":
            raise IdentityRejected(refused, reason=code[:20])
        data = answer.get("data") if isinstance(answer, dict) else None
        if code != DONE or not isinstance(data, dict):
            raise self._malformed()
        return data

    def _claims(self, person: dict[str, Any], *, now: datetime) -> IdentityClaims:
        try:
            document_no = self._cipher.open(_text(person, "certNo", most=400)).strip().upper()
        except ValueError:
            raise IdentityRejected("token_forged", reason="certNo was not sealed for us") from None
        name, subject = _text(person, "certName"), _text(person, "uniqueId")
        document_type = self._settings.document_types.get(_text(person, "certNoType"))
        level = _LEVEL.fullmatch(_text(person, "certLevel"))
        incomplete = not name or not subject or document_type is None or level is None
        if incomplete or _DOCUMENT_NO.fullmatch(document_no) is None:
            raise IdentityRejected("claims_incomplete")
        assert document_type is not None and level is not None
        mobile = _text(person, "mobile")
        return IdentityClaims(
            provider=self._settings.provider,
            subject=subject,
            name=name,
            document_type=document_type,
            document_no=document_no,
            mobile=mobile if _MOBILE.fullmatch(mobile) else None,
            assurance_level=int(level[1]),
            authenticated_at=now,
        )

    def _malformed(self) -> PartnerFailure:
        return PartnerFailure(partner="统一身份认证", reason="答复不是约定的格式")


def _text(row: dict[str, Any], name: str, *, most: int = 100) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= most else ""
