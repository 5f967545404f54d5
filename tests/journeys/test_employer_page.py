"""An employer's agent from the file to every account: on the page, and through GraphQL, over real HTTP."""

from __future__ import annotations

import io
import re
from contextlib import aclosing

import httpx
import openpyxl
import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from ops.demo.login import agent_token, citizen_token
from tests.city import ApiClient, RunningHouse
from tests.contributions.world import csv_file, id_card, name_of, row

pytestmark = pytest.mark.journey
EMPLOYER = 100001


async def _browser(running: RunningHouse, key: str = "zheng_tao") -> httpx.AsyncClient:
    """A browser in which the legal representative, or another agent, acts for the employer."""
    token = await citizen_token(base_url=running.base_url, key=key)
    browser = httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=20)
    opened = await browser.post(
        "/auth/employer/session",
        json={"employer_no": str(EMPLOYER)},
        headers={"Authorization": f"Bearer {token}", "X-HPF-Client": "tests", "Origin": running.base_url},
    )
    assert opened.status_code == 200, opened.text
    return browser


def _form(text: str, act: str = "") -> dict[str, str]:
    """The hidden fields of the form with this act, or of the first."""
    forms = re.findall(r"<form.*?</form>", text, re.S)
    chosen = next(one for one in forms if not act or f'name="act" value="{act}"' in one)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', chosen))


@pytest.mark.requirement("R01.4")
async def test_a_list_is_uploaded_submitted_drawn_and_paid(running: RunningHouse) -> None:
    due = YearMonth.of(business_date_of(running.clock()))
    browser = await _browser(running)
    async with aclosing(browser):
        home = await browser.get("/employer/")
        assert home.status_code == 200 and "北京晨曦科技有限公司" in home.text and str(due) in home.text
        content = csv_file("change", [row(901), row(902, base="1"), row(903)], encoding="gbk")
        answer = await browser.post(
            "/employer/lists",
            data={**_form(home.text), "kind": "change", "month": str(due)},
            files={"file": ("十一月.csv", content)},
        )
        assert answer.status_code == 303, answer.text
        path = answer.headers["location"]
        waiting = await browser.get(path)
        assert "校验中" in waiting.text and 'http-equiv="refresh"' in waiting.text
        await running.settle()
        checked = await browser.get(path)
        assert "待提交" in checked.text and "缴存基数低于下限" in checked.text and id_card(902) not in checked.text
        assert "办理后的影响" in checked.text and "增加2人" in checked.text
        refused = await browser.get(f"{path}/refused.csv")
        assert "缴存基数" in refused.text and refused.text.count("\r\n") == 1
        blocked = await browser.post(path, data=_form(checked.text, "submit"))
        assert blocked.status_code == 422 and "1行未通过校验" in blocked.text
        done = await browser.post(path, data={**_form(checked.text, "submit"), "accepted_only": "1"})
        assert done.status_code == 303
        await running.settle()
        assert "已办结" in (await browser.get(path)).text
        home = await browser.get("/employer/")
        drawn = await browser.post(
            "/employer/statements", data={**_form(home.text), "month": str(due), "method": "bank_transfer"}
        )
        assert drawn.status_code == 303, drawn.text
        statement_no = drawn.headers["location"].rpartition("/")[2]
        shown = await browser.get(drawn.headers["location"])
        assert "附言中写明" in shown.text and statement_no in shown.text
        book = await browser.get("/employer/inventory.xlsx", params={"from": str(due), "until": str(due)})
        sheet = openpyxl.load_workbook(io.BytesIO(book.content))[str(due)]
        assert statement_no in str(sheet["A1"].value) and sheet.max_row > 3 and id_card(901) not in str(book.content)
        none = await browser.get("/employer/inventory.xlsx", params={"from": "2019-01", "until": "2019-02"})
        assert none.status_code == 422 and "还没有汇缴书" in none.text
        changed = await browser.post(drawn.headers["location"], data={**_form(shown.text, "pay"), "method": "barter"})
        assert changed.status_code == 422
        forged = await browser.post(drawn.headers["location"], data={**_form(shown.text, "cancel"), "token": "x"})
        assert forged.status_code == 422 and "页面已过期" in forged.text
    standing = await contributions.standing_of(employer_no=EMPLOYER)
    assert standing.next_due == due
    assert (
        await database.value("SELECT state FROM remittance_statement WHERE statement_no = $1", statement_no) == "open"
    )


