"""Suspense: two persons for every claim, no fen used twice, the list equal to subject 21901 at every step."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import Claim
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    NOW,
    OF_CHAOYANG,
    OTHER_FINANCE,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    Bank,
    assert_books_hold,
    audited,
    balance,
    claim_and_approve,
    events,
    expect,
    item_of,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")


def claim(item_id: int, kind: Any, yuan: int, **target: Any) -> Claim:
    return Claim(item_id=item_id, kind=kind, amount=Money.yuan(yuan), reason="单位来函说明", **target)


async def propose(wanted: Claim, *, actor: Actor = FINANCE, request_key: str = "") -> int:
    return await settlement.propose_claim(actor=actor, claim=wanted, request_key=request_key or key(), now=NOW)


async def decide(movement_id: int, *, actor: Actor = SUPERVISOR, approve: bool = True, note: str = "") -> str:
    return await settlement.decide_claim(
        actor=actor,
        movement_id=movement_id,
        approve=approve,
        note=note,
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )


async def thousand(**given: Any) -> int:
    """An item of a thousand yuan."""
    return await item_of(await receive("S1", "1000.00", **given))


async def view(item_id: int) -> tuple[Money, Money]:
    item = await settlement.suspense_item(actor=FINANCE, item_id=item_id, business_date=TODAY)
    return item.open, item.claimed


@pytest.mark.requirement("R14.3")
async def test_clearing_to_an_expectation(centre: str) -> None:
    item_id = await thousand(remark="没有编号", payer_account="")
    number = await expect("HJ2026110001", "1000.00")
    movement_id = await propose(claim(item_id, "clear", 1000, expectation_id=number))
    assert await view(item_id) == (Money.yuan(1000), Money.yuan(1000))
    assert await balance("21901", "00") == -Money.yuan(1000)
    await assert_books_hold()
    assert await decide(movement_id) == "approved"
    assert await view(item_id) == (Money.zero(), Money.zero())
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (Money.zero(), -Money.yuan(1000))
    [told] = await events(settlement.RECEIPT_MATCHED)
    assert (told["reference_no"], told["expectation_id"]) == ("HJ2026110001", str(number))
    [movement] = await settlement.movements(actor=FINANCE, item_id=item_id)
    assert (movement.proposed_by_name, movement.decided_by_name, movement.state_name) == ("职员1", "职员2", "已办结")
    receipt_id = int(told["receipt_id"])
    found = await settlement.receipt(actor=FINANCE, receipt_id=receipt_id)
    assert (found.outcome, settlement.reason_name(found)) == ("matched", "人工认款")
    await assert_books_hold()


@pytest.mark.requirement("R14.3")
async def test_one_receipt_pays_for_two_expectations(centre: str) -> None:
    item_id = await thousand(remark="HJ2026110001、HJ2026110002")
    first, second = await expect("HJ2026110001", "400.00"), await expect("HJ2026110002", "600.00")
    await claim_and_approve(claim(item_id, "clear", 400, expectation_id=first))
    assert await view(item_id) == (Money.yuan(600), Money.zero())
    await claim_and_approve(claim(item_id, "clear", 600, expectation_id=second))
    assert await view(item_id) == (Money.zero(), Money.zero())
    assert [one["reference_no"] for one in await events(settlement.RECEIPT_MATCHED)] == ["HJ2026110001", "HJ2026110002"]
    await assert_books_hold()


@pytest.mark.requirement("R14.3")
async def test_assigning_moving_and_deducting_of_an_employer_s_money(centre: str) -> None:
    item_id = await thousand()
    await claim_and_approve(claim(item_id, "assign", 700, to_employer_no=100001))
    await claim_and_approve(claim(item_id, "move", 300, from_employer_no=100001, to_employer_no=100002))
    number = await expect("BJ2026110009", "250.00", employer_no=100002, credit_subject="21909", credit_auxiliary="")
    await claim_and_approve(claim(item_id, "clear", 250, expectation_id=number, from_employer_no=100002))
    assert {(one.employer_no, one.open) for one in await settlement.shares_of(actor=FINANCE, item_id=item_id)} == {
        (100001, Money.yuan(400)),
        (100002, Money.yuan(50)),
    }
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (-Money.yuan(300), -Money.yuan(400))
    assert (await balance("21903", "100002"), await balance("21909", "")) == (-Money.yuan(50), -Money.yuan(250))
    await assert_books_hold()


async def test_moving_to_another_office_takes_the_whole_item(centre: str) -> None:
    item_id = await thousand()
    with pytest.raises(Refused, match="suspense_not_covered"):
        await propose(claim(item_id, "transfer", 999, to_office_code="0105"))
    await claim_and_approve(claim(item_id, "transfer", 1000, to_office_code="0105"))
    assert (await balance("21901", "00"), await balance("21901", "0105")) == (Money.zero(), -Money.yuan(1000))
    assert await view(item_id) == (Money.yuan(1000), Money.zero())
    await assert_books_hold()


async def test_a_rejected_claim_gives_its_amount_back_and_needs_a_note(centre: str) -> None:
    item_id = await thousand()
    movement_id = await propose(claim(item_id, "assign", 1000, to_employer_no=100001))
    async with nothing_changed():
        with pytest.raises(Refused, match="reason_missing"):
            await decide(movement_id, approve=False, note="否")
    assert await decide(movement_id, approve=False, note="材料与付款人不符") == "rejected"
    assert await view(item_id) == (Money.yuan(1000), Money.zero())
    assert await database.value("SELECT count(*) FROM general_voucher WHERE business_key LIKE 'suspense:%'") == 0
    await propose(claim(item_id, "assign", 1000, to_employer_no=100002))


@pytest.mark.requirement("R14.3")
async def test_the_second_person_is_never_the_first(centre: str) -> None:
    movement_id = await propose(claim(await thousand(), "assign", 1000, to_employer_no=100001))
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await decide(movement_id, actor=FINANCE)
        assert refused.value.refusals[0].code == "settlement.same_person"
        with pytest.raises(Refused, match="not_permitted"):
            await decide(movement_id, actor=REVIEWER)
    assert await decide(movement_id, actor=OTHER_FINANCE) == "approved"
    async with nothing_changed():
        with pytest.raises(Refused, match="decided_already"):
            await decide(movement_id)


async def test_the_database_itself_knows_no_first_person_who_is_the_second(centre: str) -> None:
    movement_id = await propose(claim(await thousand(), "assign", 1000, to_employer_no=100001))
    with pytest.raises(Exception, match="suspense_movement_check"):
        await database.execute(
            "UPDATE suspense_movement SET state = 'rejected', decided_by = proposed_by WHERE movement_id = $1",
            movement_id,
        )


async def test_a_request_repeated_proposes_and_decides_once(centre: str) -> None:
    item_id, first, second = await thousand(), key(), key()
    wanted = claim(item_id, "assign", 600, to_employer_no=100001)
    numbers = {await propose(wanted, request_key=first) for _ in range(3)}
    assert len(numbers) == 1
    for _ in range(3):
        state = await settlement.decide_claim(
            actor=SUPERVISOR,
            movement_id=numbers.copy().pop(),
            approve=True,
            request_key=second,
            now=NOW,
            business_date=TODAY,
        )
        assert state == "approved"
    assert await view(item_id) == (Money.yuan(400), Money.zero())
    async with nothing_changed():
        with pytest.raises(Refused, match="key_reused"):
            await propose(claim(item_id, "assign", 100, to_employer_no=100001), request_key=first)


async def test_claims_at_once_never_use_a_fen_twice(centre: str) -> None:
    item_id = await thousand()
    tried = await asyncio.gather(
        *(propose(claim(item_id, "assign", 300, to_employer_no=100001)) for _ in range(8)), return_exceptions=True
    )
    proposed = [one for one in tried if isinstance(one, int)]
    assert len(proposed) == 3
    assert all("suspense_not_covered" in str(one) for one in tried if not isinstance(one, int))
    decided = await asyncio.gather(*(decide(one) for one in proposed * 2), return_exceptions=True)
    assert decided.count("approved") == 3
    assert await view(item_id) == (Money.yuan(100), Money.zero())
    await assert_books_hold()


@pytest.mark.parametrize(
    ("kind", "yuan", "target", "code"),
    [
        ("assign", 1001, {"to_employer_no": 100001}, "suspense_not_covered"),
        ("assign", 0, {"to_employer_no": 100001}, "amount_invalid"),
        ("assign", 10, {"to_employer_no": 999999}, "employer_unknown"),
        ("assign", 10, {}, "movement_form"),
        ("assign", 10, {"to_employer_no": 100001, "to_office_code": "0105"}, "movement_form"),
        ("move", 10, {"from_employer_no": 100001, "to_employer_no": 100001}, "employer_same"),
        ("move", 10, {"from_employer_no": 100001, "to_employer_no": 100002}, "suspense_not_covered"),
        ("transfer", 1000, {"to_office_code": "9999"}, "office_unknown"),
        ("transfer", 1000, {"to_office_code": "00"}, "office_same"),
        ("clear", 10, {"expectation_id": 1}, "not_found"),
        ("refund", 10, {"to_employer_no": 100001}, "movement_form"),
    ],
)
async def test_a_claim_that_makes_no_sense_is_refused(
    centre: str, kind: str, yuan: int, target: dict[str, Any], code: str
) -> None:
    item_id = await thousand()
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await propose(claim(item_id, kind, yuan, **target))
    assert refused.value.refusals[0].code == f"settlement.{code}"


async def test_an_expectation_is_claimed_once_and_for_its_amount(centre: str) -> None:
    item_id, number = await thousand(), await expect("HJ2026110001", "400.00")
    async with nothing_changed():
        with pytest.raises(Refused, match="expectation_amount"):
            await propose(claim(item_id, "clear", 399, expectation_id=number))
    await propose(claim(item_id, "clear", 400, expectation_id=number))
    async with nothing_changed():
        with pytest.raises(Refused, match="expectation_claimed"):
            await propose(claim(item_id, "clear", 400, expectation_id=number))
        with pytest.raises(Refused, match="expectation_claimed"):
            async with database.transaction() as tx:
                await settlement.cancel_expected(tx, actor=FINANCE, expectation_id=number, reason="单位撤回", now=NOW)
    # money that names it meanwhile is not given to it: a person has claimed it
    assert (await receive("S2", "400.00", remark="HJ2026110001")).outcome == "unknown"


async def test_money_of_one_set_does_not_clear_another_s(centre: str) -> None:
    item_id = await thousand()
    number = await expect("HJ2026110001", "400.00", account_set="flexible_employment")
    with pytest.raises(Refused, match="expectation_other_set"):
        await propose(claim(item_id, "clear", 400, expectation_id=number))


async def test_staff_of_an_office_reach_its_suspense_only(centre: str) -> None:
    ours = await item_of(await receive("S9", "5.00", bank_code="105"))
    others = await thousand()
    listed = await settlement.suspense_items(actor=OF_CHAOYANG, business_date=TODAY)
    assert [one.item_id for one in listed] == [ours]
    async with nothing_changed():
        with pytest.raises(Refused, match="other_office"):
            await propose(claim(others, "assign", 5, to_employer_no=100001), actor=OF_CHAOYANG)
    movement_id = await propose(claim(others, "assign", 5, to_employer_no=100001))
    with pytest.raises(Refused, match="other_office"):
        await decide(movement_id, actor=OF_CHAOYANG)
    assert await settlement.movements(actor=OF_CHAOYANG) == []
    assert [
        total.office_code for total in await settlement.suspense_totals(actor=OF_CHAOYANG, business_date=TODAY)
    ] == ["0105"]


@pytest.mark.requirement("R14.3")
async def test_totals_of_each_district_by_age(centre: str) -> None:
    await receive("S1", "1.00")
    await receive("S2", "10.00", bank_code="105")
    await receive("S3", "100.00", bank_code="105")

    async def totals(days: int) -> dict[str, tuple[int, list[str]]]:
        found = await settlement.suspense_totals(actor=FINANCE, business_date=TODAY + timedelta(days=days))
        return {one.office_code: (one.items, [str(age) for age in one.ages]) for one in found}

    assert await totals(30) == {
        "00": (1, ["1.00", "0.00", "0.00", "0.00"]),
        "0105": (2, ["110.00", "0.00", "0.00", "0.00"]),
    }
    assert (await totals(31))["0105"] == (2, ["0.00", "110.00", "0.00", "0.00"])
    assert (await totals(365))["0105"] == (2, ["0.00", "0.00", "110.00", "0.00"])
    assert (await totals(366))["0105"] == (2, ["0.00", "0.00", "0.00", "110.00"])
    old = await settlement.suspense_items(actor=FINANCE, business_date=TODAY + timedelta(days=40), age_from=31)
    assert sorted(one.age_days for one in old) == [40, 40, 40]


async def test_the_origin_of_an_item_can_be_followed_to_its_voucher(centre: str) -> None:
    item_id = await thousand(remark="来源不明")
    item = await settlement.suspense_item(actor=FINANCE, item_id=item_id, business_date=TODAY)
    key_of_voucher = await database.value(
        "SELECT business_key FROM general_voucher WHERE voucher_id = $1", item.voucher_id
    )
    assert (key_of_voucher, item.host_serial_no, item.remark) == ("receipt:102:20261123:S1", "S1", "来源不明")
    assert (item.payer_name_masked, item.bank_account_code) == ("北京晨曦科技有限公司", "102")


# --- refunds


async def refund(bank: Bank, *, item_id: int) -> int:
    movement_id, state = await claim_and_approve(claim(item_id, "refund", 1000))
    assert state == "paying"
    assert await view(item_id) == (Money.yuan(1000), Money.yuan(1000))
    await assert_books_hold()
    return movement_id


async def state_of(movement_id: int) -> str:
    return str(await database.value("SELECT state FROM suspense_movement WHERE movement_id = $1", movement_id))


@pytest.mark.requirement("R14.3")
async def test_a_refund_is_paid_to_the_payer_and_then_booked(centre: str, bank: Bank) -> None:
    item_id = await thousand()
    before = bank.balance()
    movement_id = await refund(bank, item_id=item_id)
    assert await bank.step() == 1
    assert (await state_of(movement_id), await view(item_id)) == ("approved", (Money.zero(), Money.zero()))
    assert before - bank.balance() == Money.yuan(1000)
    assert (await balance("21901", "00"), await balance("101", "102")) == (Money.zero(), Money.zero())
    order = next(iter(bank.simulator.book.orders.values()))
    assert (order.payee_account_no, order.payee_name) == ("0200001009000000001", "北京晨曦科技有限公司")
    assert await bank.step() == 0
    assert await audited("suspense.refunded") == 1
    await assert_books_hold()


async def test_a_refund_that_the_bank_refuses_gives_the_claim_back(centre: str, bank: Bank) -> None:
    item_id = await thousand(payer_account="6222020200000000023", payer_name="李四")
    movement_id = await refund(bank, item_id=item_id)
    await bank.step()
    assert (await state_of(movement_id), await view(item_id)) == ("failed", (Money.yuan(1000), Money.zero()))
    assert await balance("21901", "00") == -Money.yuan(1000)
    await assert_books_hold()
    # it may be claimed otherwise now
    await claim_and_approve(claim(item_id, "assign", 1000, to_employer_no=100001))


async def test_a_refund_in_doubt_is_asked_after_and_never_paid_twice(centre: str, bank: Bank) -> None:
    item_id = await thousand()
    before = bank.balance()
    movement_id = await refund(bank, item_id=item_id)
    bank.fault("pay", "error500", times=1, detail={"stage": "after"})
    await bank.step()
    assert await state_of(movement_id) == "paying"
    bank.clock.advance(minutes=5)
    await bank.step()
    assert await state_of(movement_id) == "approved"
    assert before - bank.balance() == Money.yuan(1000)
    assert bank.faults.counts["bank.pay"] == 1
    await assert_books_hold()


async def test_a_refund_to_another_bank_says_which(centre: str, bank: Bank) -> None:
    item_id = await thousand(payer_bank_no="301100000015", payer_account="110060010900000777", payer_name="王五")
    await refund(bank, item_id=item_id)
    row = await database.row("SELECT payee_bank_code, settle_type, payee_class FROM payment WHERE account_no = 0")
    assert row is not None and tuple(row) == ("301", "2", "1")
    await bank.step()
    assert await view(item_id) == (Money.zero(), Money.zero())


async def test_without_a_payer_there_is_nobody_to_refund(centre: str) -> None:
    item_id = await thousand(payer_account="")
    async with nothing_changed():
        with pytest.raises(Refused, match="no_payer"):
            await propose(claim(item_id, "refund", 1000))
