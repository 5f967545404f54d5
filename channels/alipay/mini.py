"""Alipay's interface for our mini-program beside the login: template messages, and the phone number that the person
lets us have.

    alipay.open.app.mini.templatemessage.send   what the person accepted in the platform's own dialog

`my.getPhoneNumber` gives the client an answer that is signed by the platform and encrypted for our application
(AES/CBC/PKCS5Padding, 16 zero octets as IV, the key of the application's settings). It carries no number of its own,
so what was used once is remembered by its digest.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auth.mini_ports import PlatformPhone
from auth.ports import IdentityRejected
from channels.alipay.client import AlipaySettings
from channels.alipay.service import DONE, AlipayInterface
from channels.alipay.signing import verifies
from channels.conversations import Notice, Sent
from channels.traffic import Traffic
from domain.kernel.digest import sm3_hex
from domain.kernel.failures import PartnerFailure

TEMPLATE = "alipay.open.app.mini.templatemessage.send"
_IV = bytes(16)
GIVEN_CHARS_MAX = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentKey:
    """接口内容加密 of the application: 16, 24 or 32 octets."""

    octets: bytes = field(repr=False)

    @classmethod
    def of_base64(cls, text: str) -> ContentKey:
        """Raises ValueError for what is no AES key."""
        octets = base64.b64decode(text, validate=True)
        if len(octets) not in (16, 24, 32):
            raise ValueError("the key of the application's contents has 16, 24 or 32 octets")
        return cls(octets=octets)

    def open(self, sealed: str) -> bytes:
        """Raises ValueError."""
        cipher = Cipher(algorithms.AES(self.octets), modes.CBC(_IV)).decryptor()
        padded = cipher.update(base64.b64decode(sealed, validate=True)) + cipher.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()

    def seal(self, plain: bytes) -> str:
        """As the platform does: for the simulator."""
        padder = padding.PKCS7(128).padder()
        cipher = Cipher(algorithms.AES(self.octets), modes.CBC(_IV)).encryptor()
        return base64.b64encode(cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()).decode()


class AlipayMini(AlipayInterface):
    """A `channels.conversations.Notifier` and an `auth.mini_ports.PhoneSource`."""

    def __init__(self, *, settings: AlipaySettings, content_key: ContentKey, traffic: Traffic | None = None) -> None:
        super().__init__(settings=settings, partner="jingtong_alipay", traffic=traffic)
        self._public_key, self._content_key = settings.alipay_public_key, content_key

    async def send_notice(self, *, subject: str, notice: Notice, now: datetime) -> Sent:
        content = {
            "to_user_id": subject,
            "user_template_id": notice.template,
            "page": f"pages/service/service?page={quote(notice.page, safe='')}",
            "data": {name: {"value": value} for name, value in notice.values.items()},
        }
        return await self.tell(TEMPLATE, content, now=now)

    async def phone_of(self, *, given: str, now: datetime) -> PlatformPhone:
        """`given` is the JSON of the client's answer: response, sign, sign_type, encrypt_type, charset."""
        told = _object_of(given)
        sealed, signature = told.get("response"), told.get("sign")
        if not isinstance(sealed, str) or not isinstance(signature, str):
            raise IdentityRejected("code_rejected", reason="no answer of the platform")
        if told.get("sign_type", "RSA2") != "RSA2" or told.get("encrypt_type", "AES") != "AES":
            raise IdentityRejected("code_rejected", reason="another way to sign or encrypt")
        # what is signed is the JSON text of the encrypted answer, its quotes included
        if not verifies(self._public_key, f'"{sealed}"'.encode(), signature):
            raise IdentityRejected("token_forged", reason="signature of the phone number")
        try:
            answer = _object_of(self._content_key.open(sealed).decode())
        except (ValueError, binascii.Error, UnicodeDecodeError):
            raise IdentityRejected("code_rejected", reason="encrypted for another application") from None
        code, mobile = str(answer.get("code")), answer.get("mobile")
        if code == "20000":
            raise PartnerFailure(partner="支付宝", reason="暂不能提供手机号码")
        if code != DONE or not isinstance(mobile, str):
            raise IdentityRejected("claims_incomplete", reason=str(answer.get("subCode", code))[:40])
        return PlatformPhone(mobile=mobile, proof=f"alipay:{sm3_hex(sealed.encode())}")


def _object_of(text: str) -> Mapping[str, Any]:
    """Raises IdentityRejected."""
    if len(text) > GIVEN_CHARS_MAX:
        raise IdentityRejected("code_rejected", reason="too long")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise IdentityRejected("code_rejected", reason="not an answer of the platform")
    return found
