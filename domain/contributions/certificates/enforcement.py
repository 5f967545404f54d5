"""执法记录: what the centre ordered, imposed or had enforced for breach of the regulation (条例第三十七条至第三十九条).

Recorded from the paper by one member of staff, said to be settled by another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.contributions.certificate_refusals import (
    ENFORCEMENT_AMOUNT,
    ENFORCEMENT_DAY,
    ENFORCEMENT_KIND,
    ENFORCEMENT_KNOWN,
    ENFORCEMENT_MATTER,
    ENFORCEMENT_NUMBER,
    ENFORCEMENT_SAME_PERSON,
    ENFORCEMENT_UNKNOWN,
)
from domain.contributions.employers.standing import lock_standing, require_employer
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor, Role
from domain.kernel.database import transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refused

KIND_NAMES = {"order": "责令限期缴存", "penalty": "行政处罚", "enforcement": "申请强制执行"}
ROLES = (Role.SUPERVISOR, Role.FINAL_REVIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforcementView:
    employer_no: int
    kind: str
    kind_name: str
    document_no: str
    matter: str
    decided_on: date
    amount: Money | None
    settled_on: date | None
    recorded_by_name: str


async def record_enforcement(
    *,
    actor: Actor,
    employer_no: int,
    kind: str,
    document_no: str,
    matter: str,
    decided_on: date,
    amount: Money | None,
    request_key: str,
    now: datetime,
    business_date: date,
) -> None:
    """Raises Refused with everything against it."""
    _require(actor)
    document_no, matter = document_no.strip(), matter.strip()
    given = {"kind": kind, "document_no": document_no, "matter": matter, "on": decided_on, "amount": amount}
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        begun = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="record_enforcement",
            given=given, now=now,
        )  # fmt: skip
        if begun is not None:
            return
        found = []
        if kind not in KIND_NAMES:
            found.append(ENFORCEMENT_KIND())
        if not 4 <= len(document_no) <= 60:
            found.append(ENFORCEMENT_NUMBER())
        if not 4 <= len(matter) <= 200:
            found.append(ENFORCEMENT_MATTER())
        if decided_on > business_date:
            found.append(ENFORCEMENT_DAY())
        if amount is not None and amount.fen <= 0:
            found.append(ENFORCEMENT_AMOUNT())
        if await tx.value(
            "SELECT 1 FROM employer_enforcement WHERE employer_no = $1 AND document_no = $2", employer_no, document_no
        ):
            found.append(ENFORCEMENT_KNOWN())
        if found:
            raise Refused(*found)
        await tx.execute(
            "INSERT INTO employer_enforcement (employer_no, record_id, kind, document_no, matter, decided_on,"
            " amount_fen, recorded_by, recorded_by_name, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            employer_no,
            new_id(),
            kind,
            document_no,
            matter,
            decided_on,
            amount.fen if amount else None,
            actor.reference,
            actor.name,
            now,
        )
        await audit.record(
            tx, actor=actor, action="enforcement.recorded", subject=f"employer:{employer_no}", now=now,
            detail={"document_no": document_no, "kind": kind},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={})


async def settle_enforcement(
    *, actor: Actor, employer_no: int, document_no: str, note: str, now: datetime, business_date: date
) -> None:
    """The employer has done what it was told. By another person than who recorded it; again changes nothing."""
    _require(actor)
    if not 4 <= len(note.strip()) <= 200:
        raise Refused(ENFORCEMENT_MATTER.on("note"))
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        row = await tx.row(
            "SELECT recorded_by, settled_on FROM employer_enforcement WHERE employer_no = $1 AND document_no = $2",
            employer_no,
            document_no.strip(),
        )
        if row is None:
            raise Refused(ENFORCEMENT_UNKNOWN())
        if row["recorded_by"] == actor.reference:
            raise Refused(ENFORCEMENT_SAME_PERSON())
        if row["settled_on"] is not None:
            return
        await tx.execute(
            "UPDATE employer_enforcement SET settled_on = $3, settled_note = $4, settled_by = $5"
            " WHERE employer_no = $1 AND document_no = $2",
            employer_no,
            document_no.strip(),
            business_date,
            note.strip(),
            actor.reference,
        )
        await audit.record(
            tx, actor=actor, action="enforcement.settled", subject=f"employer:{employer_no}", now=now,
            detail={"document_no": document_no},
        )  # fmt: skip


async def enforcements_of(*, actor: Actor, employer_no: int) -> list[EnforcementView]:
    """The newest first, for staff of the employer's department. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    rows = await database.rows(
        "SELECT * FROM employer_enforcement WHERE employer_no = $1 ORDER BY decided_on DESC, document_no", employer_no
    )
    return [
        EnforcementView(
            employer_no=employer_no,
            kind=row["kind"],
            kind_name=KIND_NAMES[row["kind"]],
            document_no=row["document_no"],
            matter=row["matter"],
            decided_on=row["decided_on"],
            amount=Money(row["amount_fen"]) if row["amount_fen"] else None,
            settled_on=row["settled_on"],
            recorded_by_name=row["recorded_by_name"],
        )
        for row in rows
    ]


def _require(actor: Actor) -> None:
    if not actor.has_role(*ROLES):
        raise Refused(NOT_PERMITTED())
