"""Statements are taken whole or not at all; what they bring that no notice told of becomes a receipt."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import StatementImported
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    FUND_105,
    NOW,
    REVIEWER,
    TODAY,
    Bank,
    assert_books_hold,
    balance,
    events,
    expect,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")

MONDAY = files.statement(("S1", "500.00", "HJ2026110001"), ("S2", "-200.00", "P1"), ("S3", "7.00", "来源不明"))


async def bring(text: str, *, account: str = "102", request_key: str = "", actor: Any = FINANCE) -> StatementImported:
    return await settlement.import_statement(
        actor=actor,
        bank_account_code=account,
        raw=text.encode(),
        request_key=request_key or key(),
        now=NOW,
        business_date=TODAY,
    )


async def refused(text: str, code: str, **given: Any) -> str:
    """The message; nothing is changed."""
    async with nothing_changed():
        with pytest.raises(Refused) as found:
            await bring(text, **given)
    assert found.value.refusals[0].code == f"settlement.{code}"
    return found.value.refusals[0].message


@pytest.mark.requirement("R14.4")
async def test_a_statement_brings_the_notices_that_never_came(centre: str) -> None:
    await expect("HJ2026110001", "500.00")
    told = await receive("S3", "7.00", remark="来源不明")
    imported = await bring(MONDAY)
    assert (imported.new, imported.line_count, len(imported.missing_notices)) == (True, 3, 1)
    [missing] = (await settlement.missing_notices(actor=FINANCE, since=TODAY, until=TODAY)).items
    assert (missing.receipt_id, missing.host_serial_no) == (imported.missing_notices[0], "S1")
    assert (missing.outcome, missing.source_name) == ("matched", "对账单")
    assert len(await events(settlement.RECEIPT_MATCHED)) == 1
    # the notice that was there stays the one that told of it
    assert (await settlement.receipt(actor=FINANCE, receipt_id=told.receipt_id)).source == "notice"
    assert await balance("101", "102") == Money.yuan(507)
    [view] = await settlement.statements_of(actor=FINANCE, since=TODAY, until=TODAY)
    assert (view.opening, view.closing, view.received, view.paid) == tuple(
        Money.yuan(yuan) for yuan in (1000, 1307, 507, 200)
    )
    lines = await settlement.statement_lines(actor=FINANCE, statement_id=imported.statement_id)
    assert [(one.host_serial_no, str(one.amount), one.ticked) for one in lines] == [
        ("S1", "500.00", False),
        ("S2", "-200.00", False),
        ("S3", "7.00", False),
    ]
    await assert_books_hold()


async def test_the_same_statement_again_is_the_same(centre: str) -> None:
    request_key = key()
    first = await bring(MONDAY, request_key=request_key)
    async with nothing_changed():
        again = await bring(MONDAY, request_key=request_key)
    assert (again.statement_id, again.new, again.missing_notices) == (first.statement_id, False, first.missing_notices)
    assert not (await bring(MONDAY)).new
    assert await database.value("SELECT count(*) FROM bank_statement") == 1


async def test_five_that_import_the_same_file_at_once_import_it_once(centre: str) -> None:
    results = await asyncio.gather(*(bring(MONDAY) for _ in range(5)))
    assert sum(one.new for one in results) == 1
    assert await balance("101", "102") == Money.yuan(507)
    await assert_books_hold()


@pytest.mark.requirement("R14.4")
async def test_a_statement_during_the_day_is_replaced_by_a_later_one_that_contains_it(centre: str) -> None:
    morning = files.statement(("S1", "500.00", ""))
    first = await bring(morning)
    second = await bring(MONDAY)
    assert (second.new, len(second.missing_notices)) == (True, 2)
    rows = await database.rows("SELECT statement_id, state FROM bank_statement ORDER BY imported_at, state DESC")
    assert {row["statement_id"]: row["state"] for row in rows} == {
        first.statement_id: "superseded",
        second.statement_id: "current",
    }
    assert await balance("101", "102") == Money.yuan(507)
    # the earlier one again is known, and stays where it is
    assert not (await bring(morning)).new
    assert (await settlement.statements_of(actor=FINANCE, since=TODAY, until=TODAY))[0].closing == Money.yuan(1307)


@pytest.mark.parametrize(
    ("later", "serial"),
    [
        (files.statement(("S1", "500.00", ""), ("S3", "7.00", "")), "S2"),
        (files.statement(("S1", "500.01", ""), ("S2", "-200.00", ""), ("S3", "7.00", "")), "S1"),
        (
            files.statement(("S1", "500.00", ""), ("S2", "-200.00", ""), ("S3", "7.00", ""), opening="1001.00"),
            "期初余额",
        ),
    ],
)
async def test_a_later_statement_that_contradicts_is_refused(centre: str, later: str, serial: str) -> None:
    await bring(MONDAY)
    assert serial in await refused(later, "statement_contradicts")


@pytest.mark.requirement("R14.4")
async def test_a_statement_that_contradicts_a_notice_is_refused_whole(centre: str) -> None:
    await receive("S3", "8.00")
    assert "S3" in await refused(MONDAY, "receipt_contradicts")


async def test_neighbouring_days_join(centre: str) -> None:
    await bring(MONDAY)
    sunday = files.statement(("A1", "10.00", ""), opening="990.00", day=TODAY - timedelta(days=1))
    await bring(sunday)
    saturday = files.statement(("B1", "1.00", ""), opening="900.00", day=TODAY - timedelta(days=2))
    assert "901.00" in await refused(saturday, "statement_gap")
    # a day that is missing between is for the adjustment to find
    friday = files.statement(("C1", "1.00", ""), opening="5.00", day=TODAY - timedelta(days=3))
    assert (await bring(friday)).new


async def test_a_statement_of_another_account_or_of_tomorrow_is_refused(centre: str) -> None:
    await refused(MONDAY, "statement_account", account="105")
    await refused(files.statement(day=TODAY + timedelta(days=1)), "statement_future")
    await refused(MONDAY, "bank_account_unknown", account="999")
    async with nothing_changed():
        with pytest.raises(Refused, match="not_permitted"):
            await bring(MONDAY, actor=REVIEWER)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize("at", [30, 120, 250, 400, -1, -5])
async def test_a_file_cut_in_the_middle_changes_nothing(centre: str, at: int) -> None:
    async with nothing_changed():
        with pytest.raises(Refused):
            await bring(MONDAY.rstrip("\n")[:at])


async def test_a_reversal_on_a_statement_is_held_for_people(centre: str) -> None:
    text = files.statement(("S1", "500.00", ""), ("S2", "-500.00", "冲正S1"))
    lines = text.split("\n")
    fields = lines[2].split("|")
    fields[20] = "1"
    lines[2] = "|".join(fields)
    await bring("\n".join(lines))
    held = (await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(state="held"))).items
    assert [(one.host_serial_no, one.reason, str(one.amount)) for one in held] == [("S2", "bank_reversal", "-500.00")]
    assert await balance("101", "102") == Money.yuan(500)


# --- by download


async def fetch(bank: Bank, *, day: date = TODAY, account: str = "102", gateway: Any = None) -> StatementImported:
    return await settlement.fetch_statement(
        actor=FINANCE,
        bank_account_code=account,
        day=day,
        gateway=gateway or bank.funds,
        now=bank.clock(),
        business_date=TODAY,
    )


@pytest.mark.requirement("R14.4")
async def test_asking_the_bank_brings_what_its_notices_did_not(centre: str, bank: Bank) -> None:
    serials = {bank.receive("100.00"), bank.receive("23.00", remark="公积金")}
    imported = await fetch(bank)
    assert (imported.new, imported.line_count) == (True, 2)
    missing = (await settlement.missing_notices(actor=FINANCE, since=TODAY, until=TODAY)).items
    assert {one.host_serial_no for one in missing} == serials
    again = await fetch(bank)
    assert (again.new, again.statement_id) == (False, imported.statement_id)
    assert await balance("101", "102") == Money.yuan(123)


@pytest.mark.parametrize("spoil", ["reordered", "duplicate_line", "gbk"])
async def test_what_can_be_put_right_is_taken(centre: str, bank: Bank, spoil: str) -> None:
    for yuan in range(1, 6):
        bank.receive(f"{yuan}.00", remark="住房公积金")
    bank.fault("statement", "garbage", times=1, detail={"stage": "file", "spoil": spoil})
    assert len((await fetch(bank)).missing_notices) == 5
    assert await balance("101", "102") == Money.yuan(15)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    "spoil",
    ["missing_line", "short_line", "wrong_amount", "bad_amount", "bad_date", "wrong_total", "no_head", "no_tail",
     "cut", "cut_part"],
)  # fmt: skip
async def test_a_spoiled_download_changes_nothing_and_is_asked_for_again(centre: str, bank: Bank, spoil: str) -> None:
    for yuan in range(1, 6):
        bank.receive(f"{yuan}.00")
    bank.fault("statement", "garbage", times=1, detail={"stage": "file", "spoil": spoil})
    async with nothing_changed():
        with pytest.raises(Refused) as found:
            await fetch(bank)
    assert found.value.refusals[0].message.endswith(("再导入。", "未变动。"))
    assert len((await fetch(bank)).missing_notices) == 5


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_a_silent_bank_changes_nothing(centre: str, bank: Bank, mode: str) -> None:
    bank.receive("5.00")
    bank.fault("statement", mode, times=1)
    async with nothing_changed():
        with pytest.raises(Refused) as found:
            await fetch(bank, gateway=bank.impatient)
    assert (found.value.refusals[0].code, found.value.refusals[0].retryable) == ("settlement.bank_silent", True)


async def test_a_long_statement_comes_in_parts(centre: str, bank: Bank) -> None:
    for number in range(5_000):
        bank.simulator.book.lines.post(
            ("105", FUND_105),
            # money out: a receipt each would only make the test slow
            _line(bank, number),
        )
    imported = await fetch(bank, account="105")
    assert (imported.line_count, bank.faults.counts["bank.statement"]) == (5_000, 2)


def _line(bank: Bank, number: int) -> Any:
    from channels.banks.lines import AccountLine

    return AccountLine(
        host_serial_no=f"L{number:06d}",
        booked_at=bank.clock(),
        amount=Money(-100),
        counterparty_account="6222020200000000015",
        counterparty_name="张三",
        remark="P1234567890123456789",
        summary="提取",
    )


async def test_every_account_s_statement_is_fetched_and_one_failure_keeps_no_other(centre: str, bank: Bank) -> None:
    bank.receive("5.00")
    bank.receive("6.00", bank_code="105")
    bank.fault("statement", "error500", match={"bank_code": "105"})
    results = await settlement.fetch_statements(day=TODAY, gateway=bank.funds, now=NOW, business_date=TODAY)
    done = {one.bank_account_code: (one.imported is not None, one.problem) for one in results}
    assert done["102"] == (True, None)
    assert done["105"] == (False, "银行暂未答复（返回HTTP状态500），请稍后重试；系统数据未变动。")
    assert await balance("101", "102") == Money.yuan(5)
    assert SYSTEM.reference == await database.value("SELECT imported_by FROM bank_statement LIMIT 1")
