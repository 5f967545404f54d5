"""Instructions about deposits at the bank: told once, asked after, booked when confirmed.

The discipline is that of `payments`: `sending` is committed before the network is touched, and the same serial number
is presented again only after the bank itself has said, late enough, that it never saw it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import ledger
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.money import Money
from domain.ledger import Line, VoucherKind
from domain.settlement.accounts import BankAccount, bank_account
from domain.settlement.deposit_proposals import lock_deposit
from domain.settlement.deposit_reading import demand_rate_on, standing_of, standing_product
from domain.settlement.deposit_rules import accrued_share, interest_of_draw, maturity
from domain.settlement.payments import ENDED, QUERY_DELAYS, REPRESENT_AFTER
from domain.settlement.ports import DepositInstruction, DepositOutcome, FundsGateway
from domain.settlement.receiving import record_booking

SUBJECTS: dict[str, tuple[str | None, str]] = {
    "provident_fund": ("111", "40101"),
    "flexible_employment": ("111", "40101"),
    "value_added_income": ("111", "40102"),
    # 收付实现制 (财会〔2020〕7号): interest counts when it is paid, nothing is accrued
    "maintenance_fund": (None, "4101"),
}
"""By account set: interest receivable and interest income."""


async def present_deposit_order(*, order_id: int, gateway: FundsGateway, now: datetime, business_date: date) -> str:
    """One step with the bank, and the booking when it has answered. Returns the state. Safe to run again."""
    async with transaction() as tx:
        row = await _locked(tx, order_id)
        if row["state"] in (*ENDED, "proposed", "declined"):
            return str(row["state"])
        instruction = await _instruction(tx, row)
        first_time = row["state"] == "prepared"
        if first_time:
            await _sent(tx, order_id=order_id, now=now, next_query_at=now + timedelta(seconds=QUERY_DELAYS[0]))
    if first_time:
        outcome = await gateway.instruct_deposit(instruction=instruction, now=now)
    else:
        outcome = await gateway.query_deposit(instruction=instruction, now=now)
        if outcome.status == "not_found" and now >= row["sent_at"] + REPRESENT_AFTER:
            async with transaction() as tx:
                await _sent(tx, order_id=order_id, now=now, next_query_at=now + timedelta(seconds=QUERY_DELAYS[0]))
            outcome = await gateway.instruct_deposit(instruction=instruction, now=now)
    async with transaction() as tx:
        return await _record(tx, order_id=order_id, outcome=outcome, now=now, business_date=business_date)


async def deposit_orders_due(*, now: datetime, most: int = 100) -> list[int]:
    rows = await database.rows(
        "SELECT order_id FROM deposit_order WHERE state IN ('prepared', 'sending', 'processing', 'unknown')"
        " AND next_query_at <= $1 ORDER BY next_query_at LIMIT $2",
        now,
        most,
    )
    return [row["order_id"] for row in rows]


async def _record(
    tx: Transaction, *, order_id: int, outcome: DepositOutcome, now: datetime, business_date: date
) -> str:
    row = await _locked(tx, order_id)
    if row["state"] in ENDED:
        return str(row["state"])
    deposit = await lock_deposit(tx, deposit_id=row["deposit_id"])
    state = "unknown" if outcome.status == "not_found" or _incomplete(row, outcome) else outcome.status
    expected = voucher_id = None
    if state == "confirmed":
        expected, voucher_id = await _apply(
            tx, row=row, deposit=deposit, outcome=outcome, now=now, business_date=business_date
        )
    elif state == "rejected" and row["kind"] == "place":
        await tx.execute("UPDATE bank_deposit SET state = 'refused' WHERE deposit_id = $1", deposit["deposit_id"])
    ended = state in ENDED
    delay = QUERY_DELAYS[min(row["queries"], len(QUERY_DELAYS) - 1)]
    await tx.execute(
        "UPDATE deposit_order SET state = $2, queries = queries + 1, last_code = $3, last_message = $4,"
        " bank_serial_no = coalesce($5, bank_serial_no), deposit_serial_no = coalesce($6, deposit_serial_no),"
        " bank_booked_on = $7, interest_fen = $8, expected_interest_fen = $9, voucher_id = $10, ended_at = $11,"
        " next_query_at = $12 WHERE order_id = $1",
        order_id,
        state,
        outcome.code,
        outcome.message,
        outcome.bank_serial_no,
        outcome.deposit_serial_no,
        outcome.booked_on,
        outcome.interest.fen if outcome.interest is not None else None,
        expected.fen if expected is not None else None,
        voucher_id,
        now if ended else None,
        None if ended else now + timedelta(seconds=delay),
    )
    if ended:
        await audit.record(
            tx,
            actor=SYSTEM,
            action=f"deposit.{row['kind']}_{state}",
            subject=f"deposit:{deposit['deposit_id']}",
            now=now,
            detail={"serial_no": row["serial_no"], "code": outcome.code, "interest": outcome.interest},
        )
    return state


def _incomplete(row: Record, outcome: DepositOutcome) -> bool:
    """A confirmation without what must be booked is no clear answer."""
    if outcome.status != "confirmed":
        return False
    if row["kind"] == "place":
        return None in (outcome.certificate_no, outcome.rate_ppm, outcome.booked_on)
    return row["kind"] == "draw" and None in (outcome.interest, outcome.booked_on)


async def _apply(
    tx: Transaction, *, row: Record, deposit: Record, outcome: DepositOutcome, now: datetime, business_date: date
) -> tuple[Money | None, int | None]:
    """Books what the bank has done. Returns the interest by our rules and the voucher."""
    key = deposit["deposit_id"]
    match row["kind"]:
        case "place":
            return None, await _place(
                tx, row=row, deposit=deposit, outcome=outcome, now=now, business_date=business_date
            )
        case "draw":
            return await _draw(tx, row=row, deposit=deposit, outcome=outcome, now=now, business_date=business_date)
        case "set_notice":
            await tx.execute(
                "UPDATE bank_deposit SET notice_fen = $2, notice_given_on = $3, notice_draw_on = $4"
                " WHERE deposit_id = $1",
                key,
                row["amount_fen"],
                row["business_date"],
                row["draw_on"],
            )
        case "cancel_notice":
            await _forget_notice(tx, key)
        case "set_rollover":
            await tx.execute("UPDATE bank_deposit SET rollover = $2 WHERE deposit_id = $1", key, row["rollover"])
    return None, None


async def _place(
    tx: Transaction, *, row: Record, deposit: Record, outcome: DepositOutcome, now: datetime, business_date: date
) -> int:
    demand = await bank_account(code=deposit["bank_account_code"], using=tx)
    target = await bank_account(code=deposit["deposit_account_code"], using=tx)
    amount, placed_on = Money(row["amount_fen"]), outcome.booked_on
    assert placed_on is not None
    voucher_id = await _post(
        tx,
        row=row,
        account=demand,
        summary=f"存入{deposit['product']} {outcome.certificate_no}",
        lines=[
            Line(subject=target.subject, side="D", amount=amount, auxiliary=target.code),
            Line(subject=demand.subject, side="C", amount=amount, auxiliary=demand.code),
        ],
        on=placed_on,
        now=now,
        business_date=business_date,
    )
    await tx.execute(
        "UPDATE bank_deposit SET state = 'standing', certificate_no = $2, rate_ppm = $3, placed_on = $4,"
        " matures_on = $5 WHERE deposit_id = $1",
        deposit["deposit_id"],
        outcome.certificate_no,
        outcome.rate_ppm,
        placed_on,
        outcome.matures_on or maturity(product=standing_product(deposit), placed_on=placed_on),
    )
    await _book_both(tx, demand, -amount, target, amount, outcome=outcome, voucher_id=voucher_id)
    return voucher_id


async def _draw(
    tx: Transaction, *, row: Record, deposit: Record, outcome: DepositOutcome, now: datetime, business_date: date
) -> tuple[Money, int]:
    demand = await bank_account(code=deposit["bank_account_code"], using=tx)
    target = await bank_account(code=deposit["deposit_account_code"], using=tx)
    amount, interest, drawn_on = Money(row["amount_fen"]), outcome.interest, outcome.booked_on
    assert interest is not None and drawn_on is not None
    demand_ppm = await demand_rate_on(bank_code=demand.bank_code, day=drawn_on, using=tx)
    expected = interest_of_draw(deposit=standing_of(deposit), amount=amount, drawn_on=drawn_on, demand_ppm=demand_ppm)
    balance = Money(deposit["balance_fen"])
    accrued = accrued_share(accrued=Money(deposit["accrued_fen"]), drawn=amount, balance=balance)
    receivable, income = SUBJECTS[demand.account_set]
    lines = [
        Line(subject=demand.subject, side="D", amount=amount + interest, auxiliary=demand.code),
        Line(subject=target.subject, side="C", amount=amount, auxiliary=target.code),
    ]
    if accrued:
        assert receivable is not None, "nothing is accrued in a set without receivables"
        lines.append(Line(subject=receivable, side="C", amount=accrued))
    if interest > accrued:
        lines.append(Line(subject=income, side="C", amount=interest - accrued))
    elif accrued > interest:
        # accrued at the deposit's rate, paid at the demand rate: the rest was never earned
        lines.append(Line(subject=income, side="D", amount=accrued - interest))
    voucher_id = await _post(
        tx,
        row=row,
        account=demand,
        summary=f"支取{deposit['product']} {deposit['certificate_no']}",
        lines=lines,
        on=drawn_on,
        now=now,
        business_date=business_date,
    )
    await tx.execute(
        "UPDATE bank_deposit SET balance_fen = balance_fen - $2, accrued_fen = accrued_fen - $3,"
        " state = CASE WHEN balance_fen = $2 THEN 'ended' ELSE state END WHERE deposit_id = $1",
        deposit["deposit_id"],
        amount.fen,
        accrued.fen,
    )
    await _forget_notice(tx, deposit["deposit_id"])
    await _book_both(tx, demand, amount + interest, target, -amount, outcome=outcome, voucher_id=voucher_id)
    return expected, voucher_id


async def _post(
    tx: Transaction,
    *,
    row: Record,
    account: BankAccount,
    summary: str,
    lines: list[Line],
    on: date,
    now: datetime,
    business_date: date,
) -> int:
    return await ledger.post_general(
        tx,
        account_set=account.account_set,
        business_key=f"deposit-order:{row['order_id']}",
        kind=VoucherKind.OTHER,
        summary=summary,
        lines=lines,
        effective_on=min(on, business_date),
        posted_on=business_date,
        now=now,
        prepared_by=row["proposed_by"],
    )


async def _book_both(
    tx: Transaction,
    demand: BankAccount,
    moved: Money,
    target: BankAccount,
    moved_there: Money,
    *,
    outcome: DepositOutcome,
    voucher_id: int,
) -> None:
    for account, amount, serial in (
        (demand, moved, outcome.bank_serial_no),
        (target, moved_there, outcome.deposit_serial_no),
    ):
        if serial and outcome.booked_on:
            await record_booking(
                tx,
                account=account,
                host_serial_no=serial,
                booked_on=outcome.booked_on,
                amount=amount,
                voucher_id=voucher_id,
            )


async def _forget_notice(tx: Transaction, deposit_id: int) -> None:
    await tx.execute(
        "UPDATE bank_deposit SET notice_fen = NULL, notice_given_on = NULL, notice_draw_on = NULL"
        " WHERE deposit_id = $1",
        deposit_id,
    )


async def _sent(tx: Transaction, *, order_id: int, now: datetime, next_query_at: datetime) -> None:
    await tx.execute(
        "UPDATE deposit_order SET state = CASE WHEN state = 'prepared' THEN 'sending' ELSE state END, sent_at = $2,"
        " next_query_at = $3 WHERE order_id = $1",
        order_id,
        now,
        next_query_at,
    )


async def _locked(tx: Transaction, order_id: int) -> Record:
    row = await tx.row("SELECT * FROM deposit_order WHERE order_id = $1 FOR UPDATE", order_id)
    assert row is not None, f"deposit order {order_id} is unknown"
    return row


async def _instruction(tx: Transaction, row: Record) -> DepositInstruction:
    deposit = await tx.row("SELECT * FROM bank_deposit WHERE deposit_id = $1", row["deposit_id"])
    assert deposit is not None
    demand = await bank_account(code=deposit["bank_account_code"], using=tx)
    target = await bank_account(code=deposit["deposit_account_code"], using=tx)
    return DepositInstruction(
        serial_no=row["serial_no"],
        action=row["kind"],
        kind=deposit["kind"],
        product=deposit["product"],
        bank_code=demand.bank_code,
        demand_account_no=demand.number,
        deposit_account_no=target.number,
        certificate_no=deposit["certificate_no"] or "",
        amount=Money(row["amount_fen"]) if row["amount_fen"] else None,
        draw_on=row["draw_on"],
        rollover=bool(row["rollover"]),
        business_date=row["business_date"],
    )
