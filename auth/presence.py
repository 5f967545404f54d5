"""Who of the staff, or of the agents of employers, is behind a session now.

These sessions live in PostgreSQL alone: the pages read it anyway, so a session is never more alive than its
row, on any process, and a lost Redis signs nobody in or out. Roles and appointments are read each time:
withdrawing one works at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from auth import configuration
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import business_date_of

_NO_OFFICE = frozenset({"none"})
_TOUCH_EVERY = timedelta(seconds=15)

_SESSION = (
    "SELECT s.session_id, s.channel, s.last_seen_at, s.expires_at, s.revoked_at, m.staff_id, m.name, m.roles,"
    " m.office_codes, m.branch_codes, m.active, m.password_changed_at, d.person_id,"
    " ARRAY(SELECT o.code FROM management_office o WHERE o.branch_code = ANY(m.branch_codes)) AS branch_offices"
    " FROM login_session s JOIN staff m ON m.staff_id = s.staff_id"
    " LEFT JOIN person_document d ON d.document_index = m.document_index"
)


_AGENT = (
    "SELECT s.session_id, s.channel, s.assurance, s.last_seen_at, s.expires_at, s.revoked_at, s.person_id,"
    " s.employer_no, s.limited_to FROM login_session s"
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


async def agent_of_session(*, session_id: int, now: datetime) -> Actor | None:
    row = await database.row(f"{_AGENT} WHERE s.session_id = $1 AND s.kind = 'agent'", session_id)
    return await _agent_present(row, now=now)


async def agent_of_cookie(*, cookie_hash: bytes, now: datetime) -> Actor | None:
    row = await database.row(
        f"{_AGENT} JOIN refresh_token t ON t.session_id = s.session_id WHERE t.token_hash = $1 AND s.kind = 'agent'",
        cookie_hash,
    )
    return await _agent_present(row, now=now)


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
        office_codes=_offices(row),
        assurance="password",
    )


def _offices(row: Record) -> frozenset[str]:
    """The departments of the member and of their branch centres (分中心). A branch without departments is none of
    them, and not the whole centre, which an empty set would be."""
    offices = frozenset(row["office_codes"]) | frozenset(row["branch_offices"])
    return offices or (_NO_OFFICE if row["branch_codes"] else offices)


async def _present(row: Record | None, *, now: datetime) -> Actor | None:
    if row is None or not row["active"] or not await _alive(row, idle=configuration.current().staff.idle, now=now):
        return None
    return actor_of_row(row, now=now)


async def _agent_present(row: Record | None, *, now: datetime) -> Actor | None:
    if row is None or not await _alive(row, idle=configuration.current().agents.idle, now=now):
        return None
    scopes = await contributions.agent_scopes(
        employer_no=row["employer_no"], person_id=row["person_id"], on=business_date_of(now)
    )
    if row["limited_to"] is not None:
        # what the session may do at most, and of that what the appointment gives
        limits = frozenset(row["limited_to"])
        scopes = limits if "all" in scopes else scopes & limits
    if not scopes:
        return None
    person = await contributions.person_by_id(person_id=row["person_id"])
    return Actor(
        kind="agent",
        channel=row["channel"],
        name=person.name_masked,
        person_id=row["person_id"],
        employer_no=row["employer_no"],
        session_id=row["session_id"],
        scopes=scopes,
        assurance=row["assurance"],
    )


async def _alive(row: Record, *, idle: timedelta, now: datetime) -> bool:
    """Whether the session is still open; its use is noted, so that it does not lie idle."""
    unused = now - row["last_seen_at"]
    if row["revoked_at"] is not None or row["expires_at"] <= now or unused >= idle:
        return False
    if unused >= _TOUCH_EVERY:
        await database.execute(
            "UPDATE login_session SET last_seen_at = $2 WHERE session_id = $1 AND last_seen_at < $2",
            row["session_id"],
            now,
        )
    return True
