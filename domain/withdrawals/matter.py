"""What becomes of a withdrawal when its case is decided; `paying` goes on from there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from domain import cases, contributions, ledger, policy, settlement
from domain.cases import CaseView
from domain.contributions import CardView
from domain.kernel import outbox
from domain.kernel.database import Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import PaymentView
from domain.withdrawals import maintenance, subjects
from domain.withdrawals.events import PAYMENT_PREPARED
from domain.withdrawals.kinds import Kind, kind_of, kinds
from domain.withdrawals.listed import against_approval
from domain.withdrawals.refusals import ACCOUNT_FROZEN, ACCOUNT_NOT_NORMAL, CARD_INACTIVE

BUSINESS_TYPES = {False: settlement.PARTIAL_WITHDRAWAL, True: settlement.CLOSURE_WITHDRAWAL}


class WithdrawalMatter:
    """`cases.CaseMatter` of every kind."""

    async def approved(self, tx: Transaction, *, case: CaseView, now: datetime, business_date: date) -> None:
        """Orders the payment to the card of the application, or into the maintenance fund's account; today's account
        and card decide, not the day's of the application. A closing gets its interest first and takes it along."""
        row = await withdrawal_of(tx, case=case)
        kind = kind_of(row["kind"])
        account = await contributions.account_of(account_no=case.account_no, using=tx)
        if account.state == "06":
            raise Refused(ACCOUNT_FROZEN())
        if account.state not in kind.account_states:
            raise Refused(ACCOUNT_NOT_NORMAL())
        payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id, using=tx)
        if payment is not None:
            return await self._take_up(tx, case=case, row=row, payment=payment, now=now, business_date=business_date)
        listed = await against_approval(person_id=case.person_id, kind=kind, business_date=business_date, using=tx)
        if listed:
            raise Refused(*listed)
        card = await _card(tx, row=row)
        if kind.closure:
            row = await _with_interest(tx, case=case, row=row, kind=kind, now=now, business_date=business_date)
        payee = await _payee(tx, case=case, kind=kind, card=card, amount=Money(row["amount_fen"]))
        payment_id = await settlement.prepare_payment(
            tx,
            account_no=case.account_no,
            case_id=case.case_id,
            amount=Money(row["amount_fen"]),
            summary=f"{kind.name} {case.case_no}"[:60],
            business_date=business_date,
            now=now,
            business_type=BUSINESS_TYPES[kind.closure],
            **payee,
        )
        await keep_hold(tx, row=row, business_date=business_date)
        await set_state(tx, row=row, withdrawal="approved", arrangement=None)
        await _announce(tx, case=case, payment_id=payment_id, now=now)

    async def _take_up(
        self, tx: Transaction, *, case: CaseView, row: Record, payment: PaymentView, now: datetime, business_date: date
    ) -> None:
        """A payment that was held before a bank was told goes on: two have looked at why."""
        await settlement.take_up_payment(
            tx, account_no=case.account_no, payment_id=payment.payment_id, business_date=business_date, now=now
        )
        await keep_hold(tx, row=row, business_date=business_date)
        await set_state(tx, row=row, withdrawal="approved", arrangement=None)
        await _announce(tx, case=case, payment_id=payment.payment_id, now=now)

    async def refused(self, tx: Transaction, *, case: CaseView, now: datetime) -> None:
        await settlement.call_off_payment(
            tx, account_no=case.account_no, case_id=case.case_id, message="付款复核不予支付", now=now
        )
        await give_back(tx, case=case, reason="refused", now=now)

    async def cancelled(self, tx: Transaction, *, case: CaseView, now: datetime) -> None:
        await settlement.call_off_payment(
            tx, account_no=case.account_no, case_id=case.case_id, message="业务已撤销或作废", now=now
        )
        await give_back(tx, case=case, reason="cancelled", now=now)


MATTER = WithdrawalMatter()
MATTERS: dict[str, cases.CaseMatter] = {kind.item: MATTER for kind in kinds()}
"""The matter of each service item that withdrawals serve."""


async def _announce(tx: Transaction, *, case: CaseView, payment_id: int, now: datetime) -> None:
    await outbox.emit(
        tx,
        account_no=case.account_no,
        kind=PAYMENT_PREPARED,
        payload={"payment_id": str(payment_id), "case_id": str(case.case_id), "case_no": case.case_no},
        now=now,
    )


async def _card(tx: Transaction, *, row: Record) -> CardView:
    card = await contributions.card_of(
        account_no=row["card_account_no"] or row["account_no"], card_id=row["card_id"], using=tx
    )
    if card is None or not card.active or not card.bank_entrusted:
        raise Refused(CARD_INACTIVE())
    return card


