"""职工增减与基数合并申报: rows of a push become a list of the employer, checked and carried out like every other list.

What each row became is decided once and kept (`exchange_row`): a second run after a crash hands in the same file. A row
about somebody of whom a later fact is known already is left out. Enterprises only on e窗通 (R01.3); a base declared
with social security is moved within the fund's own limits (R01.7); pensioners are refused by the list (R02.2).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import contributions
from domain.contributions import EmployerStanding, PersonRegistries
from domain.exchange.bodies import BasesBody, EmployeesBody, PersonRow, Push
from domain.exchange.employers import employer_of
from domain.exchange.records import Outcome, Waiting, end
from domain.exchange.refusals import ENTERPRISES_ONLY, LIMITS_UNKNOWN, NOTHING_PASSED
from domain.kernel import database, vault
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.policy import PolicyMissing

PATIENCE = 6
"""So often an agency that does not answer is asked again before its rows are refused: about two minutes."""
_ACTION_NAMES = {"open": "新开户", "unseal": "启封", "transfer_in": "转入", "seal": "封存", "change_base": ""}
_TRANSIT = frozenset({"list.in_transit"})
_STOOD_SO = frozenset({"row.state", "row.here", "row.not_here", "row.person_unknown", "row.has_account"})
"""Problems of rows that ask for what is so already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One push on its way to a list."""

    push: Push
    record_id: int
    key: str
    asks: int
    standing: EmployerStanding
    kind: str
    month: YearMonth
    stream: str
    rows: tuple[PersonRow, ...]
    now: datetime
    business_date: date


async def take_employees(
    *, push: Push, body: EmployeesBody, row: Record, registries: PersonRegistries, now: datetime, business_date: date
) -> Outcome:
    """Adds and removes employees. Raises Refused, and Waiting while another list of the employer is in transit."""
    employer_no = await employer_of(push=push, row=row)
    standing = await contributions.standing_of(employer_no=employer_no)
    if push.source == "ewindow" and standing.kind != "enterprise":
        raise Refused(ENTERPRISES_ONLY())
    task = _Task(
        push=push, record_id=row["record_id"], key=_key(push, row), asks=row["asks"], standing=standing, kind="change",
        month=await _month(row, body.month or standing.month_of_changes(business_date)), stream="employment",
        rows=body.rows, now=now, business_date=business_date,
    )  # fmt: skip
    return await _hand_in(task, registries)


async def take_bases(
    *, push: Push, body: BasesBody, row: Record, registries: PersonRegistries, now: datetime, business_date: date
) -> Outcome:
    """New bases from July on, declared together with those of social security. Raises as `take_employees`."""
    employer_no = await employer_of(push=push, row=row)
    task = _Task(
        push=push, record_id=row["record_id"], key=_key(push, row), asks=row["asks"],
        standing=await contributions.standing_of(employer_no=employer_no), kind="annual_base",
        month=await _month(row, YearMonth(body.year, 7)), stream=f"base:{body.year}", rows=body.rows,
        now=now, business_date=business_date,
    )  # fmt: skip
    return await _hand_in(task, registries)


def _key(push: Push, row: Record) -> str:
    """Another round is another request."""
    return push.request_key if row["round"] == 1 else f"{push.request_key}-{row['round']}"


async def _month(row: Record, wanted: YearMonth) -> YearMonth:
    """The month as it was first understood: what is due may have moved on between two runs."""
    period = await database.value(
        "UPDATE exchange_record SET period = coalesce(period, $2) WHERE record_id = $1 RETURNING period",
        row["record_id"],
        wanted.period,
    )
    return YearMonth.of_period(period)


async def _hand_in(task: _Task, registries: PersonRegistries) -> Outcome:
    """Decides, hands the list in, has it checked, and submits what passed."""
    sent = await _decide(task)
    if not sent:
        return await end(
            database.pool, push=task.push, record_id=task.record_id, state="superseded", now=task.now,
            message="各行均已有发生时间更晚的报送，本次未作改变",
        )  # fmt: skip
    opened = await _receive(task, sent)
    state = await _check(task, opened, registries)
    found = await database.row(
        "SELECT state, accepted_count, refused_count, problem_code, problem FROM contribution_list"
        " WHERE employer_no = $1 AND list_id = $2",
        task.standing.employer_no,
        opened.list_id,
    )
    assert found is not None
    if state == "checked":
        if not found["accepted_count"]:
            return await _withdraw(task, opened, Refused(NOTHING_PASSED()), count=found["refused_count"])
        try:
            await contributions.submit_list(
                actor=task.push.actor, employer_no=task.standing.employer_no, list_no=opened.list_no,
                accepted_only=True, request_key=f"{task.key}-s", now=task.now,
                business_date=task.business_date,
            )  # fmt: skip
        except Refused as refused:
            return await _withdraw(task, opened, refused, count=len(sent))
    await database.execute(
        "UPDATE exchange_record SET state = 'working', refused_count = $2, message = $3 WHERE record_id = $1"
        " AND state = 'waiting'",
        task.record_id,
        found["refused_count"],
        f"清册{opened.list_no}办理中",
    )
    return Outcome(state="working", said=f"办理中：清册{opened.list_no}")


async def _decide(task: _Task) -> list[Record]:
    """The rows that go into the list, decided now or by an earlier run."""
    kept = await database.rows("SELECT * FROM exchange_row WHERE record_id = $1 ORDER BY row_no", task.record_id)
    if not kept:
        await _keep_decisions(task)
        kept = await database.rows("SELECT * FROM exchange_row WHERE record_id = $1 ORDER BY row_no", task.record_id)
    return [one for one in kept if one["state"] == "sent"]


async def _keep_decisions(task: _Task) -> None:
    keys = [vault.current().blind_indexes(_person_text(row)) for row in task.rows]
    newer = await _told_later(task, [one for key in keys for one in key])
    actions = await _actions(task)
    decided, list_row = [], 1
    for row, key, action in zip(task.rows, keys, actions, strict=True):
        base, by = _base(task, row)
        sent = newer.isdisjoint(key)
        # the heading is the list's first row
        list_row += sent
        decided.append(
            (
                row.row_no,
                vault.current().blind_index(_person_text(row)),
                mask_name(row.name),
                mask_id_document(row.document_no),
                action,
                row.declared.fen if row.declared else None,
                base.fen if base else None,
                by,
                "sent" if sent else "superseded",
                list_row if sent else None,
            )
        )
    await database.execute(
        "INSERT INTO exchange_row (record_id, employer_no, stream, occurred_at, row_no, person_key, name_masked,"
        " document_masked, action, declared_fen, base_fen, determined_by, state, list_row_no)"
        " SELECT $1, $2, $3, $4, given.* FROM unnest($5::int[], $6::bytea[], $7::text[], $8::text[], $9::text[],"
        " $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::int[]) AS given ON CONFLICT DO NOTHING",
        task.record_id,
        task.standing.employer_no,
        task.stream,
        task.push.occurred_at,
        *(list(column) for column in zip(*decided, strict=True)),
    )


async def _told_later(task: _Task, keys: Sequence[bytes]) -> set[bytes]:
    """Persons of whom a later fact counts already: its row has taken effect or will, or was refused only because things
    stood so already. In two steps, because the lists' rows live with their employer."""
    rows = await database.rows(
        "SELECT w.person_key, w.list_row_no, r.list_id FROM exchange_row w JOIN exchange_record r USING (record_id)"
        " WHERE w.employer_no = $1 AND w.stream = $2 AND w.person_key = ANY ($3) AND w.occurred_at > $4"
        " AND w.state = 'sent' AND w.record_id <> $5 AND r.list_id IS NOT NULL",
        task.standing.employer_no,
        task.stream,
        list(keys),
        task.push.occurred_at,
        task.record_id,
    )
    if not rows:
        return set()
    listed = {
        (row["list_id"], row["row_no"]): {str(one["code"]) for one in row["problems"] if not one.get("warns")}
        for row in await database.rows(
            "SELECT list_id, row_no, problems FROM contribution_list_row WHERE employer_no = $1"
            " AND list_id = ANY ($2) AND row_no = ANY ($3)",
            task.standing.employer_no,
            [row["list_id"] for row in rows],
            [row["list_row_no"] for row in rows],
        )
    }
    return {
        row["person_key"]
        for row in rows
        if (codes := listed.get((row["list_id"], row["list_row_no"]))) is not None and codes <= _STOOD_SO
    }


