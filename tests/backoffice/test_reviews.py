"""好差评 at the desk: the bad review's way over the pages, figures with charts, hotline and codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from backoffice.services import SESSION_COOKIE
from domain.kernel import database
from ops.demo.city import city
from tests.actions.test_evaluation_channels import by_page, ended
from tests.actions.test_rectification import DESK, FIRST, SUPERVISOR, bad, step
from tests.backoffice.conftest import Browser
from tests.backoffice.funds_city import SignedIn, desks, said  # noqa: F401
from tests.backoffice.test_browser import chromium, fits  # noqa: F401
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse, staff_sign_in
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R06.6")
PATH = "/backoffice/reviews"


async def take(browser: Browser, number: int, action: str, **fields: str):  # type: ignore[no-untyped-def]
    page = await browser.open(f"{PATH}/{number}")
    return await browser.submit(page, f"{PATH}/{number}/step", **{"do": action, "note": "已按规定办理", **fields})


async def test_a_bad_review_goes_its_way_over_the_pages(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    case, view = await bad(running)
    number = view.rectification_id
    desk, supervisor, first = await desks(DESK), await desks(SUPERVISOR), await desks(FIRST)
    listed = await desk.open(PATH)
    assert case.case_no in listed.text and "等了三周" in listed.text and "办理时间长" in listed.text
    page = await take(desk, number, "verify_true")
    assert page.status_code == 200 and "待转办" in page.text
    page = await take(supervisor, number, "assign", assignee="nobody")
    assert page.status_code == 422 and "整改人的工号不存在" in page.text
    page = await take(supervisor, number, "assign", assignee=FIRST, complex="yes")
    assert "整改中" in page.text and "复杂事项" in page.text
    page = await supervisor.open(f"{PATH}/{number}")
    assert "提交整改答复" not in page.text and "本环节由其他人员办理" in page.text
    page = await take(first, number, "answer", note="已优化流程并致歉")
    assert "待回访" in page.text
    page = await take(desk, number, "call_back_settled", note="已电话回访")
    assert "待二次评价" in page.text
    sheet = sheet_of(await desk.submit(await desk.open(PATH), f"{PATH}/export?scope=open"))
    assert len(sheet) == 3 and case.case_no in sheet[1]


async def test_refused_steps_change_nothing_and_say_why(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    _, view = await bad(running)
    number, desk = view.rectification_id, await desks(DESK)
    async with nothing_changed():
        short = await take(desk, number, "verify_true", note="好")
        assert short.status_code == 422 and "4至500个字" in short.text
        wrong = await take(desk, number, "answer", note="越过环节办理")
        assert wrong.status_code == 409 and "不能这样办理" in said(wrong)
        unknown = await take(desk, number, "fly")
        assert unknown.status_code == 404
        assert (await desk.open(f"{PATH}/999999999999999999")).status_code == 404
        assert (await desk.open(f"{PATH}/x")).status_code == 404
        assert (await desk.open(f"{PATH}?scope=nonsense")).status_code == 422
    auditor = await desks("zheng.shenji")
    assert (await auditor.open(PATH)).status_code == 403


async def test_the_hotline_types_in_what_the_caller_says(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    case = await ended(running)
    desk = await desks(DESK)
    page = await desk.open(f"{PATH}/enter")
    tail = city().citizens["zhang_wei"].document_no[-4:]
    fields = {"case_no": case.case_no, "caller_document_tail": tail, "comment": "<b>窗口</b>排队太久"}
    async with nothing_changed():
        without = await desk.submit(page, f"{PATH}/enter/hotline", **fields)
        assert without.status_code == 422 and "评价等级" in without.text
        assert "<b>窗口</b>" not in without.text and "&lt;b&gt;窗口" in without.text
        wrong = await desk.submit(
            page, f"{PATH}/enter/hotline", **{**fields, "grade": "2", "caller_document_tail": "0000"}
        )
        assert "未能核对为申请人本人" in wrong.text
    done = await desk.submit(page, f"{PATH}/enter/hotline", **fields, grade="2", tag_slow="yes")
    assert "已登记电话评价" in said(done)
    assert await database.value("SELECT terminal || grade || entered_by FROM evaluation") is not None


async def test_figures_are_drawn_told_and_exported(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    case, _ = await bad(running)
    await by_page(running, case, channel="kiosk", grade=5)
    desk = await desks(DESK)
    page = await desk.open(f"{PATH}/figures")
    assert page.text.count("<svg") >= 4 and "50.0%" in page.text and "租房提取" in page.text
    sheet = sheet_of(await desk.submit(page, f"{PATH}/figures/export"))
    assert sheet[1][:2] == ["全部", "全部"] and sheet[1][8] == "50.0%"
    empty = await desk.open(f"{PATH}/figures?from=2020-01-01&to=2020-01-31")
    assert "没有评价" in empty.text
    assert (await desk.open(f"{PATH}/figures?from=2026-02-01&to=2026-01-01")).status_code == 422
    assert (await desk.open(f"{PATH}/figures?from=2010-02-01&to=2026-01-01")).status_code == 422


@pytest.mark.browser
@pytest.mark.journey
async def test_the_pad_evaluates_with_a_code_and_the_pages_fit(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    chromium: Chromium,  # noqa: F811
    tmp_path: Path,
) -> None:
    case, view = await bad(running)
    await step(running, DESK, "verify_true")
    desk = await desks(DESK)
    page = await desk.submit(
        await desk.open(f"{PATH}/enter"),
        f"{PATH}/enter/invite",
        case_no=case.case_no,
        terminal="hall_tablet",
        window_no="3",
    )
    found = re.search(r"#/invited/([0-9A-Z]{12})", page.text)
    assert found is not None
    pad = await (await chromium.new_context(base_url=running.base_url)).new_page()
    await pad.goto(f"/h5/#/invited/{found[1]}")
    await pad.get_by_text("不满意", exact=True).first.click()
    await pad.get_by_role("button", name="办理时间长").click()
    await pad.get_by_role("button", name="提交评价").click()
    await pad.get_by_text("感谢您的评价").wait_for()
    assert await database.value("SELECT grade FROM evaluation WHERE terminal = 'hall_tablet' AND window_no = '3'") == 2
    await pad.goto("/h5/#/")
    await pad.goto(f"/h5/#/invited/{found[1]}")
    await pad.get_by_text("评价码无效").first.wait_for()
    signed = await staff_sign_in(SUPERVISOR, now=running.clock())
    context = await chromium.new_context(base_url=running.base_url, java_script_enabled=False)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
    window = await context.new_page()
    for name, path in (
        ("list", PATH),
        ("one", f"{PATH}/{view.rectification_id}"),
        ("figures", f"{PATH}/figures"),
        ("enter", f"{PATH}/enter"),
    ):
        await window.goto(path)
        await fits(window, tmp_path, f"reviews-{name}")
    assert (await database.value("SELECT count(*) FROM rectification")) == 2
