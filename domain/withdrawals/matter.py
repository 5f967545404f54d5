"""What becomes of a rent withdrawal when its case is decided, paid or refused by the bank."""

from __future__ import annotations

from datetime import date, datetime

from domain import cases, contributions, ledger, settlement
from domain.cases import CaseView
from domain.kernel import audit, outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import VoucherKind
from domain.settlement import PaymentView, SettlementGateway
from domain.withdrawals.events import PAYMENT_CONFIRMED, PAYMENT_PREPARED
from domain.withdrawals.gathering import paid_from
from domain.withdrawals.refusals import ACCOUNT_FROZEN, ACCOUNT_NOT_NORMAL, CARD_INACTIVE
from domain.withdrawals.rules import MONTHS_OF_FREQUENCY


class RentMatter:
    """`cases.CaseMatter` of the rent withdrawal."""

    async def approved(self, tx: Transaction, *, case: CaseView, now: datetime, business_date: date) -> None:
        """Orders the payment to the card of the application; today's account and card decide, not the day's of
        the application."""
        row = await _withdrawal(tx, case=case)
        account = await contributions.account_of(account_no=case.account_no, using=tx)
        if account.state == "06":
            raise Refused(ACCOUNT_FROZEN())
        if account.state != "01":
            raise Refused(ACCOUNT_NOT_NORMAL())
        card = await contributions.card_of(account_no=case.account_no, card_id=row["card_id"], using=tx)
        if card is None or not card.active or not card.bank_entrusted:
            raise Refused(CARD_INACTIVE())
        person = await contributions.clear_person(person_id=case.person_id, using=tx)
        payment_id = await settlement.prepare_payment(
            tx,
            account_no=case.account_no,
            case_id=case.case_id,
            bank_code=card.bank_code,
            payee_account_no=await contributions.clear_card_no(
                account_no=case.account_no, card_id=card.card_id, using=tx
            ),
            payee_name=person.name,
            amount=Money(row["amount_fen"]),
            summary=f"租房提取 {case.case_no}",
            business_date=business_date,
            now=now,
        )
        await _set_state(tx, row=row, withdrawal="approved", arrangement=None)
        await outbox.emit(
            tx,
            account_no=case.account_no,
            kind=PAYMENT_PREPARED,
            payload={"payment_id": str(payment_id), "case_id": str(case.case_id), "case_no": case.case_no},
            now=now,
        )

    async def refused(self, tx: Transaction, *, case: CaseView, now: datetime) -> None:
        await _give_back(tx, case=case, reason="refused", now=now)

    async def cancelled(self, tx: Transaction, *, case: CaseView, now: datetime) -> None:
        await _give_back(tx, case=case, reason="cancelled", now=now)


RENT_MATTER = RentMatter()


async def pay(
    *, account_no: int, payment_id: int, gateway: SettlementGateway, now: datetime, business_date: date
) -> PaymentView:
    """One step of a payment with the bank, and its booking when the bank has answered. Safe to run again at any time
    and by several workers: the bank is told once, the voucher has one business key."""
    payment = await settlement.payment_of(account_no=account_no, payment_id=payment_id)
    seen = await cases.case_by_key(account_no=account_no, case_id=payment.case_id)
    if seen.state == "pending_payment":
        async with transaction() as tx:
            case = await cases.lock_case(tx, case=seen)
            if case.state == "pending_payment":
                await cases.advance(tx, case=case, action="send_payment", actor=SYSTEM, now=now)
    outcome = await settlement.present(account_no=account_no, payment_id=payment_id, gateway=gateway, now=now)
    if outcome is None:
        return payment
    async with transaction() as tx:
        case = await cases.lock_case(tx, case=seen)
        payment, ended = await settlement.record_outcome(
            tx, account_no=account_no, payment_id=payment_id, outcome=outcome, now=now
        )
        if ended and payment.state == "confirmed":
            await _book(tx, case=case, payment=payment, business_date=business_date, now=now)
        elif ended:
            await _fail(tx, case=case, payment=payment, now=now)
    return payment


async def _book(tx: Transaction, *, case: CaseView, payment: PaymentView, business_date: date, now: datetime) -> None:
    row = await _withdrawal(tx, case=case)
    case = await cases.advance(tx, case=case, action="payment_confirmed", actor=SYSTEM, now=now)
    await ledger.post(
        tx,
        account_no=case.account_no,
        business_key=f"withdrawal:{row['withdrawal_id']}",
        kind=VoucherKind.PARTIAL_WITHDRAWAL,
        summary=f"租房提取 {case.case_no}",
        lines=ledger.withdrawal_lines(amount=payment.amount, bank_code=payment.bank_code),
        effective_on=payment.business_date,
        posted_on=business_date,
        now=now,
        hold_id=row["hold_id"],
        case_id=case.case_id,
        event_kind=PAYMENT_CONFIRMED,
        event={"case_id": str(case.case_id), "case_no": case.case_no},
    )
    await _set_state(tx, row=row, withdrawal="paid", arrangement="running")
    paid_through = paid_from(YearMonth.of_period(row["from_period"]), months=MONTHS_OF_FREQUENCY[row["frequency"]])
    await tx.execute(
        "UPDATE rent_arrangement SET paid_through_period = $3 WHERE account_no = $1 AND arrangement_id = $2",
        case.account_no,
        row["arrangement_id"],
        paid_through.period,
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="withdrawal.paid",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"serial_no": payment.serial_no, "amount": payment.amount},
    )


async def _fail(tx: Transaction, *, case: CaseView, payment: PaymentView, now: datetime) -> None:
    await cases.advance(
        tx,
        case=case,
        action="payment_rejected",
        actor=SYSTEM,
        now=now,
        reason_code="bank_rejected",
        note=payment.last_message,
    )
    await _give_back(tx, case=case, reason="payment_rejected", now=now)


async def _give_back(tx: Transaction, *, case: CaseView, reason: str, now: datetime) -> None:
    row = await _withdrawal(tx, case=case)
    await ledger.void_hold(tx, account_no=case.account_no, hold_id=row["hold_id"], now=now)
    await _set_state(tx, row=row, withdrawal="ended", arrangement="ended", end_reason=reason)


async def _withdrawal(tx: Transaction, *, case: CaseView) -> Record:
    row = await tx.row(
        "SELECT w.*, r.card_id, r.from_period, r.frequency FROM withdrawal w"
        " JOIN rent_arrangement r ON r.account_no = w.account_no AND r.arrangement_id = w.arrangement_id"
        " WHERE w.account_no = $1 AND w.case_id = $2",
        case.account_no,
        case.case_id,
    )
    assert row is not None, f"case {case.case_no} has no withdrawal"
    return row


async def _set_state(
    tx: Transaction, *, row: Record, withdrawal: str, arrangement: str | None, end_reason: str | None = None
) -> None:
    await tx.execute(
        "UPDATE withdrawal SET state = $3 WHERE account_no = $1 AND withdrawal_id = $2",
        row["account_no"],
        row["withdrawal_id"],
        withdrawal,
    )
    if arrangement is not None:
        await tx.execute(
            "UPDATE rent_arrangement SET state = $3, end_reason = $4 WHERE account_no = $1 AND arrangement_id = $2",
            row["account_no"],
            row["arrangement_id"],
            arrangement,
            end_reason,
        )
