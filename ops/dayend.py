"""The day-end of this installation: which code stands behind each step, who runs, and when.

`tick` is what the worker calls again and again: it starts what is due or was asked for, and goes on with what was cut
off. One process runs at a time, by a session lock of PostgreSQL on a connection of its own; when that connection
falls the run is called off, because by then another may have begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

import asyncpg
import structlog
from prometheus_client import Gauge

from domain import dayend, ledger, policy, withdrawals
from domain.dayend import Engine, LeaseLost, Partition, StepFailed, Work
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Executor, Record, Transaction, store_reachable
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused
from ops import telemetry
from ops.settings import Settings
from ops.wiring import Clock, prove_books

STARTS_AT = time_of_day(0, 5)
"""Five minutes after midnight in Beijing: what midnight itself brings, the partitions of a month, is done first."""
HEARTBEAT_SECONDS = 5.0
# A machine that lost its power says nothing: PostgreSQL finds out by itself and lets the lock go.
_KEEPALIVE = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

HELD = Gauge("hpf_day_end_held", "1 while a runner holds the day-end", registry=telemetry.REGISTRY)
STOPPED = Gauge("hpf_day_end_stopped", "1 while a business date waits for people", registry=telemetry.REGISTRY)
EXCEPTIONS = Gauge("hpf_day_end_exceptions_open", "Exceptions that nobody has dealt with", registry=telemetry.REGISTRY)
BEHIND = Gauge("hpf_day_end_days_behind", "Business dates over and not finished", registry=telemetry.REGISTRY)

log = structlog.get_logger("hpf.dayend")


class ProveBooks:
    """Every invariant of every area; a break is left open for people, the other steps go on."""

    async def run_whole(self, *, business_date: date, now: datetime) -> int:
        results = await prove_books()
        broken = [result.name for result in results if not result.holds]
        if broken:
            raise StepFailed(f"{len(broken)}项不一致：{broken[0]}")
        return len(results)


@dataclass(frozen=True, slots=True)
class AnnualInterest:
    """The interest of the fund year for every account that no action of the new year has settled yet."""

    partition_rows: int = dayend.PARTITION_ROWS

    async def partitions(self, using: Executor, *, business_date: date) -> Sequence[Partition]:
        ranges = await dayend.ranges_of(using, table="account_balance", size=self.partition_rows)
        # an account opened late on the day may lie between two ranges
        firsts = [later.lo for later in ranges[1:]]
        return [replace(one, hi=first - 1) for one, first in zip(ranges[:-1], firsts, strict=True)] + list(ranges[-1:])

    async def run(self, tx: Transaction, *, partition: Partition, business_date: date, now: datetime) -> int:
        settled = await ledger.settle_range(tx, lo=partition.lo, hi=partition.hi, settlement_on=business_date, now=now)
        if settled:
            await audit.record(
                tx,
                actor=SYSTEM,
                action="ledger.interest_settled",
                subject=f"interest:{business_date.year}",
                detail={"first": str(partition.lo), "last": str(partition.hi), "accounts": settled},
                now=now,
            )
        return settled


@dataclass(frozen=True, slots=True)
class BooksStep:
    """A step of the books: `work` finds what it has done already."""

    work: Callable[..., Awaitable[int]]

    async def run_whole(self, *, business_date: date, now: datetime) -> int:
        return await self.work(business_date=business_date, now=now)


class ExpireHolds:
    """Holds whose last day is over; while its case runs a hold stands longer, because the lateness is ours."""

    async def run_whole(self, *, business_date: date, now: datetime) -> int:
        days = policy.on(business_date).number("withdrawal.hold_valid_days")
        swept = await ledger.expire_holds(business_date=business_date, now=now, is_open=_runs, extend_days=days)
        return len(swept)


@dataclass(frozen=True, slots=True)
class AgreedWithdrawals:
    """约定提取: those due are checked against the answers gathered before, and posted."""

    partition_rows: int = dayend.PARTITION_ROWS

    async def partitions(self, using: Executor, *, business_date: date) -> Sequence[Partition]:
        return await dayend.ranges_of(using, table="withdrawal_arrangement", size=self.partition_rows)

    async def run(self, tx: Transaction, *, partition: Partition, business_date: date, now: datetime) -> int:
        done = await withdrawals.pay_due(tx, lo=partition.lo, hi=partition.hi, business_date=business_date, now=now)
        return done.rows


async def _runs(tx: Transaction, account_no: int, case_id: int) -> bool:
    ended = "SELECT ended_at IS NULL FROM service_case WHERE account_no = $1 AND case_id = $2"
    return bool(await tx.value(ended, account_no, case_id))


WORKS: Mapping[str, Work] = {
    "holds_expired": ExpireHolds(),
    "agreed_withdrawals": AgreedWithdrawals(),
    "agreed_withdrawals_told": BooksStep(withdrawals.tell_banks),
    "interest_accrued": BooksStep(ledger.accrue_interest),
    "quarter_carried_over": BooksStep(ledger.carry_over_quarter),
    "annual_interest": AnnualInterest(),
    "day_closed": BooksStep(ledger.close_day),
    "vouchers_gathered": BooksStep(ledger.gather_day),
    "vouchers_sealed": BooksStep(ledger.seal_day),
    "books_proved": ProveBooks(),
}
"""Each step of domain/dayend/steps.yaml by its name."""


@dataclass(frozen=True, slots=True)
class RealTime:
    """The house's clock, the machine's stopwatch, and real waiting."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock()

    def milliseconds(self) -> int:
        return time.monotonic_ns() // 1_000_000

    async def pause(self, *, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)


