"""Public keys of third parties and the signatures made with them: Ed25519, P-256 and SM2 (GB/T 32918).

PyJWT knows the first two. SM2 comes behind the same interface of its algorithms, from Tongsuo; a certified module
(GM/T 0028) takes its place by offering `Sm2Verifier`.
"""

from __future__ import annotations

from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS
from tongsuopy.crypto import hashes as tongsuo_hashes
from tongsuopy.crypto import serialization as tongsuo_serialization
from tongsuopy.crypto.asymciphers import ec as tongsuo_ec

from domain.kernel.digest import sm3_hex

ALGORITHMS = ("EdDSA", "ES256", "SM2")
_PEM_CHARS_MAX = 2000


class Sm2Verifier(Protocol):
    def holds(self, *, public_pem: str, message: bytes, signature: bytes) -> bool:
        """`signature` is r and s, 32 bytes each; the signer's identifier is that of GB/T 35276, 1234567812345678."""
        ...

    def is_key(self, *, public_pem: str) -> bool: ...


class TongsuoSm2:
    """By the library Tongsuo."""

    def holds(self, *, public_pem: str, message: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        key = tongsuo_serialization.load_pem_public_key(public_pem.encode())
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            key.verify(encode_dss_signature(r, s), message, tongsuo_ec.ECDSA(tongsuo_hashes.SM3()))
        except Exception:  # the library raises its own kinds for signatures that are no numbers of the curve
            return False
        return True

    def is_key(self, *, public_pem: str) -> bool:
        try:
            key = tongsuo_serialization.load_pem_public_key(public_pem.encode())
        except Exception:
            return False
        return isinstance(getattr(key, "curve", None), tongsuo_ec.SM2)


SM2: Sm2Verifier = TongsuoSm2()


class _Sm2Algorithm(Algorithm):
    """SM2 with SM3 as an algorithm of JWS; its name is ours, none is registered."""

    def prepare_key(self, key: Any) -> Any:
        return key

    def sign(self, msg: bytes, key: Any) -> bytes:
        raise NotImplementedError("we verify what others signed")

    def verify(self, msg: bytes, key: Any, sig: bytes) -> bool:
        return SM2.holds(public_pem=key, message=msg, signature=sig)

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> Any:
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: Any) -> Any:
        raise NotImplementedError


def _jws() -> PyJWS:
    made = PyJWS(algorithms=["EdDSA", "ES256"])
    made.register_algorithm("SM2", _Sm2Algorithm())
    return made


JWS = _jws()


def algorithm_of(public_pem: str) -> str | None:
    """Which of ours a public key is for; None for every other text."""
    if len(public_pem) > _PEM_CHARS_MAX or not public_pem.isascii():
        return None
    # cryptography knows no SM2 curve, Tongsuo no Ed25519
    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except Exception:
        return "SM2" if SM2.is_key(public_pem=public_pem) else None
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ES256"
    return None


def canonical_pem(public_pem: str) -> str:
    """The same key always in the same text, so that it has one identifier."""
    body = "".join(line.strip() for line in public_pem.strip().splitlines() if "-----" not in line)
    lines = [body[place : place + 64] for place in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def key_id(public_pem: str) -> str:
    return sm3_hex(canonical_pem(public_pem).encode())[:32]
