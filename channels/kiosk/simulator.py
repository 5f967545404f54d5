"""A kiosk for this machine: its key, its counter and its card reader, each of which can be told to misbehave."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.api_jws import PyJWS

Key = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(slots=True, kw_only=True)
class SimulatedKiosk:
    """`key` is made on the device and stays there; `reader_key` is of the reader's security module."""

    device_no: str
    clock: Callable[[], datetime]
    key: Key = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    reader_key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)
    counter: int = 0

    @property
    def public_pem(self) -> str:
        return _public(self.key)

    @property
    def reader_pem(self) -> str:
        return _public(self.reader_key)

    def proof(self, code: str) -> str:
        """That the device holds the key which it enrols."""
        return _signed(self.key, {"device": self.device_no, "code": code})

    def card(self, *, number: str, name: str, challenge: str, **wrong: Any) -> str:
        """The reader's answer about a card and the person in front of it."""
        told = {
            "challenge": challenge,
            "type": "01",
            "number": number,
            "name": name,
            "validUntil": "长期",
            "holder": True,
            "readAt": self.clock().isoformat(),
        }
        return _signed(self.reader_key, {**told, **wrong})

    def assertion(self, *, challenge: str, reading: str, **wrong: Any) -> str:
        """Uses up the next number."""
        self.counter += 1
        told = {"device": self.device_no, "challenge": challenge, "counter": self.counter, "reading": reading}
        return _signed(self.key, {**told, **wrong})

    def copied(self) -> SimulatedKiosk:
        """Somebody took a copy of the device's memory, its key with it."""
        return replace(self)


def _public(key: Key) -> str:
    encoded = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode()


def _signed(key: Key, told: dict[str, Any]) -> str:
    algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
    return PyJWS().encode(json.dumps(told).encode(), key, algorithm=algorithm)
