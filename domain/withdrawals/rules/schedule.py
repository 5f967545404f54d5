"""When an agreed withdrawal is paid. Pure."""

from __future__ import annotations

from datetime import date

from domain.kernel.dates import YearMonth

DAY_MAX = 28
"""Every month has it."""


def paid_through(from_month: YearMonth, *, months: int) -> YearMonth:
    """The last month that a payment beginning in `from_month` covers."""
    return from_month.plus(months=months - 1)


def next_due(month: YearMonth, *, day: int) -> date:
    """The day of the month on which the first payment was made, the 28th at the latest."""
    return date(month.year, month.month, min(day, DAY_MAX))
