"""The centre's press by settings: the key and certificate of its seal, or a test seal of this installation."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.seal import PdfSeal
from domain.archives import Press
from ops.settings import Settings

TEST_ISSUER = "北京住房公积金管理中心（测试印章）"
_FROM, _UNTIL = datetime(2020, 1, 1), datetime(2050, 1, 1)  # noqa: DTZ001 - X.509 takes UTC without saying so


def press_of(settings: Settings) -> Press:
    verify_url = f"{settings.public_url}/verify"
    key = settings.seal_key.get_secret_value()
    if key:
        return PdfSeal(key=key.encode(), certificates=settings.seal_certificate.encode(), verify_url=verify_url)
    key_bytes, certificate = _test_seal(settings.master_key_bytes)
    return PdfSeal(key=key_bytes, certificates=certificate, verify_url=verify_url)


def _test_seal(master_key: bytes) -> tuple[bytes, bytes]:
    """The same key in every process of an installation, without a file; what it signs says that it is a test."""
    code = hmac.HMAC(master_key, hashes.SHA256())
    code.update(b"hpf/test-seal")
    # one less bit than the group's order has, so that it is always a key
    key = ec.derive_private_key(int.from_bytes(code.finalize(), "big") >> 1 | 1, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TEST_ISSUER)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(_signs_only(), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret, certificate.public_bytes(serialization.Encoding.PEM)


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
