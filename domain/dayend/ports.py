"""What the engine is given: the work of each step, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from domain.kernel.database import Executor, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The numbers from `lo` to `hi`, both included. `rows` is how many of them there are, for the progress bar; 0
    where counting would cost more than it tells."""

    no: int
    lo: int
    hi: int
    rows: int = 0


@runtime_checkable
class StepWork(Protocol):
    """A step over numbered rows. The engine may cut a partition in two at any number, down to a single one, to find
    the row that fails; nothing else is asked of the work for it."""

    async def partitions(self, using: Executor, *, business_date: date) -> Sequence[Partition]:
        """Disjoint ranges that cover what the date has to do. Asked once a date; the answer is kept."""
        ...

    async def run(self, tx: Transaction, *, partition: Partition, business_date: date, now: datetime) -> int:
        """Does the whole partition in the given transaction and returns the number of rows done. Opens no
        transaction of its own, waits for no partner, and keeps each statement below the store's limit of 30
        seconds. What it raises undoes the partition."""
        ...


@runtime_checkable
class WholeWork(Protocol):
    """A step in one piece that manages its own transactions. It may be cut off anywhere and is then called again
    for the same date: it must find what it has done already."""

    async def run_whole(self, *, business_date: date, now: datetime) -> int:
        """Returns the number of rows done. Raises StepFailed, or whatever goes wrong."""
        ...


Work = StepWork | WholeWork


class StepFailed(Exception):
    """A step's own finding that it cannot be done. `kind` is a short code or Chinese phrase for staff, without
    personal data."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Timekeeper(Protocol):
    """The clock on the wall, a stopwatch that nobody can set, and waiting. Only `ops` has a real one."""

    def now(self) -> datetime: ...

    def milliseconds(self) -> int:
        """Since some moment in the past; never goes back."""
        ...

    async def pause(self, *, milliseconds: int) -> None: ...
