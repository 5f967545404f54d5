"""The list page embedded in e窗通's page: who may enter, once, who may embed it, and how little its session may do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from auth import entries
from auth.agent_web import AGENT_COOKIE
from channels.employer_portal.embedded import COOKIE, PREFIX, routes
from channels.exchange.simulator import PartnerSimulator
from channels.simulation import Faults
from domain import contributions
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from ops.demo.city import city
from tests.city import SECRET, RunningHouse
from tests.contributions.world import Registries, agent, csv_file, id_card, name_of, row
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R01.4")
EMPLOYER, USCC = 100001, "91110101MA0DEM00XL"


def partner(running: RunningHouse) -> PartnerSimulator:
    """e窗通's server."""
    return PartnerSimulator(
        source="ewindow", url=running.base_url, app="ewindow", secret=SECRET.encode(), faults=Faults(),
        clock=running.clock,
    )  # fmt: skip


async def ticket(running: RunningHouse, key: str = "zhang_wei", uscc: str = USCC, **changes: str) -> dict[str, Any]:
    citizen = city().citizens[key]
    asked = {"uscc": uscc, "agentName": citizen.name, "documentType": "01", "documentNo": citizen.document_no}
    return await partner(running).entry(**{**asked, **changes})


@pytest_asyncio.fixture
async def frame(running: RunningHouse) -> AsyncIterator[httpx.AsyncClient]:
    """What the browser's frame does: its own cookies, no others."""
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=20) as client:
        yield client


async def entered(running: RunningHouse, frame: httpx.AsyncClient, key: str = "zhang_wei") -> httpx.Response:
    given = await ticket(running, key)
    assert given["code"] == "0", given
    answer = await frame.post(f"{PREFIX}/enter", data={"ticket": given["ticket"]})
    assert answer.status_code == 303, answer.text
    return answer


def form(text: str, act: str = "", action: str = "") -> dict[str, str]:
    found = re.findall(r"<form.*?</form>", text, re.S)
    chosen = next(
        one for one in found if (not act or f'name="act" value="{act}"' in one) and (not action or action in one)
    )
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', chosen))


@pytest.mark.requirement("R01.5")
async def test_rows_are_added_one_by_one_and_by_file_and_tagged(
    running: RunningHouse, frame: httpx.AsyncClient
) -> None:
    await entered(running, frame)
    home = await frame.get(f"{PREFIX}/")
    assert home.status_code == 200 and "北京晨曦科技有限公司" in home.text and "<header" not in home.text
    one = {"action": "新开户", "document_type": "01", "document_no": id_card(901), "name": name_of(901), "base": "9000"}
    added = await frame.post(f"{PREFIX}/rows", data={**form(home.text, action=f"{PREFIX}/rows"), **one})
    assert added.status_code == 303, added.text
    path = added.headers["location"]
    page = await frame.get(path)
    assert "待提交" in page.text and id_card(901) not in page.text
    second = {**one, "document_no": "123456", "name": name_of(902)}
    await frame.post(
        f"{PREFIX}/rows", data={**form(home.text, action=f"{PREFIX}/rows"), **second, "request_key": "k" * 12}
    )
    page = await frame.get(path)
    assert "证件号码" in page.text and "未通过1行" in page.text
    blocked = await frame.post(path, data=form(page.text, "submit"))
    assert blocked.status_code == 422 and "1行未通过校验" in blocked.text
    removed = await frame.post(path, data={**form(page.text, "remove"), "row_no": "2"})
    assert removed.status_code == 303
    done = await frame.post(path, data=form((await frame.get(path)).text, "submit"))
    assert done.status_code == 303, done.text
    await running.settle()
    assert "已办结" in (await frame.get(path)).text
    listed = await database.row("SELECT mark, channel, list_no FROM contribution_list")
    assert listed is not None and (listed["mark"], listed["channel"]) == ("ewindow", "ewindow")
    record = await database.row("SELECT * FROM exchange_record")
    assert record is not None and (record["kind"], record["state"], record["message_no"]) == (
        "list_page", "done", listed["list_no"],
    )  # fmt: skip
    assert (record["done_count"], record["employer_no"], record["told_at"]) == (1, EMPLOYER, None)
    home = await frame.get(f"{PREFIX}/")
    sent = await frame.post(
        f"{PREFIX}/lists",
        data=form(home.text, action=f"{PREFIX}/lists"),
        files={"file": ("a.csv", csv_file("change", [row(903)]))},
    )
    assert sent.status_code == 303, sent.text
    await running.settle()
    page = await frame.get(sent.headers["location"])
    cancelled = await frame.post(sent.headers["location"], data={**form(page.text, "cancel"), "reason": "改为逐行填报"})
    assert cancelled.status_code == 303
    await running.settle()
    states = await database.rows("SELECT state FROM exchange_record ORDER BY received_at")
    assert [one["state"] for one in states] == ["done", "refused"]


