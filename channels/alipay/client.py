"""Login by Alipay: `alipay.system.oauth.token` at the open gateway, signed RSA2 both ways."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from auth.mini_ports import PlatformAccount
from auth.ports import IdentityRejected
from channels.alipay.signing import node_text, sign, signed_text, verifies
from channels.plain import PlainClient
from domain.kernel.dates import SHANGHAI
from domain.kernel.failures import PartnerFailure

GATEWAY = "/gateway.do"
METHOD = "alipay.system.oauth.token"
NODE, ERROR_NODE = "alipay_system_oauth_token_response", "error_response"
CODE_REFUSED = frozenset({"isv.code-invalid", "isv.code-is-blank", "isv.grant-type-invalid"})

_CODE = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_SUBJECT = re.compile(r"[A-Za-z0-9_\-]{8,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipaySettings:
    """`private_key` is the application's, `alipay_public_key` the platform's."""

    app_id: str
    private_key: RSAPrivateKey = field(repr=False)
    alipay_public_key: RSAPublicKey = field(repr=False)
    base_url: str = "https://openapi.alipay.com"
    timeout_seconds: float = 3.0
    provider: str = "alipay"


class AlipayLogin:
    """Implements `MiniProgram`. Close with `aclose`."""

    def __init__(self, *, settings: AlipaySettings) -> None:
        self._settings = settings
        self._wire = PlainClient(partner="支付宝", base_url=settings.base_url, timeout_seconds=settings.timeout_seconds)

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def account_of(self, *, code: str, now: datetime) -> PlatformAccount:
        if _CODE.fullmatch(code) is None:
            raise IdentityRejected("code_rejected", reason="not a code")
        parameters = {
            "app_id": self._settings.app_id,
            "method": METHOD,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "grant_type": "authorization_code",
            "code": code,
        }
        parameters["sign"] = sign(self._settings.private_key, signed_text(parameters))
        _, content = await self._wire.post_form(GATEWAY, form=parameters, query={"charset": "utf-8"})
        return self._account(content)

    def _account(self, content: bytes) -> PlatformAccount:
        try:
            text = content.decode()
            answer = orjson.loads(content)
        except (UnicodeDecodeError, orjson.JSONDecodeError):
            raise self._malformed() from None
        if not isinstance(answer, dict):
            raise self._malformed()
        refused = answer.get(ERROR_NODE)
        if isinstance(refused, dict):
            # a refusal lets nobody in, so its signature is not asked for
            reason = str(refused.get("sub_code"))
            if reason in CODE_REFUSED:
                raise IdentityRejected("code_rejected", reason=reason)
            retryable = str(refused.get("code")) == "20000"
            raise PartnerFailure(partner="支付宝", reason=f"答复{reason[:40]}", retryable=retryable)
        signed, signature = node_text(text, NODE), answer.get("sign")
        if signed is None or not isinstance(signature, str):
            raise self._malformed()
        if not verifies(self._settings.alipay_public_key, signed.encode(), signature):
            raise IdentityRejected("token_forged", reason="signature of the answer")
        # what was signed is read, not what another parser made of the whole
        told = orjson.loads(signed)
        subject = told.get("open_id") or told.get("user_id") if isinstance(told, dict) else None
        if not isinstance(subject, str) or _SUBJECT.fullmatch(subject) is None:
            raise IdentityRejected("claims_incomplete")
        return PlatformAccount(provider=self._settings.provider, subject=subject)

    def _malformed(self) -> PartnerFailure:
        return PartnerFailure(partner="支付宝", reason="答复不是约定的格式")
