"""缴款方式: how a statement is paid, and its money when it is there.

By bank transfer, cheque or cash settlement is told what to expect and matches it; by entrusted collection a bank is
told to collect (`collecting`); out of 单位暂存款 it is paid at once. However it comes, the money stands under 21903
with the employer and is distributed from there (`distributing`).
"""

from __future__ import annotations

import re
from datetime import date, datetime

from domain import settlement
from domain.contributions.employers.standing import METHOD_NAMES, EmployerStanding, lock_standing, require_employer
from domain.contributions.events import STATEMENT_PAID
from domain.contributions.refusals import (
    BALANCE_SHORT,
    CHEQUE_NO,
    COLLECTION_NOT_OPEN,
    METHOD_SAME,
    METHOD_UNKNOWN,
    STATEMENT_NOT_FOUND,
    STATEMENT_STATE,
)
from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused

PURPOSES = frozenset({"remittance", "back_payment"})
"""What collection expects receipts for."""
BY_RECEIPT = frozenset({"bank_transfer", "cheque", "cash"})
_CHEQUE_NO = re.compile(r"[0-9]{6,20}")


async def begin_payment(
    tx: Transaction,
    *,
    actor: Actor,
    standing: EmployerStanding,
    statement_id: int,
    now: datetime,
    business_date: date,
) -> None:
    """Begins what the statement's method needs; the statement is locked or new. Raises Refused."""
    row = await tx.row(
        "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2",
        standing.employer_no,
        statement_id,
    )
    assert row is not None
    method = row["method"]
    if method == "cheque" and _CHEQUE_NO.fullmatch(row["payment_detail"]) is None:
        raise Refused(CHEQUE_NO())
    if method == "entrusted_collection":
        opened = await tx.value(
            "SELECT collection_agreed_at IS NOT NULL FROM employer_account WHERE employer_no = $1",
            standing.employer_no,
        )
        if not opened:
            raise Refused(COLLECTION_NOT_OPEN())
    elif method == "suspense_balance":
        await _pay_from_balance(tx, actor=actor, row=row, now=now, business_date=business_date)
    else:
        expectation_id = await settlement.expect_receipt(
            tx,
            actor=actor,
            purpose=row["kind"],
            reference_no=reference_of(row),
            amount=Money(row["amount_fen"]),
            office_code=standing.office_code,
            employer_no=standing.employer_no,
            payer_name=standing.name if method != "cash" else None,
            due_on=row["due_on"],
            now=now,
        )
        await tx.execute(
            "UPDATE remittance_statement SET expectation_id = $3 WHERE employer_no = $1 AND statement_id = $2",
            standing.employer_no,
            statement_id,
            expectation_id,
        )
        # the money may be there before the paper
        await settlement.meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)


