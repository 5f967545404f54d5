"""Deposits: told once, booked by what the bank confirms, in step with the ledger and the bank's own reckoning."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from channels.banks.deposit_book import RATES_PPM
from domain import settlement
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    FIXED_102,
    NOTICE_102,
    OTHER_FINANCE,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    Bank,
    assert_books_hold,
    audited,
    balance,
    key,
)

pytestmark = [pytest.mark.usefixtures("centre"), pytest.mark.requirement("R14.4")]

MILLION = Money.yuan(1_000_000)


@pytest.fixture(autouse=True)
async def rates(centre: str) -> None:
    """What the bank pays, as two persons have registered it."""
    for product, rate in RATES_PPM.items():
        await database.execute(
            "INSERT INTO bank_rate (bank_code, product, effective_from, rate_ppm, source)"
            " VALUES ('102', $1, '2026-01-01', $2, '测试利率')",
            product,
            rate,
        )


async def propose(bank: Bank, *, product: str = "N7D", amount: Money = MILLION, **change: Any) -> int:
    given = {
        "bank_account_code": "102",
        "deposit_account_code": "102-N01" if product.startswith("N") else "102-F01",
        "reason": "资金运用计划",
        "actor": FINANCE,
        **change,
    }
    return await settlement.propose_placing(
        product=product,
        amount=amount,
        request_key=given.pop("request_key", key()),
        now=bank.clock(),
        business_date=bank.clock.today,
        **given,
    )


async def instruct(bank: Bank, deposit_id: int, action: Any, **change: Any) -> int:
    return await settlement.propose_instruction(
        actor=change.pop("actor", FINANCE),
        deposit_id=deposit_id,
        action=action,
        reason="资金运用计划",
        request_key=key(),
        now=bank.clock(),
        business_date=bank.clock.today,
        **change,
    )


async def approve(
    bank: Bank, order_id: int, *, actor: Actor = SUPERVISOR, approve: bool = True, note: str = ""
) -> None:
    await settlement.decide_instruction(
        actor=actor,
        order_id=order_id,
        approve=approve,
        note=note,
        request_key=key(),
        now=bank.clock(),
        business_date=bank.clock.today,
    )


async def placed(bank: Bank, **given: Any) -> int:
    """A standing deposit's number."""
    await approve(bank, order_id := await propose(bank, **given))
    assert await bank.step() == 1
    found: int = await database.value("SELECT deposit_id FROM deposit_order WHERE order_id = $1", order_id)
    return found


async def done(bank: Bank, deposit_id: int, action: Any, **given: Any) -> settlement.DepositOrderView:
    await approve(bank, order_id := await instruct(bank, deposit_id, action, **given))
    await bank.step()
    [order] = [one for one in await settlement.deposit_orders(actor=FINANCE) if one.order_id == order_id]
    return order


async def view(deposit_id: int) -> settlement.DepositView:
    return await settlement.deposit(actor=FINANCE, deposit_id=deposit_id)


async def test_placing_moves_money_between_two_accounts_of_the_centre(centre: str, bank: Bank) -> None:
    deposit = await view(await placed(bank, product="F12M"))
    assert (deposit.state_name, deposit.rate_ppm, deposit.placed_on) == ("存续", 9_500, TODAY)
    assert (deposit.matures_on, deposit.certificate_no) == (date(2027, 11, 23), "CD1020000000001")
    assert (await balance("101", "102"), await balance("101", "102-F01")) == (-MILLION, MILLION)
    assert bank.balance(FIXED_102) == MILLION
    assert [one.deposit_id for one in await settlement.maturing(actor=FINANCE, business_date=date(2027, 11, 20))] == [
        deposit.deposit_id
    ]
    assert await audited("deposit.place_confirmed") == 1
    await assert_books_hold()


async def test_a_fixed_deposit_matures(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank, product="F12M")
    bank.clock.advance(days=365)
    order = await done(bank, deposit_id, "draw")
    # 1 000 000 × 0.95 %
    assert (order.interest, order.expected_interest, order.interest_differs) == (Money.yuan(9_500),) * 2 + (False,)
    assert (await view(deposit_id)).state == "ended"
    assert (await balance("101", "102"), await balance("101", "102-F01")) == (Money.yuan(9_500), Money.zero())
    assert await balance("40101", "") == -Money.yuan(9_500)
    await assert_books_hold()


