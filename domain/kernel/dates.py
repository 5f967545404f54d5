"""Calendar of the business: months, the fund year, and the business date of an instant in Beijing."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_YEAR_MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class YearMonth:
    """A calendar month, as in 缴至年月; ordered, printed `2026-11`, stored as the integer 202611."""

    year: int
    month: int

    def __post_init__(self) -> None:
        assert 1 <= self.month <= 12, f"month {self.month}"

    @classmethod
    def of(cls, day: date) -> YearMonth:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> YearMonth:
        """Raises ValueError unless the text is `YYYY-MM`."""
        found = _YEAR_MONTH.fullmatch(text)
        if found is None:
            raise ValueError(f"not a month like 2026-11: {text!r}")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of_period(cls, period: int) -> YearMonth:
        return cls(period // 100, period % 100)

    def plus(self, *, months: int) -> YearMonth:
        index = self.year * 12 + self.month - 1 + months
        return YearMonth(index // 12, index % 12 + 1)

    def minus(self, *, months: int) -> YearMonth:
        return self.plus(months=-months)

    @property
    def period(self) -> int:
        return self.year * 100 + self.month

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def months_between(start: YearMonth, end: YearMonth) -> int:
    """Months from start to end; negative if end lies before."""
    return (end.year - start.year) * 12 + end.month - start.month


def business_date_of(now: datetime) -> date:
    """The date in Beijing of an instant. `now` must carry its offset."""
    assert now.tzinfo is not None, "an instant without offset has no business date"
    return now.astimezone(SHANGHAI).date()
