"""合规证明 (R04.2): applied for on any channel, passed and approved by two persons, issued under the centre's seal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import cast

from domain import archives, policy
from domain.archives import PaperView
from domain.contributions.certificate_refusals import CERTIFICATE_KIND, CERTIFICATE_PURPOSE
from domain.contributions.certificates.gathering import TITLES, certificate_paper, compliance_of
from domain.contributions.employers.changing import earlier_matter, finished
from domain.contributions.employers.documents import GivenDocument
from domain.contributions.employers.matters import Carry, open_matter
from domain.contributions.employers.standing import lock_standing, require_employer
from domain.contributions.rules.compliance import CertificateKind, judge_certificate
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import NOT_PERMITTED, Refused

REVOKING_ROLES = (Role.FINAL_REVIEWER, Role.SUPERVISOR)
LETTERS = "HG"


async def apply_for_certificate(
    *,
    actor: Actor,
    employer_no: int,
    kind: str,
    start: YearMonth,
    until: YearMonth,
    purpose: str,
    documents: Sequence[GivenDocument] = (),
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Judged at once, so that nobody waits for what cannot be certified; an employer that is closed may ask too.
    Returns the matter's number. Raises Refused with everything against it."""
    purpose = purpose.strip()
    given = {"kind": kind, "from": start, "until": until, "purpose": purpose,
             "documents": [one.kind for one in documents]}  # fmt: skip
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="apply_for_certificate",
            given=given, now=now,
        )  # fmt: skip
        if earlier is not None:
            return earlier
        if kind not in TITLES:
            raise Refused(CERTIFICATE_KIND())
        problems = judge_certificate(
            kind=cast(CertificateKind, kind),
            start=start,
            until=until,
            has_ruling=any(one.kind == "bankruptcy_ruling" for one in documents),
            facts=await compliance_of(tx, standing=standing, business_date=business_date),
            months_max=policy.on(business_date).number("collection.certificate_months_max"),
        )
        if not 4 <= len(purpose) <= 100:
            problems.append(CERTIFICATE_PURPOSE())
        if problems:
            raise Refused(*problems)
        _, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind=kind,
            given={"from": str(start), "until": str(until), "purpose": purpose}, documents=documents,
            state="submitted", now=now, business_date=business_date,
        )  # fmt: skip
        await finished(
            tx, actor, employer_no=employer_no, request_key=request_key, action="certificate.applied",
            matter_no=matter_no, now=now, kind=kind,
        )  # fmt: skip
        return matter_no


async def carry_out_certificate(*, carry: Carry) -> dict[str, object]:
    """Approved: judged again by the facts of this day, then issued."""
    tx, standing, given = carry.tx, carry.standing, carry.given
    row = await tx.row(
        "SELECT kind, matter_no FROM employer_matter WHERE employer_no = $1 AND matter_id = $2",
        standing.employer_no,
        carry.matter_id,
    )
    assert row is not None
    kind = cast(CertificateKind, row["kind"])
    start, until = YearMonth.parse(given["from"]), YearMonth.parse(given["until"])
    facts = await compliance_of(tx, standing=standing, business_date=carry.business_date)
    rules = policy.on(carry.business_date)
    problems = judge_certificate(
        kind=kind,
        start=start,
        until=until,
        # its ruling was handed in with the application and has been reviewed
        has_ruling=True,
        facts=facts,
        months_max=rules.number("collection.certificate_months_max"),
    )
    if problems:
        raise Refused(*problems)
    paper = await certificate_paper(
        tx, standing=standing, facts=facts, kind=kind, start=start, until=until, purpose=given["purpose"]
    )
    paper_no = await archives.issue(
        tx,
        actor=carry.actor,
        account_no=standing.employer_no,
        kind=kind,
        letters=LETTERS,
        paper=paper,
        holder_shown=standing.name,
        reference=row["matter_no"],
        valid_until=carry.business_date + timedelta(days=rules.number("collection.certificate_valid_days")),
        now=carry.now,
        business_date=carry.business_date,
    )
    return {"paper_no": paper_no}


async def employer_papers(*, actor: Actor, employer_no: int) -> list[PaperView]:
    """What was issued to an employer, the newest first. Raises Refused."""
    await _require(actor, employer_no)
    return await archives.papers_of(account_no=employer_no)


async def employer_paper(*, actor: Actor, employer_no: int, paper_no: str, now: datetime) -> bytes:
    """The sealed file. Raises Refused."""
    await _require(actor, employer_no)
    return await archives.sealed_paper(actor=actor, account_no=employer_no, paper_no=paper_no, now=now)


async def revoke_employer_paper(
    *, actor: Actor, employer_no: int, paper_no: str, reason: str, now: datetime
) -> PaperView:
    """When what it says turns out to be wrong. Raises Refused."""
    if not actor.has_role(*REVOKING_ROLES):
        raise Refused(NOT_PERMITTED())
    await _require(actor, employer_no)
    return await archives.revoke(actor=actor, account_no=employer_no, paper_no=paper_no, reason=reason, now=now)


async def _require(actor: Actor, employer_no: int) -> None:
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
