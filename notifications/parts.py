"""Length of an SMS in UCS-2 as carriers bill it (CMPP: 140 bytes, 6 of them for the header of a part)."""

from __future__ import annotations

SINGLE_UNITS_MAX = 70
PART_UNITS_MAX = 67


def units_of(text: str) -> int:
    """UTF-16 code units; a character outside the basic plane is two."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def split_parts(text: str) -> list[str]:
    """The text as it travels: one part up to 70 units, else parts of at most 67, with no surrogate pair
    split. A text with pairs may therefore need one part more than ceil(n/67). Raises ValueError for an empty
    text."""
    if not text:
        raise ValueError("an SMS has a text")
    if units_of(text) <= SINGLE_UNITS_MAX:
        return [text]
    parts: list[str] = []
    current: list[str] = []
    filled = 0
    for character in text:
        units = units_of(character)
        if filled + units > PART_UNITS_MAX:
            parts.append("".join(current))
            current, filled = [], 0
        current.append(character)
        filled += units
    parts.append("".join(current))
    return parts


def count_parts(text: str) -> int:
    """What is billed: 1 up to 70 units, else the number of parts."""
    return len(split_parts(text))
