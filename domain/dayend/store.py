"""The day-end's rows: what the engine reads and marks. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.dayend.ports import Partition
from domain.dayend.schedule import Begun
from domain.dayend.steps import Step
from domain.kernel import database
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import new_id


class LeaseLost(Exception):
    """Another runner has taken over: this one must not take anything more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    name: str
    title: str
    subject: str
    on_failure: str
    state: str
    planned: bool

    @property
    def over(self) -> bool:
        return self.state in ("done", "done_with_exceptions")


async def check_lease(tx: Transaction, *, epoch: int) -> None:
    if await tx.value("SELECT 1 FROM day_end_lease WHERE epoch = $1 AND released_at IS NULL", epoch) is None:
        raise LeaseLost


async def begun(using: Executor) -> Begun:
    row = await using.row(
        "SELECT max(business_date) FILTER (WHERE finished_at IS NOT NULL) AS finished,"
        " min(business_date) FILTER (WHERE finished_at IS NULL) AS unfinished FROM day_end_run"
    )
    assert row is not None
    return Begun(finished_through=row["finished"], unfinished=row["unfinished"])


async def confirmed_through(using: Executor) -> date | None:
    found: date | None = await using.value("SELECT max(through) FROM day_end_confirmation")
    return found


async def open_run(tx: Transaction, *, business_date: date, runner: str, now: datetime, steps: Sequence[Step]) -> int:
    """The date's row and its steps, made at the first start. Returns how many starts it has had with this one, 0
    when the date is finished and stays as it is."""
    starts: int | None = await tx.value(
        "INSERT INTO day_end_run (business_date, state, starts, runner, started_at) VALUES ($1, 'running', 1, $2, $3)"
        " ON CONFLICT (business_date) DO UPDATE SET state = 'running', stop_reason = '', runner = EXCLUDED.runner,"
        " starts = day_end_run.starts + 1 WHERE day_end_run.finished_at IS NULL RETURNING starts",
        business_date,
        runner,
        now,
    )
    if starts == 1:
        for position, step in enumerate(steps, start=1):
            await tx.execute(
                "INSERT INTO day_end_step (business_date, name, position, title, owner, subject, on_failure, state)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting')",
                business_date,
                step.name,
                position,
                step.title,
                step.owner,
                step.subject,
                step.on_failure,
            )
    return starts or 0


async def steps_of(using: Executor, *, business_date: date) -> list[StepRow]:
    rows = await using.rows(
        "SELECT name, title, subject, on_failure, state, planned_at FROM day_end_step WHERE business_date = $1"
        " ORDER BY position",
        business_date,
    )
    return [
        StepRow(
            name=row["name"],
            title=row["title"],
            subject=row["subject"],
            on_failure=row["on_failure"],
            state=row["state"],
            planned=row["planned_at"] is not None,
        )
        for row in rows
    ]


async def begin_step(tx: Transaction, *, business_date: date, step: str, now: datetime) -> None:
    await tx.execute(
        "UPDATE day_end_step SET state = 'running', started_at = coalesce(started_at, $3)"
        " WHERE business_date = $1 AND name = $2",
        business_date,
        step,
        now,
    )


async def lock_unplanned(tx: Transaction, *, business_date: date, step: str) -> bool:
    found = await tx.value(
        "SELECT 1 FROM day_end_step WHERE business_date = $1 AND name = $2 AND planned_at IS NULL FOR UPDATE",
        business_date,
        step,
    )
    return found is not None


async def keep_plan(
    tx: Transaction,
    *,
    business_date: date,
    step: str,
    ranges: Sequence[Partition],
    left_out: Mapping[int, str],
    now: datetime,
) -> None:
    """The partitions to do, and an exception for each number that is left out of them from the start."""
    await tx.execute(
        "INSERT INTO day_end_partition (business_date, step, lo, hi, no, rows_expected, state)"
        " SELECT $1, $2, l, h, n, r, 'waiting' FROM unnest($3::bigint[], $4::bigint[], $5::int[], $6::bigint[])"
        " AS t (l, h, n, r)",
        business_date,
        step,
        [one.lo for one in ranges],
        [one.hi for one in ranges],
        [one.no for one in ranges],
        [one.rows for one in ranges],
    )
    for number, kind in left_out.items():
        await keep_exception(tx, business_date=business_date, step=step, subject_no=number, error_kind=kind, now=now)
    await tx.execute(
        "UPDATE day_end_step SET planned_at = $3, rows_expected = $4 WHERE business_date = $1 AND name = $2",
        business_date,
        step,
        now,
        sum(one.rows for one in ranges),
    )