async def test_nobody_enters_without_acting_for_an_employer(running: RunningHouse) -> None:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as browser:
        for path in ("/employer/", "/employer/lists/QC1", "/employer/statements/HJ1"):
            answer = await browser.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/employer/enter")
        assert (await browser.get("/employer/enter")).status_code == 200
        assert (await browser.get("/employer/templates/change.csv")).text.startswith("\ufeff变更类型,")
        assert (await browser.get("/employer/templates/none.csv")).status_code == 404


_EMPLOYER = """{ employer { number name stateName nextMonth employerRate balance
  employees(first: 1) { totalCount edges { node { nameMasked monthly } } }
  lists(first: 1) { totalCount edges { node { listNo stateName rows { edges { node { rowNo problems { code } } } } } } }
  statements(first: 1) { edges { node { statementNo amount stateName } } } matters { kindName } } }"""
_ADD = """mutation($input: AddListRowsInput!) { addListRows(input: $input) {
  contributionList { listNo acceptedCount refusedCount effect { peopleAfter monthlyAfter payable } }
  rows { rowNo state problems { column code } }
  userErrors { code message } } }"""
_SUBMIT = """mutation($input: SubmitListInput!) { submitList(input: $input) {
  contributionList { stateName } userErrors { code } } }"""
_DRAW = """mutation($input: DrawStatementInput!) { drawStatement(input: $input) {
  statement { statementNo amount stateName personCount } userErrors { code } } }"""


async def test_the_same_through_graphql(running: RunningHouse) -> None:
    client = ApiClient(
        running.base_url, await agent_token(base_url=running.base_url, key="zheng_tao", employer_no=EMPLOYER)
    )
    due = str(YearMonth.of(business_date_of(running.clock())))
    found = (await client.data(_EMPLOYER))["employer"]
    assert (found["number"], found["nextMonth"], found["employerRate"]) == ("100001", due, "0.12")
    before = found["employees"]["totalCount"]
    rows = [
        {"action": "新开户", "documentNo": id_card(911), "name": name_of(911), "base": "10000"},
        {"action": "新开户", "documentNo": "110101199001011234", "name": "样例", "base": "10000"},
    ]
    given = {"kind": "CHANGE", "month": due, "rows": rows, "requestKey": "agent-rows-1"}
    added = (await client.data(_ADD, {"input": given}))["addListRows"]
    assert [one["state"] for one in added["rows"]] == ["accepted", "refused"]
    assert added["rows"][1]["problems"] == [{"column": "证件号码", "code": "row.document_no"}]
    list_no = added["contributionList"]["listNo"]
    assert added["contributionList"]["effect"]["peopleAfter"] == before + 1
    refused = (await client.data(_SUBMIT, {"input": {"listNo": list_no, "requestKey": "agent-submit-1"}}))["submitList"]
    assert [one["code"] for one in refused["userErrors"]] == ["list.has_refused"]
    submit = {"listNo": list_no, "acceptedOnly": True, "requestKey": "agent-submit-2"}
    assert (await client.data(_SUBMIT, {"input": submit}))["submitList"]["userErrors"] == []
    await running.settle()
    drawn = await client.data(_DRAW, {"input": {"month": due, "method": "CASH", "requestKey": "agent-draw-1"}})
    assert drawn["drawStatement"]["statement"]["personCount"] == before + 1
    found = (await client.data(_EMPLOYER))["employer"]
    assert found["employees"]["totalCount"] == before + 1
    assert found["lists"]["edges"][0]["node"]["stateName"] == "已办结"
    assert found["statements"]["edges"][0]["node"]["stateName"] == "待缴款"
