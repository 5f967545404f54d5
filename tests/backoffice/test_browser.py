"""A day at the desk in a real browser, with and without script, at both usual widths."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from starlette.applications import Starlette

from backoffice import app
from backoffice.services import BackofficeServices, FailedJob
from domain.kernel import database
from tests.backoffice import city
from tests.backoffice.conftest import Jobs
from tests.loopback import serve

pytestmark = [pytest.mark.browser, pytest.mark.requirement("N5")]

WIDTHS = (1280, 1024)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The page itself and its tables: what is wider than the room it has.
_TOO_WIDE = """
() => [document.documentElement, ...document.querySelectorAll('.scroll, .panel-body, .totals, td.mono')]
    .filter(part => part.scrollWidth > part.clientWidth)
    .map(part => part.className + ' ' + part.scrollWidth + ' > ' + part.clientWidth)
"""
Enter = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(_FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def enter(
    chromium: Browser, desk_services: BackofficeServices, desk_city: object, clock: city.Clock
) -> AsyncIterator[Enter]:
    """`await enter("li.min", script=False)`: a page of somebody who has logged in through the form. What the
    page complains about, such as a breach of the content policy, is collected in `page.complaints`."""
    contexts: list[BrowserContext] = []
    async with serve(Starlette(routes=app.routes(services=replace(desk_services, cookie_secure=False)))) as base:

        async def log_in(login: str, *, script: bool = True) -> Page:
            context = await chromium.new_context(
                base_url=base, java_script_enabled=script, viewport={"width": WIDTHS[0], "height": 800}
            )
            contexts.append(context)
            page = await context.new_page()
            page.complaints = []  # type: ignore[attr-defined]
            page.on("console", lambda said: page.complaints.append(said.text))  # type: ignore[attr-defined]
            page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
            await page.goto("/backoffice/")
            await page.get_by_label("用户名").fill(login)
            await page.get_by_label("密码").fill(city.PASSWORD)
            await page.get_by_label("动态口令").fill(city.code_of(login, clock.now))
            await page.get_by_role("button", name="登录").click()
            await expect(page.get_by_role("heading", name="工作台")).to_be_visible()
            return page

        yield log_in
        for context in contexts:
            await context.close()


async def fits(page: Page, folder: Path, name: str) -> None:
    """No page is wider than its window, at any usual width; a picture of each is kept."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        wide = await page.evaluate(_TOO_WIDE)
        assert not wide, f"{name} at {width}: {wide}"
    await page.set_viewport_size({"width": WIDTHS[0], "height": 800})


async def state_of(case_no: str) -> str:
    state: str = await database.value("SELECT state FROM service_case WHERE case_no = $1", case_no)
    return state


@pytest.mark.journey
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_two_members_of_staff_review_a_case(
    enter: Enter, clock: city.Clock, tmp_path: Path, script: bool
) -> None:
    case = await city.apply("chen", clock.now)
    first = await enter("li.min", script=script)
    await fits(first, tmp_path, "home")
    await first.get_by_role("link", name="审核队列", exact=True).click()
    await first.get_by_label("审核标记").select_option("yes")
    await first.get_by_role("button", name="查询").click()
    await fits(first, tmp_path, "queue")
    await first.get_by_role("link", name=case.case_no).click()
    await fits(first, tmp_path, "case")
    await first.get_by_role("button", name="领取审核").click()
    await expect(first.get_by_text("请在领取时限内审核")).to_be_visible()
    reason = first.get_by_label("通过原因")
    await expect(reason).to_be_visible(visible=not script)
    await first.get_by_label("通过", exact=True).check()
    await expect(first.get_by_label("不予办理、退回或特审的原因")).to_be_visible(visible=not script)
    await first.get_by_role("button", name="提交审核结论").click()
    await expect(first.get_by_role("alert")).to_contain_text("请填写通过初审的原因")
    await fits(first, tmp_path, "case-refused")
    await first.get_by_label("通过原因").fill("已电话向登记部门核实无房")
    await first.get_by_role("button", name="提交审核结论").click()
    await expect(first.get_by_role("status")).to_contain_text("已审核通过")
    assert await state_of(case.case_no) == "pending_final"

    second = await enter("wang.fang", script=script)
    await second.goto(f"/backoffice/cases/{case.case_no}")
    await second.get_by_role("button", name="领取审核").click()
    await expect(second.get_by_text("已电话向登记部门核实无房").first).to_be_visible()
    await fits(second, tmp_path, "case-final")
    await second.get_by_label("通过", exact=True).check()
    await second.get_by_role("button", name="提交审核结论").click()
    await expect(second.get_by_role("status")).to_contain_text("已审核通过")
    await fits(second, tmp_path, "case-approved")
    assert await state_of(case.case_no) == "pending_payment"
    complaints = [text for page in (first, second) for text in page.complaints]  # type: ignore[attr-defined]
    assert not [text for text in complaints if "422" not in text], complaints


async def test_every_other_page_fits_its_window(enter: Enter, clock: city.Clock, jobs: Jobs, tmp_path: Path) -> None:
    case = await city.apply("zhang", clock.now)
    long_error = "CarrierTimeout: " + "没有在时限内答复；" * 12
    jobs.held.append(
        FailedJob(
            job_id=7,
            kind="case.decided",
            subject=case.case_no,
            error=long_error,
            attempts=5,
            failed_at=clock.now,
        )
    )
    await database.execute("UPDATE service_case SET applicant_masked = $1", "阿" + "*" * 24)
    await database.execute("UPDATE staff SET name = $1 WHERE login = 'sun.cai'", "阿卜杜热合曼·买买提艾力江·吐尔逊")
    for login, paths in {
        "sun.cai": (
            "",
            "cases",
            f"cases/{case.case_no}",
            "catalogue",
            "books",
            "password",
            "audit",
            "nothing",
        ),
        "zhou.xitong": ("jobs",),
        "zheng.shenji": ("", "audit"),
    }.items():
        page = await enter(login)
        for path in paths:
            await page.goto(f"/backoffice/{path}")
            await fits(page, tmp_path, f"{login}-{path.replace(case.case_no, 'one').replace('/', '-') or 'home'}")


async def test_a_double_click_sends_one_decision(enter: Enter, clock: city.Clock) -> None:
    case = await city.apply("zhang", clock.now)
    page = await enter("li.min")
    await page.goto(f"/backoffice/cases/{case.case_no}")
    await page.get_by_role("button", name="领取审核").click()
    await page.get_by_label("通过", exact=True).check()
    await page.get_by_role("button", name="提交审核结论").dblclick()
    await expect(page.get_by_role("status")).to_contain_text("已审核通过")
    count = await database.value("SELECT count(*) FROM case_event WHERE action = 'preliminary_approve'")
    assert count == 1


async def test_going_back_after_logout_shows_no_data(enter: Enter, clock: city.Clock) -> None:
    case = await city.apply("zhang", clock.now)
    page = await enter("li.min")
    await page.goto(f"/backoffice/cases/{case.case_no}")
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_text("您已安全退出")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("动态口令")).to_be_visible()
    await expect(page.get_by_text(case.case_no)).to_have_count(0)
