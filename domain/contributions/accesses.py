"""谁看过我的信息: what others read of a person's record, as the person sees it, and exclusions for investigations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

EXCLUSION_MOST = timedelta(days=180)
"""Unverified: how long an investigation may keep reads back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessView:
    access_id: int
    at: datetime
    reader_title: str
    channel: str
    purpose: str
    what: tuple[str, ...]
    subject: str


_SHOWN = (
    " FROM record_access a WHERE a.person_id = $1 AND NOT EXISTS (SELECT FROM access_exclusion x"
    " WHERE x.person_id = a.person_id AND x.until > $2 AND (x.reader IS NULL OR x.reader = a.reader)"
    " AND a.at >= x.from_at AND a.at < x.until)"
)


async def accesses_of(*, actor: Actor, first: int, after: str | None, now: datetime) -> Page[AccessView]:
    """The newest first. What a standing exclusion covers is neither shown nor counted; it is once that has ended.
    Raises Refused for anybody but the person, logged in with their real name."""
    if actor.kind != "citizen" or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int, int))
    total: int = await database.value(f"SELECT count(*){_SHOWN}", actor.person_id, now)
    rows = await database.rows(
        "SELECT a.access_id, a.at, a.reader_title, a.channel, a.purpose, a.what, a.subject,"
        f" (extract(epoch FROM a.at) * 1000000)::bigint AS micros{_SHOWN} AND ($3::bigint IS NULL OR"
        " (a.at, a.access_id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::bigint))"
        f" ORDER BY a.at DESC, a.access_id DESC LIMIT {limit + 1}",
        actor.person_id,
        now,
        *(cursor or (None, None)),
    )
    places = {row["access_id"]: row["micros"] for row in rows}
    found = [
        AccessView(**{**{name: row[name] for name in AccessView.__dataclass_fields__}, "what": tuple(row["what"])})
        for row in rows
    ]
    return cut(rows=found, first=limit, total=total, key=lambda view: [places[view.access_id], view.access_id])


async def exclude(
    tx: Transaction,
    *,
    person_id: int,
    reader: str | None,
    document_no: str,
    until: datetime,
    asked_by: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Keeps reads from now on back until then; `document_no` of the order. Called when the second person has agreed."""
    assert now < until <= now + EXCLUSION_MOST, "checked when it was asked for"
    await tx.execute(
        "INSERT INTO access_exclusion (person_id, exclusion_id, reader, document_no, from_at, until, asked_by,"
        " agreed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        person_id,
        new_id(),
        reader,
        document_no,
        now,
        until,
        asked_by,
        actor.reference,
    )
    await audit.record(
        tx,
        actor=actor,
        action="access.excluded",
        subject=f"person:{person_id}",
        now=now,
        detail={"until": until.isoformat(), "reader": reader or "", "document_no": document_no},
    )