async def _payee(tx: Transaction, *, case: CaseView, kind: Kind, card: CardView, amount: Money) -> dict[str, Any]:
    """Who is paid and how: the card, or the maintenance fund's account at its bank or across banks. The provident
    fund's account at the card's bank pays."""
    if kind.payee == "card":
        person = await contributions.clear_person(person_id=case.person_id, using=tx)
        number = await contributions.clear_card_no(account_no=card.account_no, card_id=card.card_id, using=tx)
        return {"bank_code": card.bank_code, "payee_account_no": number, "payee_name": person.name}
    fund = await maintenance.account_for(bank_code=card.bank_code, using=tx)
    await maintenance.order_deposit(tx, case=case, account=fund, amount=amount)
    return {
        "bank_code": card.bank_code,
        "payee_account_no": fund.number,
        "payee_name": fund.name,
        "payee_bank_code": fund.bank_code,
        "payee_class": settlement.PUBLIC_ACCOUNT,
        "settle_type": settlement.SAME_BANK if fund.bank_code == card.bank_code else settlement.OTHER_BANK_AT_ONCE,
    }


async def _with_interest(
    tx: Transaction, *, case: CaseView, row: Record, kind: Kind, now: datetime, business_date: date
) -> Record:
    """Books the interest to yesterday and sets the whole, or the heir's part of it, aside anew."""
    balance = await ledger.balance_of(account_no=case.account_no, using=tx)
    whole_before, part = balance.available + Money(row["amount_fen"]), Money(row["amount_fen"])
    await ledger.void_hold(tx, account_no=case.account_no, hold_id=row["hold_id"], now=now)
    await ledger.settle_for_closing(
        tx,
        account_no=case.account_no,
        reference=case.case_no,
        closing_on=business_date,
        posted_on=business_date,
        now=now,
    )
    balance = await ledger.balance_of(account_no=case.account_no, using=tx)
    amount = balance.available
    if kind.limit == "share_of_balance":
        # the part that was set aside of the whole, of the whole with its interest
        amount = Money(balance.available.fen * part.fen // whole_before.fen)
    hold_id = new_id()
    await ledger.place_hold(
        tx,
        account_no=case.account_no,
        hold_id=hold_id,
        business_key=f"closing:{case.case_id}",
        amount=amount,
        case_id=case.case_id,
        reason=f"{kind.name} {case.case_no}",
        expires_on=business_date,
        now=now,
    )
    await tx.execute(
        "UPDATE withdrawal SET amount_fen = $3, hold_id = $4 WHERE account_no = $1 AND withdrawal_id = $2",
        row["account_no"],
        row["withdrawal_id"],
        amount.fen,
        hold_id,
    )
    await tx.execute(
        "UPDATE service_case SET amount_fen = $3 WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
        amount.fen,
    )
    return await withdrawal_of(tx, case=case)


async def give_back(tx: Transaction, *, case: CaseView, reason: str, now: datetime) -> None:
    """The case has ended unpaid: the hold, the claim on what it was for, and the arrangement end with it."""
    row = await withdrawal_of(tx, case=case)
    await ledger.void_hold(tx, account_no=case.account_no, hold_id=row["hold_id"], now=now)
    await set_state(tx, row=row, withdrawal="ended", arrangement="ended", end_reason=reason)
    await maintenance.drop_deposit(tx, case=case)
    if row["subject_key"]:
        await subjects.give_back(
            tx, subject_key=row["subject_key"], account_no=case.account_no, case_id=case.case_id, taken=None
        )


async def keep_hold(tx: Transaction, *, row: Record, business_date: date) -> None:
    """The amount stays set aside: from its approval on a bank may have the payment."""
    valid_days = policy.on(business_date).number("withdrawal.hold_valid_days")
    await ledger.extend_hold(
        tx,
        account_no=row["account_no"],
        hold_id=row["hold_id"],
        expires_on=business_date + timedelta(days=valid_days),
    )


async def withdrawal_of(tx: Transaction, *, case: CaseView) -> Record:
    """The withdrawal that the case decided on, not a later payment of its arrangement."""
    row = await tx.row(
        "SELECT w.*, a.frequency, a.total_limit_fen FROM withdrawal w"
        " LEFT JOIN withdrawal_arrangement a ON a.account_no = w.account_no AND a.arrangement_id = w.arrangement_id"
        " WHERE w.account_no = $1 AND w.case_id = $2 AND w.hold_id IS NOT NULL",
        case.account_no,
        case.case_id,
    )
    assert row is not None, f"case {case.case_no} has no withdrawal"
    return row


async def set_state(
    tx: Transaction, *, row: Record, withdrawal: str, arrangement: str | None, end_reason: str | None = None
) -> None:
    await tx.execute(
        "UPDATE withdrawal SET state = $3 WHERE account_no = $1 AND withdrawal_id = $2",
        row["account_no"],
        row["withdrawal_id"],
        withdrawal,
    )
    if arrangement is not None and row["arrangement_id"] is not None:
        await tx.execute(
            "UPDATE withdrawal_arrangement SET state = $3, end_reason = $4"
            " WHERE account_no = $1 AND arrangement_id = $2",
            row["account_no"],
            row["arrangement_id"],
            arrangement,
            end_reason,
        )
