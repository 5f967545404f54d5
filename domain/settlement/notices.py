"""到账通知: what banks tell by SBDC100, taken once, however often it is told.

A notice is one or more rows of `statement_format`. All of it is taken or none: one that cannot be read, or contradicts
what was told before, is put into quarantine by the digest of its bytes, and staff ask the bank to tell it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from domain.settlement.desk import begun, checked_reason, finished, require_funds
from domain.settlement.receiving import lock_tellings, take_receipt
from domain.settlement.refusals import NOT_FOUND, NOTICE_NOT_QUARANTINED
from domain.settlement.statement_format import Row, RowFault, parse_row
from domain.settlement.transfers import names_own, own_serials

ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTaken:
    """`repeated`: these very bytes were here before. `receipts` are those of this telling, new or not."""

    state: Literal["accepted", "quarantined"]
    repeated: bool
    fault: str | None
    receipts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    notice_id: int
    digest: str
    bytes_count: int
    bank_code: str | None
    received_at: datetime
    state: str
    fault: str | None
    movements: int
    told: int
    cleared_by: str | None
    cleared_note: str | None


async def take_notice(
    *, bank_code: str, lines: Sequence[str], digest: str, bytes_count: int, now: datetime, business_date: date
) -> NoticeTaken:
    """Books what the rows say has come in. `digest` is the SM3 of the bytes as they arrived, `bank_code` the bank whose
    signature they carried. Never raises for what the bank wrote."""
    try:
        rows = _rows(lines)
    except RowFault as fault:
        return await quarantine_notice(
            bank_code=bank_code, digest=digest, bytes_count=bytes_count, fault=str(fault), now=now
        )
    try:
        async with transaction() as tx:
            await lock_tellings(tx, bank_code=bank_code, serials=[row.host_serial_no for row in rows])
            repeated = await _seen(tx, digest=digest)
            receipts = []
            own = await own_serials(tx, texts=[row.remark for row in rows])
            for row in rows:
                # Money that leaves, and money that our own orders move, is booked by the answer to the order.
                if (row.amount.fen < 0 and not row.reversal) or names_own(row.remark, own=own):
                    continue
                taken = await take_receipt(
                    tx, bank_code=bank_code, row=row, source="notice", now=now, business_date=business_date
                )
                receipts.append(taken.receipt_id)
            if not repeated:
                await _keep(
                    tx,
                    bank_code=bank_code,
                    digest=digest,
                    bytes_count=bytes_count,
                    fault=None,
                    movements=len(rows),
                    now=now,
                )
    except Refused as refused:
        problem = "；".join(refusal.message for refusal in refused.refusals)
        return await quarantine_notice(
            bank_code=bank_code, digest=digest, bytes_count=bytes_count, fault=problem, now=now
        )
    return NoticeTaken(state="accepted", repeated=repeated, fault=None, receipts=tuple(receipts))


async def quarantine_notice(
    *, bank_code: str | None, digest: str, bytes_count: int, fault: str, now: datetime
) -> NoticeTaken:
    """Keeps that something came which could not be taken. Its bytes are not kept: they may hold anything."""
    async with transaction() as tx:
        repeated = await _seen(tx, digest=digest)
        if not repeated:
            notice_id = await _keep(
                tx, bank_code=bank_code, digest=digest, bytes_count=bytes_count, fault=fault, movements=0, now=now
            )
            await audit.record(
                tx,
                actor=SYSTEM,
                action="notice.quarantined",
                subject=f"notice:{notice_id}",
                now=now,
                outcome="failed",
                detail={"bank_code": bank_code, "digest": digest, "fault": fault},
            )
    return NoticeTaken(state="quarantined", repeated=repeated, fault=fault)


async def clear_notice(*, actor: Actor, notice_id: int, note: str, request_key: str, now: datetime) -> None:
    """Staff have seen to a quarantined notice: the bank told it again, or the statement brought its money."""
    require_funds(actor)
    note = checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"notice_id": notice_id, "note": note}
        if await begun(tx, actor=actor, operation="clear_notice", request_key=request_key, given=given, now=now):
            return
        state = await tx.value("SELECT state FROM bank_notice WHERE notice_id = $1 FOR UPDATE", notice_id)
        if state is None:
            raise Refused(NOT_FOUND.on("noticeId"))
        if state != "quarantined":
            raise Refused(NOTICE_NOT_QUARANTINED())
        await tx.execute(
            "UPDATE bank_notice SET state = 'cleared', cleared_by = $2, cleared_note = $3 WHERE notice_id = $1",
            notice_id,
            actor.reference,
            note,
        )
        await audit.record(
            tx, actor=actor, action="notice.cleared", subject=f"notice:{notice_id}", now=now, detail={"note": note}
        )
        await finished(tx, actor=actor, request_key=request_key, number=notice_id)


async def quarantined_notices(*, actor: Actor, most: int = 100) -> list[NoticeView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM bank_notice WHERE state = 'quarantined' ORDER BY received_at DESC LIMIT $1", most
    )
    return [
        NoticeView(
            notice_id=row["notice_id"],
            digest=row["digest"],
            bytes_count=row["bytes"],
            bank_code=row["bank_code"],
            received_at=row["received_at"],
            state=row["state"],
            fault=row["fault"],
            movements=row["movements"],
            told=row["told"],
            cleared_by=row["cleared_by"],
            cleared_note=row["cleared_note"],
        )
        for row in rows
    ]


def _rows(lines: Sequence[str]) -> list[Row]:
    """Raises RowFault, with the line's number."""
    if not 1 <= len(lines) <= ROWS_MAX:
        raise RowFault(f"通知应有1至{ROWS_MAX}行，实有{len(lines)}行")
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(parse_row(line))
        except RowFault as fault:
            raise RowFault(f"第{number}行{fault}") from None
    return rows


async def _seen(tx: Transaction, *, digest: str) -> bool:
    status = await tx.execute("UPDATE bank_notice SET told = told + 1 WHERE digest = $1", digest)
    return not status.endswith(" 0")


async def _keep(
    tx: Transaction,
    *,
    bank_code: str | None,
    digest: str,
    bytes_count: int,
    fault: str | None,
    movements: int,
    now: datetime,
) -> int:
    notice_id = new_id()
    await tx.execute(
        "INSERT INTO bank_notice (notice_id, digest, bytes, bank_code, received_at, state, fault, movements)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (digest) DO UPDATE SET told = bank_notice.told + 1",
        notice_id,
        digest,
        bytes_count,
        bank_code,
        now,
        "accepted" if fault is None else "quarantined",
        fault,
        movements,
    )
    return notice_id
