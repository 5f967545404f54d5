"""维修资金退款: a deposit undone, a home not bought: the money comes back from the maintenance fund.

Paid out of the fund's account (5101 返还支出) when a second person has agreed, it comes into the provident fund's,
where it is expected under its own number, and goes to the personal account; to the card of the withdrawal where no
account of the person is open any more. The account is fixed when the refund is agreed to, and cannot be closed from
then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import cases, contributions, settlement
from domain.cases import CaseView
from domain.contributions import AccountView, CardView
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.withdrawals import maintenance
from domain.withdrawals.maintenance import deposit_row
from domain.withdrawals.refusals import (
    MAINTENANCE_AMOUNT,
    MAINTENANCE_NO_PAYEE,
    MAINTENANCE_NOT_ARRIVED,
    MAINTENANCE_NOT_DEPOSIT,
)

RETURNED = "maintenance_refund"
"""Purpose of what is expected in the provident fund's account, and the matter that keeps the account open."""
OPEN = ("01", "02")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """`account` is None when only the card is left."""

    deposit: Record
    account: AccountView | None
    card: CardView


async def check_refund(*, case: CaseView, amount: Money | None, using: Executor = database.pool) -> None:
    """Raises Refused with what stands against a refund of this amount: for whoever asks, and again when it is agreed
    to."""
    await _judge(case=case, amount=amount, using=using)


async def _judge(*, case: CaseView, amount: Money | None, using: Executor) -> _Judged:
    deposit = await deposit_row(account_no=case.account_no, case_id=case.case_id, using=using)
    if deposit is None or deposit["state"] == "failed":
        raise Refused(MAINTENANCE_NOT_DEPOSIT())
    if deposit["state"] != "arrived":
        raise Refused(MAINTENANCE_NOT_ARRIVED())
    left = deposit["amount_fen"] - deposit["returned_fen"]
    if amount is None or not 0 < amount.fen <= left:
        paid = Money(deposit["amount_fen"])
        raise Refused(MAINTENANCE_AMOUNT(paid=paid.yuan_text, left=Money(left).yuan_text))
    account, card = await _destination(case=case, using=using)
    wanted = account.account_no if account else case.account_no
    if conflicts := await cases.conflicts_of(account_no=wanted, item=RETURNED, using=using):
        raise Refused(*conflicts)
    return _Judged(deposit=deposit, account=account, card=card)


async def _destination(*, case: CaseView, using: Executor) -> tuple[AccountView | None, CardView]:
    """The person's open account, the one that paid before any other, and the withdrawal's card for when there is none.
    Raises Refused when neither takes money."""
    numbers = await contributions.account_nos_of(person_id=case.person_id, using=using)
    accounts = [await contributions.account_of(account_no=number, using=using) for number in numbers]
    takes = [one for one in accounts if one.state in OPEN]
    account = min(takes, key=lambda one: (one.account_no != case.account_no, one.account_no), default=None)
    row = await using.row(
        "SELECT card_id, card_account_no FROM withdrawal WHERE account_no = $1 AND case_id = $2"
        " AND hold_id IS NOT NULL",
        case.account_no,
        case.case_id,
    )
    assert row is not None, f"case {case.case_no} has no withdrawal"
    owner = row["card_account_no"] or case.account_no
    card = await contributions.card_of(account_no=owner, card_id=row["card_id"], using=using)
    assert card is not None, f"the card of case {case.case_no} vanished"
    if account is None and not (card.active and card.bank_entrusted):
        raise Refused(MAINTENANCE_NO_PAYEE())
    return account, card


async def order_refund(
    tx: Transaction,
    *,
    actor: Actor,
    case: CaseView,
    amount: Money,
    reason: str,
    asked_by: str,
    business_date: date,
    now: datetime,
) -> str:
    """A second person has agreed: the fund's account pays. Returns the refund's number. Raises Refused."""
    case = await cases.lock_case(tx, case=case)
    judged = await _judge(case=case, amount=amount, using=tx)
    account, refund_id = judged.account, new_id()
    refund_no = f"WR{refund_id}"
    payment_id = await _order_payment(
        tx, case=case, refund_id=refund_id, judged=judged, amount=amount, business_date=business_date, now=now
    )
    await tx.execute(
        "INSERT INTO maintenance_refund (account_no, refund_id, refund_no, case_id, amount_fen, reason, to_account_no,"
        " state, asked_by, agreed_by, ordered_at, payment_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'paying', $8, $9, $10, $11)",
        case.account_no,
        refund_id,
        refund_no,
        case.case_id,
        amount.fen,
        reason,
        account.account_no if account else None,
        asked_by,
        actor.reference,
        now,
        payment_id,
    )
    await tx.execute(
        "UPDATE maintenance_deposit SET returned_fen = returned_fen + $3 WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
        amount.fen,
    )
    if account is not None:
        await cases.begin_matter(
            tx,
            account_no=account.account_no,
            matter=RETURNED,
            reference_no=refund_no,
            office_code=case.office_code,
            now=now,
        )
    await audit.record(
        tx,
        actor=actor,
        action="maintenance.refund_ordered",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"refund_no": refund_no, "amount": amount, "to": "account" if account else "card"},
    )
    return refund_no


async def _order_payment(
    tx: Transaction,
    *,
    case: CaseView,
    refund_id: int,
    judged: _Judged,
    amount: Money,
    business_date: date,
    now: datetime,
) -> int:
    """To the provident fund's account, at the fund's own bank if it has one there; else to the person's card."""
    fund = await settlement.bank_account(code=judged.deposit["bank_account_code"], using=tx)
    if judged.account is not None:
        own = await maintenance.account_of_set(account_set="provident_fund", bank_code=fund.bank_code, using=tx)
        assert own is not None, "the centre has no account"
        payee_bank, payee_name, number = own.bank_code, own.name, own.number
    else:
        card = judged.card
        payee_bank = card.bank_code
        payee_name = (await contributions.clear_person(person_id=case.person_id, using=tx)).name
        number = await contributions.clear_card_no(account_no=card.account_no, card_id=card.card_id, using=tx)
    return await settlement.prepare_payment(
        tx,
        account_no=case.account_no,
        case_id=refund_id,
        bank_code=fund.bank_code,
        payee_account_no=number,
        payee_name=payee_name,
        amount=amount,
        summary=f"维修资金退款 WR{refund_id}",
        business_date=business_date,
        now=now,
        business_type=settlement.OTHER_BUSINESS,
        payer_account_no=fund.number,
        payee_bank_code=payee_bank,
        payee_class=settlement.PUBLIC_ACCOUNT if judged.account else settlement.PRIVATE_ACCOUNT,
        settle_type=settlement.SAME_BANK if payee_bank == fund.bank_code else settlement.OTHER_BANK_AT_ONCE,
    )
