"""综合查询: every exchange record by source, kind, state, employer, time, month and department, with statistics.

Staff see the records of their departments; the whole centre's see those of no department too (an employer that was
never registered). Who looked for what is in the audit trail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime

from domain.contributions import COUNTER_ROLES
from domain.exchange.bodies import KIND_NAMES, SOURCE_NAMES, STATE_NAMES
from domain.exchange.ports import RowResult
from domain.exchange.refusals import RECORD_NOT_FOUND
from domain.exchange.results import rows_of
from domain.kernel import audit, database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, Refused

READING_ROLES = (*COUNTER_ROLES, Role.FINANCE)
_AGENT_SCOPES = ("lists", "people", "employer", "queries")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilters:
    """None means all. `employer` is a number, a code or the beginning of a name; `month` what the record is about."""

    source: str | None = None
    kind: str | None = None
    state: str | None = None
    office_code: str | None = None
    employer: str | None = None
    month: YearMonth | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """A record without its rows."""

    record_id: int
    source: str
    source_name: str
    message_no: str
    kind: str
    kind_name: str
    uscc: str
    employer_no: int | None
    employer_name: str
    office_code: str
    state: str
    state_name: str
    code: str | None
    message: str
    month: YearMonth | None
    list_no: str | None
    row_count: int
    done_count: int
    refused_count: int
    occurred_at: datetime
    received_at: datetime
    ended_at: datetime | None
    told_at: datetime | None
    receipt_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRowView:
    """A row of a push with its result; the person masked."""

    name_masked: str
    document_masked: str
    action: str
    result: RowResult
    document_index: bytes | None = field(repr=False)


@dataclass(slots=True, kw_only=True)
class ExchangeLine:
    """Counts of one department, source or kind: records, rows in them, and records by state."""

    value: str
    records: int = 0
    rows: int = 0
    done_rows: int = 0
    by_state: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFigures:
    whole: ExchangeLine
    by_office: tuple[ExchangeLine, ...]
    by_source: tuple[ExchangeLine, ...]
    by_kind: tuple[ExchangeLine, ...]
    """Kinds within sources: `ewindow/employee_changes`."""


async def exchange_records(
    *, actor: Actor, filters: ExchangeFilters, first: int, after: str | None, now: datetime
) -> Page[ExchangeView]:
    """The newest first. The look is recorded, once a list. Raises Refused."""
    _require_staff(actor)
    limit, place = check_first(first), decode_cursor(after, shape=(int,))
    values = _values(actor, filters)
    total = await database.value(f"SELECT count(*) FROM exchange_record r {_WHERE}", *values)
    rows = await database.rows(
        f"SELECT r.*, e.name AS employer_name FROM exchange_record r LEFT JOIN employer e USING (employer_no) {_WHERE}"
        " AND ($11::bigint IS NULL OR (r.received_at, r.record_id) <"
        " (SELECT received_at, record_id FROM exchange_record WHERE record_id = $11))"
        " ORDER BY r.received_at DESC, r.record_id DESC LIMIT $12",
        *values,
        place[0] if place else None,
        limit + 1,
    )
    if after is None:
        await audit.record(
            None, actor=actor, action="exchange.searched", subject="exchange", now=now,
            detail={"filters": _told(filters), "rows": total},
        )  # fmt: skip
    return cut(rows=[_view(row) for row in rows], first=limit, total=total, key=lambda one: [one.record_id])


async def exchange_figures(*, actor: Actor, filters: ExchangeFilters) -> ExchangeFigures:
    """The same records counted, in one pass. Raises Refused."""
    _require_staff(actor)
    rows = await database.rows(
        "SELECT r.office_code, r.source, r.kind, r.state, count(*) AS n, sum(r.row_count) AS rows,"
        f" sum(r.done_count) AS done FROM exchange_record r {_WHERE} GROUP BY 1, 2, 3, 4",
        *_values(actor, filters),
    )
    whole = ExchangeLine(value="")
    offices: dict[str, ExchangeLine] = {}
    sources: dict[str, ExchangeLine] = {}
    kinds: dict[str, ExchangeLine] = {}
    for row in rows:
        kind = f"{row['source']}/{row['kind']}"
        for line in (
            whole,
            offices.setdefault(row["office_code"], ExchangeLine(value=row["office_code"])),
            sources.setdefault(row["source"], ExchangeLine(value=row["source"])),
            kinds.setdefault(kind, ExchangeLine(value=kind)),
        ):
            line.records += row["n"]
            line.rows += int(row["rows"])
            line.done_rows += int(row["done"])
            line.by_state[row["state"]] += row["n"]
    return ExchangeFigures(whole=whole, by_office=_most(offices), by_source=_most(sources), by_kind=_most(kinds))


async def exchange_record(*, actor: Actor, record_id: int, now: datetime) -> tuple[ExchangeView, list[ExchangeRowView]]:
    """One record with its rows. The look is recorded. Raises Refused, for another department's as for none."""
    _require_staff(actor)
    row = await database.row(
        "SELECT r.*, e.name AS employer_name FROM exchange_record r LEFT JOIN employer e USING (employer_no)"
        " WHERE r.record_id = $1 AND (cardinality($2::text[]) = 0 OR r.office_code = ANY ($2))",
        record_id,
        sorted(actor.office_codes),
    )
    if row is None:
        raise Refused(RECORD_NOT_FOUND())
    await audit.record(
        None, actor=actor, action="exchange.read", subject=f"exchange:{row['source']}:{row['message_no']}", now=now
    )
    kept = await database.rows(
        "SELECT row_no, name_masked, document_masked, action, list_row_no FROM exchange_row WHERE record_id = $1"
        " ORDER BY row_no",
        record_id,
    )
    # in two steps, because the list's rows live with their employer
    listed = await database.rows(
        "SELECT row_no, document_index FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2",
        row["employer_no"],
        row["list_id"] or 0,
    )
    indexes = {one["row_no"]: one["document_index"] for one in listed}
    results = await rows_of(record=row)
    return _view(row), [
        ExchangeRowView(
            name_masked=one["name_masked"],
            document_masked=one["document_masked"],
            action=one["action"],
            result=result,
            document_index=indexes.get(one["list_row_no"]),
        )
        for one, result in zip(kept, results, strict=True)
    ]


