"""Reading the audit trail for the audit administrator: filters, the newest first, pages by cursor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.kernel import database
from domain.kernel.paging import Page, check_first, cut, decode_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilters:
    """None means all. `action` and `subject` match from their beginning, `actor` a name or a reference."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    outcome: str | None = None
    at_from: datetime | None = None
    at_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    event_id: int
    at: datetime
    actor: str
    actor_name: str
    channel: str
    action: str
    subject: str
    outcome: str
    detail: dict[str, Any]


_WHERE = (
    " WHERE ($1::text IS NULL OR actor = $1 OR actor_name = $1)"
    " AND ($2::text IS NULL OR starts_with(action, $2)) AND ($3::text IS NULL OR starts_with(subject, $3))"
    " AND ($4::text IS NULL OR outcome = $4)"
    " AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at <= $6)"
)


async def events(*, filters: AuditFilters, first: int, after: str | None, total: int | None = None) -> Page[AuditEvent]:
    """Raises Refused for a malformed cursor or page size. Whether one may look is the caller's to check. Who reads
    page by page gives the `total` of the first page, so that the trail is counted once."""
    limit = check_first(first)
    chosen = (
        filters.actor,
        filters.action,
        filters.subject,
        filters.outcome,
        filters.at_from,
        filters.at_to,
    )
    cursor = decode_cursor(after, shape=(int, int))
    if total is None:
        total = int(await database.value(f"SELECT count(*) FROM audit_event{_WHERE}", *chosen))
    rows = await database.rows(
        "SELECT event_id, at, actor, actor_name, channel, action, subject, outcome, detail,"
        " (extract(epoch FROM at) * 1000000)::bigint AS micros FROM audit_event"
        f"{_WHERE} AND ($7::bigint IS NULL OR"
        " (at, event_id) < (timestamptz 'epoch' + $7::bigint * interval '1 microsecond', $8::bigint))"
        f" ORDER BY at DESC, event_id DESC LIMIT {limit + 1}",
        *chosen,
        *(cursor or (None, None)),
    )
    places = {row["event_id"]: row["micros"] for row in rows}
    found = [AuditEvent(**{name: row[name] for name in AuditEvent.__dataclass_fields__}) for row in rows]
    return cut(rows=found, first=limit, total=total, key=lambda event: [places[event.event_id], event.event_id])
