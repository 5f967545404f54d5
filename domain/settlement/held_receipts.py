"""Booking receipts that were held, once two persons have decided on them."""

from __future__ import annotations

from datetime import date, datetime

from domain import ledger
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement.accounts import BankAccount
from domain.settlement.receiving import SETS_WITH_SUSPENSE, SUSPENSE, open_suspense, record_booking
from domain.settlement.refusals import NO_SUSPENSE, REVERSAL_FORM, REVERSAL_NOT_COVERED


async def book_held(
    tx: Transaction,
    *,
    receipt: Record,
    account: BankAccount,
    item_id: int | None,
    posting_id: int,
    reason: str,
    prepared_by: str,
    prepared_by_name: str,
    now: datetime,
    business_date: date,
) -> int:
    """Money that came: Dr the bank, Cr suspense. Money that the bank took back: the reverse, out of `item_id`. Returns
    the voucher. The receipt is locked. Raises Refused."""
    amount = Money(abs(receipt["amount_fen"]))
    if account.account_set not in SETS_WITH_SUSPENSE:
        raise Refused(NO_SUSPENSE())
    item = await _reversed_item(tx, item_id=item_id, account=account, amount=amount) if item_id else None
    office = item["office_code"] if item else account.office_code
    bank = Line(subject=account.subject, side="C" if item else "D", amount=amount, auxiliary=account.code)
    suspense = Line(subject=SUSPENSE, side="D" if item else "C", amount=amount, auxiliary=office)
    voucher_id = await ledger.post_general(
        tx,
        account_set=account.account_set,
        business_key=f"receipt:{receipt['bank_code']}:{receipt['booked_on']:%Y%m%d}:{receipt['host_serial_no']}",
        kind=VoucherKind.OTHER,
        summary=f"{'银行冲正' if item else '到账'} {receipt['host_serial_no']}（手动入账）",
        lines=[bank, suspense] if item is None else [suspense, bank],
        effective_on=min(receipt["booked_on"], business_date),
        posted_on=business_date,
        now=now,
        prepared_by=prepared_by,
    )
    await record_booking(
        tx,
        account=account,
        host_serial_no=receipt["host_serial_no"],
        booked_on=receipt["booked_on"],
        amount=Money(receipt["amount_fen"]),
        voucher_id=voucher_id,
    )
    await tx.execute(
        "UPDATE bank_receipt SET state = 'booked', bank_account_code = $2, account_set = $3, voucher_id = $4,"
        " booked_at = $5 WHERE receipt_id = $1",
        receipt["receipt_id"],
        account.code,
        account.account_set,
        voucher_id,
        now,
    )
    if item is None:
        await open_suspense(
            tx,
            receipt_id=receipt["receipt_id"],
            account_set=account.account_set,
            office_code=office,
            amount=amount,
            voucher_id=voucher_id,
            opened_on=business_date,
        )
        return voucher_id
    await tx.execute(
        "UPDATE suspense_item SET open_fen = open_fen - $2, cleared_on = CASE WHEN open_fen = $2 THEN $3::date END"
        " WHERE item_id = $1",
        item["item_id"],
        amount.fen,
        business_date,
    )
    # Two persons have decided on the posting: the movement is its trace in the item's history.
    await tx.execute(
        "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, reason, state, proposed_by,"
        " proposed_by_name, proposed_at, decided_by, decided_by_name, decided_at, decision_note, voucher_id)"
        " VALUES ($1, $2, 'bank_reversal', $3, $4, 'approved', $5, $6, $7, $8, $9, $7, $10, $11)",
        new_id(),
        item["item_id"],
        amount.fen,
        reason,
        prepared_by,
        prepared_by_name,
        now,
        SYSTEM.reference,
        SYSTEM.name,
        f"手动入账{posting_id}",
        voucher_id,
    )
    return voucher_id


async def _reversed_item(tx: Transaction, *, item_id: int, account: BankAccount, amount: Money) -> Record:
    item = await tx.row(
        "SELECT i.*, r.bank_account_code FROM suspense_item i JOIN bank_receipt r USING (receipt_id)"
        " WHERE i.item_id = $1 FOR UPDATE OF i",
        item_id,
    )
    if item is None or item["bank_account_code"] != account.code:
        raise Refused(REVERSAL_FORM(problem="所选暂收款不是该专户的到账"))
    if item["open_fen"] - item["claimed_fen"] < amount.fen:
        raise Refused(REVERSAL_NOT_COVERED())
    return item
