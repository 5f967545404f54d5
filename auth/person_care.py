"""Mending who somebody is: two registrations of one human being, or a new document. Asked for by one member of staff
with the papers on the desk, agreed to by another."""

from __future__ import annotations

from datetime import datetime

from auth import approvals, identity_events, sessions
from auth.approvals import Approval
from domain import contributions
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import mask_id_document, valid_id_card
from domain.kernel.refusal import Refused

DOCUMENT_TYPES = {"01": "居民身份证", "02": "军官证", "03": "护照", "04": "外国人永久居留证", "99": "其他"}


async def ask_merge(*, actor: Actor, keep: int, gone: int, reason: str, now: datetime) -> Approval:
    """Raises Refused for the same registration twice, and as `approvals.ask` does."""
    if keep == gone:
        raise Refused(contributions.PERSON_SAME())
    names = [await contributions.person_by_id(person_id=person_id) for person_id in (keep, gone)]
    shown = [f"{one.name_masked}（{one.document_no_masked}）" for one in names]
    return await approvals.ask(
        actor=actor,
        kind=MERGING,
        subject=f"person:{gone}",
        payload={"keep": keep, "gone": gone},
        summary=f"将{shown[1]}的登记并入{shown[0]}",
        reason=reason,
        now=now,
    )


async def ask_new_document(
    *, actor: Actor, person_id: int, document_type: str, document_no: str, reason: str, now: datetime
) -> Approval:
    """Raises Refused for a malformed document, and as `approvals.ask` does."""
    document_no = document_no.strip().upper()
    plain = document_no.isascii() and document_no.isalnum() and 5 <= len(document_no) <= 20
    if document_type not in DOCUMENT_TYPES or not plain or (document_type == "01" and not valid_id_card(document_no)):
        raise Refused(contributions.DOCUMENT_MALFORMED())
    person = await contributions.person_by_id(person_id=person_id)
    return await approvals.ask(
        actor=actor,
        kind=DOCUMENT,
        subject=f"person:{person_id}",
        payload={
            "person_id": person_id,
            "document_type": document_type,
            "sealed": vault.current().encrypt(document_no).hex(),
        },
        summary=f"将{person.name_masked}（{person.document_no_masked}）的证件变更为"
        f"{DOCUMENT_TYPES[document_type]} {mask_id_document(document_no)}",
        reason=reason,
        now=now,
    )


async def end_sessions_of_merged(*, actor: Actor, person_id: int, now: datetime) -> None:
    """After a merger was agreed to: nobody is logged in as the registration that went."""
    merged = await database.value("SELECT 1 FROM person WHERE person_id = $1 AND merged_into IS NOT NULL", person_id)
    if merged is not None:
        await sessions.end_all_sessions(actor=actor, person_id=person_id, reason="merged", now=now)


async def _merge(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    keep, gone = int(approved.payload["keep"]), int(approved.payload["gone"])
    await contributions.merge_persons(tx, actor=actor, keep=keep, gone=gone, now=now)
    for person_id in (keep, gone):
        await identity_events.record(tx, person_id=person_id, kind="merged", actor=actor, now=now)


async def _document(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    person_id = int(approved.payload["person_id"])
    await contributions.replace_document(
        tx,
        actor=actor,
        person_id=person_id,
        document_type=approved.payload["document_type"],
        document_no=vault.current().decrypt(bytes.fromhex(approved.payload["sealed"])),
        now=now,
    )
    await identity_events.record(tx, person_id=person_id, kind="document", actor=actor, now=now)


async def _after_merge(approved: Approval, actor: Actor, now: datetime) -> None:
    await end_sessions_of_merged(actor=actor, person_id=int(approved.payload["gone"]), now=now)


MERGING = approvals.declare(
    "person.merging",
    name="登记合并",
    ask="person.intervene",
    decide="person.care",
    apply=_merge,
    afterwards=_after_merge,
)
DOCUMENT = approvals.declare(
    "person.document", name="证件变更", ask="person.intervene", decide="person.care", apply=_document
)
