"""委托受理: an employer's written delegation, taken at the counter, and ended there.

What an employer may delegate is what a standing grant names; the paper's number stands beside it. One delegation for
each party and purpose: a second form of the same is the same delegation and is refused as standing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from auth import rights
from auth.grants.delegations import DelegationOffer, fit_party, forget_delegation, offers_for, write
from auth.grants.refusals import (
    DELEGATION_STANDING,
    DELEGATION_UNKNOWN,
    EMPLOYER_UNKNOWN,
    PAPER_REQUIRED,
    REASON_REQUIRED,
)
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.refusal import NOT_PERMITTED, Refused

RIGHT = "delegations.take"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerDelegation:
    reference: str
    party_name: str
    purpose_text: str
    may_change: bool
    paper_no: str
    taken_by: str
    given_at: datetime
    ends_at: datetime
    revoked_at: datetime | None


async def delegate_at_counter(
    *,
    actor: Actor,
    party: str,
    purpose: str,
    may_change: bool,
    ends_on: date,
    employer_no: int,
    paper_no: str,
    now: datetime,
) -> str:
    """An employer's written delegation, taken by staff with the number of the paper; the reference. Raises Refused."""
    subject = f"employer:{employer_no}"
    await _require(actor, action="delegation.given", subject=subject, now=now)
    if not (4 <= len(paper_no.strip()) <= 40 and paper_no.isprintable()):
        raise Refused(PAPER_REQUIRED())
    async with database.transaction() as tx:
        # the row orders two forms of the same paper
        if not await tx.value("SELECT 1 FROM employer WHERE employer_no = $1 FOR NO KEY UPDATE", employer_no):
            raise Refused(EMPLOYER_UNKNOWN())
        partner_id = await fit_party(tx, party=party, purpose=purpose, represents="employer", ends_on=ends_on, now=now)
        if await tx.value(
            "SELECT 1 FROM delegation WHERE employer_no = $1 AND partner_id = $2 AND purpose = $3"
            " AND revoked_at IS NULL AND ends_at > $4",
            employer_no,
            partner_id,
            purpose,
            now,
        ):
            raise Refused(DELEGATION_STANDING())
        return await write(
            tx,
            actor=actor,
            now=now,
            subject=subject,
            partner_id=partner_id,
            employer_no=employer_no,
            purpose=purpose,
            may_change=may_change,
            source="counter",
            paper_no=paper_no.strip(),
            ends_on=ends_on,
        )


async def end_at_counter(*, actor: Actor, employer_no: int, reference: str, reason: str, now: datetime) -> None:
    """The employer takes it back, on paper; the tokens that stand on it end at once. Raises Refused."""
    await _require(actor, action="delegation.revoked", subject=f"delegation:{reference[:40]}", now=now)
    if not 4 <= len(reason.strip()) <= 200:
        raise Refused(REASON_REQUIRED())
    async with database.transaction() as tx:
        ended = await tx.value(
            "UPDATE delegation SET revoked_at = $3 WHERE reference = $1 AND employer_no = $2 AND revoked_at IS NULL"
            " RETURNING reference",
            reference,
            employer_no,
            now,
        )
        if ended is None:
            raise Refused(DELEGATION_UNKNOWN())
        await audit.record(
            tx,
            actor=actor,
            action="delegation.revoked",
            subject=f"delegation:{reference}",
            now=now,
            detail={"reason": reason.strip(), "employer": str(employer_no)},
        )
    await forget_delegation(reference=reference, now=now)


async def employer_offers(*, actor: Actor, now: datetime) -> list[DelegationOffer]:
    """What an employer may let a party do: each standing grant in an employer's name. Raises Refused."""
    await _require(actor, action="delegation.given", subject="employer", now=now)
    return await offers_for("employer", now=now)


async def delegations_of_employer(*, actor: Actor, employer_no: int, now: datetime) -> list[EmployerDelegation]:
    """The newest first, also those that have ended. Raises Refused."""
    await _require(actor, action="delegation.given", subject=f"employer:{employer_no}", now=now)
    rows = await database.rows(
        "SELECT d.reference, p.name AS party_name, d.may_change, d.paper_no, s.name AS taken_by, d.given_at, d.ends_at,"
        " d.revoked_at, coalesce((SELECT g.purpose_text FROM service_grant g WHERE g.partner_id = d.partner_id"
        "  AND g.purpose = d.purpose ORDER BY g.grant_id DESC LIMIT 1), d.purpose) AS purpose_text"
        " FROM delegation d JOIN third_party p USING (partner_id)"
        " LEFT JOIN staff s ON 'staff:' || s.staff_id = d.given_by WHERE d.employer_no = $1"
        " ORDER BY d.given_at DESC, d.reference LIMIT 100",
        employer_no,
    )
    return [EmployerDelegation(**{**dict(row), "taken_by": row["taken_by"] or ""}) for row in rows]


async def _require(actor: Actor, *, action: str, subject: str, now: datetime) -> None:
    if not rights.may(actor, RIGHT):
        await _denied(actor, action=action, subject=subject, now=now)


async def _denied(actor: Actor, *, action: str, subject: str, now: datetime) -> NoReturn:
    await audit.record(None, actor=actor, action=action, subject=subject, outcome="refused", now=now)
    raise Refused(NOT_PERMITTED())
