"""分配: a statement's money into the personal accounts, piece by piece, by one batch voucher a piece.

A piece is a range of account numbers, and its lines never leave PostgreSQL. Its voucher, months and marks commit
together; a runner may die at any point. A line whose account takes no money any more (closed meanwhile) comes back as
单位暂存款: the others go on, and nothing is lost.
Locks: the employer's account, the statement, then personal accounts in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain import ledger, settlement
from domain.contributions.events import STATEMENT_DISTRIBUTED
from domain.contributions.remittances.paying import add_to_balance
from domain.contributions.remittances.taken_back import RECEIVABLE
from domain.kernel import audit, database, outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger import Line, VoucherKind

CHUNK_ACCOUNTS = 10_000
_TAKING = ["01", "02", "06"]


async def distribute_statement(
    *, employer_no: int, statement_id: int, now: datetime, business_date: date, chunks_max: int | None = None
) -> str:
    """Goes on with a paid statement, to its end or for so many pieces. Returns its state."""
    pieces, after = 0, 0
    while True:
        async with transaction() as tx:
            await tx.execute("SELECT 1 FROM employer_account WHERE employer_no = $1 FOR NO KEY UPDATE", employer_no)
            row = await tx.row(
                "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2 FOR UPDATE",
                employer_no,
                statement_id,
            )
            assert row is not None, f"employer {employer_no} has no statement {statement_id}"
            if row["state"] != "paid":
                return str(row["state"])
            last = await tx.value(_LAST_OF_PIECE, employer_no, statement_id, after, CHUNK_ACCOUNTS)
            if last is None and after == 0:
                return await _end(tx, row, now=now, business_date=business_date)
            if last is not None:
                await _distribute(tx, row, after + 1, last, now=now, business_date=business_date)
        # from the beginning once more before it ends: nothing that waits is left behind
        after = last or 0
        pieces += last is not None
        if pieces == chunks_max:
            return "paid"


async def statements_paid(*, most: int = 20) -> list[tuple[int, int]]:
    """(employer, statement) of those whose money waits to be distributed."""
    rows = await database.rows(
        "SELECT employer_no, statement_id FROM remittance_statement WHERE state = 'paid' ORDER BY paid_on LIMIT $1",
        most,
    )
    return [(row["employer_no"], row["statement_id"]) for row in rows]


# An account of a back payment has a line for each month: the last one is taken with all of them.
_LAST_OF_PIECE = """
SELECT max(account_no) FROM (
    SELECT account_no FROM remittance_line
    WHERE employer_no = $1 AND statement_id = $2 AND account_no > $3 AND state = 'W'
    ORDER BY account_no LIMIT $4) AS piece
"""
_OF_PIECE = "l.employer_no = $1 AND l.statement_id = $2 AND l.account_no BETWEEN $3 AND $4 AND l.state = 'W'"
_LOCK = f"""
SELECT count(*) FILTER (WHERE state <> ALL ($5)) FROM (
    SELECT a.state FROM account a
    WHERE a.account_no BETWEEN $3 AND $4 AND a.account_no IN (
        SELECT l.account_no FROM remittance_line l WHERE {_OF_PIECE})
    ORDER BY a.account_no FOR NO KEY UPDATE) AS locked
