"""What staff do with a day-end: asked for once, refused in words, told to the audit trail, settled by two."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from auth import rights
from domain import dayend
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.refusal import Refused
from tests.dayend.conftest import Run
from tests.dayend.probe import (
    DAY,
    FIRST,
    LI,
    SUN,
    ZHAO,
    Probe,
    declared,
    engine_of,
    exception_id,
    open_ones,
    poison,
    run_states,
)
from tests.factories.snapshot import nothing_changed

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ROTTEN = FIRST + 3


async def refused(work: Awaitable[object]) -> str:
    """The code of the refusal; nothing has changed by it."""
    async with nothing_changed():
        with pytest.raises(Refused) as caught:
            await work
    return caught.value.refusals[0].code


async def audited(action: str) -> int:
    count: int = await database.value("SELECT count(*) FROM audit_event WHERE action = $1", action)
    return count


async def finished_on(day: date, *, state: str = "finished") -> None:
    ended = NOW if state.startswith("finished") else None
    reason = "exceptions" if state == "stopped" else ""
    await database.execute(
        "INSERT INTO day_end_run VALUES ($1, $2, $3, 1, 'tests', $4, $5)", day, state, reason, NOW, ended
    )


async def an_exception(run: Run) -> int:
    await poison(ROTTEN, "interest")
    await run(engine_of(declared(interest={}), {"interest": Probe("interest")}))
    return await exception_id("interest", ROTTEN)


def test_who_may_operate_are_those_with_the_right() -> None:
    holders = {role for role in Role if "dayend.operate" in rights.RIGHTS_OF_ROLES[role]}
    assert holders == set(dayend.OPERATORS)
    assert all("dayend.read" in rights.RIGHTS_OF_ROLES[role] for role in holders)


@pytest.mark.parametrize("actor", [LI, SYSTEM, Actor(kind="citizen", channel="web", person_id=1)])
async def test_nobody_else_does_anything(run: Run, actor: Actor) -> None:
    key = await an_exception(run)
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: dayend.request_start(actor=actor, now=NOW),
        lambda: dayend.confirm_jump(actor=actor, since=DAY, through=DAY, reason="已核对时钟", now=NOW),
        lambda: dayend.request_retry(actor=actor, exception_id=key, now=NOW),
        lambda: dayend.propose_settlement(actor=actor, exception_id=key, reason="已手工入账", now=NOW),
        lambda: dayend.decide_settlement(actor=actor, exception_id=key, agree=True, now=NOW),
    ]
    for call in calls:
        assert await refused(call()) == "access.not_permitted"


async def test_a_start_asked_for_twice_is_one_request(bank: str) -> None:
    for actor in (SUN, SUN, ZHAO):
        await dayend.request_start(actor=actor, now=NOW)
    assert await database.value("SELECT count(*) FROM day_end_request") == 1
    assert await audited("dayend.start_requested") == 1


@pytest.mark.parametrize(
    ("last", "state", "code"),
    [
        (date(2026, 11, 23), "finished", "dayend.nothing_due"),
        (date(2026, 11, 24), "finished", "dayend.clock_behind"),
        (date(2026, 12, 24), "running", "dayend.clock_behind"),
        (date(2026, 9, 1), "finished", "dayend.jump_unconfirmed"),
    ],
)
async def test_a_start_that_the_dates_speak_against_is_refused(bank: str, last: date, state: str, code: str) -> None:
    await finished_on(last, state=state)
    assert await refused(dayend.request_start(actor=SUN, now=NOW)) == code


async def test_a_jump_runs_after_somebody_has_confirmed_just_these_dates(bank: str) -> None:
    await finished_on(date(2026, 9, 1))
    since, through = date(2026, 9, 2), date(2026, 11, 23)
    confirm = dayend.confirm_jump
    for reason, code in (("  ", "reason_required"), ("好", "reason_required"), ("是" * 501, "reason_too_long")):
        wrong = confirm(actor=SUN, since=since, through=through, reason=reason, now=NOW)
        assert await refused(wrong) == f"dayend.{code}"
    other = confirm(actor=SUN, since=since, through=through - timedelta(days=1), reason="停机检修", now=NOW)
    assert await refused(other) == "dayend.jump_changed"
    for _ in range(2):
        # the second time nothing is left to confirm
        if (await dayend.plan_now(database.pool, now=NOW)).jump:
            await confirm(actor=SUN, since=since, through=through, reason="停机检修三个月，日期属实", now=NOW)
        else:
            again = confirm(actor=SUN, since=since, through=through, reason="停机检修", now=NOW)
            assert await refused(again) == "dayend.no_jump"
    plan = await dayend.plan_now(database.pool, now=NOW)
    assert plan.refusal is None and (plan.days[0], plan.days[-1], len(plan.days)) == (since, through, 83)
    assert await audited("dayend.jump_confirmed") == 1
    # a clock that is put forward further on is not covered by it
    later = await dayend.plan_now(database.pool, now=NOW + timedelta(days=300))
    assert later.days[-1] == through


async def test_a_retry_asked_for_twice_is_one_request(run: Run) -> None:
    key = await an_exception(run)
    for actor in (SUN, ZHAO):
        await dayend.request_retry(actor=actor, exception_id=key, now=NOW)
    assert await database.value("SELECT count(*) FROM day_end_request WHERE exception_id = $1", key) == 1
    assert await audited("dayend.retry_requested") == 1
    assert await refused(dayend.request_retry(actor=SUN, exception_id=7, now=NOW)) == "dayend.exception_not_found"


async def test_an_exception_is_settled_by_two_persons(run: Run) -> None:
    key = await an_exception(run)
    agree = dayend.decide_settlement
    assert await refused(agree(actor=ZHAO, exception_id=key, agree=True, now=NOW)) == "dayend.not_proposed"
    short = dayend.propose_settlement(actor=SUN, exception_id=key, reason="好了", now=NOW)
    assert await refused(short) == "dayend.reason_required"
    for _ in range(2):
        await dayend.propose_settlement(actor=SUN, exception_id=key, reason="已手工入账", now=NOW)
    assert await audited("dayend.settlement_proposed") == 1
    other = dayend.propose_settlement(actor=ZHAO, exception_id=key, reason="另有处理", now=NOW)
    assert await refused(other) == "dayend.proposed_already"
    assert await refused(agree(actor=SUN, exception_id=key, agree=True, now=NOW)) == "dayend.same_person"
    assert await run_states() == {DAY: ("finished_with_exceptions", "")}
    await agree(actor=ZHAO, exception_id=key, agree=True, now=NOW)
    assert await open_ones() == [] and await run_states() == {DAY: ("finished", "")}
    ended = await dayend.exception(exception_id=key)
    assert (ended.state, ended.proposed_by, ended.ended_by) == ("resolved", "staff:5", "staff:4")
    for late in (
        agree(actor=ZHAO, exception_id=key, agree=True, now=NOW),
        dayend.request_retry(actor=ZHAO, exception_id=key, now=NOW),
    ):
        assert await refused(late) == "dayend.exception_ended"


async def test_a_settlement_that_is_declined_leaves_the_exception_open(run: Run) -> None:
    key = await an_exception(run)
    await dayend.propose_settlement(actor=SUN, exception_id=key, reason="已手工入账", now=NOW)
    await dayend.decide_settlement(actor=ZHAO, exception_id=key, agree=False, now=NOW)
    assert (await dayend.exception(exception_id=key)).proposed_by is None
    assert await audited("dayend.settlement_declined") == 1
    await dayend.propose_settlement(actor=ZHAO, exception_id=key, reason="另行处理完毕", now=NOW)
    await dayend.decide_settlement(actor=SUN, exception_id=key, agree=True, now=NOW)
    assert await open_ones() == []


async def test_the_store_itself_refuses_one_person_twice(run: Run) -> None:
    key = await an_exception(run)
    with pytest.raises(Exception, match="day_end_exception_four_eyes"):
        await database.execute(
            "UPDATE day_end_exception SET state = 'resolved', proposed_by = 'staff:5', proposed_reason = 'x',"
            " ended_by = 'staff:5', ended_at = $2 WHERE exception_id = $1",
            key,
            NOW,
        )
