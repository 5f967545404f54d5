"""Delegations: a person, or an employer, lets a third party act for them. Said explicitly, for one purpose, with an
end.

A person says it themselves, logged in with their real name; an employer on paper (`auth.grants.counter`). The
party is told the reference by whom it concerns; it names nobody, and is worth nothing without the party's own key.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from auth.grants import revoking
from auth.grants.granting import day_after
from auth.grants.refusals import (
    DELEGATION_END,
    DELEGATION_PURPOSE,
    DELEGATION_UNKNOWN,
    PARTY_UNKNOWN,
)
from auth.grants.standing import words_of
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

LIFE_MOST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    reference: str
    party_name: str
    purpose: str
    purpose_text: str
    may_change: bool
    given_at: datetime
    ends_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationOffer:
    """What a citizen may let a party do: one standing grant that needs a person's delegation."""

    party: str
    party_name: str
    purpose: str
    purpose_text: str
    reads: tuple[str, ...]
    changes: bool


async def give_delegation(
    *, actor: Actor, party: str, purpose: str, may_change: bool, ends_on: date, request_key: str, now: datetime
) -> Delegation:
    """The citizen who is logged in gives it; the same key and input answer the same. Raises Refused."""
    _require_citizen_self(actor)
    given = {"party": party, "purpose": purpose, "may_change": may_change, "ends_on": ends_on}
    async with database.transaction() as tx:
        earlier = await idempotency.begin(
            tx,
            actor=actor,
            account_no=0,
            request_key=request_key,
            operation="delegation.give",
            given=given,
            now=now,
        )
        if earlier is None:
            reference = await delegate(
                tx,
                actor=actor,
                party=party,
                purpose=purpose,
                may_change=may_change,
                ends_on=ends_on,
                now=now,
            )
            result = {"reference": reference}
            await idempotency.finish(tx, actor=actor, account_no=0, request_key=request_key, result=result)
        else:
            reference = earlier["reference"]
    return await _own(actor=actor, reference=reference)


async def take_back_delegation(*, actor: Actor, reference: str, request_key: str, now: datetime) -> Delegation:
    """The citizen takes it back and its tokens end at once. Repeating it is no error. Raises Refused."""
    _require_citizen_self(actor)
    async with database.transaction() as tx:
        earlier = await idempotency.begin(
            tx,
            actor=actor,
            account_no=0,
            request_key=request_key,
            operation="delegation.revoke",
            given={"reference": reference},
            now=now,
        )
        if earlier is None:
            await revoke_delegation(tx, actor=actor, reference=reference, now=now)
            result = {"reference": reference}
            await idempotency.finish(tx, actor=actor, account_no=0, request_key=request_key, result=result)
    # again when repeated: the first time it may have been cut off before
    await forget_delegation(reference=reference, now=now)
    return await _own(actor=actor, reference=reference)


async def delegation_offers(*, actor: Actor, now: datetime) -> list[DelegationOffer]:
    """Raises Refused for anybody but a citizen with their real name."""
    _require_citizen_self(actor)
    return await offers_for("person", now=now)


async def offers_for(represents: Literal["person", "employer"], *, now: datetime) -> list[DelegationOffer]:
    """What may be let to a party: each standing grant in the name of persons, or of employers."""
    rows = await database.rows(
        "SELECT p.code, p.name, g.purpose, g.purpose_text, array_agg(DISTINCT s.sentence) AS sentences,"
        " bool_or(d.kind = 'mutation') AS changes FROM service_grant g JOIN third_party p USING (partner_id)"
        " JOIN registered_service r USING (service)"
        " JOIN document_version v ON v.service = g.service AND v.name = ANY(g.documents) AND v.withdrawn_at IS NULL"
        " JOIN trusted_document d USING (document_id) CROSS JOIN unnest(d.sentences) AS s (sentence)"
        " WHERE g.represents = $2 AND NOT g.sandbox AND g.state IN ('approved', 'connected')"
        " AND p.state IN ('approved', 'connected') AND r.state = 'approved' AND g.ends_at > $1"
        " GROUP BY p.code, p.name, g.purpose, g.purpose_text ORDER BY p.name, g.purpose",
        now,
        represents,
    )
    return [
        DelegationOffer(
            party=row["code"],
            party_name=row["name"],
            purpose=row["purpose"],
            purpose_text=row["purpose_text"],
            reads=words_of(sorted(row["sentences"])),
            changes=row["changes"],
        )
        for row in rows
    ]


async def _own(*, actor: Actor, reference: str) -> Delegation:
    found = [one for one in await delegations_of(actor=actor) if one.reference == reference]
    if not found:
        raise Refused(DELEGATION_UNKNOWN())
    return found[0]


