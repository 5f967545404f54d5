"""Changing the key of look-ups: each person under both keys, then look-ups go by the new one, then the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.contributions import card_lookup_text, document_lookup_text
from domain.kernel import vault, vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.vault import keyed_sm3
from domain.kernel.vault_keys import LEARNING
from ops.rotation_progress import note, place_of, rows_after


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTable:
    """A table that keeps the index of a document beside the sealed number."""

    name: str
    key: tuple[str, ...]
    index: str
    cipher: str
    kind: str = "'01'"
    """Where the type of document stands."""


DOCUMENT_TABLES = (
    DocumentTable(
        name="employer_account",
        key=("employer_no",),
        index="legal_document_index",
        cipher="legal_document_cipher",
    ),
    DocumentTable(
        name="contribution_list_row",
        key=("employer_no", "list_id", "row_no"),
        index="document_index",
        cipher="document_cipher",
        kind="document_type",
    ),
    # read under every key that is about, so that nobody slips off a list while the key is being changed
    DocumentTable(
        name="risk_entry",
        key=("entry_id",),
        index="document_index",
        cipher="document_cipher",
        kind="document_type",
    ),
)
INDEXED = ("person", "bank_card", *(table.name for table in DOCUMENT_TABLES), "staff", "person_document")


async def index_step(tx: Transaction, *, number: int, now: datetime, chunk: int) -> int:
    """Persons under the new key; look-ups change over; then cards, staff, and the old entries away."""
    ring = vault.current()._ring()
    new = ring.indexes[number]
    place = await place_of(tx, "index", number, "person")
    if place is None or place["finished_at"] is None:
        standing = ring.indexes[ring.looking_up]
        return await _enter_persons(tx, number=number, new=new, old=standing, place=place, now=now, chunk=chunk)
    said = await tx.value("SELECT looks_up_from FROM vault_key WHERE purpose = 'index' AND number = $1", number)
    if said is None:
        await vault_keys.look_up_by(tx, actor=SYSTEM, number=number, now=now)
        return 1
    if said + LEARNING > now:
        return 0
    for documents in DOCUMENT_TABLES:
        place = await place_of(tx, "index", number, documents.name)
        if place is None or place["finished_at"] is None:
            return await _move_documents(tx, documents, number=number, new=new, place=place, now=now, chunk=chunk)
    old = [key for one, key in sorted(ring.indexes.items()) if one != number]
    for table, work in (("bank_card", _move_cards), ("staff", _move_staff), ("person_document", _leave_old)):
        place = await place_of(tx, "index", number, table)
        if place is None or place["finished_at"] is None:
            return await work(tx, number=number, new=new, old=old, place=place, now=now, chunk=chunk)
    return 0


async def _enter_persons(
    tx: Transaction, *, number: int, new: bytes, old: bytes, place: Record | None, now: datetime, chunk: int
) -> int:
    rows = await rows_after(
        tx,
        "person",
        ("person_id",),
        ("person_id", "document_type", "document_cipher"),
        last=None if place is None else place["last_key"],
        chunk=chunk,
    )
    documents = [_document_of(row).encode() for row in rows]
    before = [keyed_sm3(old, document) for document in documents]
    found = await tx.rows(
        "SELECT document_index, person_id FROM person_document WHERE document_index = ANY($1::bytea[])", before
    )
    # the document of a person who was merged into another leads to that other
    owner_of = {row["document_index"]: row["person_id"] for row in found}
    await tx.execute(
        "INSERT INTO person_document (document_index, person_id) SELECT * FROM unnest($1::bytea[], $2::bigint[])"
        " ON CONFLICT DO NOTHING",
        [keyed_sm3(new, document) for document in documents],
        [owner_of.get(index, row["person_id"]) for index, row in zip(before, rows, strict=True)],
    )
    await note(tx, "index", number, "person", ("person_id",), rows, moved=len(rows), chunk=chunk, now=now)
    return max(len(rows), 1)


async def _move_cards(
    tx: Transaction, *, number: int, new: bytes, old: list[bytes], place: Record | None, now: datetime, chunk: int
) -> int:
    key = ("account_no", "card_id")
    last = None if place is None else place["last_key"]
    rows = await rows_after(tx, "bank_card", key, (*key, "card_cipher"), last=last, chunk=chunk)
    for row in rows:
        text = card_lookup_text(vault.current().decrypt(row["card_cipher"]))
        await tx.execute(
            "UPDATE bank_card SET card_index = $3 WHERE account_no = $1 AND card_id = $2",
            row["account_no"],
            row["card_id"],
            keyed_sm3(new, text.encode()),
        )
    await note(tx, "index", number, "bank_card", key, rows, moved=len(rows), chunk=chunk, now=now)
    return max(len(rows), 1)


async def _move_documents(
    tx: Transaction,
    table: DocumentTable,
    *,
    number: int,
    new: bytes,
    place: Record | None,
    now: datetime,
    chunk: int,
) -> int:
    columns = (*table.key, f"{table.kind} AS document_type", f"{table.cipher} AS document_cipher")
    last = None if place is None else place["last_key"]
    rows = await rows_after(tx, table.name, table.key, columns, last=last, chunk=chunk)
    where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(table.key, start=2))
    moved = [row for row in rows if row["document_cipher"] is not None and row["document_type"] is not None]
    for row in moved:
        await tx.execute(
            f"UPDATE {table.name} SET {table.index} = $1 WHERE {where}",
            keyed_sm3(new, _document_of(row).encode()),
            *(row[name] for name in table.key),
        )
    await note(tx, "index", number, table.name, table.key, rows, moved=len(moved), chunk=chunk, now=now)
    return max(len(rows), 1)


async def _move_staff(
    tx: Transaction, *, number: int, new: bytes, old: list[bytes], place: Record | None, now: datetime, chunk: int
) -> int:
    """Staff have no document of their own here, only its index: found through the person, who stands under both."""
    rows = await tx.rows("SELECT staff_id, document_index FROM staff WHERE document_index IS NOT NULL")
    found = await tx.rows(
        "SELECT document_index, person_id FROM person_document WHERE document_index = ANY($1::bytea[])",
        [row["document_index"] for row in rows],
    )
    person_of = {row["document_index"]: row["person_id"] for row in found}
    persons = await tx.rows(
        "SELECT person_id, document_type, document_cipher FROM person WHERE person_id = ANY($1::bigint[])",
        list(person_of.values()),
    )
    index_of = {row["person_id"]: keyed_sm3(new, _document_of(row).encode()) for row in persons}
    for row in rows:
        if (index := index_of.get(person_of.get(row["document_index"], 0))) is not None:
            await tx.execute("UPDATE staff SET document_index = $2 WHERE staff_id = $1", row["staff_id"], index)
    await note(tx, "index", number, "staff", ("staff_id",), rows, moved=len(rows), chunk=len(rows) + 1, now=now)
    return max(len(rows), 1)


async def _leave_old(
    tx: Transaction, *, number: int, new: bytes, old: list[bytes], place: Record | None, now: datetime, chunk: int
) -> int:
    """A few entries may still be added under the old key until it is retired; nothing finds them after that."""
    last = None if place is None else place["last_key"]
    rows = await rows_after(
        tx, "person", ("person_id",), ("person_id", "document_type", "document_cipher"), last=last, chunk=chunk
    )
    left = [keyed_sm3(key, _document_of(row).encode()) for row in rows for key in old]
    await tx.execute(
        "DELETE FROM person_document d WHERE document_index = ANY($1::bytea[])"
        " AND NOT EXISTS (SELECT FROM staff m WHERE m.document_index = d.document_index)",
        left,
    )
    await note(tx, "index", number, "person_document", ("person_id",), rows, moved=len(left), chunk=chunk, now=now)
    return max(len(rows), 1)


async def left_of_index(tx: Transaction, number: int) -> int:
    """What nobody can work out anew: members of staff whose document nobody else has, and documents that a person had
    before, of which only the index is kept. While there are any, the older key has to stay."""
    left: int = await tx.value(
        "SELECT (SELECT count(*) FROM staff m WHERE document_index IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM person_document d WHERE d.document_index = m.document_index))"
        " + greatest(0, (SELECT count(*) FROM person_document) - (SELECT count(*) FROM person))"
    )
    return left


def _document_of(row: Record) -> str:
    return document_lookup_text(
        document_type=row["document_type"], document_no=vault.current().decrypt(row["document_cipher"])
    )