async def _actions(task: _Task) -> list[str]:
    if task.kind == "annual_base":
        return ["change_base"] * len(task.rows)
    adding = [row for row in task.rows if row.action == "add"]
    found = iter(
        await contributions.adding_actions(
            employer_no=task.standing.employer_no,
            documents=[(row.document_type, row.document_no) for row in adding],
        )
    )
    return [next(found) if row.action == "add" else "seal" for row in task.rows]


def _base(task: _Task, row: PersonRow) -> tuple[Money | None, str | None]:
    """On e窗通 the employer declares the fund's own base, which the list judges; a wage declared for social security is
    moved within the fund's limits first."""
    if row.declared is None or row.action == "remove":
        return None, None
    if task.push.source == "ewindow":
        return row.declared, "declared"
    try:
        found = contributions.determine_base(row.declared, month=task.month)
    except PolicyMissing:
        raise Refused(LIMITS_UNKNOWN(month=task.month)) from None
    return found.base, found.by


def _person_text(row: PersonRow) -> str:
    """What the index of a person is made of, by which an earlier fact is known to be overtaken."""
    return f"exchange:{row.document_type}:{row.document_no.upper()}"


async def _receive(task: _Task, sent: Sequence[Record]) -> contributions.ListOpened:
    try:
        opened = await contributions.receive_list_file(
            actor=task.push.actor,
            employer_no=task.standing.employer_no,
            kind=task.kind,
            month=task.month,
            file_name=f"{task.push.message_no}.csv",
            content=_file(task, sent),
            request_key=task.key,
            now=task.now,
            business_date=task.business_date,
            mark=task.push.source,
        )
    except Refused as refused:
        if refused.refusals[0].code in _TRANSIT:
            raise Waiting(refused.refusals[0].message) from None
        raise
    await database.execute(
        "UPDATE exchange_record SET list_id = $2, list_no = $3 WHERE record_id = $1",
        task.record_id,
        opened.list_id,
        opened.list_no,
    )
    return opened


