"""维修资金退款 on its way: paid by the fund, come in at the provident fund, posted to the personal account."""

from __future__ import annotations

from datetime import date, datetime

from domain import cases, contributions, ledger, settlement
from domain.cases import CaseView
from domain.kernel import audit, database, outbox
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import PaymentOutcome, PaymentView
from domain.withdrawals import maintenance, subjects
from domain.withdrawals.events import MAINTENANCE_RETURNED
from domain.withdrawals.maintenance import deposit_row
from domain.withdrawals.refunding import OPEN, RETURNED
from domain.withdrawals.refusals import MAINTENANCE_NOT_WAITING

IN_TRANSIT = "21906"


async def is_refund(*, payment: PaymentView, using: Executor = database.pool) -> bool:
    """Whether a payment is a refund's: its `case_id` is then the refund's."""
    return bool(
        await using.value(
            "SELECT EXISTS (SELECT FROM maintenance_refund WHERE account_no = $1 AND refund_id = $2)",
            payment.account_no,
            payment.case_id,
        )
    )


async def settle_refund(
    tx: Transaction,
    *,
    payment: PaymentView,
    outcome: PaymentOutcome,
    now: datetime,
    business_date: date,
) -> PaymentView:
    """Keeps what the bank said of a refund and, once it has ended, books it in the fund's books and expects it in the
    provident fund's account; refused by the bank, it may be asked for again."""
    row = await tx.row(
        "SELECT * FROM maintenance_refund WHERE account_no = $1 AND refund_id = $2 FOR UPDATE",
        payment.account_no,
        payment.case_id,
    )
    assert row is not None, f"payment {payment.payment_id} is no refund"
    payment, ended = await settlement.record_outcome(
        tx, account_no=payment.account_no, payment_id=payment.payment_id, outcome=outcome, now=now
    )
    if ended and payment.state == "confirmed":
        await _paid_out(tx, row=row, payment=payment, outcome=outcome, now=now, business_date=business_date)
    elif ended:
        await _change(tx, row=row, state="failed", ended_at=now, trouble=payment.last_message)
        await tx.execute(
            "UPDATE maintenance_deposit SET returned_fen = returned_fen - $3 WHERE account_no = $1 AND case_id = $2",
            row["account_no"],
            row["case_id"],
            row["amount_fen"],
        )
        await _end_matter(tx, row=row, now=now)
        await _audit(tx, "maintenance.refund_failed", row=row, now=now)
    return payment


async def _paid_out(
    tx: Transaction, *, row: Record, payment: PaymentView, outcome: PaymentOutcome, now: datetime, business_date: date
) -> None:
    deposit = await deposit_row(using=tx, account_no=row["account_no"], case_id=row["case_id"])
    assert deposit is not None
    fund = await settlement.bank_account(code=deposit["bank_account_code"], using=tx)
    voucher_id = await ledger.post_general(
        tx,
        account_set=maintenance.ACCOUNT_SET,
        business_key=f"maintenance-refund:{row['refund_id']}",
        kind=VoucherKind.OTHER,
        summary=f"维修资金退款 {row['refund_no']}",
        lines=[
            Line(subject=f"5101{deposit['home']}", side="D", amount=payment.amount),
            Line(subject=fund.subject, side="C", amount=payment.amount, auxiliary=fund.code),
        ],
        effective_on=payment.business_date,
        posted_on=business_date,
        now=now,
        prepared_by=row["asked_by"],
    )
    if payment.bank_serial_no:
        await settlement.record_booking(
            tx,
            account=fund,
            host_serial_no=payment.bank_serial_no,
            booked_on=business_date_of(outcome.confirmed_at or now),
            amount=-payment.amount,
            voucher_id=voucher_id,
        )
    if row["to_account_no"] is None:
        await _change(tx, row=row, state="returned", ended_at=now, fund_voucher_id=voucher_id)
        await _returned(tx, row=row, now=now)
        await outbox.emit(tx, account_no=row["account_no"], kind=MAINTENANCE_RETURNED, payload=_told(row), now=now)
        return
    expectation_id = await settlement.expect_receipt(
        tx,
        actor=SYSTEM,
        purpose=RETURNED,
        reference_no=row["refund_no"],
        amount=payment.amount,
        now=now,
        personal_account_no=row["account_no"],
        credit_subject=IN_TRANSIT,
        credit_auxiliary="",
    )
    await _change(tx, row=row, state="returning", fund_voucher_id=voucher_id, expectation_id=expectation_id)
    await settlement.meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)


async def post_refund(*, actor: Actor, case: CaseView, refund_no: str, business_date: date, now: datetime) -> bool:
    """By staff, once what kept arrived money from the account is gone. False when it still stands. Raises Refused."""
    async with transaction() as tx:
        row = await tx.row(
            "SELECT * FROM maintenance_refund WHERE account_no = $1 AND case_id = $2 AND refund_no = $3 FOR UPDATE",
            case.account_no,
            case.case_id,
            refund_no,
        )
        if row is None or row["state"] != "arrived":
            raise Refused(MAINTENANCE_NOT_WAITING())
        return await _post(tx, row=row, actor=actor, business_date=business_date, now=now)