async def change_payment_of_statement(
    *,
    actor: Actor,
    employer_no: int,
    statement_no: str,
    method: str,
    detail: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Pays an open statement in another way. Returns its state. Raises Refused."""
    if method not in METHOD_NAMES:
        raise Refused(METHOD_UNKNOWN())
    given = {"statement_no": statement_no, "method": method, "detail": detail}
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        row = await tx.row(
            "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_no = $2 FOR UPDATE",
            employer_no,
            statement_no,
        )
        if row is None:
            raise Refused(STATEMENT_NOT_FOUND())
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key,
            operation="change_payment_of_statement", given=given, now=now,
        )  # fmt: skip
        if earlier is not None:
            return str(row["state"])
        if row["state"] != "open":
            raise Refused(STATEMENT_STATE(state="托收中" if row["state"] == "collecting" else "已缴款、冲回中或已撤销"))
        if (row["method"], row["payment_detail"]) == (method, detail.strip()[:60]):
            # its reference is what the payer writes: it stays
            raise Refused(METHOD_SAME(method=METHOD_NAMES[method]))
        await end_waiting(tx, actor=actor, row=row, reason="更换缴款方式", now=now)
        await tx.execute(
            "UPDATE remittance_statement SET method = $3, payment_detail = $4, expectation_id = NULL,"
            " method_changes = method_changes + 1 WHERE employer_no = $1 AND statement_id = $2",
            employer_no,
            row["statement_id"],
            method,
            detail.strip()[:60],
        )
        await begin_payment(
            tx, actor=actor, standing=standing, statement_id=row["statement_id"], now=now, business_date=business_date
        )
        await audit.record(
            tx,
            actor=actor,
            action="statement.method_changed",
            subject=f"employer:{employer_no}",
            now=now,
            detail={"statement_no": statement_no, "method": method},
        )
        await idempotency.finish(
            tx, actor=actor, account_no=employer_no, request_key=request_key, result={"statement_no": statement_no}
        )
        return str(
            await tx.value(
                "SELECT state FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2",
                employer_no,
                row["statement_id"],
            )
        )


async def end_waiting(tx: Transaction, *, actor: Actor, row: Record, reason: str, now: datetime) -> None:
    """Nobody waits for the statement's money any more. Raises Refused when it is there already."""
    if row["expectation_id"] is not None:
        await settlement.cancel_expected(tx, actor=actor, expectation_id=row["expectation_id"], reason=reason, now=now)


async def money_arrived(
    tx: Transaction, *, expectation_id: int, voucher_id: int, receipt_id: int, now: datetime, business_date: date
) -> bool:
    """A receipt was matched with an expectation. False when it is no statement's, whatever its purpose, or when the
    statement was paid before. A statement and what it expects are written in one transaction: what is no statement's
    now will be none's later, and the proof of the books names money under 21903 that nobody accounts for."""
    employer_no = await tx.value("SELECT employer_no FROM expected_receipt WHERE expectation_id = $1", expectation_id)
    is_statements = await tx.value(
        "SELECT EXISTS (SELECT FROM remittance_statement WHERE employer_no = $1 AND expectation_id = $2)",
        employer_no,
        expectation_id,
    )
    if not is_statements:
        return False
    await lock_standing(tx, employer_no=employer_no)
    row = await tx.row(
        "SELECT * FROM remittance_statement WHERE employer_no = $1 AND expectation_id = $2 FOR UPDATE",
        employer_no,
        expectation_id,
    )
    assert row is not None, f"the statement gave up expectation {expectation_id} after it was met"
    return await mark_paid(
        tx, row=row, paid_from=f"receipt:{receipt_id}", voucher_id=voucher_id, now=now, business_date=business_date
    )


async def mark_paid(
    tx: Transaction, *, row: Record, paid_from: str, voucher_id: int | None, now: datetime, business_date: date
) -> bool:
    """With the statement locked: its money is there. The event has it distributed. False when it was paid before."""
    if row["state"] not in ("open", "collecting"):
        return False
    await tx.execute(
        "UPDATE remittance_statement SET state = 'paid', paid_on = $3, paid_voucher_id = $4, paid_from = $5"
        " WHERE employer_no = $1 AND statement_id = $2",
        row["employer_no"],
        row["statement_id"],
        business_date,
        voucher_id,
        paid_from,
    )
    await outbox.emit(
        tx,
        account_no=row["employer_no"],
        kind=STATEMENT_PAID,
        payload={
            "employer_no": str(row["employer_no"]),
            "statement_id": str(row["statement_id"]),
            "statement_no": row["statement_no"],
        },
        now=now,
    )
    return True


async def balance_of_employer(*, employer_no: int, using: Executor = database.pool) -> Money:
    """单位暂存款 that is free: assigned out of 暂收款, or come back from a distribution."""
    returned: int | None = await using.value(
        "SELECT open_fen FROM employer_balance WHERE employer_no = $1", employer_no
    )
    return Money(returned or 0) + await settlement.share_balance(employer_no=employer_no, using=using)


async def _pay_from_balance(tx: Transaction, *, actor: Actor, row: Record, now: datetime, business_date: date) -> None:
    employer_no, amount = row["employer_no"], Money(row["amount_fen"])
    returned = Money(
        await tx.value("SELECT open_fen FROM employer_balance WHERE employer_no = $1 FOR UPDATE", employer_no) or 0
    )
    free = returned + await settlement.share_balance(employer_no=employer_no, using=tx)
    if free < amount:
        raise Refused(BALANCE_SHORT(balance=free.yuan_text, amount=amount.yuan_text))
    own = min(returned, amount)
    if own:
        await add_to_balance(
            tx, employer_no=employer_no, kind="used", amount=-own, statement_id=row["statement_id"], account_no=None,
            by=actor.reference, now=now,
        )  # fmt: skip
    rest = amount - own
    used = await settlement.use_shares(tx, employer_no=employer_no, amount=rest, reference=row["statement_no"], now=now)
    if used != rest:
        raise Refused(BALANCE_SHORT(balance=(own + used).yuan_text, amount=amount.yuan_text))
    await mark_paid(tx, row=row, paid_from="balance", voucher_id=None, now=now, business_date=business_date)


async def add_to_balance(
    tx: Transaction,
    *,
    employer_no: int,
    kind: str,
    amount: Money,
    statement_id: int,
    account_no: int | None,
    by: str,
    now: datetime,
) -> None:
    """One entry of the employer's balance; negative when it is used."""
    await tx.execute("INSERT INTO employer_balance (employer_no) VALUES ($1) ON CONFLICT DO NOTHING", employer_no)
    await tx.execute(
        "UPDATE employer_balance SET open_fen = open_fen + $2 WHERE employer_no = $1", employer_no, amount.fen
    )
    await tx.execute(
        "INSERT INTO employer_balance_entry (employer_no, entry_id, kind, amount_fen, statement_id, account_no, at, by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        employer_no,
        new_id(),
        kind,
        amount.fen,
        statement_id,
        account_no,
        now,
        by,
    )


def reference_of(row: Record) -> str:
    """What payers write. After a change of method the old expectation is cancelled and its reference used up."""
    return str(row["statement_no"]) + (f"-{row['method_changes']}" if row["method_changes"] else "")
