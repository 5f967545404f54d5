"""The citizen's page for every kind, and agreed withdrawals in the citizen's hand, in a real browser at phone width."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from domain import withdrawals
from domain.kernel import database
from domain.kernel.money import Money
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen
from tests.journeys.test_citizen_page import Phone, chromium, phone

pytestmark = [pytest.mark.browser, pytest.mark.journey]
__all__ = ["chromium", "phone"]

_CODES = {
    "purchase_in_city_withdrawal": "C17",
    "hpf_loan_purchase_withdrawal": "C18",
    "purchase_out_of_city_withdrawal": "C19",
    "rent_withdrawal": "C20",
    "overhaul_rebuild_withdrawal": "C21",
    "old_community_renovation_withdrawal": "C22",
    "housing_fee_withdrawal": "C23",
    "closure_withdrawal": "C24",
}


@pytest.mark.requirement("R08.2")
async def test_every_kind_has_its_form_on_the_portal(phone: Phone) -> None:
    """What is asked, the limit, the papers and the commitment stand there before anything is declared."""
    page = phone.page
    await phone.log_in("李娜", place="/portal/")
    for kind in withdrawals.kinds():
        await phone.open(f"/apply/{_CODES[kind.item]}/{kind.code}")
        await expect(page.locator("h1")).to_have_text(kind.name)
        await expect(page.locator(".intro")).to_contain_text(kind.about)
        await expect(page.locator(".intro")).to_contain_text("提取限额")
        for field in kind.fields:
            await expect(page.locator(f'[data-field="{field.input}"]')).to_have_count(1)
        await expect(page.locator(".paper li")).to_have_count(len(kind.commitment_text))
        if kind.required:
            await expect(page.locator(".dock-amount")).to_have_text("填完后试算")


@pytest.mark.requirement("R06.2")
async def test_a_home_is_applied_for_with_refusals_at_their_fields_and_a_face(phone: Phone) -> None:
    page = phone.page
    await phone.log_in("李娜")
    await page.get_by_role("link", name="购买京内住房提取").click()
    await page.get_by_role("link", name="首付款提取").wait_for()
    await page.get_by_role("link", name=re.compile("^购买京内住房提取")).click()
    await page.get_by_role("button", name="提交申请").click()
    await expect(page.locator('[data-field="contractNo"] .says')).to_have_text("请填写购房合同（网签）编号。")
    await page.locator("#address").fill("朝阳区演示路9号院2栋3单元501")
    await page.locator("#contractNo").fill("YS2026000002")
    await page.locator("label", has_text="新建商品住房").click()
    await page.locator("#cost").fill("三百二十万")
    await page.locator("#cost").blur()
    await expect(page.locator('[data-field="cost"] .says')).to_contain_text("请填写数字")
    await page.locator("#cost").fill("3,200,000元")
    await page.locator("#cost").blur()
    await expect(page.locator('[data-field="contractNo"] .says')).to_contain_text("退签")
    await expect(page.locator(".dock-amount")).to_have_text("暂不能提取")
    await page.locator("#contractNo").fill("YS2026000001")
    await page.locator("#contractNo").blur()
    await expect(page.locator(".dock-amount")).to_contain_text("¥")
    await page.locator("label", has_text="我已阅读并同意").click()
    await page.get_by_role("button", name="提交申请").click()

    await page.locator("#face-start").click()
    async with page.context.expect_page() as opened:
        await page.locator("#face-open").click()
    face = await opened.value
    await page.locator("#face-done").click()
    await expect(page.locator(".notice-plain").last).to_contain_text("还没有收到核验结果")
    assert await database.value("SELECT count(*) FROM service_case") == 0
    await face.get_by_role("button", name="通过", exact=True).click()
    await expect(face.locator("p")).to_contain_text("请返回原页面")
    await page.locator("#face-done").click()
    await expect(page.locator("h1")).to_have_text("申请已提交")
    assert await database.value("SELECT count(*) FROM service_case") == 1
    await page.get_by_role("link", name="查看进度").click()
    await page.get_by_text("办理依据和结果说明").click()
    await expect(page.locator(".explained")).to_contain_text(["可提取总额为房屋总价（费用）"])


@pytest.mark.requirement("R08.8")
async def test_an_agreement_is_changed_paused_taken_up_and_ended(phone: Phone, running: RunningHouse) -> None:
    page = phone.page
    await rent.paid(running, "zhang_wei", frequency="monthly")
    await phone.log_in("张伟")
    await page.get_by_role("link", name="约定提取管理").click()
    card = page.locator(".arrangement")
    await expect(card.locator(".pill")).to_have_text("执行中")
    await card.get_by_role("button", name="变更").click()
    await card.locator("label", has_text="按季提取").click()
    await card.locator("label", has_text="同意到期后自动接续").click()
    await card.get_by_role("button", name="保存变更").click()
    await expect(card.locator(".facts")).to_contain_text("自动接续")
    await card.get_by_role("button", name="暂停").click()
    await page.get_by_role("button", name="确认暂停").click()
    await expect(card.locator(".pill")).to_have_text("已暂停")
    await card.get_by_role("button", name="恢复").click()
    await expect(card.locator(".pill")).to_have_text("执行中")
    await card.get_by_role("button", name="终止").click()
    await page.get_by_role("button", name="确认终止").click()
    await expect(card.locator(".pill")).to_have_text("已终止")
    (view,) = await withdrawals.arrangements_of(actor=await citizen("zhang_wei"))
    assert (view.state, view.frequency, view.auto_renewal, view.reason) == ("ended", "quarterly", True, "本人终止")
    assert view.paid == Money.yuan(2000)
