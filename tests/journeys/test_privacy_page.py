"""谁看过我的信息 on the citizen's page: reads shown, a delegation given and taken back."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain import contributions
from domain.kernel import database
from tests.city import RunningHouse
from tests.factories import people, rent
from tests.journeys.test_citizen_page import Phone, chromium, phone  # noqa: F401
from tests.partners import PartnerEnter

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("N6")]


async def test_a_citizen_looks_delegates_and_takes_back(
    phone: Phone,  # noqa: F811
    running: RunningHouse,
    partner_client: PartnerEnter,
) -> None:
    case = await rent.apply(running, "zhang_wei")
    await contributions.reveal_person(
        actor=await people.staff("li.min"), case_no=case.case_no, reason="电话核实申请", now=running.clock()
    )
    await partner_client("KioskBalance", stands_for="li_na")
    page = phone.page
    await phone.log_in("张伟")
    await page.get_by_role("link", name="谁看过我的信息").click()
    await expect(page.get_by_text("初审人员 · 电话核实申请")).to_be_visible()
    await expect(page.get_by_text("您没有委托任何第三方。")).to_be_visible()
    await page.get_by_role("button", name="委托", exact=True).click()
    await expect(page.get_by_text("账户余额")).to_be_visible()
    await page.get_by_role("button", name="同意委托").click()
    await expect(page.get_by_text("仅查询 · 至")).to_be_visible()
    assert await database.value("SELECT count(*) FROM delegation WHERE revoked_at IS NULL") == 2
    await page.get_by_role("button", name="撤回", exact=True).click()
    await page.get_by_role("button", name="撤回委托").click()
    await expect(page.get_by_text("您没有委托任何第三方。")).to_be_visible()
    assert await database.value("SELECT count(*) FROM delegation WHERE revoked_at IS NULL") == 1
