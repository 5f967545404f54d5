"""A day-end over real tables: order, poison, restart, and that nothing happens twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from domain import dayend
from domain.dayend import Engine, LeaseLost, Partition
from domain.kernel import database
from domain.kernel.database import Transaction
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused
from tests.dayend.conftest import Run
from tests.dayend.probe import (
    DAY,
    FIRST,
    SUN,
    Probe,
    Single,
    TestTime,
    accounts,
    declared,
    engine_of,
    exception_id,
    open_ones,
    poison,
    posted,
    run_states,
    step_states,
)

NEXT = DAY + timedelta(days=1)
ROTTEN = FIRST + 17


def two_steps(**of_first: object) -> tuple[Engine, Probe, Probe]:
    interest, closing = Probe("interest"), Probe("closing")
    steps = declared(interest=of_first, closing={"after": ["interest"]})
    return engine_of(steps, {"interest": interest, "closing": closing}), interest, closing


@pytest.mark.requirement("N2")
async def test_every_account_is_done_once_in_each_step_and_the_steps_in_order(run: Run) -> None:
    engine, interest, closing = two_steps()
    order: list[str] = []
    for work in (interest, closing):

        async def note(partition: Partition, tx: Transaction, name: str = work.name) -> None:
            order.append(name)

        work.before_run = note
    assert await run(engine) == "finished"
    once = dict.fromkeys(await accounts(), 1)
    assert await posted("interest") == await posted("closing") == once
    assert order == ["interest"] * 4 + ["closing"] * 4
    assert await step_states() == {"interest": "done", "closing": "done"}
    assert await run_states() == {DAY: ("finished", "")}
    actions = [row["action"] for row in await database.rows("SELECT action FROM audit_event ORDER BY event_id")]
    assert actions == ["dayend.started", "dayend.finished"]


async def test_steps_due_on_other_days_are_no_hindrance(run: Run) -> None:
    steps = declared(
        monthly={"every": "month", "day": "last"},
        daily={"after": ["monthly"]},
        yearly={"every": "year", "day": "06-30"},
    )
    works = {name: Probe(name) for name in steps}
    await run(engine_of(steps, works), days=[date(2026, 11, 29), date(2026, 11, 30)])
    assert list(await step_states(date(2026, 11, 29))) == ["daily"]
    assert list(await step_states(date(2026, 11, 30))) == ["monthly", "daily"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("interest", "DivisionByZeroError 22012"),
        ("interest:refused", "probe.refused"),
        ("interest:python", "KeyError"),
    ],
)
async def test_a_poisoned_account_is_left_out_and_told_and_the_rest_goes_on(run: Run, kind: str, told: str) -> None:
    await poison(ROTTEN, kind)
    engine, _, _ = two_steps()
    assert await run(engine) == "finished_with_exceptions"
    rest = dict.fromkeys(set(await accounts()) - {ROTTEN}, 1)
    assert await posted("interest") == rest
    # what comes after the failed step leaves the account out as well
    assert await posted("closing") == rest
    assert await open_ones() == [
        (DAY, "closing", ROTTEN, "EARLIER_STEP"),
        (DAY, "interest", ROTTEN, told),
    ]
    assert await step_states() == {"interest": "done_with_exceptions", "closing": "done_with_exceptions"}
    kept = await database.value("SELECT string_agg(e::text, '') FROM day_end_exception e")
    assert "张三" not in kept and "110105" not in kept


async def test_several_poisoned_accounts_in_sparse_numbers_are_all_found(bank: str, run: Run) -> None:
    from tests.dayend.probe import make_tables

    await make_tables(bank, accounts=40, apart=1009)
    rotten = {FIRST, FIRST + 1009 * 19, FIRST + 1009 * 20, FIRST + 1009 * 39}
    for number in rotten:
        await poison(number, "interest")
    engine, _, _ = two_steps()
    assert await run(engine) == "finished_with_exceptions"
    assert await posted("interest") == dict.fromkeys(set(await accounts()) - rotten, 1)
    assert {number for _, step, number, _ in await open_ones() if step == "interest"} == rotten


async def test_a_step_that_may_not_fail_stops_the_run_after_the_rest_of_it_is_done(run: Run) -> None:
    await poison(ROTTEN, "interest")
    engine, interest, closing = two_steps(on_failure="stop")
    assert await run(engine, days=[DAY, NEXT]) == "stopped"
    assert await posted("interest") == dict.fromkeys(set(await accounts()) - {ROTTEN}, 1)
    assert closing.seen == []
    assert await run_states() == {DAY: ("stopped", "exceptions")}
    # starting again changes nothing as long as nobody has dealt with it
    before = len(interest.seen)
    assert await run(engine) == "stopped"
    assert len(interest.seen) == before
    await poison(ROTTEN, "")
    await dayend.retry(engine=engine, exception_id=await exception_id("interest", ROTTEN), actor=SUN)
    assert await run(engine, days=[DAY, NEXT]) == "finished"
    everybody = dict.fromkeys(await accounts(), 1)
    assert await posted("interest") == await posted("closing") == everybody
    assert await posted("closing", day=NEXT) == everybody


async def test_a_step_that_fails_everywhere_stops_instead_of_leaving_everybody_out(run: Run) -> None:
    await database.execute("UPDATE probe_account SET poison = 'interest'")
    engine, _, closing = two_steps()
    assert await run(replace(engine, exceptions_max=5)) == "stopped"
    assert await run_states() == {DAY: ("stopped", "too_many_exceptions")}
    assert len(await open_ones()) == 5 and closing.seen == [] and await posted("interest") == {}
    # put right, it goes on; those five stay for a retry
    await database.execute("UPDATE probe_account SET poison = ''")
    assert await run(engine) == "finished_with_exceptions"
    assert sum((await posted("interest")).values()) == 35


async def test_an_account_that_waits_is_left_out_on_later_days_and_done_in_order(run: Run) -> None:
    await poison(ROTTEN, "interest")
    engine, interest, _ = two_steps()
    await run(engine)
    await poison(ROTTEN, "")
    await run(engine, days=[NEXT])
    assert ROTTEN not in await posted("interest", day=NEXT)
    assert (NEXT, "interest", ROTTEN, "EARLIER_DAY") in await open_ones()
    interest.seen.clear()
    done = await dayend.retry(engine=engine, exception_id=await exception_id("closing", ROTTEN, day=NEXT), actor=SUN)
    assert done == 4
    assert interest.seen == [(DAY, ROTTEN, ROTTEN), (NEXT, ROTTEN, ROTTEN)]
    assert await open_ones() == []
    assert await run_states() == {DAY: ("finished", ""), NEXT: ("finished", "")}
    assert set(await step_states(NEXT)) == {"interest", "closing"} and set((await step_states()).values()) == {"done"}
    for step in ("interest", "closing"):
        for day in (DAY, NEXT):
            assert (await posted(step, day=day))[ROTTEN] == 1


async def test_a_retry_that_fails_again_changes_nothing_and_what_follows_waits(run: Run) -> None:
    await poison(ROTTEN, "interest")
    engine, _, closing = two_steps()
    await run(engine)
    seen = len(closing.seen)
    for number in (2, 3):
        with pytest.raises(Refused) as refused:
            await dayend.retry(engine=engine, exception_id=await exception_id("closing", ROTTEN), actor=SUN)
        assert refused.value.refusals[0].code == "dayend.retry_failed"
        tries = await database.value(
            "SELECT tries FROM day_end_exception WHERE step = 'interest' AND subject_no = $1", ROTTEN
        )
        assert tries == number
    assert ROTTEN not in await posted("interest") and len(closing.seen) == seen
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'dayend.retried'") == 2


async def test_a_retry_asked_for_twice_is_done_once(run: Run) -> None:
    await poison(ROTTEN, "interest")
    engine, _, _ = two_steps()
    await run(engine)
    await poison(ROTTEN, "")
    key = await exception_id("interest", ROTTEN)
    assert await dayend.retry(engine=engine, exception_id=key, actor=SUN) == 2
    with pytest.raises(Refused) as refused:
        await dayend.retry(engine=engine, exception_id=key, actor=SUN)
    assert refused.value.refusals[0].code == "dayend.exception_ended"
    assert (await posted("interest"))[ROTTEN] == (await posted("closing"))[ROTTEN] == 1


async def test_a_finished_day_is_not_begun_again_by_a_second_call(run: Run) -> None:
    engine, interest, _ = two_steps()
    await run(engine)
    interest.seen.clear()
    assert await run(engine) == "finished"
    assert interest.seen == [] and set((await posted("interest")).values()) == {1}


async def test_a_lock_that_is_not_free_in_time_is_tried_again(run: Run) -> None:
    engine, interest, _ = two_steps()
    locked = [True]

    async def other_has_it(partition: Partition, tx: Transaction) -> None:
        if locked and partition.lo == FIRST:
            locked.clear()
            await tx.execute("DO $$ BEGIN RAISE EXCEPTION 'taken' USING ERRCODE = '55P03'; END $$")

    interest.before_run = other_has_it
    assert await run(engine) == "finished"
    assert set((await posted("interest")).values()) == {1}
    assert await open_ones() == []
    # the partition was left whole
    assert await database.value("SELECT count(*) FROM day_end_partition WHERE step = 'interest'") == 4


async def test_a_store_that_is_away_for_a_moment_costs_nothing(run: Run) -> None:
    engine, interest, _ = two_steps()
    away = [1, 2]

    async def lost(partition: Partition, tx: Transaction) -> None:
        if away:
            away.pop()
            raise StoreUnavailable("gone")

    interest.before_run = lost
    assert await run(engine) == "finished"
    assert await database.value("SELECT count(*) FROM day_end_partition WHERE step = 'interest'") == 4
    assert await posted("interest") == dict.fromkeys(await accounts(), 1)
    assert isinstance(engine.time, TestTime) and engine.time.paused


async def test_a_runner_that_lost_its_lease_takes_nothing_more(bank: str, run: Run) -> None:
    engine, interest, closing = two_steps()

    async def other_takes_over(partition: Partition, tx: Transaction) -> None:
        other = await asyncpg.connect(bank)
        await other.execute("UPDATE day_end_lease SET epoch = epoch + 1")
        await other.close()

    interest.before_run = other_takes_over
    with pytest.raises(LeaseLost):
        await run(replace(engine, workers=1))
    assert len(interest.seen) == 1 and closing.seen == []
    interest.before_run = None
    assert await run(engine) == "finished"
    assert await posted("interest") == dict.fromkeys(await accounts(), 1)


async def test_a_clock_that_jumps_between_two_days_stops_the_catch_up(run: Run) -> None:
    time = TestTime()
    interest = Probe("interest")

    async def jump(partition: Partition, tx: Transaction) -> None:
        time.at = TestTime().at + timedelta(days=3)

    interest.before_run = jump
    engine = engine_of(declared(interest={}), {"interest": interest}, time=time, clock_drift_max=timedelta(minutes=5))
    with pytest.raises(Refused) as refused:
        await run(engine, days=[DAY, NEXT])
    assert refused.value.refusals[0].code == "dayend.clock_jumped"
    assert await run_states() == {DAY: ("finished", "")}


@pytest.mark.parametrize(("on_failure", "state"), [("stop", "stopped"), ("continue", "finished_with_exceptions")])
async def test_a_single_step_that_fails(run: Run, on_failure: str, state: str) -> None:
    proof, after = Single(failing=["账不平"]), Probe("after")
    steps = declared(proof={"subject": "", "on_failure": on_failure}, later={})
    engine = engine_of(steps, {"proof": proof, "later": after})
    assert await run(engine) == state
    assert await open_ones() == [(DAY, "proof", 0, "账不平")]
    assert bool(after.seen) == (on_failure == "continue")
    if on_failure == "stop":
        assert await run(engine) == "finished"
    else:
        assert await dayend.retry(engine=engine, exception_id=await exception_id("proof", 0), actor=SUN) == 1
    assert proof.ran == [DAY] and await open_ones() == []
    assert await run_states() == {DAY: ("finished", "")}


async def test_a_single_step_that_two_persons_settled_is_passed_over(run: Run) -> None:
    from tests.dayend.probe import ZHAO

    proof = Single(failing=["账不平"] * 9)
    engine = engine_of(declared(proof={"subject": "", "on_failure": "stop"}), {"proof": proof})
    await run(engine)
    key = await exception_id("proof", 0)
    now = engine.time.now()
    await dayend.propose_settlement(actor=SUN, exception_id=key, reason="已手工核对并调平", now=now)
    await dayend.decide_settlement(actor=ZHAO, exception_id=key, agree=True, now=now)
    assert await run(engine) == "finished"
    assert proof.ran == [] and len(proof.failing) == 8


async def test_a_step_that_is_no_longer_there_stops_before_anything_changes(run: Run) -> None:
    await poison(ROTTEN, "interest")
    engine, _, _ = two_steps(on_failure="stop")
    await run(engine)
    other = engine_of(declared(closing={}), {"closing": Probe("closing")})
    before = await database.value("SELECT starts FROM day_end_run")
    with pytest.raises(Refused) as refused:
        await run(other)
    assert refused.value.refusals[0].code == "dayend.step_unbound"
    assert await database.value("SELECT starts FROM day_end_run") == before


async def test_partitions_that_overlap_are_a_bug_and_nothing_is_begun(run: Run) -> None:
    class Overlapping(Probe):
        async def partitions(self, using, *, business_date):  # type: ignore[no-untyped-def]
            return [Partition(no=1, lo=1, hi=5), Partition(no=2, lo=5, hi=9)]

    work = Overlapping("interest")
    with pytest.raises(AssertionError, match="overlap"):
        await run(engine_of(declared(interest={}), {"interest": work}))
    assert work.seen == []
    # the worker does not try that again and again by itself
    assert await run_states() == {DAY: ("stopped", "bug")}
    assert await database.value("SELECT count(*) FROM day_end_partition") == 0


def test_a_step_without_work_is_no_engine() -> None:
    with pytest.raises(AssertionError, match="has its work"):
        engine_of(declared(interest={}), {})
    with pytest.raises(AssertionError, match="StepWork"):
        engine_of(declared(interest={}), {"interest": Single()})
