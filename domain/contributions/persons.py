"""Persons: known by their document, shown masked, revealed by right and with a reason that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import cases
from domain.contributions.models import Person
from domain.contributions.refusals import REASON_REQUIRED
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Transaction
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
    await audit.record(
        None, actor=actor, action="person.reveal", subject=subject, now=now, detail={"reason": reason.strip()}
    )
    return await clear_person(person_id=case.person_id)


async def register_person(
    tx: Transaction, *, document_type: str, document_no: str, name: str, mobile: str | None, now: datetime
) -> int:
    """The person with this document, registered now or before; returns person_id. A new mobile number is kept."""
    sealed = vault.current()
    index = document_index(document_type=document_type, document_no=document_no)
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
    await tx.execute(
        "INSERT INTO person (person_id, document_type, document_cipher, document_masked, name_cipher, name_masked,"
        " mobile_cipher, mobile_masked, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        person_id,
        document_type,
        sealed.encrypt(document_no),
        mask_id_document(document_no),
        sealed.encrypt(name),
        mask_name(name),
        mobile_cipher,
        mobile_masked,
        now,
    )
    return person_id


def document_index(*, document_type: str, document_no: str) -> bytes:
    """The blind index by which a document is found without being stored in the clear."""
    return vault.current().blind_index(f"{document_type}:{document_no.upper()}")
