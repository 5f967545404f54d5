"""What staff asked the runner for, and what it answers. A request stays queued until it is answered, so that a
worker that dies over it leaves it to the next; carrying one out twice has one effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A queued request; `actor` is who asked."""

    request_id: int
    exception_id: int | None
    actor: Actor


async def start_requested() -> Asked | None:
    row = await database.row(f"{_QUEUED} AND kind = 'start'")
    return None if row is None else _asked(row)


async def next_retry(*, after: int = 0) -> Asked | None:
    """The next retry in order of request numbers; `after` passes over those that had to be left this time."""
    row = await database.row(f"{_QUEUED} AND kind = 'retry' AND request_id > $1 ORDER BY request_id LIMIT 1", after)
    return None if row is None else _asked(row)


async def answer(*, request_id: int, state: Literal["done", "refused"], outcome: str, now: datetime) -> None:
    await database.execute(
        "UPDATE day_end_request SET state = $2, outcome = $3, answered_at = $4"
        " WHERE request_id = $1 AND state = 'queued'",
        request_id,
        state,
        outcome,
        now,
    )


_QUEUED = "SELECT request_id, exception_id, asked_by, asked_name FROM day_end_request WHERE state = 'queued'"


def _asked(row: Record) -> Asked:
    return Asked(
        request_id=row["request_id"],
        exception_id=row["exception_id"],
        actor=Actor(kind="staff", channel="backoffice", staff_id=row["asked_by"], name=row["asked_name"]),
    )
