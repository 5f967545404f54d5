"""The first payment of a withdrawal: told to the bank, booked when the bank has answered, and what follows from it."""

from __future__ import annotations

from datetime import date, datetime

from domain import cases, contributions, ledger, settlement
from domain.cases import CaseView
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.ledger import VoucherKind
from domain.settlement import PaymentOutcome, PaymentView, SettlementGateway
from domain.withdrawals import maintenance, refund_money, subjects
from domain.withdrawals.events import PAYMENT_CONFIRMED
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.listed import holds_payment
from domain.withdrawals.matter import give_back, keep_hold, set_state, withdrawal_of
from domain.withdrawals.ports import LifeRegistry, PersonIdentity
from domain.withdrawals.rules.schedule import next_due, paid_through

_DIED = "付款前查得申请人已登记死亡，请付款复核；属实的，不予支付，由继承人或受遗赠人另行申请"
_LISTED = "审核通过后申请人被列入名单，请付款复核"


async def pay(
    *,
    account_no: int,
    payment_id: int,
    gateway: SettlementGateway,
    life: LifeRegistry,
    now: datetime,
    business_date: date,
) -> PaymentView:
    """One step of a payment with the bank, and its booking when the bank has answered. Safe to run again at any time
    and by several workers: the bank is told once, the voucher has one business key. Before it is told, the register of
    deaths is asked once more."""
    payment = await settlement.payment_of(account_no=account_no, payment_id=payment_id)
    if not await refund_money.is_refund(payment=payment) and await _stopped(
        payment=payment, life=life, now=now, business_date=business_date
    ):
        return payment
    outcome = await settlement.present(account_no=account_no, payment_id=payment_id, gateway=gateway, now=now)
    if outcome is None:
        return payment
    async with transaction() as tx:
        return await settle_payment(
            tx, account_no=account_no, payment_id=payment_id, outcome=outcome, now=now, business_date=business_date
        )


async def _stopped(*, payment: PaymentView, life: LifeRegistry, now: datetime, business_date: date) -> bool:
    """Whether the withdrawal's payment waits for its review; else its case is told that the bank hears of it."""
    seen = await cases.case_by_key(account_no=payment.account_no, case_id=payment.case_id)
    if seen.state == "pending_payment":
        died = await _has_died(case=seen, life=life, now=now)
        async with transaction() as tx:
            case = await cases.lock_case(tx, case=seen)
            if case.state == "pending_payment" and await _held(
                tx, case=case, died=died, now=now, business_date=business_date
            ):
                return True
            if case.state == "pending_payment":
                await cases.advance(tx, case=case, action="send_payment", actor=SYSTEM, now=now)
    return seen.state == "pending_payment_review"


async def _has_died(*, case: CaseView, life: LifeRegistry, now: datetime) -> bool:
    """Whether a death of who applied is registered. A register that does not answer stops no payment that was
    approved: else its outage would stop everybody's."""
    person = await contributions.clear_person(person_id=case.person_id)
    answer = await life.death_of(
        person=PersonIdentity(name=person.name, document_type=person.document_type, document_no=person.document_no),
        now=now,
    )
    return answer.value is not None and answer.value.died_on is not None


async def _held(tx: Transaction, *, case: CaseView, died: bool, now: datetime, business_date: date) -> bool:
    """Whether the person has died or was put on a list that holds payments after the approval: then no bank is told,
    and the case goes to the review of payments (付款复核)."""
    row = await withdrawal_of(tx, case=case)
    kind = kind_of(row["kind"])
    listed = await holds_payment(person_id=case.person_id, kind=kind, business_date=business_date, using=tx)
    if not died and not listed:
        return False
    if await _looked_at(tx, case=case):
        return False
    # a flow of before knows no such step: the payment waits for the list alone
    if case.flow.allows(case.state, "hold_payment"):
        await cases.advance(
            tx,
            case=case,
            action="hold_payment",
            actor=SYSTEM,
            now=now,
            reason_code="died_since" if died else "listed_since",
            internal_note=_DIED if died else _LISTED,
        )
        await set_state(tx, row=row, withdrawal="requested", arrangement=None)
        await settlement.set_aside_payment(tx, account_no=case.account_no, case_id=case.case_id)
    return True


async def _looked_at(tx: Transaction, *, case: CaseView) -> bool:
    """Whether this payment was held already and somebody else has let it go on."""
    last = (await cases.history_of(case=case, using=tx))[-1]
    return last.action == "payment_approve"


