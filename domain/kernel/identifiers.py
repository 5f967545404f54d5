"""Identifiers of the field: checks, masks and numbers made in the application."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from datetime import date
from operator import mul

# 2020-01-01T00:00:00Z; 41 bits of milliseconds from here last until 2089.
_EPOCH_MS = 1_577_836_800_000
_RANDOM_BITS = 22

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ID_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")

REQUEST_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(slots=True)
class _Last:
    milliseconds: int = 0
    low: int = 0


_last = _Last()


def new_id() -> int:
    """A 63-bit number, made without asking the database. It carries its rough time so that indexes stay compact;
    nothing may be ordered by it. Within a millisecond a process counts on from a random start, so its own numbers
    never meet; those of two processes hardly do, and a unique constraint tells."""
    milliseconds = time.time_ns() // 1_000_000 - _EPOCH_MS
    if milliseconds > _last.milliseconds:
        _last.milliseconds, _last.low = milliseconds, secrets.randbits(_RANDOM_BITS)
    else:
        # the same millisecond, or a clock that was set back
        _last.low = (_last.low + 1) % (1 << _RANDOM_BITS)
    return (_last.milliseconds << _RANDOM_BITS) | _last.low


def new_case_no(*, business_date: date, item_code: str) -> str:
    """办件编号: date, item, ten random digits; `20261123C204837205518`. Not guessable, not counted."""
    return f"{business_date:%Y%m%d}{item_code}{secrets.randbelow(10**10):010d}"


def valid_id_card(number: str) -> bool:
    """居民身份证 and the permits of its shape (GB 11643-1999): date of birth and check digit."""
    if _ID_SHAPE.fullmatch(number) is None:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    rest = sum(map(mul, _ID_WEIGHTS, map(int, number[:17]))) % 11
    return number[17] == _ID_CHECKS[rest]


def mask_name(name: str) -> str:
    """张三丰 → 张**."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_id_document(number: str) -> str:
    """Keeps six and four (GB/T 35273-2020 practice); short numbers keep the last two only."""
    if len(number) < 12:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_mobile(number: str) -> str:
    return number[:3] + "****" + number[-4:] if len(number) >= 11 else "*" * len(number)


def mask_card(number: str) -> str:
    return f"{number[:4]} **** **** {number[-4:]}" if len(number) >= 12 else "*" * len(number)
