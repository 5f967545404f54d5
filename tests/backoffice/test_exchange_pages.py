"""数据交换 at the desk and for the employer: from a push to its result, over the whole house."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser as Chromium
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from backoffice.services import SESSION_COOKIE
from domain.kernel import database
from ops.demo.city import city
from tests.backoffice.funds_city import SignedIn, desks, said  # noqa: F401
from tests.backoffice.test_browser import chromium, fits  # noqa: F401
from tests.backoffice.test_exports import sheet_of
from tests.city import EnterAsAgent, RunningHouse, staff_sign_in
from tests.contributions.world import id_card, name_of
from tests.exchange.world import NOTICE, USCC
from tests.loopback import serve

pytestmark = pytest.mark.requirement("R01.5")
PATH = "/backoffice/exchange"
SUPERVISOR, FIRST, LIMITED = "zhao.gang", "li.min", "dong.cheng"
HAIDIAN = "91110108MA0DEM03XW"


async def pushed(running: RunningHouse, source: str, kind: str, body: dict[str, Any], *, uscc: str = USCC) -> str:
    """Tells the simulator to push; the message's number."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{running.simulators_url}/_sim/{source}/push", json={"kind": kind, "uscc": uscc, "body": body}
        )
    (said_back,) = answer.json()
    assert said_back["code"] == "0", said_back
    return str(said_back["messageNo"])


def adding(*numbers: int, base: str = "9000") -> dict[str, Any]:
    rows = [
        {"action": "add", "documentType": "01", "documentNo": id_card(n), "name": name_of(n), "base": base}
        for n in numbers
    ]
    return {"rows": rows}


def account(name: str) -> dict[str, Any]:
    return {
        "bankCode": "102", "accountNo": "6222000011112222", "accountName": name, "deductionDay": 15,
        "noticeVersion": NOTICE,
    }  # fmt: skip


async def some_business(running: RunningHouse) -> str:
    """Three pushes of two sources about two employers; the number of the first."""
    number = await pushed(running, "ewindow", "employeeChanges", adding(901, 902))
    await pushed(running, "ewindow", "collectionAccount", account("别的单位"))
    await pushed(running, "social_security", "employeeChanges", adding(903, base="99999"), uscc=HAIDIAN)
    await running.settle()
    return number


@pytest.mark.requirement("R01.2")
@pytest.mark.requirement("R01.7")
async def test_a_push_is_found_drawn_and_exported(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    number = await some_business(running)
    desk = await desks(SUPERVISOR)
    page = await desk.open(PATH)
    assert page.status_code == 200 and "全部 <strong>3</strong> 条" in page.text
    assert "北京晨曦科技有限公司" in page.text and "户名应与单位名称一致" in page.text
    found = await desk.open(f"{PATH}?source=ewindow&kind=employee_changes&employer={USCC}&state=done&office=0101")
    assert "全部 <strong>1</strong> 条" in found.text
    by_name = await desk.open(f"{PATH}?employer=北京知行")
    assert "全部 <strong>1</strong> 条" in by_name.text and "社会保险" in by_name.text
    link = re.search(rf'href="({PATH}/[0-9]+)"', found.text)
    assert link is not None
    one = await desk.open(link[1])
    assert number in one.text and "新开户" in one.text and id_card(901) not in one.text and "回执" in one.text
    figures = await desk.open(f"{PATH}/figures")
    assert figures.text.count("<svg") == 3 and "东城管理部" in figures.text and "e窗通·委托收款账户" in figures.text
    assert "66.7%" in figures.text
    sheet = sheet_of(await desk.submit(await desk.open(PATH), f"{PATH}/export"))
    assert len(sheet) == 5 and {row[0] for row in sheet[1:4]} == {"e窗通", "社会保险"}
    drawn = sheet_of(await desk.submit(figures, f"{PATH}/figures/export"))
    assert drawn[1][:4] == ["全部", "全部", "3", "0"] and drawn[-1] == ["合计", "3条记录"]
    said_of = await database.rows(
        "SELECT action, count(*) AS n FROM audit_event WHERE action LIKE 'exchange.%' GROUP BY 1"
    )
    kept = {row["action"]: row["n"] for row in said_of}
    assert kept["exchange.read"] == 1 and kept["exchange.exported"] == 2 and kept["exchange.searched"] >= 4
    # the declared wage lay above our ceiling
    row = await database.row(
        "SELECT declared_fen, base_fen, determined_by FROM exchange_row WHERE declared_fen = 9999900"
    )
    assert row is not None and row["determined_by"] == "ceiling" and row["base_fen"] < 9_999_900
    # told back by themselves
    async with httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(f"{running.simulators_url}/_sim/ewindow/results")).json()
        metrics = (await client.get(f"{running.base_url}/metrics")).text
    assert (number, "done") in {(one["messageNo"], one["state"]) for one in told}
    assert 'hpf_exchange_open{what="waiting"} 0.0' in metrics


