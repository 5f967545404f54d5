"""Counting failed logins of staff, and locking what is guessed at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from auth import configuration
from auth.configuration import STAFF_CHANNEL
from domain.kernel import audit, database
from domain.kernel.actor import ANONYMOUS
from domain.kernel.database import Record


def is_locked(row: Record, *, now: datetime) -> bool:
    return row["locked_until"] is not None and row["locked_until"] > now


async def count_failure(row: Record, *, reason: str, now: datetime) -> None:
    """One more failure in a row; the last one allowed locks the account. While it is locked nothing is
    counted, so that a stranger cannot keep it locked for ever; a lock that has run out starts the count
    anew."""
    settings = configuration.current()
    counted = await database.row(
        "UPDATE staff SET failed_count = n.count,"
        " locked_until = CASE WHEN n.count >= $3 THEN $4::timestamptz END"
        " FROM (SELECT staff_id, CASE WHEN locked_until IS NULL THEN failed_count + 1 ELSE 1 END AS count"
        "       FROM staff WHERE staff_id = $1 FOR UPDATE) n"
        " WHERE staff.staff_id = n.staff_id AND (locked_until IS NULL OR locked_until <= $2)"
        " RETURNING failed_count, staff.locked_until",
        row["staff_id"],
        now,
        settings.failures_max,
        now + settings.lock,
    )
    if counted is None:
        reason = "locked"
    await audit_refusal(staff_id=row["staff_id"], reason=reason, now=now)
    if counted is not None and counted["locked_until"] is not None:
        await audit.record(
            None,
            actor=replace(ANONYMOUS, channel=STAFF_CHANNEL),
            action="login.locked",
            subject=f"staff:{row['staff_id']}",
            now=now,
            detail={"failures": counted["failed_count"]},
        )


async def audit_refusal(*, staff_id: int | None, reason: str, now: datetime) -> None:
    await audit.record(
        None,
        actor=replace(ANONYMOUS, channel=STAFF_CHANNEL),
        action="login.refused",
        subject="staff" if staff_id is None else f"staff:{staff_id}",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