def engine(*, clock: Clock, workers: int, works: Mapping[str, Work] = WORKS) -> Engine:
    """The engine over the declared steps. A step without work, or the other way round, is a bug."""
    values = policy.on(business_date_of(clock()))
    return Engine(
        steps=dayend.load_steps(),
        works=works,
        calendar=policy.work_calendar(),
        time=RealTime(clock),
        workers=workers,
        exceptions_max=values.number("dayend.exceptions_max"),
        clock_drift_max=timedelta(minutes=values.number("dayend.clock_apart_minutes")),
    )


def runner_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@asynccontextmanager
async def held(settings: Settings, *, clock: Clock, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> AsyncIterator[int]:
    """The epoch of the lease, while the block lasts. Raises Refused while another process holds it. When the lock's
    connection falls the block is cancelled and StoreUnavailable raised; LeaseLost when the lease is another's."""
    with store_reachable():
        connection = await asyncpg.connect(
            settings.database_url,
            timeout=10,
            command_timeout=10,
            server_settings={"role": settings.database_role, "application_name": "hpf-dayend", **_KEEPALIVE},
        )
    wire = _Wire(connection)
    try:
        epoch = await dayend.lease.take(wire, runner=runner_name(), now=clock())
        owner, lost = asyncio.current_task(), list[Exception]()
        assert owner is not None

        async def keep() -> None:
            while True:
                await asyncio.sleep(heartbeat_seconds)
                try:
                    await dayend.lease.beat(wire, epoch=epoch, now=clock())
                except (StoreUnavailable, LeaseLost) as error:
                    lost.append(error)
                    owner.cancel()
                    return

        beating = asyncio.create_task(keep())
        try:
            yield epoch
        except asyncio.CancelledError:
            # called off by our own heartbeat, and by nobody else
            if lost and owner.uncancel() == 0:
                raise lost[0] from None
            raise
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
            with contextlib.suppress(StoreUnavailable):
                await dayend.lease.release(wire, epoch=epoch, now=clock())
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=2)


class _Wire(Executor):
    """One connection outside the pool."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: object) -> list[Record]:
        with store_reachable():
            return await self._connection.fetch(sql, *values)

    async def row(self, sql: str, *values: object) -> Record | None:
        with store_reachable():
            found: Record | None = await self._connection.fetchrow(sql, *values)
            return found

    async def value(self, sql: str, *values: object) -> Any:
        with store_reachable():
            return await self._connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        with store_reachable():
            return await self._connection.execute(sql, *values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`words` are for people. `state` is the last date's, `idle` when nothing was due."""

    state: str
    words: str