def _file(task: _Task, sent: Sequence[Record]) -> bytes:
    """The rows as a file of the list's own form, the same bytes at every run."""
    said = {row.row_no: row for row in task.rows}
    headings = contributions.LIST_COLUMNS[task.kind]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings)
    for one in sent:
        row = said[one["row_no"]]
        cells = {
            "变更类型": _ACTION_NAMES[one["action"]],
            "证件类型": row.document_type,
            "证件号码": row.document_no,
            "姓名": row.name,
            "手机号码": row.mobile,
            "缴存基数": str(Money(one["base_fen"])) if one["base_fen"] is not None else "",
            "原因": row.reason,
        }
        writer.writerow([cells.get(heading, "") for heading in headings])
    return text.getvalue().encode()


async def _check(task: _Task, opened: contributions.ListOpened, registries: PersonRegistries) -> str:
    """Reads and judges to the end. Rows that an agency did not answer for are asked about again for a while."""
    employer_no = task.standing.employer_no
    state = await _judged(employer_no, opened.list_id, registries, now=task.now)
    if state != "checked" or not await _unanswered(employer_no, opened.list_id):
        return state
    if task.asks:
        await contributions.recheck_list(
            actor=task.push.actor, employer_no=employer_no, list_no=opened.list_no,
            request_key=f"{task.key}-r{task.asks}", now=task.now,
        )  # fmt: skip
        state = await _judged(employer_no, opened.list_id, registries, now=task.now)
    if task.asks < PATIENCE and await _unanswered(employer_no, opened.list_id):
        await database.execute("UPDATE exchange_record SET asks = asks + 1 WHERE record_id = $1", task.record_id)
        raise Waiting("核验部门尚未答复，稍后自动重新核验")
    return state


async def _judged(employer_no: int, list_id: int, registries: PersonRegistries, *, now: datetime) -> str:
    state = "checking"
    while state == "checking":
        state = await contributions.check_list(employer_no=employer_no, list_id=list_id, registries=registries, now=now)
    return state


async def _unanswered(employer_no: int, list_id: int) -> int:
    found: int = await database.value(
        "SELECT count(*) FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2 AND state = 'refused'"
        ' AND problems @> \'[{"code": "row.not_answered"}]\'',
        employer_no,
        list_id,
    )
    return found


async def _withdraw(task: _Task, opened: contributions.ListOpened, why: Refused, *, count: int) -> Outcome:
    """The list goes, so that it does not stand in the way of the next; why is told."""
    await contributions.cancel_list(
        actor=task.push.actor,
        employer_no=task.standing.employer_no,
        list_no=opened.list_no,
        reason="来报未能办理，自动撤销",
        request_key=f"{task.key}-c",
        now=task.now,
    )
    return await end(
        database.pool, push=task.push, record_id=task.record_id, state="refused", now=task.now,
        refusal=why.refusals[0], refused=count,
    )  # fmt: skip
