"""Payments of the centre itself, told to a bank by the discipline of `payments`: today refunds of suspense.

Their rows in `payment` have account_no 0; what they are for, and how they are booked, stands in `centre_payment`.
"""

from __future__ import annotations

from datetime import date, datetime

from domain import ledger
from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import payments
from domain.settlement.accounts import bank_account
from domain.settlement.expectations import PENDING_DISTRIBUTION
from domain.settlement.payments import CENTRE, PaymentView
from domain.settlement.ports import (
    OTHER_BANK_AT_ONCE,
    OTHER_BUSINESS,
    PRIVATE_ACCOUNT,
    PUBLIC_ACCOUNT,
    SAME_BANK,
    PaymentOutcome,
    SettlementGateway,
)
from domain.settlement.receiving import SUSPENSE, record_booking
from domain.settlement.refusals import NO_PAYER
from domain.settlement.text import shown_name


async def prepare_refund(
    tx: Transaction,
    *,
    movement_id: int,
    item: Record,
    amount: Money,
    from_employer_no: int | None,
    business_date: date,
    now: datetime,
) -> int:
    """Orders the money back to the account it came from, out of the account it came into; with an employer out of what
    the item has assigned to it (多缴退款). Returns the payment's id. Raises Refused when nobody knows who paid."""
    receipt = await tx.row("SELECT * FROM bank_receipt WHERE receipt_id = $1", item["receipt_id"])
    assert receipt is not None and receipt["bank_account_code"] is not None, f"item {item['item_id']} has no receipt"
    account = await bank_account(code=receipt["bank_account_code"], using=tx)
    sealed = vault.current()
    number, name = sealed.decrypt(receipt["payer_account_cipher"]), sealed.decrypt(receipt["payer_name_cipher"])
    if not number or not name:
        raise Refused(NO_PAYER())
    # the first three digits of a union bank number are the bank's
    payee_bank = receipt["payer_bank_no"][:3] or account.bank_code
    payment_id = await payments.prepare_payment(
        tx,
        account_no=CENTRE,
        case_id=movement_id,
        bank_code=account.bank_code,
        payee_account_no=number,
        payee_name=name,
        amount=amount,
        summary="暂收款退回" if from_employer_no is None else "多缴退款",
        business_date=business_date,
        now=now,
        business_type=OTHER_BUSINESS,
        payer_account_no=account.number,
        payee_bank_code=payee_bank,
        payee_class=PUBLIC_ACCOUNT if shown_name(name) == name.strip() else PRIVATE_ACCOUNT,
        settle_type=SAME_BANK if payee_bank == account.bank_code else OTHER_BANK_AT_ONCE,
    )
    await tx.execute(
        "INSERT INTO centre_payment (payment_id, purpose, movement_id, bank_account_code, account_set, debit_subject,"
        " debit_auxiliary) VALUES ($1, 'refund', $2, $3, $4, $5, $6)",
        payment_id,
        movement_id,
        account.code,
        item["account_set"],
        SUSPENSE if from_employer_no is None else PENDING_DISTRIBUTION,
        item["office_code"] if from_employer_no is None else str(from_employer_no),
    )
    return payment_id


async def pay_centre(*, payment_id: int, gateway: SettlementGateway, now: datetime, business_date: date) -> PaymentView:
    """One step with the bank, and the booking when it has answered. Safe to run again at any time."""
    outcome = await payments.present(account_no=CENTRE, payment_id=payment_id, gateway=gateway, now=now)
    if outcome is None:
        return await payments.payment_of(account_no=CENTRE, payment_id=payment_id)
    async with transaction() as tx:
        return await settle_centre_payment(
            tx, payment_id=payment_id, outcome=outcome, now=now, business_date=business_date
        )


async def settle_centre_payment(
    tx: Transaction, *, payment_id: int, outcome: PaymentOutcome, now: datetime, business_date: date
) -> PaymentView:
    """Keeps what the bank said and, when that ends the payment, books it or gives the claim back. The movement and its
    item are locked before the payment."""
    order = await tx.row("SELECT * FROM centre_payment WHERE payment_id = $1", payment_id)
    assert order is not None, f"payment {payment_id} is not the centre's"
    await tx.row("SELECT 1 FROM suspense_movement WHERE movement_id = $1 FOR UPDATE", order["movement_id"])
    item = await tx.row(
        "SELECT i.* FROM suspense_item i JOIN suspense_movement m USING (item_id)"
        " WHERE m.movement_id = $1 FOR UPDATE OF i",
        order["movement_id"],
    )
    assert item is not None
    payment, ended = await payments.record_outcome(
        tx, account_no=CENTRE, payment_id=payment_id, outcome=outcome, now=now
    )
    if ended and payment.state == "confirmed":
        await _book(tx, order=order, payment=payment, outcome=outcome, now=now, business_date=business_date)
    elif ended:
        await _fail(tx, order=order, payment=payment, now=now)
    return payment