async def claim(tx: Transaction, *, business_date: date, step: str, wait: bool) -> Partition | None:
    """Locks one partition that waits, for this transaction; with `wait` also one that somebody else has locked."""
    row = await tx.row(
        "SELECT lo, hi, no, rows_expected FROM day_end_partition"
        " WHERE business_date = $1 AND step = $2 AND state = 'waiting' ORDER BY lo LIMIT 1"
        f" FOR UPDATE{'' if wait else ' SKIP LOCKED'}",
        business_date,
        step,
    )
    return None if row is None else _partition(row)


async def mark_done(
    tx: Transaction, *, business_date: date, step: str, lo: int, rows: int, milliseconds: int, now: datetime
) -> None:
    await tx.execute(
        "UPDATE day_end_partition SET state = 'done', rows_done = $4, milliseconds = $5, ended_at = $6"
        " WHERE business_date = $1 AND step = $2 AND lo = $3",
        business_date,
        step,
        lo,
        rows,
        milliseconds,
        now,
    )


async def lock_again(tx: Transaction, *, business_date: date, step: str, partition: Partition) -> bool:
    """True when the partition still waits as it was; it is locked then."""
    hi = await tx.value(
        "SELECT hi FROM day_end_partition WHERE business_date = $1 AND step = $2 AND lo = $3 AND state = 'waiting'"
        " FOR UPDATE",
        business_date,
        step,
        partition.lo,
    )
    return bool(hi == partition.hi)


async def split(tx: Transaction, *, business_date: date, step: str, into: tuple[Partition, Partition]) -> None:
    lower, upper = into
    await tx.execute(
        "UPDATE day_end_partition SET hi = $4, rows_expected = $5 WHERE business_date = $1 AND step = $2 AND lo = $3",
        business_date,
        step,
        lower.lo,
        lower.hi,
        lower.rows,
    )
    await tx.execute(
        "INSERT INTO day_end_partition (business_date, step, lo, hi, no, rows_expected, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'waiting')",
        business_date,
        step,
        upper.lo,
        upper.hi,
        upper.no,
        upper.rows,
    )


async def mark_excepted(tx: Transaction, *, business_date: date, step: str, lo: int, now: datetime) -> None:
    await tx.execute(
        "UPDATE day_end_partition SET state = 'excepted', ended_at = $4"
        " WHERE business_date = $1 AND step = $2 AND lo = $3",
        business_date,
        step,
        lo,
        now,
    )


async def keep_exception(
    tx: Transaction, *, business_date: date, step: str, subject_no: int, error_kind: str, now: datetime
) -> None:
    """Opens an exception, or opens it again: a single step may fail on every start."""
    await tx.execute(
        "INSERT INTO day_end_exception (exception_id, business_date, step, subject_no, error_kind, state, found_at,"
        " tried_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $6)"
        " ON CONFLICT (business_date, step, subject_no) DO UPDATE SET state = 'open', error_kind = EXCLUDED.error_kind,"
        " tries = day_end_exception.tries + 1, tried_at = EXCLUDED.tried_at, ended_by = NULL, ended_at = NULL,"
        " proposed_by = NULL, proposed_reason = NULL",
        new_id(),
        business_date,
        step,
        subject_no,
        error_kind,
        now,
    )


async def end_exception(
    tx: Transaction, *, business_date: date, step: str, subject_no: int, by: str, now: datetime
) -> None:
    """Marks an open exception as done after all."""
    await tx.execute(
        "UPDATE day_end_exception SET state = 'retried', ended_by = $4, ended_at = $5"
        " WHERE business_date = $1 AND step = $2 AND subject_no = $3 AND state = 'open'",
        business_date,
        step,
        subject_no,
        by,
        now,
    )


