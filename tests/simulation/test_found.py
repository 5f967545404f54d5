"""What the simulation has found, each told as a case of its own."""

from __future__ import annotations

import pytest

from domain.kernel import database
from tests.city import RunningHouse
from tests.factories import rent


async def _hold_state(account_no: int) -> str:
    return str(await database.value("SELECT state FROM hold WHERE account_no = $1", account_no))


@pytest.mark.requirement("R06.2")
async def test_what_the_bank_paid_is_booked_after_the_last_day_of_its_hold(running: RunningHouse) -> None:
    """Seed 2, step 90: the bank's answer was lost, and no day-end ran for a month; the voucher was refused for ever."""
    await running.fault(
        simulator="bank", operation="pay", mode="timeout", times=1, detail={"seconds": 0, "stage": "after"}
    )
    before = await rent.balance_of("zhang_wei")
    case = await rent.approved(running, "zhang_wei")
    assert (await rent.pay_step(running, case)).state == "unknown"
    running.clock.advance(days=45)
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1
    after = await rent.balance_of("zhang_wei")
    assert (after.balance, after.held.fen) == (before.balance - case.amount, 0)
    assert await _hold_state(case.account_no) == "posted"
    await rent.assert_books_hold()


@pytest.mark.requirement("R06.2")
async def test_a_case_approved_after_the_last_day_of_its_hold_is_paid(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    running.clock.advance(days=45)
    await rent.review(running, case, "li.min", override_reason="已人工核实")
    await rent.review(running, case, "wang.fang")
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1
    await rent.assert_books_hold()


async def test_a_bank_s_refusal_after_the_last_day_gives_the_amount_back(running: RunningHouse) -> None:
    await running.fault(
        simulator="bank", operation="pay", mode="confirm_later", times=1, detail={"queries": 1, "then": "10003"}
    )
    before = await rent.balance_of("zhang_wei")
    case = await rent.approved(running, "zhang_wei")
    assert (await rent.pay_step(running, case)).state == "processing"
    running.clock.advance(days=45)
    await running.settle()
    assert (await rent.now_at(case)).state == "payment_failed"
    assert await rent.balance_of("zhang_wei") == before
    assert await _hold_state(case.account_no) == "voided"
    await rent.assert_books_hold()
