"""Posting by hand (D06): two persons, and only by what the bank has just said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import Claim, PaymentOutcome, PaymentView
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    NOW,
    OTHER_FINANCE,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    Bank,
    assert_books_hold,
    balance,
    claim_and_approve,
    item_of,
    key,
    receive,
)

pytestmark = [pytest.mark.usefixtures("centre"), pytest.mark.requirement("R14.4")]


async def nobody(
    tx: Transaction,
    *,
    account_no: int,
    payment_id: int,
    outcome: PaymentOutcome,
    now: datetime,
    business_date: date,
) -> PaymentView:
    raise AssertionError("the centre's own payments have no other owner")


async def stuck_refund(bank: Bank, *, mode: str = "error500", stage: str = "after") -> int:
    """A refund that was told and whose answer was lost. Returns the payment's id."""
    item_id = await item_of(await receive("S1", "1000.00"))
    claim = Claim(item_id=item_id, kind="refund", amount=Money.yuan(1000), reason="付款人申请退回")
    movement_id, _ = await claim_and_approve(claim)
    bank.fault("pay", mode, times=1, detail={"stage": stage})
    await bank.step()
    found: int = await database.value("SELECT payment_id FROM suspense_movement WHERE movement_id = $1", movement_id)
    return found


async def ask(bank: Bank, payment_id: int, *, actor: Actor = FINANCE) -> str:
    outcome = await settlement.ask_bank(
        actor=actor, account_no=0, payment_id=payment_id, gateway=bank.gateway, now=bank.clock()
    )
    return outcome.status


async def propose(bank: Bank, payment_id: int, result: Any = "payment_confirmed", *, actor: Actor = FINANCE) -> int:
    return await settlement.propose_payment_result(
        actor=actor,
        account_no=0,
        payment_id=payment_id,
        result=result,
        reason="银行已确认结果",
        request_key=key(),
        now=bank.clock(),
    )


async def decide(
    bank: Bank, posting_id: int, *, actor: Actor = SUPERVISOR, approve: bool = True, note: str = ""
) -> None:
    await settlement.decide_hand_posting(
        actor=actor,
        posting_id=posting_id,
        approve=approve,
        note=note,
        settler=nobody,
        request_key=key(),
        now=bank.clock(),
        business_date=TODAY,
    )


async def test_a_stuck_payment_is_ended_by_what_the_bank_says(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank)
    [stuck] = await settlement.stuck_payments(actor=FINANCE, sent_before=NOW.replace(hour=3))
    assert (stuck.payment_id, stuck.state, stuck.answer_status) == (payment_id, "unknown", None)
    assert await ask(bank, payment_id) == "confirmed"
    [stuck] = await settlement.stuck_payments(actor=FINANCE, sent_before=NOW.replace(hour=3))
    assert (stuck.answer_status, stuck.answer_message) == ("confirmed", "交易成功")
    posting_id = await propose(bank, payment_id)
    assert await balance("21901", "00") == -Money.yuan(1000)
    await decide(bank, posting_id)
    assert (await balance("21901", "00"), await balance("101", "102")) == (Money.zero(), Money.zero())
    payment = await settlement.payment_of(account_no=0, payment_id=payment_id)
    assert payment.state == "confirmed"
    # the machine finds it ended and does nothing
    bank.clock.advance(minutes=5)
    await bank.step()
    assert bank.faults.counts["bank.pay"] == 1
    [posting] = await settlement.hand_postings(actor=FINANCE)
    assert (posting.kind_name, posting.state, posting.decided_by_name) == ("按已入账处理付款", "approved", "职员2")
    await assert_books_hold()


async def test_without_a_fresh_answer_nothing_is_posted(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank)
    async with nothing_changed():
        with pytest.raises(Refused, match="bank_not_asked"):
            await propose(bank, payment_id)
    await ask(bank, payment_id)
    bank.clock.advance(minutes=30, seconds=1)
    async with nothing_changed():
        with pytest.raises(Refused, match="bank_not_asked"):
            await propose(bank, payment_id)
    await ask(bank, payment_id)
    posting_id = await propose(bank, payment_id)
    bank.clock.advance(minutes=31)
    async with nothing_changed():
        # nor when the second person comes too late
        with pytest.raises(Refused, match="bank_not_asked"):
            await decide(bank, posting_id)
    await ask(bank, payment_id, actor=OTHER_FINANCE)
    await decide(bank, posting_id)
    await assert_books_hold()


async def test_the_bank_s_word_counts_not_ours(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank)
    assert await ask(bank, payment_id) == "confirmed"
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await propose(bank, payment_id, "payment_rejected")
    assert "已入账" in refused.value.refusals[0].message
    # the last answer counts, and silence is no answer
    bank.fault("query", "error500", times=1)
    assert await ask(bank, payment_id) == "unknown"
    async with nothing_changed():
        with pytest.raises(Refused, match="bank_says_otherwise"):
            await propose(bank, payment_id)


async def test_not_found_is_a_no_only_late_enough(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank, stage="before")
    assert await ask(bank, payment_id) == "not_found"
    async with nothing_changed():
        with pytest.raises(Refused, match="bank_says_otherwise"):
            await propose(bank, payment_id, "payment_rejected")
    bank.clock.advance(minutes=3)
    await ask(bank, payment_id)
    await decide(bank, await propose(bank, payment_id, "payment_rejected"))
    assert (await settlement.payment_of(account_no=0, payment_id=payment_id)).state == "rejected"
    assert await balance("21901", "00") == -Money.yuan(1000)
    await bank.step()
    assert bank.faults.counts["bank.pay"] == 1
    await assert_books_hold()


