"""Persons: known by their document, shown masked, revealed by right and with a reason that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import cases
from domain.contributions.models import Person
from domain.contributions.refusals import PERSON_UNKNOWN, REASON_REQUIRED, REVEALS_SPENT
from domain.kernel import access, audit, database, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Transaction
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.identifiers import mask_id_document, mask_mobile, mask_name, new_id
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

REVEALING_ROLES = (Role.PRELIMINARY_REVIEWER, Role.FINAL_REVIEWER, Role.SUPERVISOR, Role.SERVICE_DESK)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person as everyone may see them: masked."""

    person_id: int
    name_masked: str
    document_type: str
    document_no_masked: str
    mobile_masked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """Personal data in the clear; never stored, never logged."""

    name: str
    document_type: str
    document_no: str
    mobile: str | None

    def __repr__(self) -> str:
        return "Revealed(…)"


async def person_of(*, actor: Actor) -> PersonView:
    """The citizen who asks. Raises Refused for anybody else, and before the identity is verified: who knows a
    document's number may not be its person."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    return await person_by_id(person_id=actor.person_id)


async def person_by_id(*, person_id: int) -> PersonView:
    row = await Person.get(person_id=person_id)
    return PersonView(
        person_id=row.person_id,
        name_masked=row.name_masked,
        document_type=row.document_type,
        document_no_masked=row.document_masked,
        mobile_masked=row.mobile_masked,
    )


async def clear_person(*, person_id: int, using: Executor = database.pool) -> Revealed:
    """The data in the clear for the domain's own use: asking registries, paying, telling by SMS."""
    row = await using.row(
        "SELECT document_type, document_cipher, name_cipher, mobile_cipher FROM person WHERE person_id = $1",
        person_id,
    )
    assert row is not None, f"person {person_id} is unknown"
    sealed = vault.current()
    return Revealed(
        name=sealed.decrypt(row["name_cipher"]),
        document_type=row["document_type"],
        document_no=sealed.decrypt(row["document_cipher"]),
        mobile=sealed.decrypt(row["mobile_cipher"]) if row["mobile_cipher"] else None,
    )


async def reveal_person(*, actor: Actor, case_no: str, reason: str, now: datetime) -> Revealed:
    """Shows staff the applicant's data of a case they may see, with a reason of 4 to 100 characters. Who
    looked, when and why is in the audit trail before the data is given out."""
    subject = f"case:{case_no}"
    if not actor.has_role(*REVEALING_ROLES):
        await audit.record(None, actor=actor, action="person.reveal", subject=subject, outcome="refused", now=now)
        raise Refused(NOT_PERMITTED())
    if not 4 <= len(reason.strip()) <= 100:
        raise Refused(REASON_REQUIRED())
    case = await cases.case_by_no(actor=actor, case_no=case_no)
    await _within_rule(actor, subject=subject, now=now)
    await audit.record(
        None, actor=actor, action="person.reveal", subject=subject, now=now, detail={"reason": reason.strip()}
    )
    await access.record_read(
        None,
        actor=actor,
        person_id=case.person_id,
        purpose=reason.strip(),
        what=("姓名", "证件号码", "手机号码"),
        subject=subject,
        now=now,
    )
    return await clear_person(person_id=case.person_id)


async def _within_rule(actor: Actor, *, subject: str, now: datetime) -> None:
    """What two persons have set for the actor's roles: the most generous counts. Raises Refused."""
    rows = await database.rows(
        "SELECT reveals_per_day FROM reveal_rule WHERE role = ANY($1)",
        [role for role in REVEALING_ROLES if role in actor.roles],
    )
    held = sum(1 for role in REVEALING_ROLES if role in actor.roles)
    if len(rows) < held:
        return
    most = max(row["reveals_per_day"] for row in rows)
    day = business_date_of(now)
    used = await database.value(
        "SELECT count(*) FROM audit_event WHERE actor = $1 AND action = 'person.reveal' AND outcome = 'done'"
        " AND at >= $2 AND at <= $3",
        actor.reference,
        datetime(day.year, day.month, day.day, tzinfo=SHANGHAI),
        now,
    )
    if used >= most:
        await audit.record(
            None,
            actor=actor,
            action="person.reveal",
            subject=subject,
            outcome="refused",
            now=now,
            detail={"reason": "rule", "reveals_per_day": most},
        )
        raise Refused(REVEALS_SPENT(most=most))