async def run_due(settings: Settings, *, using: Engine, clock: Clock, through: date | None = None) -> Outcome:
    """Takes the day-end and runs what is due, date after date, until one stops. Raises Refused when another process
    runs it or the clock speaks against it, StoreUnavailable and LeaseLost when the next start must go on."""
    async with held(settings, clock=clock) as epoch:
        apart = dayend.clocks_agree(ours=clock(), stores=await dayend.stores_clock(), most=using.clock_drift_max)
        if apart is not None:
            raise Refused(apart)
        plan = await dayend.plan_now(database.pool, now=clock(), through=through)
        if plan.refusal is not None:
            raise Refused(plan.refusal)
        if not plan.days:
            return Outcome("idle", "没有待执行的日终。")
        log.info("day-end begins", first=str(plan.days[0]), last=str(plan.days[-1]), days=len(plan.days))
        state = await using.run(days=plan.days, epoch=epoch, runner=runner_name())
        log.info("day-end ends", state=state)
    return Outcome(state, await _words(plan.days, state))


async def _words(days: tuple[date, ...], state: str) -> str:
    overview = await dayend.run_of(business_date=days[-1])
    done = f"{days[0]}" if len(days) == 1 else f"{days[0]}至{days[-1]}"
    if state == "finished":
        return f"{done}的日终已完成。"
    if state == "finished_with_exceptions" and overview is not None:
        return f"{done}的日终已完成，{days[-1]}有{overview.open_exceptions}项异常待处理。"
    for day in days:
        run = await dayend.run_of(business_date=day)
        if run is not None and run.state == "stopped":
            steps = await dayend.steps_of(business_date=day)
            title = next((step.title for step in steps if step.state == "stopped"), "")
            return f"{day}的日终停在“{title}”：{run.stop_reason_name}。请处理后重新启动日终。"
    return f"{done}的日终已结束。"


async def tick(*, settings: Settings, clock: Clock, using: Engine | None = None) -> int:
    """Starts what was asked for by hand, and after 00:05 what is due by itself if the settings say so. A date that
    waits for people is not started again by itself. Returns 1 when something was started."""
    asked = await dayend.start_requested()
    if asked is None and not await _due_by_itself(settings, clock()):
        return 0
    using = using or engine(clock=clock, workers=settings.day_end_workers)
    try:
        outcome = await run_due(settings, using=using, clock=clock)
    except Refused as refused:
        if any(refusal.code == "dayend.already_running" for refusal in refused.refusals):
            return 0
        log.warning("day-end refused", codes=[refusal.code for refusal in refused.refusals])
        if asked is not None:
            await dayend.answer(request_id=asked.request_id, state="refused", outcome=_said(refused), now=clock())
        return 0
    if asked is not None:
        await dayend.answer(request_id=asked.request_id, state="done", outcome=outcome.words, now=clock())
    return 1


def _said(refused: Refused) -> str:
    return "".join(refusal.message for refusal in refused.refusals)


async def _due_by_itself(settings: Settings, now: datetime) -> bool:
    if not settings.day_end_enabled or now.astimezone(SHANGHAI).time() < STARTS_AT:
        return False
    plan = await dayend.plan_now(database.pool, now=now)
    if not plan.days:
        return False
    run = await dayend.run_of(business_date=plan.days[0])
    return run is None or run.state != "stopped"


async def serve_retries(*, settings: Settings, clock: Clock, using: Engine | None = None) -> int:
    """Carries out the retries that staff asked for. Returns how many were answered."""
    answered = after = 0
    while (asked := await dayend.next_retry(after=after)) is not None:
        after = asked.request_id
        assert asked.exception_id is not None
        using = using or engine(clock=clock, workers=settings.day_end_workers)
        try:
            done = await dayend.retry(engine=using, exception_id=asked.exception_id, actor=asked.actor)
        except Refused as refused:
            if all(refusal.retryable for refusal in refused.refusals):
                continue
            await dayend.answer(request_id=asked.request_id, state="refused", outcome=_said(refused), now=clock())
        else:
            words = f"重试成功，共处理{done}项。"
            await dayend.answer(request_id=asked.request_id, state="done", outcome=words, now=clock())
        answered += 1
    return answered


async def observe(*, now: datetime) -> None:
    """Sets the gauges; the web process calls it when it is asked for its metrics."""
    figures = await dayend.figures()
    HELD.set(figures.held)
    STOPPED.set(figures.stopped)
    EXCEPTIONS.set(figures.open_exceptions)
    if figures.finished_through is not None:
        BEHIND.set((business_date_of(now) - figures.finished_through).days - 1)
