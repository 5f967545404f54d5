"""Personal data at rest: SM4-GCM for the value, keyed SM3 for look-up, under keys that can be changed while running.

Keys have numbers. A sealed value carries the number of its key, so values of several keys stand side by side while a
rotation re-encrypts them; a look-up index is known under two keys while one takes the place of the other. A digest that
is only compared is made with the newest of its keys and compared under each that stands. The keys
themselves are kept by `vault_keys`, sealed under the master key that `ops` hands over at start. A hardware module
(GM/T 0028) takes the place of `Vault` by offering the same methods.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

FIRST = 1
"""The number of the keys that are derived from the master key itself; values from before keys had numbers are
theirs."""

_UNNUMBERED, _NUMBERED = 1, 2
_NONCE_BYTES = 12
_TAG_BYTES = 16


def keyed_sm3(key: bytes, data: bytes) -> bytes:
    code = hmac.HMAC(key, hashes.SM3())
    code.update(data)
    return code.finalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """`data` seals with the key number `sealing` and opens with all of them. Look-ups go by the index key number
    `looking_up`; what is registered is entered under every key of `indexes`. Digests are made with the key number
    `digesting` and compared under all of `digests`."""

    data: Mapping[int, bytes] = field(repr=False)
    sealing: int
    indexes: Mapping[int, bytes] = field(repr=False)
    looking_up: int
    digests: Mapping[int, bytes] = field(repr=False)
    digesting: int


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """Encrypts with SM4-GCM (GB/T 32907). Without a keyring it has the first keys only."""

    master_key: bytes
    keyring: Keyring | None = None

    def __post_init__(self) -> None:
        assert len(self.master_key) == 32, "the master key has 32 bytes"

    def encrypt(self, text: str) -> bytes:
        ring = self._ring()
        return _sealed(ring.data[ring.sealing], ring.sealing, text.encode())

    def decrypt(self, sealed: bytes) -> str:
        """Raises ValueError when the value was altered, or its key is not there."""
        number = key_number(sealed)
        key = self._ring().data.get(number)
        if key is None:
            raise ValueError(f"a sealed value needs key {number}, which is not there")
        return _opened(key, sealed).decode()

    def encrypt_file(self, content: bytes) -> bytes:
        """Of a file's bytes. As text inside, so that a change of keys seals every value in one way."""
        return self.encrypt(base64.b64encode(content).decode())

    def decrypt_file(self, sealed: bytes) -> bytes:
        """Raises ValueError as `decrypt` does."""
        return base64.b64decode(self.decrypt(sealed))

    def blind_index(self, text: str) -> bytes:
        """32 bytes to be written down: a digest that is compared but not looked a person up by."""
        ring = self._ring()
        return keyed_sm3(ring.digests[ring.digesting], text.encode())

    def blind_indexes(self, text: str) -> list[bytes]:
        """Under each key that stands, the newest first: what was written down may equal any of them."""
        return [keyed_sm3(key, text.encode()) for _, key in sorted(self._ring().digests.items(), reverse=True)]

    def is_blind_index(self, kept: bytes | None, text: str) -> bool:
        """Whether what was written down is the digest of this text."""
        return kept is not None and kept in self.blind_indexes(text)

    def lookup_index(self, text: str) -> bytes:
        """32 bytes by which a person or a card is found."""
        ring = self._ring()
        return keyed_sm3(ring.indexes[ring.looking_up], text.encode())

    def lookup_indexes(self, text: str) -> list[bytes]:
        """Every index under which the value may stand or has to be entered, the oldest first: two during a rotation."""
        return [keyed_sm3(key, text.encode()) for _, key in sorted(self._ring().indexes.items())]

    @property
    def changes_index(self) -> bool:
        """Whether a second look-up key is about, so that what is registered has to be entered under both."""
        return len(self._ring().indexes) > 1

    def wrap(self, key: bytes) -> bytes:
        """A key sealed under the master key."""
        return _sealed(first_data_key(self.master_key), FIRST, key)

    def unwrap(self, sealed: bytes) -> bytes:
        """Raises ValueError when it was wrapped under another master key."""
        return _opened(first_data_key(self.master_key), sealed)

    def _ring(self) -> Keyring:
        return self.keyring if self.keyring is not None else _first_ring(self.master_key)


@lru_cache(maxsize=4)
def _first_ring(master_key: bytes) -> Keyring:
    data, index = first_data_key(master_key), first_index_key(master_key)
    # digests were made with the first index key before they had keys of their own
    return Keyring(
        data={FIRST: data},
        sealing=FIRST,
        indexes={FIRST: index},
        looking_up=FIRST,
        digests={FIRST: index},
        digesting=FIRST,
    )


def first_data_key(master_key: bytes) -> bytes:
    return keyed_sm3(master_key, b"hpf/encrypt")[:16]


@lru_cache(maxsize=4)
def first_index_key(master_key: bytes) -> bytes:
    return keyed_sm3(master_key, b"hpf/index")


def key_number(sealed: bytes) -> int:
    """The number of the key that a value was sealed with. Raises ValueError for what no vault has sealed."""
    if sealed[:1] == bytes([_UNNUMBERED]) and len(sealed) >= 1 + _NONCE_BYTES + _TAG_BYTES:
        return FIRST
    if sealed[:1] == bytes([_NUMBERED]) and len(sealed) >= 3 + _NONCE_BYTES + _TAG_BYTES:
        return int.from_bytes(sealed[1:3], "big")
    raise ValueError("not a sealed value of this vault")


@lru_cache(maxsize=16)
def _sm4(key: bytes) -> algorithms.SM4:
    return algorithms.SM4(key)


def _sealed(key: bytes, number: int, content: bytes) -> bytes:
    header, nonce = bytes([_NUMBERED]) + number.to_bytes(2, "big"), os.urandom(_NONCE_BYTES)
    encryptor = Cipher(_sm4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(header)
    body = encryptor.update(content) + encryptor.finalize()
    return header + nonce + body + encryptor.tag


def _opened(key: bytes, sealed: bytes) -> bytes:
    key_number(sealed)
    header = sealed[: 1 if sealed[0] == _UNNUMBERED else 3]
    start = len(header) + _NONCE_BYTES
    nonce, body, tag = sealed[len(header) : start], sealed[start:-_TAG_BYTES], sealed[-_TAG_BYTES:]
    decryptor = Cipher(_sm4(key), modes.GCM(nonce, tag)).decryptor()
    if sealed[0] == _NUMBERED:
        decryptor.authenticate_additional_data(header)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag as error:
        raise ValueError("a sealed value does not open with this key") from error


_installed: list[Vault] = []


def install(vault: Vault) -> None:
    """Called by `ops.wiring` at start and by `vault_keys` when keys have changed (tests may install another)."""
    _installed[:] = [vault]


def current() -> Vault:
    assert _installed, "no vault is installed; ops.wiring does it at start"
    return _installed[0]
