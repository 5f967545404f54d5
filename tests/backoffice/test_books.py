"""The pages of the books: balances down to the voucher, formal vouchers, closing with blockers, two persons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest

from backoffice.pages.funds.refusals import AMOUNT_MALFORMED
from domain import ledger
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.ledger import Line
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.backoffice.test_browser import Enter, chromium, enter, fits  # noqa: F401
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import noon
from tests.ledger.books import receipt

pytestmark = [pytest.mark.requirement("R14.1")]
SignIn = Callable[[str], Awaitable[Browser]]
BOOKS = "/backoffice/books"
SET = "flexible_employment"
BANK = "102"


def month(clock: city.Clock) -> YearMonth:
    """The last whole one that does not end a quarter."""
    running = YearMonth.of(business_date_of(clock.now))
    return next(one for one in (running.minus(months=n) for n in (1, 2)) if one.month % 3 != 0)


async def received(on: date, fen: int, key: str) -> int:
    async with database.transaction() as tx:
        return await ledger.post_general(
            tx,
            account_set=SET,
            business_key=key,
            kind="99",
            summary="专户利息",
            lines=[
                Line(subject="101", side="D", amount=Money(fen), auxiliary=f"{BANK}-L"),
                Line(subject="40101", side="C", amount=Money(fen)),
            ],
            effective_on=on,
            posted_on=on,
            now=noon(on),
            prepared_by="system",
        )


@pytest.fixture
async def closed_days(desk_city: asyncpg.Connection, clock: city.Clock) -> int:
    """Two receipts in a month whose days have ended; the first one's voucher."""
    period = month(clock)
    # opened after the month, so that no statement is missing from it
    for code, account_set, number in ((f"{BANK}-L", SET, "0200000100000"), (BANK, "provident_fund", "0200000100001")):
        await database.execute(
            "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)"
            " VALUES ($1, $2, $3, 'demand', '101', $4, '专户', $5)",
            code,
            BANK,
            account_set,
            number,
            business_date_of(clock.now),
        )
    voucher_id = await received(period.first_day, 123_456, "a")
    await received(period.first_day + timedelta(days=3), 5_000, "b")
    day, now = period.last_day, noon(period.last_day + timedelta(days=1))
    await ledger.close_day(business_date=day, now=now)
    await ledger.gather_day(business_date=day, now=now)
    await ledger.seal_day(business_date=day, now=now)
    return voucher_id


def at(clock: city.Clock, path: str = "closing") -> str:
    return f"{BOOKS}/{path}?set={SET}&period={month(clock)}"


async def test_balances_lead_down_to_the_real_time_voucher(
    signed_in: SignIn, closed_days: int, clock: city.Clock
) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open(at(clock, "balances"))
    assert page.text.count("1,284.56") >= 6 and "，平衡" in page.text and "资产总计" in page.text
    page = await browser.open(at(clock, "balances/40101"))
    assert f"{month(clock).period}-0001" in page.text and f"{month(clock).period}-0002" in page.text
    page = await browser.open(f"{BOOKS}/vouchers/{SET}/{month(clock).period}/1")
    assert "附件单据 <strong>1</strong> 张" in page.text and "1,234.56" in page.text
    assert f'href="{BOOKS}/voucher/0/{closed_days}"' in page.text
    page = await browser.open(f"{BOOKS}/voucher/0/{closed_days}")
    assert "专户利息" in page.text and "申请冲正" in page.text


