"""交换记录: one row a push, from its first working on to its end, and the result that is told back.

A record is begun before anything is judged, so that what waits and what was refused is found like what was done. The
partner's number makes it one; a message that staff replay after a refusal takes the same record up again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.exchange.bodies import ENDED, STATE_NAMES, Push
from domain.kernel import audit, database
from domain.kernel.database import Executor, Record, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a push has come to; `said` is for staff and the journal."""

    state: str
    said: str


class Waiting(Exception):
    """What the push builds on has not come. `reason` is for staff and the partner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def begin(*, push: Push, row_count: int, now: datetime) -> Record:
    """The push's record, new or as it stands."""
    await database.execute(
        "INSERT INTO exchange_record (record_id, source, message_no, kind, uscc, state, row_count, occurred_at,"
        " received_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8) ON CONFLICT DO NOTHING",
        new_id(),
        push.source,
        push.message_no,
        push.kind,
        push.uscc,
        row_count,
        push.occurred_at,
        push.received_at,
    )
    await _anew(push, row_count=row_count)
    row = await database.row(
        "SELECT * FROM exchange_record WHERE source = $1 AND message_no = $2", push.source, push.message_no
    )
    assert row is not None, "a record vanished"
    return row


async def _anew(push: Push, *, row_count: int) -> None:
    """What was refused and is worked on again begins from nothing, as another round."""
    async with transaction() as tx:
        record_id = await tx.value(
            "UPDATE exchange_record SET state = 'waiting', code = NULL, message = '', ended_at = NULL, told_at = NULL,"
            " tell_due_at = NULL, tell_attempts = 0, list_id = NULL, list_no = NULL, refused_count = 0, asks = 0,"
            " round = round + 1, kind = $3, uscc = $4, occurred_at = $5, row_count = $6"
            " WHERE source = $1 AND message_no = $2 AND state = 'refused' RETURNING record_id",
            push.source,
            push.message_no,
            push.kind,
            push.uscc,
            push.occurred_at,
            row_count,
        )
        if record_id is not None:
            await tx.execute("DELETE FROM exchange_row WHERE record_id = $1", record_id)


async def place(
    *, record_id: int, employer_no: int | None = None, office_code: str | None = None, period: int | None = None
) -> None:
    """Notes whose it is, with the department in charge now, and the month it is about."""
    if employer_no is not None:
        office_code = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    await database.execute(
        "UPDATE exchange_record SET employer_no = coalesce($2, employer_no), office_code = coalesce($3, office_code),"
        " period = coalesce($4, period) WHERE record_id = $1",
        record_id,
        employer_no,
        office_code,
        period,
    )


async def wait(*, record_id: int, reason: str) -> None:
    await database.execute(
        "UPDATE exchange_record SET message = $2 WHERE record_id = $1 AND state = 'waiting'", record_id, reason[:200]
    )


async def end(
    using: Executor,
    *,
    push: Push,
    record_id: int,
    state: str,
    now: datetime,
    message: str = "",
    refusal: Refusal | None = None,
    done: int = 0,
    refused: int = 0,
) -> Outcome:
    """The end of a push; its result is due to be told. Ended once: what has ended stays."""
    assert state in ENDED, state
    said = refusal.message if refusal else message
    moved = await using.execute(
        "UPDATE exchange_record SET state = $2, code = $3, message = $4, done_count = $5, refused_count = $6,"
        " ended_at = $7, tell_due_at = $7 WHERE record_id = $1 AND ended_at IS NULL",
        record_id,
        state,
        refusal.code if refusal else None,
        said[:200],
        done,
        refused,
        now,
    )
    if moved.endswith(" 1"):
        await audit.record(
            using if using is not database.pool else None,
            actor=push.actor,
            action=f"exchange.{state}",
            subject=f"exchange:{push.source}:{push.message_no}",
            now=now,
            outcome="refused" if state == "refused" else "done",
            detail={"kind": push.kind, "uscc": push.uscc, **({"code": refusal.code} if refusal else {})},
        )
    return Outcome(state=state, said=f"{STATE_NAMES[state]}：{said}" if said else STATE_NAMES[state])


async def latest(*, employer_no: int, kinds: tuple[str, ...], besides: int) -> datetime | None:
    """When the newest fact of these kinds came about that has taken effect for the employer."""
    found: datetime | None = await database.value(
        "SELECT max(occurred_at) FROM exchange_record WHERE employer_no = $1 AND kind = ANY ($2) AND state = 'done'"
        " AND record_id <> $3",
        employer_no,
        list(kinds),
        besides,
    )
    return found
