"""Receipts and notices of a withdrawal: only in the right state, each print registered, a reprint with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from domain import archives, withdrawals
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.withdrawals import papers
from tests.actions.test_apply import audited
from tests.city import RunningHouse
from tests.factories import rent
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
    assert [code for code, _ in withdrawals.papers_for(case)] == ["receipt"]
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
