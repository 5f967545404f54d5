"""自助打印: each paper once, counted; power failures, printers without paper, double clicks, other people's papers."""

# ruff: noqa: F401, F811 -- fixtures are imported by name
from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from auth import kiosks, sessions
from channels.kiosk import SimulatedKiosk
from domain import withdrawals
from domain.kernel import database
from domain.withdrawals.papers import RECORD
from ops import worker
from tests.actions.test_apply import audited
from tests.actions.test_papers import printed
from tests.auth.test_kiosks import device, id_of, visit
from tests.backoffice.funds_city import SignedIn, desks
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories import rent
from tests.factories.people import account_no, staff

pytestmark = [pytest.mark.requirement("R12.1"), pytest.mark.requirement("D13")]

PAPERS = "{ printablePapers { paper title about state prints } }"
PRINT = """
mutation Print($input: PrintPaperInput!) { printPaper(input: $input) {
  print { paperNo count title content } userErrors { code message } } }
"""
REPORT = """
mutation Report($input: ReportPrintInput!) { reportPrint(input: $input) {
  papers { paper state prints } userErrors { code } } }
"""
ISSUE = """
mutation Issue($input: IssueContributionCertificateInput!) { issueContributionCertificate(input: $input) {
  paper { paperNo } userErrors { code } } }
"""


@dataclass
class Stand:
    """Somebody who stands at a kiosk."""

    client: ApiClient

    async def papers(self) -> dict[str, tuple[str, int]]:
        found = (await self.client.data(PAPERS))["printablePapers"]
        # the record of withdrawals is another area's matter, and to be had in every state
        told = [one for one in found if not one["paper"].endswith(f":{RECORD}")]
        return {one["paper"]: (one["state"], one["prints"]) for one in told}

    async def print(self, paper: str, key: str = "") -> dict[str, Any]:
        given = {"paper": paper, "requestKey": key or secrets.token_hex(8)}
        answer: dict[str, Any] = (await self.client.data(PRINT, {"input": given}))["printPaper"]
        return answer

    async def refused(self, paper: str, key: str = "") -> list[str]:
        return [one["code"] for one in (await self.print(paper, key))["userErrors"]]

    async def report(self, print: dict[str, Any], outcome: str = "PRINTED") -> list[str]:
        given = {"paperNo": print["paperNo"], "count": print["count"], "outcome": outcome}
        answer = await self.client.data(REPORT, {"input": {**given, "requestKey": secrets.token_hex(8)}})
        return [one["code"] for one in answer["reportPrint"]["userErrors"]]


async def at(running: RunningHouse, kiosk: SimulatedKiosk, key: str = "zhang_wei") -> Stand:
    status, told = await visit(running, kiosk, key)
    assert status == 200, told
    return Stand(ApiClient(running.base_url, told["access_token"]))


async def test_a_receipt_is_printed_once_and_is_in_the_register(running: RunningHouse, device: SimulatedKiosk) -> None:
    case = await rent.paid(running, "zhang_wei")
    stand, paper = await at(running, device), f"case:{case.case_no}:receipt"
    assert await stand.papers() == {paper: ("ready", 0)}
    key = secrets.token_hex(8)
    first = (await stand.print(paper, key))["print"]
    assert base64.b64decode(first["content"]).startswith(b"%PDF") and first["count"] == 1
    assert (await stand.print(paper, key))["print"] == first, "an answer that was lost is the same print"
    assert await stand.refused(paper) == ["withdrawal.kiosk_printing"], "a second click prints nothing"
    assert await stand.report(first) == [] and await stand.report(first) == [], "told twice"
    assert await stand.report(first, "JAM") == ["withdrawal.kiosk_reported"]
    assert await stand.papers() == {paper: ("printed", 1)}
    assert await stand.refused(paper) == ["withdrawal.kiosk_printed"]
    assert await stand.refused(paper, key) == ["withdrawal.kiosk_printed"], "its old key prints nothing either"
    [line] = await withdrawals.prints_of(case=case)
    assert (line.print_no, line.printer_name, line.office_code) == (1, f"自助终端{device.device_no}", "0101")
    assert {("paper.printed", "done")} <= set(await audited(f"case:{case.case_no}"))
    assert ("paper.print_reported", "done") in await audited(f"paper:{first['paperNo']}")
    # the counter prints it again with a reason, and counts on
    await printed(running, case, "receipt", reason="申请人遗失")
    assert await stand.papers() == {paper: ("printed", 2)}


async def test_after_a_power_failure_the_paper_is_a_reprint_with_its_count(
    running: RunningHouse, device: SimulatedKiosk
) -> None:
    case = await rent.apply(running, "zhang_wei")
    paper = f"case:{case.case_no}:acceptance"
    first = (await (await at(running, device)).print(paper))["print"]
    # the power fails: nobody reported; the card is read again, at this device or another
    stand = await at(running, device)
    assert await stand.papers() == {paper: ("unfinished", 1)}
    assert await stand.report(first) == ["withdrawal.kiosk_print_unknown"], "another visit does not speak for the first"
    again = (await stand.print(paper))["print"]
    assert (again["count"], again["paperNo"], again["content"]) == (2, first["paperNo"], first["content"])
    assert await stand.report(again) == []
    prints = await withdrawals.prints_of(case=case)
    assert [(one.print_no, one.reason) for one in prints] == [(2, "上次打印没有回报结果"), (1, "")]


