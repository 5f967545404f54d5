"""Statements of 财会〔2020〕7号, by figures worked out by hand, tied to the ledger on every kind of month's end."""

from __future__ import annotations

from datetime import date

import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger import Line
from tests.ledger.accounts import BANK, noon
from tests.ledger.books import closed, day_ended, expense, receipt, sound

pytestmark = pytest.mark.requirement("R14.6")

FUND = "maintenance_fund"
YEAR = 2025
MAY, JUNE = YearMonth(YEAR, 5), YearMonth(YEAR, 6)


async def voucher(key: str, on: date, *lines: tuple[str, str, int]) -> int:
    async with store.transaction() as tx:
        return await ledger.post_general(
            tx,
            account_set=FUND,
            business_key=key,
            kind="99",
            summary="测试",
            lines=[
                Line(subject=subject, side=side, amount=Money(fen), auxiliary=BANK if subject == "1001" else "")  # type: ignore[arg-type]
                for side, subject, fen in lines
            ],
            effective_on=on,
            posted_on=on,
            now=noon(on),
            prepared_by="staff:1",
        )


async def two_years() -> None:
    """Last year 10 000 and 4 000 paid in, 1 000 spent. This year up to May 500 paid in, interest 90, 200 spent."""
    last, this = date(YEAR - 1, 11, 5), date(YEAR, 5, 6)
    await receipt(fen=10_000, key="a", on=last, subject="400101", account_set=FUND)
    await receipt(fen=4_000, key="b", on=last, subject="400102", account_set=FUND)
    await expense(fen=1_000, key="c", on=last, subject="500101", account_set=FUND)
    await day_ended(date(YEAR - 1, 12, 31))
    await receipt(fen=500, key="d", on=this, subject="400102", account_set=FUND)
    await receipt(fen=90, key="e", on=this, subject="4101", account_set=FUND)
    await expense(fen=200, key="f", on=this, subject="500101", account_set=FUND)


async def sheet(period: YearMonth) -> dict[str, tuple[int, int]]:
    lines = await ledger.maintenance_sheet(account_set=FUND, period=period)
    found = {one.name: (one.opening.fen, one.closing.fen) for one in lines}
    assert found["资产总计"] == found["负债和净资产总计"]
    return found


async def changes(period: YearMonth) -> dict[str, tuple[int, int, int, int]]:
    lines = await ledger.net_asset_changes(account_set=FUND, period=period)
    found = {one.name: (one.commodity.fen, one.public.fen, one.undistributed.fen, one.sum.fen) for one in lines}
    opening, moved, closing = found["三、本年年初余额"], found["四、本年变动金额"], found["五、本年年末余额"]
    assert tuple(a + b for a, b in zip(opening, moved, strict=True)) == closing, (
        "the lines explain what the ledger holds"
    )
    at_end = await sheet(period)
    assert closing[3] == at_end["净资产合计"][1] and opening[3] == at_end["净资产合计"][0]
    return found


async def test_a_running_quarter_stands_with_the_fund_it_closes_into(database: str) -> None:
    await two_years()
    found = await sheet(MAY)
    assert found["银行存款"] == (13_000, 13_390)
    assert (found["其中：商品住宅"], found["已售公有住房"]) == ((9_000, 8_800), (4_000, 4_500))
    assert (found["维修资金"], found["待分配累计收益"]) == ((13_000, 13_300), (0, 90))
    moved = await changes(MAY)
    assert moved["一、上年年末余额"] == (9_000, 4_000, 0, 13_000)
    assert moved["（一）本年收支差额"] == (-200, 500, 90, 390)


async def test_income_and_expense_read_the_same_before_and_after_the_carry_over(database: str) -> None:
    await two_years()
    await receipt(fen=7, key="g", on=JUNE.first_day, subject="4901", account_set=FUND)

    async def read() -> dict[str, tuple[int, int]]:
        lines = await ledger.maintenance_income(account_set=FUND, period=JUNE)
        return {one.name: (one.current.fen, one.year.fen) for one in lines}

    before = await read()
    assert (before["一、本期收入"], before["二、本期支出"], before["三、本期收支差额"]) == (
        (7, 597),
        (0, 200),
        (7, 397),
    )
    assert (before["交存收入"], before["维修支出"], before["其他收入"]) == ((0, 500), (0, 200), (7, 7))
    unclosed = await changes(JUNE)
    await day_ended(JUNE.last_day)
    for number in range(8):
        await closed(JUNE.minus(months=7 - number), account_set=FUND)
    assert await read() == before and await changes(JUNE) == unclosed
    await sound()


async def test_what_moves_net_assets_directly_is_told_apart(database: str) -> None:
    await two_years()
    on = date(YEAR, 5, 20)
    await voucher("income", on, ("D", "3101", 60), ("C", "3001", 40), ("C", "3002", 20))
    await voucher("nature", on, ("D", "3002", 300), ("C", "3001", 300))
    await voucher("earlier", on, ("D", "3001", 25), ("C", "1001", 25))
    found = await changes(MAY)
    assert found["（二）本年分配累计收益"] == (40, 20, -60, 0)
    assert found["（三）本年划转"] == (300, -300, 0, 0)
    assert found["二、以前年度调整"] == (-25, 0, 0, -25)
    assert found["三、本年年初余额"] == (8_975, 4_000, 0, 12_975)
    assert (await sheet(MAY))["银行存款"] == (12_975, 13_365), "年初余额 carries the adjustment on both sides"


async def test_a_reversed_distribution_leaves_no_trace_in_its_line(database: str) -> None:
    await two_years()
    on = date(YEAR, 5, 20)
    number = await voucher("income", on, ("D", "3101", 60), ("C", "3001", 60))
    async with store.transaction() as tx:
        await ledger.reverse_general(
            tx,
            account_set=FUND,
            voucher_id=number,
            reason="分配有误",
            posted_on=on,
            now=noon(on),
            prepared_by="staff:1",
        )
    found = await changes(MAY)
    assert found["（二）本年分配累计收益"] == found["二、以前年度调整"] == (0, 0, 0, 0)


async def test_an_empty_set_has_empty_statements(database: str) -> None:
    assert set((await sheet(MAY)).values()) == {(0, 0)}
    assert set((await changes(MAY)).values()) == {(0, 0, 0, 0)}
