"""维修资金退款: asked for by one member of staff, agreed to by another (`auth.approvals`)."""

from __future__ import annotations

from datetime import datetime

from auth import approvals
from auth.approvals import Approval
from domain import cases, withdrawals
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money


async def ask_refund(*, actor: Actor, case_no: str, amount: Money | None, reason: str, now: datetime) -> Approval:
    """Asks that a part or all of what a case paid into the maintenance fund comes back. Raises Refused with what stands
    against it today, and as `approvals.ask` does: one request about a case at a time."""
    case = await cases.case_by_no(actor=actor, case_no=case_no)
    await withdrawals.check_refund(case=case, amount=amount)
    assert amount is not None
    return await approvals.ask(
        actor=actor,
        kind=REFUND,
        subject=f"case:{case_no}",
        payload={"case_no": case_no, "amount": str(amount)},
        summary=f"将办件{case_no}划入维修资金专户的{amount.yuan_text}退回个人公积金账户（账户均已销户的退到原银行卡）",
        reason=reason,
        now=now,
    )


async def _refund(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    case = await cases.case_by_no(actor=actor, case_no=str(approved.payload["case_no"]))
    await withdrawals.order_refund(
        tx,
        actor=actor,
        case=case,
        amount=Money.parse(str(approved.payload["amount"])),
        reason=approved.reason,
        asked_by=f"staff:{approved.requested_by}",
        business_date=business_date_of(now),
        now=now,
    )


REFUND = approvals.declare(
    "maintenance.refund", name="维修资金退款", ask="maintenance.refund", decide="maintenance.agree", apply=_refund
)
