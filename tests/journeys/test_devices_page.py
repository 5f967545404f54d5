"""登录设备 on the citizen's page: what is logged in is seen, one is signed out, then all."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain.kernel import database
from ops.demo.login import citizen_token
from tests.city import ApiClient, RunningHouse
from tests.journeys.test_citizen_page import Phone, chromium, phone  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("R06.4")]


async def alive(running: RunningHouse, token: str) -> bool:
    return "errors" not in await ApiClient(running.base_url, token).run("{ viewer { kind } }")


async def test_a_citizen_signs_out_one_device_and_then_all(
    phone: Phone,  # noqa: F811
    running: RunningHouse,
) -> None:
    portal = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="web_portal")
    app = await citizen_token(base_url=running.base_url, key="zhang_wei", channel="app")
    other = await citizen_token(base_url=running.base_url, key="li_na")
    page = phone.page
    await phone.log_in("张伟")
    await page.get_by_role("link", name="登录设备").click()
    await expect(page.get_by_role("button", name="退出", exact=True)).to_have_count(2)
    await expect(page.get_by_text("正在使用")).to_have_count(1)
    await page.locator("li", has_text="个人网上业务平台").get_by_role("button", name="退出", exact=True).click()
    await page.get_by_role("button", name="退出该设备").click()
    await expect(page.get_by_role("button", name="退出", exact=True)).to_have_count(1)
    assert [await alive(running, token) for token in (portal, app, other)] == [False, True, True]
    await page.get_by_role("button", name="退出全部设备").click()
    await page.get_by_role("button", name="再想想").click()
    assert await alive(running, app)
    await page.get_by_role("button", name="退出全部设备").click()
    await page.get_by_role("button", name="全部退出").click()
    await expect(page.get_by_role("button", name="北京市统一身份认证登录")).to_be_visible()
    assert [await alive(running, token) for token in (app, other)] == [False, True]
    reasons = await database.rows("SELECT DISTINCT revoke_reason FROM login_session WHERE revoked_at IS NOT NULL")
    assert {row["revoke_reason"] for row in reasons} == {"signed_out_by_person", "signed_out_everywhere"}
