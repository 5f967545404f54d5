"""正式凭证: gathered from the real-time vouchers of a closed day by set and kind, numbered by set and month (R14.1).

A formal voucher's members are the real-time vouchers of its day, set, kind and part; nothing joins them later,
because a closed day takes no voucher, and what a reopening lets in has a part of its own and becomes supplements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.ledger.postings import KIND_NAMES


async def gather_day(*, business_date: date, now: datetime) -> int:
    """Gathers the day, and every closed day before it that was not gathered yet, each by itself. Returns the number of
    formal vouchers; 0 when all was done before. The day must have been closed."""
    segments = await database.rows(
        "SELECT segment_no, day FROM book_segment WHERE gathered_at IS NULL AND day <= $1 ORDER BY segment_no",
        business_date,
    )
    made = 0
    for segment in segments:
        async with transaction() as tx:
            count: int = await tx.value("SELECT ledger_gather($1, $2)", segment["segment_no"], now)
            if count:
                await audit.record(
                    tx,
                    actor=SYSTEM,
                    action="books.gathered",
                    subject=f"books:{segment['day']}",
                    detail={"formal_vouchers": count},
                    now=now,
                )
        made += count
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class FormalVoucherView:
    """`number` is JZPZH's running number within set and month; `attachments` (FJDJS) the real-time vouchers behind
    it."""

    account_set: str
    period: int
    number: int
    posted_on: date
    kind: str
    kind_name: str
    part: int
    summary: str
    attachments: int
    amount: Money

    @property
    def voucher_no(self) -> str:
        """JZPZH as printed: `202611-0007`."""
        return f"{self.period}-{self.number:04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    subject: str
    subject_name: str
    auxiliary: str
    auxiliary_name: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeVoucherView:
    """One of the vouchers behind a formal one. `account_no` is 0 for a general voucher."""

    account_no: int
    voucher_id: int
    summary: str
    amount: Money
    posted_on: date
    effective_on: date
    recorded_at: datetime
    reverses_voucher_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherView:
    """A real-time voucher with its lines; a batch's lines are its head's. `prepared_by` is empty where the system
    booked what a matter decided."""

    account_set: str
    account_no: int
    voucher_id: int
    kind_name: str
    summary: str
    amount: Money
    posted_on: date
    effective_on: date
    recorded_at: datetime
    prepared_by: str
    reverses_voucher_id: int | None
    reversed_by: int | None
    reason: str | None
    is_batch: bool
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormalFilters:
    account_set: str
    period: YearMonth
    kind: str | None = None
    posted_on: date | None = None


async def formal_vouchers(*, filters: FormalFilters, first: int, after: str | None) -> Page[FormalVoucherView]:
    """In the order of their numbers."""
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    given = (filters.account_set, filters.period.period, filters.kind, filters.posted_on)
    rows = await database.rows(_LIST, *given, cursor[0] if cursor else 0, limit + 1)
    total: int = await database.value(_COUNT, *given)
    return cut(rows=[_view(row) for row in rows], first=limit, total=total, key=lambda one: [one.number])


async def formal_voucher(*, account_set: str, period: int, number: int) -> FormalVoucherView | None:
    row = await database.row(
        "SELECT * FROM formal_voucher WHERE account_set = $1 AND period = $2 AND number = $3",
        account_set,
        period,
        number,
    )
    return None if row is None else _view(row)


async def formal_lines(*, account_set: str, period: int, number: int) -> list[LineView]:
    return [line_view(row) for row in await database.rows(_LINES, account_set, period, number)]


async def members_of(*, voucher: FormalVoucherView, first: int, after: str | None) -> Page[RealtimeVoucherView]:
    """The real-time vouchers behind a formal one: the general ones first, then by account."""
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int, int)) or [0, 0]
    rows = await database.rows(
        _MEMBERS, voucher.posted_on, voucher.part, voucher.account_set, voucher.kind, *cursor, limit + 1
    )
    return cut(
        rows=[RealtimeVoucherView(**{**dict(row), "amount": Money(row["amount"])}) for row in rows],
        first=limit,
        total=voucher.attachments,
        key=lambda one: [one.account_no, one.voucher_id],
    )


async def voucher_of(*, account_no: int, voucher_id: int) -> VoucherView | None:
    """`account_no` 0 for a general voucher; a batch has it too, and for each of its accounts what it did to that
    one."""
    row = await database.row(_GENERAL_HEAD if account_no == 0 else _PERSONAL_HEAD, account_no, voucher_id)
    if row is None and account_no:
        row = await database.row(_BATCH_HEAD, account_no, voucher_id)
    if row is None:
        return None
    lines = await database.rows(_VOUCHER_LINES, account_no, row["account_set"], row["period"], voucher_id)
    return VoucherView(
        account_set=row["account_set"],
        account_no=account_no,
        voucher_id=voucher_id,
        kind_name=KIND_NAMES.get(row["kind"], "其他"),
        summary=row["summary"],
        amount=Money(row["debit_fen"]),
        posted_on=row["posted_on"],
        effective_on=row["effective_on"],
        recorded_at=row["recorded_at"],
        prepared_by=row["prepared_by"],
        reverses_voucher_id=row["reverses_voucher_id"],
        reversed_by=row["reversed_by"],
        reason=row["reason"],
        is_batch=row["is_batch"],
        lines=tuple(line_view(line) for line in lines),
    )


def line_view(row: Record) -> LineView:
    amount = Money(row["amount_fen"])
    return LineView(
        subject=row["subject"],
        subject_name=row["subject_name"],
        auxiliary=row["auxiliary"],
        auxiliary_name=row["auxiliary_name"] or "",
        debit=amount if row["side"] == "D" else None,
        credit=amount if row["side"] == "C" else None,
    )


def _view(row: Record) -> FormalVoucherView:
    return FormalVoucherView(
        account_set=row["account_set"],
        period=row["period"],
        number=row["number"],
        posted_on=row["posted_on"],
        kind=row["kind"],
        kind_name=KIND_NAMES.get(row["kind"], "其他"),
        part=row["part"],
        summary=row["summary"],
        attachments=row["attachments"],
        amount=Money(row["debit_fen"]),
    )


_WHERE = "account_set = $1 AND period = $2 AND ($3::text IS NULL OR kind = $3) AND ($4::date IS NULL OR posted_on = $4)"
_LIST = f"SELECT * FROM formal_voucher WHERE {_WHERE} AND number > $5 ORDER BY number LIMIT $6"
_COUNT = f"SELECT count(*) FROM formal_voucher WHERE {_WHERE}"

# Bank subjects name a bank or one of its accounts; a name that the bank's table does not know is shown as it stands.
_LINES = """
SELECT l.subject, s.name AS subject_name, l.auxiliary, b.name AS auxiliary_name, l.side, l.amount_fen
FROM formal_voucher_line l
JOIN account_subject s ON s.account_set = l.account_set AND s.code = l.subject
LEFT JOIN entrusted_bank b ON s.auxiliary_kind = 'bank' AND b.code = l.auxiliary
WHERE l.account_set = $1 AND l.period = $2 AND l.number = $3 ORDER BY l.line_no
"""

_MEMBERS = """
SELECT * FROM (
    (SELECT 0::bigint AS account_no, voucher_id, summary, debit_fen AS amount, posted_on, effective_on, recorded_at,
            reverses_voucher_id
     FROM general_voucher
     WHERE posted_on = $1 AND part = $2 AND account_set = $3 AND kind = $4 AND $5::bigint = 0
        AND voucher_id > $6
     ORDER BY voucher_id LIMIT $7)
    UNION ALL
    (SELECT account_no, voucher_id, summary, debit_fen, posted_on, effective_on, recorded_at, reverses_voucher_id
     FROM voucher
     WHERE posted_on = $1 AND part = $2 AND account_set = $3 AND kind = $4 AND (account_no, voucher_id) > ($5, $6)
     ORDER BY account_no, voucher_id LIMIT $7)) AS members
