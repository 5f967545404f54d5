"""One human being, registered twice or under a new document: the registrations become one.

Everything that names the person is moved in one transaction; the registration that goes keeps its row and says where
it went. Who may do this, and the second person who agrees, is the caller's matter (`auth.person_care`).
"""

from __future__ import annotations

from datetime import datetime

from domain.contributions.persons import document_index, enter_under_both_keys
from domain.contributions.refusals import PERSON_MERGED, PERSON_SAME, PERSON_UNKNOWN
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction
from domain.kernel.identifiers import mask_id_document
from domain.kernel.refusal import Refused

# Rows that are moved by their key, or stay with what happened to the registration that goes.
_BY_HAND = frozenset({"person", "person_document", "person_account", "identity_event", "intervention"})
_STAY = frozenset({"sensitive_change", "login_session", "employer_agent", "face_check"})


async def person_of_document(*, document_type: str, document_no: str, using: Executor = database.pool) -> int:
    """Raises Refused when nobody is registered with it."""
    index = document_index(document_type=document_type, document_no=document_no.strip())
    person_id: int | None = await using.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
    if person_id is None:
        raise Refused(PERSON_UNKNOWN())
    return person_id


async def merge_persons(tx: Transaction, *, actor: Actor, keep: int, gone: int, now: datetime) -> None:
    """Moves accounts, cases, documents and linked identities of `gone` to `keep`. Sessions are the caller's matter.
    Raises Refused for the same person twice, and for one that was merged before."""
    if keep == gone:
        raise Refused(PERSON_SAME())
    rows = await tx.rows(
        "SELECT person_id, merged_into FROM person WHERE person_id = ANY($1::bigint[]) ORDER BY person_id FOR UPDATE",
        [keep, gone],
    )
    if len(rows) != 2:
        raise Refused(PERSON_UNKNOWN())
    if any(row["merged_into"] is not None for row in rows):
        raise Refused(PERSON_MERGED())
    moved = []
    for table in await _tables(tx):
        status = await tx.execute(f"UPDATE {table} SET person_id = $1 WHERE person_id = $2", keep, gone)
        if not status.endswith(" 0"):
            moved.append(table)
    await tx.execute("UPDATE person_document SET person_id = $1 WHERE person_id = $2", keep, gone)
    await tx.execute(
        "INSERT INTO person_account (person_id, account_no) SELECT $1, account_no FROM person_account"
        " WHERE person_id = $2 ON CONFLICT DO NOTHING",
        keep,
        gone,
    )
    await tx.execute("DELETE FROM person_account WHERE person_id = $1", gone)
    await tx.execute(
        "UPDATE employer_agent a SET person_id = $1 WHERE person_id = $2 AND NOT EXISTS (SELECT 1 FROM employer_agent b"
        " WHERE b.employer_no = a.employer_no AND b.person_id = $1 AND b.valid_from = a.valid_from)",
        keep,
        gone,
    )
    await tx.execute("UPDATE person SET merged_into = $1 WHERE person_id = $2", keep, gone)
    await audit.record(
        tx,
        actor=actor,
        action="person.merged",
        subject=f"person:{keep}",
        now=now,
        detail={"gone": gone, "tables": moved},
    )


async def replace_document(
    tx: Transaction, *, actor: Actor, person_id: int, document_type: str, document_no: str, now: datetime
) -> None:
    """The person's new document beside the old one, which still finds them. Raises Refused when it is another's."""
    index = document_index(document_type=document_type, document_no=document_no)
    owner = await tx.value("SELECT person_id FROM person_document WHERE document_index = $1", index)
    if owner not in (None, person_id):
        raise Refused(PERSON_SAME.on("documentNo"))
    await tx.execute(
        "INSERT INTO person_document (document_index, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        index,
        person_id,
    )
    await enter_under_both_keys(tx, document_type=document_type, document_no=document_no, person_id=person_id)
    await enter_under_both_keys(tx, document_type=document_type, document_no=document_no, person_id=person_id)
    await tx.execute(
        "UPDATE person SET document_type = $2, document_cipher = $3, document_masked = $4 WHERE person_id = $1",
        person_id,
        document_type,
        vault.current().encrypt(document_no),
        mask_id_document(document_no),
    )
    await audit.record(tx, actor=actor, action="person.document_changed", subject=f"person:{person_id}", now=now)


async def _tables(tx: Transaction) -> list[str]:
    """Every table that names persons and that we may change, whichever area it is of."""
    rows = await tx.rows(
        "SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attname = 'person_id' AND NOT a.attisdropped AND has_table_privilege(c.oid, 'UPDATE') ORDER BY 1"
    )
    return [row["name"] for row in rows if row["name"] not in _BY_HAND | _STAY]