async def centre_payments_due(*, now: datetime, most: int = 100) -> list[int]:
    """Open payments of the centre whose next step is due."""
    rows = await database.rows(
        "SELECT payment_id FROM payment WHERE account_no = $3 AND state NOT IN ('confirmed', 'rejected')"
        " AND next_query_at <= $1 ORDER BY next_query_at LIMIT $2",
        now,
        most,
        CENTRE,
    )
    return [row["payment_id"] for row in rows]


async def _book(
    tx: Transaction, *, order: Record, payment: PaymentView, outcome: PaymentOutcome, now: datetime, business_date: date
) -> None:
    account = await bank_account(code=order["bank_account_code"], using=tx)
    voucher_id = await ledger.post_general(
        tx,
        account_set=order["account_set"],
        business_key=f"centre-payment:{payment.payment_id}",
        kind=VoucherKind.OTHER,
        summary=f"暂收款退回 {payment.serial_no}",
        lines=[
            Line(subject=order["debit_subject"], side="D", amount=payment.amount, auxiliary=order["debit_auxiliary"]),
            Line(subject=account.subject, side="C", amount=payment.amount, auxiliary=account.code),
        ],
        effective_on=payment.business_date,
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    await tx.execute("UPDATE centre_payment SET voucher_id = $2 WHERE payment_id = $1", payment.payment_id, voucher_id)
    if payment.bank_serial_no:
        await record_booking(
            tx,
            account=account,
            host_serial_no=payment.bank_serial_no,
            booked_on=business_date_of(outcome.confirmed_at or now),
            amount=-payment.amount,
            voucher_id=voucher_id,
        )
    await tx.execute(
        "UPDATE suspense_movement SET state = 'approved', voucher_id = $2 WHERE movement_id = $1",
        order["movement_id"],
        voucher_id,
    )
    if order["debit_subject"] == PENDING_DISTRIBUTION:
        await _take_from_share(tx, order=order, payment=payment, open_fen=payment.amount.fen)
    else:
        await tx.execute(
            "UPDATE suspense_item i SET open_fen = i.open_fen - $2, claimed_fen = i.claimed_fen - $2,"
            " cleared_on = CASE WHEN i.open_fen = $2 THEN $3::date END"
            " FROM suspense_movement m WHERE m.movement_id = $1 AND i.item_id = m.item_id",
            order["movement_id"],
            payment.amount.fen,
            business_date,
        )
    await _audit(tx, "suspense.refunded", order=order, payment=payment, now=now)


async def _fail(tx: Transaction, *, order: Record, payment: PaymentView, now: datetime) -> None:
    await tx.execute("UPDATE suspense_movement SET state = 'failed' WHERE movement_id = $1", order["movement_id"])
    if order["debit_subject"] == PENDING_DISTRIBUTION:
        await _take_from_share(tx, order=order, payment=payment, open_fen=0)
    else:
        await tx.execute(
            "UPDATE suspense_item i SET claimed_fen = i.claimed_fen - $2"
            " FROM suspense_movement m WHERE m.movement_id = $1 AND i.item_id = m.item_id",
            order["movement_id"],
            payment.amount.fen,
        )
    await _audit(tx, "suspense.refund_failed", order=order, payment=payment, now=now)


async def _take_from_share(tx: Transaction, *, order: Record, payment: PaymentView, open_fen: int) -> None:
    """Frees what a refund to an employer set aside, and takes it out when the bank has paid."""
    await tx.execute(
        "UPDATE suspense_share s SET open_fen = s.open_fen - $3, claimed_fen = s.claimed_fen - $2"
        " FROM suspense_movement m WHERE m.movement_id = $1 AND s.item_id = m.item_id"
        " AND s.employer_no = m.from_employer_no",
        order["movement_id"],
        payment.amount.fen,
        open_fen,
    )


async def _audit(tx: Transaction, action: str, *, order: Record, payment: PaymentView, now: datetime) -> None:
    await audit.record(
        tx,
        actor=SYSTEM,
        action=action,
        subject=f"movement:{order['movement_id']}",
        now=now,
        detail={"serial_no": payment.serial_no, "amount": payment.amount, "message": payment.last_message},
    )
