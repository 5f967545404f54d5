"""Personal data at rest: SM4-GCM for the value, keyed SM3 for look-up.

The keys are derived from one master key that `ops` hands over at start. A hardware module (GM/T 0028) takes the
place of `Vault` by offering the same three methods.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16


def _keyed_sm3(key: bytes, data: bytes) -> bytes:
    code = hmac.HMAC(key, hashes.SM3())
    code.update(data)
    return code.finalize()


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """Encrypts with SM4-GCM (GB/T 32907); `blind_index` gives 32 bytes that are equal for equal values."""

    master_key: bytes

    def __post_init__(self) -> None:
        assert len(self.master_key) == 32, "the master key has 32 bytes"

    def encrypt(self, text: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        encryptor = Cipher(algorithms.SM4(self._key(b"encrypt")), modes.GCM(nonce)).encryptor()
        sealed = encryptor.update(text.encode()) + encryptor.finalize()
        return _VERSION + nonce + sealed + encryptor.tag

    def decrypt(self, sealed: bytes) -> str:
        """Raises ValueError when the value was altered or belongs to another key."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise ValueError("not a sealed value of this vault")
        nonce, body, tag = sealed[1:13], sealed[13:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        decryptor = Cipher(algorithms.SM4(self._key(b"encrypt")), modes.GCM(nonce, tag)).decryptor()
        try:
            return (decryptor.update(body) + decryptor.finalize()).decode()
        except InvalidTag as error:
            raise ValueError("a sealed value does not open with this key") from error

    def blind_index(self, text: str) -> bytes:
        return _keyed_sm3(self._key(b"index"), text.encode())

    def _key(self, purpose: bytes) -> bytes:
        derived = _keyed_sm3(self.master_key, b"hpf/" + purpose)
        return derived[:16] if purpose == b"encrypt" else derived


_installed: list[Vault] = []


def install(vault: Vault) -> None:
    """Called once by `ops.wiring` (tests may install another)."""
    _installed[:] = [vault]


def current() -> Vault:
    assert _installed, "no vault is installed; ops.wiring does it at start"
    return _installed[0]
