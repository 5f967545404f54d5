"""The public platform's signature and its safe mode (安全模式), as WeChat publishes them.

signature      sha1 of token, timestamp and nonce, sorted and joined; with the sealed text added: msg_signature
sealed text    base64(AES-256-CBC(key, iv = key[:16])) of 16 random bytes, the length of the message in four bytes
               big-endian, the message, the application id; filled up to blocks of 32 bytes (PKCS#7)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK_BYTES = 32
RANDOM_BYTES = 16
KEY_CHARS = 43


class Undecryptable(Exception):
    """What came under a right signature cannot be opened. `fault` is for staff."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def signature_of(token: str, *parts: str) -> str:
    return hashlib.sha1("".join(sorted((token, *parts))).encode(), usedforsecurity=False).hexdigest()


def signed(token: str, *parts: str, given: str) -> bool:
    return hmac.compare_digest(signature_of(token, *parts).encode(), given.encode())


@dataclass(frozen=True, slots=True)
class SafeMode:
    """`encoding_key` is the platform's EncodingAESKey, 43 characters."""

    app_id: str
    encoding_key: str = field(repr=False)

    def __post_init__(self) -> None:
        assert len(self.encoding_key) == KEY_CHARS, "an EncodingAESKey has 43 characters"

    def seal(self, message: str, *, app_id: str | None = None) -> str:
        """`app_id` for another than ours, which only a test has a use for."""
        said = message.encode()
        text = os.urandom(RANDOM_BYTES) + struct.pack(">I", len(said)) + said + (app_id or self.app_id).encode()
        fill = BLOCK_BYTES - len(text) % BLOCK_BYTES
        sealing = _cipher(self.encoding_key).encryptor()
        return base64.b64encode(sealing.update(text + bytes([fill]) * fill) + sealing.finalize()).decode()

    def open(self, sealed: str) -> str:
        """Raises Undecryptable."""
        try:
            content = base64.b64decode(sealed, validate=True)
            opening = _cipher(self.encoding_key).decryptor()
            text = opening.update(content) + opening.finalize()
        except (binascii.Error, ValueError):
            raise Undecryptable("密文不是完整的分组") from None
        fill = text[-1] if text else 0
        if not 1 <= fill <= BLOCK_BYTES or text[-fill:] != bytes([fill]) * fill:
            raise Undecryptable("密文无法解密，请核对EncodingAESKey")
        body = text[RANDOM_BYTES:-fill]
        if len(body) < 4:
            raise Undecryptable("密文过短")
        (length,) = struct.unpack(">I", body[:4])
        message, app_id = body[4 : 4 + length], body[4 + length :]
        if len(message) != length or app_id != self.app_id.encode():
            raise Undecryptable("解密后的应用编号不是本公众号")
        try:
            return message.decode()
        except UnicodeDecodeError:
            raise Undecryptable("解密后的内容不是UTF-8文本") from None


@lru_cache(maxsize=4)
def _cipher(encoding_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(f"{encoding_key}=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