async def test_staff_see_the_records_of_their_departments(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await some_business(running)
    await database.execute("UPDATE staff SET office_codes = '{0108}' WHERE login = $1", FIRST)
    desk = await desks(FIRST)
    page = await desk.open(PATH)
    assert "全部 <strong>1</strong> 条" in page.text and USCC not in page.text and "东城管理部" not in page.text
    assert "export" not in page.text
    figures = await desk.open(f"{PATH}/figures")
    assert "海淀管理部" in figures.text and "东城管理部" not in figures.text
    other = await database.value("SELECT record_id FROM exchange_record WHERE uscc = $1 LIMIT 1", USCC)
    assert (await desk.open(f"{PATH}/{other}")).status_code == 404
    assert (await desk.open(f"{PATH}?office=0101")).status_code == 422
    refused = await desk.post(f"{PATH}/export", desk.csrf)
    assert refused.status_code == 403


async def test_wrong_questions_are_refused_and_administrators_see_nothing(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    desk = await desks(SUPERVISOR)
    for query in ("source=x", "kind=x", "state=x", "office=9", "month=2026-13", "from=2026-02-01&to=2026-01-01"):
        assert (await desk.open(f"{PATH}?{query}")).status_code == 422
        assert (await desk.open(f"{PATH}/figures?{query}")).status_code == 422
    assert (await desk.open(f"{PATH}?pages=xx")).status_code == 422
    for number in ("999999999999999999", "x", "9" * 30):
        assert (await desk.open(f"{PATH}/{number}")).status_code == 404
    empty = await desk.open(f"{PATH}?month=2020-01")
    assert "没有符合条件的交换记录" in empty.text
    for login in ("zhou.xitong", "zheng.shenji"):
        administrator = await desks(login)
        assert (await administrator.open(PATH)).status_code == 403


async def test_a_message_given_up_ends_its_record(running: RunningHouse) -> None:
    number = await pushed(running, "ewindow", "accountCancelled", {"accountNo": "6222000011112222"})
    await running.settle()
    running.clock.advance(days=4)
    await running.settle()
    row = await database.row("SELECT state, code, told_at FROM exchange_record WHERE message_no = $1", number)
    assert row is not None and (row["state"], row["code"]) == ("refused", "exchange.waited_in_vain")
    assert await database.value("SELECT state FROM inbound_message WHERE message_key = $1", number) == "quarantined"
    await running.settle()
    assert await database.value("SELECT told_at IS NOT NULL FROM exchange_record WHERE message_no = $1", number)


_RECORDS = """{ employerOrigin { code name } exchangeRecords(first: 1) { totalCount pageInfo { hasNextPage endCursor }
  edges { node { messageNo sourceName kind stateName month rowCount doneCount listNo } } }
  employer { lists(first: 5) { edges { node { listNo source } } } } }"""


@pytest.mark.requirement("R01.4")
async def test_the_employer_sees_where_its_records_came_from(running: RunningHouse, agent_client: EnterAsAgent) -> None:
    number = await some_business(running)
    client = await agent_client("zheng_tao", 100001)
    data = await client.data(_RECORDS)
    assert data["employerOrigin"] == {"code": "counter", "name": "管理部柜台"}
    assert data["exchangeRecords"]["totalCount"] == 2 and data["exchangeRecords"]["pageInfo"]["hasNextPage"]
    cursor = data["exchangeRecords"]["pageInfo"]["endCursor"]
    rest = await client.data(_RECORDS.replace("first: 1)", f'first: 1, after: "{cursor}")', 1))
    nodes = [edge["node"] for page in (data, rest) for edge in page["exchangeRecords"]["edges"]]
    own = next(node for node in nodes if node["messageNo"] == number)
    assert (own["sourceName"], own["kind"], own["stateName"], own["rowCount"], own["doneCount"]) == (
        "e窗通", "employee_changes", "已办结", 2, 2,
    )  # fmt: skip
    assert data["employer"]["lists"]["edges"][0]["node"] == {"listNo": own["listNo"], "source": "ewindow"}
    other = await agent_client("li_na", 100004)
    assert (await other.data(_RECORDS))["exchangeRecords"]["totalCount"] == 1


@pytest.mark.browser
async def test_the_pages_fit_and_the_list_page_is_shown_in_its_frame(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    chromium: Chromium,  # noqa: F811
    tmp_path: Path,
) -> None:
    await some_business(running)
    signed = await staff_sign_in(SUPERVISOR, now=running.clock())
    context = await chromium.new_context(base_url=running.base_url, java_script_enabled=False)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
    window = await context.new_page()
    record = await database.value("SELECT record_id FROM exchange_record WHERE kind = 'employee_changes' LIMIT 1")
    for name, path in (("list", PATH), ("figures", f"{PATH}/figures"), ("record", f"{PATH}/{record}")):
        await window.goto(path)
        await fits(window, tmp_path, f"exchange-{name}")
    await context.close()
    citizen = city().citizens["zhang_wei"]
    outside = await (await chromium.new_context()).new_page()
    complaints: list[str] = []
    outside.on("console", lambda told: complaints.append(told.text))
    where = f"uscc={USCC}&name={citizen.name}&document={citizen.document_no}"
    await outside.goto(f"{running.simulators_url}/ewindow/page?{where}")
    frame = outside.frame_locator("iframe")
    await frame.get_by_text("北京晨曦科技有限公司").wait_for()
    await outside.screenshot(path=tmp_path / "embedded-home.png")
    await frame.get_by_label("证件号码").fill(id_card(911))
    await frame.get_by_label("姓名").fill(name_of(911))
    await frame.get_by_label("缴存基数（元）").fill("9000")
    await frame.get_by_role("button", name="加入清册").click()
    await frame.get_by_role("button", name="提交办理").click()
    await frame.get_by_text("办理中").first.wait_for()
    await outside.screenshot(path=tmp_path / "embedded.png")
    assert not [one for one in complaints if "frame-ancestors" in one or "Refused" in one], complaints

    # in another site's frame it stays empty
    async def page_of_others(request: Request) -> HTMLResponse:
        return HTMLResponse(f'<iframe src="{running.base_url}/employer/embedded/enter"></iframe>')

    async with serve(Starlette(routes=[Route("/", page_of_others)])) as stranger:
        elsewhere = await outside.context.new_page()
        refused: list[str] = []
        elsewhere.on("console", lambda told: refused.append(told.text))
        await elsewhere.goto(stranger)
        await elsewhere.wait_for_load_state("networkidle")
        assert any("frame-ancestors" in one for one in refused), refused
        await outside.context.close()
    await running.settle()
    assert await database.value("SELECT state FROM exchange_record WHERE kind = 'list_page'") == "done"
