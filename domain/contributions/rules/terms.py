"""缓缴 and 降低缴存比例: agreed for months that lie ahead, ending in June of the fund year at the latest.

R11.6, 条例第二十条.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.contributions.refusals import (
    RATE_NOT_LOWER,
    RATE_OUTSIDE,
    RATE_STEP,
    TERM_ENDS_LATE,
    TERM_NEEDS_RESOLUTION,
    TERM_OVERLAPS,
    TERM_STARTS_EARLY,
    TERM_TURNED,
)
from domain.contributions.rules.amounts import Limits, percent_text
from domain.contributions.rules.months import fund_year_end
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refusal

TermKind = Literal["deferral", "rate_reduction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Months in which an employer defers or pays a lowered rate, both included."""

    kind: TermKind
    from_month: YearMonth
    until_month: YearMonth

    def covers(self, month: YearMonth) -> bool:
        return self.from_month <= month <= self.until_month


@dataclass(frozen=True, slots=True, kw_only=True)
class TermWanted:
    kind: TermKind
    from_month: YearMonth
    until_month: YearMonth
    rate_bp: int | None
    has_resolution: bool


def judge_term(
    *, wanted: TermWanted, next_due: YearMonth, rate_bp: int, limits: Limits, running: tuple[Term, ...]
) -> list[Refusal]:
    """Everything that stands against it. `next_due` is the first month that is not paid, `rate_bp` the rate in force,
    `limits` those of the first month."""
    found = []
    if wanted.until_month < wanted.from_month:
        found.append(TERM_TURNED())
    if wanted.from_month < next_due:
        found.append(TERM_STARTS_EARLY(month=next_due))
    end = fund_year_end(wanted.from_month)
    if wanted.until_month > end:
        found.append(TERM_ENDS_LATE(month=end))
    if not wanted.has_resolution:
        found.append(TERM_NEEDS_RESOLUTION())
    if any(one.from_month <= wanted.until_month and wanted.from_month <= one.until_month for one in running):
        found.append(TERM_OVERLAPS())
    if wanted.kind == "rate_reduction":
        assert wanted.rate_bp is not None, "a lowered rate has a rate"
        found += judge_rate(rate_bp=wanted.rate_bp, limits=limits)
        if wanted.rate_bp >= rate_bp:
            found.append(RATE_NOT_LOWER(rate=percent_text(rate_bp)))
    return found


def judge_rate(*, rate_bp: int, limits: Limits) -> list[Refusal]:
    """5 % to 12 %, in whole percent (条例第十八条, 建金〔2016〕74号)."""
    if not limits.rate_min <= rate_bp <= limits.rate_max:
        return [RATE_OUTSIDE(least=percent_text(limits.rate_min), most=percent_text(limits.rate_max))]
    if rate_bp % limits.rate_step:
        return [RATE_STEP(step=percent_text(limits.rate_step))]
    return []