async def delegate(
    tx: Transaction, *, actor: Actor, party: str, purpose: str, may_change: bool, ends_on: date, now: datetime
) -> str:
    """The citizen who is logged in lets a party (by its code) act for them; the delegation's reference. Raises
    Refused."""
    _require_citizen_self(actor)
    partner_id = await fit_party(tx, party=party, purpose=purpose, represents="person", ends_on=ends_on, now=now)
    return await write(
        tx,
        actor=actor,
        now=now,
        subject=f"person:{actor.person_id}",
        partner_id=partner_id,
        person_id=actor.person_id,
        purpose=purpose,
        may_change=may_change,
        source="citizen",
        ends_on=ends_on,
    )


async def revoke_delegation(tx: Transaction, *, actor: Actor, reference: str, now: datetime) -> None:
    """The citizen takes it back; call `forget_delegation` after the commit, which ends the tokens. Raises Refused."""
    _require_citizen_self(actor)
    revoked = await tx.value(
        "UPDATE delegation SET revoked_at = $3 WHERE reference = $1 AND person_id = $2 AND revoked_at IS NULL"
        " RETURNING reference",
        reference,
        actor.person_id,
        now,
    )
    if revoked is None:
        raise Refused(DELEGATION_UNKNOWN())
    await audit.record(tx, actor=actor, action="delegation.revoked", subject=f"delegation:{reference}", now=now)


async def forget_delegation(*, reference: str, now: datetime) -> None:
    """Ends every token that stands on it. Raises StoreUnavailable."""
    await revoking.revoke_tokens(column="delegation", value=reference, now=now)


async def delegations_of(*, actor: Actor) -> list[Delegation]:
    """The citizen's own, the newest first, also those that have ended. Raises Refused."""
    _require_citizen_self(actor)
    rows = await database.rows(
        "SELECT d.reference, p.name AS party_name, d.purpose, d.may_change, d.given_at, d.ends_at, d.revoked_at,"
        " coalesce((SELECT g.purpose_text FROM service_grant g WHERE g.partner_id = d.partner_id"
        "  AND g.purpose = d.purpose ORDER BY g.grant_id DESC LIMIT 1), d.purpose) AS purpose_text"
        " FROM delegation d JOIN third_party p USING (partner_id) WHERE d.person_id = $1"
        " ORDER BY d.given_at DESC, d.reference LIMIT 100",
        actor.person_id,
    )
    return [_view(row) for row in rows]


async def standing_delegation(*, reference: str, partner_id: int, purpose: str, now: datetime) -> Record | None:
    """What a token for this party and purpose may stand on; None when there is no such delegation now."""
    return await database.row(
        "SELECT * FROM delegation WHERE reference = $1 AND partner_id = $2 AND purpose = $3"
        " AND revoked_at IS NULL AND ends_at > $4",
        reference,
        partner_id,
        purpose,
        now,
    )


def _require_citizen_self(actor: Actor) -> None:
    if actor.kind != "citizen" or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())


async def fit_party(tx: Transaction, *, party: str, purpose: str, represents: str, ends_on: date, now: datetime) -> int:
    today = business_date_of(now)
    if not today < ends_on <= today + LIFE_MOST:
        raise Refused(DELEGATION_END(most=(today + LIFE_MOST).isoformat()))
    partner_id: int | None = await tx.value(
        "SELECT partner_id FROM third_party WHERE code = $1 AND state IN ('approved', 'connected')", party
    )
    if partner_id is None:
        raise Refused(PARTY_UNKNOWN())
    if not await tx.value(
        "SELECT 1 FROM service_grant WHERE partner_id = $1 AND purpose = $2 AND represents = $3 AND NOT sandbox"
        " AND state IN ('approved', 'connected') AND ends_at > $4 LIMIT 1",
        partner_id,
        purpose,
        represents,
        now,
    ):
        raise Refused(DELEGATION_PURPOSE())
    return partner_id


async def write(
    tx: Transaction, *, actor: Actor, now: datetime, subject: str, ends_on: date, source: str, **given: Any
) -> str:
    reference = "dlg_" + secrets.token_urlsafe(16)
    await tx.execute(
        "INSERT INTO delegation (reference, partner_id, person_id, employer_no, purpose, may_change, source, paper_no,"
        " given_by, given_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        reference,
        given["partner_id"],
        given.get("person_id"),
        given.get("employer_no"),
        given["purpose"],
        given["may_change"],
        source,
        given.get("paper_no"),
        actor.reference,
        now,
        day_after(ends_on),
    )
    await audit.record(
        tx,
        actor=actor,
        action="delegation.given",
        subject=subject,
        now=now,
        detail={
            "party": str(given["partner_id"]),
            "purpose": given["purpose"],
            "may_change": given["may_change"],
            "until": ends_on,
        },
    )
    return reference


def _view(row: Record) -> Delegation:
    return Delegation(**{name: row[name] for name in Delegation.__dataclass_fields__})
