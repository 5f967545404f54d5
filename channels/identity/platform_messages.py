"""The city platform's own protocol (北京市统一身份认证, natural persons): names, codes and the two ciphers.

After `domain-facts` section 8, confidence L: the addresses and names are known, the cipher's mode and key are not
public. We assume AES-128 in ECB with PKCS#7 and Base64, the key being the MD5 of the client's secret, as gateways of
this generation do; `PlatformCipher` is the only place to change.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

AUTHORIZE = "/api/oauth/authorize"
ACCESS_TOKEN = "/api/oauth/getAccessToken"
USER_INFO = "/api/info/getUserInfo"
SSO_STATUS = "/api/login/getSSOStatus"
SSO_LOGOUT = "/api/login/doSSOLogout"

SCOPE = "user_info"
TOON_TYPE = "101"
"""toonType: the caller is a web application. Unverified."""

DONE = "0"
BUSY_CODES = frozenset({"500", "9999"})
"""Codes that say trouble of the platform, not a no. Unverified."""

_BLOCK_BITS = 128


@dataclass(frozen=True, slots=True)
class PlatformCipher:
    """Seals `auth_token` and opens `certNo`."""

    secret: str = field(repr=False)

    def seal(self, text: str) -> str:
        padder = padding.PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def open(self, sealed: str) -> str:
        """Raises ValueError for what was not sealed with this secret."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except binascii.Error as error:
            raise ValueError("not Base64") from error
        if not raw or len(raw) % 16:
            raise ValueError("not whole blocks")
        decryptor = self._cipher().decryptor()
        unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
        padded = decryptor.update(raw) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()

    def _cipher(self) -> Cipher[modes.ECB]:
        # the partner's protocol, not our choice: the tokens sealed so are single-use and minutes old
        key = hashlib.md5(self.secret.encode(), usedforsecurity=False).digest()
        return Cipher(algorithms.AES(key), modes.ECB())


def auth_token(*, client_id: str, client_secret: str, milliseconds: int) -> str:
    """AES(client_id:client_secret:millis, client_secret)."""
    return PlatformCipher(client_secret).seal(f"{client_id}:{client_secret}:{milliseconds}")