async def test_drawn_early_it_earns_the_demand_rate(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank, product="F12M")
    bank.clock.advance(days=36)
    order = await done(bank, deposit_id, "draw")
    # 1 000 000 × 0.10 % × 36 / 360
    assert order.interest == order.expected_interest == Money.yuan(100)


@pytest.mark.requirement("R14.6")
async def test_a_notice_deposit_accrued_at_the_end_of_a_quarter_and_drawn_as_announced(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank)
    quarter = settlement.quarter_end(TODAY)
    for expected in (1, 0):
        made = await settlement.accrue_notice_deposits(
            through=quarter, now=bank.clock(), business_date=quarter + timedelta(days=1)
        )
        assert made == expected
    # 39 days, 23 November to 31 December: 1 000 000 × 0.75 % × 39 / 360
    accrued = Money.parse("812.50")
    assert ((await view(deposit_id)).accrued, await balance("111", ""), await balance("40101", "")) == (
        accrued,
        accrued,
        -accrued,
    )
    await assert_books_hold()
    bank.clock.advance(days=40)
    draw_on = bank.clock.today + timedelta(days=7)
    announced = await done(bank, deposit_id, "set_notice", amount=Money.yuan(400_000), draw_on=draw_on)
    assert announced.state == "confirmed"
    assert ((await view(deposit_id)).notice_amount, (await view(deposit_id)).notice_draw_on) == (
        Money.yuan(400_000),
        draw_on,
    )
    bank.clock.advance(days=7)
    part = await done(bank, deposit_id, "draw", amount=Money.yuan(400_000))
    # 47 days at 0.75 %: 391.67, of which 40 % of the accrued 812.50 was booked before
    assert (part.interest, part.interest_differs) == (Money.parse("391.67"), False)
    assert (await view(deposit_id)).accrued == Money.parse("487.50")
    assert (await view(deposit_id)).notice_amount is None
    rest = await done(bank, deposit_id, "draw")
    # the rest was not announced: demand rate, 600 000 × 0.10 % × 47 / 360
    assert rest.interest == Money.parse("78.33")
    assert ((await view(deposit_id)).state, await balance("111", "")) == ("ended", Money.zero())
    # what was accrued and never earned has gone from the income again
    assert await balance("40101", "") == -Money.parse("470.00")
    assert await balance("101", "102-N01") == Money.zero()
    await assert_books_hold()


async def test_a_bank_that_pays_other_interest_is_booked_and_shown(centre: str, bank: Bank) -> None:
    await database.execute("UPDATE bank_rate SET rate_ppm = 2000 WHERE product = 'DEMAND'")
    deposit_id = await placed(bank)
    bank.clock.advance(days=36)
    order = await done(bank, deposit_id, "draw")
    assert (order.interest, order.expected_interest, order.interest_differs) == (Money.yuan(100), Money.yuan(200), True)
    assert await balance("40101", "") == -Money.yuan(100)


async def test_notice_is_set_and_taken_back(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank)
    draw_on = TODAY + timedelta(days=7)
    await done(bank, deposit_id, "set_notice", amount=MILLION, draw_on=draw_on)
    with pytest.raises(Refused, match="已有支取通知"):
        await instruct(bank, deposit_id, "set_notice", amount=MILLION, draw_on=draw_on)
    await done(bank, deposit_id, "cancel_notice")
    assert (await view(deposit_id)).notice_draw_on is None
    with pytest.raises(Refused, match="没有设定支取通知"):
        await instruct(bank, deposit_id, "cancel_notice")


