"""Certificates: applied for, reviewed by two, issued under the seal, verified by anybody, revoked."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from channels.seal import PdfSeal
from domain import archives, contributions
from domain.archives import Paper, Verified
from domain.contributions import CARRY_OUT, GivenDocument
from domain.kernel import database, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.conftest import PRESS
from tests.contributions.world import (
    AGENT,
    COUNTER,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    OTHER,
    TODAY,
    agent,
    key,
    person_with_account,
)
from tests.settlement.world import SUPERVISOR, assert_books_hold, audited, staff

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R04.2")]

FIRST, SECOND = staff(31, Role.PRELIMINARY_REVIEWER), staff(32, Role.FINAL_REVIEWER)
START, UNTIL = YearMonth(2026, 1), YearMonth(2026, 10)
RULING = GivenDocument(kind="bankruptcy_ruling", name="裁定.pdf", content=b"%PDF-1.7 ruling")


async def _apply(actor: Actor = AGENT, **changes: Any) -> str:
    given: dict[str, Any] = {
        "employer_no": EMPLOYER, "kind": "listing_certificate", "start": START, "until": UNTIL,
        "purpose": "首次公开发行股票申报", "request_key": key(), **changes,
    }  # fmt: skip
    return await contributions.apply_for_certificate(actor=actor, now=NOW, business_date=TODAY, **given)


async def _decide(matter_no: str, step: Any, actor: Actor, reason: str = "") -> str:
    return await contributions.decide_matter(
        actor=actor, employer_no=EMPLOYER, matter_no=matter_no, step=step, reason=reason, carry_out=CARRY_OUT,
        request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip


async def _issued(**changes: Any) -> str:
    matter_no = await _apply(**changes)
    assert await _decide(matter_no, "pass", FIRST) == "passed"
    assert await _decide(matter_no, "approve", SECOND) == "done"
    (paper,) = await contributions.employer_papers(actor=AGENT, employer_no=EMPLOYER)
    assert (paper.reference, paper.state) == (matter_no, "issued")
    return paper.paper_no


async def _enforce(actor: Actor = SUPERVISOR, **changes: Any) -> None:
    given: dict[str, Any] = {
        "kind": "penalty", "document_no": "京房金罚〔2026〕1号", "matter": "逾期不缴住房公积金", "decided_on": TODAY,
        "amount": Money.yuan(10_000), "request_key": key(), **changes,
    }  # fmt: skip
    await contributions.record_enforcement(actor=actor, employer_no=EMPLOYER, now=NOW, business_date=TODAY, **given)


async def _verify(paper_no: str, *, code: str | None = None, content: bytes | None = None) -> Verified:
    code = archives.verification_code(paper_no=paper_no) if code is None else code
    return await archives.verify(paper_no=paper_no, code=code, content=content, business_date=TODAY)


async def _fetch(paper_no: str, actor: Actor = AGENT) -> bytes:
    return await contributions.employer_paper(actor=actor, employer_no=EMPLOYER, paper_no=paper_no, now=NOW)


async def test_a_certificate_is_sealed_once_and_verified_by_its_file() -> None:
    paper_no = await _issued()
    content = await _fetch(paper_no)
    assert content == await _fetch(paper_no, COUNTER), "the same bytes for ever"
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    assert isinstance(PRESS, PdfSeal)
    status = await async_validate_pdf_signature(signature, ValidationContext(trust_roots=PRESS.trusted()))
    assert status.bottom_line and status.coverage.name == "ENTIRE_FILE"
    shown = await _verify(paper_no, content=content)
    assert shown.holds and shown.same_file and shown.holder_shown == "北京晨曦科技有限公司"
    forged = await _verify(paper_no, content=content.replace(b"%PDF-1.", b"%PDF-9.", 1))
    assert not forged.holds and forged.same_file is False
    assert await audited("paper.issued") == 1 and await audited("paper.fetched") == 2
    await assert_books_hold()


async def test_the_paper_says_what_was_checked() -> None:
    await person_with_account(1)
    paper_no = await _issued()
    sealed = await database.value("SELECT paper_cipher FROM issued_paper WHERE paper_no = $1", paper_no)
    said = vault.current().decrypt(sealed)
    assert "91110101MA0DEM00XL" in said and "2026-01至2026-10，共10个月" in said and "没有应缴未缴的月份" in said


async def test_a_bankruptcy_lists_what_is_owed() -> None:
    await database.execute("UPDATE employer_account SET paid_through_period = 202607 WHERE employer_no = $1", EMPLOYER)
    await _enforce()
    with pytest.raises(Refused, match=r"certificate\.ruling"):
        await _apply(kind="bankruptcy_certificate")
    paper_no = await _issued(kind="bankruptcy_certificate", documents=[RULING])
    sealed = await database.value("SELECT paper_cipher FROM issued_paper WHERE paper_no = $1", paper_no)
    said = vault.current().decrypt(sealed)
    assert all(month in said for month in ("2026-08", "2026-09", "2026-10", "京房金罚〔2026〕1号"))


async def test_what_is_owed_refuses_at_once_with_every_reason() -> None:
    await database.execute("UPDATE employer_account SET paid_through_period = 202607 WHERE employer_no = $1", EMPLOYER)
    await _enforce()
    with pytest.raises(Refused) as refused:
        await _apply(purpose="无")
    assert {one.code for one in refused.value.refusals} == {
        "certificate.unpaid", "certificate.enforcement", "certificate.purpose",
    }  # fmt: skip
    assert await database.value("SELECT count(*) FROM employer_matter") == 0


async def test_what_was_found_out_meanwhile_fails_the_matter_and_issues_nothing() -> None:
    matter_no = await _apply()
    await _decide(matter_no, "pass", FIRST)
    await _enforce()
    assert await _decide(matter_no, "approve", SECOND) == "failed"
    assert await contributions.employer_papers(actor=AGENT, employer_no=EMPLOYER) == []
    (matter,) = await contributions.matters_of(actor=AGENT, employer_no=EMPLOYER)
    assert matter.last_problem is not None and "京房金罚" in matter.last_problem


async def test_four_eyes_and_other_departments() -> None:
    matter_no = await _apply(COUNTER)
    with pytest.raises(Refused, match=r"matter\.same_person"):
        await _decide(matter_no, "pass", COUNTER)
    await _decide(matter_no, "pass", SECOND)
    with pytest.raises(Refused, match=r"matter\.same_person"):
        await _decide(matter_no, "approve", SECOND)
    with pytest.raises(Refused, match=r"employer\.other_office"):
        await _apply(OF_OTHER_OFFICE)
    with pytest.raises(Refused, match=r"employer\.other"):
        await _apply(agent(OTHER))
    assert await _decide(matter_no, "refuse", FIRST, "材料与登记不符") == "refused"
    assert await database.value("SELECT count(*) FROM issued_paper") == 0


async def test_a_revoked_paper_verifies_as_revoked_and_is_given_to_nobody() -> None:
    paper_no = await _issued()
    await _fetch(paper_no)
    revoking: dict[str, Any] = {"employer_no": EMPLOYER, "paper_no": paper_no, "now": NOW}
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await contributions.revoke_employer_paper(actor=COUNTER, reason="数据有误", **revoking)
    with pytest.raises(Refused, match=r"paper\.reason"):
        await contributions.revoke_employer_paper(actor=SUPERVISOR, reason="误", **revoking)
    assert (await _verify(paper_no)).holds
    for _ in range(2):
        await contributions.revoke_employer_paper(actor=SUPERVISOR, reason="缴存记录更正", **revoking)
    shown = await _verify(paper_no)
    assert not shown.holds and shown.revoked_on == TODAY and await audited("paper.revoked") == 1
    with pytest.raises(Refused, match=r"paper\.revoked"):
        await _fetch(paper_no)


@pytest.mark.parametrize("spoilt", ["", "AAAAAAAA", "校验码", "AAAAAAAA\x00"])
async def test_a_wrong_code_tells_nothing(spoilt: str) -> None:
    paper_no = await _issued()
    for number, code in ((paper_no, spoilt), ("HG202611230000000000", spoilt), ("x' OR 1", spoilt)):
        with pytest.raises(Refused, match=r"paper\.unknown"):
            await _verify(number, code=code)
    with pytest.raises(Refused, match=r"paper\.unknown"):
        await _verify("HG202611230000000000")


async def test_a_paper_is_good_for_its_days_only() -> None:
    paper_no = await _issued()
    later = TODAY + timedelta(days=91)
    code = archives.verification_code(paper_no=paper_no)
    shown = await archives.verify(paper_no=paper_no, code=code, content=None, business_date=later)
    assert shown.expired and not shown.holds


async def test_enforcement_is_recorded_once_and_settled_by_another() -> None:
    await _enforce()
    with pytest.raises(Refused, match=r"enforcement\.known"):
        await _enforce()
    with pytest.raises(Refused) as refused:
        await _enforce(kind="x", document_no="1", matter="", decided_on=TODAY + timedelta(days=1), amount=Money.zero())
    assert len(refused.value.refusals) == 5
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _enforce(COUNTER, document_no="京房金罚〔2026〕2号")
    settle: dict[str, Any] = {"employer_no": EMPLOYER, "document_no": "京房金罚〔2026〕1号", "note": "罚款已缴清",
                              "now": NOW, "business_date": TODAY}  # fmt: skip
    with pytest.raises(Refused, match=r"enforcement\.same_person"):
        await contributions.settle_enforcement(actor=SUPERVISOR, **settle)
    await contributions.settle_enforcement(actor=SECOND, **settle)
    (one,) = await contributions.enforcements_of(actor=COUNTER, employer_no=EMPLOYER)
    assert one.settled_on == TODAY and one.amount == Money.yuan(10_000)
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await contributions.enforcements_of(actor=AGENT, employer_no=EMPLOYER)


async def test_a_person_has_a_certificate_of_the_own_account_made() -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 9), YearMonth(2026, 10)])
    other = await person_with_account(2)
    person_id = await database.value("SELECT person_id FROM account WHERE account_no = $1", account)
    citizen = Actor(kind="citizen", channel="app", person_id=person_id, assurance="real_name")
    wanted: dict[str, Any] = {"actor": citizen, "request_key": key(), "now": NOW, "business_date": TODAY}
    paper = await contributions.issue_contribution_certificate(account_no=account, **wanted)
    again = await contributions.issue_contribution_certificate(account_no=account, **wanted)
    assert again.paper_no == paper.paper_no and paper.holder_shown.startswith("样*")
    assert [one.paper_no for one in await contributions.own_papers(actor=citizen)] == [paper.paper_no]
    with pytest.raises(Refused, match=r"account\.not_found"):
        await contributions.issue_contribution_certificate(account_no=other, **{**wanted, "request_key": key()})
    weak = Actor(kind="citizen", channel="app", person_id=person_id, assurance="password")
    with pytest.raises(Refused, match=r"real_name"):
        await contributions.own_papers(actor=weak)
    with pytest.raises(Refused, match=r"account\.not_found"):
        await contributions.own_paper(actor=citizen, account_no=other, paper_no=paper.paper_no, now=NOW)


async def test_a_long_table_goes_over_as_many_pages_as_it_takes() -> None:
    paper = Paper(
        title="缴存明细", facts=[("单位", "很长的名称" * 20)], text=["一段话。" * 60],
        heads=("月份", "金额"), wide=(1, 1), rows=[(f"2026-{n:03d}", "1.00") for n in range(120)],
    )  # fmt: skip
    content = await PRESS.make(paper=paper, number="XX1", code="ABCDEFGH", issued_on=TODAY)
    pages = PdfFileReader(io.BytesIO(content)).root["/Pages"]["/Count"]
    assert pages >= 4