async def test_a_printer_without_paper_is_seen_by_staff_and_the_paper_may_be_asked_again(
    running: RunningHouse, device: SimulatedKiosk, desks: SignedIn
) -> None:
    case = await rent.apply(running, "zhang_wei")
    stand, paper = await at(running, device), f"case:{case.case_no}:acceptance"
    for count in range(1, 6):
        told = (await stand.print(paper))["print"]
        assert told["count"] == count and await stand.report(told, "NO_PAPER") == []
    assert await stand.refused(paper) == ["withdrawal.kiosk_too_many"], "the counter has to help"
    desk, admin = await desks("li.min"), await desks("zhou.xitong")
    page = await desk.open("/backoffice/kiosk-prints?state=failed")
    assert page.text.count("缺纸") >= 5 and device.device_no in page.text and "上次打印失败：缺纸" in page.text
    assert "打印失败 <strong>5</strong>" in page.text and "需要处理" in page.text
    assert "打印机缺纸" in (await admin.open("/backoffice/kiosks")).text
    assert (await admin.open("/backoffice/kiosk-prints")).status_code == 403
    assert (await desk.open("/backoffice/kiosk-prints?state=no&since=x")).status_code == 422
    assert "没有符合条件" in (await (await desks("dong.cheng")).open("/backoffice/kiosk-prints?since=2030-01-01")).text
    # a good print takes the sign away
    other = await at(running, device, "li_na")
    theirs = await rent.apply(running, "li_na")
    good = (await other.print(f"case:{theirs.case_no}:acceptance"))["print"]
    assert await other.report(good) == []
    assert await withdrawals.printer_troubles() == {}


async def test_a_certificate_made_on_the_spot_is_printed(running: RunningHouse, device: SimulatedKiosk) -> None:
    stand = await at(running, device)
    given = {"accountNo": str(account_no("zhang_wei")), "requestKey": secrets.token_hex(8)}
    made = (await stand.client.data(ISSUE, {"input": given}))["issueContributionCertificate"]["paper"]
    paper = f"paper:{made['paperNo']}"
    assert await stand.papers() == {paper: ("ready", 0)}
    told = (await stand.print(paper))["print"]
    assert told["title"] == "住房公积金缴存证明" and await stand.report(told, "JAM") == []
    # once it is out of date it is not to be had
    actor = await sessions.authenticate(bearer=stand.client.token, now=running.clock())
    found = await withdrawals.printable_papers(actor=actor, business_date=running.clock().date() + timedelta(days=400))
    assert found == []


async def test_who_gets_no_paper(running: RunningHouse, device: SimulatedKiosk, citizen_client: Enter) -> None:
    case = await rent.apply(running, "li_na")
    paper = f"case:{case.case_no}:acceptance"
    stand = await at(running, device)
    unknown = ["withdrawal.kiosk_paper_unknown"]
    assert await stand.refused(paper) == ["case.not_found"], "another's"
    for wrong in ("", "paper:JC0000", "case:none:receipt", "other:x"):
        assert await stand.refused(wrong) in (unknown, ["case.not_found"]), wrong
    at_home = Stand(await citizen_client("li_na"))
    assert await at_home.refused(paper) == ["kiosk.not_at_kiosk"], "no printer there"
    theirs = await at(running, device, "li_na")
    assert await theirs.refused(f"case:{case.case_no}:receipt") == unknown, "not in this state"
    assert await database.value("SELECT count(*) FROM paper_print") == 0
    # the device is stopped in the middle: the visit is over, nothing more is handed out
    handed = (await theirs.print(paper))["print"]
    await kiosks.stop(
        actor=await staff("zhou.xitong"), device_id=await id_of(device), for_ever=True, reason="终端报废",
        now=running.clock(),
    )  # fmt: skip
    assert "errors" in await theirs.client.run(PRINT, {"input": {"paper": paper, "requestKey": "again-0001"}})
    assert handed["count"] == 1 and await database.value("SELECT count(*) FROM paper_print") == 1


async def test_two_at_once_hand_out_one_print(running: RunningHouse, device: SimulatedKiosk) -> None:
    case = await rent.apply(running, "zhang_wei")
    stand, paper = await at(running, device), f"case:{case.case_no}:acceptance"
    answers = await asyncio.gather(*(stand.print(paper) for _ in range(4)))
    assert sorted(one["print"] is not None for one in answers) == [False, False, False, True]
    assert await database.value("SELECT count(*) FROM issued_paper") == 1
    assert await database.value("SELECT count(*) FROM paper_print") == 1
