"""查阅管控 and 委托受理 at the desk: asked for by one, agreed to by another; and what a list tells those who stand in
it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest
import pytest_asyncio

from auth.grants import admitting
from domain.kernel import database
from ops.dev.documents import publish_folders
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.factories import partners
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("N6", "R06.3")

NewBrowser = Callable[[], Browser]
ZHANG = city.CITIZENS["zhang"][1]
EXCLUSIONS, RULES, DELEGATIONS = (
    "/backoffice/access-exclusions",
    "/backoffice/reveal-rules",
    "/backoffice/delegations",
)


async def as_role(owner: asyncpg.Connection, browser: Browser, login: str, role: str) -> Browser:
    await owner.execute("UPDATE staff SET roles = ARRAY[$2] WHERE login = $1", login, role)
    await browser.sign_in(login)
    return browser


async def agreed(browser: Browser, owner: asyncpg.Connection) -> httpx.Response:
    approval = await owner.fetchval("SELECT approval_id FROM approval WHERE state = 'waiting'")
    page = await browser.open(f"/backoffice/approvals/{approval}")
    return await browser.submit(page, "/backoffice/approvals/decide", decision="agree")


async def test_reads_are_kept_back_by_two_auditors(
    new_browser: NewBrowser, owner: asyncpg.Connection, clock: city.Clock
) -> None:
    one = await as_role(owner, new_browser(), "li.min", "audit_admin")
    page = await one.open(EXCLUSIONS)
    sound = {
        "document_type": "01",
        "person": ZHANG,
        "document_no": "京检调2026-17",
        "reader": "",
        "until": (clock.now + timedelta(days=60)).date().isoformat(),
        "reason": "配合监察部门调查",
    }
    async with nothing_changed():
        for name, wrong, said in (
            ("person", "110101199001010011", "没有找到该证件对应的人员"),
            ("until", "2020-01-01", "截止日期应在明天至"),
            ("until", "", "截止日期应在明天至"),
            ("until", (clock.now + timedelta(days=400)).date().isoformat(), "截止日期应在明天至"),
            ("document_no", "1", "请填写调查文书编号"),
            ("reader", "everybody", "没有找到该查阅人"),
            ("reason", "短", "请填写4至500个字的理由"),
        ):
            answer = await one.submit(page, f"{EXCLUSIONS}/ask", **{**sound, name: wrong})
            assert answer.status_code == 422 and said in answer.text, name
    said = await one.submit(page, f"{EXCLUSIONS}/ask", **sound)
    assert "等待另一人复核" in said.text and ZHANG not in said.text and ZHANG not in str(said.url)
    assert await owner.fetchval("SELECT count(*) FROM access_exclusion") == 0
    approval = await owner.fetchval("SELECT approval_id FROM approval")
    own = await one.open(f"/backoffice/approvals/{approval}")
    assert "同意并执行" not in own.text
    other = await as_role(owner, new_browser(), "zhao.gang", "audit_admin")
    assert "已同意" in (await agreed(other, owner)).text
    listed = await one.open(EXCLUSIONS)
    assert "京检调2026-17" in listed.text and "不展示中" in listed.text and "张*" in listed.text


async def test_rules_of_unmasking_are_set_by_two_security_administrators(
    new_browser: NewBrowser, owner: asyncpg.Connection
) -> None:
    one = await as_role(owner, new_browser(), "li.min", "security_admin")
    page = await one.open(RULES)
    assert page.text.count("不限") >= 4
    sound = {"role": "service_desk", "reveals_per_day": "20", "reason": "窗口业务量核定"}
    async with nothing_changed():
        for name, wrong in (
            ("role", "audit_admin"),
            ("reveals_per_day", "-1"),
            ("reveals_per_day", "1e3"),
            ("reason", ""),
        ):
            answer = await one.post(f"{RULES}/ask", {**one.csrf, **sound, name: wrong})
            assert answer.status_code == 422, name
    said = await one.post(f"{RULES}/ask", {**one.csrf, **sound})
    assert "等待另一人复核" in said.text
    other = await as_role(owner, new_browser(), "zhao.gang", "security_admin")
    await agreed(other, owner)
    assert "20 次" in (await other.open(RULES)).text
    assert await owner.fetchval("SELECT reveals_per_day FROM reveal_rule WHERE role = 'service_desk'") == 20


@pytest_asyncio.fixture
async def granted(owner: asyncpg.Connection, database_url: str, clock: city.Clock) -> AsyncIterator[int]:
    """A party with a standing grant in an employer's name; the employer's number."""
    now = clock.now
    await publish_folders(database_url, [partners.FOLDER], now=now)
    admitting.forget()
    await owner.execute(
        "INSERT INTO registered_service (service, name, description, state, changed_at)"
        " VALUES ('bank_kiosk', '单位对账', '单位汇缴对账', 'approved', $1)",
        now,
    )
    await owner.execute(
        "INSERT INTO third_party (partner_id, code, name, uscc, contact, state, changed_at)"
        " VALUES (7, 'agency', '演示代理公司', '91110000MA0DEM09XX', '业务部', 'connected', $1)",
        now,
    )
    await owner.execute(
        "INSERT INTO service_grant (grant_id, partner_id, service, documents, field_scopes, purpose, purpose_text,"
        " represents, calls_per_day, points_per_day, ends_at, sandbox, state, changed_at)"
        " VALUES (70, 7, 'bank_kiosk', '{KioskBalance}', '{Account.balance}', 'statements', '代为查询汇缴书',"
        " 'employer', 10, 10, $2, false, 'connected', $1)",
        now,
        now + timedelta(days=200),
    )
    yield int(await owner.fetchval("SELECT min(employer_no) FROM employer"))
    admitting.forget()


async def test_an_employers_paper_becomes_a_delegation_and_ends(
    new_browser: NewBrowser, owner: asyncpg.Connection, granted: int, clock: city.Clock
) -> None:
    desk = await as_role(owner, new_browser(), "li.min", "service_desk")
    unknown = await desk.open(f"{DELEGATIONS}?employer_no=99")
    assert unknown.status_code == 422 and "没有找到该单位" in unknown.text
    page = await desk.open(f"{DELEGATIONS}?employer_no={granted}")
    assert "没有委托任何第三方" in page.text and "演示代理公司" in page.text
    sound = {
        "employer_no": str(granted),
        "offer": "agency/statements",
        "scope": "read",
        "endsOn": (clock.now + timedelta(days=90)).date().isoformat(),
        "paper_no": "WT-2026-0017",
    }
    async with nothing_changed():
        for name, wrong in (
            ("offer", "agency/other"),
            ("offer", "nobody/statements"),
            ("offer", ""),
            ("endsOn", "2020-01-01"),
            ("endsOn", ""),
            ("paper_no", "1"),
            ("employer_no", "99"),
        ):
            answer = await desk.post(f"{DELEGATIONS}/take", {**desk.csrf, **sound, name: wrong})
            assert answer.status_code == 422, (name, wrong)
        assert (await desk.post(f"{DELEGATIONS}/take", {**desk.csrf, **sound, "scope": "all"})).status_code == 400
    taken = await desk.post(f"{DELEGATIONS}/take", {**desk.csrf, **sound})
    assert "委托已登记" in taken.text and "WT-2026-0017" in taken.text and "仅查询" in taken.text
    again = await desk.post(f"{DELEGATIONS}/take", {**desk.csrf, **sound})
    assert again.status_code == 422 and "已有有效委托" in again.text
    assert await owner.fetchval("SELECT count(*) FROM delegation") == 1
    reference = await owner.fetchval("SELECT reference FROM delegation")
    end = {"employer_no": str(granted), "reference": reference, "reason": "单位来函终止"}
    for name, wrong in (("reason", "短"), ("reference", "dlg_" + "x" * 22), ("employer_no", "99")):
        assert (await desk.post(f"{DELEGATIONS}/end", {**desk.csrf, **end, name: wrong})).status_code == 422
    assert await owner.fetchval("SELECT revoked_at FROM delegation") is None
    assert "委托已终止" in (await desk.post(f"{DELEGATIONS}/end", {**desk.csrf, **end})).text
    actions = await owner.fetch("SELECT action FROM audit_event WHERE action LIKE 'delegation.%' ORDER BY at, event_id")
    assert [row["action"] for row in actions] == ["delegation.given", "delegation.revoked"]


@pytest.mark.parametrize("path", [EXCLUSIONS, RULES, DELEGATIONS])
async def test_each_desk_is_closed_to_the_others(
    new_browser: NewBrowser, owner: asyncpg.Connection, granted: int, path: str
) -> None:
    stranger = await as_role(owner, new_browser(), "sun.cai", "finance")
    assert (await stranger.open(path)).status_code == 403
    work = {EXCLUSIONS: "ask", RULES: "ask", DELEGATIONS: "take"}[path]
    async with nothing_changed():
        assert (await stranger.post(f"{path}/{work}", {**stranger.csrf, "role": "service_desk"})).status_code == 403


async def test_who_stands_in_a_list_is_told_of_it_once(
    new_browser: NewBrowser, owner: asyncpg.Connection, clock: city.Clock
) -> None:
    case = await city.apply("zhang", clock.now)
    reviewer = new_browser()
    await reviewer.sign_in("li.min")
    for _ in range(2):
        assert case.case_no in (await reviewer.open("/backoffice/cases")).text
    rows = await owner.fetch("SELECT person_id, reader_title, purpose, what FROM record_access")
    assert [(row["person_id"], row["reader_title"], row["purpose"]) for row in rows] == [
        (case.person_id, "初审人员", "审核队列")
    ]
    assert await owner.fetchval("SELECT count(*) FROM audit_event WHERE action = 'person.listed'") == 2
    chief = new_browser()
    await chief.sign_in("zhao.gang")
    exported = await chief.post("/backoffice/cases/export", chief.csrf)
    assert case.case_no in exported.text
    purposes = await database.rows("SELECT purpose FROM record_access ORDER BY at, access_id")
    assert [row["purpose"] for row in purposes] == ["审核队列", "导出审核队列"]
