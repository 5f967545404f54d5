"""Receipts are booked once, whoever tells of them and however often."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from domain import ledger, settlement
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    NOW,
    TODAY,
    assert_books_hold,
    audited,
    balance,
    events,
    expect,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")


@pytest.mark.requirement("R14.3")
async def test_a_matched_receipt_waits_for_its_employer(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00", payer_account_no="0200001009000000001")
    taken = await receive("S1", "1200.00", remark="汇缴HJ2026110001")
    assert (taken.new, taken.held, taken.outcome, taken.reason) == (True, False, "matched", "exact")
    assert (await balance("101", "102"), await balance("21903", "100001")) == (Money.yuan(1200), -Money.yuan(1200))
    met = await settlement.expectation(expectation_id=number)
    assert (met.state, met.receipt_id) == ("met", taken.receipt_id)
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.outcome_name, settlement.reason_name(view)) == ("相符", "编号、金额和付款人相符（按备注）")
    assert (view.item_id, view.office_code) == (None, "0101")
    assert await events(settlement.RECEIPT_MATCHED) == [
        {
            "expectation_id": str(number),
            "purpose": "remittance",
            "reference_no": "HJ2026110001",
            "receipt_id": str(taken.receipt_id),
            "voucher_id": str(view.voucher_id),
            "amount": "1200.00",
        }
    ]
    await assert_books_hold()


async def test_an_expectation_says_where_its_money_goes(centre: str) -> None:
    await expect("LXH20261123000001", "350.00", purpose="transfer_in", employer_no=None, credit_subject="21909")
    taken = await receive("S1", "350.00", remark="异地转入＃LXH20261123000001＃")
    assert taken.outcome == "matched"
    assert await balance("21909", "") == -Money.yuan(350)


@pytest.mark.requirement("R14.3")
@pytest.mark.parametrize(
    ("amount", "remark", "outcome", "reason"),
    [("1200.01", "HJ2026110001", "differs", "amount"), ("7.00", "公积金", "unknown", "nothing")],
)
async def test_what_does_not_match_stands_in_suspense_of_the_account_s_office(
    centre: str, amount: str, remark: str, outcome: str, reason: str
) -> None:
    number = await expect("HJ2026110001", "1200.00", employer_no=100002)
    taken = await receive("S1", amount, bank_code="105", remark=remark)
    assert (taken.outcome, taken.reason) == (outcome, reason)
    assert await balance("21901", "0105") == -Money.parse(amount)
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.open, view.office_code) == (Money.parse(amount), "0105")
    assert view.expectation_id == (number if outcome == "differs" else None)
    assert (await settlement.expectation(expectation_id=number)).state == "open"
    assert await events(settlement.RECEIPT_MATCHED) == []
    await assert_books_hold()


@pytest.mark.requirement("R14.4")
async def test_a_receipt_told_again_changes_nothing_whoever_tells_it(centre: str) -> None:
    first = await receive("S1", "500.00")
    async with nothing_changed():
        for source in ("notice", "statement", "notice"):
            again = await receive("S1", "500.00", source=source, remark="写法不同的备注")
            assert (again.receipt_id, again.new) == (first.receipt_id, False)
    assert await audited("receipt.booked") == 1


@pytest.mark.parametrize(
    "told",
    [{"amount": "500.01"}, {"payer_account": "9999999999"}, {"reversal": "1"}, {"number": "0200000109000000088"}],
)
async def test_a_bank_that_contradicts_itself_is_refused(centre: str, told: dict[str, str]) -> None:
    await receive("S1", "500.00")
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await receive("S1", told.pop("amount", "500.00"), **told)
    assert refused.value.refusals[0].code == "settlement.receipt_contradicts"


async def test_the_same_serial_number_of_another_day_or_bank_is_other_money(centre: str) -> None:
    await receive("S1", "500.00")
    assert (await receive("S1", "500.00", day="20261122")).new
    assert (await receive("S1", "500.00", bank_code="105")).new
    assert await database.value("SELECT count(*) FROM bank_receipt") == 3


@pytest.mark.requirement("R14.4")
async def test_ten_that_tell_of_the_same_money_at_once_book_it_once(centre: str) -> None:
    await expect("HJ2026110001", "500.00")
    taken = await asyncio.gather(*(receive("S1", "500.00", remark="HJ2026110001") for _ in range(10)))
    assert sum(one.new for one in taken) == 1
    assert len({one.receipt_id for one in taken}) == 1
    assert await balance("101", "102") == Money.yuan(500)
    assert len(await events(settlement.RECEIPT_MATCHED)) == 1


async def test_two_receipts_for_one_expectation_meet_it_once(centre: str) -> None:
    await expect("HJ2026110001", "500.00")
    taken = await asyncio.gather(*(receive(f"S{number}", "500.00", remark="HJ2026110001") for number in range(6)))
    assert sorted(one.outcome for one in taken) == ["matched", *["unknown"] * 5]
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (-Money.yuan(2500), -Money.yuan(500))
    await assert_books_hold()


async def test_what_nobody_knows_the_account_of_is_held_and_not_booked(centre: str) -> None:
    taken = await receive("S1", "500.00", number="0200000109999999999")
    assert (taken.held, taken.reason) == (True, "account_unknown")
    await database.execute("UPDATE bank_account SET state = 'closed', closed_on = $1 WHERE code = '102'", TODAY)
    assert (await receive("S2", "500.00")).reason == "account_closed"
    await database.execute("UPDATE bank_account SET state = 'open', closed_on = NULL WHERE code = '102'")
    taken_back = await receive("S3", "-500.00", reversal="1")
    assert (taken_back.held, taken_back.reason) == (True, "bank_reversal")
    assert await database.value("SELECT count(*) FROM general_voucher") == 0
    assert await audited("receipt.held") == 3
    await assert_books_hold()


async def test_a_set_without_a_suspense_subject_takes_what_is_expected_and_holds_the_rest(centre: str) -> None:
    await database.execute(
        "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on) VALUES"
        " ('102-M01', '102', 'maintenance_fund', 'demand', '1001', '0200000109000000444', '维修资金专户', '2026-01-01')"
    )
    await expect("WX2026110001", "80.00", account_set="maintenance_fund", credit_subject="400101", credit_auxiliary="")
    met = await receive("S1", "80.00", number="0200000109000000444", remark="WX2026110001")
    unknown = await receive("S2", "81.00", number="0200000109000000444")
    assert (met.outcome, unknown.held, unknown.reason) == ("matched", True, "no_suspense")
    assert await balance("1001", "102-M01", account_set="maintenance_fund") == Money.yuan(80)
    await assert_books_hold()


@pytest.mark.parametrize(
    "wrong",
    [{"employer_no": None}, {"credit_subject": "201"}, {"credit_subject": "219"}, {"credit_subject": "9"}],
)
async def test_an_owner_that_expects_what_cannot_be_booked_has_a_bug(centre: str, wrong: dict[str, object]) -> None:
    async with nothing_changed():
        with pytest.raises(AssertionError, match="nothing can be credited"):
            await expect("HJ2026110001", "5.00", **wrong)


async def test_money_told_after_the_day_closed_is_posted_on_the_next(centre: str) -> None:
    await ledger.close_day(business_date=TODAY, now=NOW + timedelta(days=1))
    taken = await receive("S1", "5.00")
    posted = await database.value(
        "SELECT posted_on FROM general_voucher v JOIN bank_receipt r USING (voucher_id) WHERE r.receipt_id = $1",
        taken.receipt_id,
    )
    assert posted == date(2026, 11, 24)
    assert [result for result in await ledger.prove(invariants=settlement.INVARIANTS) if not result.holds] == []
