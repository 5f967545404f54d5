"""联系函编号: six digits of the centre's code, two of the year, month and day each, a sequence of four. Pure."""

from __future__ import annotations

import re
from datetime import date

from domain.kernel.dates import YearMonth

SEQUENCE_MAX = 9_999
_LETTER = re.compile(r"[0-9]{16}")


def letter_no(*, centre_code: str, day: date, sequence: int) -> str:
    assert 1 <= sequence <= SEQUENCE_MAX, f"letter sequence {sequence}"
    return f"{centre_code[:6]}{day:%y%m%d}{sequence:04d}"


def is_letter_no(text: str) -> bool:
    """Sixteen digits with a day that exists."""
    if _LETTER.fullmatch(text) is None:
        return False
    try:
        date(2000 + int(text[6:8]), int(text[8:10]), int(text[10:12]))
    except ValueError:
        return False
    return int(text[12:]) >= 1


def remark_of(letter: str) -> str:
    """What the paying centre writes into the bank's remark, so that the other one knows the money."""
    return f"#{letter}#"


def month_text(month: YearMonth | None) -> str:
    """`202611`, empty for none: how the platform's messages write months."""
    return "" if month is None else f"{month.period}"
