"""The funds desks in a real browser, without script: nothing is cut off, and one claim by two persons."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, expect

from backoffice.services import SESSION_COOKIE
from domain.kernel import database
from domain.kernel.dates import business_date_of
from tests.backoffice.funds_city import (  # noqa: F401
    FUNDS,
    SignedIn,
    carry_out,
    desks,
    item_of,
    receipt_of,
    receive,
    suspense,
    today,
    upload,
)
from tests.backoffice.funds_city import expect as expected
from tests.backoffice.test_browser import chromium, fits  # noqa: F401
from tests.backoffice.test_funds_books import stuck_refund
from tests.backoffice.test_funds_master import a_batch, account, change, place, ready_for_deposits
from tests.city import RunningHouse, staff_sign_in
from tests.settlement import files

pytestmark = [pytest.mark.browser, pytest.mark.requirement("R14.3", "R14.4", "N5")]

Enter = Callable[[str], Awaitable[Page]]


@pytest_asyncio.fixture
async def window(running: RunningHouse, chromium: Chromium) -> AsyncIterator[Enter]:  # noqa: F811
    """A page of a member of staff at the house's address, without script."""
    contexts: list[BrowserContext] = []

    async def enter(login: str) -> Page:
        signed = await staff_sign_in(login, now=running.clock())
        context = await chromium.new_context(base_url=running.base_url, java_script_enabled=False)
        await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
        contexts.append(context)
        return await context.new_page()

    yield enter
    for context in contexts:
        await context.close()


@pytest.mark.journey
async def test_two_persons_bind_a_receipt_without_script(running: RunningHouse, window: Enter) -> None:
    await expected(running, "JC2026110001", "700.00", payer_name="北京和风设计事务所")
    serial = await receive(running, "700.00", remark="十一月公积金")
    item = await item_of(serial)
    first = await window("sun.cai")
    await first.goto(FUNDS)
    await first.get_by_role("link", name="到账通知", exact=True).click()
    await first.get_by_role("link", name=serial).click()
    await first.get_by_label("JC2026110001").check()
    await first.get_by_label("认款原因").fill("已电话向单位财务核实")
    await first.get_by_role("button", name="下一步：核对").click()
    await expect(first.get_by_text("从本笔暂收款中占用700.00元")).to_be_visible()
    await first.get_by_role("button", name="确认提交").click()
    await expect(first.get_by_role("status")).to_contain_text("等待其他人员复核")
    second = await window("zhao.gang")
    await second.goto(f"{FUNDS}/suspense")
    await second.get_by_role("link", name="去复核").click()
    await second.get_by_label("同意", exact=True).check()
    await second.get_by_role("button", name="提交复核").click()
    await second.get_by_role("button", name="确认提交").click()
    await expect(second.get_by_role("status")).to_contain_text("已复核同意并入账")
    assert await suspense(item) == ("0.00", "0.00")


async def test_every_desk_fits_its_window(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    window: Enter,
    tmp_path: Path,
) -> None:
    page = await window("zhao.gang")
    for name in ("", "receipts", "notices", "suspense", "payments", "statements", "adjustments", "deposits", "batches"):
        await page.goto(f"{FUNDS}/{name}".rstrip("/"))
        await fits(page, tmp_path, f"empty-{name or 'overview'}")
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    day = business_date_of(running.clock()) - timedelta(days=1)
    await stuck_refund(running, first, second)
    await expected(running, "JC2026110001", "700.00", payer_name="北京和风设计事务所")
    serial = await receive(running, "700.00", remark="北京晨曦科技有限公司二〇二六年十一月住房公积金汇缴款及补缴款")
    await receive(
        running, "123456789.01", payer_name="北京市朝阳区演示路街道办事处机关工会委员会", remark="JC2026110001"
    )
    taken = await receive(running, "-700.00", reversal=True)
    item = await item_of(serial)
    here = f"{FUNDS}/suspense/{item}"
    await carry_out(
        first,
        await first.open(f"{here}?do=assign"),
        f"{here}/claim",
        amount="300",
        to_employer_no="100004",
        reason="单位来函说明该款项为十一月补缴，附件见扫描件",
    )
    raw = files.statement(("H1", "500.00", "无通知到账"), ("H2", "-20.00", "手续费"), day=day).encode()
    given = {"bank_account": "102", "confirmed": "yes"}
    listed = await first.open(f"{FUNDS}/statements")
    await upload(first, listed, f"{FUNDS}/statements/import", name="a.txt", content=raw, **given)
    await first.submit(await first.open(f"{FUNDS}/adjustments"), f"{FUNDS}/adjustments/make", **given, day=str(day))
    await ready_for_deposits(running)
    await place(first)
    await a_batch(running)
    await change(first, "bank_account", **account(running, "fixed", "F01", "0200000109000000088"))
    deposit = await database.value("SELECT deposit_id FROM bank_deposit")
    batch = await database.value("SELECT batch_id FROM bank_batch")
    pages = {
        "overview": "",
        "receipts": "/receipts",
        "receipt": f"/receipts/{await receipt_of(serial)}",
        "receipt-held": f"/receipts/{await receipt_of(taken)}",
        "notices": "/notices",
        "suspense": "/suspense",
        "item": f"/suspense/{item}",
        "item-clear": f"/suspense/{item}?do=clear&reference=JC2026110001",
        "item-move": f"/suspense/{item}?do=move",
        "payments": "/payments",
        "statements": "/statements",
        "statement": f"/statements/102/{day}",
        "adjustments": "/adjustments",
        "adjustment": f"/adjustments/102/{day}",
        "close": "/close",
        "master": "/master/bank_account?key=102",
        "rates": "/master/bank_rate",
        "deposits": "/deposits",
        "deposit": f"/deposits/{deposit}",
        "batches": "/batches",
        "batch": f"/batches/{batch}",
    }
    for name, path in pages.items():
        answer = await page.goto(f"{FUNDS}{path}")
        assert answer is not None and answer.status == 200, path
        await fits(page, tmp_path, name)
    await page.goto(f"{FUNDS}/suspense/{item}")
    await page.get_by_label("退回", exact=True).check()
    await page.get_by_role("button", name="提交复核").click()
    await fits(page, tmp_path, "confirm")
    await page.get_by_role("button", name="确认提交").click()
    await expect(page.get_by_role("alert")).to_contain_text("请填写办理原因")
    await fits(page, tmp_path, "refused")
