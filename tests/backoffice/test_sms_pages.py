"""短信: what staff see and do, without script; and the pages in a real browser at both usual widths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest

from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from notifications import alarms, balances, control, counting, pricing
from notifications.pricing import Contract, Tier
from notifications.queueing import enqueue
from notifications.routing import Carriers
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.backoffice.test_browser import chromium, enter, fits
from tests.notifications.carriers import Recording
from tests.notifications.staff import FINANCE

SignedIn = Callable[[str], Awaitable[Browser]]
__all__ = ["chromium", "enter"]
PATHS = ("", "/messages", "/templates", "/templates/withdrawal.paid", "/usage", "/prices", "/invoices")


@pytest.fixture
async def sent(desk_city: asyncpg.Connection, clock: city.Clock) -> Carriers:
    """An hour of messages by two carriers, one of which failed for a while; a price, a budget, a dead message."""
    from notifications.sending import send_due

    now = clock.now
    mobile, agent = Recording(name="mobile", long=True), Recording(name="agent", balance=120_000)
    carriers = Carriers(in_order=[mobile, agent])
    await control.tell_condition(carriers=carriers, holds=True, now=now - timedelta(minutes=50))
    await balances.ask(carriers=carriers, now=now - timedelta(minutes=1))
    for number, to in enumerate(["13812345678", "13800001234", "13912341234", "abc"]):
        async with database.transaction() as tx:
            await enqueue(
                tx,
                account_no=801000000001,
                event_id=number + 1,
                template="withdrawal.preliminary_passed",
                variables={"name": "无房租房提取", "case_no": f"C{number}"},
                mobile=to,
                now=now - timedelta(minutes=30),
            )
    rows = await database.rows("SELECT message_id FROM sms_message ORDER BY event_id")
    for row in rows[:3]:
        await send_due(account_no=801000000001, message_id=row["message_id"], carriers=carriers, now=now)
    await database.execute(
        "UPDATE sms_message SET state = 'dead', last_code = 'no_report' WHERE message_id = $1", rows[2]["message_id"]
    )
    for minutes in range(60, 0, -5):
        at = now - timedelta(minutes=minutes) + timedelta(seconds=30)
        for count in range(40 + minutes):
            carriers.note(carrier="mobile", failed=25 <= minutes < 40 and count % 2 == 0, now=at, handed_ms=35)
            carriers.note(carrier="agent", failed=False, now=at, handed_ms=120)
        await control.tick(carriers=carriers, now=at + timedelta(seconds=5))
    contract = Contract(
        carrier="mobile",
        valid_from=date(2026, 1, 1),
        basis="submitted",
        tiering="graduated",
        tiers=(Tier(from_parts=0, price_milli=4500), Tier(from_parts=100_000, price_milli=3800)),
        source="合同2026-017第6条",
    )
    await pricing.register(actor=FINANCE, contract=contract, now=now)
    await counting.set_budget(
        actor=FINANCE,
        period=YearMonth(2026, 11),
        department=counting.ALL,
        amount=Money.yuan(50_000),
        alarm_percent=80,
        now=now,
    )
    await counting.refresh(today=date(2026, 11, 23))
    await alarms.check(now=now, gateway_expected=True)
    return carriers


async def test_only_who_may_sees_the_section(signed_in: SignedIn, sent: Carriers) -> None:
    reviewer = await signed_in("li.min")
    assert "/backoffice/sms" not in (await reviewer.open("/backoffice/")).text
    for path in PATHS:
        assert (await reviewer.open(f"/backoffice/sms{path}")).status_code == 403
    before = await database.value("SELECT count(*) FROM sms_override")
    fields = {**reviewer.csrf, "carrier": "mobile", "wanted": "off", "reason": "线路检修中"}
    assert (await reviewer.post("/backoffice/sms/overrides", fields)).status_code == 403
    assert await database.value("SELECT count(*) FROM sms_override") == before


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_shows(signed_in: SignedIn, sent: Carriers, path: str) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open(f"/backoffice/sms{path}")
    assert page.status_code == 200, page.text
    assert "13812345678" not in page.text


async def test_the_overview_tells_how_carriers_stand_and_why(signed_in: SignedIn, sent: Carriers) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open("/backoffice/sms")
    for told in ("中国移动", "短信代理商", "失败率", "切换记录", "120,000 条", "没有进程在发送短信", "chart-sent-0"):
        assert told in page.text, told
    assert page.headers["refresh"].startswith("10;")
    assert "refresh" not in (await browser.open("/backoffice/sms?refreshed=60")).headers


async def test_two_persons_switch_a_carrier_off(signed_in: SignedIn, sent: Carriers, clock: city.Clock) -> None:
    one, other = await signed_in("sun.cai"), await signed_in("zhao.gang")
    page = await one.open("/backoffice/sms")
    short = await one.submit(page, "/backoffice/sms/overrides", carrier="agent", wanted="off", reason="短")
    assert short.status_code == 422 and "请填写原因" in short.text
    page = await one.submit(page, "/backoffice/sms/overrides", carrier="agent", wanted="off", reason="线路检修中")
    assert "等待另一人复核" in page.text and 'value="agree"' not in page.text
    page = await other.open("/backoffice/sms")
    page = await other.submit(page, "/backoffice/sms/overrides/decide", decision="agree")
    assert "已同意" in page.text
    await control.tick(carriers=sent, now=clock.now)
    assert (sent.shares["agent"], "人工强制停用" in (await one.open("/backoffice/sms")).text) == (0, True)


async def test_a_dead_message_is_found_and_sent_again(signed_in: SignedIn, sent: Carriers) -> None:
    browser = await signed_in("zhao.gang")
    page = await browser.open("/backoffice/sms/messages?mobile=139 1234 1234")
    assert "139****1234" in page.text and "已知可能重复" in page.text
    refused = await browser.submit(page, "/backoffice/sms/messages/resend")
    assert refused.status_code == 422 and "可能已经送达" in refused.text
    done = await browser.submit(page, "/backoffice/sms/messages/resend", certain="yes")
    assert "已重新排队" in done.text
    assert await database.value("SELECT count(*) FROM sms_message WHERE state = 'queued'") == 1
    wrong = await browser.open("/backoffice/sms/messages?mobile=1391234")
    assert wrong.status_code == 422 and "11位数字" in wrong.text


async def test_a_wording_is_previewed_proposed_and_approved(signed_in: SignedIn, sent: Carriers) -> None:
    one, other = await signed_in("sun.cai"), await signed_in("zhao.gang")
    here = "/backoffice/sms/templates/withdrawal.preliminary_passed"
    page = await one.open(here)
    fields = {"text": "您的申请{case_no}已通过初审。" + "请" * 60, "class": "transactional", "lane": "courtesy"}
    preview = await one.submit(page, f"{here}/propose", step="preview", **fields)
    assert "预览" in preview.text and "计 2 条" in preview.text
    assert await database.value("SELECT count(*) FROM sms_template") == 0
    wrong = await one.submit(page, f"{here}/propose", step="propose", reason="更简明", text="您好{birthday}")
    assert wrong.status_code == 422 and "不是该模板可用的变量" in wrong.text
    await one.submit(page, f"{here}/propose", step="propose", reason="措辞更简明", department="归集管理处", **fields)
    mine = await one.open(here)
    assert "须由其他人员审定" in mine.text
    done = await other.submit(await other.open(here), f"{here}/decide", decision="agree")
    assert "已审定" in done.text and await database.value("SELECT version FROM sms_template") == 101


async def test_use_and_cost_by_dimension_and_as_a_file(signed_in: SignedIn, sent: Carriers) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open("/backoffice/sms/usage?by=region")
    assert "京外" in page.text and "北京" in page.text and "未定价" in page.text
    file = await browser.post("/backoffice/sms/usage/export?by=carrier", browser.csrf)
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "运营商,提交条数,送达条数,失败条数,待回执条数,费用(元)"
    assert "中国移动,2,0,0,2,0.09" in lines and "短信代理商,1,0,0,1,未定价" in lines
    statement = await browser.post("/backoffice/sms/usage/statement?period=2026-11", browser.csrf)
    assert "中国移动,2026-11,2,0,2,提交成功即计费,0.09" in statement.content.decode("utf-8-sig")
    assert (await browser.open("/backoffice/sms/usage?since=2026-12-01&until=2026-11-01")).status_code == 422
    page = await browser.open("/backoffice/sms/usage")
    bad = await browser.submit(page, "/backoffice/sms/usage/budget", amount="一千", alarm_percent="80")
    assert bad.status_code == 422 and "预算应为" in bad.text


async def test_prices_are_registered_and_ranges_loaded(signed_in: SignedIn, sent: Carriers) -> None:
    browser = await signed_in("sun.cai")
    page = await browser.open("/backoffice/sms/prices")
    fields = {"carrier": "agent", "valid_from": "2026-11-01", "basis": "delivered", "tiering": "whole"}
    wrong = await browser.submit(page, "/backoffice/sms/prices/register", **fields, prices="0 四分")
    assert wrong.status_code == 422 and "第1档" in wrong.text
    done = await browser.submit(page, "/backoffice/sms/prices/register", **fields, prices="0 0.05\n10000 0.042")
    assert "价格已登记" in done.text and "10,000 条起 0.042" in done.text
    file = {"file": ("号段.csv", "号段,归属\n1381234,北京\n".encode(), "text/csv")}
    loaded = await browser.post("/backoffice/sms/prices/ranges", {**browser.csrf, "source": "公告"}, files=file)
    assert "号段已导入" in loaded.text
    nothing = await browser.post(
        "/backoffice/sms/prices/ranges", browser.csrf, files={"file": ("x.csv", b"a,b\n", "text/csv")}
    )
    assert nothing.status_code == 422 and "第1行" in nothing.text


HEADING = "短信编号,日期,条数,金额(元)\n"


async def load_invoice(browser: Browser) -> str:
    content = (HEADING + "mobile-1-1,2026-11-23,1,0.045\nghost,2026-11-23,1,0.045\n").encode()
    page = await browser.post(
        "/backoffice/sms/invoices/load",
        {**browser.csrf, "carrier": "mobile", "period": "2026-11"},
        files={"file": ("11月.csv", content, "text/csv")},
    )
    assert "逐行核对" in page.text, page.text
    return page.url.path


async def test_an_invoice_is_matched_and_decided_by_a_second_person(signed_in: SignedIn, sent: Carriers) -> None:
    one, other = await signed_in("sun.cai"), await signed_in("zhao.gang")
    here = await load_invoice(one)
    page = await one.open(here)
    assert "我方无此短信" in page.text and "账单漏列" in page.text and "须由其他人员" in page.text
    refused = await other.submit(await other.open(here), f"{here}/decide", decision="agree", note="")
    assert refused.status_code == 422 and "处差异" in refused.text
    done = await other.submit(
        await other.open(here), f"{here}/decide", decision="dispute", note="ghost一行请运营商说明"
    )
    assert "有争议" in done.text
    file = (await one.post(f"{here}/export", one.csrf)).content.decode("utf-8-sig")
    assert "ghost,2026-11-23,1,0.045,,,我方无此短信" in file
    assert (await one.open("/backoffice/sms/invoices/abc")).status_code == 404


@pytest.mark.browser
async def test_the_pages_fit_and_break_no_content_policy(  # type: ignore[no-untyped-def]
    enter,
    sent: Carriers,
    signed_in: SignedIn,
    tmp_path: Path,
) -> None:
    here = await load_invoice(await signed_in("zhao.gang"))
    page = await enter("sun.cai")
    for path in (*(f"/backoffice/sms{path}" for path in PATHS), here):
        await page.goto(path)
        await fits(page, tmp_path, path.removeprefix("/backoffice/").replace("/", "-"))
    assert page.complaints == []
