"""An employer's own matters by its agent: on the page and through GraphQL; and an employer registered on the portal."""

from __future__ import annotations

import base64
import re
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from auth import registering
from auth.agent_web import REGISTERING_COOKIE
from auth.corporate_ports import CorporateClaims
from domain.contributions import NOTICE_VERSION
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from ops.demo.login import agent_token
from tests.city import ApiClient, RunningHouse
from tests.contributions.world import id_card
from tests.journeys.test_employer_page import EMPLOYER, _browser, _form
from tests.settlement.world import key

pytestmark = pytest.mark.journey
HERE = "/employer/settings"
RESOLUTION = {"file": ("决议.pdf", b"%PDF-1.7 resolution")}
NONE = {"file": ("", b"")}


@pytest.mark.requirement("R01.6", "R02.6", "R11.2")
async def test_an_agent_changes_the_employer_on_the_page(running: RunningHouse) -> None:
    due = YearMonth.of(business_date_of(running.clock()))
    async with aclosing(await _browser(running)) as browser:
        page = await browser.get(HERE)
        assert page.status_code == 200 and "开通委托收款缴纳住房公积金告知单" in page.text

        async def send(act: str, files: Any = NONE, **fields: str) -> httpx.Response:
            hidden = {**_form(page.text, "information"), "request_key": key(), "act": act}
            return await browser.post(HERE, data={**hidden, **fields}, files=files)

        same = await send("information", phone="abc")
        assert same.status_code == 422 and "联系电话格式不正确" in same.text and "abc" in same.text
        assert (await send("information", phone="010-12345678", pay_day="15")).status_code == 303
        account = {"bank_code": "102", "account_no": "0200001009000000001", "day": "20",
                   "account_name": "北京晨曦科技有限公司", "notice_version": NOTICE_VERSION}  # fmt: skip
        unread = await send("collection", **account)
        assert unread.status_code == 422 and "请阅读后勾选同意" in unread.text
        assert (await send("collection", **account, agreed="yes")).status_code == 303
        assert (await send("rate", rate="13")).status_code == 422
        assert (await send("rate", rate="一成")).status_code == 422
        bare = await send("deferral", from_month=str(due), until_month=str(due))
        assert bare.status_code == 422 and "决议" in bare.text
        asked = await send("deferral", RESOLUTION, from_month=str(due), until_month=str(due))
        assert asked.status_code == 303, asked.text
        shown = await browser.get(asked.headers["location"])
        (matter_no,) = re.findall(r'name="matter_no" value="(\w+)"', shown.text)
        assert "待受理" in shown.text and "6222" not in shown.text and "0200001009000000001" not in shown.text
        assert (await send("withdraw", matter_no=matter_no, reason="改为下月")).status_code == 303
        closure = await send("closure", RESOLUTION, paper_kind="union_resolution", reason="解散")
        assert closure.status_code == 422 and "单位销户须上传" in closure.text
        forged = await send("information", phone="010-00000000", token="x")
        assert forged.status_code == 422 and "页面已过期" in forged.text
    row = await database.row(
        "SELECT phone, pay_day, payment_method, collection_notice FROM employer_account WHERE employer_no = $1",
        EMPLOYER,
    )
    assert row is not None and tuple(row.values()) == ("010-12345678", 15, "entrusted_collection", NOTICE_VERSION)
    states = await database.rows("SELECT kind, state FROM employer_matter ORDER BY kind")
    assert [tuple(one.values()) for one in states] == [
        ("deferral", "withdrawn"), ("entrusted_collection", "done"), ("information", "done"),
    ]  # fmt: skip


def _mutation(name: str, type_: str) -> str:
    return (
        f"mutation($input: {type_}!) {{ {name}(input: $input)"
        " { matter { matterNo kindName state } userErrors { code field } } }"
    )


