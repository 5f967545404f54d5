"""What employers and the counter see of lists and statements: pages with totals, rows with their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.contributions.employers.standing import METHOD_NAMES, require_employer
from domain.contributions.lists.desk import KIND_NAMES, STATE_NAMES
from domain.contributions.refusals import EMPLOYER_NOT_FOUND, LIST_NOT_FOUND, STATEMENT_NOT_FOUND
from domain.contributions.remittances.states import STATEMENT_STATES
from domain.contributions.rules.transitions import transitions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import Refused

ROW_STATE_NAMES = {"accepted": "通过", "refused": "未通过", "applied": "已办理", "removed": "已删除"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    employer_no: int
    list_id: int
    list_no: str
    kind: str
    kind_name: str
    month: YearMonth | None
    state: str
    state_name: str
    file_name: str | None
    row_count: int | None
    checked_count: int
    accepted_count: int
    refused_count: int
    applied_count: int
    problem: str | None
    channel: str
    mark: str
    created_by_name: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblemView:
    column: str
    code: str
    message: str
    warns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRowView:
    """Masked; what identified the person in full is not kept with the row."""

    employer_no: int
    row_no: int
    action: str
    action_name: str
    document_no_masked: str
    name_masked: str
    month: YearMonth | None
    base: Money | None
    employer_part: Money | None
    employee_part: Money | None
    account_no: int | None
    person_id: int | None
    state: str
    state_name: str
    problems: tuple[RowProblemView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    employer_no: int
    statement_id: int
    statement_no: str
    kind: str
    kind_name: str
    month: YearMonth | None
    version: int
    person_count: int
    employer_part: Money
    employee_part: Money
    amount: Money
    method: str
    method_name: str
    state: str
    state_name: str
    due_on: date
    came: int
    went: int
    changed: int
    paid_on: date | None
    distributed: Money
    returned: Money
    created_at: datetime
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeeView:
    """Somebody the employer contributes for, or did."""

    employer_no: int
    account_no: int
    name_masked: str
    document_no_masked: str
    state: str
    base: Money
    monthly: Money
    began: YearMonth
    ended: YearMonth | None
    paid_through: YearMonth | None


async def lists_of(*, actor: Actor, employer_no: int, first: int, after: str | None) -> Page[ListView]:
    """The newest first. Raises Refused."""
    await _require(actor, employer_no)
    first = check_first(first)
    place = decode_cursor(after, shape=(str, int))
    rows = await database.rows(
        "SELECT * FROM contribution_list WHERE employer_no = $1"
        " AND ($2::timestamptz IS NULL OR (created_at, list_id) < ($2::timestamptz, $3::bigint))"
        " ORDER BY created_at DESC, list_id DESC LIMIT $4",
        employer_no,
        datetime.fromisoformat(str(place[0])) if place else None,
        place[1] if place else 0,
        first + 1,
    )
    total = await database.value("SELECT count(*) FROM contribution_list WHERE employer_no = $1", employer_no)
    found = [_list(row) for row in rows]
    return cut(
        rows=found,
        first=first,
        total=total,
        key=lambda one: [one.created_at.isoformat(timespec="microseconds"), one.list_id],
    )


async def list_of(*, actor: Actor, employer_no: int, list_no: str) -> ListView:
    """Raises Refused for a number that the employer has not."""
    await _require(actor, employer_no)
    row = await database.row(
        "SELECT * FROM contribution_list WHERE employer_no = $1 AND list_no = $2", employer_no, list_no
    )
    if row is None:
        raise Refused(LIST_NOT_FOUND())
    return _list(row)


async def rows_of_list(
    *, actor: Actor, employer_no: int, list_no: str, refused_only: bool, first: int, after: str | None
) -> Page[ListRowView]:
    """Rows in their order, all or those that are refused. Raises Refused."""
    view = await list_of(actor=actor, employer_no=employer_no, list_no=list_no)
    first = check_first(first)
    place = decode_cursor(after, shape=(int,))
    where = "employer_no = $1 AND list_id = $2 AND state <> 'removed' AND (NOT $3 OR state = 'refused')"
    rows = await database.rows(
        f"SELECT * FROM contribution_list_row WHERE {where} AND row_no > $4 ORDER BY row_no LIMIT $5",
        employer_no,
        view.list_id,
        refused_only,
        place[0] if place else 0,
        first + 1,
    )
    total = view.refused_count if refused_only else view.accepted_count + view.refused_count
    return cut(rows=[_row(row) for row in rows], first=first, total=total, key=lambda one: [one.row_no])


async def statements_of_employer(
    *, actor: Actor, employer_no: int, first: int, after: str | None
) -> Page[StatementView]:
    """The newest first. Raises Refused."""
    await _require(actor, employer_no)
    first = check_first(first)
    place = decode_cursor(after, shape=(str, int))
    rows = await database.rows(
        f"{_STATEMENTS} WHERE s.employer_no = $1"
        " AND ($2::timestamptz IS NULL OR (s.created_at, s.statement_id) < ($2::timestamptz, $3::bigint))"
        " ORDER BY s.created_at DESC, s.statement_id DESC LIMIT $4",
        employer_no,
        datetime.fromisoformat(str(place[0])) if place else None,
        place[1] if place else 0,
        first + 1,
    )
    total = await database.value("SELECT count(*) FROM remittance_statement WHERE employer_no = $1", employer_no)
    return cut(
        rows=[_statement(row) for row in rows],
        first=first,
        total=total,
        key=lambda one: [one.created_at.isoformat(timespec="microseconds"), one.statement_id],
    )


async def statement_of(*, actor: Actor, employer_no: int, statement_no: str) -> StatementView:
    """Raises Refused for a number that the employer has not."""
    await _require(actor, employer_no)
    row = await database.row(
        f"{_STATEMENTS} WHERE s.employer_no = $1 AND s.statement_no = $2", employer_no, statement_no
    )
    if row is None:
        raise Refused(STATEMENT_NOT_FOUND())
    return _statement(row)


async def employees_of(*, actor: Actor, employer_no: int, first: int, after: str | None) -> Page[EmployeeView]:
    """Whoever the employer contributes for, by account. Raises Refused."""
    await _require(actor, employer_no)
    first = check_first(first)
    place = decode_cursor(after, shape=(int,))
    spells = await database.rows(
        "SELECT account_no, person_id, began_period, ended_period FROM employment WHERE employer_no = $1"
        " AND ended_period IS NULL AND account_no > $2 ORDER BY account_no LIMIT $3",
        employer_no,
        place[0] if place else 0,
        first + 1,
    )
    accounts = {
        row["account_no"]: row
        for row in await database.rows(
            "SELECT account_no, state, base_fen, monthly_contribution_fen, paid_through_period FROM account"
            " WHERE account_no = ANY ($1)",
            [row["account_no"] for row in spells],
        )
    }
    persons = {
        row["person_id"]: row
        for row in await database.rows(
            "SELECT person_id, name_masked, document_masked FROM person WHERE person_id = ANY ($1)",
            [row["person_id"] for row in spells],
        )
    }
    total = await database.value(
        "SELECT count(*) FROM employment WHERE employer_no = $1 AND ended_period IS NULL", employer_no
    )
    found = [_employee(employer_no, row, accounts[row["account_no"]], persons[row["person_id"]]) for row in spells]
    return cut(rows=found, first=first, total=total, key=lambda one: [one.account_no])


async def lists_in_transit(*, office_codes: Sequence[str], most: int = 200) -> list[tuple[ListView, str]]:
    """在途清册 of some departments or of all, the oldest first, each with its employer's name; for staff pages."""
    rows = await database.rows(
        "SELECT l.*, e.name AS employer_name FROM contribution_list l JOIN employer e ON e.employer_no = l.employer_no"
        " WHERE l.state IN ('checking', 'checked', 'applying')"
        " AND (cardinality($1::text[]) = 0 OR e.office_code = ANY ($1)) ORDER BY l.created_at LIMIT $2",
        list(office_codes),
        most,
    )
    return [(_list(row), row["employer_name"]) for row in rows]


