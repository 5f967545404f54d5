"""业务参数 set by two persons: what it takes, what it leaves behind, and that every process knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest
import pytest_asyncio

from auth import approvals, policy_values
from auth.approvals import Approval
from domain import policy
from domain.kernel.actor import Actor, Role
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.policy import Change
from tests.auth.conftest import Clock
from tests.auth.test_approvals import add, member
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("N6")]

LIMIT, DAY = "withdrawal.rent_no_home.monthly_limit", date(2027, 1, 1)
PROPOSER, DECIDER = member(1, Role.SYSTEM_ADMIN), member(2, Role.SUPERVISOR)
REASON = "管委会决议调整限额"


@pytest_asyncio.fixture(autouse=True)
async def people(tables: asyncpg.Connection) -> AsyncIterator[None]:
    await add(tables, 1, "zhou", b"one")
    await add(tables, 2, "zhao")
    await add(tables, 3, "zhou2", b"one")
    yield
    policy.install(())


async def asked(
    clock: Clock, *, given: str = "2500.00", day: date = DAY, name: str = LIMIT, actor: Actor = PROPOSER
) -> Approval:
    change = Change(name=name, value=given, valid_from=day, source="京房公积金发〔2026〕9号")
    return await policy_values.ask_value(actor=actor, change=change, reason=REASON, now=clock())


async def decided(clock: Clock, found: Approval, *, actor: Actor = DECIDER, agree: bool = True) -> None:
    await approvals.decide(
        actor=actor, approval_id=found.approval_id, agree=agree, note="" if agree else "文号有误", now=clock()
    )


async def set_value(clock: Clock, **given: object) -> int:
    await decided(clock, await asked(clock, **given))  # type: ignore[arg-type]
    return (await policy_values.history())[0].value_id


async def code_of(work: object) -> str:
    with pytest.raises(Refused) as refused:
        await work  # type: ignore[misc]
    return refused.value.refusals[0].code


async def test_two_persons_set_a_value_that_begins_on_its_day(clock: Clock, tables: asyncpg.Connection) -> None:
    found = await asked(clock)
    assert "由2000.00元改为2500.00元（依据：京房公积金发〔2026〕9号）" in found.summary
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2000), "asked for is not set"
    await decided(clock, found)
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2500)
    assert policy.on(date(2026, 12, 31)).money(LIMIT) == Money.yuan(2000)
    (kept,) = await policy_values.history(name=LIMIT)
    assert (kept.value, kept.valid_from, kept.asked_name, kept.agreed_name) == ("2500.00", DAY, "zhou", "zhao")
    event = await tables.fetchrow("SELECT subject, detail FROM audit_event WHERE action = 'policy_value.set'")
    assert event["subject"] == f"policy:{LIMIT}" and "京房公积金发〔2026〕9号" in event["detail"]


async def test_another_process_and_one_that_starts_later_know_it(clock: Clock) -> None:
    await set_value(clock)
    policy.install(())
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2000), "a process that has not read yet"
    await policy_values.refresh()
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2500)


async def test_nobody_decides_on_their_own_value(clock: Clock) -> None:
    found = await asked(clock)
    both = member(1, Role.SYSTEM_ADMIN, Role.SUPERVISOR)
    for actor in (both, member(3, Role.SUPERVISOR)):
        assert await code_of(decided(clock, found, actor=actor)) == "approval.own"
    assert await code_of(decided(clock, found, actor=member(2, Role.FINANCE))) == "access.not_permitted"
    assert await code_of(asked(clock, actor=DECIDER)) == "access.not_permitted"
    assert await policy_values.history() == []


async def test_declined_changes_nothing(clock: Clock) -> None:
    await decided(clock, await asked(clock), agree=False)
    assert await policy_values.history() == [] and policy.on(DAY).money(LIMIT) == Money.yuan(2000)


async def test_of_two_proposals_for_a_day_one_is_kept(clock: Clock) -> None:
    async def one(given: str) -> str:
        try:
            await asked(clock, given=given)
        except Refused as refused:
            return refused.refusals[0].code
        return "asked"

    assert sorted(await asyncio.gather(one("2500.00"), one("2600.00"))) == ["approval.waiting", "asked"]
    (found,) = await policy_values.waiting(now=clock())
    await decided(clock, found)
    async with nothing_changed():
        assert await code_of(asked(clock, given="2700.00")) == "policy.taken"
    assert await code_of(asked(clock, day=date(2027, 1, 2), given=found.payload["value"])) == "policy.same"


async def test_agreed_to_twice_at_once_it_is_set_once(clock: Clock) -> None:
    found = await asked(clock)

    async def agree() -> str:
        try:
            await decided(clock, found)
        except Refused as refused:
            return refused.refusals[0].code
        return "done"

    assert sorted(await asyncio.gather(agree(), agree())) == ["approval.over", "done"]
    assert len(await policy_values.history()) == 1


async def test_what_became_unsound_since_it_was_asked_for_is_not_set(clock: Clock) -> None:
    """Its day has come; or two values, each sound when asked for, would cross each other."""
    late = await asked(clock, day=date(2026, 11, 25))
    clock.pass_(days=2)
    assert await code_of(decided(clock, late)) == "policy.day"
    floor = await asked(clock, name="contribution.base_floor", given="30000.00")
    ceiling = await asked(clock, name="contribution.base_ceiling", given="20000.00")
    await decided(clock, floor)
    async with nothing_changed():
        assert await code_of(decided(clock, ceiling)) == "policy.above"
    assert (await approvals.approval(approval_id=ceiling.approval_id, now=clock())).state == "waiting"


async def test_two_persons_take_a_value_back_before_its_day(clock: Clock, tables: asyncpg.Connection) -> None:
    value_id = await set_value(clock)
    assert await code_of(policy_values.ask_withdrawal(actor=DECIDER, value_id=value_id, reason=REASON, now=clock()))
    found = await policy_values.ask_withdrawal(actor=PROPOSER, value_id=value_id, reason=REASON, now=clock())
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2500), "asked for is not done"
    assert await code_of(decided(clock, found, actor=member(1, Role.SUPERVISOR))) == "approval.own"
    await decided(clock, found)
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2000)
    (kept,) = await policy_values.history()
    assert kept.withdrawn_at == clock()
    again = policy_values.ask_withdrawal(actor=PROPOSER, value_id=value_id, reason=REASON, now=clock())
    assert await code_of(again) == "policy.not_standing"
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'policy_value.withdrawn'") == 1
    await set_value(clock, given="2600.00")
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2600), "the day is free again"


async def test_what_is_in_force_is_not_taken_back(clock: Clock) -> None:
    value_id = await set_value(clock, day=date(2026, 11, 25))
    found = await policy_values.ask_withdrawal(actor=PROPOSER, value_id=value_id, reason=REASON, now=clock())
    clock.pass_(days=2)
    assert await code_of(decided(clock, found)) == "policy.begun"
    again = policy_values.ask_withdrawal(actor=PROPOSER, value_id=value_id, reason=REASON, now=clock())
    assert await code_of(again) == "policy.begun"


async def test_the_database_itself_keeps_what_was_in_force(clock: Clock, tables: asyncpg.Connection) -> None:
    value_id = await set_value(clock)
    for change in (
        "set_at = valid_from + interval '1 day'",
        "agreed_by = asked_by",
        "withdrawn_at = valid_from + interval '1 day', withdrawn_approval_id = approval_id",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await tables.execute(f"UPDATE policy_value SET {change} WHERE value_id = $1", value_id)
    await tables.execute("SET ROLE hpf_app")
    for change in ("UPDATE policy_value SET value = '\"1.00\"'", "DELETE FROM policy_value"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tables.execute(change)
    await tables.execute("RESET ROLE")
