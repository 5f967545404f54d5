"""A certificate over every door: asked for on the employer's page, decided by two at the desk, fetched on the page and
through GraphQL, verified by a stranger, revoked; and a citizen's own."""

from __future__ import annotations

import base64
import re
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backoffice.forms import csrf_token
from backoffice.services import SESSION_COOKIE
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from ops.demo.login import agent_token
from tests.city import ApiClient, Enter, RunningHouse, staff_sign_in
from tests.journeys.test_employer_page import EMPLOYER, _browser, _form
from tests.settlement.world import key

pytestmark = [pytest.mark.journey, pytest.mark.requirement("R04.2")]
DESK = "/backoffice/collection"


async def _desk(running: RunningHouse, login: str, ahead: int) -> tuple[httpx.AsyncClient, dict[str, str]]:
    cookie = (await staff_sign_in(login, now=running.clock() + timedelta(seconds=ahead))).cookie
    desk = httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}, timeout=20)
    return desk, {"csrf": csrf_token(cookie), "employer_no": str(EMPLOYER)}


async def test_a_certificate_over_every_door(running: RunningHouse) -> None:
    month = YearMonth.of(business_date_of(running.clock())).minus(months=1)
    await database.execute(
        "UPDATE employer_account SET paid_through_period = $2 WHERE employer_no = $1", EMPLOYER, month.period
    )
    async with aclosing(await _browser(running)) as browser:
        page = await browser.get("/employer/papers")
        form = {**_form(page.text), "kind": "listing_certificate", "until": str(month)}
        short = await browser.post(
            "/employer/papers", data={**form, "start": str(month), "purpose": "无"}, files={"file": b""}
        )
        assert short.status_code == 422 and "请填写用途" in short.text
        sent = {**form, "start": str(month), "purpose": "首次公开发行股票申报", "request_key": key()}
        asked = await browser.post("/employer/papers", data=sent, files={"file": b""})
        assert asked.status_code == 303, asked.text
        matter_no = await database.value("SELECT matter_no FROM employer_matter WHERE employer_no = $1", EMPLOYER)
        assert matter_no in (await browser.get("/employer/papers")).text

        for login, step, ahead in (("li.min", "pass", 30), ("wang.fang", "approve", 60)):
            desk, common = await _desk(running, login, ahead)
            async with aclosing(desk):
                decided = await desk.post(
                    f"{DESK}/decide", data={**common, "matter_no": matter_no, "step": step, "request_key": key()}
                )
                assert decided.headers.get("location", "").endswith("done=decided"), decided.text
        listed = await browser.get("/employer/papers")
        (path,) = re.findall(r'href="(/employer/papers/HG\d+\.pdf)"', listed.text)
        file = await browser.get(path)
        assert file.content.startswith(b"%PDF-") and file.headers["content-type"] == "application/pdf"
    client = ApiClient(
        running.base_url, await agent_token(base_url=running.base_url, key="zheng_tao", employer_no=EMPLOYER)
    )
    (shown,) = (await client.data("{ employerPapers { paperNo verificationCode stateName content } }"))[
        "employerPapers"
    ]
    assert base64.b64decode(shown["content"]) == file.content
    await _verified_and_revoked(running, shown, file.content)


async def _verified_and_revoked(running: RunningHouse, shown: dict[str, Any], content: bytes) -> None:
    number, code = shown["paperNo"], shown["verificationCode"]
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as stranger:
        scanned = await stranger.get(f"/verify/{number}", params={"code": code})
        assert scanned.status_code == 200 and "文书真实有效" in scanned.text and "北京晨曦科技有限公司" in scanned.text
        wrong = await stranger.get(f"/verify/{number}", params={"code": "AAAAAAAA"})
        assert wrong.status_code == 404 and "北京晨曦科技有限公司" not in wrong.text
        typed = {"paper_no": number.lower(), "code": f" {code[:4]} {code[4:]}"}
        same = await stranger.post("/verify", data=typed, files={"file": ("a.pdf", content)})
        assert "文件未被改动" in same.text
        changed = await stranger.post("/verify", data=typed, files={"file": ("a.pdf", content + b" ")})
        assert "与本中心出具的不一致" in changed.text
        huge = await stranger.post("/verify", data=typed, files={"file": ("a.pdf", b"x" * (5 * 1024 * 1024))})
        assert huge.status_code == 413
        desk, common = await _desk(running, "zhao.gang", 90)
        async with aclosing(desk):
            page = await desk.get(f"{DESK}/papers", params={"employer_no": str(EMPLOYER)})
            assert page.status_code == 200 and number in page.text
            copied = await desk.post(f"{DESK}/papers/file", data={**common, "paper_no": number})
            assert copied.content == content
            refused = await desk.post(f"{DESK}/papers/revoke", data={**common, "paper_no": number, "reason": "误"})
            assert refused.status_code == 422 and "4至200个字" in refused.text
            given = {**common, "paper_no": number, "reason": "缴存记录更正"}
            assert (await desk.post(f"{DESK}/papers/revoke", data=given)).status_code == 303
        revoked = await stranger.get(f"/verify/{number}", params={"code": code})
        assert "该文书已撤销" in revoked.text


_ISSUE = """mutation($input: IssueContributionCertificateInput!) { issueContributionCertificate(input: $input) {
  paper { paperNo title content } userErrors { code field } } }"""


async def test_a_citizen_has_a_certificate_made(running: RunningHouse, citizen_client: Enter) -> None:
    client = await citizen_client("zhang_wei")
    account = (await client.data("{ accounts { accountNo } }"))["accounts"][0]["accountNo"]
    given = {"accountNo": account, "requestKey": "certificate-1"}
    made = (await client.data(_ISSUE, {"input": given}))["issueContributionCertificate"]
    assert made["userErrors"] == [] and base64.b64decode(made["paper"]["content"]).startswith(b"%PDF-")
    assert [one["paperNo"] for one in (await client.data("{ papers { paperNo } }"))["papers"]] == [
        made["paper"]["paperNo"]
    ]
    for foreign in ("801000000009", "x", "9" * 40):
        given = {"accountNo": foreign, "requestKey": f"foreign-{len(foreign)}"}
        refused = (await client.data(_ISSUE, {"input": given}))["issueContributionCertificate"]
        assert [one["code"] for one in refused["userErrors"]] == ["account.not_found"], refused