async def test_rollover_is_for_fixed_deposits(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank, product="F12M")
    assert (await done(bank, deposit_id, "set_rollover", rollover=True)).state == "confirmed"
    assert (await view(deposit_id)).rollover
    notice = await placed(bank)
    with pytest.raises(Refused, match="bank_account_kind"):
        await instruct(bank, notice, "set_rollover", rollover=True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"product": "N9D"}, "deposit_product"),
        ({"product": "DEMAND"}, "deposit_product"),
        ({"amount": Money.yuan(499_999)}, "deposit_minimum"),
        ({"deposit_account_code": "102-F01"}, "bank_account_kind"),
        ({"deposit_account_code": "102"}, "bank_account_kind"),
        ({"bank_account_code": "102-F01"}, "bank_account_kind"),
        ({"bank_account_code": "105"}, "bank_account_kind"),
        ({"bank_account_code": "999"}, "bank_account_unknown"),
        ({"reason": ""}, "reason_missing"),
        ({"actor": REVIEWER}, "not_permitted"),
    ],
)
async def test_a_placing_that_makes_no_sense_is_refused(
    centre: str, bank: Bank, change: dict[str, Any], code: str
) -> None:
    async with nothing_changed():
        with pytest.raises(Refused, match=code):
            await propose(bank, **change)


async def test_a_rate_is_never_assumed(centre: str, bank: Bank) -> None:
    await database.execute("UPDATE bank_rate SET effective_from = '2026-12-01' WHERE product = 'N7D'")
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await propose(bank)
    assert "尚未登记" in refused.value.refusals[0].message


@pytest.mark.parametrize(
    ("action", "given", "said"),
    [
        ("draw", {"amount": Money.yuan(1_000_001)}, "不足以支取"),
        ("draw", {"amount": Money.yuan(99_999)}, "部分支取不得低于100,000.00元"),
        ("draw", {"amount": Money.yuan(500_001)}, "请全部支取"),
        ("draw", {"amount": Money(-1)}, "金额应大于0元"),
        ("set_notice", {"amount": MILLION}, "须填写支取金额和支取日期"),
        ("set_notice", {"amount": MILLION, "draw_on": TODAY + timedelta(days=6)}, "支取日期最早为2026-11-30"),
        ("set_notice", {"amount": Money.yuan(2_000_000), "draw_on": TODAY + timedelta(days=7)}, "不足以支取"),
    ],
)
async def test_an_instruction_beyond_the_rules_is_refused(
    centre: str, bank: Bank, action: str, given: dict[str, Any], said: str
) -> None:
    deposit_id = await placed(bank)
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await instruct(bank, deposit_id, action, **given)
    assert said in refused.value.refusals[0].message


async def test_part_of_a_fixed_deposit_is_not_drawn(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank, product="F12M")
    with pytest.raises(Refused, match="deposit_not_covered"):
        await instruct(bank, deposit_id, "draw", amount=Money.yuan(999_999))


async def test_four_eyes_and_one_instruction_at_a_time(centre: str, bank: Bank) -> None:
    order_id = await propose(bank)
    async with nothing_changed():
        for actor, code in ((FINANCE, "same_person"), (REVIEWER, "not_permitted")):
            with pytest.raises(Refused, match=code):
                await approve(bank, order_id, actor=actor)
    assert await bank.step() == 0
    await approve(bank, order_id, actor=OTHER_FINANCE)
    with pytest.raises(Refused, match="decided_already"):
        await approve(bank, order_id)
    await bank.step()
    deposit_id = await database.value("SELECT deposit_id FROM bank_deposit")
    await instruct(bank, deposit_id, "draw")
    with pytest.raises(Refused, match="deposit_busy"):
        await instruct(bank, deposit_id, "draw")


async def test_a_declined_placing_never_reaches_the_bank(centre: str, bank: Bank) -> None:
    await approve(bank, await propose(bank), approve=False, note="本月不再存入")
    assert await bank.step() == 0
    [deposit] = await settlement.deposits(actor=FINANCE)
    assert (deposit.state_name, bank.balance(), bank.faults.counts["bank.deposit"]) == ("未存入", bank.balance(), 0)
    with pytest.raises(Refused, match="deposit_not_standing"):
        await instruct(bank, deposit.deposit_id, "draw")


