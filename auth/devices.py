"""Where a person is logged in, and logging out there or everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auth import identity_events, sessions
from auth.refusals import DEVICE_UNKNOWN
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.refusal import NOT_PERMITTED, Refused

SHOWN_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One session. `device` is what the browser or application says of itself; `employer_no` where the person acts for
    an employer there."""

    session_id: int
    channel: str
    device: str
    assurance: str
    employer_no: int | None
    signed_in_at: datetime
    last_seen_at: datetime
    current: bool


async def devices_of(*, person_id: int, current: int | None, now: datetime) -> list[Device]:
    """Sessions that are open, the one of the request first, then the last used."""
    rows = await database.rows(
        "SELECT session_id, channel, device, assurance, employer_no, created_at, last_seen_at FROM login_session"
        " WHERE person_id = $1 AND revoked_at IS NULL AND expires_at > $2"
        " ORDER BY session_id IS NOT DISTINCT FROM $3 DESC, last_seen_at DESC LIMIT $4",
        person_id,
        now,
        current,
        SHOWN_MAX,
    )
    return [
        Device(
            session_id=row["session_id"],
            channel=row["channel"],
            device=row["device"],
            assurance=row["assurance"],
            employer_no=row["employer_no"],
            signed_in_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            current=row["session_id"] == current,
        )
        for row in rows
    ]


async def sign_out_device(*, actor: Actor, session_id: int, now: datetime) -> None:
    """Ends one session of the actor's own. Raises Refused for any other."""
    owner = await database.value(
        "SELECT person_id FROM login_session WHERE session_id = $1 AND revoked_at IS NULL", session_id
    )
    if owner is None or owner != _person(actor):
        raise Refused(DEVICE_UNKNOWN())
    await sessions.end_session(session_id=session_id, actor=actor, reason="signed_out_by_person", now=now)


async def sign_out_everywhere(*, actor: Actor, keep_this: bool, now: datetime) -> int:
    """Ends every session of the person on every channel, that of the request too unless it is kept; how many."""
    person_id = _person(actor)
    keep = actor.session_id if keep_this else None
    ended = await sessions.end_all_sessions(
        actor=actor, person_id=person_id, keep=keep, reason="signed_out_everywhere", now=now
    )
    if ended:
        await identity_events.record(
            database.pool, person_id=person_id, kind="signed_out_everywhere", actor=actor, now=now
        )
    return ended


def _person(actor: Actor) -> int:
    if not (actor.is_in_person or actor.is_agent) or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    return actor.person_id
