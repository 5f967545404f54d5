"""The runner of a day-end: the steps of a date in order, their partitions by several workers at once.

A partition's effect and its mark are one transaction, so a runner that is killed leaves nothing half done, and two
runners that overlap for a moment do nothing twice: each locks the partition that it works on. A partition that fails
is cut in two, each half commits by itself, until a single number is left; that one becomes an exception and the rest
goes on. Who holds the day-end is `ops.dayend`'s affair; here every transaction looks whether that is still us.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from asyncpg.exceptions import LockNotAvailableError

from domain.dayend import store
from domain.dayend.isolation import (
    CARRIED,
    EARLIER_DAY,
    EARLIER_STEP,
    carve,
    check_ranges,
    halves,
    kind_of,
    passes_by_itself,
)
from domain.dayend.ports import Partition, StepWork, Timekeeper, WholeWork, Work
from domain.dayend.refusals import CLOCK_JUMPED, STEP_UNBOUND
from domain.dayend.steps import Step, before, due_on
from domain.dayend.store import LeaseLost, StepRow
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction, transaction
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused
from domain.policy import WorkCalendar

T = TypeVar("T")

WHOLE = 0
"""The number under which a single step's failure is kept."""

_STATE = "SELECT state FROM day_end_run WHERE business_date = $1"
_LOCK_TIMEOUT = "5s"
_AWAY_MAX = 3
_TRIES_MAX = 3


class _Stopped(Exception):
    """The run cannot go on without people. `reason` is a code of `STOP_REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


STOP_REASONS: Mapping[str, str] = {
    "exceptions": "该步骤有未处理的异常，须全部重试成功或人工了结后才能继续",
    "too_many_exceptions": "异常数量超过上限，多半是步骤本身的问题，请先排查原因",
    "step_failed": "该步骤执行失败",
    "bug": "程序出错，请联系运维人员查看日志",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a runner needs. `workers` partitions are worked on at once; a step with more than `exceptions_max`
    failures of its own stops the run, because then the fault is hardly the accounts'; two business dates are not run
    across a clock that moved by more than `clock_drift_max` against the stopwatch."""

    steps: Mapping[str, Step]
    works: Mapping[str, Work]
    calendar: WorkCalendar
    time: Timekeeper
    workers: int = 2
    exceptions_max: int = 100
    clock_drift_max: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        assert self.workers > 0 and self.exceptions_max > 0
        assert self.steps.keys() == self.works.keys(), "every declared step has its work, and no work is undeclared"
        for name, step in self.steps.items():
            wanted = StepWork if step.partitioned else WholeWork
            assert isinstance(self.works[name], wanted), f"the work of {name} is no {wanted.__name__}"

    async def run(self, *, days: Sequence[date], epoch: int, runner: str) -> str:
        """Runs the dates in order; a date that stops keeps those after it waiting. Returns the last date's state.

        Raises Refused when a date needs a step that is not bound, or the clock has jumped between two dates,
        StoreUnavailable and LeaseLost when it must be left to the next start."""
        assert days, "no date to run"
        now, stopwatch = self.time.now(), self.time.milliseconds()
        state = ""
        for day in days:
            passed = timedelta(milliseconds=self.time.milliseconds() - stopwatch)
            drift = abs((self.time.now() - now) - passed)
            if drift > self.clock_drift_max:
                raise Refused(CLOCK_JUMPED(seconds=int(drift.total_seconds())))
            state = await _Day(engine=self, business_date=day, epoch=epoch, runner=runner).run()
            if state == "stopped":
                break
        return state


