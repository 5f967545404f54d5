"""A payment and everything that banks do to it: whatever happens, the money moves once and the books say so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

import pytest

from domain import cases, contributions, ledger
from domain.kernel.money import Money
from domain.settlement import PaymentOrder, PaymentOutcome, SettlementGateway
from domain.settlement.payments import REPRESENT_AFTER
from ops import worker
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.interest import passbook_of
from tests.factories.people import account_no, citizen

OPENING = passbook_of("zhang_wei").balance
QUARTER = Money.yuan(6000)


async def assert_paid_once(running: RunningHouse, case: cases.CaseView) -> None:
    """At the bank, in the books, for the citizen, and by SMS."""
    ended = await rent.now_at(case)
    payment = await rent.payment_of(case)
    assert (ended.state, payment.state) == ("completed", "confirmed")
    assert await rent.bank_bookings(running, case) == 1
    balance = await rent.balance_of("zhang_wei")
    assert (balance.balance, balance.held) == (OPENING - QUARTER, Money.zero())
    entries = await ledger.entries_of(account_no=case.account_no, first=1, after=None)
    assert (entries.items[0].side, entries.items[0].amount) == ("out", QUARTER)
    actions = [event.action for event in await cases.history_of(case=ended)]
    assert actions[-2:] == ["send_payment", "payment_confirmed"] and len(actions) == 5
    texts = await rent.texts_about(running, case)
    assert len(texts) == 3, texts
    assert [sum(word in text for text in texts) for word in ("已受理", "6,000.00元", "评价")] == [1, 1, 1]
    await rent.assert_books_hold()


async def assert_given_back(running: RunningHouse, case: cases.CaseView, *, key: str = "zhang_wei") -> None:
    assert (await rent.now_at(case)).state == "payment_failed"
    assert await rent.bank_bookings(running, case) == 0
    assert (await rent.balance_of(key)).held == Money.zero()
    texts = await rent.texts_about(running, case)
    assert sum("银行反馈" in text for text in texts) == 1
    assert sum("评价" in text for text in texts) == 1, "a case that the centre has ended is evaluated"
    await rent.assert_books_hold()


async def test_a_bank_that_confirms_at_once(running: RunningHouse) -> None:
    case = await rent.paid(running, "zhang_wei")
    await assert_paid_once(running, case)
    balance, *_ = await contributions.accounts_of(actor=await citizen("zhang_wei"))
    assert balance.available == OPENING - QUARTER


async def test_a_slow_bank(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="pay", mode="slow", times=1, detail={"seconds": 0.3})
    await assert_paid_once(running, await rent.paid(running, "zhang_wei"))


async def test_a_bank_that_refuses(running: RunningHouse) -> None:
    case = await rent.paid(running, "zhou_jie")
    await assert_given_back(running, case, key="zhou_jie")
    last = (await cases.history_of(case=case))[-1]
    assert (last.action, last.note) == ("payment_rejected", "收款账号不存在")
    # with a card that the bank knows, the citizen applies again
    again = await rent.apply(running, "zhou_jie")
    assert again.state == "pending_preliminary"


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_an_answer_lost_after_booking_is_asked_for(running: RunningHouse, mode: str) -> None:
    await running.fault(simulator="bank", operation="pay", mode=mode, times=1, detail={"stage": "after"})
    case = await rent.paid(running, "zhang_wei")
    waiting = await rent.payment_of(case)
    assert (waiting.state, (await rent.now_at(case)).state) == ("unknown", "paying")
    assert (await rent.balance_of("zhang_wei")).held == QUARTER, "held until the bank has answered"
    running.clock.advance(seconds=10)
    await running.settle()
    await assert_paid_once(running, case)
    counts = (await running.simulated("calls", simulator="bank"))["counts"]
    assert counts == {"bank.pay": 1, "bank.query": 1}


@pytest.mark.parametrize("mode", ["timeout", "error500"])
async def test_an_order_that_never_arrived_is_told_again_after_a_while(running: RunningHouse, mode: str) -> None:
    await running.fault(simulator="bank", operation="pay", mode=mode, times=1)
    case = await rent.paid(running, "zhang_wei")
    serial_no = (await rent.payment_of(case)).serial_no
    for _ in range(3):
        running.clock.advance(seconds=20)
        await running.settle()
    # the bank does not know it, but it may still be on its way
    assert (await rent.payment_of(case)).state == "unknown"
    assert (await running.simulated("calls", simulator="bank"))["counts"]["bank.pay"] == 1
    running.clock.advance(seconds=int(REPRESENT_AFTER.total_seconds()))
    await running.settle()
    await assert_paid_once(running, case)
    calls = (await running.simulated("calls", simulator="bank"))["calls"]
    told = [call["fields"]["serial_no"] for call in calls if call["operation"] == "pay"]
    assert told == [serial_no, serial_no]


async def test_an_order_that_reaches_the_bank_twice(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="pay", mode="answer_twice", times=1)
    await assert_paid_once(running, await rent.paid(running, "zhang_wei"))


async def test_a_bank_that_confirms_later(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="pay", mode="confirm_later", times=1, detail={"queries": 2})
    case = await rent.paid(running, "zhang_wei")
    assert (await rent.payment_of(case)).state == "processing"
    for _ in range(2):
        running.clock.advance(seconds=30)
        await running.settle()
    await assert_paid_once(running, case)


async def test_a_bank_that_refuses_later(running: RunningHouse) -> None:
    detail = {"queries": 1, "then": "10004"}
    await running.fault(simulator="bank", operation="pay", mode="confirm_later", times=1, detail=detail)
    case = await rent.paid(running, "zhang_wei")
    assert (await rent.balance_of("zhang_wei")).held == QUARTER
    running.clock.advance(seconds=30)
    await running.settle()
    await assert_given_back(running, case)


async def test_a_query_in_trouble_says_nothing(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="pay", mode="timeout", times=1, detail={"stage": "after"})
    await running.fault(simulator="bank", operation="query", mode="garbage", times=2)
    case = await rent.paid(running, "zhang_wei")
    for _ in range(2):
        running.clock.advance(seconds=60)
        await running.settle()
        assert (await rent.payment_of(case)).state == "unknown"
    running.clock.advance(seconds=60)
    await running.settle()
    await assert_paid_once(running, case)


# --- a gateway that lies or dies


@dataclass(frozen=True)
class Dying:
    """The process ends at the call of the bank: before the order leaves, or after the bank has booked it."""

    bank: SettlementGateway
    at: Literal["before", "after"]

    async def pay(self, *, order: PaymentOrder, now: datetime) -> PaymentOutcome:
        if self.at == "after":
            await self.bank.pay(order=order, now=now)
        raise asyncio.CancelledError

    async def query(self, **asked: Any) -> PaymentOutcome:
        raise AssertionError("a first presentation asks nothing")


@dataclass(frozen=True)
class Changed:
    """A bank whose answers differ from the truth."""

    bank: SettlementGateway
    changes: dict[str, Any]

    async def pay(self, *, order: PaymentOrder, now: datetime) -> PaymentOutcome:
        return replace(await self.bank.pay(order=order, now=now), **self.changes)

    async def query(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> PaymentOutcome:
        truth = await self.bank.query(serial_no=serial_no, bank_code=bank_code, business_date=business_date, now=now)
        return replace(truth, **self.changes)


async def test_another_amount_than_ordered_never_reaches_the_books(running: RunningHouse) -> None:
    case = await rent.approved(running, "zhang_wei")
    lying = Changed(running.house.gateway, {"amount": QUARTER + Money(1)})
    for _ in range(2):
        payment = await rent.pay_step(running, case, gateway=lying)
        assert payment.state == "unknown"
    assert await rent.balance_of("zhang_wei") == ledger.Balance(balance=OPENING, held=QUARTER)
    assert (await rent.now_at(case)).state == "paying"
    await rent.assert_books_hold()
    # people have cleared it up with the bank
    running.clock.advance(minutes=5)
    await running.settle()
    await assert_paid_once(running, case)


@pytest.mark.parametrize("at", ["before", "after"])
async def test_a_death_at_the_call_of_the_bank(running: RunningHouse, at: Literal["before", "after"]) -> None:
    case = await rent.approved(running, "zhang_wei")
    with pytest.raises(asyncio.CancelledError):
        await rent.pay_step(running, case, gateway=Dying(running.house.gateway, at))
    assert (await rent.payment_of(case)).state == "sending"
    await running.settle()
    running.clock.advance(seconds=int(REPRESENT_AFTER.total_seconds()) + 5)
    await running.settle()
    await assert_paid_once(running, case)


async def test_five_workers_at_once_pay_once(running: RunningHouse) -> None:
    case = await rent.approved(running, "zhang_wei")
    await asyncio.gather(*(rent.pay_step(running, case) for _ in range(5)))
    running.clock.advance(seconds=30)
    await running.settle()
    await assert_paid_once(running, case)


async def test_an_ended_payment_is_not_touched_again(running: RunningHouse) -> None:
    case = await rent.paid(running, "zhang_wei")
    for _ in range(3):
        await rent.pay_step(running, case)
    running.clock.advance(days=1)
    await worker.sweep_once(running.house)
    await assert_paid_once(running, case)
    assert (await running.simulated("calls", simulator="bank"))["counts"] == {"bank.pay": 1}


async def test_a_freeze_while_the_bank_pays_does_not_lose_the_booking(running: RunningHouse) -> None:
    await running.fault(simulator="bank", operation="pay", mode="timeout", times=1, detail={"stage": "after"})
    case = await rent.paid(running, "zhang_wei")
    await rent.set_account_state("zhang_wei", "06")
    assert account_no("zhang_wei") == case.account_no
    running.clock.advance(seconds=30)
    await running.settle()
    await assert_paid_once(running, case)
