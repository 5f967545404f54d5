"""定期存款与通知存款: proposing and deciding what the centre does with its deposits (R14.4).

An instruction is proposed by one person, decided by another, told to the bank once, and booked when the bank has
confirmed it (`deposit_telling`). A deposit has one instruction at a time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.accounts import BankAccount, open_bank_account
from domain.settlement.deposit_reading import rate_on
from domain.settlement.deposit_rules import PRODUCTS, Product, earliest_draw, notice_draw_fault, place_fault
from domain.settlement.desk import begun, checked_reason, finished, require_funds, require_second
from domain.settlement.refusals import (
    AMOUNT_INVALID,
    BANK_ACCOUNT_KIND,
    DECIDED_ALREADY,
    DEPOSIT_BUSY,
    DEPOSIT_MINIMUM,
    DEPOSIT_NOT_COVERED,
    DEPOSIT_NOT_STANDING,
    DEPOSIT_NOTICE,
    DEPOSIT_PRODUCT,
    NOT_FOUND,
)
from domain.settlement.transfers import DEPOSIT_PREFIX

Instruction = Literal["draw", "set_notice", "cancel_notice", "set_rollover"]


async def propose_placing(
    *,
    actor: Actor,
    product: str,
    amount: Money,
    bank_account_code: str,
    deposit_account_code: str,
    rollover: bool = False,
    reason: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> int:
    """Money out of a demand account into a fixed or notice deposit at the same bank. Returns the instruction's number.
    Raises Refused."""
    require_funds(actor)
    reason = checked_reason(reason)
    kind = _product(product)
    if (least := place_fault(product=kind, amount=amount)) is not None:
        raise Refused(DEPOSIT_MINIMUM(name=kind.name, least=least.yuan_text))
    async with transaction() as tx:
        given = {
            "product": product,
            "amount": amount,
            "accounts": [bank_account_code, deposit_account_code],
            "rollover": rollover,
            "reason": reason,
        }
        earlier = await begun(
            tx, actor=actor, operation="propose_placing", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        demand = await open_bank_account(code=bank_account_code, using=tx)
        target = await open_bank_account(code=deposit_account_code, using=tx)
        _check_accounts(kind, demand=demand, target=target)
        await rate_on(bank_code=demand.bank_code, product=product, day=business_date, using=tx)
        deposit_id = new_id()
        await tx.execute(
            "INSERT INTO bank_deposit (deposit_id, kind, product, bank_account_code, deposit_account_code,"
            " principal_fen, balance_fen, rollover, state) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 'proposed')",
            deposit_id,
            kind.kind,
            product,
            demand.code,
            target.code,
            amount.fen,
            rollover,
        )
        order_id = await _insert(
            tx,
            actor=actor,
            deposit_id=deposit_id,
            kind="place",
            amount=amount,
            rollover=rollover,
            reason=reason,
            now=now,
            business_date=business_date,
        )
        await finished(tx, actor=actor, request_key=request_key, number=order_id)
        return order_id


async def propose_instruction(
    *,
    actor: Actor,
    deposit_id: int,
    action: Instruction,
    amount: Money | None = None,
    draw_on: date | None = None,
    rollover: bool | None = None,
    reason: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> int:
    """Drawing (the whole of a fixed deposit, all or part of a notice deposit), announcing a drawing and taking that
    back, and 转存方式. Returns the instruction's number. Raises Refused."""
    require_funds(actor)
    reason = checked_reason(reason)
    async with transaction() as tx:
        given = {
            "deposit_id": deposit_id,
            "action": action,
            "amount": amount,
            "draw_on": draw_on,
            "rollover": rollover,
            "reason": reason,
        }
        earlier = await begun(
            tx, actor=actor, operation="propose_instruction", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        deposit = await lock_deposit(tx, deposit_id=deposit_id)
        if deposit["state"] != "standing":
            raise Refused(DEPOSIT_NOT_STANDING())
        match action:
            case "draw":
                amount = _check_draw(deposit, amount)
            case "set_notice":
                _check_notice(deposit, amount=amount, draw_on=draw_on, business_date=business_date)
            case "cancel_notice":
                if deposit["notice_draw_on"] is None:
                    raise Refused(DEPOSIT_NOTICE(problem="该笔存款没有设定支取通知"))
            case "set_rollover":
                if deposit["kind"] != "fixed" or rollover is None:
                    raise Refused(BANK_ACCOUNT_KIND.on("rollover"))
        if await _busy(tx, deposit_id=deposit_id):
            raise Refused(DEPOSIT_BUSY())
        order_id = await _insert(
            tx,
            actor=actor,
            deposit_id=deposit_id,
            kind=action,
            amount=amount,
            draw_on=draw_on,
            rollover=rollover,
            reason=reason,
            now=now,
            business_date=business_date,
        )
        await finished(tx, actor=actor, request_key=request_key, number=order_id)
        return order_id


async def decide_instruction(
    *,
    actor: Actor,
    order_id: int,
    approve: bool,
    note: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> None:
    """The second person's word: an approved instruction goes to the bank next. Raises Refused."""
    require_funds(actor)
    note = note.strip() if approve else checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"order_id": order_id, "approve": approve, "note": note}
        operation = "decide_instruction"
        if await begun(tx, actor=actor, operation=operation, request_key=request_key, given=given, now=now):
            return
        row = await tx.row("SELECT * FROM deposit_order WHERE order_id = $1 FOR UPDATE", order_id)
        if row is None:
            raise Refused(NOT_FOUND.on("orderId"))
        require_second(actor, first=row["proposed_by"])
        if row["state"] != "proposed":
            raise Refused(DECIDED_ALREADY())
        deposit = await lock_deposit(tx, deposit_id=row["deposit_id"])
        if approve and row["kind"] == "set_notice":
            # the days of notice run from the day on which the bank is told
            _check_notice(deposit, amount=Money(row["amount_fen"]), draw_on=row["draw_on"], business_date=business_date)
        await tx.execute(
            "UPDATE deposit_order SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5,"
            " decision_note = $6, business_date = $7, next_query_at = $8 WHERE order_id = $1",
            order_id,
            "prepared" if approve else "declined",
            actor.reference,
            actor.name,
            now,
            note,
            business_date,
            now if approve else None,
        )
        if not approve and row["kind"] == "place":
            await tx.execute("UPDATE bank_deposit SET state = 'refused' WHERE deposit_id = $1", row["deposit_id"])
        await audit.record(
            tx,
            actor=actor,
            action=f"deposit.instruction_{'approved' if approve else 'declined'}",
            subject=f"deposit:{row['deposit_id']}",
            now=now,
            detail={"order_id": str(order_id), "kind": row["kind"], "note": note},
        )
        await finished(tx, actor=actor, request_key=request_key, number=order_id)


async def lock_deposit(tx: Transaction, *, deposit_id: int) -> Record:
    row = await tx.row("SELECT * FROM bank_deposit WHERE deposit_id = $1 FOR UPDATE", deposit_id)
    if row is None:
        raise Refused(NOT_FOUND.on("depositId"))
    return row


def _product(code: str) -> Product:
    found = PRODUCTS.get(code)
    if found is None or found.kind == "demand":
        raise Refused(DEPOSIT_PRODUCT())
    return found


def _check_accounts(kind: Product, *, demand: BankAccount, target: BankAccount) -> None:
    if demand.kind != "demand":
        raise Refused(BANK_ACCOUNT_KIND())
    same = (target.bank_code, target.account_set) == (demand.bank_code, demand.account_set)
    if target.kind != kind.kind or not same:
        raise Refused(BANK_ACCOUNT_KIND.on("depositAccount"))


def _check_draw(deposit: Record, amount: Money | None) -> Money:
    balance = Money(deposit["balance_fen"])
    wanted = amount or balance
    if wanted.fen <= 0:
        raise Refused(AMOUNT_INVALID())
    if wanted > balance or (deposit["kind"] == "fixed" and wanted != balance):
        raise Refused(DEPOSIT_NOT_COVERED(balance=balance.yuan_text))
    if deposit["kind"] == "notice" and (problem := notice_draw_fault(balance=balance, amount=wanted)):
        raise Refused(DEPOSIT_NOTICE.on("amount", problem=problem))
    return wanted


def _check_notice(deposit: Record, *, amount: Money | None, draw_on: date | None, business_date: date) -> None:
    if deposit["kind"] != "notice" or amount is None or draw_on is None:
        raise Refused(DEPOSIT_NOTICE(problem="支取通知须填写支取金额和支取日期，且仅适用于通知存款"))
    if deposit["notice_draw_on"] is not None:
        raise Refused(DEPOSIT_NOTICE(problem="已有支取通知，请先取消原通知"))
    balance = Money(deposit["balance_fen"])
    if amount.fen <= 0 or amount > balance:
        raise Refused(DEPOSIT_NOT_COVERED(balance=balance.yuan_text))
    if problem := notice_draw_fault(balance=balance, amount=amount):
        raise Refused(DEPOSIT_NOTICE.on("amount", problem=problem))
    earliest = earliest_draw(product=PRODUCTS[deposit["product"]], announced_on=business_date)
    if draw_on < earliest:
        raise Refused(DEPOSIT_NOTICE(problem=f"支取日期最早为{earliest}"))


async def _busy(tx: Transaction, *, deposit_id: int) -> bool:
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM deposit_order WHERE deposit_id = $1"
            " AND state IN ('proposed', 'prepared', 'sending', 'processing', 'unknown'))",
            deposit_id,
        )
    )


async def _insert(
    tx: Transaction,
    *,
    actor: Actor,
    deposit_id: int,
    kind: str,
    amount: Money | None,
    reason: str,
    now: datetime,
    business_date: date,
    draw_on: date | None = None,
    rollover: bool | None = None,
) -> int:
    order_id = new_id()
    await tx.execute(
        "INSERT INTO deposit_order (order_id, deposit_id, kind, serial_no, amount_fen, draw_on, rollover, reason,"
        " state, proposed_by, proposed_by_name, proposed_at, business_date)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10, $11, $12)",
        order_id,
        deposit_id,
        kind,
        f"{DEPOSIT_PREFIX}{order_id}",
        amount.fen if amount else None,
        draw_on,
        rollover,
        reason,
        actor.reference,
        actor.name,
        now,
        business_date,
    )
    await audit.record(
        tx,
        actor=actor,
        action="deposit.instruction_proposed",
        subject=f"deposit:{deposit_id}",
        now=now,
        detail={"order_id": str(order_id), "kind": kind, "amount": amount, "reason": reason},
    )
    return order_id