async def settled_by_hand(using: Executor, *, business_date: date, step: str, subject_no: int) -> bool:
    """Two persons have said that it was done otherwise."""
    found: bool = await using.value(
        "SELECT EXISTS (SELECT 1 FROM day_end_exception WHERE business_date = $1 AND step = $2 AND subject_no = $3"
        " AND state = 'resolved')",
        business_date,
        step,
        subject_no,
    )
    return found


async def open_exceptions(using: Executor, *, business_date: date, step: str, besides: Iterable[str] = ()) -> int:
    """How many of the step are open, leaving out those of the kinds named."""
    count: int = await using.value(
        "SELECT count(*) FROM day_end_exception WHERE business_date = $1 AND step = $2 AND state = 'open'"
        " AND NOT error_kind = ANY($3::text[])",
        business_date,
        step,
        list(besides),
    )
    return count


async def left_open(
    using: Executor, *, business_date: date, step: str, subject: str, earlier_steps: Iterable[str]
) -> tuple[set[int], set[int]]:
    """Numbers that the step did not get done on earlier dates, and those that steps before it did not today."""
    rows = await using.rows(
        "SELECT e.subject_no, e.business_date FROM day_end_exception e JOIN day_end_step s"
        " ON s.business_date = e.business_date AND s.name = e.step"
        " WHERE e.state = 'open' AND s.subject = $3 AND ((e.step = $2 AND e.business_date < $1)"
        " OR (e.business_date = $1 AND e.step = ANY($4::text[])))",
        business_date,
        step,
        subject,
        list(earlier_steps),
    )
    days = {row["subject_no"] for row in rows if row["business_date"] < business_date}
    return days, {row["subject_no"] for row in rows} - days


async def waiting(using: Executor, *, business_date: date, step: str) -> bool:
    found: bool = await using.value(
        "SELECT EXISTS (SELECT 1 FROM day_end_partition WHERE business_date = $1 AND step = $2 AND state = 'waiting')",
        business_date,
        step,
    )
    return found


async def end_step(
    tx: Transaction, *, business_date: date, step: str, state: str, milliseconds: int, now: datetime
) -> None:
    """`stopped` is no end: the step goes on with the next start."""
    await tx.execute(
        "UPDATE day_end_step SET state = $3, milliseconds = milliseconds + $4,"
        " finished_at = CASE WHEN $3 = 'stopped' THEN NULL ELSE $5::timestamptz END"
        " WHERE business_date = $1 AND name = $2",
        business_date,
        step,
        state,
        milliseconds,
        now,
    )


async def end_run(tx: Transaction, *, business_date: date, state: str, reason: str, now: datetime) -> None:
    await tx.execute(
        "UPDATE day_end_run SET state = $2, stop_reason = $3,"
        " finished_at = CASE WHEN $2 = 'stopped' THEN NULL ELSE $4::timestamptz END WHERE business_date = $1",
        business_date,
        state,
        reason,
        now,
    )


async def settle_states(tx: Transaction, *, business_date: date, step: str) -> None:
    """After an exception has ended: a step and a run whose last one it was are plainly done. The run's row is locked
    first, so that of two that end together the second sees the first."""
    await tx.execute("SELECT 1 FROM day_end_run WHERE business_date = $1 FOR NO KEY UPDATE", business_date)
    await tx.execute(
        "UPDATE day_end_step SET state = 'done' WHERE business_date = $1 AND name = $2"
        " AND state = 'done_with_exceptions' AND NOT EXISTS (SELECT 1 FROM day_end_exception e"
        " WHERE e.business_date = $1 AND e.step = $2 AND e.state = 'open')",
        business_date,
        step,
    )
    await tx.execute(
        "UPDATE day_end_run SET state = 'finished' WHERE business_date = $1 AND state = 'finished_with_exceptions'"
        " AND NOT EXISTS (SELECT 1 FROM day_end_exception e WHERE e.business_date = $1 AND e.state = 'open')",
        business_date,
    )


async def stores_clock() -> datetime:
    """What PostgreSQL takes the time to be."""
    found: datetime = await database.value("SELECT clock_timestamp()")
    return found


def _partition(row: Record) -> Partition:
    return Partition(no=row["no"], lo=row["lo"], hi=row["hi"], rows=row["rows_expected"])
