"""The kiosk's page in a real browser: card, visit, power failure, idle end; and the staff page of the devices."""

# ruff: noqa: F401, F811 -- fixtures are imported by name
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from backoffice.services import SESSION_COOKIE
from channels.kiosk import SimulatedKiosk
from domain.kernel import database
from ops.demo.city import city
from tests.auth.test_kiosks import device, propose, sessions_open, state_of
from tests.backoffice.funds_city import SignedIn, desks, said
from tests.backoffice.test_browser import fits
from tests.city import RunningHouse, staff_sign_in
from tests.factories import rent

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("R12.2")]

SCREEN = {"width": 1080, "height": 1600}
PATIENCE_MILLISECONDS = 15_000
SHELL = """
globalThis.kioskDevice = {
  deviceNo: "STM-0101-01",
  read: (challenge) => globalThis.readCard(challenge),
  print: (bytes) => globalThis.printFile(Array.from(bytes)),
};
"""


@dataclass
class Terminal:
    page: Page
    card: str = "zhang_wei"
    printer: str = "printed"
    files: list[bytes] = field(default_factory=list)

    async def start(self) -> None:
        await self.page.get_by_role("button", name="开始办理").click()
        await expect(self.page.locator("h1")).to_contain_text("您好")


@pytest.fixture
async def terminal(
    running: RunningHouse,
    device: SimulatedKiosk,
    chromium_path: str,
) -> AsyncIterator[Terminal]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        context = await browser.new_context(base_url=running.base_url, viewport=SCREEN, locale="zh-CN")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        opened = Terminal(page)

        async def read(challenge: str) -> str:
            person = city().citizens[opened.card]
            return device.assertion(
                challenge=challenge,
                reading=device.card(number=person.document_no, name=person.name, challenge=challenge),
            )

        async def print_file(given: list[int]) -> str:
            opened.files.append(bytes(given))
            return opened.printer

        await page.expose_function("readCard", read)
        await page.expose_function("printFile", print_file)
        await page.add_init_script(SHELL)
        await page.clock.install()
        await page.goto("/h5/kiosk.html")
        yield opened
        await browser.close()


async def open_form(page: Page) -> None:
    await page.get_by_role("link", name="租房提取").first.click()
    await page.get_by_role("link", name="无房租房提取").click()


async def test_a_visit_a_power_failure_and_nobody_there(
    running: RunningHouse, terminal: Terminal, tmp_path: Path
) -> None:
    page = terminal.page
    await expect(page.get_by_role("heading", name="请将本人身份证放在读卡区")).to_be_visible()
    await page.screenshot(path=tmp_path / "start.png")
    await terminal.start()
    await page.screenshot(path=tmp_path / "home.png")
    await open_form(page)
    await page.locator("label", has_text="按月提取").click()
    await page.clock.run_for(1_000)
    for _ in range(50):
        if await database.value("SELECT count(*) FROM case_draft"):
            break
        await asyncio.sleep(0.1)
    await page.screenshot(path=tmp_path / "apply.png")
    # the power fails: what was in memory is gone
    await page.goto("about:blank")
    await page.goto("/h5/kiosk.html")
    await terminal.start()
    await open_form(page)
    await expect(page.locator("input[name=frequency][value=MONTHLY]")).to_be_checked()
    await expect(page.locator("label", has_text="我已阅读并同意").locator("input")).not_to_be_checked()
    # nobody there: a warning, then the start again with nothing behind
    await page.clock.fast_forward(105_000)
    await expect(page.get_by_role("button", name="继续办理")).to_be_visible()
    await page.screenshot(path=tmp_path / "idle.png")
    await page.get_by_role("button", name="继续办理").click()
    await expect(page.get_by_role("button", name="继续办理")).to_be_hidden()
    await page.clock.fast_forward(125_000)
    await expect(page.get_by_role("heading", name="请将本人身份证放在读卡区")).to_be_visible()
    assert await sessions_open() == 0
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert await page.context.cookies() == []
    terminal.card = "li_na"
    await terminal.start()
    await open_form(page)
    await expect(page.locator("input[name=frequency][value=MONTHLY]")).not_to_be_checked()


async def test_papers_are_printed_once_and_leave_nothing_behind(
    running: RunningHouse, terminal: Terminal, tmp_path: Path
) -> None:
    page = terminal.page
    await rent.apply(running, "zhang_wei")
    await terminal.start()
    await page.get_by_role("link", name="打印文书").click()
    terminal.printer = "no_paper"
    await page.get_by_role("button", name="打印", exact=True).click()
    await expect(page.get_by_text("打印机缺纸，没有打印完成")).to_be_visible()
    await page.screenshot(path=tmp_path / "papers.png")
    terminal.printer = "printed"
    await page.get_by_role("button", name="重新打印").click()
    await expect(page.get_by_text("打印完成，请取走纸张和证件")).to_be_visible()
    await page.get_by_role("button", name="开具").first.click()
    await expect(page.get_by_text("住房公积金缴存证明已开具")).to_be_visible()
    await page.get_by_role("button", name="打印", exact=True).click()
    await expect(page.get_by_text("打印完成，请取走纸张和证件")).to_be_visible()
    await page.screenshot(path=tmp_path / "printed.png")
    assert [file[:4] for file in terminal.files] == [b"%PDF"] * 3 and terminal.files[0] == terminal.files[1]
    # nothing is left: no session, no storage, no cached answer, no address of a file
    await page.get_by_role("button", name="办理完毕，退出").click()
    await expect(page.get_by_role("heading", name="请将本人身份证放在读卡区")).to_be_visible()
    assert await sessions_open() == 0 and await page.context.cookies() == []
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert await page.evaluate("caches.keys().then((keys) => keys.length)") == 0


async def test_the_devices_at_the_desk(
    running: RunningHouse,
    device: SimulatedKiosk,
    desks: SignedIn,
    chromium_path: str,
    tmp_path: Path,
) -> None:
    admin = await desks("zhou.xitong")
    page = await admin.open("/backoffice/kiosks")
    assert "STM-0101-01" in page.text and "在用" in page.text
    wrong = await admin.submit(page, "/backoffice/kiosks", device_no="x", name="", reason="新购")
    assert wrong.status_code == 422 and "终端编号应为" in said(wrong)
    new = SimulatedKiosk(device_no="STM-0101-09", clock=running.clock)
    asked = await admin.submit(
        page, "/backoffice/kiosks", device_no=new.device_no, name="二号机", office="0101", reader_pem=new.reader_pem,
        reason="新购终端投入使用",
    )  # fmt: skip
    assert "等待安全管理员" in said(asked)
    number = await database.value("SELECT device_id FROM kiosk")
    step = f"/backoffice/kiosks/{number}"
    assert "原因" in said(await admin.submit(page, step, do="suspend", reason=""))
    assert "已暂停" in said(await admin.submit(page, step, do="suspend", reason="终端报修"))
    assert await state_of(device) == "suspended"
    assert (await (await desks("li.min")).open("/backoffice/kiosks")).status_code == 403
    signed = await staff_sign_in("zhou.xitong", now=running.clock())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        context = await browser.new_context(base_url=running.base_url)
        await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
        shown = await context.new_page()
        await shown.goto("/backoffice/kiosks")
        await fits(shown, tmp_path, "kiosks")
        await browser.close()
