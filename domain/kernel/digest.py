"""SM3 digests (GB/T 32905) over canonical JSON: the same input always gives the same bytes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from cryptography.hazmat.primitives import hashes

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def sm3_hex(data: bytes) -> str:
    return sm3(data).hex()


def plain(value: Any) -> Any:
    """The value as JSON types: money and dates as text, sets in order. Floats are refused."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Money | YearMonth):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical_json(value: Any) -> bytes:
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def input_hash(value: Any) -> bytes:
    """32 bytes that tell whether a request key came with the same input again."""
    return sm3(canonical_json(value))
