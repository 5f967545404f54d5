"""来报的处置: what staff see of the messages, and what they may do with those in quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auth.rights import may
from channels.inbound.refusals import MESSAGE_NOT_FOUND, MESSAGE_STANDS, NOT_QUARANTINED, REASON_MISSING
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, transaction
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, Refused

REASON_LENGTH_MIN, REASON_LENGTH_MAX = 4, 200
STATE_NAMES = {"received": "待处理", "done": "已处理", "quarantined": "已隔离", "closed": "已处置"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFilters:
    channel: str | None = None
    state: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundView:
    """A message without its content."""

    message_id: int
    channel: str
    kind: str
    key: str
    app: str
    version: str
    bytes_count: int
    state: str
    state_name: str
    told: int
    attempts: int
    outcome: str | None
    fault: str | None
    received_at: datetime
    ended_at: datetime | None
    closed_note: str | None


async def inbound_messages(
    *, actor: Actor, filters: InboundFilters, first: int, after: str | None
) -> Page[InboundView]:
    """The newest first."""
    _require(actor, "channels.read")
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    values = (filters.channel, filters.state, filters.received_from, filters.received_to)
    where = (
        " WHERE ($1::text IS NULL OR channel = $1) AND ($2::text IS NULL OR state = $2)"
        " AND ($3::timestamptz IS NULL OR received_at >= $3) AND ($4::timestamptz IS NULL OR received_at <= $4)"
    )
    total = await database.value(f"SELECT count(*) FROM inbound_message{where}", *values)
    rows = await database.rows(
        f"SELECT * FROM inbound_message{where} AND ($5::bigint IS NULL OR (received_at, message_id) <"
        " (SELECT received_at, message_id FROM inbound_message WHERE message_id = $5))"
        " ORDER BY received_at DESC, message_id DESC LIMIT $6",
        *values,
        cursor[0] if cursor else None,
        limit + 1,
    )
    return cut(rows=[_view(row) for row in rows], first=limit, total=total, key=lambda one: [one.message_id])


async def inbound_counts(*, actor: Actor) -> dict[str, dict[str, int]]:
    """Messages by channel and state."""
    _require(actor, "channels.read")
    counts: dict[str, dict[str, int]] = {}
    for row in await database.rows("SELECT channel, state, count(*) AS n FROM inbound_message GROUP BY 1, 2"):
        counts.setdefault(row["channel"], {})[row["state"]] = row["n"]
    return counts


async def message_content(*, actor: Actor, message_id: int, reason: str, now: datetime) -> str:
    """What the message says, for staff who give a reason; who looked is in the audit trail first."""
    _require(actor)
    row = await _found(message_id)
    await audit.record(
        None,
        actor=actor,
        action="inbound.read",
        subject=f"inbound:{message_id}",
        now=now,
        detail={"reason": _reason(reason)},
    )
    return vault.current().decrypt(row["content_cipher"]).encode("latin-1").decode("utf-8", "replace")


async def replay(*, actor: Actor, message_id: int, reason: str, now: datetime) -> None:
    """Has the message worked on again. One whose number stands for other content is refused."""
    _require(actor)
    said = _reason(reason)
    row = await _found(message_id)
    if row["state"] == "closed":
        raise Refused(NOT_QUARANTINED(state=STATE_NAMES[row["state"]]))
    async with transaction() as tx:
        standing = await tx.value(
            "SELECT message_id FROM inbound_message WHERE channel = $1 AND message_key = $2 AND message_id <> $3"
            " AND state IN ('received', 'done') FOR UPDATE",
            row["channel"],
            row["message_key"],
            message_id,
        )
        if standing is not None:
            raise Refused(MESSAGE_STANDS())
        await tx.execute(
            "UPDATE inbound_message SET state = 'received', attempts = 0, due_at = $2, claimed_until = NULL,"
            " ended_at = NULL WHERE message_id = $1 AND state <> 'closed'",
            message_id,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="inbound.replayed",
            subject=f"inbound:{message_id}",
            now=now,
            detail={"reason": said, "before": row["state"]},
        )


async def close_message(*, actor: Actor, message_id: int, reason: str, now: datetime) -> None:
    """Staff have seen to a quarantined message by other ways; it is kept and never worked on."""
    _require(actor)
    said = _reason(reason)
    row = await _found(message_id)
    async with transaction() as tx:
        moved = await tx.execute(
            "UPDATE inbound_message SET state = 'closed', closed_by = $2, closed_note = $3, ended_at = $4"
            " WHERE message_id = $1 AND state = 'quarantined'",
            message_id,
            actor.reference,
            said,
            now,
        )
        if not moved.endswith(" 1"):
            raise Refused(NOT_QUARANTINED(state=STATE_NAMES[row["state"]]))
        await audit.record(
            tx,
            actor=actor,
            action="inbound.closed",
            subject=f"inbound:{message_id}",
            now=now,
            detail={"reason": said},
        )


def _require(actor: Actor, right: str = "channels.operate") -> None:
    if not may(actor, right):
        raise Refused(NOT_PERMITTED())


def _reason(reason: str) -> str:
    said = reason.strip()
    if not REASON_LENGTH_MIN <= len(said) <= REASON_LENGTH_MAX:
        raise Refused(REASON_MISSING())
    return said


async def _found(message_id: int) -> Record:
    row = await database.row("SELECT * FROM inbound_message WHERE message_id = $1", message_id)
    if row is None:
        raise Refused(MESSAGE_NOT_FOUND())
    return row


def _view(row: Record) -> InboundView:
    return InboundView(
        message_id=row["message_id"],
        channel=row["channel"],
        kind=row["kind"],
        key=row["message_key"],
        app=row["app"],
        version=row["version"],
        bytes_count=row["bytes"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        told=row["told"],
        attempts=row["attempts"],
        outcome=row["outcome"],
        fault=row["fault"],
        received_at=row["received_at"],
        ended_at=row["ended_at"],
        closed_note=row["closed_note"],
    )
