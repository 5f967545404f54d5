"""Records follow their lists: what is submitted takes effect behind the answer, and a list may be taken back by staff.

Lists made on the embedded page become records here too, so that one query has all of e窗通's business (R01.5).
"""

from __future__ import annotations

from datetime import datetime

from domain.exchange.bodies import Push
from domain.exchange.records import end
from domain.exchange.refusals import LIST_CANCELLED, WAITED_IN_VAIN
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record
from domain.kernel.identifiers import new_id

MARK = "ewindow"
"""Business mark of what is made on the page in e窗通."""
_MOST = 2_000


async def follow(*, now: datetime) -> int:
    """Ends records whose list has ended, and adds those of marked lists. Returns how many moved."""
    return await _page_lists(now=now) + await _ended(now=now)


async def waiting(*, before: datetime) -> list[tuple[str, str]]:
    """(source, number) of records that have waited since before an instant, the oldest first."""
    rows = await database.rows(
        "SELECT source, message_no FROM exchange_record WHERE state = 'waiting' AND received_at < $1"
        " ORDER BY received_at LIMIT $2",
        before,
        _MOST,
    )
    return [(row["source"], row["message_no"]) for row in rows]


async def give_up(*, source: str, message_no: str, now: datetime) -> None:
    """Ends a record that waits and whose message nobody works on any more. Staff may replay the message: then the
    record begins anew."""
    row = await database.row(
        "SELECT * FROM exchange_record WHERE source = $1 AND message_no = $2 AND state = 'waiting'", source, message_no
    )
    if row is not None:
        await end(
            database.pool, push=_push(row), record_id=row["record_id"], state="refused", now=now,
            refusal=WAITED_IN_VAIN(reason=row["message"] or "处理出错"), refused=row["row_count"],
        )  # fmt: skip


async def _ended(*, now: datetime) -> int:
    working = await database.rows(
        "SELECT * FROM exchange_record WHERE state = 'working' ORDER BY record_id LIMIT $1", _MOST
    )
    if not working:
        return 0
    # by the lists' own keys, so that nothing is joined across places
    lists = {
        row["list_id"]: row
        for row in await database.rows(
            "SELECT list_id, state, row_count, applied_count, refused_count FROM contribution_list"
            " WHERE employer_no = ANY ($1) AND list_id = ANY ($2) AND state IN ('applied', 'cancelled', 'refused')",
            [row["employer_no"] for row in working],
            [row["list_id"] for row in working],
        )
    }
    for row in working:
        if (found := lists.get(row["list_id"])) is not None:
            await _end(row, found, now=now)
    return len(lists)


async def _end(row: Record, found: Record, *, now: datetime) -> None:
    push = _push(row)
    if row["kind"] == "list_page":
        await database.execute(
            "UPDATE exchange_record SET row_count = $2 WHERE record_id = $1", row["record_id"], found["row_count"] or 0
        )
    if found["state"] != "applied":
        await end(
            database.pool, push=push, record_id=row["record_id"], state="refused", now=now,
            refusal=LIST_CANCELLED(list_no=row["list_no"]), refused=row["row_count"],
        )  # fmt: skip
        return
    done, refused = found["applied_count"], found["refused_count"]
    await end(
        database.pool, push=push, record_id=row["record_id"], state="done", now=now, done=done, refused=refused,
        message=f"已办理{done}行" + (f"，未通过{refused}行" if refused else ""),
    )  # fmt: skip


def _push(row: Record) -> Push:
    return Push(
        source=row["source"], message_no=row["message_no"], kind=row["kind"], uscc=row["uscc"],
        occurred_at=row["occurred_at"], received_at=row["received_at"],
    )  # fmt: skip


async def _page_lists(*, now: datetime) -> int:
    """Lists that an agent made on the embedded page since the last look: a record each, that nobody is told of."""
    since = await database.value(
        # looked back a little further: a list may commit after one that was made later
        "SELECT coalesce(max(received_at) - interval '10 minutes', '-infinity') FROM exchange_record"
        " WHERE kind = 'list_page'"
    )
    rows = await database.rows(
        "SELECT employer_no, list_id, list_no, kind, period, row_count, created_at FROM contribution_list"
        " WHERE mark = $1 AND mark <> '' AND created_by LIKE 'agent:%' AND created_at >= $2"
        " ORDER BY created_at LIMIT $3",
        MARK,
        since,
        _MOST,
    )
    added = 0
    for row in rows:
        employer = await database.row(
            "SELECT uscc, office_code FROM employer WHERE employer_no = $1", row["employer_no"]
        )
        assert employer is not None
        made = await database.execute(
            "INSERT INTO exchange_record (record_id, source, message_no, kind, uscc, employer_no, office_code, state,"
            " message, period, list_id, list_no, row_count, occurred_at, received_at)"
            " VALUES ($1, 'ewindow', $2, 'list_page', $3, $4, $5, 'working', $6, $7, $8, $2, $9, $10, $10)"
            " ON CONFLICT DO NOTHING",
            new_id(),
            row["list_no"],
            employer["uscc"],
            row["employer_no"],
            employer["office_code"],
            f"清册{row['list_no']}由经办人在嵌入页面填报",
            row["period"],
            row["list_id"],
            row["row_count"] or 0,
            row["created_at"],
        )
        if made.endswith(" 1"):
            added += 1
            await audit.record(
                None,
                actor=SYSTEM,
                action="exchange.page_list",
                subject=f"employer:{row['employer_no']}",
                now=now,
                detail={"list_no": row["list_no"]},
            )
    return added
