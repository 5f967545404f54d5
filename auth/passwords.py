"""Passwords of staff: Argon2id (RFC 9106), rules of strength, and the one-time code of RFC 6238."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import string
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auth.refusals import PASSWORD_CLASSES, PASSWORD_LENGTH, PASSWORD_NAMED
from domain.kernel.refusal import Refusal

CHARS_MIN = 12
CHARS_MAX = 128
CLASSES_MIN = 3
STEP_SECONDS = 30
STEPS_AROUND = 1

# RFC 9106's second choice: 64 MiB and three passes.
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
_dummy_hash: list[str] = []


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(_hasher.hash, password)


async def password_matches(*, password_hash: str | None, password: str) -> bool:
    """False for an unknown person too (`password_hash` None) and for one who never set a password, after the same
    work as for others."""
    if not _dummy_hash:
        _dummy_hash.append(await hash_password(secrets.token_urlsafe(16)))
    usable = password_hash is not None and password_hash.startswith("$argon2")
    matches = await asyncio.to_thread(
        _verify, password_hash if usable and password_hash else _dummy_hash[0], password[: CHARS_MAX + 1]
    )
    return matches and usable


def weaknesses(*, password: str, login: str, name: str) -> list[Refusal]:
    """Every rule that the password breaks (GB/T 22239-2019, 8.1.4.1: complexity)."""
    found = []
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        found.append(PASSWORD_LENGTH(least=CHARS_MIN, most=CHARS_MAX))
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    present = sum(any(char in kind for char in password) for kind in classes)
    present += any(char not in "".join(classes) for char in password)
    if present < CLASSES_MIN:
        found.append(PASSWORD_CLASSES())
    folded = password.casefold()
    if login.casefold() in folded or name.casefold() in folded:
        found.append(PASSWORD_NAMED())
    return found


def new_totp_secret() -> str:
    """160 bits in Base32, as RFC 4226 recommends."""
    return pyotp.random_base32(32)


def provisioning_uri(*, totp_secret: str, login: str, issuer: str) -> str:
    """The `otpauth:` address that an authenticator reads as a QR code."""
    return pyotp.TOTP(totp_secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of_code(*, totp_secret: str, code: str, now: datetime) -> int | None:
    """The time step that the six digits belong to: this one, the one before or the one after; None for
    others."""
    generator = pyotp.TOTP(totp_secret, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    given = code.encode()
    matching = None
    for step in range(current - STEPS_AROUND, current + STEPS_AROUND + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), given):
            matching = step
    return matching


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
