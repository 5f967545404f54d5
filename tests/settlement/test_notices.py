"""Arrival notices: read whole or put aside whole, the same bytes counted once, cleared with a note."""

from __future__ import annotations

import asyncio

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import NoticeTaken
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    NOW,
    REVIEWER,
    TODAY,
    assert_books_hold,
    audited,
    balance,
    events,
    expect,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")


async def notice(*lines: str, digest: str = "", bank_code: str = "102") -> NoticeTaken:
    return await settlement.take_notice(
        bank_code=bank_code,
        lines=lines,
        digest=digest or key(),
        bytes_count=200,
        now=NOW,
        business_date=TODAY,
    )


@pytest.mark.requirement("R14.4")
async def test_a_notice_books_what_came_in_and_passes_over_what_went_out(centre: str) -> None:
    taken = await notice(files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "-20.00", "1.00"))
    assert (taken.state, len(taken.receipts)) == ("accepted", 1)
    assert await balance("101", "102") == Money.yuan(500)


async def test_the_same_bytes_again_are_counted_and_book_nothing(centre: str) -> None:
    first = await notice(files.row(1, "S1", "500.00", "1.00"), digest="d" * 64)
    again = await notice(files.row(1, "S1", "500.00", "1.00"), digest="d" * 64)
    assert (first.repeated, again.repeated, again.receipts) == (False, True, first.receipts)
    assert await database.value("SELECT told FROM bank_notice") == 2
    assert await balance("101", "102") == Money.yuan(500)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], "通知应有1至1000行，实有0行"),
        (["1|2|3"], "第1行应有23个栏目，实有3个"),
        ([files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "5,00", "1.00")], "第2行金额不是两位小数的金额"),
    ],
)
async def test_a_notice_that_cannot_be_read_is_put_aside_whole(centre: str, lines: list[str], fault: str) -> None:
    for _ in range(2):
        taken = await notice(*lines, digest="d" * 64)
        assert (taken.state, taken.fault, taken.receipts) == ("quarantined", fault, ())
    assert await database.value("SELECT count(*) FROM bank_receipt") == 0
    assert await audited("notice.quarantined") == 1
    [kept] = await settlement.quarantined_notices(actor=FINANCE)
    assert (kept.digest, kept.fault, kept.bank_code, kept.told) == ("d" * 64, fault, "102", 2)


async def test_a_notice_with_one_contradiction_books_none_of_its_rows(centre: str) -> None:
    await receive("S2", "20.00")
    taken = await notice(files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "21.00", "1.00"))
    assert taken.state == "quarantined" and taken.fault is not None and "S2" in taken.fault
    assert await balance("101", "102") == Money.yuan(20)


async def test_a_quarantined_notice_is_cleared_once_with_a_note(centre: str) -> None:
    await notice("1|2|3")
    [kept] = await settlement.quarantined_notices(actor=FINANCE)
    async with nothing_changed():
        with pytest.raises(Refused, match="reason_missing"):
            await settlement.clear_notice(
                actor=FINANCE, notice_id=kept.notice_id, note=" 好 ", request_key=key(), now=NOW
            )
        with pytest.raises(Refused, match="not_permitted"):
            await settlement.clear_notice(
                actor=REVIEWER, notice_id=kept.notice_id, note="银行已重发", request_key=key(), now=NOW
            )
    request_key = key()
    for _ in range(2):
        await settlement.clear_notice(
            actor=FINANCE, notice_id=kept.notice_id, note="银行已重发", request_key=request_key, now=NOW
        )
    assert await settlement.quarantined_notices(actor=FINANCE) == []
    with pytest.raises(Refused, match="notice_not_quarantined"):
        await settlement.clear_notice(
            actor=FINANCE, notice_id=kept.notice_id, note="银行已重发", request_key=key(), now=NOW
        )


# --- the desk


async def test_notices_and_a_statement_of_the_same_money_do_not_block_each_other(centre: str) -> None:
    """Several receipts of one payer, told one by one and all together, in opposite orders."""
    for number in range(8):
        await expect(f"HJ202611000{number}", "5.00", payer_account_no="0200001009000000001")
    told = [(f"S{number}", "5.00", f"HJ202611000{7 - number}") for number in range(8)]
    statement = settlement.import_statement(
        actor=FINANCE,
        bank_account_code="102",
        raw=files.statement(*told, opening="0.00").encode(),
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )
    notices = (receive(serial, amount, remark=remark) for serial, amount, remark in reversed(told))
    several = notice(*(files.row(1, serial, "5.00", "0.00", remark=remark) for serial, _, remark in reversed(told)))
    await asyncio.gather(statement, several, *notices)
    assert await balance("21903", "100001") == -Money.yuan(40)
    assert len(await events(settlement.RECEIPT_MATCHED)) == 8
    await assert_books_hold()


# --- what is expected
