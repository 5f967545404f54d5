"""Which dates a day-end has to do, and when a clock that jumped speaks against it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.dayend.refusals import CLOCK_BEHIND, CLOCKS_DIFFER, DAY_NOT_OVER, JUMP_UNCONFIRMED
from domain.kernel.refusal import Refusal

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the books of the day-end say: the last date that is finished, and one that was begun and is not."""

    finished_through: date | None
    unfinished: date | None

    @property
    def last(self) -> date | None:
        return self.unfinished or self.finished_through


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The dates to do, oldest first; none where there is a refusal. `jump` holds the first and last date that wait
    for somebody's word."""

    days: tuple[date, ...] = ()
    refusal: Refusal | None = None
    jump: tuple[date, date] | None = None


def plan_days(
    *,
    begun: Begun,
    today: date,
    days_max: int,
    through: date | None = None,
    confirmed_through: date | None = None,
) -> Plan:
    """From the first date without a finished day-end to yesterday, or to `through`. A house without any day-end
    begins with yesterday: what lay before it was closed elsewhere.

    More than `days_max` dates at once look like a clock that was put forward; they need a confirmation, and then run
    no further than what was confirmed."""
    yesterday = today - _DAY
    if begun.last is not None and today <= begun.last:
        return Plan(refusal=CLOCK_BEHIND(today=today, last=begun.last))
    if through is not None and through > yesterday:
        return Plan(refusal=DAY_NOT_OVER(day=through, latest=yesterday))
    first = begun.unfinished or (begun.finished_through + _DAY if begun.finished_through else yesterday)
    last = min(yesterday, through or yesterday)
    count = (yesterday - first).days + 1
    if count > days_max:
        if confirmed_through is None or confirmed_through < first:
            refusal = JUMP_UNCONFIRMED(first=first, last=yesterday, days=count, most=days_max)
            return Plan(refusal=refusal, jump=(first, yesterday))
        last = min(last, confirmed_through)
    return Plan(days=tuple(first + n * _DAY for n in range((last - first).days + 1)))


def clocks_agree(*, ours: datetime, stores: datetime, most: timedelta) -> Refusal | None:
    """Two clocks that differ by more than `most` say different business dates sooner or later."""
    apart = abs(ours - stores)
    return CLOCKS_DIFFER(seconds=int(apart.total_seconds())) if apart > most else None
