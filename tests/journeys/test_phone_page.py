"""变更手机号码 on the citizen's page at phone width: refused with words, then changed with a code and a face."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain.kernel import database
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed
from tests.journeys.test_citizen_page import Phone, chromium, phone  # noqa: F401
from tests.journeys.test_step_up import NEW, code_of_phone

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("R06.4")]


async def test_a_citizen_changes_the_phone_that_messages_go_to(
    phone: Phone,  # noqa: F811
    running: RunningHouse,
) -> None:
    page = phone.page
    says = page.locator('[data-field="mobile"] .says')
    await phone.log_in("张伟")
    await page.get_by_role("link", name="变更手机号码").click()
    await expect(page.locator("dl")).to_contain_text("138****0001")
    async with nothing_changed():
        await page.locator("#mobile").fill("1390000")
        await page.locator("#send-code").click()
        await expect(says).to_contain_text("11位")
        await page.locator("#mobile").fill("13800000001")
        await page.locator("#send-code").click()
        await expect(says).to_contain_text("相同")
    await page.locator("#mobile").fill(NEW)
    await page.locator("#send-code").click()
    await expect(page.locator(".notice-good")).to_contain_text("139****0009")
    await expect(page.locator("#send-code")).to_contain_text("秒后可重新获取")
    await expect(page.locator("#send-code")).to_be_disabled()
    code = await code_of_phone()

    await page.locator("#code").fill(code)
    await page.locator("#change-phone").click()
    await page.locator("#face-start").click()
    async with page.context.expect_page() as opened:
        await page.locator("#face-open").click()
    face = await opened.value
    await face.get_by_role("button", name="通过", exact=True).click()
    await expect(face.locator("p")).to_contain_text("请返回原页面")
    assert await database.value("SELECT count(*) FROM sensitive_change") == 0, "not before the result was asked for"
    await page.locator("#face-done").click()
    await expect(page.get_by_text("手机号码已变更")).to_be_visible()
    await expect(page.locator(".notice-plain")).to_contain_text("由138****0001变更为139****0009")
    await expect(page.locator(".notice-plain")).to_contain_text("不是您本人操作的")
    assert await database.value("SELECT count(*) FROM sensitive_change WHERE kind = 'phone'") == 1
    await page.get_by_role("link", name="返回首页").click()
    await page.get_by_role("link", name="变更手机号码").click()
    await expect(page.locator("dl")).to_contain_text("139****0009")
    await expect(page.get_by_text("变更冷静期")).to_be_visible()


async def test_a_code_that_is_wrong_or_too_old_changes_nothing(
    phone: Phone,  # noqa: F811
    running: RunningHouse,
) -> None:
    page = phone.page
    await phone.log_in("张伟")
    await phone.open("/phone")
    await page.locator("#mobile").fill(NEW)
    await page.locator("#send-code").click()
    await expect(page.locator(".notice-good")).to_be_visible()
    code = await code_of_phone()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    async def change(given: str) -> None:
        """With a face each time: whoever guesses has to show one for every guess."""
        await page.locator("#code").fill(given)
        await page.locator("#change-phone").click()
        await page.locator("#face-start").click()
        async with page.context.expect_page() as opened:
            await page.locator("#face-open").click()
        face = await opened.value
        await face.get_by_role("button", name="通过", exact=True).click()
        await expect(face.locator("p")).to_contain_text("请返回原页面")
        await page.locator("#face-done").click()

    of_code = page.locator('[data-field="code"] .says')
    await change(wrong)
    await expect(of_code).to_contain_text("验证码")
    assert await database.value("SELECT wrong FROM phone_proof") == 1
    running.clock.advance(minutes=11)  # the code's minutes are over
    await change(code)
    await expect(of_code).to_contain_text("验证码")
    assert await database.value("SELECT count(*) FROM sensitive_change") == 0
    assert await database.value("SELECT used_at FROM phone_proof") is None
