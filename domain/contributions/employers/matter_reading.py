"""Matters as their employer and the counter see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.contributions.employers.matters import KIND_NAMES, STATE_NAMES, TWO_REVIEWS
from domain.contributions.employers.standing import COUNTER_ROLES, require_employer
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.refusal import NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterView:
    """A matter as its employer and the counter see it."""

    employer_no: int
    employer_name: str
    office_code: str
    matter_no: str
    kind: str
    kind_name: str
    state: str
    state_name: str
    given: Mapping[str, Any]
    result: Mapping[str, Any]
    channel: str
    submitted_by_name: str
    submitted_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    reason: str | None
    last_problem: str | None
    two_reviews: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterEnd:
    """What became of a matter that has ended. `paper_no`: what was issued for it."""

    channel: str
    state: str
    note: str
    paper_no: str | None


async def matter_end(*, employer_no: int, matter_no: str) -> MatterEnd | None:
    """None while it is under way, and for an unknown one. For what follows matters: rights are the caller's."""
    row = await database.row(
        "SELECT channel, state, reason, result FROM employer_matter WHERE employer_no = $1 AND matter_no = $2"
        " AND ended_at IS NOT NULL",
        employer_no,
        matter_no,
    )
    if row is None:
        return None
    return MatterEnd(
        channel=row["channel"],
        state=row["state"],
        note=row["reason"] or STATE_NAMES[row["state"]],
        paper_no=(row["result"] or {}).get("paper_no"),
    )


async def matters_of(*, actor: Actor, employer_no: int, most: int = 100) -> list[MatterView]:
    """An employer's matters, the newest first. Raises Refused."""
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    rows = await database.rows(
        "SELECT * FROM employer_matter WHERE employer_no = $1 ORDER BY submitted_at DESC LIMIT $2", employer_no, most
    )
    return await _views(rows)


async def matter_queue(*, actor: Actor, most: int = 200) -> list[MatterView]:
    """What waits for the counter: submitted, passed and failed ones of the actor's departments, the oldest first."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(
        "SELECT * FROM employer_matter WHERE state IN ('submitted', 'passed', 'waiting', 'failed')"
        " AND (cardinality($1::text[]) = 0 OR office_code = ANY ($1)) ORDER BY submitted_at LIMIT $2",
        sorted(actor.office_codes),
        most,
    )
    return await _views(rows)


async def _views(rows: Sequence[Record]) -> list[MatterView]:
    names = {
        row["employer_no"]: row["name"]
        for row in await database.rows(
            "SELECT employer_no, name FROM employer WHERE employer_no = ANY ($1)",
            list({row["employer_no"] for row in rows}),
        )
    }
    return [
        MatterView(
            employer_no=row["employer_no"],
            employer_name=names[row["employer_no"]],
            office_code=row["office_code"],
            matter_no=row["matter_no"],
            kind=row["kind"],
            kind_name=KIND_NAMES[row["kind"]],
            state=row["state"],
            state_name=STATE_NAMES[row["state"]],
            given=row["given"],
            result=row["result"],
            channel=row["channel"],
            submitted_by_name=row["submitted_by_name"],
            submitted_at=row["submitted_at"],
            decided_by_name=row["decided_by_name"],
            decided_at=row["decided_at"],
            reason=row["reason"],
            last_problem=row["last_problem"],
            two_reviews=row["kind"] in TWO_REVIEWS,
        )
        for row in rows
    ]
