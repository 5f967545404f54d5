"""Which carrier a message goes to: a pure function of what recently happened with each.

A carrier is avoided only when enough messages show it (a minimum sample), so that one failure cuts nobody
off; and only for a guard time after its last failure, so that it gets another chance by itself. Counts are
compared as whole numbers. Cost, delay and shares come with the SMS area's own issue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SAMPLE_MIN = 10
ERROR_PERCENT_MAX = 30
WINDOW = timedelta(minutes=5)
GUARD = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentOutcome:
    """One submission. `failed` means that the carrier is to blame: no clear answer, or refused for its own
    reasons."""

    carrier: str
    at: datetime
    failed: bool


def choose(
    *,
    carriers: Sequence[str],
    window: Sequence[RecentOutcome],
    now: datetime,
    avoid: frozenset[str] = frozenset(),
) -> str:
    """The first carrier in order of preference that is fit; when none is, the one with the fewest failures in
    a hundred. `avoid` are carriers that just refused this message: taken only when there is no other at
    all."""
    assert carriers, "there is no carrier to choose from"
    candidates = [name for name in carriers if name not in avoid] or list(carriers)
    records = {name: _record(name=name, window=window, now=now) for name in candidates}
    fit = [name for name in candidates if not records[name].is_failing(now=now)]
    if fit:
        return fit[0]
    return min(candidates, key=lambda name: records[name].error_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    total: int
    failed: int
    last_failure: datetime | None

    @property
    def error_percent(self) -> int:
        return self.failed * 100 // self.total if self.total else 0

    def is_failing(self, *, now: datetime) -> bool:
        if self.last_failure is None or self.total < SAMPLE_MIN:
            return False
        return self.failed * 100 > ERROR_PERCENT_MAX * self.total and now - self.last_failure < GUARD


def _record(*, name: str, window: Sequence[RecentOutcome], now: datetime) -> _Record:
    recent = [seen for seen in window if seen.carrier == name and now - WINDOW < seen.at <= now]
    failures = [seen.at for seen in recent if seen.failed]
    return _Record(total=len(recent), failed=len(failures), last_failure=max(failures, default=None))