async def register_person(
    tx: Transaction, *, document_type: str, document_no: str, name: str, mobile: str | None, now: datetime
) -> int:
    """The person with this document, registered now or before; returns person_id. A new mobile number is kept."""
    sealed = vault.current()
    text = document_lookup_text(document_type=document_type, document_no=document_no)
    index = sealed.lookup_index(text)
    person_id = new_id()
    status = await tx.execute(
        "INSERT INTO person_document (document_index, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        index,
        person_id,
    )
    mobile_cipher = sealed.encrypt(mobile) if mobile else None
    mobile_masked = mask_mobile(mobile) if mobile else None
    if not status.endswith(" 1"):
        known: int = await tx.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
        await tx.execute(
            "UPDATE person SET mobile_cipher = coalesce($2, mobile_cipher), mobile_masked = coalesce($3, mobile_masked)"
            " WHERE person_id = $1",
            known,
            mobile_cipher,
            mobile_masked,
        )
        return known
    await enter_under_both_keys(tx, document_type=document_type, document_no=document_no, person_id=person_id)
    await tx.execute(
        "INSERT INTO person (person_id, document_type, document_cipher, document_masked, name_cipher, name_masked,"
        " mobile_cipher, mobile_masked, created_at, name_index) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        person_id,
        document_type,
        sealed.encrypt(document_no),
        mask_id_document(document_no),
        sealed.encrypt(name),
        mask_name(name),
        mobile_cipher,
        mobile_masked,
        now,
        name_index(name),
    )
    return person_id


async def known_person(*, person_id: int) -> PersonView:
    """Raises Refused when there is no such person."""
    if await database.value("SELECT 1 FROM person WHERE person_id = $1", person_id) is None:
        raise Refused(PERSON_UNKNOWN())
    return await person_by_id(person_id=person_id)


async def rename_person(tx: Transaction, *, person_id: int, name: str) -> bool:
    """The name as the identity platform has it now; False when it is the known one."""
    sealed = vault.current()
    row = await tx.row("SELECT name_cipher FROM person WHERE person_id = $1 FOR UPDATE", person_id)
    assert row is not None, f"person {person_id} is unknown"
    if sealed.decrypt(row["name_cipher"]) == name:
        return False
    await tx.execute(
        "UPDATE person SET name_cipher = $2, name_masked = $3, name_index = $4 WHERE person_id = $1",
        person_id,
        sealed.encrypt(name),
        mask_name(name),
        name_index(name),
    )
    return True


async def person_by_document(*, document_type: str, document_no: str, using: Executor = database.pool) -> int | None:
    """The number of a registered person by the document; None for one who is not known here."""
    index = document_index(document_type=document_type, document_no=document_no)
    found: int | None = await using.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
    return found


def document_index(*, document_type: str, document_no: str) -> bytes:
    """The blind index by which a document is found without being stored in the clear."""
    return vault.current().lookup_index(document_lookup_text(document_type=document_type, document_no=document_no))


async def enter_under_both_keys(tx: Transaction, *, document_type: str, document_no: str, person_id: int) -> None:
    """While the key of look-ups is being changed, a document is found under either."""
    held = vault.current()
    if held.changes_index:
        await tx.execute(
            "INSERT INTO person_document (document_index, person_id) SELECT unnest($1::bytea[]), $2"
            " ON CONFLICT DO NOTHING",
            held.lookup_indexes(document_lookup_text(document_type=document_type, document_no=document_no)),
            person_id,
        )


def document_lookup_text(*, document_type: str, document_no: str) -> str:
    """What the index of a document is made of."""
    return f"{document_type}:{document_no.upper()}"


def name_index(name: str) -> bytes:
    """The blind index by which a name is compared without being read; blanks and the forms of the middle dot count
    alike."""
    return vault.current().blind_index(name_text(name))


def name_text(name: str) -> str:
    """What the index of a name is made of."""
    return f"name:{comparable_name(name)}"


def comparable_name(name: str) -> str:
    return "".join(name.split()).translate(_DOTS).upper()


_DOTS = str.maketrans({"•": "·", "‧": "·", "・": "·", "．": "·", ".": "·", "●": "·"})