async def settle_payment(
    tx: Transaction,
    *,
    account_no: int,
    payment_id: int,
    outcome: PaymentOutcome,
    now: datetime,
    business_date: date,
) -> PaymentView:
    """Keeps what the bank said of a payment and, once it has ended, what that means for its case. A `PaymentSettler`:
    the worker's way, and that of two members of staff who settle a payment by hand."""
    payment = await settlement.payment_of(account_no=account_no, payment_id=payment_id, using=tx)
    if await refund_money.is_refund(payment=payment, using=tx):
        return await refund_money.settle_refund(
            tx, payment=payment, outcome=outcome, now=now, business_date=business_date
        )
    seen = await cases.case_by_key(account_no=account_no, case_id=payment.case_id, using=tx)
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
    row = await withdrawal_of(tx, case=case)
    kind = kind_of(row["kind"])
    case = await cases.advance(tx, case=case, action="payment_confirmed", actor=SYSTEM, now=now)
    # What the bank has paid is booked however long it took to say so.
    await keep_hold(tx, row=row, business_date=business_date)
    voucher_id = await ledger.post(
        tx,
        account_no=case.account_no,
        business_key=f"withdrawal:{row['withdrawal_id']}",
        kind=VoucherKind.CLOSURE_WITHDRAWAL if kind.closure else VoucherKind.PARTIAL_WITHDRAWAL,
        summary=f"{kind.name} {case.case_no}",
        lines=ledger.withdrawal_lines(amount=payment.amount, bank_code=payment.bank_code),
        effective_on=payment.business_date,
        posted_on=business_date,
        now=now,
        hold_id=row["hold_id"],
        case_id=case.case_id,
        event_kind=PAYMENT_CONFIRMED,
        event={"case_id": str(case.case_id), "case_no": case.case_no},
    )
    await set_state(tx, row=row, withdrawal="paid", arrangement="running")
    await tx.execute(
        "UPDATE withdrawal SET voucher_id = $3 WHERE account_no = $1 AND withdrawal_id = $2",
        case.account_no,
        row["withdrawal_id"],
        voucher_id,
    )
    if row["arrangement_id"] is not None:
        await _begin(tx, case=case, row=row, payment=payment, business_date=business_date)
    if row["subject_key"]:
        await subjects.keep(
            tx,
            subject_key=row["subject_key"],
            account_no=case.account_no,
            case_id=case.case_id,
            paid_on=payment.business_date,
        )
    if kind.payee == "maintenance_fund":
        await maintenance.expect_deposit(tx, case=case, business_date=business_date, now=now)
    if kind.closure:
        await _close(tx, case=case, kind=kind, business_date=business_date, now=now)
    await audit.record(
        tx,
        actor=SYSTEM,
        action="withdrawal.paid",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"serial_no": payment.serial_no, "amount": payment.amount},
    )


async def _begin(tx: Transaction, *, case: CaseView, row: Record, payment: PaymentView, business_date: date) -> None:
    """The first payment is made, the arrangement runs: what is paid and when the next is due."""
    from_month = YearMonth.of_period(row["from_period"])
    fulfilled = row["total_limit_fen"] is not None and payment.amount.fen >= row["total_limit_fen"]
    await tx.execute(
        "UPDATE withdrawal_arrangement SET paid_through_period = $3, paid_fen = paid_fen + $4, next_due_on = $5,"
        " state = $6, end_reason = $7 WHERE account_no = $1 AND arrangement_id = $2",
        case.account_no,
        row["arrangement_id"],
        paid_through(from_month, months=row["months"]).period,
        payment.amount.fen,
        next_due(from_month.plus(months=row["months"]), day=payment.business_date.day),
        "ended" if fulfilled else "running",
        "fulfilled" if fulfilled else None,
    )


async def _close(tx: Transaction, *, case: CaseView, kind: Kind, business_date: date, now: datetime) -> None:
    """Closes the account (提取销户) once nothing is left in it; what came in meanwhile, or belongs to other heirs,
    keeps it open."""
    balance = await ledger.balance_of(account_no=case.account_no, using=tx)
    if balance.balance:
        return
    await tx.execute(
        "UPDATE account SET state = '05', closed_on = $2 WHERE account_no = $1", case.account_no, business_date
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="account.closed",
        subject=f"account:{case.account_no}",
        now=now,
        detail={"kind": kind.code, "case_no": case.case_no},
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
    await give_back(tx, case=case, reason="payment_rejected", now=now)