async def records_of_employer(*, actor: Actor, employer_no: int, first: int, after: str | None) -> Page[ExchangeView]:
    """What came in about the employer from elsewhere, for its agent; the newest first. Raises Refused."""
    own = actor.is_agent and actor.employer_no == employer_no
    if not own or not any(actor.may_for_employer(scope) for scope in _AGENT_SCOPES):
        raise Refused(NOT_PERMITTED())
    limit, place = check_first(first), decode_cursor(after, shape=(int,))
    total = await database.value("SELECT count(*) FROM exchange_record WHERE employer_no = $1", employer_no)
    rows = await database.rows(
        "SELECT r.*, e.name AS employer_name FROM exchange_record r LEFT JOIN employer e USING (employer_no)"
        " WHERE r.employer_no = $1 AND ($2::bigint IS NULL OR (r.received_at, r.record_id) <"
        " (SELECT received_at, record_id FROM exchange_record WHERE record_id = $2))"
        " ORDER BY r.received_at DESC, r.record_id DESC LIMIT $3",
        employer_no,
        place[0] if place else None,
        limit + 1,
    )
    return cut(rows=[_view(row) for row in rows], first=limit, total=total, key=lambda one: [one.record_id])


async def origin_of_employer(*, actor: Actor) -> str:
    """Where the registration of the agent's employer came from, a key of ORIGIN_NAMES. Raises Refused."""
    if not actor.is_agent:
        raise Refused(NOT_PERMITTED())
    found = await database.value("SELECT source FROM employer_account WHERE employer_no = $1", actor.employer_no)
    if found is None:
        raise Refused(RECORD_NOT_FOUND())
    return str(found)


async def waiting_counts() -> dict[str, int]:
    """For the metrics: records that wait or work, and results that are not told."""
    row = await database.row(
        "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,"
        " count(*) FILTER (WHERE state = 'working') AS working,"
        " count(*) FILTER (WHERE ended_at IS NOT NULL AND told_at IS NULL AND kind <> 'list_page') AS untold"
        " FROM exchange_record WHERE state IN ('waiting', 'working') OR (told_at IS NULL AND ended_at IS NOT NULL)"
    )
    assert row is not None
    return dict(row)


_WHERE = (
    "WHERE ($1::text IS NULL OR r.source = $1) AND ($2::text IS NULL OR r.kind = $2)"
    " AND ($3::text IS NULL OR r.state = $3) AND ($4::text IS NULL OR r.office_code = $4)"
    " AND (cardinality($5::text[]) = 0 OR r.office_code = ANY ($5))"
    " AND ($6::bigint IS NULL OR r.employer_no = $6)"
    " AND ($7::text IS NULL OR r.uscc = $7 OR r.employer_no IN"
    " (SELECT employer_no FROM employer WHERE starts_with(name, $7)))"
    " AND ($8::int IS NULL OR r.period = $8)"
    " AND ($9::timestamptz IS NULL OR r.received_at >= $9) AND ($10::timestamptz IS NULL OR r.received_at <= $10)"
)


def _values(actor: Actor, filters: ExchangeFilters) -> tuple[object, ...]:
    said = filters.employer
    number = int(said) if said and said.isascii() and said.isdigit() and len(said) <= 18 else None
    return (
        filters.source,
        filters.kind,
        filters.state,
        filters.office_code,
        sorted(actor.office_codes),
        number,
        said if number is None else None,
        filters.month.period if filters.month else None,
        filters.received_from,
        filters.received_to,
    )


def _told(filters: ExchangeFilters) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(filters).items() if value is not None}


def _most(lines: dict[str, ExchangeLine]) -> tuple[ExchangeLine, ...]:
    return tuple(sorted(lines.values(), key=lambda line: (-line.records, line.value)))


def _require_staff(actor: Actor) -> None:
    if not actor.has_role(*READING_ROLES):
        raise Refused(NOT_PERMITTED())


def _view(row: Record) -> ExchangeView:
    return ExchangeView(
        record_id=row["record_id"],
        source=row["source"],
        source_name=SOURCE_NAMES[row["source"]],
        message_no=row["message_no"],
        kind=row["kind"],
        kind_name=KIND_NAMES[row["kind"]],
        uscc=row["uscc"],
        employer_no=row["employer_no"],
        employer_name=row["employer_name"] or "",
        office_code=row["office_code"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        code=row["code"],
        message=row["message"],
        month=YearMonth.of_period(row["period"]) if row["period"] else None,
        list_no=row["list_no"],
        row_count=row["row_count"],
        done_count=row["done_count"],
        refused_count=row["refused_count"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        ended_at=row["ended_at"],
        told_at=row["told_at"],
        receipt_no=row["receipt_no"],
    )
