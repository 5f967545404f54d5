"""我的记录 and 补正 on the citizen's page: a record read and appealed against, a case corrected and handed in again."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain.kernel import database
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.journeys.test_citizen_page import Phone, chromium, phone  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("R02.3")]


async def test_a_citizen_appeals_and_corrects(phone: Phone, running: RunningHouse) -> None:  # noqa: F811
    case = await rent.apply(running, "zhang_wei")
    await rent.review(
        running, case, "li.min", "correct", reason_code="materials_insufficient", note="请说明租住地与单位的距离"
    )
    await listed.put(running, "zhang_wei", "abnormal_behaviour")
    page = phone.page
    await phone.log_in("张伟")
    await page.get_by_role("link", name="我的记录").click()
    await expect(page.get_by_text(listed.REASON)).to_be_visible()
    await page.get_by_text("对此记录申诉").click()
    await page.get_by_label("申诉理由").fill("冤枉")
    await page.get_by_role("button", name="提交申诉").click()
    await expect(page.get_by_text("请填写10至1000个字的申诉理由")).to_be_visible()
    assert await database.value("SELECT count(*) FROM risk_appeal") == 0
    await page.get_by_label("申诉理由").fill("变更单位是因公司搬迁，可提供劳动合同。")
    await page.get_by_role("button", name="提交申诉").click()
    await expect(page.get_by_text("处理中")).to_be_visible()
    assert await database.value("SELECT state FROM risk_appeal") == "waiting"

    await phone.open("/cases")
    await page.get_by_text("待补正").first.click()
    await expect(page.get_by_text("请说明租住地与单位的距离").first).to_be_visible()
    await page.get_by_label("补正说明").fill("租住地距单位两公里，步行上班。")
    await page.get_by_role("button", name="重新提交").click()
    await phone.shows_state("待初审")
    assert await database.value("SELECT state FROM case_correction") == "answered"
    assert phone.problems == []