@dataclass(slots=True, kw_only=True)
class _Day:
    """One business date in the hands of one runner."""

    engine: Engine
    business_date: date
    epoch: int
    runner: str
    # How often a partition, by its lowest number, met trouble that may pass.
    met: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def run(self) -> str:
        rows = await self._patiently(self._open)
        if rows is None:
            return str(await database.value(_STATE, self.business_date))
        try:
            for row in rows:
                if not row.over:
                    await self._step(row)
        except _Stopped as stopped:
            await self._end("stopped", reason=stopped.reason)
            return "stopped"
        except (StoreUnavailable, LeaseLost):
            raise
        except Exception:
            # a step that cannot even be planned, or a mistake of ours: trying again by itself would not help
            await self._end("stopped", reason="bug")
            raise
        left = await database.value(
            "SELECT count(*) FROM day_end_exception WHERE business_date = $1 AND state = 'open'", self.business_date
        )
        state = "finished_with_exceptions" if left else "finished"
        await self._end(state, reason="")
        return state

    async def _open(self) -> list[StepRow] | None:
        """The steps of the date; None when it is finished already."""
        engine, now = self.engine, self.engine.time.now()
        due = [
            step
            for step in engine.steps.values()
            if due_on(step, business_date=self.business_date, calendar=engine.calendar)
        ]
        async with transaction() as tx:
            await store.check_lease(tx, epoch=self.epoch)
            starts = await store.open_run(tx, business_date=self.business_date, runner=self.runner, now=now, steps=due)
            if not starts:
                return None
            rows = await store.steps_of(tx, business_date=self.business_date)
            for row in rows:
                if not row.over and row.name not in engine.works:
                    raise Refused(STEP_UNBOUND(day=self.business_date, title=row.title))
            await self._audit(tx, "started" if starts == 1 else "resumed", starts=starts, runner=self.runner)
        return rows

    async def _step(self, row: StepRow) -> None:
        work = self.engine.works[row.name]
        began = self.engine.time.milliseconds()
        try:
            await self._patiently(lambda: self._begin(row))
            if isinstance(work, StepWork):
                await self._partitioned(row, work)
            else:
                await self._whole(row, work)
        except _Stopped:
            await self._end_step(row, "stopped", began=began)
            raise
        left = await store.open_exceptions(database.pool, business_date=self.business_date, step=row.name)
        if left and row.on_failure == "stop":
            await self._end_step(row, "stopped", began=began)
            raise _Stopped("exceptions")
        await self._end_step(row, "done_with_exceptions" if left else "done", began=began)

    async def _begin(self, row: StepRow) -> None:
        async with transaction() as tx:
            await store.check_lease(tx, epoch=self.epoch)
            await store.begin_step(tx, business_date=self.business_date, step=row.name, now=self.engine.time.now())

    async def _end_step(self, row: StepRow, state: str, *, began: int) -> None:
        async def end() -> None:
            async with transaction() as tx:
                await store.check_lease(tx, epoch=self.epoch)
                await store.end_step(
                    tx,
                    business_date=self.business_date,
                    step=row.name,
                    state=state,
                    milliseconds=self.engine.time.milliseconds() - began,
                    now=self.engine.time.now(),
                )

        await self._patiently(end)

    async def _end(self, state: str, *, reason: str) -> None:
        async def end() -> None:
            async with transaction() as tx:
                await store.check_lease(tx, epoch=self.epoch)
                await store.end_run(
                    tx, business_date=self.business_date, state=state, reason=reason, now=self.engine.time.now()
                )
                await self._audit(tx, "stopped" if state == "stopped" else "finished", state=state, reason=reason)

        await self._patiently(end)

    # --- a step over partitions

    async def _partitioned(self, row: StepRow, work: StepWork) -> None:
        if not row.planned:
            await self._patiently(lambda: self._plan(row, work))
        while await store.waiting(database.pool, business_date=self.business_date, step=row.name):
            await self._together(lambda: self._work(row, work))
            # What still waits is held by a runner that has just died and whose statement is not over yet.
            await self._patiently(lambda: self._take(row, work, wait=True))

    async def _plan(self, row: StepRow, work: StepWork) -> None:
        day, step = self.business_date, self.engine.steps[row.name]
        async with transaction() as tx:
            await store.check_lease(tx, epoch=self.epoch)
            if not await store.lock_unplanned(tx, business_date=day, step=row.name):
                return
            ranges = await work.partitions(tx, business_date=day)
            check_ranges(ranges, step=row.name, business_date=day)
            days, steps = await store.left_open(
                tx,
                business_date=day,
                step=row.name,
                subject=row.subject,
                earlier_steps=before(step, steps=self.engine.steps),
            )
            kinds = {**dict.fromkeys(sorted(steps), EARLIER_STEP), **dict.fromkeys(sorted(days), EARLIER_DAY)}
            inside = {n: kind for n, kind in kinds.items() if any(one.lo <= n <= one.hi for one in ranges)}
            await store.keep_plan(
                tx,
                business_date=day,
                step=row.name,
                ranges=carve(ranges, without=inside),
                left_out=inside,
                now=self.engine.time.now(),
            )

    async def _together(self, work: Callable[[], Awaitable[None]]) -> None:
        """Several workers at once. When one cannot go on the others are called off, and what stopped it is told."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.engine.workers):
                    group.create_task(_task(work))
        except BaseExceptionGroup as several:
            raise _first(several) from None

    async def _work(self, row: StepRow, work: StepWork) -> None:
        while await self._patiently(lambda: self._take(row, work, wait=False)):
            pass

    async def _take(self, row: StepRow, work: StepWork, *, wait: bool) -> bool:
        """Does one partition, or finds out what is wrong with it. False when there is none to take."""
        time, partition = self.engine.time, None
        try:
            async with transaction() as tx:
                await tx.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
                await store.check_lease(tx, epoch=self.epoch)
                partition = await store.claim(tx, business_date=self.business_date, step=row.name, wait=wait)
                if partition is None:
                    return False
                began = time.milliseconds()
                rows = await work.run(tx, partition=partition, business_date=self.business_date, now=time.now())
                await store.mark_done(
                    tx,
                    business_date=self.business_date,
                    step=row.name,
                    lo=partition.lo,
                    rows=rows,
                    milliseconds=time.milliseconds() - began,
                    now=time.now(),
                )
        except (LeaseLost, LockNotAvailableError) as error:
            if partition is None and isinstance(error, LockNotAvailableError):
                return False
            if partition is None or isinstance(error, LeaseLost):
                raise
            await self._failed(row, partition, error)
        except Exception as error:
            if partition is None:
                raise
            await self._failed(row, partition, error)
        return True

    async def _failed(self, row: StepRow, partition: Partition, error: Exception) -> None:
        """Everything of the partition is rolled back. Trouble that may pass is tried again; else it is isolated."""
        lost = isinstance(error, StoreUnavailable)
        if lost or passes_by_itself(error):
            self.met[row.name, partition.lo] += 1
            if self.met[row.name, partition.lo] < _TRIES_MAX:
                if lost:
                    raise error
                await self.engine.time.pause(milliseconds=100)
                return
        await self._patiently(lambda: self._isolate(row, partition, kind_of(error)))

    async def _isolate(self, row: StepRow, partition: Partition, kind: str) -> None:
        day, now = self.business_date, self.engine.time.now()
        async with transaction() as tx:
            await store.check_lease(tx, epoch=self.epoch)
            if not await store.lock_again(tx, business_date=day, step=row.name, partition=partition):
                return
            if partition.lo < partition.hi:
                await store.split(tx, business_date=day, step=row.name, into=halves(partition))
                return
            known = await store.open_exceptions(tx, business_date=day, step=row.name, besides=CARRIED)
            if known >= self.engine.exceptions_max:
                raise _Stopped("too_many_exceptions")
            await store.mark_excepted(tx, business_date=day, step=row.name, lo=partition.lo, now=now)
            await self._except(tx, row, partition.lo, kind)

    async def _except(self, tx: Transaction, row: StepRow, number: int, kind: str) -> None:
        await store.keep_exception(
            tx,
            business_date=self.business_date,
            step=row.name,
            subject_no=number,
            error_kind=kind,
            now=self.engine.time.now(),
        )
        await self._audit(tx, "excepted", outcome="failed", step=row.name, subject_no=str(number), error=kind)

    # --- a step in one piece

    async def _whole(self, row: StepRow, work: WholeWork) -> None:
        day = self.business_date
        if await store.settled_by_hand(database.pool, business_date=day, step=row.name, subject_no=WHOLE):
            return
        try:
            await self._patiently(lambda: work.run_whole(business_date=day, now=self.engine.time.now()))
        except (StoreUnavailable, LeaseLost):
            raise
        except Exception as error:
            kind = kind_of(error)
            async with transaction() as tx:
                await store.check_lease(tx, epoch=self.epoch)
                await self._except(tx, row, WHOLE, kind)
            if row.on_failure == "stop":
                raise _Stopped("step_failed") from None
            return
        async with transaction() as tx:
            await store.check_lease(tx, epoch=self.epoch)
            await store.end_exception(
                tx,
                business_date=day,
                step=row.name,
                subject_no=WHOLE,
                by=SYSTEM.reference,
                now=self.engine.time.now(),
            )

    # --- what all of it stands on

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Waits a little for a store that is away; after that the next start goes on."""
        for attempt in range(_AWAY_MAX):
            try:
                return await work()
            except StoreUnavailable:
                await self.engine.time.pause(milliseconds=500 * 2**attempt)
        return await work()

    async def _audit(self, tx: Transaction, verb: str, *, outcome: str = "done", **detail: object) -> None:
        await audit.record(
            tx,
            actor=SYSTEM,
            action=f"dayend.{verb}",
            subject=f"dayend:{self.business_date}",
            outcome="failed" if outcome == "failed" else "done",
            detail=detail,
            now=self.engine.time.now(),
        )


async def _task(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of what the workers raised: a finding about the run before a store that is away."""
    found = list(several.exceptions)
    for wanted in (_Stopped, LeaseLost):
        for error in found:
            if isinstance(error, wanted):
                return error
    return found[0]
