"""Who of the staff is behind a session now.

Staff sessions live in PostgreSQL alone: the pages read it anyway, so a session is never more alive than its
row, on any process, and a lost Redis signs nobody in or out. Roles are read each time: withdrawing one works
at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from auth import configuration
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record

_TOUCH_EVERY = timedelta(seconds=15)

_SESSION = (
    "SELECT s.session_id, s.channel, s.last_seen_at, s.expires_at, s.revoked_at, m.staff_id, m.name, m.roles,"
    " m.office_codes, m.active, m.password_changed_at, d.person_id"
    " FROM login_session s JOIN staff m ON m.staff_id = s.staff_id"
    " LEFT JOIN person_document d ON d.document_index = m.document_index"
)


async def staff_of_session(*, session_id: int, now: datetime) -> Actor | None:
    row = await database.row(f"{_SESSION} WHERE s.session_id = $1 AND s.kind = 'staff'", session_id)
    return await _present(row, now=now)


async def staff_of_cookie(*, cookie_hash: bytes, now: datetime) -> Actor | None:
    row = await database.row(
        f"{_SESSION} JOIN refresh_token t ON t.session_id = s.session_id WHERE t.token_hash = $1 AND s.kind = 'staff'",
        cookie_hash,
    )
    return await _present(row, now=now)


def password_expired(*, password_changed_at: datetime, now: datetime) -> bool:
    return now - password_changed_at >= configuration.current().password_life


def actor_of_row(row: Record, *, now: datetime) -> Actor:
    """The actor, without any role while the password is due for change: nothing else can be done then."""
    due = password_expired(password_changed_at=row["password_changed_at"], now=now)
    return Actor(
        kind="staff",
        channel=row["channel"],
        name=row["name"],
        staff_id=row["staff_id"],
        person_id=row["person_id"],
        session_id=row["session_id"],
        roles=frozenset() if due else frozenset(row["roles"]),
        office_codes=frozenset(row["office_codes"]),
        assurance="password",
    )


async def _present(row: Record | None, *, now: datetime) -> Actor | None:
    if row is None or row["revoked_at"] is not None or not row["active"] or row["expires_at"] <= now:
        return None
    unused = now - row["last_seen_at"]
    if unused >= configuration.current().staff.idle:
        return None
    if unused >= _TOUCH_EVERY:
        await database.execute(
            "UPDATE login_session SET last_seen_at = $2 WHERE session_id = $1 AND last_seen_at < $2",
            row["session_id"],
            now,
        )
    return actor_of_row(row, now=now)
