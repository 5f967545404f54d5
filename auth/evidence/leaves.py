"""An audit event as it stands in the log: the same bytes for ever."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from auth.evidence.verifier import canonical
from domain.kernel.database import Record

COLUMNS = "event_id, at, actor, actor_name, channel, session_id, action, subject, outcome, detail"


def event_of(row: Record) -> dict[str, Any]:
    """Numbers that JavaScript would round are text; the time is UTC to the microsecond."""
    return {
        "eventId": str(row["event_id"]),
        "at": row["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": row["actor"],
        "actorName": row["actor_name"],
        "channel": row["channel"],
        "sessionId": None if row["session_id"] is None else str(row["session_id"]),
        "action": row["action"],
        "subject": row["subject"],
        "outcome": row["outcome"],
        "detail": row["detail"],
    }


def content_of(row: Record) -> bytes:
    return canonical(event_of(row))
