"""A small business for the day-end to close: accounts, and postings that tell how often each was touched. The tables
are the tests' own; a posting has no key, so that a second one shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from domain import policy
from domain.dayend import Engine, Partition, Step, StepFailed, Work, parse_steps, ranges_of
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Transaction
from domain.kernel.refusal import CATALOGUE, Refused, refusal_kind

DAY = date(2026, 11, 23)
FIRST = 801_000_000_001

SUN = Actor(kind="staff", channel="backoffice", staff_id=5, name="孙财", roles=frozenset({Role.FINANCE}))
ZHAO = Actor(kind="staff", channel="backoffice", staff_id=4, name="赵刚", roles=frozenset({Role.SUPERVISOR}))
LI = Actor(kind="staff", channel="backoffice", staff_id=1, name="李敏", roles=frozenset({Role.PRELIMINARY_REVIEWER}))

PROBE_REFUSED = refusal_kind("probe.refused", "测试步骤拒绝了该账户，请更正后重试。")
# The product's catalogue does not know it.
del CATALOGUE["probe.refused"]

MAKE = """
CREATE TABLE probe_account (account_no bigint PRIMARY KEY, poison text NOT NULL DEFAULT '');
CREATE TABLE probe_posting (account_no bigint NOT NULL, business_date date NOT NULL, step text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON probe_account, probe_posting TO hpf_app;
"""
EMPTY = (
    "TRUNCATE day_end_run, day_end_step, day_end_partition, day_end_exception, day_end_lease, day_end_request,"
    " day_end_confirmation, audit_event"
)
DROP = "DROP TABLE IF EXISTS probe_account, probe_posting"


async def make_tables(dsn: str, *, accounts: int, apart: int = 1) -> None:
    """`apart` leaves numbers free between the accounts, as closed accounts do."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(DROP)
        await connection.execute(EMPTY)
        await connection.execute(MAKE)
        await connection.execute(
            "INSERT INTO probe_account SELECT $1 + n * $3::bigint FROM generate_series(0, $2::bigint - 1) n",
            FIRST,
            accounts,
            apart,
        )
    finally:
        await connection.close()


async def drop_tables(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(DROP)
    finally:
        await connection.close()


@dataclass
class Probe:
    """Posts once for each account of the partition. An account whose `poison` begins with the step's name fails:
    `interest` by an error of the database, `interest:refused` by a refusal, `interest:python` by a bug."""

    name: str
    size: int = 10
    seconds: str = "0"
    before_run: Callable[[Partition, Transaction], Awaitable[None]] | None = None
    seen: list[tuple[date, int, int]] = field(default_factory=list)

    async def partitions(self, using: Executor, *, business_date: date) -> Sequence[Partition]:
        return await ranges_of(using, table="probe_account", size=self.size)

    async def run(self, tx: Transaction, *, partition: Partition, business_date: date, now: datetime) -> int:
        self.seen.append((business_date, partition.lo, partition.hi))
        if self.before_run is not None:
            await self.before_run(partition, tx)
        status = await tx.execute(
            "INSERT INTO probe_posting SELECT account_no, $3, $4 FROM probe_account WHERE account_no BETWEEN $1 AND $2",
            partition.lo,
            partition.hi,
            business_date,
            self.name,
        )
        if self.seconds != "0":
            await tx.execute(f"SELECT pg_sleep({self.seconds})")
        # after the writing, so that what is undone shows
        for row in await tx.rows(
            "SELECT account_no, poison FROM probe_account WHERE account_no BETWEEN $1 AND $2 AND poison <> ''",
            partition.lo,
            partition.hi,
        ):
            if row["poison"] == f"{self.name}:refused":
                raise Refused(PROBE_REFUSED())
            if row["poison"] == f"{self.name}:python":
                raise KeyError("张三 110105199103151017")
            if row["poison"] == self.name:
                await tx.execute("SELECT 1 / 0")
        return int(status.split()[-1])


@dataclass
class Single:
    """A step in one piece; fails as often as `failing` holds kinds."""

    failing: list[str] = field(default_factory=list)
    ran: list[date] = field(default_factory=list)

    async def run_whole(self, *, business_date: date, now: datetime) -> int:
        if self.failing:
            raise StepFailed(self.failing.pop(0))
        self.ran.append(business_date)
        return 1


@dataclass
class TestTime:
    """A clock and a stopwatch that stand still until told; nobody waits."""

    __test__ = False

    at: datetime = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
    passed: int = 0
    paused: list[int] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def milliseconds(self) -> int:
        self.passed += 1
        return self.passed

    async def pause(self, *, milliseconds: int) -> None:
        self.paused.append(milliseconds)
        await asyncio.sleep(0)


def declared(**steps: Mapping[str, Any]) -> Mapping[str, Step]:
    usual = {
        "every": "day",
        "day": "any",
        "subject": "account",
        "after": [],
        "on_failure": "continue",
        "owner": "财务处",
    }
    return parse_steps(data={name: {"title": f"步骤{name}", **usual, **row} for name, row in steps.items()}, file="t")


def engine_of(
    steps: Mapping[str, Step], works: Mapping[str, Work], *, time: TestTime | None = None, **more: Any
) -> Engine:
    more.setdefault("clock_drift_max", timedelta(days=4000))
    return Engine(steps=steps, works=works, calendar=policy.work_calendar(), time=time or TestTime(), **more)


async def poison(account_no: int, kind: str) -> None:
    await database.execute("UPDATE probe_account SET poison = $2 WHERE account_no = $1", account_no, kind)


async def posted(step: str, *, day: date = DAY) -> dict[int, int]:
    """How often the step posted on each account."""
    rows = await database.rows(
        "SELECT account_no, count(*) AS times FROM probe_posting WHERE step = $1 AND business_date = $2 GROUP BY 1",
        step,
        day,
    )
    return {row["account_no"]: row["times"] for row in rows}


async def accounts() -> list[int]:
    return [row["account_no"] for row in await database.rows("SELECT account_no FROM probe_account ORDER BY 1")]


async def open_ones() -> list[tuple[date, str, int, str]]:
    rows = await database.rows(
        "SELECT business_date, step, subject_no, error_kind FROM day_end_exception WHERE state = 'open'"
        " ORDER BY 1, 2, 3"
    )
    return [tuple(row.values()) for row in rows]


async def exception_id(step: str, number: int, *, day: date = DAY) -> int:
    found: int = await database.value(
        "SELECT exception_id FROM day_end_exception WHERE step = $1 AND subject_no = $2 AND business_date = $3",
        step,
        number,
        day,
    )
    return found


async def run_states() -> dict[date, tuple[str, str]]:
    rows = await database.rows("SELECT business_date, state, stop_reason FROM day_end_run ORDER BY 1")
    return {row["business_date"]: (row["state"], row["stop_reason"]) for row in rows}


async def step_states(day: date = DAY) -> dict[str, str]:
    rows = await database.rows("SELECT name, state FROM day_end_step WHERE business_date = $1 ORDER BY position", day)
    return {row["name"]: row["state"] for row in rows}
