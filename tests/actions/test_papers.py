"""Receipts and notices of a withdrawal: only in the right state, each print registered, a reprint with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain import archives, contributions, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import mask_name
from domain.kernel.money import Money
from domain.withdrawals import papers, records
from tests.actions.test_apply import audited
from tests.city import RunningHouse
from tests.factories import maintenance, rent
from tests.factories.people import account_no, citizen, staff

pytestmark = pytest.mark.requirement("D13")
REASON = {"reason_code": "materials_insufficient", "note": "请补充说明"}


async def printed(
    running: RunningHouse, case: CaseView, code: str, login: str = "he.jing", reason: str = "", actor: Any = None
) -> bytes:
    now = running.clock()
    return await withdrawals.print_paper(
        actor=actor or await staff(login), case_no=case.case_no, code=code, reason=reason, now=now,
        business_date=business_date_of(now),
    )  # fmt: skip


async def test_a_receipt_is_printed_counted_and_the_same_again(
    running: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await rent.paid(running, "zhang_wei")
    assert [code for code, _ in withdrawals.papers_for(case)] == ["receipt", "record"]
    first = await printed(running, case, "receipt")
    assert first.startswith(b"%PDF")
    assert await rent.refused(printed(running, case, "receipt")) == [("withdrawal.paper_again", "print_reason")]
    again = await printed(running, case, "receipt", login="li.min", reason="申请人遗失")
    assert again == first, "the same paper, not another"
    prints = await withdrawals.prints_of(case=case)
    assert [(one.print_no, one.printer_name, one.reason) for one in prints] == [
        (2, "李敏", "申请人遗失"), (1, "何静", ""),
    ]  # fmt: skip
    assert ("paper.printed", "done") in await audited(f"case:{case.case_no}")
    # the text has changed: a new paper, and the old one is taken back
    monkeypatch.setattr(papers, "TEMPLATE", papers.TEMPLATE + 1)
    await printed(running, case, "receipt", reason="新版格式")
    found = await archives.papers_of(account_no=account_no("zhang_wei"))
    assert sorted(one.state for one in found) == ["issued", "revoked"]


async def test_each_paper_only_in_its_state(running: RunningHouse) -> None:
    case = await rent.apply(running, "zhang_wei")
    for code in ("receipt", "refusal", "correction", "no_such"):
        assert await rent.refused(printed(running, case, code)) == [("withdrawal.paper_not_now", None)]
    assert await printed(running, case, "acceptance")
    back = await rent.review(running, case, "li.min", "correct", **REASON)
    assert await printed(running, back, "correction")
    assert await rent.refused(printed(running, back, "acceptance")) == [("withdrawal.paper_not_now", None)]
    other = await rent.apply(running, "li_na")
    gone = await rent.review(running, other, "li.min", "refuse", **REASON)
    assert await printed(running, gone, "refusal")
    assert await database.value("SELECT count(*) FROM paper_print") == 3


async def test_who_prints_nothing(running: RunningHouse) -> None:
    case = await rent.apply(running, "li_na")
    assert await rent.refused(printed(running, case, "acceptance", login="dong.cheng")) == [("case.not_found", "id")]
    assert await rent.refused(printed(running, case, "acceptance", login="zhou.xitong")) == [("case.not_found", "id")]
    own = printed(running, case, "acceptance", actor=await citizen("li_na"))
    assert await rent.refused(own) == [("access.not_permitted", None)]


# --- 提取记录证明 (D14)


async def record(running: RunningHouse, key: str = "zhang_wei", **given: Any) -> archives.PaperView:
    now = running.clock()
    today = business_date_of(now)
    wanted = {"account_no": account_no(key), "from_on": today.replace(month=1, day=1), "until_on": today, **given}
    return await withdrawals.issue_record(
        actor=await citizen("zhang_wei"), request_key=wanted.pop("request_key", None) or rent.new_key(), now=now,
        business_date=today, **wanted,
    )  # fmt: skip


@pytest.mark.requirement("D14")
async def test_a_record_of_withdrawals_says_what_the_books_paid(running: RunningHouse) -> None:
    case = await maintenance.deposited(running)
    await maintenance.returned(running, case, Money.yuan(5_000))
    await rent.apply(running, "zhang_wei")
    today = business_date_of(running.clock())
    paper, holder = await records.record_paper(
        account_no=case.account_no, person_id=case.person_id, from_on=today, until_on=today
    )
    # what only waits is no withdrawal
    assert [row[1:] for row in paper.rows] == [
        (case.case_no, "交存专项维修资金提取", "20000.00"),
        (case.case_no, "交存专项维修资金提取（退回）", "5000.00"),
    ]
    assert ("提取合计", "20,000.00元（1笔）") in paper.facts and ("退回合计", "5,000.00元") in paper.facts
    assert holder == mask_name("张伟")
    made = await record(running, request_key="record-0001")
    assert (await record(running, request_key="record-0001")).paper_no == made.paper_no
    assert (await contributions.own_paper(
        actor=await citizen("zhang_wei"), account_no=case.account_no, paper_no=made.paper_no, now=running.clock()
    )).startswith(b"%PDF")  # fmt: skip
    assert await printed(running, case, "record")
    assert await rent.refused(printed(running, case, "record")) == [("withdrawal.paper_again", "print_reason")]
    running.clock.advance(days=1)
    assert await printed(running, case, "record"), "another day, another paper"


@pytest.mark.requirement("D14")
async def test_a_record_of_others_or_of_no_period_is_refused(running: RunningHouse) -> None:
    today = business_date_of(running.clock())
    for wrong in (
        {"from_on": today, "until_on": today - timedelta(days=1)},
        {"until_on": today + timedelta(days=1)},
        {"from_on": today.replace(year=today.year - 11)},
    ):
        assert await rent.refused(record(running, **wrong)) == [("withdrawal.record_period", "fromDay")]
    assert await rent.refused(record(running, "li_na")) == [("account.not_found", "accountNo")]
    paper, _ = await records.record_paper(
        account_no=account_no("zhang_wei"), person_id=(await citizen("zhang_wei")).person_id or 0, from_on=today,
        until_on=today,
    )  # fmt: skip
    assert paper.rows == [] and paper.text == ["该账户在上述期间没有提取记录。"]
