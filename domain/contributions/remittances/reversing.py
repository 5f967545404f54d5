"""汇缴冲正: one account's month of a distributed statement goes back, the money to 单位暂存款, whence it pays what it
should have paid.

The ledger's own reversal would leave money under 21903 that nobody accounts for; this one keeps statement, month and
employer's balance with it in one transaction. Locks: the employer's account, the statement, the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger
from domain.contributions.people.history import keep_event
from domain.contributions.people_refusals import REVERSAL_MONTH
from domain.contributions.remittances.paying import add_to_balance
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalPreview:
    account_no: int
    month: YearMonth
    amount: Money
    statement_no: str
    employer_no: int
    employer_name: str
    available: Money


async def preview_reversal(*, account_no: int, month: YearMonth) -> ReversalPreview:
    """What would go back, and whether the account has it. Raises Refused for a month that no statement booked."""
    using = database.pool
    row = await _line(using, account_no, month)
    employer = await using.value("SELECT name FROM employer WHERE employer_no = $1", row["employer_no"])
    balance = await ledger.balance_of(account_no=account_no, using=using)
    return ReversalPreview(
        account_no=account_no,
        month=month,
        amount=Money(row["fen"]),
        statement_no=row["statement_no"],
        employer_no=row["employer_no"],
        employer_name=employer,
        available=balance.available,
    )


async def reverse_contribution(
    tx: Transaction, *, actor: Actor, account_no: int, month: YearMonth, reason: str, now: datetime, business_date: date
) -> int:
    """Returns the reversal's voucher. Who may, and the second person, is the caller's matter. Raises Refused: for a
    month that no statement booked or that was reversed, and when the account has not got the money any more."""
    found = await _line(tx, account_no, month)
    employer_no, statement_id = found["employer_no"], found["statement_id"]
    await tx.execute("SELECT 1 FROM employer_account WHERE employer_no = $1 FOR NO KEY UPDATE", employer_no)
    await tx.execute(
        "SELECT 1 FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2 FOR UPDATE",
        employer_no,
        statement_id,
    )
    row = await _line(tx, account_no, month)
    amount, batch = Money(row["fen"]), row["voucher_id"]
    others = await tx.value(
        "SELECT count(*) FROM contribution_month WHERE account_no = $1 AND voucher_id = $2", account_no, batch
    )
    if others > 1:
        # a back payment books an account's months in one line, which goes back as a whole or not at all
        raise Refused(REVERSAL_MONTH(month=month))
    voucher_id = await ledger.reverse(
        tx, account_no=account_no, voucher_id=batch, reason=reason, posted_on=business_date, now=now
    )
    await tx.execute(
        "UPDATE contribution_month SET reversed_by = $4 WHERE account_no = $1 AND period = $2 AND voucher_id = $3",
        account_no,
        month.period,
        batch,
        voucher_id,
    )
    await tx.execute(
        "UPDATE account SET paid_through_period = (SELECT max(period) FROM contribution_month WHERE account_no = $1"
        " AND reversed_by IS NULL) WHERE account_no = $1",
        account_no,
    )
    await tx.execute(
        "UPDATE remittance_line SET state = 'R', voucher_id = NULL WHERE employer_no = $1 AND statement_id = $2"
        " AND account_no = $3 AND period = $4",
        employer_no,
        statement_id,
        account_no,
        month.period,
    )
    await tx.execute(
        "UPDATE remittance_statement SET distributed_fen = distributed_fen - $3, returned_fen = returned_fen + $3,"
        " distributed_count = distributed_count - 1 WHERE employer_no = $1 AND statement_id = $2",
        employer_no,
        statement_id,
        amount.fen,
    )
    await add_to_balance(
        tx, employer_no=employer_no, kind="returned", amount=amount, statement_id=statement_id, account_no=account_no,
        by=actor.reference, now=now,
    )  # fmt: skip
    await keep_event(
        tx, actor, account_no=account_no, kind="reversal", before={"month": str(month)},
        after={"amount": amount.yuan_text, "statement_no": row["statement_no"]}, reason=reason, now=now,
        voucher_id=voucher_id,
    )  # fmt: skip
    await audit.record(
        tx, actor=actor, action="contribution.reversed", subject=f"account:{account_no}", now=now,
        detail={"month": str(month), "amount": amount, "statement_no": row["statement_no"]},
    )  # fmt: skip
    return voucher_id


async def _line(using: Executor, account_no: int, month: YearMonth) -> Record:
    """The line that booked the month, of whichever employer. Raises Refused."""
    employers = await using.rows("SELECT DISTINCT employer_no FROM employment WHERE account_no = $1", account_no)
    row = await using.row(
        "SELECT l.employer_no, l.statement_id, l.voucher_id, l.employer_fen + l.employee_fen AS fen, s.statement_no"
        " FROM remittance_line l JOIN remittance_statement s USING (employer_no, statement_id)"
        " WHERE l.employer_no = ANY ($1) AND l.account_no = $2 AND l.period = $3 AND l.state = 'P'"
        " AND s.state = 'distributed' ORDER BY s.distributed_at DESC LIMIT 1",
        [one["employer_no"] for one in employers],
        account_no,
        month.period,
    )
    if row is None:
        raise Refused(REVERSAL_MONTH(month=month))
    return row
