"""资料维护 (D24): entrusted banks, special accounts, union bank numbers, centre codes and dated rates. Every change is
proposed by one person and decided by another, and stays readable with what stood before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from domain.settlement.desk import begun, checked_reason, finished, require_funds, require_second
from domain.settlement.master_subjects import SUBJECTS, Subject
from domain.settlement.ports import FundsGateway
from domain.settlement.refusals import (
    BANK_SILENT,
    DECIDED_ALREADY,
    MASTER_FIELD,
    MASTER_PENDING,
    MASTER_STALE,
    MASTER_UNCHANGED,
    NOT_FOUND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterChange:
    """`before` is None for a new entry; both hold the fields of the subject as text, numbers and booleans."""

    change_id: int
    subject: str
    subject_name: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    reason: str
    state: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str | None


async def propose_master_change(
    *,
    actor: Actor,
    subject: str,
    key: str,
    values: Mapping[str, object],
    reason: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> int:
    """A new entry, or other values for one that stands (fields that are left out stay). Returns the change's number.
    Raises Refused for every field that is wrong; nothing is in force before `decide_master_change`."""
    require_funds(actor)
    reason = checked_reason(reason)
    kind = _subject(subject)
    async with transaction() as tx:
        given = {"subject": subject, "key": key, "values": plain(dict(values)), "reason": reason}
        earlier = await begun(
            tx, actor=actor, operation="propose_master_change", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        change_id = await _propose(
            tx, actor=actor, kind=kind, key=key, values=values, reason=reason, now=now, business_date=business_date
        )
        await finished(tx, actor=actor, request_key=request_key, number=change_id)
        return change_id


async def decide_master_change(
    *,
    actor: Actor,
    change_id: int,
    approve: bool,
    note: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> None:
    """The second person's word; an approved change is in force from here (a rate from its own date). Raises Refused,
    also when what the change began from has changed meanwhile."""
    require_funds(actor)
    note = note.strip() if approve else checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"change_id": change_id, "approve": approve, "note": note}
        operation = "decide_master_change"
        if await begun(tx, actor=actor, operation=operation, request_key=request_key, given=given, now=now):
            return
        row = await tx.row("SELECT * FROM master_change WHERE change_id = $1 FOR UPDATE", change_id)
        if row is None:
            raise Refused(NOT_FOUND.on("changeId"))
        require_second(actor, first=row["proposed_by"])
        if row["state"] != "proposed":
            raise Refused(DECIDED_ALREADY())
        if approve:
            kind = _subject(row["subject"])
            standing = await kind.read(tx, row["subject_key"])
            if standing != row["before"]:
                raise Refused(MASTER_STALE())
            await kind.check(tx, row["subject_key"], standing, row["after"], business_date)
            await kind.write(tx, row["subject_key"], row["after"], now)
        await tx.execute(
            "UPDATE master_change SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5,"
            " decision_note = $6 WHERE change_id = $1",
            change_id,
            "approved" if approve else "rejected",
            actor.reference,
            actor.name,
            now,
            note,
        )
        await audit.record(
            tx,
            actor=actor,
            action=f"master.{'approved' if approve else 'rejected'}",
            subject=f"{row['subject']}:{row['subject_key']}",
            now=now,
            detail={"change_id": str(change_id), "note": note},
        )
        await finished(tx, actor=actor, request_key=request_key, number=change_id)


async def propose_union_banks(
    *, actor: Actor, bank_code: str, gateway: FundsGateway, now: datetime, business_date: date
) -> int:
    """Asks a bank for its union bank numbers (112) and proposes each difference to our list. Returns how many. Raises
    Refused when the bank does not answer."""
    require_funds(actor)
    listed = await gateway.union_banks(bank_code=bank_code, now=now)
    if listed is None:
        raise Refused(BANK_SILENT(reason="联行号查询无明确答复"))
    kind = SUBJECTS["union_bank"]
    wanted = {entry.union_no: entry.name for entry in listed}
    proposed = 0
    async with transaction() as tx:
        rows = await tx.rows("SELECT union_no FROM union_bank WHERE bank_code = $1 AND active", bank_code)
        gone = {row["union_no"] for row in rows} - wanted.keys()
        changes: list[tuple[str, dict[str, object]]] = [
            (number, {"bank_code": bank_code, "name": name, "active": True}) for number, name in sorted(wanted.items())
        ]
        changes += [(number, {"active": False}) for number in sorted(gone)]
        for number, values in changes:
            standing = await kind.read(tx, number)
            if standing is not None and {**standing, **values} == standing:
                continue
            if await _pending(tx, subject="union_bank", key=number):
                continue
            await _propose(
                tx,
                actor=actor,
                kind=kind,
                key=number,
                values=values,
                reason="与银行联行号名册核对",
                now=now,
                business_date=business_date,
            )
            proposed += 1
        await audit.record(
            tx,
            actor=actor,
            action="union_banks.compared",
            subject=f"entrusted_bank:{bank_code}",
            now=now,
            detail={"listed": len(wanted), "proposed": proposed},
        )
    return proposed


async def _propose(
    tx: Transaction,
    *,
    actor: Actor,
    kind: Subject,
    key: str,
    values: Mapping[str, object],
    reason: str,
    now: datetime,
    business_date: date,
) -> int:
    before = await kind.read(tx, key)
    wrong = [field for field in values if field not in kind.fields]
    if wrong:
        raise Refused(*(MASTER_FIELD.on(field, name=field, problem="不是该资料的项目") for field in wrong))
    after: dict[str, Any] = plain({**kind.defaults, **(before or {}), **values})
    await kind.check(tx, key, before, after, business_date)
    if after == before:
        raise Refused(MASTER_UNCHANGED())
    if await _pending(tx, subject=kind.code, key=key):
        raise Refused(MASTER_PENDING())
    change_id = new_id()
    status = await tx.execute(
        "INSERT INTO master_change (change_id, subject, subject_key, before, after, reason, state, proposed_by,"
        " proposed_by_name, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8, $9)"
        " ON CONFLICT (subject, subject_key) WHERE state = 'proposed' DO NOTHING",
        change_id,
        kind.code,
        key,
        before,
        after,
        reason,
        actor.reference,
        actor.name,
        now,
    )
    if status.endswith(" 0"):
        raise Refused(MASTER_PENDING())
    await audit.record(
        tx,
        actor=actor,
        action="master.proposed",
        subject=f"{kind.code}:{key}",
        now=now,
        detail={"change_id": str(change_id), "reason": reason},
    )
    return change_id


async def _pending(tx: Transaction, *, subject: str, key: str) -> bool:
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM master_change WHERE subject = $1 AND subject_key = $2 AND state = 'proposed')",
            subject,
            key,
        )
    )


async def master_changes(
    *, actor: Actor, subject: str | None = None, key: str | None = None, state: str | None = None, most: int = 100
) -> list[MasterChange]:
    """Changes, newest first: the history of one entry, or what waits for its second person."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM master_change WHERE ($1::text IS NULL OR subject = $1)"
        " AND ($2::text IS NULL OR subject_key = $2) AND ($3::text IS NULL OR state = $3)"
        " ORDER BY proposed_at DESC, change_id DESC LIMIT $4",
        subject,
        key,
        state,
        most,
    )
    return [_change(row) for row in rows]


async def master_entries(*, actor: Actor, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """What stands today: (key, fields)."""
    require_funds(actor)
    kind = _subject(subject)
    async with transaction() as tx:
        return [(row["key"], await kind.read(tx, row["key"]) or {}) for row in await tx.rows(kind.keys_sql)]


def _subject(code: str) -> Subject:
    kind = SUBJECTS.get(code)
    if kind is None:
        raise Refused(NOT_FOUND.on("subject"))
    return kind


def _change(row: Record) -> MasterChange:
    return MasterChange(
        change_id=row["change_id"],
        subject=row["subject"],
        subject_name=SUBJECTS[row["subject"]].name,
        key=row["subject_key"],
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
        state=row["state"],
        proposed_by=row["proposed_by"],
        proposed_by_name=row["proposed_by_name"],
        proposed_at=row["proposed_at"],
        decided_by_name=row["decided_by_name"],
        decided_at=row["decided_at"],
        decision_note=row["decision_note"],
    )
