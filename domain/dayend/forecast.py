"""How long the day-end still takes: the measured rate of the step that runs, earlier days for those to come. Pure.

Whole milliseconds throughout. What was never run before is not guessed: it is counted and shown as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from domain.kernel.dates import SHANGHAI

WINDOW_ENDS = time(8, 0)
DURATION_MAX = timedelta(hours=4)
"""Requirement N2: the window ends at 08:00, and at most 4 hours are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeasure:
    """What is known of one step. `busy_milliseconds` adds up its finished partitions, whichever worker did them;
    `usual_milliseconds` is what it took on earlier dates, None when there is none."""

    state: str
    rows_expected: int = 0
    rows_done: int = 0
    partitions: int = 0
    partitions_done: int = 0
    busy_milliseconds: int = 0
    usual_milliseconds: int | None = None

    @property
    def over(self) -> bool:
        return self.state in ("done", "done_with_exceptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`unknown_steps` are not in `remaining_milliseconds`: nobody has measured them yet. `late` and `long` are the
    two promises that would be broken: the window, and the duration."""

    remaining_milliseconds: int
    unknown_steps: int
    ends_at: datetime
    late: bool
    long: bool


def median(values: Iterable[int]) -> int | None:
    """The middle one of the values, the lower of two; None for none."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def remaining(step: StepMeasure, *, workers: int) -> int | None:
    """Milliseconds that the step still takes, None when nothing tells."""
    assert workers > 0, "nobody works"
    if step.over:
        return 0
    left = step.rows_expected - step.rows_done
    if step.busy_milliseconds and step.rows_done and step.rows_expected:
        return max(left, 0) * step.busy_milliseconds // step.rows_done // workers
    if step.busy_milliseconds and step.partitions_done:
        waiting = step.partitions - step.partitions_done
        return waiting * step.busy_milliseconds // step.partitions_done // workers
    return step.usual_milliseconds


def percent_done(step: StepMeasure) -> int:
    """For the progress bar: rows where they are counted, else partitions. A hundred only when it is over."""
    if step.over:
        return 100
    if step.rows_expected:
        return min(99, step.rows_done * 100 // step.rows_expected)
    if step.partitions:
        return min(99, step.partitions_done * 100 // step.partitions)
    return 0


def forecast(
    steps: Sequence[StepMeasure],
    *,
    workers: int,
    began_at: datetime,
    now: datetime,
    days_to_come: int = 0,
    usual_day_milliseconds: int | None = None,
) -> Forecast:
    """When this date and those to come after it will be through. `began_at` is the start of the run, which may have
    several dates before it."""
    each = [remaining(step, workers=workers) for step in steps]
    total = sum(one for one in each if one is not None) + days_to_come * (usual_day_milliseconds or 0)
    ends_at = now + timedelta(milliseconds=total)
    return Forecast(
        remaining_milliseconds=total,
        unknown_steps=sum(one is None for one in each),
        ends_at=ends_at,
        late=_late(began_at=began_at, ends_at=ends_at),
        long=ends_at - began_at > DURATION_MAX,
    )


def _late(*, began_at: datetime, ends_at: datetime) -> bool:
    """Past the end of the window in which it began. A day-end that begins later in the day has missed it already."""
    began = began_at.astimezone(SHANGHAI)
    return ends_at > datetime.combine(began.date(), WINDOW_ENDS, tzinfo=SHANGHAI)
