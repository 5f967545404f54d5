"""校验: a list's file read and judged piece by piece, in the background; each piece and its mark commit together.

A runner may die at any point: whoever goes on begins after the mark, because the file is read the same way each time.
Two runners at once do no harm: the second finds the mark moved and leaves its piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from domain import policy
from domain.contributions.employers.standing import standing_of
from domain.contributions.lists.csv_sheets import read_csv
from domain.contributions.lists.judging import JudgedRow, ListTerms, judge_rows, read_row
from domain.contributions.lists.rows_store import insert_rows, update_rows
from domain.contributions.lists.sheets import NamedRow, named_rows
from domain.contributions.lists.xlsx_sheets import read_xlsx
from domain.contributions.ports import PersonRegistries
from domain.contributions.refusals import LIST_ROWS
from domain.contributions.rules.rows import Row
from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused

CHUNK_ROWS = 2_000
"""Rows that are judged and written together: some tenths of a second."""


async def check_list(
    *, employer_no: int, list_id: int, registries: PersonRegistries, now: datetime, chunks_max: int | None = None
) -> str:
    """Goes on with a list that is being checked, to its end or for so many pieces. Returns its state."""
    row = await _list(employer_no, list_id)
    if row["state"] != "checking":
        return str(row["state"])
    terms = await _terms(row)
    if row["row_count"] is not None:
        return await _check_again(terms, registries=registries, now=now)
    try:
        rows = await _file_rows(row)
        return await _check_file(terms, row, rows, registries=registries, now=now, chunks_max=chunks_max)
    except Refused as refused:
        return await _refuse(terms, refused.refusals[0], now=now)


async def lists_due(*, most: int = 20) -> list[tuple[int, int, str]]:
    """(employer, list, state) of lists that wait for a runner, oldest first."""
    rows = await database.rows(
        "SELECT employer_no, list_id, state FROM contribution_list WHERE state IN ('checking', 'applying')"
        " ORDER BY created_at LIMIT $1",
        most,
    )
    return [(row["employer_no"], row["list_id"], row["state"]) for row in rows]


async def _check_file(
    terms: ListTerms,
    row: Record,
    rows: Iterator[NamedRow],
    *,
    registries: PersonRegistries,
    now: datetime,
    chunks_max: int | None,
) -> str:
    done, number, count, pieces = row["checked_through"], 0, 0, 0
    most = policy.on(business_date_of(now)).number("collection.list_rows_max")
    while piece := list(islice(rows, CHUNK_ROWS)):
        count += len(piece)
        if count > most:
            raise Refused(LIST_ROWS(most=most))
        number = piece[-1].row_no
        if number <= done:
            continue
        judged = [read_row(one, kind=terms.kind) for one in piece]
        await judge_rows(database.pool, terms=terms, rows=judged, registries=registries, now=now)
        if not await _keep(terms, judged, after=done, through=number):
            return "checking"
        done, pieces = number, pieces + 1
        if pieces == chunks_max:
            return "checking"
    if not count:
        raise Refused(LIST_ROWS(most=most))
    return await _finish(terms, count=count, now=now)


async def _keep(terms: ListTerms, judged: Sequence[JudgedRow], *, after: int, through: int) -> bool:
    """Rows and mark in one transaction. False when another runner was here first."""
    async with transaction() as tx:
        marked = await tx.execute(
            "UPDATE contribution_list SET checked_through = $4, accepted_count = accepted_count + $5,"
            " refused_count = refused_count + $6"
            " WHERE employer_no = $1 AND list_id = $2 AND state = 'checking' AND checked_through = $3",
            terms.employer_no,
            terms.list_id,
            after,
            through,
            sum(one.accepted for one in judged),
            sum(not one.accepted for one in judged),
        )
        if not marked.endswith(" 1"):
            return False
        await insert_rows(tx, terms=terms, rows=judged)
    return True


async def _finish(terms: ListTerms, *, count: int, now: datetime) -> str:
    async with transaction() as tx:
        changed = await tx.row(
            "UPDATE contribution_list SET state = 'checked', row_count = $3"
            " WHERE employer_no = $1 AND list_id = $2 AND state = 'checking'"
            " RETURNING list_no, accepted_count, refused_count",
            terms.employer_no,
            terms.list_id,
            count,
        )
        if changed is not None:
            await _audit(tx, terms, "list.checked", now, rows=count, refused=changed["refused_count"])
    return "checked"


async def _refuse(terms: ListTerms, refusal: Refusal, *, now: datetime) -> str:
    """The file as a whole: nothing of it is kept but why."""
    async with transaction() as tx:
        await tx.execute(
            "UPDATE contribution_list_row SET state = 'removed' WHERE employer_no = $1 AND list_id = $2",
            terms.employer_no,
            terms.list_id,
        )
        await tx.execute(
            "UPDATE contribution_list SET state = 'refused', problem_code = $3, problem = $4, ended_at = $5,"
            " accepted_count = 0, refused_count = 0 WHERE employer_no = $1 AND list_id = $2 AND state = 'checking'",
            terms.employer_no,
            terms.list_id,
            refusal.code,
            refusal.message,
            now,
        )
        await forget_file(tx, employer_no=terms.employer_no, list_id=terms.list_id)
        await _audit(tx, terms, "list.refused", now, code=refusal.code)
    return "refused"


async def forget_file(tx: database.Transaction, *, employer_no: int, list_id: int) -> None:
    """The file is not needed any more: its rows and its digest stay."""
    await tx.execute("DELETE FROM contribution_list_file WHERE employer_no = $1 AND list_id = $2", employer_no, list_id)


async def _check_again(terms: ListTerms, *, registries: PersonRegistries, now: datetime) -> str:
    """Rows that an agency did not answer for, once more."""
    waiting = await database.rows(
        "SELECT * FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2 AND state = 'refused'"
        ' AND problems @> \'[{"code": "row.not_answered"}]\' ORDER BY row_no',
        terms.employer_no,
        terms.list_id,
    )
    for at in range(0, len(waiting), CHUNK_ROWS):
        judged = [_row_again(row, terms) for row in waiting[at : at + CHUNK_ROWS]]
        await judge_rows(database.pool, terms=terms, rows=judged, registries=registries, now=now)
        passed = sum(one.accepted for one in judged)
        async with transaction() as tx:
            standing = await tx.value(
                "SELECT state FROM contribution_list WHERE employer_no = $1 AND list_id = $2 FOR UPDATE",
                terms.employer_no,
                terms.list_id,
            )
            if standing != "checking":
                return str(standing)
            await update_rows(tx, terms=terms, rows=judged)
            await tx.execute(
                "UPDATE contribution_list SET accepted_count = accepted_count + $3, refused_count = refused_count - $3"
                " WHERE employer_no = $1 AND list_id = $2",
                terms.employer_no,
                terms.list_id,
                passed,
            )
    return await _finish(terms, count=(await _list(terms.employer_no, terms.list_id))["row_count"], now=now)


def _row_again(row: Record, terms: ListTerms) -> JudgedRow:
    sealed = vault.current()
    return JudgedRow(
        row_no=row["row_no"],
        texts={},
        row=Row(
            row_no=row["row_no"],
            action=row["action"],
            document_type=row["document_type"],
            document_no=sealed.decrypt(row["document_cipher"]),
            name=sealed.decrypt(row["name_cipher"]),
            mobile=sealed.decrypt(row["mobile_cipher"]) if row["mobile_cipher"] else "",
            base=Money(row["base_fen"]) if row["base_fen"] is not None else None,
            monthly=Money(row["given_fen"]) if row["given_fen"] is not None else None,
            month=YearMonth.of_period(row["period"]) if terms.kind == "back_payment" else None,
            reason=row["reason"] or "",
        ),
    )


async def _list(employer_no: int, list_id: int) -> Record:
    row = await database.row(
        "SELECT * FROM contribution_list WHERE employer_no = $1 AND list_id = $2", employer_no, list_id
    )
    assert row is not None, f"employer {employer_no} has no list {list_id}"
    return row


async def _terms(row: Record) -> ListTerms:
    return ListTerms(
        employer_no=row["employer_no"],
        list_id=row["list_id"],
        kind=row["kind"],
        month=YearMonth.of_period(row["period"]) if row["period"] else None,
        standing=await standing_of(employer_no=row["employer_no"]),
    )


async def _file_rows(row: Record) -> Iterator[NamedRow]:
    sealed = await database.value(
        "SELECT content_cipher FROM contribution_list_file WHERE employer_no = $1 AND list_id = $2",
        row["employer_no"],
        row["list_id"],
    )
    assert sealed is not None, f"list {row['list_no']} has no file"
    content = vault.current().decrypt_file(sealed)
    return named_rows(read_xlsx(content) if row["file_format"] == "xlsx" else read_csv(content), kind=row["kind"])


async def _audit(tx: database.Transaction, terms: ListTerms, action: str, now: datetime, **detail: object) -> None:
    await audit.record(
        tx,
        actor=SYSTEM,
        action=action,
        subject=f"employer:{terms.employer_no}",
        now=now,
        detail={"list_id": str(terms.list_id), **detail},
    )