async def _post(tx: Transaction, *, row: Record, actor: Actor, business_date: date, now: datetime) -> bool:
    account = await contributions.account_of(account_no=row["to_account_no"], using=tx)
    if account.state not in OPEN:
        await _change(tx, row=row, trouble=f"个人账户状态为“{account.state_name}”，不能入账")
        await _audit(tx, "maintenance.refund_unposted", row=row, now=now, actor=actor)
        return False
    amount = Money(row["amount_fen"])
    voucher_id = await ledger.post(
        tx,
        account_no=account.account_no,
        business_key=f"maintenance_refund:{row['refund_no']}",
        kind=VoucherKind.OTHER,
        summary=f"维修资金退款 {row['refund_no']}",
        lines=[
            Line(subject=IN_TRANSIT, side="D", amount=amount),
            Line(subject=ledger.PROVIDENT_FUND, side="C", amount=amount),
        ],
        effective_on=row["counts_from"],
        posted_on=business_date,
        now=now,
        event_kind=MAINTENANCE_RETURNED,
        event=_told(row),
    )
    await _change(tx, row=row, state="returned", ended_at=now, voucher_id=voucher_id, trouble=None)
    await _returned(tx, row=row, now=now, actor=actor)
    return True


async def _returned(tx: Transaction, *, row: Record, now: datetime, actor: Actor = SYSTEM) -> None:
    """The notice that was paid may be used again as far as its money is back."""
    await _end_matter(tx, row=row, now=now)
    withdrawal = await tx.row(
        "SELECT subject_key FROM withdrawal WHERE account_no = $1 AND case_id = $2 AND hold_id IS NOT NULL",
        row["account_no"],
        row["case_id"],
    )
    claimed = await tx.row(
        "SELECT d.amount_fen - coalesce(sum(r.amount_fen), 0)::bigint AS kept FROM maintenance_deposit d"
        " LEFT JOIN maintenance_refund r ON r.account_no = d.account_no AND r.case_id = d.case_id"
        " AND r.state = 'returned' WHERE d.account_no = $1 AND d.case_id = $2 GROUP BY d.amount_fen",
        row["account_no"],
        row["case_id"],
    )
    assert withdrawal is not None and claimed is not None
    await subjects.give_back(
        tx,
        subject_key=withdrawal["subject_key"],
        account_no=row["account_no"],
        case_id=row["case_id"],
        taken=Money(claimed["kept"]) if claimed["kept"] else None,
    )
    await _audit(tx, "maintenance.refund_returned", row=row, now=now, actor=actor)


async def take_receipt(
    tx: Transaction, *, purpose: str, expectation_id: int, receipt_id: int, business_date: date, now: datetime
) -> None:
    """Money of a deposit or a refund is in the account where it was expected; other purposes are nothing of ours."""
    if purpose not in (maintenance.DEPOSITED, RETURNED):
        return
    expected = await settlement.expectation(expectation_id=expectation_id, using=tx)
    came_on = min(await settlement.receipt_day(tx, receipt_id=receipt_id), business_date)
    account_no = expected.personal_account_no
    assert account_no is not None, f"{purpose} {expected.reference_no} is of no account"
    if purpose == maintenance.DEPOSITED:
        await maintenance.deposit_arrived(tx, account_no=account_no, expectation_id=expectation_id, on=came_on)
        return
    row = await tx.row(
        "SELECT * FROM maintenance_refund WHERE account_no = $1 AND expectation_id = $2 FOR UPDATE",
        account_no,
        expectation_id,
    )
    if row is None or row["state"] != "returning":
        return
    row = await _change(tx, row=row, state="arrived", counts_from=came_on)
    await _post(tx, row=row, actor=SYSTEM, business_date=business_date, now=now)


async def _change(tx: Transaction, *, row: Record, **changes: object) -> Record:
    """Sets columns of a refund; their names are the program's own."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, start=3))
    changed = await tx.row(
        f"UPDATE maintenance_refund SET {columns} WHERE account_no = $1 AND refund_id = $2 RETURNING *",
        row["account_no"],
        row["refund_id"],
        *changes.values(),
    )
    assert changed is not None
    return changed


async def _end_matter(tx: Transaction, *, row: Record, now: datetime) -> None:
    if row["to_account_no"] is not None:
        await cases.end_matter(
            tx, account_no=row["to_account_no"], matter=RETURNED, reference_no=row["refund_no"], now=now
        )


async def _audit(tx: Transaction, action: str, *, row: Record, now: datetime, actor: Actor = SYSTEM) -> None:
    await audit.record(
        tx,
        actor=actor,
        action=action,
        subject=f"account:{row['account_no']}",
        now=now,
        detail={"refund_no": row["refund_no"], "amount": Money(row["amount_fen"])},
    )


def _told(row: Record) -> dict[str, object]:
    return {"account_no": str(row["account_no"]), "case_id": str(row["case_id"]), "refund_no": row["refund_no"]}
