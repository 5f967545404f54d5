"""Mobile numbers: how people write them, and where they are at home.

A number's home region does not change when it is carried to another operator (携号转网 stays within a province), so the
region routes and the operator does not. The table is the library `phone` (which ends with the ranges of its release)
with our own ranges before it; the longest prefix wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import phone

Region = Literal["beijing", "elsewhere", "unknown"]
REGION_NAMES: Mapping[Region, str] = {"beijing": "北京", "elsewhere": "京外", "unknown": "未知号段"}

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_SEPARATORS = re.compile(r"[ \t\u00a0\u3000-]")
_PREFIX = re.compile(r"1[0-9]{2,6}")
PREFIX_DIGITS_MAX = 7


def normal_mobile(written: str) -> str | None:
    """The eleven digits of a mainland mobile; None when it is none. Blanks, hyphens and the country's code in front
    are how people write numbers; letters and anything else are mistakes."""
    digits = _SEPARATORS.sub("", written)
    for code in ("+86", "0086"):
        digits = digits.removeprefix(code)
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    return digits if _MOBILE.fullmatch(digits) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One of our own ranges: three to seven digits in front."""

    prefix: str
    region: Literal["beijing", "elsewhere"]
    place: str

    def __post_init__(self) -> None:
        assert _PREFIX.fullmatch(self.prefix), "a range has three to seven digits"


class Ranges:
    """The table as it stands. `own` come first."""

    def __init__(self, own: Mapping[str, Range] | None = None) -> None:
        self._own = dict(own or {})

    def __len__(self) -> int:
        return len(self._own)

    def region_of(self, mobile: str) -> Region:
        for digits in range(PREFIX_DIGITS_MAX, 2, -1):
            found = self._own.get(mobile[:digits])
            if found is not None:
                return found.region
        return _seeded(mobile[:PREFIX_DIGITS_MAX])


@cache
def _table() -> phone.Phone:
    return phone.Phone()


@cache
def _seeded(prefix: str) -> Region:
    """By the library's table; fewer than half a million prefixes exist, and a day sees few of them."""
    found = _table().find(prefix)
    if not found:
        return "unknown"
    return "beijing" if found["province"] == "北京" else "elsewhere"