ORDER BY account_no, voucher_id LIMIT $7
"""

_PERSONAL_HEAD = """
SELECT v.*, '' AS prepared_by, false AS is_batch, r.voucher_id AS reversed_by
FROM voucher v LEFT JOIN voucher r ON r.account_no = v.account_no AND r.reverses_voucher_id = v.voucher_id
WHERE v.account_no = $1 AND v.voucher_id = $2
"""
# What a batch did to one account: its head, with the account's amount.
_BATCH_HEAD = """
SELECT g.account_set, g.period, g.kind, g.summary, p.fen AS debit_fen, g.posted_on, g.effective_on, g.recorded_at,
       g.prepared_by, g.reverses_voucher_id, g.reason, g.is_batch, r.voucher_id AS reversed_by
FROM general_voucher g
CROSS JOIN LATERAL (SELECT sum(amount_fen)::bigint AS fen FROM posting
                    WHERE account_no = $1 AND period = g.period AND voucher_id = $2 AND sequence IS NOT NULL) p
LEFT JOIN voucher r ON r.account_no = $1 AND r.reverses_voucher_id = $2
WHERE g.voucher_id = $2 AND g.is_batch AND p.fen IS NOT NULL
"""
_GENERAL_HEAD = """
SELECT v.*, r.voucher_id AS reversed_by
FROM general_voucher v
LEFT JOIN general_voucher r ON r.account_set = v.account_set AND r.reverses_voucher_id = v.voucher_id
WHERE $1::bigint = 0 AND v.voucher_id = $2
"""
_VOUCHER_LINES = """
SELECT l.subject, s.name AS subject_name, l.auxiliary, b.name AS auxiliary_name, l.side, l.amount_fen
FROM (SELECT line_no, subject, auxiliary, side, amount_fen FROM posting
      WHERE account_no = $1 AND period = $3 AND voucher_id = $4
      UNION ALL
      SELECT line_no, subject, auxiliary, side, amount_fen FROM general_line
      WHERE $1::bigint = 0 AND account_set = $2 AND period = $3 AND voucher_id = $4) l
JOIN account_subject s ON s.account_set = $2 AND s.code = l.subject
LEFT JOIN entrusted_bank b ON s.auxiliary_kind = 'bank' AND b.code = l.auxiliary
ORDER BY l.line_no
"""
