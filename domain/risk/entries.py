"""Entering, removing and reading entries. Each change is asked for by one member of staff and agreed to by another; the
two are named by the caller, who keeps them apart, and the database keeps them apart again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from domain import policy
from domain.kernel import audit, database, outbox, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import mask_id_document, mask_name, new_id
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import Refusal, Refused
from domain.risk.events import LISTED
from domain.risk.lists import Effect, lists
from domain.risk.refusals import ENTRY_NOT_FOUND, LISTED_ALREADY, NOT_IN_FORCE, REASON_LENGTH
from domain.risk.rules import TEXT_LENGTH_MAX, Listing, judge_listing, last_day, said
from domain.risk.standing import Document, document_text, indexes_of

STATE_NAMES = {"in_force": "有效", "over": "已到期", "removed": "已移出"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as staff see it: masked. `state` is one of `STATE_NAMES`, as of the day it was read."""

    entry_id: int
    list: str
    list_name: str
    document_type: str
    document_masked: str
    name_masked: str
    reason_code: str
    reason_name: str
    reason: str
    evidence: str
    from_on: date
    until_on: date
    state: str
    state_name: str
    cleared_until: date | None
    listed_by: str
    agreed_by: str
    listed_at: datetime
    removed_at: datetime | None
    removal_reason: str | None
    document_index: bytes = field(repr=False)

    @property
    def effects(self) -> Mapping[str, Effect]:
        """What the list does to each flow while the entry is in force."""
        return lists()[self.list].effects


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilters:
    """None means all. A person is looked for by document: the number never stands in an address."""

    list: str | None = None
    state: str | None = None
    document: Document | None = None


async def check_listing(*, listing: Listing, business_date: date, using: Executor = database.pool) -> list[Refusal]:
    """Every refusal at once: of the entry itself, and of one that is in force already."""
    found = judge_listing(listing, policy=policy.on(business_date), business_date=business_date)
    if found:
        return found
    until = await using.value(
        "SELECT max(until_on) FROM risk_entry WHERE document_index = ANY($1::bytea[]) AND list = $2"
        " AND state = 'listed' AND until_on >= $3",
        indexes_of((listing.document_type, listing.document_no)),
        listing.list,
        business_date,
    )
    return [LISTED_ALREADY(until=until.isoformat())] if until else []


async def enter(tx: Transaction, *, listing: Listing, asked_by: str, actor: Actor, now: datetime) -> int:
    """Writes an entry that `actor` has agreed to. Raises Refused with what stands against it by now."""
    business_date = business_date_of(now)
    index_of = vault.current().lookup_index(document_text((listing.document_type, listing.document_no)))
    # two requests about one person at once: the second sees what the first has written
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"risk:{listing.list}:{index_of.hex()}")
    refusals = await check_listing(listing=listing, business_date=business_date, using=tx)
    if refusals:
        raise Refused(*refusals)
    entry_id, sealed = new_id(), vault.current()
    number, name = listing.document_no.strip().upper(), listing.name.strip()
    await tx.execute(
        "INSERT INTO risk_entry (entry_id, list, document_type, document_index, document_cipher, document_masked,"
        " name_cipher, name_masked, reason_code, reason, evidence, from_on, until_on, state, listed_by, agreed_by,"
        " listed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'listed', $14, $15, $16)",
        entry_id,
        listing.list,
        listing.document_type,
        index_of,
        sealed.encrypt(number),
        mask_id_document(number),
        sealed.encrypt(name),
        mask_name(name),
        listing.reason_code,
        listing.reason.strip(),
        listing.evidence.strip(),
        listing.from_on,
        listing.until_on or last_day(listing, policy=policy.on(business_date)),
        asked_by,
        actor.reference,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="risk.listed",
        subject=f"risk:{entry_id}",
        now=now,
        detail={"list": listing.list, "reason": listing.reason_code, "asked_by": asked_by},
    )
    if lists()[listing.list].told:
        await outbox.emit(tx, account_no=0, kind=LISTED, payload={"entry_id": str(entry_id)}, now=now)
    return entry_id


async def remove(tx: Transaction, *, entry_id: int, reason: str, asked_by: str, actor: Actor, now: datetime) -> None:
    """Takes an entry off its list. Raises Refused when it is off or over already."""
    await lock_in_force(tx, entry_id=entry_id, business_date=business_date_of(now))
    if not said(reason, most=TEXT_LENGTH_MAX):
        raise Refused(REASON_LENGTH())
    await tx.execute(
        "UPDATE risk_entry SET state = 'removed', removed_by = $2, removed_at = $3, removal_reason = $4"
        " WHERE entry_id = $1",
        entry_id,
        actor.reference,
        now,
        reason.strip(),
    )
    # an appeal that waited has nothing left to be about
    await tx.execute(
        "UPDATE risk_appeal SET state = 'withdrawn', decided_at = $2 WHERE entry_id = $1 AND state = 'waiting'",
        entry_id,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="risk.removed",
        subject=f"risk:{entry_id}",
        now=now,
        detail={"asked_by": asked_by, "reason": reason.strip()},
    )


