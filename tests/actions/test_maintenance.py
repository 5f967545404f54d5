"""Deposits into the maintenance fund: paid into its account, given back, and what goes wrong on the way."""

from __future__ import annotations

import asyncio

import pytest

from auth import approvals
from domain import cases, withdrawals
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.city import RunningHouse
from tests.factories import maintenance as fund
from tests.factories import rent
from tests.factories.people import account_no, citizen, staff

pytestmark = pytest.mark.requirement("R08.7")
SET = "maintenance_fund"
HALF = Money.yuan(10_000)


async def test_the_fund_is_paid_and_gives_back_with_vouchers_in_both_sets(running: RunningHouse) -> None:
    before = (await rent.balance_of("zhang_wei")).balance
    case = await fund.deposited(running)
    assert (case.state, (await fund.deposit(case)).state) == ("completed", "arrived")
    assert await fund.book(SET, "1001") == fund.PAID and await fund.book(SET, "400101") == -fund.PAID
    assert (await rent.balance_of("zhang_wei")).balance == before - fund.PAID
    await fund.agreed(running, await fund.asked(running, case))
    serial_no = await fund.paid_out(running, case)
    assert (await fund.refund_of(case)).state == "returning"
    assert await fund.book(SET, "510101") == fund.PAID and await fund.book(SET, "1001") == Money.zero()
    assert (await rent.balance_of("zhang_wei")).balance == before - fund.PAID, "not before the money is there"
    await fund.told(running, fund.OWN, serial_no)
    refund = await fund.refund_of(case)
    assert (refund.state, refund.to_account_no) == ("returned", account_no("zhang_wei"))
    assert (await rent.balance_of("zhang_wei")).balance == before
    assert await fund.book("provident_fund", "21906") == Money.zero()
    texts = await rent.texts_about(running, case)
    assert any("划入住宅专项维修资金专户" in text for text in texts) and not any("尾号" in text for text in texts)
    assert any("已退回您的公积金账户" in text for text in texts)
    await rent.assert_books_hold()


async def test_public_housing_has_its_own_subjects(running: RunningHouse) -> None:
    case = await fund.deposited(running, fund_home="public")
    assert await fund.book(SET, "400102") == -fund.PAID
    await fund.returned(running, case, HALF)
    assert await fund.book(SET, "510102") == HALF
    await rent.assert_books_hold()


