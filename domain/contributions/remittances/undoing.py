"""分配冲回: a distribution undone because the bank took its money back, piece by piece, by one batch voucher a piece.

A piece is what one voucher of the distribution credited; its reversal, months and lines commit together, so a runner
may die at any point. An account that has not got the money any more (withdrawn, frozen, closed, set aside) keeps its
month: what it was given becomes the employer's debt (应收单位追回款) once two persons have said so, and the statement
waits for them meanwhile. The debt stays a part of the statement and is settled when it is paid again. That is our
assumption of the centre's practice: the contribution was the employer's to make, and the person had no part in it.

Locks: the employer's account, the statement, the matter, then personal accounts in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain import ledger, settlement
from domain.contributions.remittances.reopening import reopen, take_out_returned
from domain.contributions.remittances.taken_back import RECEIVABLE, lock_matter
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money, total
from domain.ledger import Line, VoucherKind


async def undo_distribution(
    *, employer_no: int, receipt_id: int, now: datetime, business_date: date, pieces_max: int | None = None
) -> str:
    """Goes on with a payment that is being taken back, to its end, until people are needed, or for so many pieces.
    Returns the matter's state."""
    pieces, after = 0, 0
    while True:
        async with transaction() as tx:
            await tx.execute("SELECT 1 FROM employer_account WHERE employer_no = $1 FOR NO KEY UPDATE", employer_no)
            statement = await tx.row(
                "SELECT s.* FROM remittance_statement s JOIN payment_taken_back t USING (employer_no, statement_id)"
                " WHERE t.employer_no = $1 AND t.receipt_id = $2 FOR UPDATE OF s",
                employer_no,
                receipt_id,
            )
            matter = await lock_matter(tx, employer_no=employer_no, receipt_id=receipt_id)
            if matter["state"] != "working":
                return str(matter["state"])
            assert statement is not None and statement["state"] == "taking_back"
            batch = await tx.row(_NEXT, employer_no, statement["statement_id"], after)
            if batch is None:
                return await _end(tx, statement, matter, now=now, business_date=business_date)
            after = batch["voucher_id"]
            await _undo(tx, statement, matter, after, now=now, business_date=business_date)
        pieces += 1
        if pieces == pieces_max:
            return "working"


async def taken_back_due(*, most: int = 20) -> list[tuple[int, int]]:
    """(employer, receipt) of what is being taken back."""
    rows = await database.rows(
        "SELECT employer_no, receipt_id FROM payment_taken_back WHERE state = 'working' ORDER BY noticed_at LIMIT $1",
        most,
    )
    return [(row["employer_no"], row["receipt_id"]) for row in rows]


_NEXT = """
SELECT min(voucher_id) AS voucher_id FROM remittance_line
WHERE employer_no = $1 AND statement_id = $2 AND state = 'P' AND voucher_id > $3 HAVING min(voucher_id) IS NOT NULL
"""
_LINES = """
SELECT account_no, sum(employer_fen + employee_fen)::bigint AS fen FROM remittance_line
WHERE employer_no = $1 AND statement_id = $2 AND state = 'P' AND voucher_id = $3 GROUP BY account_no ORDER BY account_no
"""
_ABLE = """
SELECT account_no FROM unnest($1::bigint[], $2::bigint[]) AS given (account_no, fen)
JOIN account_balance b USING (account_no) WHERE b.balance_fen - b.held_fen >= given.fen
"""


async def _undo(
    tx: Transaction, statement: Record, matter: Record, batch: int, *, now: datetime, business_date: date
) -> None:
    """Takes back what this voucher credited, from the accounts that have it."""
    employer_no = statement["employer_no"]
    given = {
        row["account_no"]: Money(row["fen"])
        for row in await tx.rows(_LINES, employer_no, statement["statement_id"], batch)
    }
    movable = await tx.rows(
        "SELECT account_no, state FROM account WHERE account_no = ANY ($1) ORDER BY account_no FOR NO KEY UPDATE",
        list(given),
    )
    asked = [row["account_no"] for row in movable if row["state"] in ("01", "02")]
    able = sorted(row["account_no"] for row in await tx.rows(_ABLE, asked, [given[one].fen for one in asked]))
    if able:
        await _debit(tx, statement, matter, batch, able, given, now=now, business_date=business_date)
    short = [one for one in given if one not in set(able)]
    if short and matter["accepted_at"] is not None:
        await _owe(
            tx, statement, matter, str(batch), total([given[one] for one in short]), now=now,
            business_date=business_date,
        )  # fmt: skip
        await tx.execute(
            f"UPDATE remittance_line SET state = 'S' {_OF_ACCOUNTS}",
            employer_no,
            statement["statement_id"],
            batch,
            short,
        )
        await _distributed_less(tx, statement, accounts=short, given=given)


_OF_ACCOUNTS = (
    "WHERE employer_no = $1 AND statement_id = $2 AND state = 'P' AND voucher_id = $3 AND account_no = ANY ($4)"
)


