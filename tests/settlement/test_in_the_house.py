"""Settlement in the running house: a citizen's payment posted by hand, and its bank line ticked off by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import settlement, withdrawals
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import staff
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import key


@pytest.mark.requirement("R14.4")
async def test_a_citizen_s_stuck_payment_is_posted_by_two_persons(running: RunningHouse) -> None:
    first, second = await staff("sun.cai"), await staff("zhao.gang")
    # the bank has booked it; nobody hears of it, however often the machine asks
    await running.fault(simulator="bank", operation="pay", mode="error500", times=1, detail={"stage": "after"})
    case = await rent.paid(running, "zhang_wei")
    payment = await rent.payment_of(case)
    assert payment.state == "unknown"
    now = running.clock()
    posting = {"account_no": payment.account_no, "payment_id": payment.payment_id}
    outcome = await settlement.ask_bank(actor=first, gateway=running.house.gateway, now=now, **posting)
    assert (outcome.status, outcome.amount) == ("confirmed", payment.amount)
    posting_id = await settlement.propose_payment_result(
        actor=first, result="payment_confirmed", reason="银行查询已入账", request_key=key(), now=now, **posting
    )
    for actor, code in ((first, "same_person"), (second, None)):
        decision = settlement.decide_hand_posting(
            actor=actor,
            posting_id=posting_id,
            approve=True,
            settler=withdrawals.settle_payment,
            request_key=key(),
            now=now,
            business_date=business_date_of(now),
        )
        if code is None:
            await decision
            continue
        async with nothing_changed():
            with pytest.raises(Refused, match=code):
                await decision
    assert (await rent.payment_of(case)).state == "confirmed"
    assert (await rent.now_at(case)).state == "completed"
    running.clock.advance(minutes=10)
    await running.settle()
    assert await rent.bank_bookings(running, case) == 1
    await rent.assert_books_hold()


@pytest.mark.requirement("R14.4")
async def test_a_citizen_s_payment_ticks_off_with_the_bank_s_line(running: RunningHouse) -> None:
    case = await rent.paid(running, "zhang_wei")
    payment = await rent.payment_of(case)
    assert payment.state == "confirmed"
    now = running.clock()
    today = business_date_of(now)
    actor = await staff("sun.cai")
    imported = await settlement.fetch_statement(
        actor=actor,
        bank_account_code=payment.bank_code,
        day=today,
        gateway=running.house.funds,
        now=now,
        business_date=today,
    )
    [line] = [
        one
        for one in await settlement.statement_lines(actor=actor, statement_id=imported.statement_id)
        if one.remark == payment.serial_no
    ]
    assert (line.host_serial_no, line.amount) == (payment.bank_serial_no, -payment.amount)
    await settlement.adjust(
        actor=actor,
        bank_account_code=payment.bank_code,
        day=today,
        now=now,
        business_date=today + timedelta(days=1),
    )
    items = await settlement.adjustment_items(actor=actor, bank_account_code=payment.bank_code, day=today)
    assert payment.bank_serial_no not in {one.host_serial_no for one in items}
    ticked = await database.row("SELECT * FROM bank_tick WHERE host_serial_no = $1", payment.bank_serial_no)
    assert ticked is not None
    assert (ticked["voucher_account_no"], ticked["amount_fen"]) == (payment.account_no, -payment.amount.fen)
    await rent.assert_books_hold()