async def test_formal_vouchers_are_filtered_and_exported(
    signed_in: SignIn, closed_days: int, clock: city.Clock, desk_city: asyncpg.Connection
) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open(at(clock, "vouchers"))
    assert "共 <strong>2</strong> 张" in page.text and "合计 1,284.56元" in page.text
    page = await browser.open(f"{at(clock, 'vouchers')}&posted_on={month(clock).first_day}")
    assert "共 <strong>1</strong> 张" in page.text
    page = await browser.open(f"{at(clock, 'vouchers')}&kind=01")
    assert "没有正式凭证" in page.text
    for odd in ("kind=77", "posted_on=gestern", "set=none", "period=2026-13", "pages=zzz"):
        page = await browser.open(f"{BOOKS}/vouchers?{odd}")
        assert page.status_code in (400, 422), odd
    export = await browser.post(at(clock, "vouchers/export"), browser.csrf)
    lines = export.text.splitlines()
    assert len(lines) == 4 and f"{month(clock).period}-0001" in lines[1] and "1234.56" in lines[1]
    export = await browser.post(at(clock, "balances/export"), browser.csrf)
    assert "40101" in export.text
    kept = "SELECT count(*) FROM audit_event WHERE action = 'books.exported'"
    assert await desk_city.fetchval(kept) == 2


@pytest.mark.parametrize(
    "path",
    [
        "vouchers/flexible_employment/202601/99",
        "vouchers/none/202601/1",
        "vouchers/flexible_employment/99999999999/1",
        "vouchers/flexible_employment/202601/99999999999999999999",
        "vouchers/flexible_employment/x/1",
        "voucher/0/1",
        "voucher/0/99999999999999999999999",
        "voucher/-1/1",
        "voucher/801000000001/1",
        "balances/999",
    ],
)
async def test_what_does_not_exist_is_not_found(signed_in: SignIn, closed_days: int, path: str) -> None:
    page = await (await signed_in("sun.cai")).open(f"{BOOKS}/{path}")
    assert page.status_code == 404 and "没有找到您要的页面" in page.text


async def test_the_books_are_shut_to_who_has_no_right(signed_in: SignIn, closed_days: int, clock: city.Clock) -> None:
    for login in ("li.min", "zhou.xitong", "zheng.shenji"):
        browser = await signed_in(login)
        async with nothing_changed():
            for path in ("balances", "vouchers", "closing", f"voucher/0/{closed_days}"):
                assert (await browser.open(f"{BOOKS}/{path}")).status_code == 403
            for path in ("closing/close", "closing/reopen", "closing/decide", f"voucher/0/{closed_days}", "chain"):
                assert (await browser.post(f"{BOOKS}/{path}", browser.csrf)).status_code == 403


async def test_a_month_with_blockers_stays_open(signed_in: SignIn, closed_days: int, clock: city.Clock) -> None:
    browser = await signed_in("sun.cai")
    running = YearMonth.of(business_date_of(clock.now))
    page = await browser.open(f"{BOOKS}/closing?set={SET}&period={running}")
    assert f"请先完成{running.last_day}的日终" in page.text and f"{running} 结账</button>" not in page.text
    async with nothing_changed():
        page = await browser.post(f"{BOOKS}/closing/close", {**browser.csrf, "set": SET, "period": str(running)})
    assert page.status_code == 422 and f"请先完成{running.last_day}的日终" in page.text


async def test_a_broken_book_is_not_closed(
    signed_in: SignIn, closed_days: int, clock: city.Clock, desk_city: asyncpg.Connection
) -> None:
    await city.apply("zhang", clock.now)
    await desk_city.execute("UPDATE account_balance SET held_fen = held_fen - 1 WHERE held_fen > 0")
    browser = await signed_in("sun.cai")
    page = await browser.submit(await browser.open(at(clock)), f"{BOOKS}/closing/close")
    assert page.status_code == 422 and "账务核对“冻结金额等于有效冻结之和”不成立" in page.text