"""
_TAKEN = f"""
SELECT l.account_no, sum(l.employer_fen + l.employee_fen)::bigint AS fen
FROM remittance_line l JOIN account a ON a.account_no = l.account_no AND a.account_no BETWEEN $3 AND $4
WHERE {_OF_PIECE} AND a.state = ANY ($5) GROUP BY l.account_no
"""
_BOOK = f"""
WITH marked AS (
    UPDATE remittance_line l SET state = 'P', voucher_id = $6 FROM account a
    WHERE {_OF_PIECE} AND a.account_no = l.account_no AND a.account_no BETWEEN $3 AND $4 AND a.state = ANY ($5)
    RETURNING l.account_no, l.period, l.employer_fen + l.employee_fen AS fen
), paid AS (
    UPDATE account a SET paid_through_period = greatest(a.paid_through_period, m.period)
    FROM (SELECT account_no, max(period) AS period FROM marked GROUP BY account_no) AS m
    WHERE a.account_no = m.account_no AND a.account_no BETWEEN $3 AND $4
)
INSERT INTO contribution_month (account_no, period, voucher_id, amount_fen)
SELECT account_no, period, $6, fen FROM marked
"""


async def _distribute(
    tx: Transaction, row: Record, first: int, last: int, *, now: datetime, business_date: date
) -> None:
    """The lines of the accounts from `first` to `last` that wait."""
    statement = row["employer_no"], row["statement_id"]
    piece = (*statement, first, last)
    closed: int = await tx.value(_LOCK, *piece, _TAKING)
    by_month = row["kind"] == "remittance"
    credited = await ledger.credit_accounts(
        tx,
        selection=_TAKEN,
        values=[*piece, _TAKING],
        key=f"statement:{_round(row)}",
        kind=VoucherKind.REMITTANCE if by_month else VoucherKind.BACK_PAYMENT,
        summary=_summary(row),
        debit_subject=settlement.PENDING_DISTRIBUTION,
        debit_auxiliary=str(row["employer_no"]),
        effective_on=min(row["paid_on"], business_date),
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    if credited is not None:
        await tx.execute(_BOOK, *piece, _TAKING, credited.voucher_id)
    returned: Sequence[Record] = []
    if closed:
        returned = await tx.rows(
            f"SELECT l.account_no, l.period, l.employer_fen + l.employee_fen AS fen FROM remittance_line l"
            f" WHERE {_OF_PIECE} ORDER BY l.account_no, l.period",
            *piece,
        )
        await _return(tx, row, returned, now=now)
    assert credited or returned, f"nobody of {first}-{last} takes the money of {row['statement_no']} or gives it back"
    await tx.execute(
        "UPDATE remittance_statement SET distributed_count = distributed_count + $3,"
        " distributed_fen = distributed_fen + $4, returned_fen = returned_fen + $5"
        " WHERE employer_no = $1 AND statement_id = $2",
        *statement,
        credited.accounts if credited else 0,
        credited.amount.fen if credited else 0,
        sum(line["fen"] for line in returned),
    )


async def _return(tx: Transaction, row: Record, lines: Sequence[Record], *, now: datetime) -> None:
    for line in lines:
        await tx.execute(
            "UPDATE remittance_line SET state = 'R' WHERE employer_no = $1 AND statement_id = $2 AND account_no = $3"
            " AND period = $4",
            row["employer_no"],
            row["statement_id"],
            line["account_no"],
            line["period"],
        )
        await add_to_balance(
            tx,
            employer_no=row["employer_no"],
            kind="returned",
            amount=Money(line["fen"]),
            statement_id=row["statement_id"],
            account_no=line["account_no"],
            by=SYSTEM.reference,
            now=now,
        )


async def _settle_debt(tx: Transaction, row: Record, *, now: datetime, business_date: date) -> Money:
    """What an earlier payment's taking back left the employer owing (see `undoing`) is paid with this one: the lines
    stand as they did. Returns the debt."""
    employer_no, statement_id = row["employer_no"], row["statement_id"]
    debt = await tx.row(_DEBT, employer_no, statement_id)
    assert debt is not None
    if not debt["kept"] + debt["returned"]:
        return Money.zero()
    amount, employer = Money(debt["kept"] + debt["returned"]), str(employer_no)
    await ledger.post_general(
        tx,
        account_set="provident_fund",
        business_key=f"statement:{_round(row)}:debt",
        kind=VoucherKind.OTHER,
        summary=f"收回应收单位追回款 {row['statement_no']}",
        lines=[
            Line(subject=settlement.PENDING_DISTRIBUTION, side="D", amount=amount, auxiliary=employer),
            Line(subject=RECEIVABLE, side="C", amount=amount, auxiliary=employer),
        ],
        effective_on=business_date,
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    await tx.execute(
        "UPDATE remittance_line SET state = CASE WHEN voucher_id IS NULL THEN 'R' ELSE 'P' END"
        " WHERE employer_no = $1 AND statement_id = $2 AND state = 'S'",
        employer_no,
        statement_id,
    )
    await tx.execute(
        "UPDATE remittance_statement SET distributed_count = distributed_count + $3,"
        " distributed_fen = distributed_fen + $4, returned_fen = returned_fen + $5"
        " WHERE employer_no = $1 AND statement_id = $2",
        employer_no,
        statement_id,
        debt["accounts"],
        debt["kept"],
        debt["returned"],
    )
    return amount


async def _paid_through(tx: Transaction, *, employer_no: int, month: YearMonth) -> YearMonth:
    """The last month behind this one that is paid without a gap: later ones may have been paid while the bank had
    taken this one's money back."""
    rows = await tx.rows(
        "SELECT period FROM remittance_statement WHERE employer_no = $1 AND kind = 'remittance'"
        " AND state = 'distributed' AND period > $2 ORDER BY period",
        employer_no,
        month.period,
    )
    for row in rows:
        if row["period"] != month.plus(months=1).period:
            break
        month = month.plus(months=1)
    return month


