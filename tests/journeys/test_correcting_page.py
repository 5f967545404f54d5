"""补正 on the citizen's page at phone width: declared fields corrected, what the rule refuses at its field."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain.kernel.money import Money
from tests.actions.test_corrections import SPOUSE, returned
from tests.city import RunningHouse
from tests.factories import rent
from tests.journeys.test_citizen_page import Phone, chromium, phone

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.requirement("R02.1")]
__all__ = ["chromium", "phone"]


async def test_what_was_declared_is_corrected_where_it_stands(phone: Phone, running: RunningHouse) -> None:
    case, page = await returned(running, **SPOUSE), phone.page
    await phone.log_in("李娜")
    await phone.open("/cases")
    await page.get_by_text("待补正").first.click()
    await expect(page.locator("#cost")).to_have_value("3200000.00")
    await expect(page.locator("#contractNo")).to_have_value("YS2026000001")
    await expect(page.get_by_role("radio", name="新建商品住房")).to_be_checked()
    hint = page.locator('[data-field="spouseDocumentNo"] .hint')
    await expect(hint).to_have_text("已申报：110108********3350。不改的留空，要改的请填写完整")
    await expect(page.locator("#spouseDocumentNo")).to_have_value("")
    await page.locator("#cost").fill("十二万")
    await page.locator("#contractNo").fill("")
    await page.get_by_role("button", name="重新提交").click()
    await expect(page.locator('[data-field="cost"] .says')).to_contain_text("请填写数字")
    await expect(page.locator('[data-field="contractNo"] .says')).to_have_text("请填写购房合同（网签）编号。")
    await expect(page.locator("#statement-says")).to_contain_text("补正说明")

    await page.locator("#cost").fill("12,000元")
    await page.locator("#contractNo").fill("YS2026000002")
    await page.locator("#spouseName").fill("样例甲")
    await page.locator("#statement").fill("已按合同原件更正，请核对。")
    await page.get_by_role("button", name="重新提交").click()
    await expect(page.locator('[data-field="contractNo"] .says')).to_contain_text("退签")
    await expect(page.locator('[data-field="cost"] .says')).to_have_text("")
    await expect(page.locator('[data-field="spouseName"] .says')).to_contain_text("配偶")
    assert (await rent.now_at(case)).state == "pending_correction"
    await expect(page.locator("#cost")).to_have_value("12,000元")
    await expect(page.locator("#statement")).to_have_value("已按合同原件更正，请核对。")

    await page.locator("#contractNo").fill("YS2026000001")
    await page.locator("#spouseName").fill("")
    await page.get_by_role("button", name="重新提交").click()
    await phone.shows_state("待初审")
    await expect(page.locator(".case-amount")).to_have_text("¥12,000.00")
    again = await rent.now_at(case)
    assert (again.amount, again.form["cost"]) == (Money.yuan(12_000), "12000.00")
    await rent.assert_books_hold()
