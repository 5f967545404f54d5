"""约定提取: later payments checked afresh, and what stops them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain import ledger, withdrawals
from domain.kernel import database
from domain.kernel.database import rehearsal, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.withdrawals import AgencyAnswer, Death, Home, PersonIdentity, Registries
from domain.withdrawals.due import PaidRange
from domain.withdrawals.rules.payment import DueFacts, judge_payment
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.factories.people import account_no, citizen

MONTH = Money.yuan(2000)
pytestmark = pytest.mark.requirement("R08.8")


async def begun(running: RunningHouse, key: str = "zhang_wei", **changes: Any) -> withdrawals.ArrangementView:
    """A monthly arrangement whose first payment was made, on the day its next one is due."""
    await rent.paid(running, key, frequency="monthly", **changes)
    view = await view_of(key)
    assert view.next_due_on is not None and view.state == "running"
    running.clock.advance(days=(view.next_due_on - business_date_of(running.clock())).days)
    return view


async def view_of(key: str) -> withdrawals.ArrangementView:
    return (await withdrawals.arrangements_of(actor=await citizen(key)))[0]


async def ask(running: RunningHouse, **registries: Any) -> int:
    """The agencies asked ahead; `registries` stand in for some of them."""
    now = running.clock()
    found: Registries = replace(running.house.registries, **registries)
    return await withdrawals.ask_ahead(registries=found, business_date=business_date_of(now), now=now)


async def pay(running: RunningHouse, key: str = "zhang_wei") -> PaidRange:
    now, number = running.clock(), account_no(key)
    async with transaction() as tx:
        return await withdrawals.pay_due(tx, lo=number, hi=number, business_date=business_date_of(now), now=now)


async def tell(running: RunningHouse) -> None:
    now = running.clock()
    await withdrawals.tell_banks(business_date=business_date_of(now), now=now)
    await running.settle()
    running.clock.advance(minutes=1)
    await running.settle()


async def told() -> set[str]:
    """Templates of the texts to contributors, beside those of every application."""
    rows = await database.rows("SELECT DISTINCT template FROM sms_message")
    return {row["template"] for row in rows if row["template"].startswith("withdrawal.arrangement_")}


async def stands(key: str = "zhang_wei") -> tuple[str, str | None]:
    view = await view_of(key)
    return view.state, view.reason


async def test_the_next_month_is_checked_paid_told_and_booked(running: RunningHouse) -> None:
    before = await begun(running)
    balance = (await rent.balance_of("zhang_wei")).balance
    assert await ask(running) == 1
    assert await ask(running) == 0
    done = await pay(running)
    assert (done.paid, done.paid_fen, done.rows) == (1, MONTH.fen, 1)
    assert (await pay(running)).rows == 0
    await rent.assert_books_hold()
    await tell(running)
    view = await view_of("zhang_wei")
    assert view.paid == MONTH * 2 and before.paid_through is not None
    assert view.paid_through == before.paid_through.plus(months=1)
    assert (await rent.balance_of("zhang_wei")) == ledger.Balance(balance=balance - MONTH, held=Money.zero())
    states = await database.rows("SELECT state FROM withdrawal ORDER BY from_period")
    assert [row["state"] for row in states] == ["paid", "paid"]
    pending = await database.value(
        "SELECT coalesce(sum(CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END), 0) FROM ledger_line"
        " WHERE subject = '21909'"
    )
    assert pending == 0
    assert await told() == {"withdrawal.arrangement_paid"}
    await rent.assert_books_hold()


async def test_a_bank_that_refuses_gives_the_money_back_and_pauses(running: RunningHouse) -> None:
    await begun(running)
    other = await rent.other_card("zhang_wei")
    view = await view_of("zhang_wei")
    balance = (await rent.balance_of("zhang_wei")).balance
    await withdrawals.change_arrangement(
        actor=await citizen("zhang_wei"),
        arrangement_id=view.arrangement_id,
        change=withdrawals.ArrangementChange(card_id=other),
        request_key=rent.new_key(),
        business_date=business_date_of(running.clock()),
        now=running.clock(),
    )
    await ask(running)
    assert (await pay(running)).paid == 1
    await tell(running)
    assert await stands() == ("paused", "银行退回付款，请核对收款银行卡")
    assert (await rent.balance_of("zhang_wei")).balance == balance
    assert (await view_of("zhang_wei")).paid == MONTH
    assert await told() == {"withdrawal.arrangement_payment_failed"}, "told once"
    await rent.assert_books_hold()


class Owning:
    """A property registry in which everybody has bought a home since."""

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        home = Home(
            address="北京市朝阳区演示路9号",
            district_code="110105",
            ownership_share="1",
            certificate_no="京2026朝不动产权第0000099号",
            registered_on=date(2026, 12, 1),
        )
        return AgencyAnswer(agency="不动产", asked_at=now, as_of=now, outcome="answered", value=(home,), trace_no="T1")


class Departed:
    """Civil affairs that have registered the death."""

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return AgencyAnswer(
            agency="民政",
            asked_at=now,
            as_of=now,
            outcome="answered",
            value=Death(died_on=date(2026, 12, 2)),
            trace_no="T2",
        )

    async def pension_of(self, **asked: Any) -> Any:
        raise AssertionError("not asked")

    async def employment_of(self, **asked: Any) -> Any:
        raise AssertionError("not asked")


@pytest.mark.parametrize(
    ("registries", "reason"),
    [
        ({"property": Owning()}, "住房情况不再符合条件"),
        ({"life": Departed()}, "账户持有人死亡"),
    ],
)
async def test_what_has_changed_since_ends_it_before_anything_is_paid(
    running: RunningHouse, registries: dict[str, Any], reason: str
) -> None:
    await begun(running)
    balance = await rent.balance_of("zhang_wei")
    await ask(running, **registries)
    done = await pay(running)
    assert (done.paid, done.ended) == (0, 1)
    assert await stands() == ("ended", reason)
    assert await rent.balance_of("zhang_wei") == balance


async def test_a_silent_agency_keeps_it_waiting_until_it_answers(running: RunningHouse) -> None:
    await begun(running)
    await running.fault(simulator="registries", operation="homes", mode="error500", times=1)
    await ask(running)
    assert ((await pay(running)).waiting, await stands()) == (1, ("running", "核验部门暂未答复，答复后自动支付"))
    assert await ask(running) == 0
    running.clock.advance(minutes=11)
    running.forget_trouble()
    assert await ask(running) == 1
    assert (await pay(running)).paid == 1


async def test_an_old_answer_is_asked_for_again(running: RunningHouse) -> None:
    await begun(running)
    await ask(running)
    running.clock.advance(days=8)
    assert (await pay(running)).waiting == 1
    assert await ask(running) == 1
    assert (await pay(running)).paid == 1


async def test_a_card_given_back_pauses_it_and_another_takes_it_up(running: RunningHouse) -> None:
    view = await begun(running)
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", account_no("zhang_wei"))
    await ask(running)
    assert ((await pay(running)).paused, await stands()) == (1, ("paused", "收款银行卡已停用或不可用，请更换银行卡"))
    changed = await withdrawals.change_arrangement(
        actor=await citizen("zhang_wei"),
        arrangement_id=view.arrangement_id,
        change=withdrawals.ArrangementChange(card_id=await rent.other_card("zhang_wei")),
        request_key=rent.new_key(),
        business_date=business_date_of(running.clock()),
        now=running.clock(),
    )
    assert changed.state == "running"
    assert (await pay(running)).paid == 1


@pytest.mark.parametrize(("state", "expected"), [("06", "running"), ("02", "ended"), ("05", "ended")])
async def test_the_account_of_the_day_decides(running: RunningHouse, state: str, expected: str) -> None:
    await begun(running)
    await ask(running)
    await rent.set_account_state("zhang_wei", state)
    assert (await pay(running)).paid == 0
    assert (await stands())[0] == expected


@pytest.mark.requirement("R08.3")
@pytest.mark.parametrize("consents", [True, False])
async def test_its_year_over_it_goes_on_with_consent_and_ends_without(running: RunningHouse, consents: bool) -> None:
    view = await begun(running, auto_renewal=consents)
    assert view.next_due_on is not None
    await database.execute(
        "UPDATE withdrawal_arrangement SET until_period = $1", YearMonth.of(view.next_due_on).minus(months=1).period
    )
    today = business_date_of(running.clock())
    assert await withdrawals.remind(business_date=today, now=running.clock()) == (0 if consents else 1)
    assert await withdrawals.remind(business_date=today, now=running.clock()) == 0
    await ask(running)
    done = await pay(running)
    after = await view_of("zhang_wei")
    if consents:
        assert (done.paid, done.renewed, after.renewals) == (1, 1, 1)
        assert after.until_month == YearMonth.of(view.next_due_on).plus(months=11)
    else:
        assert (done.paid, done.ended, after.reason) == (0, 1, "约定期限届满")
    await running.settle()
    told = {row["template"] for row in await database.rows("SELECT template FROM sms_message")}
    expected = {"withdrawal.arrangement_renewed"} if consents else {"withdrawal.arrangement_reminded"}
    assert expected <= told


async def test_the_citizen_pauses_resumes_and_ends_it(running: RunningHouse) -> None:
    view = await begun(running)
    actor, now = await citizen("zhang_wei"), running.clock()
    named: dict[str, Any] = {"actor": actor, "arrangement_id": view.arrangement_id, "now": now}
    paused = await withdrawals.pause_arrangement(**named, request_key="pause-0001")
    assert paused.state == "paused"
    assert (await withdrawals.pause_arrangement(**named, request_key="pause-0001")).state == "paused"
    await ask(running)
    assert (await pay(running)).rows == 0
    assert await rent.refused(withdrawals.pause_arrangement(**named, request_key="pause-0002")) == [
        ("withdrawal.arrangement_state", None)
    ]
    today = business_date_of(now)
    resumed = await withdrawals.resume_arrangement(**named, request_key="resume-001", business_date=today)
    assert resumed.state == "running"
    assert (await withdrawals.end_arrangement(**named, request_key="end-000001")).state == "ended"
    assert (await pay(running)).rows == 0


async def test_another_citizen_reaches_none_of_it(running: RunningHouse) -> None:
    view = await begun(running)
    work = withdrawals.end_arrangement(
        actor=await citizen("li_na"),
        arrangement_id=view.arrangement_id,
        request_key="end-000002",
        now=running.clock(),
    )
    assert await rent.refused(work) == [("withdrawal.arrangement_not_found", "id")]


async def test_the_statement_judges_as_the_rule(running: RunningHouse) -> None:
    """Every combination of account, checks, term, card and balance, each tried and undone."""
    view = await begun(running)
    assert view.next_due_on is not None
    now, number = running.clock(), account_no("zhang_wei")
    today, month = business_date_of(now), YearMonth.of(view.next_due_on)
    await ask(running)
    states, checks = ("01", "02", "05", "06"), ("passed", "failed", "unanswered", "old")
    plain = product(states, checks, (0, 1), (True, False), (True, False), (None,))
    on_lists = product(states, ("passed", "failed"), (0,), (False,), (True, False), ("bad_record", "key_review"))
    effects: dict[str, Any] = {"bad_record": "stop", "key_review": "hold"}
    for state, check, over, consent, card, on_list in (*plain, *on_lists):
        async with rehearsal() as tx:
            if on_list is not None:
                await listed.enter(tx, running, "zhang_wei", on_list)
            await tx.execute("UPDATE account SET state = $2 WHERE account_no = $1", number, state)
            await tx.execute("UPDATE bank_card SET active = $2 WHERE account_no = $1", number, card)
            await tx.execute(
                "UPDATE arrangement_check SET outcome = $1, as_of = $2 WHERE kind = 'property'",
                "passed" if check == "old" else check,
                today - timedelta(days=60 if check == "old" else 0),
            )
            await tx.execute(
                "UPDATE withdrawal_arrangement SET until_period = $1, auto_renewal = $2,"
                " auto_renewal_consented_at = CASE WHEN $2 THEN $3::timestamptz END",
                month.minus(months=over).period,
                consent,
                now,
            )
            expected = judge_payment(
                DueFacts(
                    account_state=state,
                    states_taken=frozenset({"01"}),
                    available=Money.yuan(1),
                    failed="property" if check == "failed" else None,
                    all_fresh=check == "passed",
                    card_good=card,
                    month=month,
                    until_month=month.minus(months=over),
                    auto_renewal=consent,
                    insufficient_times=0,
                    insufficient_times_max=0,
                    listed=effects.get(on_list or ""),
                )
            )
            done = await withdrawals.pay_due(tx, lo=number, hi=number, business_date=today, now=now)
            got = {"pay": done.paid, "wait": done.waiting, "end": done.ended, "pause": done.paused}
            assert got == {**dict.fromkeys(got, 0), expected[0]: 1}, (state, check, over, consent, card, on_list)


def test_no_balance_skips_or_ends_as_the_policy_says() -> None:
    facts = DueFacts(
        account_state="01",
        states_taken=frozenset({"01"}),
        available=Money.zero(),
        failed=None,
        all_fresh=True,
        card_good=True,
        month=YearMonth(2026, 12),
        until_month=YearMonth(2027, 1),
        auto_renewal=False,
        insufficient_times=2,
        insufficient_times_max=3,
    )
    assert judge_payment(facts) == ("end", "insufficient")
    assert judge_payment(replace(facts, insufficient_times=1)) == ("skip", "balance")
    assert judge_payment(replace(facts, insufficient_times_max=0)) == ("skip", "balance")