async def test_only_the_configured_origin_may_embed_it(running: RunningHouse, frame: httpx.AsyncClient) -> None:
    answer = await entered(running, frame)
    cookie = answer.headers["set-cookie"]
    assert f"Path={PREFIX}" in cookie and "HttpOnly" in cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as forgetful:
        dropped = await forgetful.get(answer.headers["location"])
        assert dropped.status_code == 401 and "允许本站的Cookie" in dropped.text
    origin = running.simulators_url
    pages = [answer, await frame.get(f"{PREFIX}/"), await frame.get(f"{PREFIX}/lists/none")]
    pages.append(await frame.get(f"{PREFIX}/enter"))
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors {origin}") and "*" not in policy
        assert page.headers["x-frame-options"] == f"ALLOW-FROM {origin}"
        assert page.headers["cache-control"] == "no-store"
    # the employer's own pages are embedded nowhere
    other = await frame.get("/employer/enter")
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]
    assert other.headers["x-frame-options"] == "DENY"


def test_without_an_origin_there_is_no_such_page_and_over_tls_the_cookie_goes_into_frames() -> None:
    def clock() -> Any:
        raise AssertionError("nobody asks")

    given: dict[str, Any] = {"clock": clock, "registries": Registries()}
    assert routes(**given, origin=None, cookie_secure=True) == []
    pages = routes(**given, origin="https://ct.example.cn", cookie_secure=True)[0].endpoint.__self__  # type: ignore[attr-defined]
    assert pages._cookie("x").endswith("; HttpOnly; Secure; SameSite=None; Partitioned")


async def test_a_ticket_opens_once(running: RunningHouse, frame: httpx.AsyncClient) -> None:
    given = await ticket(running)
    assert given["action"] == f"{running.base_url}{PREFIX}/enter"
    both = await asyncio.gather(
        *(entries.enter(ticket=given["ticket"], device="t", now=running.clock()) for _ in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Refused) for one in both) == 1
    again = await frame.post(f"{PREFIX}/enter", data={"ticket": given["ticket"]})
    assert again.status_code == 403 and "已使用或已过期" in again.text and COOKIE not in frame.cookies
    assert await database.value("SELECT count(*) FROM login_session WHERE channel = 'ewindow'") == 1
    kept = await database.row("SELECT * FROM entry_ticket")
    assert kept is not None and given["ticket"].encode() not in kept["ticket_hash"]


@pytest.mark.parametrize("wrong", ["", "x", "a.b", "cut", "longer", "中文.票据", "late"])
async def test_a_ticket_that_is_late_cut_or_not_ours_opens_nothing(
    running: RunningHouse, frame: httpx.AsyncClient, wrong: str
) -> None:
    given = (await ticket(running))["ticket"]
    sent = {"cut": given[:-1], "longer": given + "0", "late": given}.get(wrong, wrong)
    if wrong == "late":
        running.clock.advance(seconds=121)
    answer = await frame.post(f"{PREFIX}/enter", data={"ticket": sent})
    assert answer.status_code == 403 and COOKIE not in frame.cookies
    assert await database.value("SELECT count(*) FROM login_session WHERE channel = 'ewindow'") == 0
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'entry.refused'") == 1


async def test_by_get_with_a_huge_body_or_without_a_session_nothing_opens(
    running: RunningHouse, frame: httpx.AsyncClient
) -> None:
    async with nothing_changed():
        assert (await frame.get(f"{PREFIX}/enter")).status_code == 405
        assert (await frame.post(f"{PREFIX}/enter", data={"ticket": "x" * 3_000})).status_code == 400
        for path in ("/", "/lists/QC1"):
            gone = await frame.get(f"{PREFIX}{path}")
            assert gone.status_code == 401 and "在e窗通中重新进入" in gone.text
        assert (await frame.post(f"{PREFIX}/rows", data={"action": "封存"})).status_code == 401