async def test_one_closes_another_reopens(
    signed_in: SignIn, closed_days: int, clock: city.Clock, desk_city: asyncpg.Connection
) -> None:
    first, second = await signed_in("sun.cai"), await signed_in("zhao.gang")
    page = await first.open(at(clock))
    assert "没有阻断项" in page.text
    page = await first.submit(page, f"{BOOKS}/closing/close")
    assert "本月已结账，以后的凭证不再记入本月。" in page.text
    empty = await first.submit(page, f"{BOOKS}/closing/reopen", reason=" ")
    assert empty.status_code == 422 and "请填写原因" in empty.text
    page = await first.submit(page, f"{BOOKS}/closing/reopen", reason="补记漏记的利息")
    assert "已提交申请" in page.text and "由您申请，须由他人复核" in page.text
    request_id = await desk_city.fetchval("SELECT request_id::text FROM book_request")
    own = {**first.csrf, "request_id": request_id, "decision": "approve"}
    async with nothing_changed():
        page = await first.post(f"{BOOKS}/closing/decide", own)
    assert page.status_code == 422 and "申请人不能复核自己的申请" in page.text
    page = await second.open(at(clock))
    page = await second.submit(page, f"{BOOKS}/closing/decide", decision="approve")
    assert "已同意并执行。" in page.text
    again = await second.post(
        f"{BOOKS}/closing/decide", {**second.csrf, "request_id": request_id, "decision": "approve"}
    )
    assert again.status_code == 422 and "已处理" in again.text
    page = await second.open(at(clock))
    assert "已反结账" in page.text
    page = await second.submit(page, f"{BOOKS}/closing/close")
    assert "本月已结账" in page.text


async def test_a_reversal_takes_two_persons(signed_in: SignIn, closed_days: int, clock: city.Clock) -> None:
    first, second = await signed_in("sun.cai"), await signed_in("zhao.gang")
    path = f"{BOOKS}/voucher/0/{closed_days}"
    page = await first.open(path)
    page = await first.submit(page, path, reason="重复入账")
    assert "已提交冲正申请" in page.text and "前往复核" in page.text
    again = await first.post(path, {**first.csrf, "reason": "再次"})
    assert again.status_code == 422 and "已有相同的申请" in again.text
    page = await second.open(f"{BOOKS}/closing")
    page = await second.submit(page, f"{BOOKS}/closing/decide", decision="decline")
    assert "已退回，账簿没有改变。" in page.text
    await first.submit(await first.open(path), path, reason="重复入账")
    page = await second.open(f"{BOOKS}/closing")
    await second.submit(page, f"{BOOKS}/closing/decide", decision="approve")
    page = await second.open(path)
    assert "已冲正" in page.text and "申请冲正" not in page.text


@pytest.mark.parametrize(
    "fields", [{"decision": "maybe"}, {"request_id": "x"}, {"request_id": "1", "decision": ""}, {}]
)
async def test_a_malformed_decision_changes_nothing(
    signed_in: SignIn, closed_days: int, fields: dict[str, str]
) -> None:
    browser = await signed_in("zhao.gang")
    async with nothing_changed():
        page = await browser.post(f"{BOOKS}/closing/decide", {**browser.csrf, **fields})
    assert page.status_code == 400


async def test_the_chain_is_verified_on_demand(
    signed_in: SignIn, closed_days: int, desk_city: asyncpg.Connection
) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.submit(await browser.open(BOOKS), f"{BOOKS}/chain")
    assert "全部与上链时一致" in page.text
    async with desk_city.transaction():
        await desk_city.execute("SET LOCAL session_replication_role = replica")
        await desk_city.execute("UPDATE general_voucher SET summary = '改' WHERE business_key = 'b'")
    page = await browser.submit(page, f"{BOOKS}/chain")
    assert "凭证链不完整：第" in page.text and "凭证内容与上链时不同" in page.text
    outcomes = await desk_city.fetch(
        "SELECT outcome FROM audit_event WHERE action = 'books.chain_verified' ORDER BY event_id"
    )
    assert [row["outcome"] for row in outcomes] == ["done", "failed"]