async def _debit(
    tx: Transaction,
    statement: Record,
    matter: Record,
    batch: int,
    accounts: Sequence[int],
    given: dict[int, Money],
    *,
    now: datetime,
    business_date: date,
) -> None:
    employer_no = statement["employer_no"]
    original = await tx.row(
        "SELECT kind, summary, effective_on FROM general_voucher WHERE account_set = 'provident_fund'"
        " AND voucher_id = $1",
        batch,
    )
    assert original is not None, f"no voucher {batch}"
    voucher_id = await ledger.debit_accounts(
        tx,
        business_key=f"taken_back:{matter['receipt_id']}:{batch}:{accounts[0]}-{accounts[-1]}",
        kind=original["kind"],
        summary=f"冲正：{original['summary']}（银行收回款项）",
        credit_subject=settlement.PENDING_DISTRIBUTION,
        credit_auxiliary=str(employer_no),
        account_nos=accounts,
        amounts=[given[one] for one in accounts],
        effective_on=original["effective_on"],
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    await tx.execute(
        "UPDATE contribution_month SET reversed_by = $3 WHERE account_no = ANY ($1) AND voucher_id = $2",
        accounts,
        batch,
        voucher_id,
    )
    await tx.execute(
        "UPDATE account a SET paid_through_period = latest.period FROM ("
        " SELECT given.account_no, max(m.period) AS period FROM unnest($1::bigint[]) AS given (account_no)"
        " LEFT JOIN contribution_month m ON m.account_no = given.account_no AND m.reversed_by IS NULL"
        " GROUP BY given.account_no) AS latest WHERE a.account_no = latest.account_no",
        accounts,
    )
    await tx.execute(
        f"UPDATE remittance_line SET state = 'W', voucher_id = NULL {_OF_ACCOUNTS}",
        employer_no,
        statement["statement_id"],
        batch,
        accounts,
    )
    await _distributed_less(tx, statement, accounts=accounts, given=given)
    await tx.execute(
        "UPDATE payment_taken_back SET account_count = account_count + $3 WHERE employer_no = $1 AND receipt_id = $2",
        employer_no,
        matter["receipt_id"],
        len(accounts),
    )
    await tx.execute(
        "INSERT INTO account_event (account_no, event_id, kind, before, after, reason, voucher_id, by, by_name,"
        " channel, at) SELECT account_no, event_id, 'taken_back', '{}', after, $4, $5, $6, $7, $8, $9"
        " FROM unnest($1::bigint[], $2::bigint[], $3::jsonb[]) AS given (account_no, event_id, after)",
        accounts,
        [new_id() for _ in accounts],
        [{"statement_no": statement["statement_no"], "amount": given[one].yuan_text} for one in accounts],
        "银行收回单位缴款",
        voucher_id,
        SYSTEM.reference,
        SYSTEM.name,
        SYSTEM.channel,
        now,
    )


async def _distributed_less(
    tx: Transaction, statement: Record, *, accounts: Sequence[int], given: dict[int, Money]
) -> None:
    await tx.execute(
        "UPDATE remittance_statement SET distributed_fen = distributed_fen - $3,"
        " distributed_count = distributed_count - $4 WHERE employer_no = $1 AND statement_id = $2",
        statement["employer_no"],
        statement["statement_id"],
        total([given[one] for one in accounts]).fen,
        len(accounts),
    )


async def _owe(
    tx: Transaction, statement: Record, matter: Record, what: str, amount: Money, *, now: datetime, business_date: date
) -> None:
    """Dr the employer's debt, Cr its money that waits: as if it had come back."""
    employer = str(statement["employer_no"])
    await ledger.post_general(
        tx,
        account_set="provident_fund",
        business_key=f"taken_back:{matter['receipt_id']}:owed:{what}",
        kind=VoucherKind.OTHER,
        summary=f"应收单位追回款 {statement['statement_no']}",
        lines=[
            Line(subject=RECEIVABLE, side="D", amount=amount, auxiliary=employer),
            Line(subject=settlement.PENDING_DISTRIBUTION, side="C", amount=amount, auxiliary=employer),
        ],
        effective_on=business_date,
        posted_on=business_date,
        now=now,
        prepared_by=matter["accepted_by"],
    )


async def _end(tx: Transaction, statement: Record, matter: Record, *, now: datetime, business_date: date) -> str:
    used = await take_out_returned(tx, statement=statement, accepted=matter["accepted_at"] is not None, now=now)
    if used:
        await _owe(tx, statement, matter, "returned", used, now=now, business_date=business_date)
    left = await tx.row(
        "SELECT count(DISTINCT account_no) AS accounts, coalesce(sum(employer_fen + employee_fen), 0)::bigint AS fen"
        " FROM remittance_line WHERE employer_no = $1 AND statement_id = $2 AND state IN ('P', 'R')",
        statement["employer_no"],
        statement["statement_id"],
    )
    assert left is not None
    if left["accounts"]:
        await tx.execute(
            "UPDATE payment_taken_back SET state = 'short', short_count = $3, short_fen = $4"
            " WHERE employer_no = $1 AND receipt_id = $2",
            statement["employer_no"],
            matter["receipt_id"],
            left["accounts"],
            left["fen"],
        )
        await audit.record(
            tx, actor=SYSTEM, action="payment.taken_back_short", subject=f"employer:{statement['employer_no']}",
            now=now, detail={"statement_no": statement["statement_no"], "amount": Money(left["fen"])},
        )  # fmt: skip
        return "short"
    amount = Money(matter["amount_fen"])
    voucher_id = await settlement.book_taken_back(
        tx,
        receipt_id=matter["receipt_id"],
        debit=[
            Line(
                subject=settlement.PENDING_DISTRIBUTION,
                side="D",
                amount=amount,
                auxiliary=str(statement["employer_no"]),
            )
        ],
        prepared_by=SYSTEM.reference,
        now=now,
        business_date=business_date,
    )
    await reopen(tx, statement=statement, now=now, business_date=business_date)
    await tx.execute(
        "UPDATE payment_taken_back SET state = 'done', voucher_id = $3, ended_at = $4"
        " WHERE employer_no = $1 AND receipt_id = $2",
        statement["employer_no"],
        matter["receipt_id"],
        voucher_id,
        now,
    )
    return "done"