async def test_its_session_is_for_this_employers_lists_and_nothing_else(
    running: RunningHouse, frame: httpx.AsyncClient
) -> None:
    # appointed for everything
    await entered(running, frame, "zheng_tao")
    cookie = frame.cookies[COOKIE]
    actor = await entries.actor_of(cookie=cookie, now=running.clock())
    assert actor is not None and (actor.employer_no, actor.scopes, actor.channel) == (
        EMPLOYER, frozenset({"lists"}), "ewindow",
    )  # fmt: skip
    headers = {"X-HPF-Client": "tests", "Origin": running.base_url}
    async with httpx.AsyncClient(
        base_url=running.base_url, trust_env=False, cookies={AGENT_COOKIE: cookie}, headers=headers
    ) as thief:
        assert (await thief.get("/employer/")).headers["location"] == "/employer/enter"
        assert (await thief.post("/auth/employer/token", json={})).status_code == 401
    for path in ("/employer/", "/employer/statements/HJ1"):
        assert (await frame.get(path)).headers["location"] == "/employer/enter"
    # a cookie of the portal is none of the embedded page
    assert await entries.actor_of(cookie="x" * 43, now=running.clock()) is None
    # back payments and new bases are not shown here
    opened = await contributions.receive_list_file(
        actor=agent(), employer_no=EMPLOYER, kind="back_payment", month=None, file_name="b.csv",
        content=csv_file("back_payment", [{"document_no": id_card(1), "name": "样例甲", "month": "2026-01"}]),
        request_key="k" * 12, now=running.clock(), business_date=business_date_of(running.clock()),
    )  # fmt: skip
    shown = await frame.get(f"{PREFIX}/lists/{opened.list_no}")
    assert shown.status_code == 422 and opened.list_no not in shown.text


async def test_a_form_of_another_session_and_unknown_acts_change_nothing(
    running: RunningHouse, frame: httpx.AsyncClient
) -> None:
    await entered(running, frame)
    home = await frame.get(f"{PREFIX}/")
    given = form(home.text, action=f"{PREFIX}/rows")
    row_given = {"action": "新开户", "document_no": id_card(905), "name": name_of(905), "base": "9000"}
    for broken in ({**given, "token": "x"}, {"request_key": "k" * 12}):
        answer = await frame.post(f"{PREFIX}/rows", data={**broken, **row_given})
        assert answer.status_code == 422 and "页面已过期" in answer.text
    assert await database.value("SELECT count(*) FROM contribution_list") == 0
    path = (await frame.post(f"{PREFIX}/rows", data={**given, **row_given})).headers["location"]
    page = await frame.get(path)
    for act, row_no in (("fly", ""), ("remove", "99"), ("remove", "x"), ("cancel", "")):
        answer = await frame.post(path, data={**form(page.text, "cancel"), "act": act, "reason": "", "row_no": row_no})
        assert answer.status_code == 422
    assert await database.value("SELECT state FROM contribution_list") == "checked"


async def test_once_the_appointment_ends_so_does_the_session(running: RunningHouse, frame: httpx.AsyncClient) -> None:
    await entered(running, frame)
    await database.execute("UPDATE employer_agent SET valid_to = valid_from - 1 WHERE employer_no = $1", EMPLOYER)
    assert (await frame.get(f"{PREFIX}/")).status_code == 401
    assert (await ticket(running))["code"] == "agent.not_appointed"


@pytest.mark.requirement("R01.3")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"uscc": "91110000600037341L"}, "entry.employer"),
        ({"agentName": "别人"}, "agent.not_appointed"),
        ({"documentNo": "110101199001011237"}, "agent.not_appointed"),
        ({"uscc": "91110108MA0DEM03XW"}, "agent.not_appointed"),
        ({"documentType": ""}, "1"),
        ({"agentName": "x\ny"}, "1"),
    ],
)
async def test_no_ticket_for_others(running: RunningHouse, changes: dict[str, str], code: str) -> None:
    answer = await ticket(running, **changes)
    assert answer["code"] == code and answer["message"] and "ticket" not in answer
    assert await database.value("SELECT count(*) FROM entry_ticket") == 0


async def test_no_ticket_for_those_who_are_no_enterprise_or_not_appointed_for_lists(running: RunningHouse) -> None:
    await database.execute("UPDATE employer_agent SET scopes = '{payments}' WHERE employer_no = $1", EMPLOYER)
    assert (await ticket(running))["code"] == "agent.not_appointed"
    await database.execute("UPDATE employer_agent SET scopes = '{lists}' WHERE employer_no = $1", EMPLOYER)
    await database.execute("UPDATE employer SET kind = 'government' WHERE employer_no = $1", EMPLOYER)
    assert (await ticket(running))["code"] == "entry.employer"
    assert await database.value("SELECT count(*) FROM entry_ticket") == 0
