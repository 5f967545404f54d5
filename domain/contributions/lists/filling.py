"""Filling in a list: a file taken for the runner, or rows one by one, judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from domain import policy
from domain.contributions.employers.standing import require_employer, standing_of
from domain.contributions.lists.desk import (
    ListOpened,
    allowed,
    audited,
    begin,
    check_month,
    check_transit,
    finish,
    insert_list,
    note_work,
    own_list,
    require_state,
)
from domain.contributions.lists.judging import JudgedRow, ListTerms, judge_rows, read_row
from domain.contributions.lists.rows_store import insert_rows
from domain.contributions.lists.sheets import NamedRow, format_of, tidy
from domain.contributions.ports import PersonRegistries
from domain.contributions.refusals import FILE_EMPTY, FILE_SIZE, LIST_ROWS, ROW_NOT_FOUND
from domain.contributions.rules.rows import COLUMNS_OF
from domain.kernel import database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

SINGLE_ROWS_MAX = 200


async def receive_list_file(
    *,
    actor: Actor,
    employer_no: int,
    kind: str,
    month: YearMonth | None,
    file_name: str,
    content: bytes,
    request_key: str,
    now: datetime,
    business_date: date,
    mark: str = "",
) -> ListOpened:
    """Takes an employer's file; a runner reads and judges it. The same key with the same file answers as before.
    Raises Refused: rights, month, another list in transit, size, format."""
    assert kind in COLUMNS_OF, f"no list of kind {kind}"
    most = policy.on(business_date).number("collection.file_megabytes_max")
    if not content:
        raise Refused(FILE_EMPTY())
    if len(content) > most * 1024 * 1024:
        raise Refused(FILE_SIZE(most=most))
    file_format = format_of(name=file_name, content=content)
    digest = sm3_hex(content)
    # sealed ahead: this takes longer than the transaction
    sealed = vault.current().encrypt_file(content)
    given = {"employer_no": employer_no, "kind": kind, "month": month, "name": file_name, "digest": digest}
    async with transaction() as tx:
        standing = await allowed(tx, actor=actor, employer_no=employer_no, kind=kind, business_date=business_date)
        earlier = await begin(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            operation="receive_list_file",
            given=given,
            now=now,
        )
        if earlier is not None:
            return earlier
        await check_month(tx, standing=standing, kind=kind, month=month, business_date=business_date)
        await check_transit(tx, employer_no=employer_no, kind=kind)
        opened = await insert_list(
            tx, actor=actor, standing=standing, kind=kind, month=month, state="checking", mark=mark, now=now,
            business_date=business_date,
        )  # fmt: skip
        await tx.execute(
            "UPDATE contribution_list SET file_name = $3, file_format = $4, file_digest = $5, file_bytes = $6"
            " WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            opened.list_id,
            file_name[-100:],
            file_format,
            digest,
            len(content),
        )
        await tx.execute(
            "INSERT INTO contribution_list_file (employer_no, list_id, content_cipher) VALUES ($1, $2, $3)",
            employer_no,
            opened.list_id,
            sealed,
        )
        await note_work(tx, employer_no=employer_no, list_id=opened.list_id, now=now)
        detail = {"list_no": opened.list_no, "kind": kind, "digest": digest, "bytes": len(content)}
        await audited(tx, actor, action="list.received", employer_no=employer_no, now=now, **detail)
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
        return opened


async def add_rows(
    *,
    actor: Actor,
    employer_no: int,
    kind: str,
    month: YearMonth | None,
    rows: Sequence[Mapping[str, str]],
    registries: PersonRegistries,
    request_key: str,
    now: datetime,
    business_date: date,
    mark: str = "",
    dry_run: bool = False,
) -> tuple[ListOpened, list[JudgedRow]]:
    """Adds rows given one by one (单笔增员) to the list of that kind that is being filled in, or to a new one;
    every row comes back judged. Columns as in COLUMNS. Raises Refused for what concerns the list as a whole."""
    if not 1 <= len(rows) <= SINGLE_ROWS_MAX:
        raise Refused(LIST_ROWS(most=SINGLE_ROWS_MAX))
    given = {"employer_no": employer_no, "kind": kind, "month": month, "rows": [dict(row) for row in rows]}
    standing = await standing_of(employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="lists")
    open_list = await _filled_in(database.pool, employer_no=employer_no, kind=kind)
    earlier = await idempotency.answered(
        actor=actor, account_no=employer_no, request_key=request_key, operation="add_rows", given=given
    )
    list_id = open_list["list_id"] if open_list else new_id()
    terms = ListTerms(employer_no=employer_no, list_id=list_id, kind=kind, month=month, standing=standing)
    judged = [_texts(row, kind=kind, number=number) for number, row in enumerate(rows, start=1)]
    if earlier is None:
        await judge_rows(database.pool, terms=terms, rows=judged, registries=registries, now=now)
    opening = database.rehearsal() if dry_run else transaction()
    async with opening as tx:
        standing = await allowed(tx, actor=actor, employer_no=employer_no, kind=kind, business_date=business_date)
        known = await begin(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="add_rows", given=given, now=now
        )
        if known is not None:
            return known, []
        await check_month(tx, standing=standing, kind=kind, month=month, business_date=business_date)
        current = await _filled_in(tx, employer_no=employer_no, kind=kind, lock=True)
        if current is None:
            await check_transit(tx, employer_no=employer_no, kind=kind)
            opened = await insert_list(
                tx, actor=actor, standing=standing, kind=kind, month=month, state="checked", mark=mark, now=now,
                business_date=business_date, list_id=list_id,
            )  # fmt: skip
            last = 0
        else:
            opened = ListOpened(list_id=current["list_id"], list_no=current["list_no"])
            last = current["row_count"] or 0
        for judged_row in judged:
            judged_row.row_no += last
        terms = ListTerms(employer_no=employer_no, list_id=opened.list_id, kind=kind, month=month, standing=standing)
        await insert_rows(tx, terms=terms, rows=judged)
        accepted = sum(row.accepted for row in judged)
        await tx.execute(
            "UPDATE contribution_list SET row_count = $3, checked_through = $3, accepted_count = accepted_count + $4,"
            " refused_count = refused_count + $5 WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            opened.list_id,
            last + len(judged),
            accepted,
            len(judged) - accepted,
        )
        detail = {"list_no": opened.list_no, "rows": len(judged), "refused": len(judged) - accepted}
        await audited(tx, actor, action="list.rows_added", employer_no=employer_no, now=now, **detail)
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
    return opened, judged


async def remove_row(
    *, actor: Actor, employer_no: int, list_no: str, row_no: int, request_key: str, now: datetime
) -> ListOpened:
    """Takes a row out of a list that is not submitted yet."""
    given = {"list_no": list_no, "row_no": row_no}
    async with transaction() as tx:
        row = await own_list(tx, actor=actor, employer_no=employer_no, list_no=list_no)
        earlier = await begin(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="remove_row", given=given, now=now
        )
        if earlier is not None:
            return earlier
        require_state(row, "checked")
        before = await tx.value(
            "SELECT state FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2 AND row_no = $3"
            " AND state IN ('accepted', 'refused')",
            employer_no,
            row["list_id"],
            row_no,
        )
        if before is None:
            raise Refused(ROW_NOT_FOUND())
        await tx.execute(
            "UPDATE contribution_list_row SET state = 'removed', document_cipher = NULL, name_cipher = NULL,"
            " mobile_cipher = NULL WHERE employer_no = $1 AND list_id = $2 AND row_no = $3",
            employer_no,
            row["list_id"],
            row_no,
        )
        await tx.execute(
            "UPDATE contribution_list SET accepted_count = accepted_count - $3, refused_count = refused_count - $4"
            " WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
            int(before == "accepted"),
            int(before == "refused"),
        )
        opened = ListOpened(list_id=row["list_id"], list_no=list_no)
        await audited(
            tx, actor, action="list.row_removed", employer_no=employer_no, now=now, list_no=list_no, row_no=row_no
        )
        await finish(tx, actor, employer_no=employer_no, request_key=request_key, opened=opened)
        return opened


async def _filled_in(using: database.Executor, *, employer_no: int, kind: str, lock: bool = False) -> Record | None:
    """The list that is being filled in row by row."""
    return await using.row(
        "SELECT list_id, list_no, row_count FROM contribution_list WHERE employer_no = $1 AND kind = $2"
        f" AND state = 'checked' ORDER BY created_at DESC LIMIT 1{' FOR UPDATE' if lock else ''}",
        employer_no,
        kind,
    )


def _texts(row: Mapping[str, str], *, kind: str, number: int) -> JudgedRow:
    texts = {column: tidy(row.get(column, "")) for column in COLUMNS_OF[kind]}
    return read_row(NamedRow(row_no=number, texts=texts, faults={}, fault=None), kind=kind)