async def clear_payments(
    tx: Transaction, *, entry_id: int, until: date, asked_by: str, actor: Actor, now: datetime
) -> None:
    """Agreed payments that the entry holds go on until a day within its term; other effects stay. Raises Refused."""
    row = await lock_in_force(tx, entry_id=entry_id, business_date=business_date_of(now))
    await tx.execute(
        "UPDATE risk_entry SET cleared_until = $2 WHERE entry_id = $1", entry_id, min(until, row["until_on"])
    )
    await audit.record(
        tx,
        actor=actor,
        action="risk.payments_cleared",
        subject=f"risk:{entry_id}",
        now=now,
        detail={"asked_by": asked_by, "until": until},
    )


async def lock_in_force(tx: Transaction, *, entry_id: int, business_date: date) -> Record:
    """The entry's row, locked. Raises Refused for one that is unknown, removed or over."""
    row = await tx.row("SELECT * FROM risk_entry WHERE entry_id = $1 FOR UPDATE", entry_id)
    if row is None:
        raise Refused(ENTRY_NOT_FOUND())
    if row["state"] != "listed" or row["until_on"] < business_date:
        raise Refused(NOT_IN_FORCE())
    return row


async def entry_of(*, entry_id: int, on: date, using: Executor = database.pool) -> EntryView:
    """Raises Refused when there is none."""
    row = await using.row("SELECT * FROM risk_entry WHERE entry_id = $1", entry_id)
    if row is None:
        raise Refused(ENTRY_NOT_FOUND())
    return view_of(row, on=on)


async def document_of(*, entry_id: int, using: Executor = database.pool) -> Document:
    """Whom an entry is about, in the clear: for what is told to the person."""
    row = await using.row("SELECT document_type, document_cipher FROM risk_entry WHERE entry_id = $1", entry_id)
    assert row is not None, f"entry {entry_id} vanished"
    return row["document_type"], vault.current().decrypt(row["document_cipher"])


async def entries(*, filters: EntryFilters, on: date, first: int, after: str | None) -> Page[EntryView]:
    """The newest first. Who may read them, and that they did, is the caller's."""
    limit, cursor = check_first(first), decode_cursor(after, shape=(int,))
    state = filters.state
    where = (
        " WHERE ($1::text IS NULL OR list = $1) AND ($2::bytea[] IS NULL OR document_index = ANY($2))"
        " AND ($3::text IS NULL OR ($3 = 'removed' AND state = 'removed') OR (state = 'listed' AND"
        " CASE $3 WHEN 'in_force' THEN until_on >= $4 WHEN 'over' THEN until_on < $4 END))"
    )
    values = (filters.list, indexes_of(filters.document) if filters.document else None, state, on)
    total = await database.value(f"SELECT count(*) FROM risk_entry{where} AND $4::date IS NOT NULL", *values)
    rows = await database.rows(
        f"SELECT * FROM risk_entry{where} AND ($5::bigint IS NULL OR (listed_at, entry_id) <"
        " (SELECT listed_at, entry_id FROM risk_entry WHERE entry_id = $5)) AND $4::date IS NOT NULL"
        " ORDER BY listed_at DESC, entry_id DESC LIMIT $6",
        *values,
        cursor[0] if cursor else None,
        limit + 1,
    )
    return cut(rows=[view_of(row, on=on) for row in rows], first=limit, total=total, key=lambda one: [one.entry_id])


async def entries_of(*, document: Document, on: date, using: Executor = database.pool) -> list[EntryView]:
    """Everything about one person, those in force first."""
    rows = await using.rows(
        "SELECT * FROM risk_entry WHERE document_index = ANY($1::bytea[])"
        " ORDER BY (state = 'listed' AND until_on >= $2) DESC, listed_at DESC, entry_id DESC",
        indexes_of(document),
        on,
    )
    return [view_of(row, on=on) for row in rows]


def view_of(row: Record, *, on: date) -> EntryView:
    chosen, state = lists()[row["list"]], _state(row, on)
    return EntryView(
        entry_id=row["entry_id"],
        list=row["list"],
        list_name=chosen.name,
        document_type=row["document_type"],
        document_masked=row["document_masked"],
        name_masked=row["name_masked"],
        reason_code=row["reason_code"],
        reason_name=chosen.reasons[row["reason_code"]],
        reason=row["reason"],
        evidence=row["evidence"],
        from_on=row["from_on"],
        until_on=row["until_on"],
        state=state,
        state_name=STATE_NAMES[state],
        cleared_until=row["cleared_until"],
        listed_by=row["listed_by"],
        agreed_by=row["agreed_by"],
        listed_at=row["listed_at"],
        removed_at=row["removed_at"],
        removal_reason=row["removal_reason"],
        document_index=row["document_index"],
    )


def _state(row: Record, on: date) -> str:
    if row["state"] == "removed":
        return "removed"
    return "in_force" if row["until_on"] >= on else "over"
