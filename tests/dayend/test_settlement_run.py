"""The annual settlement as a step of the day-end: all accounts once, broken ones set apart, and kill -9."""

from __future__ import annotations

from datetime import date, datetime

import asyncpg
import pytest

from domain import dayend, ledger
from domain.dayend import Engine, Partition
from domain.kernel import database as store
from domain.kernel.dates import SHANGHAI
from ops.bench.rig import killing
from ops.dayend import WORKS, AnnualInterest, held
from ops.settings import Settings
from tests.dayend.probe import SUN, TestTime, engine_of, exception_id, open_ones
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import noon, open_account, pay_in

pytestmark = [pytest.mark.requirement("N2"), pytest.mark.usefixtures("database")]

NAME = "annual_interest"
JULY, JUNE = date(2024, 7, 1), date(2025, 6, 30)
AFTER_MIDNIGHT = datetime(2025, 7, 1, 0, 10, tzinfo=SHANGHAI)


def engine(*, rows: int = 2) -> Engine:
    steps = {NAME: dayend.load_steps()[NAME]}
    return engine_of(steps, {NAME: AnnualInterest(partition_rows=rows)}, time=TestTime(at=AFTER_MIDNIGHT))


async def ran(settings: Settings, using: Engine, *days: date) -> str:
    async with held(settings, clock=using.time.now) as epoch:
        return await using.run(days=days or (JUNE,), epoch=epoch, runner="tests")


async def interest() -> dict[int, int]:
    rows = await store.rows("SELECT account_no, last_interest_fen FROM account_balance")
    return {row["account_no"]: row["last_interest_fen"] for row in rows}


async def broken() -> list[str]:
    return [result.name for result in await ledger.prove(invariants=ledger.INVARIANTS) if not result.holds]


def test_the_step_is_bound_and_due_once_a_year() -> None:
    step = dayend.load_steps()[NAME]
    assert isinstance(WORKS[NAME], AnnualInterest)
    assert (step.every, step.day, step.subject, step.on_failure) == ("year", "06-30", "account", "continue")


async def test_every_account_once_each_partition_with_its_voucher_and_its_trail(settings: Settings) -> None:
    accounts = [await open_account(fen=10_000_00, on=JULY) for _ in range(5)]
    assert await ran(settings, engine()) == "finished"
    assert await interest() == dict.fromkeys(accounts, 152_08)
    heads = await store.rows("SELECT debit_fen FROM general_voucher WHERE is_batch ORDER BY debit_fen")
    assert [row["debit_fen"] for row in heads] == [152_08, 304_16, 304_16]
    trail = await store.rows(
        "SELECT subject, actor, detail FROM audit_event WHERE action = 'ledger.interest_settled' ORDER BY event_id"
    )
    assert {(row["subject"], row["actor"]) for row in trail} == {("interest:2025", "system")}
    assert sorted(row["detail"]["accounts"] for row in trail) == [1, 2, 2]
    assert await broken() == []


async def test_the_same_date_again_changes_nothing(settings: Settings) -> None:
    await open_account(fen=10_000_00, on=JULY)
    assert await ran(settings, engine()) == "finished"
    lease = await store.row("SELECT epoch FROM day_end_lease")
    assert lease is not None
    before = await interest(), await store.value("SELECT count(*) FROM posting")
    assert await ran(settings, engine()) == "finished"
    assert (await interest(), await store.value("SELECT count(*) FROM posting")) == before


async def test_a_broken_account_is_set_apart_and_done_when_it_is_put_right(settings: Settings, database: str) -> None:
    accounts = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(6)])
    rotten, owner = accounts[3], await asyncpg.connect(database)
    try:
        right = await owner.fetchval("SELECT interest_offset FROM account_balance WHERE account_no = $1", rotten)
        # a product that no bigint holds
        await owner.execute(
            "UPDATE account_balance SET interest_offset = -9223372036854775807 WHERE account_no = $1", rotten
        )
        using = engine(rows=6)
        assert await ran(settings, using) == "finished_with_exceptions"
        assert await open_ones() == [(JUNE, NAME, rotten, "NumericValueOutOfRangeError 22003")]
        assert await interest() == {**dict.fromkeys(accounts, 152_08), rotten: 0}
        await owner.execute("UPDATE account_balance SET interest_offset = $2 WHERE account_no = $1", rotten, right)
    finally:
        await owner.close()
    assert await dayend.retry(engine=using, exception_id=await exception_id(NAME, rotten, day=JUNE), actor=SUN) == 1
    assert await interest() == dict.fromkeys(accounts, 152_08)
    assert await open_ones() == [] and await broken() == []


