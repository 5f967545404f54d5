"""What the worker does: it starts what is due after five past midnight, what staff asked for, and their retries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from domain import dayend
from domain.dayend import Engine
from domain.kernel import database
from domain.kernel.dates import SHANGHAI, business_date_of
from ops import dayend as engine_room
from ops import worker
from ops.settings import Settings
from tests.city import RunningHouse
from tests.dayend.probe import (
    DAY,
    FIRST,
    SUN,
    Probe,
    TestTime,
    declared,
    engine_of,
    exception_id,
    open_ones,
    poison,
    posted,
    run_states,
)
from tests.factories.snapshot import nothing_changed, snapshot

pytestmark = pytest.mark.requirement("N2")

ROTTEN = FIRST + 3


@pytest.fixture
def enabled(settings: Settings) -> Settings:
    return settings.model_copy(update={"day_end_enabled": True})


def at(text: str) -> TestTime:
    """A clock that stands at a time of Beijing."""
    return TestTime(at=datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def probes(time: TestTime) -> Engine:
    return engine_of(declared(interest={}), {"interest": Probe("interest")}, time=time)


async def answers() -> list[tuple[str, str]]:
    rows = await database.rows("SELECT state, outcome FROM day_end_request ORDER BY asked_at, request_id")
    return [tuple(row.values()) for row in rows]


async def test_what_is_due_starts_by_itself_once_the_day_is_over(bank: str, enabled: Settings) -> None:
    for early in ("2026-11-24 00:00", "2026-11-24 00:04"):
        time = at(early)
        async with nothing_changed():
            assert await engine_room.tick(settings=enabled, clock=time.now, using=probes(time)) == 0
    time = at("2026-11-24 00:05")
    assert await engine_room.tick(settings=enabled, clock=time.now, using=probes(time)) == 1
    assert await run_states() == {DAY: ("finished", "")}
    async with nothing_changed():
        assert await engine_room.tick(settings=enabled, clock=time.now, using=probes(time)) == 0


async def test_nothing_starts_by_itself_where_it_is_not_switched_on(bank: str, settings: Settings) -> None:
    time = at("2026-11-24 03:00")
    async with nothing_changed():
        assert await engine_room.tick(settings=settings, clock=time.now, using=probes(time)) == 0


async def test_days_that_were_missed_are_caught_up_in_order(bank: str, enabled: Settings) -> None:
    time = at("2026-11-24 00:10")
    await engine_room.tick(settings=enabled, clock=time.now, using=probes(time))
    later = at("2026-11-29 09:00")
    using = probes(later)
    await engine_room.tick(settings=enabled, clock=later.now, using=using)
    days = [date(2026, 11, 23 + n) for n in range(6)]
    assert await run_states() == dict.fromkeys(days, ("finished", ""))
    work = using.works["interest"]
    assert isinstance(work, Probe)
    assert sorted({day for day, _, _ in work.seen}) == days[1:]
    assert [day for day, _, _ in work.seen] == sorted(day for day, _, _ in work.seen)


async def test_a_clock_that_goes_back_does_nothing(bank: str, enabled: Settings) -> None:
    time = at("2026-11-24 00:10")
    await engine_room.tick(settings=enabled, clock=time.now, using=probes(time))
    back = at("2026-11-23 09:00")
    async with nothing_changed():
        assert await engine_room.tick(settings=enabled, clock=back.now, using=probes(back)) == 0
    with pytest.raises(Exception, match=r"dayend\.clock_behind"):
        await engine_room.run_due(enabled, using=probes(back), clock=back.now)
    assert list(await run_states()) == [DAY]


async def test_a_clock_far_ahead_waits_for_somebodys_word(bank: str, enabled: Settings) -> None:
    time = at("2026-11-24 00:10")
    await engine_room.tick(settings=enabled, clock=time.now, using=probes(time))
    ahead = at("2027-01-04 09:00")
    async with nothing_changed():
        assert await engine_room.tick(settings=enabled, clock=ahead.now, using=probes(ahead)) == 0
    # the last date may still be reached by itself from a day with fewer to catch up
    near = at("2027-01-03 09:00")
    assert (await dayend.plan_now(database.pool, now=near.now())).refusal is None


async def test_clocks_that_differ_are_told_and_nothing_runs(bank: str, enabled: Settings) -> None:
    time = at("2020-01-02 00:10")
    using = engine_of(
        declared(interest={}), {"interest": Probe("interest")}, time=time, clock_drift_max=timedelta(minutes=5)
    )
    await dayend.request_start(actor=SUN, now=time.now())
    assert await engine_room.tick(settings=enabled, clock=time.now, using=using) == 0
    [(state, outcome)] = await answers()
    assert state == "refused" and "时钟" in outcome
    assert await run_states() == {}


async def test_a_start_by_hand_is_answered(bank: str, settings: Settings) -> None:
    time = at("2026-11-24 09:30")
    await dayend.request_start(actor=SUN, now=time.now())
    assert await engine_room.tick(settings=settings, clock=time.now, using=probes(time)) == 1
    assert await answers() == [("done", "2026-11-23的日终已完成。")]
    async with nothing_changed():
        assert await engine_room.tick(settings=settings, clock=time.now, using=probes(time)) == 0


async def test_a_stopped_date_waits_for_people_and_goes_on_by_hand(bank: str, enabled: Settings) -> None:
    time = at("2026-11-24 00:10")
    await poison(ROTTEN, "interest")
    using = engine_of(declared(interest={"on_failure": "stop"}), {"interest": Probe("interest")}, time=time)
    await engine_room.tick(settings=enabled, clock=time.now, using=using)
    assert await run_states() == {DAY: ("stopped", "exceptions")}
    async with nothing_changed():
        assert await engine_room.tick(settings=enabled, clock=time.now, using=using) == 0
    await poison(ROTTEN, "")
    await dayend.request_retry(actor=SUN, exception_id=await exception_id("interest", ROTTEN), now=time.now())
    assert await engine_room.serve_retries(settings=enabled, clock=time.now, using=using) == 1
    await dayend.request_start(actor=SUN, now=time.now())
    assert await engine_room.tick(settings=enabled, clock=time.now, using=using) == 1
    assert await run_states() == {DAY: ("finished", "")}
    assert (await posted("interest"))[ROTTEN] == 1
    assert [state for state, _ in await answers()] == ["done", "done"]


async def test_a_retry_that_fails_is_answered_and_nothing_hangs(bank: str, settings: Settings) -> None:
    time = at("2026-11-24 09:30")
    await poison(ROTTEN, "interest")
    using = probes(time)
    await dayend.request_start(actor=SUN, now=time.now())
    await engine_room.tick(settings=settings, clock=time.now, using=using)
    key = await exception_id("interest", ROTTEN)
    await dayend.request_retry(actor=SUN, exception_id=key, now=time.now())
    assert await engine_room.serve_retries(settings=settings, clock=time.now, using=using) == 1
    assert (await answers())[-1][0] == "refused" and "DivisionByZeroError" in (await answers())[-1][1]
    assert len(await open_ones()) == 1
    # it may be asked for again
    await poison(ROTTEN, "")
    await dayend.request_retry(actor=SUN, exception_id=key, now=time.now())
    assert await engine_room.serve_retries(settings=settings, clock=time.now, using=using) == 1
    assert await open_ones() == [] and (await posted("interest"))[ROTTEN] == 1
    retried = await database.row(
        "SELECT actor, actor_name FROM audit_event WHERE action = 'dayend.retried' AND outcome = 'done'"
    )
    assert retried is not None and tuple(retried.values()) == ("staff:5", "孙财")


async def test_a_day_that_is_not_over_is_refused(bank: str, settings: Settings) -> None:
    time = at("2026-11-24 09:30")
    async with nothing_changed_but_the_lease():
        with pytest.raises(Exception, match=r"dayend\.day_not_over"):
            await engine_room.run_due(settings, using=probes(time), clock=time.now, through=date(2026, 11, 24))
    assert await run_states() == {}


@asynccontextmanager
async def nothing_changed_but_the_lease() -> AsyncIterator[None]:
    """Whoever holds the day-end is written down, also when it then has nothing to do."""
    before = await snapshot()
    yield
    after = await snapshot()
    assert {**before, "day_end_lease": after["day_end_lease"]} == after


def test_every_declared_step_has_its_work_and_the_other_way_round(settings: Settings) -> None:
    clock = at("2026-11-24 09:30").now
    using = engine_room.engine(clock=clock, workers=2)
    assert set(using.steps) == set(engine_room.WORKS)
    assert (using.exceptions_max, using.clock_drift_max) == (100, timedelta(minutes=5))


async def test_the_gauges_tell_how_far_behind_it_is(bank: str, enabled: Settings) -> None:
    time = at("2026-11-24 00:10")
    await poison(ROTTEN, "interest")
    await engine_room.tick(settings=enabled, clock=time.now, using=probes(time))
    await engine_room.observe(now=time.now() + timedelta(days=2))
    gauges = (engine_room.HELD, engine_room.STOPPED, engine_room.EXCEPTIONS, engine_room.BEHIND)
    assert [gauge._value.get() for gauge in gauges] == [0, 0, 1, 2]


async def test_the_worker_proves_the_books_at_the_end_of_the_day(running: RunningHouse) -> None:
    """The real house and the real step; a break is left open, and done again once the books are right."""
    house, now = running.house, running.clock()
    yesterday = business_date_of(now) - timedelta(days=1)
    owner = await asyncpg.connect(running.settings.database_url)
    change = "UPDATE account_balance SET balance_fen = balance_fen + $1, current_year_fen = current_year_fen + $1"
    try:
        await owner.execute(f"{change} WHERE account_no = (SELECT min(account_no) FROM account_balance)", 1)
        await dayend.request_start(actor=SUN, now=now)
        assert await worker._day_end(house) == 1
        assert await run_states() == {yesterday: ("finished_with_exceptions", "")}
        [(_, step, number, kind)] = await open_ones()
        assert (step, number) == ("books_proved", 0) and "项不一致" in kind
        await owner.execute(f"{change} WHERE account_no = (SELECT min(account_no) FROM account_balance)", -1)
    finally:
        await owner.close()
    key = await exception_id("books_proved", 0, day=yesterday)
    await dayend.request_retry(actor=SUN, exception_id=key, now=now)
    assert await worker._retries(house) == 1
    assert await run_states() == {yesterday: ("finished", "")}
