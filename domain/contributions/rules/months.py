"""Months of contribution: the fund year, the month that comes next, and months that may not be skipped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from domain.kernel.dates import YearMonth

FUND_YEAR_END_MONTH = 6
"""30 June ends the fund year (条例; the same day on which interest is settled)."""


def fund_year_of(month: YearMonth) -> int:
    """The year in which the fund year began: 2026 for 2026-07 to 2027-06."""
    return month.year if month.month > FUND_YEAR_END_MONTH else month.year - 1


def fund_year_end(month: YearMonth) -> YearMonth:
    """June of the month's fund year: deferral and lowered rate end there at the latest (R11.6)."""
    return YearMonth(fund_year_of(month) + 1, FUND_YEAR_END_MONTH)


def next_month(*, first: YearMonth, paid_through: YearMonth | None, deferred: Iterable[YearMonth]) -> YearMonth:
    """The month that is remitted next: the one after 缴至年月, or the first; deferred months are passed over, no other
    is (汇缴业务缴款不允许间隔选择汇缴月份, R01.9)."""
    passed = set(deferred)
    month = first if paid_through is None else paid_through.plus(months=1)
    while month in passed:
        month = month.plus(months=1)
    return month


def months_from(start: YearMonth, until: YearMonth) -> list[YearMonth]:
    """Every month from start to until, both included; none when until lies before."""
    months = []
    while start <= until:
        months.append(start)
        start = start.plus(months=1)
    return months


def due_on(month: YearMonth, *, pay_day: int, days: int) -> date:
    """The last day to remit a month: so many days after its pay day (条例第十九条). A pay day that the month has not is
    its last day."""
    paid = month.first_day.replace(day=min(pay_day, month.last_day.day))
    return paid + timedelta(days=days)