async def test_an_account_set_apart_that_moves_has_been_settled_by_that(settings: Settings, database: str) -> None:
    """Nobody is kept out: the movement settles first, and the retry finds nothing left to do."""
    accounts = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(2)])
    owner = await asyncpg.connect(database)
    try:
        await owner.execute("ALTER TABLE posting ADD CONSTRAINT trouble CHECK (sequence IS DISTINCT FROM 2) NOT VALID")
        using = engine()
        assert await ran(settings, using) == "finished_with_exceptions"
        assert len(await open_ones()) == 2 and set((await interest()).values()) == {0}
    finally:
        await owner.execute("ALTER TABLE posting DROP CONSTRAINT IF EXISTS trouble")
        await owner.close()
    async with store.transaction() as tx:
        await pay_in(tx, account_no=accounts[0], fen=100, key="july", on=date(2025, 7, 1))
    lines = await store.value("SELECT count(*) FROM posting WHERE account_no = $1", accounts[0])
    for account_no in accounts:
        await dayend.retry(engine=using, exception_id=await exception_id(NAME, account_no, day=JUNE), actor=SUN)
    assert await store.value("SELECT count(*) FROM posting WHERE account_no = $1", accounts[0]) == lines
    assert await interest() == dict.fromkeys(accounts, 152_08)
    assert await broken() == []


async def test_partitions_leave_no_number_out() -> None:
    accounts = sorted([await open_account(fen=1, on=JULY) for _ in range(5)])
    found = await AnnualInterest(partition_rows=2).partitions(store.pool, business_date=JUNE)
    assert list(found) == [
        Partition(no=1, lo=accounts[0], hi=accounts[2] - 1, rows=2),
        Partition(no=2, lo=accounts[2], hi=accounts[4] - 1, rows=2),
        Partition(no=3, lo=accounts[4], hi=accounts[4], rows=1),
    ]


async def test_no_account_at_all_is_a_settlement_of_nothing(settings: Settings) -> None:
    async with nothing_changed():
        assert list(await AnnualInterest().partitions(store.pool, business_date=JUNE)) == []
    assert await ran(settings, engine()) == "finished"
    assert await store.value("SELECT count(*) FROM general_voucher") == 0


async def test_a_day_that_has_closed_passes_the_interest_on(settings: Settings) -> None:
    account_no = await open_account(fen=10_000_00, on=JULY)
    async with store.transaction() as tx:
        await tx.execute("SELECT ledger_close_day($1, $2)", JUNE, AFTER_MIDNIGHT)
    assert await ran(settings, engine()) == "finished"
    rows = await store.rows(
        "SELECT g.period, g.posted_on, g.effective_on, p.period AS line_period FROM general_voucher g"
        " JOIN posting p USING (voucher_id) WHERE g.is_batch"
    )
    assert [tuple(row) for row in rows] == [(202507, date(2025, 7, 1), date(2025, 7, 1), 202507)]
    assert await interest() == {account_no: 152_08}
    async with store.transaction() as tx:
        due = await ledger.settle_interest(
            tx, account_no=account_no, business_date=JULY.replace(year=2025), now=noon(JUNE)
        )
    assert due.fen == 0 and await broken() == []


async def test_kill_9_of_the_runner_and_of_postgresql_ends_in_the_right_balances() -> None:
    """Five thousand accounts on a PostgreSQL of its own; `./dev bench batch --kill` does 200,000."""
    told = await killing.drill(accounts=5_000, partition_rows=250)
    assert [each["victim"] for each in told["kills"]] == ["runner", "PostgreSQL", "runner", "PostgreSQL"]
    assert [each["partitions_left"] > 0 for each in told["kills"]] == [True] * 4
    assert (told["wrong_balances"], told["postings"], told["starts"]) == (0, 5_000, 5)
    assert told["books"] == "proved after the run"
