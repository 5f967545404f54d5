"""异地转移 and 消息 on the citizen's page at phone width: applied, answered, evaluated; notices read, staff asked."""

# ruff: noqa: F811 -- fixtures are imported by name
from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from channels import conversations
from domain import transfers
from domain.kernel import database
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import staff
from tests.journeys.test_citizen_page import Phone, chromium, phone  # noqa: F401
from tests.settlement.world import key

pytestmark = [pytest.mark.browser, pytest.mark.journey]
WIDTH = 390


async def fits(phone: Phone, folder: Path, name: str) -> None:
    await phone.page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= WIDTH, f"{name} is wider than a phone"


async def staff_steps(running: RunningHouse, number: str, action: str) -> None:
    now = running.clock()
    await transfers.take_step(
        actor=await staff("li.min"), transfer_no=number, step=transfers.Step(action=action), request_key=key(),
        business_date=now.date(), now=now,
    )  # fmt: skip


async def hears(running: RunningHouse, number: str, state: str, reason: str) -> None:
    letter = await database.value("SELECT letter_no FROM account_transfer WHERE transfer_no = $1", number)
    async with database.transaction() as tx:
        await transfers.take_progress(tx, letter_no=letter, state=state, reason=reason, now=running.clock())


@pytest.mark.requirement("R06.1", "R06.2")
async def test_a_transfer_from_the_form_to_its_evaluation(phone: Phone, running: RunningHouse, tmp_path: Path) -> None:
    page = phone.page
    await phone.log_in("张伟")
    await phone.open("/apply/C14")
    await expect(page.get_by_text("还没有转移申请")).to_be_visible()
    await page.get_by_role("link", name="申请转入").click()
    await page.get_by_role("button", name="提交申请").click()
    await expect(page.get_by_text("请从列表中选择转出地中心")).to_be_visible()
    await page.locator("#centre").fill("天津")
    await page.get_by_role("button", name="天津市住房公积金管理中心").click()
    await page.get_by_label("转出地个人账号").fill("12-3")
    await page.get_by_role("button", name="提交申请").click()
    await expect(page.locator("#otherAccount-says")).to_contain_text("6至30位字母或数字")
    await fits(phone, tmp_path, "form")
    assert await database.value("SELECT count(*) FROM account_transfer") == 0
    await page.get_by_label("转出地个人账号").fill("120100880001")
    await page.get_by_role("button", name="提交申请").click()
    await phone.shows_state("待复核")
    number = await database.value("SELECT transfer_no FROM account_transfer")
    await staff_steps(running, number, "issue")
    await hears(running, number, "13", "个人账号与姓名不符")
    await page.reload()
    await phone.shows_state("转出审核不通过")
    await expect(page.get_by_text("个人账号与姓名不符").first).to_be_visible()
    await page.get_by_label("说明（4至200字）").fill("短")
    await page.get_by_role("button", name="提交说明").click()
    await expect(page.get_by_text("请填写4至200个字的说明")).to_be_visible()
    await page.get_by_label("说明（4至200字）").fill("账号已与原单位核对无误，请再核实。")
    await page.get_by_role("button", name="提交说明").click()
    await expect(page.get_by_text("工作人员会据此与对方中心核对")).to_be_visible()
    await page.get_by_text("办理与协商记录").click()
    await expect(page.get_by_text("职工答复")).to_be_visible()
    await fits(phone, tmp_path, "negotiating")
    await hears(running, number, "40", "账号与姓名不符，无法转出")
    await page.reload()
    await phone.shows_state("转出失败办结")
    await page.get_by_role("link", name="评价本次服务").click()
    await page.locator("label", has_text="满意").nth(1).click()
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.locator("h1")).to_have_text("感谢您的评价")
    await page.get_by_role("link", name="查看转移").click()
    await expect(page.get_by_text("您已评价过本次服务")).to_be_visible()
    await fits(phone, tmp_path, "ended")
    # another application is taken back before its letter
    await phone.open("/transfer-in")
    await page.locator("#centre").fill("天津")
    await page.get_by_role("button", name="天津市住房公积金管理中心").click()
    await page.get_by_label("转出地个人账号").fill("120100880001")
    await page.get_by_role("button", name="提交申请").click()
    await page.get_by_role("button", name="撤销申请").click()
    await page.get_by_role("button", name="确认撤销").click()
    await phone.shows_state("转入撤销办结")
    await phone.open("/transfers")
    await expect(page.locator(".rows .row")).to_have_count(2)
    await fits(phone, tmp_path, "list")


@pytest.mark.requirement("R06.5")
async def test_notices_are_read_and_staff_answer(phone: Phone, running: RunningHouse, tmp_path: Path) -> None:
    page = phone.page
    await rent.apply(running, "zhang_wei")
    await running.settle()
    await phone.log_in("张伟")
    await page.get_by_role("link", name="消息（1条未读）").click()
    await expect(page.locator(".notice-row.unread")).to_have_count(1)
    await expect(page.get_by_text("提取业务")).to_be_visible()
    await fits(phone, tmp_path, "notices")
    await page.get_by_role("button", name="咨询").click()
    await expect(page.get_by_text("有问题可以问我们")).to_be_visible()
    await page.get_by_label("写消息").fill("   ")
    await page.get_by_role("button", name="发送").click()
    await expect(page.locator(".field .says")).not_to_be_empty()
    await page.get_by_label("写消息").fill("<b>提取</b>多久到账？😀")
    await page.get_by_role("button", name="发送").click()
    await expect(page.locator(".line-citizen")).to_contain_text("<b>提取</b>多久到账？😀")
    number = await database.value("SELECT conversation_id FROM conversation")
    desk = await staff("zhao.gang")
    await conversations.take(actor=desk, conversation_id=number, now=running.clock())
    await conversations.answer(
        actor=desk, conversation_id=number, text="审核通过后当日支付。", request_key=key(), now=running.clock()
    )
    await expect(page.locator(".line-staff")).to_contain_text("审核通过后当日支付。")
    assert "赵刚" not in await page.inner_text("body")
    await fits(phone, tmp_path, "conversation")
    await phone.open("/")
    await expect(page.get_by_role("link", name="消息 · 咨询")).to_be_visible()
