"""What is expected: registered once, cancelled while nothing came, met by money that came before its paper."""

from __future__ import annotations

import asyncio

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
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


async def test_an_expectation_registered_again_is_the_same_and_with_other_content_refused(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00", payer_name="北京晨曦科技有限公司")
    async with nothing_changed():
        # written in full width, it is the same number
        again = await expect("ｈｊ２０２６１１０００１", "1200.00", payer_name="北京晨曦科技有限公司")
        assert again == number
        for change in ({"payer_name": "别家公司"}, {"credit_subject": "21909"}, {"due_on": TODAY}):
            with pytest.raises(Refused) as refused:
                await expect("HJ2026110001", "1200.00", **{"payer_name": "北京晨曦科技有限公司", **change})
            assert refused.value.refusals[0].code == "settlement.expectation_changed"
    assert await audited("expectation.registered") == 1


@pytest.mark.parametrize("reference_no", ["HJ1", "汇缴2026110001", "-HJ2026110001", "H" * 33, ""])
async def test_a_reference_that_nobody_could_find_is_refused(centre: str, reference_no: str) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await expect(reference_no, "1200.00")
    assert refused.value.refusals[0].code == "settlement.reference_malformed"


async def test_a_cancelled_expectation_meets_nothing(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00")
    for expected in (True, False):
        async with database.transaction() as tx:
            cancelled = await settlement.cancel_expected(
                tx, actor=SYSTEM, expectation_id=number, reason="单位撤回汇缴书", now=NOW
            )
        assert cancelled is expected
    assert (await receive("S1", "1200.00", remark="HJ2026110001")).outcome == "unknown"


async def test_what_is_there_cannot_be_cancelled(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00")
    await receive("S1", "1200.00", remark="HJ2026110001")
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            async with database.transaction() as tx:
                await settlement.cancel_expected(
                    tx, actor=SYSTEM, expectation_id=number, reason="单位撤回汇缴书", now=NOW
                )
    assert refused.value.refusals[0].code == "settlement.expectation_not_open"


@pytest.mark.requirement("R14.3")
async def test_money_that_comes_before_its_paper_is_met_when_the_paper_comes(centre: str) -> None:
    taken = await receive("S1", "1200.00", remark="HJ2026110001")
    assert taken.outcome == "unknown"
    number = await expect("HJ2026110001", "1200.00")
    assert (await settlement.expectation(expectation_id=number)).state == "met"
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (Money.zero(), -Money.yuan(1200))
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.outcome, view.matched_by, view.open) == ("matched", "remark", Money.zero())
    assert len(await events(settlement.RECEIPT_MATCHED)) == 1
    await assert_books_hold()


async def test_a_paper_does_not_take_money_that_could_be_another_s(centre: str) -> None:
    await receive("S1", "1200.00")
    await receive("S2", "1200.00")
    number = await expect("HJ2026110001", "1200.00", payer_account_no="0200001009000000001")
    assert (await settlement.expectation(expectation_id=number)).state == "open"
    assert await balance("21901", "00") == -Money.yuan(2400)


async def test_paper_and_money_that_cross_are_matched_by_the_sweep(centre: str) -> None:
    registered = asyncio.Event()

    async def money_comes() -> str:
        await registered.wait()
        return (await receive("S1", "1200.00", remark="HJ2026110001")).outcome

    money = asyncio.create_task(money_comes())
    async with database.transaction() as tx:
        number = await settlement.expect_receipt(
            tx,
            actor=SYSTEM,
            purpose="remittance",
            reference_no="HJ2026110001",
            amount=Money.yuan(1200),
            employer_no=100001,
            now=NOW,
        )
        # the receipt's transaction does not see the paper, which is not committed
        registered.set()
        assert await money == "unknown"
    assert await settlement.match_what_crossed(now=NOW, business_date=TODAY) == 1
    assert (await settlement.expectation(expectation_id=number)).state == "met"
    assert await settlement.match_what_crossed(now=NOW, business_date=TODAY) == 0


# --- notices
