"""The lists and the other pages: rights, filters, totals, pages, charts, errors."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from backoffice import app, charts
from backoffice.navigation import SECTIONS
from backoffice.services import BackofficeServices, FailedJob
from domain.kernel.failures import StoreUnavailable
from tests.backoffice import city
from tests.backoffice.conftest import ORIGIN, Browser, Jobs

EVERYBODY = {"工作台", "服务事项", "业务参数", "复核"}
DESK = {"维修资金退款", "自助打印"}
REVIEWING = {"数据交换", "待办", "统一申办", "审核队列", "好差评", "归集业务", "转移接续", "风险名单", "人脸核验"}
MONEY = {"数据交换", "财务档案", "待办", "审核队列", "归集业务", "转移接续", "资金结算", "账务核对", "短信", "日终"}
SHEETS = {
    "li.min": EVERYBODY | REVIEWING | DESK,
    "zhao.gang": EVERYBODY | REVIEWING | DESK | MONEY | {"互动消息", "渠道运行", "身份管理"},
    "sun.cai": EVERYBODY | DESK | MONEY,
    "zhou.xitong": EVERYBODY | {"失败任务", "人员管理", "网点资料", "服务授权", "自助终端"},
    "zheng.shenji": EVERYBODY | {"审计日志", "调查不展示"},
}


@pytest.mark.parametrize("login", SHEETS)
async def test_the_menu_shows_what_the_rights_open_and_nothing_else_opens(signed_in, desk_city, login: str) -> None:
    browser = await signed_in(login)
    home = await browser.open("/backoffice/")
    for section in SECTIONS:
        page = await browser.open(section.path)
        offered = f'<a href="{section.path}"' in home.text
        assert offered == (section.name in SHEETS[login])
        assert page.status_code == (200 if offered else 403), section.path
        if not offered:
            assert "您没有查看此页面的权限" in page.text
    refused = await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'page.refused'")
    assert refused == len(SECTIONS) - len(SHEETS[login])


def test_every_page_declares_its_right_and_every_form_is_posted() -> None:
    assert all(page.right for page in app.PAGES)
    changing = {"claim", "release", "decision", "reveal", "retry", "export", "logout"}
    for page in app.PAGES:
        assert page.method == "POST" or page.path.rsplit("/", 1)[1] not in changing


async def test_the_queue_filters_and_counts(signed_in, clock) -> None:
    flagged, plain = await city.apply("chen", clock.now), await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await browser.open("/backoffice/cases")
    assert flagged.case_no in page.text and plain.case_no in page.text
    assert "全部 <strong>2</strong> 件" in page.text
    assert (flagged.amount + plain.amount).yuan_text in page.text
    page = await browser.open("/backoffice/cases?flagged=yes")
    assert flagged.case_no in page.text and plain.case_no not in page.text and "需人工核验" in page.text
    page = await browser.open("/backoffice/cases?office=0101")
    assert flagged.case_no not in page.text and plain.case_no in page.text
    page = await browser.open("/backoffice/cases?submitted_from=2026-11-24")
    assert "没有符合条件的办件" in page.text
    page = await browser.open("/backoffice/cases?submitted_from=2026-11-23&submitted_to=2026-11-23")
    assert plain.case_no in page.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("submitted_from=23.11.2026", "日期应写作"),
        ("submitted_from=2026-11-31", "日期应写作"),
        ("submitted_from=2026-11-24&submitted_to=2026-11-23", "开始日期晚于结束日期"),
        ("state=burning", "所选条件不存在"),
        ("office=%27%3BDROP", "所选条件不存在"),
        ("pages=%21%21%21", "翻页位置无效"),
        ("pages=WyJ4IiwxXQ", "翻页位置无效"),
    ],
)
async def test_wrong_filters_are_explained(signed_in, clock, query: str, told: str) -> None:
    await city.apply("zhang", clock.now)
    page = await (await signed_in("li.min")).open(f"/backoffice/cases?{query}")
    assert page.status_code == 422 and told in page.text


async def test_pages_forward_and_back_without_script(signed_in, desk_city, clock) -> None:
    numbers = await city.many_cases(desk_city, clock, 45)
    browser = await signed_in("li.min")
    page, seen = await browser.open("/backoffice/cases"), []
    for number in (1, 2, 3):
        assert f"第 {number} 页" in page.text and "全部 <strong>45</strong> 件" in page.text
        seen += [case_no for case_no in numbers if f">{case_no}<" in page.text]
        if number < 3:
            page = await browser.open(link(page, "next"))
    assert seen == numbers and 'rel="next"' not in page.text
    page = await browser.open(link(page, "prev"))
    assert "第 2 页" in page.text and numbers[20] in page.text and numbers[0] not in page.text


def link(page: httpx.Response, rel: str) -> str:
    return page.text.split(f'rel="{rel}" href="')[1].split('"')[0].replace("&amp;", "&")


async def test_the_front_page_counts_today(signed_in, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    await browser.submit(
        await browser.open(f"/backoffice/cases/{case.case_no}"), f"/backoffice/cases/{case.case_no}/claim"
    )
    page = await browser.open("/backoffice/")
    assert page.text.count('role="img"') == 3 and "<table" in page.text
    assert "今日受理办件的状态" in page.text and "京通（H5）" in page.text
    assert f'href="/backoffice/cases/{case.case_no}"' in page.text, "what I am working on"


async def test_an_empty_day_says_so(signed_in) -> None:
    page = await (await signed_in("li.min")).open("/backoffice/")
    assert "今天还没有受理办件" in page.text and 'role="img"' not in page.text


def test_charts_bring_no_script_style_or_remote_file() -> None:
    drawn = charts.bars(name="x", title="标题<b>", counts={"待初审 & 待复审": 3, "<script>": 1})
    assert "<script" not in drawn and "<style" not in drawn and "http" not in drawn.replace("http://www.w3.org", "")
    assert "<title" in drawn and "标题&lt;b&gt;" in drawn and "待初审 &amp; 待复审3件" in drawn


async def test_the_catalogue_lists_all_items_with_their_marks(signed_in) -> None:
    page = await (await signed_in("li.min")).open("/backoffice/catalogue")
    assert "共 <strong>42</strong> 项" in page.text and "未核实：" in page.text
    assert page.text.count("未开通</span>") + page.text.count("已开通</span>") == 42


async def test_the_audit_trail_is_filtered_and_paged(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    await (await signed_in("li.min")).open("/backoffice/jobs")
    await desk_city.execute(
        "INSERT INTO audit_event (event_id, at, actor, actor_name, channel, action, subject, outcome)"
        " SELECT n, $1, 'staff:1', '甲', 'backoffice', 'test.done', 'test:' || n, 'done'"
        " FROM generate_series(1, 60) n",
        clock.now - timedelta(days=1),
    )
    browser = await signed_in("zheng.shenji")
    page = await browser.open("/backoffice/audit", params={"subject": f"case:{case.case_no}"})
    assert page.status_code == 200 and page.text.count('<td class="when">') == 1
    page = await browser.open("/backoffice/audit?action=test.")
    assert "共 <strong>60</strong> 条" in page.text and page.text.count("test:") == 50
    page = await browser.open(link(page, "next"))
    assert page.text.count("test:") == 10 and 'rel="next"' not in page.text
    page = await browser.open("/backoffice/audit?actor=李敏&outcome=refused")
    assert "page.refused" in page.text and "test.done" not in page.text
    page = await browser.open("/backoffice/audit?outcome=maybe&at_from=yesterday")
    assert page.status_code == 422 and "所选条件不存在" in page.text and "日期应写作" in page.text


async def test_the_books_are_proved_on_demand(signed_in, desk_city, clock) -> None:
    await city.apply("zhang", clock.now)
    browser = await signed_in("sun.cai")
    page = await browser.open("/backoffice/books")
    assert "立即核对" in page.text and "一致</span>" not in page.text
    page = await browser.submit(page, "/backoffice/books")
    assert "项全部一致" in page.text and "凭证借贷平衡" in page.text
    await desk_city.execute("UPDATE account_balance SET held_fen = held_fen - 1 WHERE held_fen > 0")
    page = await browser.submit(page, "/backoffice/books")
    assert "有 1 项不一致" in page.text and "801000000001" in page.text
    outcomes = await desk_city.fetch(
        "SELECT outcome FROM audit_event WHERE action = 'books.verified' ORDER BY event_id"
    )
    assert sorted(row["outcome"] for row in outcomes) == ["done", "failed"]


async def test_failed_jobs_are_shown_and_retried_once(signed_in, jobs: Jobs, clock, desk_city) -> None:
    jobs.held.append(
        FailedJob(job_id=7, kind="发送短信", subject="case:1", error="运营商超时", attempts=3, failed_at=clock.now)
    )
    browser = await signed_in("zhou.xitong")
    page = await browser.open("/backoffice/jobs")
    assert "运营商超时" in page.text
    done = await browser.submit(page, "/backoffice/jobs/retry")
    assert "任务已重新排队" in done.text and "没有失败的任务" in done.text and jobs.retried == [7]
    again = await browser.submit(page, "/backoffice/jobs/retry")
    assert again.status_code == 409 and "已不在失败列表中" in again.text and jobs.retried == [7]
    odd = await browser.post("/backoffice/jobs/retry", {**browser.csrf, "job_id": "7; DROP"})
    assert odd.status_code == 409
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'job.retried'") == 1


async def test_an_unknown_page_is_explained(signed_in) -> None:
    page = await (await signed_in("li.min")).open("/backoffice/nothing/here")
    assert page.status_code == 404 and "没有找到您要的页面" in page.text


async def test_a_lost_store_says_try_again(desk_services: BackofficeServices, new_browser, clock) -> None:
    class Away:
        async def actor_of(self, **_: object) -> None:
            raise StoreUnavailable("PostgreSQL: gone")

    client = _client(replace(desk_services, staff=Away()))
    client.cookies.set("hpf_desk", "anything", domain="desk.example", path="/backoffice")
    page = await client.get("/backoffice/cases")
    assert page.status_code == 503 and "没有任何数据丢失或改变" in page.text and "PostgreSQL" not in page.text


async def test_a_bug_shows_a_reference_and_nothing_else(desk_services: BackofficeServices, new_browser, clock) -> None:
    told: list[tuple[BaseException, str]] = []

    async def broken() -> list[object]:
        raise RuntimeError("secret detail 110105199103151017")

    services = replace(desk_services, verify=broken, failed=lambda bug, reference: told.append((bug, reference)))
    browser = Browser(_client(services), clock)
    await browser.sign_in("sun.cai")
    page = await browser.post("/backoffice/books", browser.csrf)
    assert page.status_code == 500 and "secret" not in page.text and told[0][1] in page.text


def _client(services: BackofficeServices) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=app.routes(services=services)))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)