async def test_a_refund_is_never_larger_than_what_was_paid(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    for amount in (fund.PAID + Money(1), Money.zero(), None):
        assert await rent.refused(fund.asked(running, case, amount)) == [("withdrawal.maintenance_amount", "amount")]
    await fund.returned(running, case, HALF)
    assert await rent.refused(fund.asked(running, case, HALF + Money(1))) == [
        ("withdrawal.maintenance_amount", "amount")
    ]
    await fund.returned(running, case, HALF)
    assert (await fund.deposit(case)).left == Money.zero()
    assert await rent.refused(fund.asked(running, case, Money(1))) == [("withdrawal.maintenance_amount", "amount")]
    # all of it is back: the notice may be paid again
    assert (await fund.applied(running, "zhang_wei")).amount == fund.PAID
    await rent.assert_books_hold()


async def test_the_same_refund_asked_twice_and_agreed_twice_is_paid_once(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    asked = await fund.asked(running, case)
    assert [code for code, _ in await rent.refused(fund.asked(running, case))] == ["approval.waiting"]
    results = await asyncio.gather(
        fund.agreed(running, asked), fund.agreed(running, asked, by="zhao.gang"), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]
    # one that runs keeps the next from being asked for
    assert await rent.refused(fund.asked(running, case, Money(1))) != []
    await fund.told(running, fund.OWN, await fund.paid_out(running, case))
    assert await fund.book(SET, "510101") == fund.PAID
    await rent.assert_books_hold()


async def test_nobody_refunds_alone_nor_before_the_money_is_there(running: RunningHouse) -> None:
    case = await fund.ordered(running)
    await running.settle()
    assert await rent.refused(fund.asked(running, case)) == [("withdrawal.maintenance_not_arrived", None)]
    await fund.told(running, fund.FUND, (await rent.payment_of(case)).bank_serial_no or "")
    asked = await fund.asked(running, case, by="sun.cai")
    assert await rent.refused(fund.agreed(running, asked)) == [("approval.own", None)]
    assert await rent.refused(fund.agreed(running, asked, by="li.min")) == [("access.not_permitted", None)]
    other = await rent.paid(running, "li_na")
    assert await rent.refused(fund.asked(running, other)) == [("withdrawal.maintenance_not_deposit", None)]


async def test_a_refund_that_the_bank_refuses_may_be_asked_for_again(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    await fund.agreed(running, await fund.asked(running, case))
    await running.fault(simulator="bank", operation="pay", mode="refuse", times=1, detail={"code": "10005"})
    await running.settle()
    failed = await fund.refund_of(case)
    assert (failed.state, failed.trouble is not None) == ("failed", True)
    assert (await fund.deposit(case)).left == fund.PAID
    await rent.assert_books_hold()
    await fund.returned(running, case)
    assert [one.state for one in (await fund.deposit(case)).refunds] == ["failed", "returned"]
    await rent.assert_books_hold()


async def test_a_bank_that_stays_silent_is_asked_and_pays_once(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    await fund.agreed(running, await fund.asked(running, case))
    await running.fault(simulator="bank", operation="pay", mode="error500", times=1, detail={"stage": "after"})
    await running.settle()
    assert (await fund.refund_of(case)).state == "paying"
    running.clock.advance(minutes=1)
    serial_no = await fund.paid_out(running, case)
    await fund.told(running, fund.OWN, serial_no)
    assert (await fund.refund_of(case)).state == "returned" and await fund.book(SET, "510101") == fund.PAID
    await rent.assert_books_hold()


async def test_an_account_closed_meanwhile_is_paid_to_the_card(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    await rent.set_account_state("zhang_wei", "05")
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", account_no("zhang_wei"))
    assert await rent.refused(fund.asked(running, case)) == [("withdrawal.maintenance_no_payee", None)]
    await database.execute("UPDATE bank_card SET active = true WHERE account_no = $1", account_no("zhang_wei"))
    await fund.agreed(running, await fund.asked(running, case))
    await running.settle()
    refund = await fund.refund_of(case)
    assert (refund.state, refund.to_account_no) == ("returned", None)
    assert any("已退回您的银行卡" in text for text in await rent.texts_about(running, case))
    assert await fund.book(SET, "510101") == fund.PAID and await fund.book("provident_fund", "21906") == Money.zero()


async def test_a_closing_waits_for_the_refund_and_the_refund_for_a_closing(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    asked = await fund.asked(running, case, HALF)
    await fund.agreed(running, asked)
    found = await cases.conflicts_of(account_no=account_no("zhang_wei"), item="closure_withdrawal")
    assert [one.code for one in found] == ["case.blocked_by_running"]
    assert (await fund.refund_of(case)).refund_no in found[0].message
    await fund.told(running, fund.OWN, await fund.paid_out(running, case))
    assert await cases.conflicts_of(account_no=account_no("zhang_wei"), item="closure_withdrawal") == []


async def test_money_that_finds_the_account_frozen_waits_and_is_posted_by_hand(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    before = (await rent.balance_of("zhang_wei")).balance
    await fund.agreed(running, await fund.asked(running, case))
    serial_no = await fund.paid_out(running, case)
    await rent.set_account_state("zhang_wei", "06")
    await fund.told(running, fund.OWN, serial_no)
    refund = await fund.refund_of(case)
    assert (refund.state, refund.trouble) == ("arrived", "个人账户状态为“冻结”，不能入账")
    await rent.assert_books_hold()
    assert not await post(running, case, refund.refund_no)
    await rent.set_account_state("zhang_wei", "01")
    assert await post(running, case, refund.refund_no)
    assert (await rent.balance_of("zhang_wei")).balance == before + fund.PAID
    again = post(running, case, refund.refund_no)
    assert await rent.refused(again) == [("withdrawal.maintenance_not_waiting", None)]
    await rent.assert_books_hold()


async def post(running: RunningHouse, case: cases.CaseView, refund_no: str) -> bool:
    now = running.clock()
    return await withdrawals.post_refund(
        actor=await staff("sun.cai"), case=case, refund_no=refund_no, business_date=business_date_of(now), now=now
    )


async def test_without_the_funds_account_nothing_is_approved(running: RunningHouse) -> None:
    case = await fund.applied(running, "zhang_wei")
    await rent.review(running, case, "li.min", **({"override_reason": "已核对原件"} if case.flags else {}))
    await rent.claim(running, case, "wang.fang")
    await database.execute(
        "UPDATE bank_account SET state = 'closed', closed_on = opened_on WHERE account_set = 'maintenance_fund'"
    )
    decided = rent.decide(running, case, "wang.fang")
    assert await rent.refused(decided) == [("withdrawal.maintenance_account_missing", None)]


async def test_a_deposit_that_the_bank_refuses_gives_everything_back(running: RunningHouse) -> None:
    before = await rent.balance_of("zhang_wei")
    case = await fund.ordered(running)
    await running.fault(simulator="bank", operation="pay", mode="refuse", times=1, detail={"code": "10003"})
    await running.settle()
    assert (await rent.now_at(case)).state == "payment_failed"
    assert (await fund.deposit(case)).state == "failed" and await rent.balance_of("zhang_wei") == before
    assert any("未能划入住宅专项维修资金专户" in text for text in await rent.texts_about(running, case))
    assert await rent.refused(fund.asked(running, case)) == [("withdrawal.maintenance_not_deposit", None)]


async def test_a_citizen_asks_for_no_refund(running: RunningHouse) -> None:
    case = await fund.deposited(running)
    with pytest.raises(Refused) as caught:
        await approvals.ask(
            actor=await citizen("zhang_wei"), kind=approvals.kinds()["maintenance.refund"],
            subject=f"case:{case.case_no}", payload={}, summary="", reason="购房合同已解除", now=running.clock(),
        )  # fmt: skip
    assert [one.code for one in caught.value.refusals] == ["access.not_permitted"]