_DEBT = """
SELECT count(DISTINCT account_no) FILTER (WHERE voucher_id IS NOT NULL) AS accounts,
       coalesce(sum(employer_fen + employee_fen) FILTER (WHERE voucher_id IS NOT NULL), 0)::bigint AS kept,
       coalesce(sum(employer_fen + employee_fen) FILTER (WHERE voucher_id IS NULL), 0)::bigint AS returned
FROM remittance_line WHERE employer_no = $1 AND statement_id = $2 AND state = 'S'
"""


def _round(row: Record) -> str:
    """What a distribution's business keys begin with; one that follows a taking back has keys of its own."""
    return str(row["statement_no"]) + (f".{row['reopened']}" if row["reopened"] else "")


async def _end(tx: Transaction, row: Record, *, now: datetime, business_date: date) -> str:
    employer_no = row["employer_no"]
    debt = await _settle_debt(tx, row, now=now, business_date=business_date)
    await tx.execute(
        "UPDATE remittance_statement SET state = 'distributed', distributed_at = $3"
        " WHERE employer_no = $1 AND statement_id = $2",
        employer_no,
        row["statement_id"],
        now,
    )
    if row["kind"] == "remittance":
        through = await _paid_through(tx, employer_no=employer_no, month=YearMonth.of_period(row["period"]))
        await tx.execute(
            "UPDATE employer_account SET paid_through_period = $2 WHERE employer_no = $1", employer_no, through.period
        )
        # 02 开户 becomes 01 正常 with the first month paid
        await tx.execute("UPDATE employer SET state = '01' WHERE employer_no = $1 AND state = '02'", employer_no)
    await audit.record(
        tx,
        actor=SYSTEM,
        action="statement.distributed",
        subject=f"employer:{employer_no}",
        now=now,
        detail={
            "statement_no": row["statement_no"],
            "amount": Money(row["distributed_fen"]),
            "returned": Money(row["returned_fen"]),
            "debt": debt,
        },
    )
    await outbox.emit(
        tx,
        account_no=employer_no,
        kind=STATEMENT_DISTRIBUTED,
        payload={
            "employer_no": str(employer_no),
            "statement_id": str(row["statement_id"]),
            "statement_no": row["statement_no"],
            "returned": Money(row["returned_fen"]),
        },
        now=now,
    )
    return "distributed"


def _summary(row: Record) -> str:
    if row["kind"] == "back_payment":
        return f"补缴 {row['statement_no']}"
    month = YearMonth.of_period(row["period"])
    return f"{month.year}年{month.month}月汇缴"