async def test_the_same_through_graphql(running: RunningHouse) -> None:
    client = ApiClient(
        running.base_url, await agent_token(base_url=running.base_url, key="zheng_tao", employer_no=EMPLOYER)
    )
    due = str(YearMonth.of(business_date_of(running.clock())))

    async def run(name: str, type_: str, **given: Any) -> tuple[str | None, list[str]]:
        answer = (await client.data(_mutation(name, type_), {"input": {**given, "requestKey": key()}}))[name]
        codes = [one["code"] for one in answer["userErrors"]]
        return (answer["matter"] or {}).get("state"), codes

    notice = (await client.data("{ collectionNotice { version title paragraphs } }"))["collectionNotice"]
    assert notice["version"] == NOTICE_VERSION and len(notice["paragraphs"]) == 4
    assert await run("changeEmployerInformation", "ChangeEmployerInformationInput", phone="010-12345678") == (
        "done",
        [],
    )
    empty = await run("changeEmployerInformation", "ChangeEmployerInformationInput")
    assert empty == (None, ["employer.change_empty"])
    assert await run("changeContributionRate", "ChangeRateInput", rate="0.08") == ("done", [])
    assert await run("changeContributionRate", "ChangeRateInput", rate="0.07") == (None, ["rate.once_a_year"])
    assert await run("changeContributionRate", "ChangeRateInput", rate="0.071234") == (None, ["rate.step"])
    cash = await run("changePaymentMethod", "ChangePaymentMethodInput", method="ENTRUSTED_COLLECTION")
    assert cash == (None, ["collection.not_open"])
    account = {"bankCode": "102", "accountNo": "0200001009000000001", "accountName": "北京晨曦科技有限公司", "day": 20}
    opening = ("openEntrustedCollection", "OpenEntrustedCollectionInput")
    assert await run(*opening, **account, noticeVersion="") == (None, ["collection.notice"])
    assert await run(*opening, **account, noticeVersion=NOTICE_VERSION) == ("done", [])
    paper = {"kind": "union_resolution", "name": "决议.pdf", "content": base64.b64encode(b"%PDF-1.7").decode()}
    term = {"kind": "DEFERRAL", "fromMonth": due, "untilMonth": due}
    spoilt = await run("applyForTerm", "ApplyForTermInput", **term, documents=[{**paper, "content": "***"}])
    assert spoilt == (None, ["document.type"])
    assert await run("applyForTerm", "ApplyForTermInput", **term, documents=[paper]) == ("submitted", [])
    assert await run("resumeContributions", "ResumeInput", fromMonth=due) == (None, ["term.none"])
    closing = await run("applyForClosure", "ApplyForClosureInput", reason="解散", documents=[])
    assert "closure.paper" in closing[1] and "closure.people" in closing[1]
    (waiting,) = [
        one
        for one in (await client.data("{ employer { matters { matterNo state } } }"))["employer"]["matters"]
        if one["state"] == "submitted"
    ]
    taken = await run("withdrawMatter", "WithdrawMatterInput", matterNo=waiting["matterNo"], reason="改为下月")
    assert taken == ("withdrawn", [])


CLAIMS = CorporateClaims(
    provider="beijing_legal_person",
    subject="corporate-registering",
    name="李样例",
    document_no=id_card(555),
    uscc="91110000600037341L",
    employer_name="北京样例科技有限公司",
    legal_representative=True,
    credential="business_licence",
    level=3,
)


@pytest.mark.requirement("R01.2")
async def test_an_employer_is_registered_by_its_representative(running: RunningHouse) -> None:
    ticket = await registering.offer(claims=CLAIMS)
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=20) as browser:
        turned_away = await browser.get("/employer/register")
        assert (turned_away.status_code, turned_away.headers["location"]) == (303, "/employer/enter")
        browser.cookies.set(REGISTERING_COOKIE, ticket)
        page = await browser.get("/employer/register")
        assert "北京样例科技有限公司" in page.text and CLAIMS.document_no not in page.text
        form = {**_form(page.text), "kind": "enterprise", "office_code": "0101", "rate": "12", "pay_day": "10"}
        form["first_month"] = str(YearMonth.of(business_date_of(running.clock())))
        wrong = await browser.post("/employer/register", data={**form, "pay_day": "40"}, files=NONE)
        assert wrong.status_code == 422 and "发薪日应为1至31日" in wrong.text
        # whatever the form says of name and code, the platform's word stands
        given = {**form, "request_key": key(), "uscc": "91110101MA0DEM00XL", "name": "他人"}
        done = await browser.post("/employer/register", data=given, files=NONE)
        assert (done.status_code, done.headers.get("location")) == (303, "/employer/"), done.text
        home = await browser.get("/employer/")
        assert home.status_code == 200 and "北京样例科技有限公司" in home.text
        browser.cookies.set(REGISTERING_COOKIE, ticket)
        assert (await browser.get("/employer/register")).status_code == 303, "the ticket is spent"
    row = await database.row("SELECT name, kind, state, office_code FROM employer WHERE uscc = $1", CLAIMS.uscc)
    assert row is not None and tuple(row.values()) == ("北京样例科技有限公司", "enterprise", "02", "0101")
