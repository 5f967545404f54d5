"""Login of legal persons (法人一证通, 电子营业执照): OAuth 2 with the attributes of OpenAM's tokeninfo.

After `domain-facts` section 8, confidence L: addresses and attribute names are known, what stands in `extInfo` and the
values of `credenceClass` are our assumption and stand in `CorporateSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from auth.corporate_ports import CorporateClaims, Credential
from auth.ports import IdentityRejected
from channels.plain import PlainClient
from domain.kernel.failures import PartnerFailure
from domain.kernel.identifiers import valid_id_card

AUTHORIZE, ACCESS_TOKEN, TOKEN_INFO = "/oauth2/authorize", "/oauth2/access_token", "/oauth2/tokeninfo"
ATTRIBUTES = ("uid", "cn", "idCardNumber", "credenceClass", "trustLevel", "extInfo")
CODE_LENGTH_MAX = 512
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_LEVEL = re.compile(r"L?([1-4])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateSettings:
    """`base_url` without a final slash. `credentials` maps credenceClass."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    provider: str = "beijing_legal_person"
    timeout_seconds: float = 3.0
    credentials: Mapping[str, Credential] = field(
        default_factory=lambda: {"1": "password", "2": "certificate", "3": "business_licence"}
    )


class CorporatePlatform:
    """Implements `CorporateIdentity`. Close with `aclose`."""

    def __init__(self, *, settings: CorporateSettings) -> None:
        self._settings = settings
        self._wire = PlainClient(
            partner="法人统一认证", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds
        )

    async def aclose(self) -> None:
        await self._wire.aclose()

    def authorization_url(self, *, state: str, redirect_uri: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(ATTRIBUTES),
            "state": state,
        }
        return f"{self._settings.base_url}{AUTHORIZE}?{urlencode(query)}"

    async def exchange(self, *, code: str, redirect_uri: str, now: datetime) -> CorporateClaims:
        if not 1 <= len(code) <= CODE_LENGTH_MAX:
            raise IdentityRejected("code_rejected", reason="code of an impossible length")
        status, content = await self._wire.post_form(
            ACCESS_TOKEN,
            form={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri},
            basic=(self._settings.client_id, self._settings.client_secret),
            statuses=(400, 401),
        )
        granted = self._parsed(content)
        if status != 200:
            if granted.get("error") in ("invalid_grant", "invalid_request"):
                raise IdentityRejected("code_rejected", reason=str(granted["error"]))
            raise PartnerFailure(partner="法人统一认证", reason="拒绝换取令牌", retryable=False)
        token = granted.get("access_token")
        if not isinstance(token, str) or not token:
            raise self._malformed()
        return self._claims(self._parsed(await self._wire.get(TOKEN_INFO, query={"access_token": token})))

    def _claims(self, told: dict[str, Any]) -> CorporateClaims:
        extra = told.get("extInfo")
        try:
            extra = orjson.loads(extra) if isinstance(extra, str) else extra
        except orjson.JSONDecodeError:
            extra = None
        if not isinstance(extra, dict):
            raise IdentityRejected("claims_incomplete")
        name, subject = _text(told, "cn"), _text(told, "uid")
        document_no, uscc = _text(told, "idCardNumber").upper(), _text(extra, "creditCode").upper()
        level = _LEVEL.fullmatch(_text(told, "trustLevel"))
        credential = self._settings.credentials.get(_text(told, "credenceClass"))
        if not (name and subject and level and credential and valid_id_card(document_no) and _USCC.fullmatch(uscc)):
            raise IdentityRejected("claims_incomplete")
        return CorporateClaims(
            provider=self._settings.provider,
            subject=subject,
            name=name,
            document_no=document_no,
            uscc=uscc,
            employer_name=_text(extra, "enterpriseName"),
            legal_representative=_text(extra, "operatorRole") == "legal",
            credential=credential,
            level=int(level[1]),
        )

    def _parsed(self, content: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self._malformed() from None
        if not isinstance(answer, dict):
            raise self._malformed()
        return answer

    def _malformed(self) -> PartnerFailure:
        return PartnerFailure(partner="法人统一认证", reason="答复不是约定的格式")


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 100 else ""