async def statements_open(*, office_codes: Sequence[str], most: int = 200) -> list[tuple[StatementView, str]]:
    """Statements that wait for money, by their last day, each with its employer's name; for staff pages."""
    rows = await database.rows(
        _STATEMENTS.replace("FROM remittance_statement s", ", e.name AS employer_name FROM remittance_statement s"
                            " JOIN employer e ON e.employer_no = s.employer_no")
        + " WHERE s.state IN ('open', 'collecting', 'paid', 'taking_back')"
        " AND (cardinality($1::text[]) = 0 OR e.office_code = ANY ($1)) ORDER BY s.due_on, s.statement_id LIMIT $2",
        list(office_codes),
        most,
    )  # fmt: skip
    return [(_statement(row), row["employer_name"]) for row in rows]


_STATEMENTS = """
SELECT s.*, (SELECT message FROM collection_attempt a WHERE a.employer_no = s.employer_no
             AND a.statement_id = s.statement_id AND a.state = 'rejected' AND s.state = 'open'
             ORDER BY attempt_no DESC LIMIT 1) AS failure
FROM remittance_statement s
"""


async def _require(actor: Actor, employer_no: int) -> None:
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    if office is None:
        raise Refused(EMPLOYER_NOT_FOUND())
    # whoever may make lists or pay may look at them
    scope = next((s for s in ("lists", "payments", "people", "employer") if actor.may_for_employer(s)), "queries")
    require_employer(actor, employer_no=employer_no, office_code=office, scope=scope)


