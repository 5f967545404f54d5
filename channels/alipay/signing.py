"""RSA2 of Alipay's open gateway: SHA256withRSA over the sorted parameters, and over the answer's own text."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

ANSWER_SUFFIX = "_response"


def signed_text(parameters: Mapping[str, str]) -> bytes:
    """What is signed of a request: all parameters but `sign`, those without a value left out, in the order of names."""
    return "&".join(
        f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign" and parameters[name]
    ).encode()


def sign(key: RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, PKCS1v15(), hashes.SHA256())).decode()


def verifies(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def node_text(content: str, name: str) -> str | None:
    """The text of a node of the answer as it was sent, which is what Alipay signs; None when it is not there."""
    marker = f'"{name}":'
    start = content.find(marker)
    if start < 0:
        return None
    start += len(marker)
    while content[start : start + 1].isspace():
        start += 1
    try:
        _, end = json.JSONDecoder().raw_decode(content, start)
    except ValueError:
        return None
    return content[start:end]
