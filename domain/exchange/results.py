"""交换结果: what a push has come to, row by row; asked for by the partner, and told to it once it has ended (R01.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.exchange.bodies import Source
from domain.exchange.ports import ExchangePartner, Result, RowResult
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.outgoing import pause_after

ASKED_MAX = 100
TOLD_AT_ONCE = 16
_LEASE = timedelta(seconds=60)
_PAUSE_MAX = timedelta(hours=1)
_ROW_STATES = {"accepted": "working", "applied": "done", "refused": "refused"}
_SUPERSEDED = "已有发生时间更晚的报送，本行未作改变"


async def results_of(*, source: Source, message_nos: Sequence[str]) -> list[Result]:
    """Results of the source's own pushes, in the order asked for; unknown numbers are left out. Row by row for one
    number alone: a push may have thousands of rows."""
    assert len(message_nos) <= ASKED_MAX, "the door asks for so many at most"
    rows = await database.rows(
        "SELECT * FROM exchange_record WHERE source = $1 AND message_no = ANY ($2)", source, list(message_nos)
    )
    by_row = len(message_nos) == 1
    found = {row["message_no"]: await _result(row, by_row=by_row) for row in rows}
    return [found[number] for number in dict.fromkeys(message_nos) if number in found]


async def tell_due(*, partners: Mapping[str, ExchangePartner], now: datetime) -> int:
    """Tells results that are due, each source its own. Returns how many were taken. One that is not taken is due again
    later, ever more seldom; the partner may ask for it at any time."""
    rows = await database.rows(
        "UPDATE exchange_record SET tell_due_at = $2, tell_attempts = tell_attempts + 1 WHERE record_id IN ("
        " SELECT record_id FROM exchange_record WHERE told_at IS NULL AND ended_at IS NOT NULL AND tell_due_at <= $1"
        " AND kind <> 'list_page' AND source = ANY ($3) ORDER BY tell_due_at LIMIT $4 FOR UPDATE SKIP LOCKED)"
        " RETURNING *",
        now,
        now + _LEASE,
        list(partners),
        TOLD_AT_ONCE,
    )
    taken = 0
    for row in rows:
        told = await partners[row["source"]].tell(result=await _result(row), now=now)
        if told.status == "accepted":
            taken += await _told(row, receipt_no=told.receipt_no, now=now)
        else:
            delay = pause_after(row["tell_attempts"], most=_PAUSE_MAX)
            await database.execute(
                "UPDATE exchange_record SET tell_due_at = $2 WHERE record_id = $1 AND told_at IS NULL",
                row["record_id"],
                now + delay,
            )
    return taken


async def _told(row: Record, *, receipt_no: str, now: datetime) -> int:
    moved = await database.execute(
        # another round may have begun meanwhile: what was told then is not its result
        "UPDATE exchange_record SET told_at = $2, receipt_no = nullif($3, '')"
        " WHERE record_id = $1 AND told_at IS NULL AND round = $4 AND ended_at IS NOT NULL",
        row["record_id"],
        now,
        receipt_no[:64],
        row["round"],
    )
    if not moved.endswith(" 1"):
        return 0
    await audit.record(
        None,
        actor=SYSTEM,
        action="exchange.result_told",
        subject=f"exchange:{row['source']}:{row['message_no']}",
        now=now,
        detail={"state": row["state"], "receipt": receipt_no[:64]},
    )
    return 1


async def _result(row: Record, *, by_row: bool = True) -> Result:
    return Result(
        source=row["source"],
        message_no=row["message_no"],
        kind=row["kind"],
        uscc=row["uscc"],
        state=row["state"],
        code=row["code"] or "",
        message=row["message"],
        employer_no=row["employer_no"],
        month=str(YearMonth.of_period(row["period"])) if row["period"] else "",
        done=row["done_count"],
        refused=row["refused_count"],
        ended_at=row["ended_at"],
        rows=await rows_of(record=row) if by_row else (),
    )


async def rows_of(*, record: Record) -> tuple[RowResult, ...]:
    """What each row has come to: in two steps, because the list's rows live with their employer."""
    own = await database.rows("SELECT * FROM exchange_row WHERE record_id = $1 ORDER BY row_no", record["record_id"])
    if not own:
        return ()
    listed = {
        row["row_no"]: row
        for row in await database.rows(
            "SELECT row_no, state, problems FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2",
            record["employer_no"],
            record["list_id"] or 0,
        )
    }
    return tuple(_row(record, row, listed.get(row["list_row_no"])) for row in own)


def _row(record: Record, row: Record, listed: Record | None) -> RowResult:
    state, code, message = "waiting", "", ""
    if row["state"] == "superseded":
        state, message = "superseded", _SUPERSEDED
    elif listed is not None:
        problems = [one for one in listed["problems"] if not one.get("warns")]
        state = _ROW_STATES.get(listed["state"], "refused")
        if problems and state == "refused":
            code, message = problems[0]["code"], "；".join(str(one["message"]) for one in problems)
    if state in ("waiting", "refused") and not code and record["state"] == "refused":
        state, code, message = "refused", record["code"], record["message"]
    return RowResult(
        row_no=row["row_no"],
        state=state,
        code=code,
        message=message,
        declared=_money(row["declared_fen"]),
        base=_money(row["base_fen"]),
        determined_by=row["determined_by"] or "",
    )


def _money(fen: int | None) -> Money | None:
    return None if fen is None else Money(fen)