async def test_two_persons_and_one_proposal(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank)
    await ask(bank, payment_id)
    posting_id = await propose(bank, payment_id)
    async with nothing_changed():
        with pytest.raises(Refused, match="hand_posting_pending"):
            await propose(bank, payment_id, actor=OTHER_FINANCE)
        for actor, code in ((FINANCE, "same_person"), (REVIEWER, "not_permitted")):
            with pytest.raises(Refused, match=code):
                await decide(bank, posting_id, actor=actor)
    await decide(bank, posting_id, approve=False, note="等银行纸质回单")
    async with nothing_changed():
        with pytest.raises(Refused, match="decided_already"):
            await decide(bank, posting_id)
    await propose(bank, payment_id, actor=OTHER_FINANCE)


async def test_a_payment_that_the_machine_ended_meanwhile_is_left_alone(centre: str, bank: Bank) -> None:
    payment_id = await stuck_refund(bank)
    await ask(bank, payment_id)
    posting_id = await propose(bank, payment_id)
    bank.clock.advance(minutes=5)
    await bank.step()
    async with nothing_changed():
        with pytest.raises(Refused, match="not_stuck"):
            await decide(bank, posting_id)
        with pytest.raises(Refused, match="not_stuck"):
            await ask(bank, payment_id)
    await assert_books_hold()


# --- held receipts


async def held(serial: str = "S1", amount: str = "500.00", **given: Any) -> int:
    return (await receive(serial, amount, **given)).receipt_id


async def bring(text: str, *, now: datetime = NOW) -> None:
    await settlement.import_statement(
        actor=OTHER_FINANCE, bank_account_code="102", raw=text.encode(), request_key=key(), now=now, business_date=TODAY
    )


async def propose_held(receipt_id: int, *, item_id: int | None = None, now: datetime = NOW) -> int:
    return await settlement.propose_held_receipt(
        actor=FINANCE,
        receipt_id=receipt_id,
        bank_account_code="102",
        item_id=item_id,
        reason="专户已登记，补记到账",
        request_key=key(),
        now=now,
    )


async def held_then_registered() -> int:
    """A receipt that came while its account was closed."""
    await database.execute("UPDATE bank_account SET state = 'closed', closed_on = $1 WHERE code = '102'", TODAY)
    receipt_id = await held()
    await database.execute("UPDATE bank_account SET state = 'open', closed_on = NULL WHERE code = '102'")
    return receipt_id


async def test_a_held_receipt_is_booked_when_the_statement_has_it(centre: str, bank: Bank) -> None:
    receipt_id = await held_then_registered()
    async with nothing_changed():
        with pytest.raises(Refused, match="not_on_statement"):
            await propose_held(receipt_id)
    await bring(files.statement(("S1", "500.00", "")))
    posting_id = await propose_held(receipt_id)
    await decide(bank, posting_id)
    view = await settlement.receipt(actor=FINANCE, receipt_id=receipt_id)
    assert (view.state, view.open, view.office_code) == ("booked", Money.yuan(500), "00")
    assert (await balance("101", "102"), await balance("21901", "00")) == (Money.yuan(500), -Money.yuan(500))
    async with nothing_changed():
        with pytest.raises(Refused, match="not_stuck"):
            await propose_held(receipt_id)
    await assert_books_hold()


async def test_an_old_statement_is_not_enough(centre: str, bank: Bank) -> None:
    receipt_id = await held_then_registered()
    await bring(files.statement(("S1", "500.00", "")))
    bank.clock.advance(minutes=31)
    async with nothing_changed():
        with pytest.raises(Refused, match="not_on_statement"):
            await propose_held(receipt_id, now=bank.clock())


async def test_a_reversal_comes_out_of_the_suspense_it_came_into(centre: str, bank: Bank) -> None:
    original = await item_of(await receive("S1", "500.00"))
    reversal = await held("S2", "-500.00", reversal="1")
    text = files.statement(("S1", "500.00", ""), ("S2", "-500.00", "冲正"))
    lines = text.split("\n")
    lines[2] = lines[2][: -len("0|1|1")] + "1|1|1"
    await bring("\n".join(lines))
    async with nothing_changed():
        with pytest.raises(Refused, match="reversal_form"):
            await propose_held(reversal)
    posting_id = await propose_held(reversal, item_id=original)
    await decide(bank, posting_id)
    assert (await balance("101", "102"), await balance("21901", "00")) == (Money.zero(), Money.zero())
    [movement] = await settlement.movements(actor=FINANCE, item_id=original)
    assert (movement.kind_name, movement.amount, movement.state) == ("银行冲正", Money.yuan(500), "approved")
    await assert_books_hold()


async def test_a_reversal_of_money_that_is_claimed_waits_for_the_claim(centre: str, bank: Bank) -> None:
    original = await item_of(await receive("S1", "500.00"))
    reversal = await held("S2", "-500.00", reversal="1")
    text = files.statement(("S1", "500.00", ""), ("S2", "-500.00", "冲正"))
    lines = text.split("\n")
    lines[2] = lines[2][: -len("0|1|1")] + "1|1|1"
    await bring("\n".join(lines))
    posting_id = await propose_held(reversal, item_id=original)
    claim = Claim(item_id=original, kind="assign", amount=Money.yuan(1), reason="单位来函说明", to_employer_no=100001)
    await claim_and_approve(claim)
    async with nothing_changed():
        with pytest.raises(Refused, match="reversal_not_covered"):
            await decide(bank, posting_id)