async def test_a_bank_that_refuses(centre: str, bank: Bank) -> None:
    bank.fault("deposit", "refuse", times=1, detail={"code": "10011"})
    await approve(bank, await propose(bank))
    await bank.step()
    [order] = await settlement.deposit_orders(actor=FINANCE)
    assert (order.state_name, order.last_message) == ("银行退回", "存款品种或金额不符合规定")
    assert [one.state for one in await settlement.deposits(actor=FINANCE)] == ["refused"]
    assert await balance("101", "102") == Money.zero()
    await assert_books_hold()


@pytest.mark.parametrize("mode", ["error500", "garbage", "timeout"])
@pytest.mark.parametrize("stage", ["before", "after"])
async def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_placed_twice(
    centre: str, bank: Bank, mode: str, stage: str
) -> None:
    bank.fault("deposit", mode, times=1, detail={"stage": stage})
    await approve(bank, order_id := await propose(bank))
    state = await settlement.present_deposit_order(
        order_id=order_id, gateway=bank.impatient, now=bank.clock(), business_date=TODAY
    )
    assert state == "unknown"
    bank.clock.advance(seconds=30)
    await bank.step()
    if stage == "before":
        # asked too early: it may still be on its way
        assert bank.faults.counts["bank.deposit"] == 1
        bank.clock.advance(minutes=5)
        await bank.step()
    [order] = await settlement.deposit_orders(actor=FINANCE)
    assert (order.state, bank.balance(NOTICE_102)) == ("confirmed", MILLION)
    assert bank.faults.counts["bank.deposit"] == (1 if stage == "after" else 2)
    await assert_books_hold()


async def test_deposits_on_statements_are_nobody_s_receipts_and_tick_off(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank)
    bank.clock.advance(days=1)
    await done(bank, deposit_id, "draw")
    today = bank.clock.today
    bank.clock.advance(days=1)
    for day in (TODAY, today):
        for code in ("102", "102-N01"):
            imported = await settlement.fetch_statement(
                actor=FINANCE,
                bank_account_code=code,
                day=day,
                gateway=bank.funds,
                now=bank.clock(),
                business_date=bank.clock.today,
            )
            assert imported.missing_notices == ()
    for code in ("102", "102-N01"):
        made = await settlement.adjust(
            actor=FINANCE, bank_account_code=code, day=today, now=bank.clock(), business_date=bank.clock.today
        )
        assert (made.balanced, made.item_count) == (True, 0)
    assert await database.value("SELECT count(*) FROM bank_tick") == 4
    await assert_books_hold()


async def test_a_notice_of_our_own_drawing_is_nobody_s_receipt(centre: str, bank: Bank) -> None:
    deposit_id = await placed(bank)
    order = await done(bank, deposit_id, "draw")
    taken = await settlement.take_notice(
        bank_code="102",
        lines=[
            files.row(1, "10220261123D00000002", "1000000.00", "0.00", remark=f"通知存款支取{order.serial_no}"),
            # a number of that shape that is none of ours says nothing
            files.row(2, "S2", "5.00", "0.00", remark="D1234567890123456789"),
        ],
        digest="d" * 64,
        bytes_count=1,
        now=bank.clock(),
        business_date=TODAY,
    )
    assert len(taken.receipts) == 1
    assert await database.value("SELECT host_serial_no FROM bank_receipt") == "S2"
    await assert_books_hold()


async def test_the_bank_s_standing_and_balance_can_be_asked(centre: str, bank: Bank) -> None:
    deposit = await view(await placed(bank))
    assert deposit.certificate_no is not None
    standing = await bank.funds.deposit_standing(
        bank_code="102", certificate_no=deposit.certificate_no, kind="notice", now=bank.clock()
    )
    assert (standing.status, standing.balance) == ("standing", MILLION)
    gone = await bank.funds.deposit_standing(bank_code="102", certificate_no="CD9", kind="fixed", now=bank.clock())
    assert gone.status == "absent"
    known = await bank.funds.demand_balance(bank_code="102", account_no=NOTICE_102, now=bank.clock())
    assert known == MILLION