@pytest.mark.journey
async def test_the_pages_as_staff_see_them(
    enter: Enter,  # noqa: F811
    closed_days: int,
    clock: city.Clock,
    tmp_path: Path,
) -> None:
    page = await enter("sun.cai")
    for name, path in {
        "proof": BOOKS,
        "balances": at(clock, "balances"),
        "subject": at(clock, "balances/40101"),
        "vouchers": at(clock, "vouchers"),
        "formal": f"{BOOKS}/vouchers/{SET}/{month(clock).period}/1",
        "voucher": f"{BOOKS}/voucher/0/{closed_days}",
        "statements": f"{at(clock, 'statements')}&span=year",
        "closing": at(clock),
        "closing-open": f"{BOOKS}/closing?set={SET}",
    }.items():
        await page.goto(path)
        await fits(page, tmp_path, f"books-{name}")
    await page.goto(f"{BOOKS}/vouchers/{SET}/{month(clock).period}/1")
    await page.emulate_media(media="print")
    await page.screenshot(path=tmp_path / "books-formal-print.png", full_page=True)
    assert not await page.get_by_role("navigation", name="主菜单").is_visible()
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_statements_by_span_and_their_export(signed_in: SignIn, closed_days: int, clock: city.Clock) -> None:
    browser = await signed_in("sun.cai")
    for span in ("month", "quarter", "year"):
        page = await browser.open(f"{at(clock, 'statements')}&span={span}")
        assert "住房公积金利息收入" in page.text and page.text.count("1,284.56") >= 2, span
    assert "增值收益分配表" in page.text and "结账后可以分配" in page.text and "提交复核" not in page.text
    export = await browser.post(f"{at(clock, 'statements/export')}&span=quarter", browser.csrf)
    assert export.text.splitlines()[2].startswith("2,住房公积金利息收入,1284.56")
    export = await browser.post(at(clock, "statements/distribution/export"), browser.csrf)
    assert "可供分配的增值收益,1284.56" in export.text
    for odd in ("span=decade", "period=2026-13", "set=none"):
        assert (await browser.open(f"{BOOKS}/statements?{odd}")).status_code == 422, odd


async def test_the_statements_of_the_maintenance_funds_and_their_exports(
    signed_in: SignIn, desk_city: asyncpg.Connection, clock: city.Clock
) -> None:
    browser = await signed_in("sun.cai")
    day = month(clock).first_day
    await receipt(fen=123_456, key="owners", on=day, subject="400101", account_set="maintenance_fund")
    here = f"{BOOKS}/statements"
    where = f"set=maintenance_fund&period={month(clock)}"
    page = await browser.open(f"{here}?{where}")
    for form in ("会住维01表", "会住维02表", "会住维03表", "未经中心核实"):
        assert form in page.text
    assert "增值收益表" not in page.text and page.text.count("1,234.56") >= 9
    for name, line in (
        ("sheet", "1,银行存款,0.00,1234.56"),
        ("income", "2,交存收入,1234.56,1234.56"),
        ("changes", "5,（一）本年收支差额,1234.56,0.00,0.00,1234.56"),
    ):
        export = await browser.post(f"{here}/maintenance/{name}/export?{where}", browser.csrf)
        assert line in export.text.splitlines(), name
    assert "负债和净资产总计" in (await browser.open(f"{BOOKS}/balances?{where}")).text
    for wrong in (f"{here}/maintenance/sheet/export?set={SET}", f"{here}/export?{where}"):
        assert (await browser.post(wrong, browser.csrf)).status_code == 404, wrong


async def test_a_distribution_is_proposed_in_the_words_of_the_business_or_not_at_all(
    signed_in: SignIn, closed_days: int, clock: city.Clock
) -> None:
    browser = await signed_in("sun.cai")
    form = {"set": SET, "period": str(month(clock)), "span": "year", "reason": "批复"}
    async with nothing_changed():
        answer = await browser.post(f"{BOOKS}/statements/propose", {**browser.csrf, **form, "reserve": "一千"})
        assert answer.status_code == 422 and AMOUNT_MALFORMED.message in answer.text
        shares = {"reserve": "1000", "management": "0", "housing": "0"}
        answer = await browser.post(f"{BOOKS}/statements/propose", {**browser.csrf, **form, **shares})
        assert answer.status_code == 422 and "尚未结账，请先结账再分配增值收益" in answer.text
