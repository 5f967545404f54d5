"""The keys that sign the heads of the evidence log: Ed25519 and SM2, one of each, made at first use and sealed by the
vault.

Two signatures for one head: the one that every tool checks, and the one of the national standard. A certified module
(GM/T 0028) takes the place of a signer by offering `HeadSigner`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tongsuopy.crypto import hashes as tongsuo_hashes
from tongsuopy.crypto import serialization as tongsuo_serialization
from tongsuopy.crypto.asymciphers import ec as tongsuo_ec

from auth.grants.keyring import key_id
from domain.kernel import vault
from domain.kernel.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    kid: str
    algorithm: str
    public_pem: str


class HeadSigner(Protocol):
    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class _Ed25519Signer:
    public: PublicKey
    private_pem: str

    def sign(self, message: bytes) -> bytes:
        key = serialization.load_pem_private_key(self.private_pem.encode(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        return key.sign(message)


@dataclass(frozen=True, slots=True, repr=False)
class _Sm2Signer:
    public: PublicKey
    private_pem: str

    def sign(self, message: bytes) -> bytes:
        key = tongsuo_serialization.load_pem_private_key(self.private_pem.encode(), password=None)
        der = key.sign(message, tongsuo_ec.ECDSA(tongsuo_hashes.SM3()))
        return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))


_SIGNERS: dict[str, Callable[[PublicKey, str], HeadSigner]] = {"EdDSA": _Ed25519Signer, "SM2": _Sm2Signer}


async def signers(tx: Transaction, *, now: datetime) -> list[HeadSigner]:
    """One of each algorithm, the newest; made when there is none. The caller holds the log's lock."""
    rows = await tx.rows(
        "SELECT DISTINCT ON (algorithm) kid, algorithm, public_pem, private_cipher FROM evidence_key"
        " ORDER BY algorithm, created_at DESC"
    )
    found: dict[str, HeadSigner] = {}
    for row in rows:
        public = PublicKey(kid=row["kid"], algorithm=row["algorithm"], public_pem=row["public_pem"])
        found[row["algorithm"]] = _SIGNERS[row["algorithm"]](public, vault.current().decrypt(row["private_cipher"]))
    for algorithm, make in (("EdDSA", _new_ed25519), ("SM2", _new_sm2)):
        if algorithm not in found:
            private_pem, public_pem = make()
            public = PublicKey(kid=key_id(public_pem), algorithm=algorithm, public_pem=public_pem)
            await tx.execute(
                "INSERT INTO evidence_key (kid, algorithm, public_pem, private_cipher, created_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                public.kid,
                algorithm,
                public_pem,
                vault.current().encrypt(private_pem),
                now,
            )
            found[algorithm] = _SIGNERS[algorithm](public, private_pem)
    return [found[algorithm] for algorithm in sorted(found)]


def _new_ed25519() -> tuple[str, str]:
    return _pems(Ed25519PrivateKey.generate(), serialization)


def _new_sm2() -> tuple[str, str]:
    return _pems(tongsuo_ec.generate_private_key(tongsuo_ec.SM2()), tongsuo_serialization)


def _pems(private: Any, library: Any) -> tuple[str, str]:
    """Of one key, both halves; the two libraries spell it the same way."""
    private_pem = private.private_bytes(library.Encoding.PEM, library.PrivateFormat.PKCS8, library.NoEncryption())
    public_pem = private.public_key().public_bytes(library.Encoding.PEM, library.PublicFormat.SubjectPublicKeyInfo)
    return private_pem.decode(), public_pem.decode()
