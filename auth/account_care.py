"""账户合并, 汇缴冲正 and what a bank took back: what moves money at the counter is asked for by one person and agreed
to by another."""

from __future__ import annotations

from datetime import datetime

from auth import approvals
from auth.approvals import Approval
from domain import contributions
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.refusal import Refused


async def ask_account_merge(*, actor: Actor, keep: int, gone: int, reason: str, now: datetime) -> Approval:
    """Raises Refused with everything that stands against it today, and as `approvals.ask` does."""
    for account_no in (keep, gone):
        await contributions.account_at_desk(actor=actor, account_no=account_no, now=now)
    preview = await contributions.preview_merge(keep=keep, gone=gone, business_date=business_date_of(now))
    if preview.problems:
        raise Refused(*preview.problems)
    return await approvals.ask(
        actor=actor,
        kind=MERGING,
        subject=f"account:{gone}",
        payload={"keep": str(keep), "gone": str(gone), "reason": reason.strip()},
        summary=f"将账户{gone}（余额{preview.balance.yuan_text}，另计利息{preview.interest.yuan_text}）并入账户{keep}",
        reason=reason,
        now=now,
    )


async def _merge(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    await contributions.merge_accounts(
        tx,
        actor=actor,
        keep=int(approved.payload["keep"]),
        gone=int(approved.payload["gone"]),
        reason=str(approved.payload["reason"]),
        now=now,
        business_date=business_date_of(now),
    )


async def ask_reversal(*, actor: Actor, account_no: int, month: YearMonth, reason: str, now: datetime) -> Approval:
    """Raises Refused for a month that cannot be reversed, and as `approvals.ask` does."""
    await contributions.account_at_desk(actor=actor, account_no=account_no, now=now)
    preview = await contributions.preview_reversal(account_no=account_no, month=month)
    return await approvals.ask(
        actor=actor,
        kind=REVERSAL,
        subject=f"account:{account_no}:{month}",
        payload={"account_no": str(account_no), "month": str(month), "reason": reason.strip()},
        summary=f"冲正账户{account_no}的{month}汇缴{preview.amount.yuan_text}，退入{preview.employer_name}单位暂存款",
        reason=reason,
        now=now,
    )


async def _reverse(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    await contributions.reverse_contribution(
        tx,
        actor=actor,
        account_no=int(approved.payload["account_no"]),
        month=YearMonth.parse(str(approved.payload["month"])),
        reason=str(approved.payload["reason"]),
        now=now,
        business_date=business_date_of(now),
    )


async def ask_shortfall(*, actor: Actor, employer_no: int, receipt_id: int, reason: str, now: datetime) -> Approval:
    """That what a bank took back and nobody has any more becomes the employer's debt. Raises Refused when nothing of
    the matter waits for it, and as `approvals.ask` does."""
    matter = await contributions.taken_back_matter(actor=actor, employer_no=employer_no, receipt_id=receipt_id)
    return await approvals.ask(
        actor=actor,
        kind=SHORTFALL,
        subject=f"receipt:{receipt_id}",
        payload={"employer_no": str(employer_no), "receipt_id": str(receipt_id)},
        summary=f"银行收回{matter.employer_name}{matter.statement_no}的缴款，{matter.short.yuan_text}转为应收单位追回款",
        reason=reason,
        now=now,
    )


async def _accept(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    await contributions.accept_shortfall(
        tx,
        actor=actor,
        employer_no=int(approved.payload["employer_no"]),
        receipt_id=int(approved.payload["receipt_id"]),
        now=now,
        business_date=business_date_of(now),
    )


REVERSAL = approvals.declare(
    "contribution.reversal", name="汇缴冲正", ask="collection.operate", decide="collection.supervise", apply=_reverse
)
SHORTFALL = approvals.declare(
    "contribution.shortfall",
    name="收回不足转应收",
    ask="collection.operate",
    decide="collection.supervise",
    apply=_accept,
)
MERGING = approvals.declare(
    "account.merging", name="账户合并", ask="collection.operate", decide="collection.supervise", apply=_merge
)
