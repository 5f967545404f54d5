"""分配: a statement's money into the personal accounts, piece by piece, by one batch voucher a piece.

A piece's vouchers, months and mark commit together; a runner may die at any point. A line whose account takes no money
any more (closed meanwhile) comes back as 单位暂存款: the others go on, and nothing is lost.
Locks: the employer's account, the statement, then personal accounts in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger, settlement
from domain.contributions.events import STATEMENT_DISTRIBUTED
from domain.contributions.remittances.paying import add_to_balance
from domain.kernel import audit, database, outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger import VoucherKind

CHUNK_ACCOUNTS = 10_000
_TAKING = frozenset({"01", "02", "06"})


async def distribute_statement(
    *, employer_no: int, statement_id: int, now: datetime, business_date: date, chunks_max: int | None = None
) -> str:
    """Goes on with a paid statement, to its end or for so many pieces. Returns its state."""
    pieces = 0
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
            following = _NEXT_OF_MONTH if row["kind"] == "remittance" else _NEXT
            lines = await tx.rows(following, employer_no, statement_id, CHUNK_ACCOUNTS)
            if not lines:
                return await _end(tx, row, now=now)
            await _distribute(tx, row, lines, now=now, business_date=business_date)
        pieces += 1
        if pieces == chunks_max:
            return "paid"


async def statements_paid(*, most: int = 20) -> list[tuple[int, int]]:
    """(employer, statement) of those whose money waits to be distributed."""
    rows = await database.rows(
        "SELECT employer_no, statement_id FROM remittance_statement WHERE state = 'paid' ORDER BY paid_on LIMIT $1",
        most,
    )
    return [(row["employer_no"], row["statement_id"]) for row in rows]


# whole accounts: an account of a back payment has a line for each month
_NEXT = """
SELECT account_no, period, employer_fen + employee_fen AS fen FROM remittance_line
WHERE employer_no = $1 AND statement_id = $2 AND state = 'W' AND account_no IN (
    SELECT DISTINCT account_no FROM remittance_line WHERE employer_no = $1 AND statement_id = $2 AND state = 'W'
    ORDER BY account_no LIMIT $3)
ORDER BY account_no, period
"""
_NEXT_OF_MONTH = """
SELECT account_no, period, employer_fen + employee_fen AS fen FROM remittance_line
WHERE employer_no = $1 AND statement_id = $2 AND state = 'W' ORDER BY account_no LIMIT $3
"""


@dataclass(slots=True)
class _Sums:
    fen: int = 0
    last: int = 0


async def _distribute(
    tx: Transaction, row: Record, lines: Sequence[Record], *, now: datetime, business_date: date
) -> None:
    numbers = list(dict.fromkeys(line["account_no"] for line in lines))
    states = {
        account["account_no"]: account["state"]
        for account in await tx.rows(
            "SELECT account_no, state FROM account WHERE account_no = ANY ($1) ORDER BY account_no FOR NO KEY UPDATE",
            numbers,
        )
    }
    taken: dict[int, _Sums] = {}
    returned: list[Record] = []
    kept: list[Record] = []
    for line in lines:
        if states.get(line["account_no"]) not in _TAKING:
            returned.append(line)
            continue
        kept.append(line)
        sums = taken.setdefault(line["account_no"], _Sums())
        sums.fen += line["fen"]
        sums.last = line["period"]
    if taken:
        await _credit(tx, row, taken, kept, now=now, business_date=business_date)
    if returned:
        await _return(tx, row, returned, now=now)
    await tx.execute(
        "UPDATE remittance_statement SET distributed_count = distributed_count + $3,"
        " distributed_fen = distributed_fen + $4, returned_fen = returned_fen + $5"
        " WHERE employer_no = $1 AND statement_id = $2",
        row["employer_no"],
        row["statement_id"],
        len(taken),
        sum(sums.fen for sums in taken.values()),
        sum(line["fen"] for line in returned),
    )


async def _credit(
    tx: Transaction,
    row: Record,
    taken: dict[int, _Sums],
    kept: Sequence[Record],
    *,
    now: datetime,
    business_date: date,
) -> None:
    employer_no, numbers = row["employer_no"], list(taken)
    by_month = row["kind"] == "remittance"
    voucher_id = await ledger.credit_accounts(
        tx,
        business_key=f"statement:{row['statement_no']}:{numbers[0]}-{numbers[-1]}",
        kind=VoucherKind.REMITTANCE if by_month else VoucherKind.BACK_PAYMENT,
        summary=_summary(row),
        debit_subject=settlement.PENDING_DISTRIBUTION,
        debit_auxiliary=str(employer_no),
        account_nos=numbers,
        amounts=[Money(sums.fen) for sums in taken.values()],
        effective_on=min(row["paid_on"], business_date),
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    lines = [[line[column] for line in kept] for column in ("account_no", "period", "fen")]
    await tx.execute(
        "INSERT INTO contribution_month (account_no, period, voucher_id, amount_fen)"
        " SELECT account_no, period, $1, fen FROM unnest($2::bigint[], $3::int[], $4::bigint[])"
        " AS given (account_no, period, fen)",
        voucher_id,
        *lines,
    )
    await tx.execute(
        "UPDATE account a SET paid_through_period = greatest(a.paid_through_period, given.period)"
        " FROM unnest($1::bigint[], $2::int[]) AS given (account_no, period) WHERE a.account_no = given.account_no",
        numbers,
        [sums.last for sums in taken.values()],
    )
    await tx.execute(
        "UPDATE remittance_line SET state = 'P', voucher_id = $3 WHERE employer_no = $1 AND statement_id = $2"
        " AND account_no = ANY ($4) AND state = 'W'",
        employer_no,
        row["statement_id"],
        voucher_id,
        numbers,
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


async def _end(tx: Transaction, row: Record, *, now: datetime) -> str:
    employer_no = row["employer_no"]
    await tx.execute(
        "UPDATE remittance_statement SET state = 'distributed', distributed_at = $3"
        " WHERE employer_no = $1 AND statement_id = $2",
        employer_no,
        row["statement_id"],
        now,
    )
    if row["kind"] == "remittance":
        await tx.execute(
            "UPDATE employer_account SET paid_through_period = $2 WHERE employer_no = $1", employer_no, row["period"]
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
