"""通知存款季度预提: what notice deposits have earned by the end of a quarter: Dr 应收利息, Cr 业务收入."""

from __future__ import annotations

from datetime import date, datetime

from domain import ledger
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import transaction
from domain.kernel.money import Money
from domain.ledger import Line, VoucherKind
from domain.settlement.accounts import bank_account
from domain.settlement.deposit_proposals import lock_deposit
from domain.settlement.deposit_reading import standing_of
from domain.settlement.deposit_rules import accrued_through
from domain.settlement.deposit_telling import SUBJECTS


async def accrue_notice_deposits(*, through: date, now: datetime, business_date: date) -> int:
    """Accrues every standing notice deposit up to a day (the last of a quarter), each in a transaction of its own and
    once for the day. Returns how many vouchers were made. For the day-end; safe to run again."""
    async with transaction() as tx:
        rows = await tx.rows(
            "SELECT deposit_id FROM bank_deposit WHERE state = 'standing' AND kind = 'notice' AND placed_on <= $1"
            " AND (accrued_through IS NULL OR accrued_through < $1) ORDER BY deposit_id",
            through,
        )
    made = 0
    for row in rows:
        made += await _accrue(deposit_id=row["deposit_id"], through=through, now=now, business_date=business_date)
    return made


async def _accrue(*, deposit_id: int, through: date, now: datetime, business_date: date) -> bool:
    async with transaction() as tx:
        deposit = await lock_deposit(tx, deposit_id=deposit_id)
        if deposit["state"] != "standing" or (deposit["accrued_through"] or date.min) >= through:
            return False
        account = await bank_account(code=deposit["bank_account_code"], using=tx)
        receivable, income = SUBJECTS[account.account_set]
        amount = accrued_through(deposit=standing_of(deposit), through=through) - Money(deposit["accrued_fen"])
        if receivable is None or amount.fen <= 0:
            return False
        voucher_id = await ledger.post_general(
            tx,
            account_set=account.account_set,
            business_key=f"deposit-accrual:{deposit_id}:{through}",
            kind=VoucherKind.OTHER,
            summary=f"通知存款预提利息至{through} {deposit['certificate_no']}",
            lines=[
                Line(subject=receivable, side="D", amount=amount),
                Line(subject=income, side="C", amount=amount),
            ],
            effective_on=through,
            posted_on=through,
            now=now,
            prepared_by=SYSTEM.reference,
        )
        await tx.execute(
            "INSERT INTO deposit_accrual (deposit_id, through, amount_fen, voucher_id, accrued_at)"
            " VALUES ($1, $2, $3, $4, $5)",
            deposit_id,
            through,
            amount.fen,
            voucher_id,
            now,
        )
        await tx.execute(
            "UPDATE bank_deposit SET accrued_fen = accrued_fen + $2, accrued_through = $3 WHERE deposit_id = $1",
            deposit_id,
            amount.fen,
            through,
        )
        await audit.record(
            tx,
            actor=SYSTEM,
            action="deposit.accrued",
            subject=f"deposit:{deposit_id}",
            now=now,
            detail={"through": through, "amount": amount},
        )
        return True
