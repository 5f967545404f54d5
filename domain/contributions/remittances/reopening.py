"""汇缴书重新开放: what a statement becomes when its payment was taken back.

Locks: those of `undoing`, whose transaction this is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.contributions.employers.standing import lock_standing
from domain.contributions.remittances.paying import add_to_balance, begin_payment, reference_of
from domain.contributions.remittances.taken_back import tell_employer
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused


async def take_out_returned(tx: Transaction, *, statement: Record, accepted: bool, now: datetime) -> Money:
    """Lines that had come back to the employer's balance go out of it again and leave the statement; those whose money
    the employer has used become its debt, once that is accepted. Returns that debt, which the caller books."""
    employer_no, statement_id = statement["employer_no"], statement["statement_id"]
    open_fen = await tx.value("SELECT open_fen FROM employer_balance WHERE employer_no = $1 FOR UPDATE", employer_no)
    left = open_fen or 0
    out: list[Record] = []
    used: list[Record] = []
    for line in await tx.rows(
        "SELECT account_no, period, employer_fen + employee_fen AS fen FROM remittance_line WHERE employer_no = $1"
        " AND statement_id = $2 AND state = 'R' ORDER BY account_no, period",
        employer_no,
        statement_id,
    ):
        fits = line["fen"] <= left
        left -= line["fen"] if fits else 0
        (out if fits else used).append(line)
    gone = Money(sum(line["fen"] for line in out))
    if out:
        await add_to_balance(
            tx, employer_no=employer_no, kind="taken_back", amount=-gone, statement_id=statement_id, account_no=None,
            by=SYSTEM.reference, now=now,
        )  # fmt: skip
        await _turn_returned(tx, statement, out, state="X")
    if not (used and accepted):
        return Money.zero()
    await _turn_returned(tx, statement, used, state="S")
    return Money(sum(line["fen"] for line in used))


async def _turn_returned(tx: Transaction, statement: Record, lines: Sequence[Record], *, state: str) -> None:
    where = (statement["employer_no"], statement["statement_id"])
    await tx.execute(
        "UPDATE remittance_line l SET state = $5 FROM unnest($3::bigint[], $4::int[]) AS given (account_no, period)"
        " WHERE l.employer_no = $1 AND l.statement_id = $2 AND l.account_no = given.account_no"
        " AND l.period = given.period",
        *where,
        [line["account_no"] for line in lines],
        [line["period"] for line in lines],
        state,
    )
    await tx.execute(
        "UPDATE remittance_statement SET returned_fen = returned_fen - $3 WHERE employer_no = $1 AND statement_id = $2",
        *where,
        sum(line["fen"] for line in lines),
    )


_LEFT = """
SELECT count(DISTINCT account_no) AS persons, coalesce(sum(employer_fen), 0)::bigint AS employer_fen,
       coalesce(sum(employee_fen), 0)::bigint AS employee_fen
FROM remittance_line WHERE employer_no = $1 AND statement_id = $2 AND state <> 'X'
"""


async def reopen(tx: Transaction, *, statement: Record, now: datetime, business_date: date) -> None:
    """The statement waits for money again, under a new reference; or ends, when all of it had come back before."""
    where = (statement["employer_no"], statement["statement_id"])
    left = await tx.row(_LEFT, *where)
    assert left is not None
    amount = Money(left["employer_fen"] + left["employee_fen"])
    what = "reopened" if amount else "cancelled"
    if amount:
        await tx.execute(
            "UPDATE remittance_statement SET state = 'open', person_count = $3, employer_fen = $4, employee_fen = $5,"
            " amount_fen = $4::bigint + $5::bigint, paid_on = NULL, paid_voucher_id = NULL, paid_from = NULL,"
            " distributed_at = NULL, expectation_id = NULL, reopened = reopened + 1,"
            " method_changes = method_changes + 1 WHERE employer_no = $1 AND statement_id = $2",
            *where,
            left["persons"],
            left["employer_fen"],
            left["employee_fen"],
        )
    else:
        await tx.execute(
            "UPDATE remittance_line SET state = 'R' WHERE employer_no = $1 AND statement_id = $2 AND state = 'X'",
            *where,
        )
        await tx.execute(
            "UPDATE remittance_statement SET state = 'cancelled', returned_fen = amount_fen,"
            " end_reason = '银行收回款项' WHERE employer_no = $1 AND statement_id = $2",
            *where,
        )
    if statement["kind"] == "remittance":
        await _months_open(tx, statement["employer_no"], YearMonth.of_period(statement["period"]))
    reference = statement["statement_no"]
    if amount:
        await _begin_again(tx, statement, now=now, business_date=business_date)
        again = await tx.row(_STATEMENT, *where)
        assert again is not None
        reference = reference_of(again)
    await audit.record(
        tx, actor=SYSTEM, action=f"statement.{what}", subject=f"employer:{statement['employer_no']}", now=now,
        detail={"statement_no": statement["statement_no"], "amount": amount},
    )  # fmt: skip
    await tell_employer(
        tx, employer_no=statement["employer_no"], statement_no=statement["statement_no"], reference_no=reference,
        amount=Money(statement["amount_fen"]), what=what, now=now,
    )  # fmt: skip


_STATEMENT = "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2"


async def _months_open(tx: Transaction, employer_no: int, month: YearMonth) -> None:
    """缴至年月 back before the month; months paid after it count again when it is paid (`distributing`)."""
    before = month.minus(months=1).period
    await tx.execute(
        "UPDATE employer_account SET paid_through_period = CASE WHEN first_period <= $2 THEN $2 END"
        " WHERE employer_no = $1 AND paid_through_period > $2",
        employer_no,
        before,
    )


async def _begin_again(tx: Transaction, statement: Record, *, now: datetime, business_date: date) -> None:
    """By the method it had; what that method no longer allows is paid by transfer."""
    standing = await lock_standing(tx, employer_no=statement["employer_no"])
    try:
        await begin_payment(
            tx, actor=SYSTEM, standing=standing, statement_id=statement["statement_id"], now=now,
            business_date=business_date,
        )  # fmt: skip
    except Refused:
        await tx.execute(
            "UPDATE remittance_statement SET method = 'bank_transfer' WHERE employer_no = $1 AND statement_id = $2",
            statement["employer_no"],
            statement["statement_id"],
        )
        await begin_payment(
            tx, actor=SYSTEM, standing=standing, statement_id=statement["statement_id"], now=now,
            business_date=business_date,
        )  # fmt: skip
