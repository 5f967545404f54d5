"""The citizen's page in a real browser at phone width, against the running house."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from domain.kernel import database
from ops.simulators import LOGIN_PASSWORD
from tests.city import ApiClient, Enter, RunningHouse

pytestmark = [pytest.mark.browser, pytest.mark.journey]

PHONE = {"width": 390, "height": 844}
PATIENCE_MILLISECONDS = 15_000

APPLY = "mutation($input: ApplyForRentWithdrawalInput!) { applyForRentWithdrawal(input: $input) { case { id } } }"
CLAIM = "mutation($input: ClaimCaseInput!) { claimCase(input: $input) { userErrors { code message } } }"
DECIDE = "mutation($input: DecideCaseInput!) { decideCase(input: $input) { userErrors { code message } } }"
CANCEL = "mutation($input: CancelCaseInput!) { cancelCase(input: $input) { userErrors { code message } } }"
MY_CASES = "{ cases(first: 5) { edges { node { id state amount evaluation } } } }"


@dataclass
class Phone:
    """A page at phone width. `problems` are errors of our script and violations of its policy."""

    page: Page
    base_url: str
    problems: list[str]

    async def log_in(self, name: str, *, place: str = "/h5/") -> None:
        await self.page.goto(f"{self.base_url}{place}")
        await self.page.get_by_role("button", name="北京市统一身份认证登录").click()
        await self.page.locator("label", has_text=name).first.click()
        await self.page.locator("#password").fill(LOGIN_PASSWORD)
        await self.page.get_by_role("button", name="登录", exact=True).click()
        await expect(self.page.locator("h1")).to_contain_text("您好")

    async def open(self, route: str) -> None:
        await self.page.evaluate("route => { location.hash = route }", f"#{route}")

    async def apply(self, *, frequency: str = "按季提取") -> None:
        """Fills in the application up to the commitment; the quote is there."""
        await self.page.get_by_role("link", name="租房提取").click()
        await self.page.get_by_role("link", name="无房租房提取").click()
        await self.page.locator("label", has_text=frequency).click()
        await self.page.locator("label", has_text="我已阅读并同意").click()
        await expect(self.page.locator(".dock-amount")).to_contain_text("¥")

    async def submit(self) -> None:
        await self.page.get_by_role("button", name="提交申请").click()
        await expect(self.page.locator("h1")).to_have_text("申请已提交")
        await self.page.get_by_role("link", name="查看进度").click()
        await self.shows_state("待初审")

    async def shows_state(self, name: str) -> None:
        await expect(self.page.locator(".case-head .pill")).to_have_text(name)


@pytest.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def phone(chromium: Browser, running: RunningHouse) -> AsyncIterator[Phone]:
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    context = await chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="zh-CN")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    phone = Phone(page=page, base_url=running.base_url, problems=[])
    page.on("pageerror", lambda error: phone.problems.append(str(error)))
    page.on("console", lambda message: _note(phone, message.type, message.text))
    yield phone
    await context.close()
    assert phone.problems == []


def _note(phone: Phone, kind: str, text: str) -> None:
    # the browser itself reports answers such as 401 and cut connections, which the page handles
    if kind == "error" and "Failed to load resource" not in text:
        phone.problems.append(text)


async def test_a_citizen_applies_watches_and_evaluates(
    phone: Phone, running: RunningHouse, staff_client: Enter, citizen_client: Enter
) -> None:
    page = phone.page
    await phone.log_in("张伟")
    assert "张伟" not in await page.inner_text("body"), "the name is masked"
    balance = await page.locator(".account-balance").inner_text()

    await phone.apply()
    await expect(page.locator(".dock-amount")).to_have_text("¥6,000.00")
    await page.locator("label", has_text="按月提取").click()
    await expect(page.locator(".dock-amount")).to_have_text("¥2,000.00")
    await page.get_by_text("这个金额是怎么算出来的").click()
    await expect(page.locator(".quote")).to_contain_text("每月限额2,000.00元 × 1个月 = 2,000.00元")
    assert await case_count() == 0, "a quote leaves nothing behind"

    await phone.submit()
    await expect(page.locator(".mode")).to_have_text("进度实时更新")
    case_id = await the_case(await citizen_client("zhang_wei"), "id")
    await decide(await staff_client("li.min"), case_id, decision="APPROVE", note="核验无误")
    await running.settle()
    await phone.shows_state("待复审")
    await decide(await staff_client("wang.fang"), case_id, decision="APPROVE", note="核验无误")
    await running.settle()
    await phone.shows_state("已办结")
    await expect(page.locator(".step-done")).to_have_count(5)
    await expect(page.get_by_text("到账确认")).to_be_visible()

    await page.get_by_role("link", name="评价本次服务").click()
    await page.locator("label", has_text="非常满意").first.click()
    await page.get_by_role("button", name="办理及时").click()
    await page.locator("#comment").fill("很方便")
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.locator("h1")).to_have_text("感谢您的评价")
    assert await the_case(await citizen_client("zhang_wei"), "evaluation") == 5

    await page.get_by_role("link", name="返回首页").click()
    await expect(page.locator(".account-balance")).to_have_text(less(balance, yuan=2000))
    await expect(page.locator(".entry").first).to_contain_text("−2,000.00")


async def test_a_lost_answer_and_a_double_tap_make_one_case(phone: Phone, citizen_client: Enter) -> None:
    keys: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        if "requestKey" not in body["variables"].get("input", {}):
            return await route.continue_()
        keys.append(body["variables"]["input"]["requestKey"])
        if len(keys) > 1:
            return await route.continue_()
        await route.fetch()
        await route.abort()

    await phone.log_in("张伟")
    await phone.apply()
    await phone.page.route("**/graphql", lose_the_first_answer)
    await phone.page.get_by_role("button", name="提交申请").dblclick()

    await expect(phone.page.locator("h1")).to_have_text("申请已提交")
    assert len(keys) == 2
    assert len(set(keys)) == 1, "a retry has the key of the first attempt"
    assert await case_count() == 1
    assert await the_case(await citizen_client("zhang_wei"), "amount") == "6000.00"


async def test_refusals_stand_beside_their_fields_and_nothing_changes(phone: Phone) -> None:
    page = phone.page
    await phone.log_in("李娜")
    await page.get_by_role("link", name="租房提取").click()
    await page.get_by_role("link", name="无房租房提取").click()
    await page.locator("#spouseName").fill("陈")
    await expect(page.locator(".dock-amount")).to_have_text("填完后试算")
    assert await page.locator(".refused").count() == 0, "nobody is blamed while typing"

    await page.get_by_role("button", name="提交申请").click()
    commitment = page.locator('[data-field="commitment"]')
    await expect(commitment.locator(".says")).to_contain_text("办理无房租房提取须作出承诺，请阅读并勾选")
    number = page.locator('[data-field="spouseDocumentNo"]')
    await expect(number.locator(".says")).to_contain_text("请同时填写配偶姓名和证件号码")
    await expect(page.locator("#spouseDocumentNo")).to_have_attribute("aria-invalid", "true")
    assert await case_count() == 0

    await page.locator("#spouseName").fill("陈强")
    await page.locator("#spouseDocumentNo").fill("110108198703113351")
    await expect(number.locator(".says")).to_contain_text("证件号码有误")
    await expect(page.locator(".dock-amount")).to_have_text("暂不能提取")
    await page.locator("#spouseDocumentNo").fill("110108198703113350")
    await expect(page.locator(".dock-amount")).to_have_text("¥6,000.00")
    await expect(page.locator(".refused")).to_have_count(0)


async def test_an_owner_of_a_home_reads_why_not(phone: Phone) -> None:
    page = phone.page
    await phone.log_in("王强")
    await page.get_by_role("link", name="租房提取").click()
    await page.get_by_role("link", name="无房租房提取").click()
    await expect(page.locator(".quote")).to_contain_text("在本市有自有住房，不符合无房租房提取条件")
    await page.locator("label", has_text="我已阅读并同意").click()
    await page.get_by_role("button", name="提交申请").click()

    refusal = page.locator(".notice-refusal", has_text="还不能提交")
    await expect(refusal).to_contain_text("请先到不动产登记部门更正登记")
    assert await case_count() == 0
    assert await database.value("SELECT sum(held_fen) FROM account_balance") == 0


async def test_a_refused_case_says_why(phone: Phone, running: RunningHouse, staff_client: Enter) -> None:
    page = phone.page
    await phone.log_in("陈静")
    await phone.apply()
    await expect(page.locator(".quote")).to_contain_text("由工作人员人工核验")
    await phone.submit()
    case_id = page.url.rpartition("/")[2]
    await decide(
        await staff_client("li.min"), case_id, decision="REFUSE", reasonCode="home_found", note="名下有住房一套"
    )
    await running.settle()

    await phone.shows_state("不予办理")
    reason = page.locator(".notice-refusal")
    await expect(reason).to_contain_text("核实申请人或配偶在本市有自有住房")
    await expect(reason).to_contain_text("名下有住房一套")
    await expect(page.locator(".step-skipped .step-name")).to_have_text(["复审", "支付"])
    await page.get_by_role("button", name="返回").click()
    await phone.open("/")
    await expect(page.locator(".rows").first).to_contain_text("待评价")


async def test_a_citizen_cancels(phone: Phone, citizen_client: Enter) -> None:
    page = phone.page
    await phone.log_in("张伟")
    await phone.apply()
    await phone.submit()

    await page.get_by_role("button", name="撤销申请").click()
    await page.get_by_role("button", name="再想想").click()
    await phone.shows_state("待初审")
    await page.get_by_role("button", name="撤销申请").click()
    await page.get_by_role("button", name="确认撤销").click()

    await phone.shows_state("已撤销")
    await expect(page.get_by_role("button", name="撤销申请")).to_have_count(0)
    assert await the_case(await citizen_client("zhang_wei"), "state") == "cancelled"
    assert await database.value("SELECT sum(held_fen) FROM account_balance") == 0


async def test_without_a_stream_the_page_asks_again_and_again(phone: Phone, citizen_client: Enter) -> None:
    await phone.log_in("张伟")
    await phone.apply()
    await phone.page.route("**/graphql/stream", lambda route: route.abort())
    await phone.submit()
    await expect(phone.page.locator(".mode")).to_have_text("每隔几秒自动更新")

    elsewhere = await citizen_client("zhang_wei")
    case_id = await the_case(elsewhere, "id")
    await elsewhere.data(CANCEL, {"input": {"id": case_id, "requestKey": "elsewhere-1"}})

    await phone.shows_state("已撤销")


async def test_a_case_of_somebody_else_is_not_there(phone: Phone, citizen_client: Enter) -> None:
    other = await citizen_client("zhang_wei")
    cards = await other.data("{ accounts { cards { id } } }")
    given = {
        "frequency": "QUARTERLY",
        "cardId": cards["accounts"][0]["cards"][0]["id"],
        "autoRenewal": False,
        "commitment": True,
        "requestKey": "somebody-else",
    }
    made = await other.data(APPLY, {"input": given})
    await phone.log_in("李娜")

    await phone.open(f"/case/{made['applyForRentWithdrawal']['case']['id']}")
    await expect(phone.page.get_by_role("alert")).to_contain_text("没有找到该办件")
    await phone.open("/case/nonsense")
    await expect(phone.page.get_by_role("alert")).to_be_visible()
    await phone.open("/cases")
    await expect(phone.page.get_by_text("这里还没有办件")).to_be_visible()


async def test_trouble_is_told_and_can_be_tried_again(phone: Phone) -> None:
    page = phone.page
    await phone.log_in("张伟")
    await page.route("**/graphql", lambda route: route.abort())
    await phone.open("/items")
    await expect(page.get_by_role("alert")).to_contain_text("网络连接不上")

    await page.unroute("**/graphql")
    await page.get_by_role("button", name="重新加载").click()
    await expect(page.locator(".row", has_text="租房提取")).to_contain_text("去办理")
    await expect(page.locator(".row-closed").first).to_contain_text("敬请期待")


async def test_a_page_fits_a_phone_and_a_session_ends(phone: Phone) -> None:
    page = phone.page
    await phone.log_in("何平")
    await expect(page.get_by_text("没有查到您的公积金账户")).to_be_visible()
    for route in ("/", "/items", "/cases", "/apply/C20/rent_no_home"):
        await phone.open(route)
        await expect(page.locator(".loading")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), route

    await phone.open("/")
    await page.get_by_role("button", name="退出登录").click()
    await expect(page.get_by_role("button", name="北京市统一身份认证登录")).to_be_visible()
    await phone.open("/cases")
    await expect(page.get_by_role("button", name="北京市统一身份认证登录")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="北京市统一身份认证登录")).to_be_visible()


async def decide(reviewer: ApiClient, case_id: object, **decision: str) -> None:
    claimed = await reviewer.data(CLAIM, {"input": {"id": case_id, "requestKey": new_key()}})
    assert claimed["claimCase"]["userErrors"] == []
    given = {"id": case_id, "requestKey": new_key(), **decision}
    decided = await reviewer.data(DECIDE, {"input": given})
    assert decided["decideCase"]["userErrors"] == []


def new_key() -> str:
    return secrets.token_hex(16)


async def the_case(citizen: ApiClient, field: str) -> object:
    edges = (await citizen.data(MY_CASES))["cases"]["edges"]
    assert len(edges) == 1
    return edges[0]["node"][field]


async def case_count() -> int:
    count: int = await database.value("SELECT count(*) FROM service_case")
    return count


def less(shown: str, *, yuan: int) -> str:
    whole, fraction = shown.replace(",", "").split(".")
    return f"{int(whole) - yuan:,}.{fraction}"