def _month(period: int | None) -> YearMonth | None:
    return YearMonth.of_period(period) if period else None


def _money(fen: int | None) -> Money | None:
    return None if fen is None else Money(fen)


def _list(row: Record) -> ListView:
    return ListView(
        employer_no=row["employer_no"],
        list_id=row["list_id"],
        list_no=row["list_no"],
        kind=row["kind"],
        kind_name=KIND_NAMES[row["kind"]],
        month=_month(row["period"]),
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        file_name=row["file_name"],
        row_count=row["row_count"],
        checked_count=row["accepted_count"] + row["refused_count"],
        accepted_count=row["accepted_count"],
        refused_count=row["refused_count"],
        applied_count=row["applied_count"],
        problem=row["problem"],
        channel=row["channel"],
        mark=row["mark"],
        created_by_name=row["created_by_name"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )


def _row(row: Record) -> ListRowView:
    problems: list[dict[str, Any]] = row["problems"]
    step = transitions().get(row["action"])
    return ListRowView(
        employer_no=row["employer_no"],
        row_no=row["row_no"],
        action=row["action"],
        action_name=step.name if step else "补缴" if row["action"] == "back_payment" else row["action"],
        document_no_masked=row["document_masked"] or "",
        name_masked=row["name_masked"] or "",
        month=_month(row["period"]),
        base=_money(row["base_fen"]),
        employer_part=_money(row["employer_fen"]),
        employee_part=_money(row["employee_fen"]),
        account_no=row["account_no"],
        person_id=row["person_id"],
        state=row["state"],
        state_name=ROW_STATE_NAMES[row["state"]],
        problems=tuple(
            RowProblemView(column=one["column"], code=one["code"], message=one["message"], warns=bool(one.get("warns")))
            for one in problems
        ),
    )


def _statement(row: Record) -> StatementView:
    summary = row["change_summary"]
    return StatementView(
        employer_no=row["employer_no"],
        statement_id=row["statement_id"],
        statement_no=row["statement_no"],
        kind=row["kind"],
        kind_name="汇缴书" if row["kind"] == "remittance" else "补缴书",
        month=_month(row["period"]),
        version=row["version"],
        person_count=row["person_count"],
        employer_part=Money(row["employer_fen"]),
        employee_part=Money(row["employee_fen"]),
        amount=Money(row["amount_fen"]),
        method=row["method"],
        method_name=METHOD_NAMES[row["method"]],
        state=row["state"],
        state_name=STATEMENT_STATES[row["state"]],
        due_on=row["due_on"],
        came=summary.get("came", 0),
        went=summary.get("went", 0),
        changed=summary.get("changed", 0),
        paid_on=row["paid_on"],
        distributed=Money(row["distributed_fen"]),
        returned=Money(row["returned_fen"]),
        created_at=row["created_at"],
        failure=row["failure"],
    )


def _employee(employer_no: int, spell: Record, account: Record, person: Record) -> EmployeeView:
    began = _month(spell["began_period"])
    assert began is not None
    return EmployeeView(
        employer_no=employer_no,
        account_no=spell["account_no"],
        name_masked=person["name_masked"],
        document_no_masked=person["document_masked"],
        state=account["state"],
        base=Money(account["base_fen"]),
        monthly=Money(account["monthly_contribution_fen"]),
        began=began,
        ended=_month(spell["ended_period"]),
        paid_through=_month(account["paid_through_period"]),
    )
