"""Ed25519 keys that sign access tokens (RFC 8037), kept in PostgreSQL, the private half sealed by the vault.

A new key signs only after `key_reread`, when every process has noticed it; until then its predecessor does.
A key past `retires_at` signs nothing more and verifies until the last token that it signed has expired.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auth import configuration
from domain.kernel import database, vault
from domain.kernel.database import Record, Transaction

_LOCK = 0x485046_0001
_UNKNOWN_KEY_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """`private` is None once the key has retired."""

    kid: str
    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = field(repr=False)
    created_at: datetime
    retires_at: datetime

    def verifies_at(self, now: datetime) -> bool:
        settings = configuration.current()
        return now <= self.retires_at + settings.access_token + settings.leeway


@dataclass(slots=True)
class _Ring:
    """The keys as this process knows them."""

    keys: dict[str, SigningKey] = field(default_factory=dict)
    read_at: datetime | None = None


_ring = _Ring()


async def ensure_key(*, now: datetime) -> None:
    """Makes the first key, or the next one in the last tenth of the newest key's life. Called at start and
    daily."""
    life = configuration.current().key_life
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        retires_at = await tx.value("SELECT max(retires_at) FROM signing_key")
        if retires_at is not None and retires_at - now > life / 10:
            return
        await _add_key(tx, now=now)
    forget()


async def rotate(*, now: datetime) -> str:
    """Makes a new key and retires all others as soon as every process uses it; returns the new kid."""
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        retires_at = now + 2 * configuration.current().key_reread
        await tx.execute("UPDATE signing_key SET retires_at = least(retires_at, $1)", retires_at)
        kid = await _add_key(tx, now=now)
    forget()
    return kid


async def signing_key(*, now: datetime) -> SigningKey:
    """The key to sign with, made when there is none. Raises StoreUnavailable."""
    await _read_when_old(now=now)
    if _usable(now=now) is None:
        await ensure_key(now=now)
        await _read(now=now)
    key = _usable(now=now)
    assert key is not None, "a key was just made and cannot sign"
    return key


async def verifying_key(*, kid: str, now: datetime) -> SigningKey | None:
    """The key of a token, or None when it is unknown or too old. An unknown kid makes the process read the
    keys again, at most every five seconds, so that invented kids cost the database nothing."""
    await _read_when_old(now=now)
    if kid not in _ring.keys and (_ring.read_at is None or now - _ring.read_at >= _UNKNOWN_KEY_PAUSE):
        await _read(now=now)
    key = _ring.keys.get(kid)
    return key if key is not None and key.verifies_at(now) else None


async def jwks(*, now: datetime) -> dict[str, object]:
    """The public keys as a JWK set (RFC 7517, RFC 8037)."""
    await _read_when_old(now=now)
    return {"keys": [_jwk(key) for key in _ring.keys.values() if key.verifies_at(now)]}


def forget() -> None:
    """Lets the process read the keys anew."""
    _ring.keys, _ring.read_at = {}, None


def _usable(*, now: datetime) -> SigningKey | None:
    signing = [key for key in _ring.keys.values() if key.private is not None and key.retires_at > now]
    noticed = [key for key in signing if key.created_at + configuration.current().key_reread <= now]
    return max(noticed or signing, key=lambda key: key.created_at, default=None)


async def _read_when_old(*, now: datetime) -> None:
    read_at = _ring.read_at
    if read_at is None or not timedelta(0) <= now - read_at < configuration.current().key_reread:
        await _read(now=now)


async def _read(*, now: datetime) -> None:
    settings = configuration.current()
    rows = await database.rows(
        "SELECT kid, private_cipher, public_pem, created_at, retires_at FROM signing_key WHERE retires_at >= $1",
        now - settings.access_token - settings.leeway,
    )
    _ring.keys, _ring.read_at = {key.kid: key for key in _opened(rows, now=now)}, now


def _opened(rows: Iterable[Record], *, now: datetime) -> Iterable[SigningKey]:
    for row in rows:
        public = serialization.load_pem_public_key(row["public_pem"].encode())
        assert isinstance(public, Ed25519PublicKey), "signing_key holds Ed25519 keys"
        private = None
        if row["retires_at"] > now:
            pem = vault.current().decrypt(row["private_cipher"]).encode()
            opened = serialization.load_pem_private_key(pem, password=None)
            assert isinstance(opened, Ed25519PrivateKey), "signing_key holds Ed25519 keys"
            private = opened
        yield SigningKey(
            kid=row["kid"],
            public=public,
            private=private,
            created_at=row["created_at"],
            retires_at=row["retires_at"],
        )


async def _add_key(tx: Transaction, *, now: datetime) -> str:
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kid = secrets.token_urlsafe(12)
    await tx.execute(
        "INSERT INTO signing_key (kid, private_cipher, public_pem, created_at, retires_at) VALUES ($1, $2, $3, $4, $5)",
        kid,
        vault.current().encrypt(private_pem.decode()),
        public_pem.decode(),
        now,
        now + configuration.current().key_life,
    )
    return kid


def _jwk(key: SigningKey) -> dict[str, str]:
    raw = key.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    point = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "x": point, "kid": key.kid, "use": "sig", "alg": "EdDSA"}
