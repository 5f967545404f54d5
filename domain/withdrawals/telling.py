"""Agreed payments and the banks: posted by the day-end, told in batches, settled item by item when a bank has answered.

Until a bank has paid, the money stands on 21909; a confirmed item takes it from there to the bank's account, a refused
one gives it back to the contributor, counting from the same day, and pauses the arrangement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import contributions, ledger, settlement
from domain.kernel import database, outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.money import Money
from domain.ledger import Line
from domain.settlement import BatchItem
from domain.withdrawals.arrangements import announce, lock_arrangement
from domain.withdrawals.events import AGREED_PAYMENT
from domain.withdrawals.kinds import kind_of

PURPOSE = "agreed_withdrawal"
"""Of the banks' batches: what their items are for."""

PENDING = "21909"
CHUNK = 2_000


async def tell_banks(*, business_date: date, now: datetime) -> int:
    """Puts every payment that was posted and not told yet into a batch of its card's bank, and returns how many. A
    chunk is one transaction, so that a second call goes on where the first was cut off."""
    told = 0
    while rows := await database.rows(_TO_TELL, CHUNK):
        by_bank: dict[str, list[Record]] = {}
        for row in rows:
            by_bank.setdefault(row["bank_code"], []).append(row)
        for bank_code, found in sorted(by_bank.items()):
            async with transaction() as tx:
                items = [await _item(tx, row=row) for row in found]
                batch_id = await settlement.prepare_batch(
                    tx,
                    actor=SYSTEM,
                    direction="pay",
                    purpose=PURPOSE,
                    business_key=f"{PURPOSE}:{bank_code}:{found[0]['account_no']}:{found[0]['withdrawal_id']}",
                    bank_account_code=bank_code,
                    business_type=settlement.PARTIAL_WITHDRAWAL,
                    items=items,
                    business_date=business_date,
                    now=now,
                )
                for row in found:
                    await tx.execute(
                        "UPDATE withdrawal SET told_batch_id = $3 WHERE account_no = $1 AND withdrawal_id = $2",
                        row["account_no"],
                        row["withdrawal_id"],
                        batch_id,
                    )
            told += len(found)
    return told


async def item_settled(
    tx: Transaction,
    *,
    account_no: int,
    batch_id: int,
    item_no: int,
    reference: str,
    confirmed: bool,
    business_date: date,
    now: datetime,
) -> None:
    """A bank has answered for one agreed payment. In the consumer's transaction, once an event."""
    await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", account_no)
    row = await tx.row(
        "SELECT * FROM withdrawal WHERE account_no = $1 AND withdrawal_id = $2 FOR UPDATE", account_no, int(reference)
    )
    assert row is not None, f"payment {reference} is unknown"
    if row["state"] != "approved":
        return
    if confirmed:
        await _paid(tx, row=row, batch_id=batch_id, item_no=item_no, business_date=business_date, now=now)
    else:
        await _given_back(tx, row=row, business_date=business_date, now=now)
    await outbox.emit(
        tx,
        account_no=account_no,
        kind=AGREED_PAYMENT,
        payload={
            "withdrawal_id": str(row["withdrawal_id"]),
            "case_id": str(row["case_id"]),
            "confirmed": "yes" if confirmed else "no",
        },
        now=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedPayment:
    """One later payment of an agreed withdrawal, as its contributor is told of it."""

    kind_name: str
    amount: Money
    card_tail: str


async def agreed_payment(*, account_no: int, withdrawal_id: int) -> AgreedPayment:
    row = await database.row(
        "SELECT w.kind, w.amount_fen, c.card_masked FROM withdrawal w"
        " JOIN bank_card c ON c.account_no = w.account_no AND c.card_id = w.card_id"
        " WHERE w.account_no = $1 AND w.withdrawal_id = $2",
        account_no,
        withdrawal_id,
    )
    assert row is not None, f"payment {withdrawal_id} is unknown"
    return AgreedPayment(
        kind_name=kind_of(row["kind"]).name, amount=Money(row["amount_fen"]), card_tail=row["card_masked"][-4:]
    )


async def _paid(
    tx: Transaction, *, row: Record, batch_id: int, item_no: int, business_date: date, now: datetime
) -> None:
    bank_code: str = await tx.value("SELECT bank_account_code FROM bank_batch WHERE batch_id = $1", batch_id)
    account_set: str = await tx.value("SELECT account_set FROM account WHERE account_no = $1", row["account_no"])
    amount = Money(row["amount_fen"])
    voucher_id = await ledger.post_general(
        tx,
        account_set=account_set,
        business_key=f"{PURPOSE}:{row['withdrawal_id']}",
        kind=ledger.VoucherKind.PARTIAL_WITHDRAWAL,
        summary=f"{kind_of(row['kind']).name}付款",
        lines=[
            Line(subject=PENDING, side="D", amount=amount),
            Line(subject="101", side="C", amount=amount, auxiliary=bank_code),
        ],
        effective_on=business_date,
        posted_on=business_date,
        now=now,
        prepared_by="system",
    )
    await settlement.link_batch_voucher(
        tx, batch_id=batch_id, item_no=item_no, voucher_id=voucher_id, voucher_account_no=0
    )
    await _set(tx, row=row, state="paid")


async def _given_back(tx: Transaction, *, row: Record, business_date: date, now: datetime) -> None:
    await ledger.reverse(
        tx,
        account_no=row["account_no"],
        voucher_id=row["voucher_id"],
        reason="银行退回约定提取付款",
        posted_on=business_date,
        now=now,
    )
    await _set(tx, row=row, state="ended")
    arrangement = await lock_arrangement(tx, account_no=row["account_no"], arrangement_id=row["arrangement_id"])
    goes_on = arrangement["state"] == "running" or arrangement["end_reason"] == "fulfilled"
    await tx.execute(
        "UPDATE withdrawal_arrangement SET paid_fen = paid_fen - $3, state = CASE WHEN $4 THEN 'paused' ELSE state END,"
        " paused_reason = CASE WHEN $4 THEN 'bank_rejected' ELSE paused_reason END,"
        " end_reason = CASE WHEN $4 THEN NULL ELSE end_reason END"
        " WHERE account_no = $1 AND arrangement_id = $2",
        row["account_no"],
        row["arrangement_id"],
        row["amount_fen"],
        goes_on,
    )
    if goes_on:
        await announce(tx, row=arrangement, what="paused", reason="bank_rejected", now=now)


async def _set(tx: Transaction, *, row: Record, state: str) -> None:
    await tx.execute(
        "UPDATE withdrawal SET state = $3 WHERE account_no = $1 AND withdrawal_id = $2",
        row["account_no"],
        row["withdrawal_id"],
        state,
    )


async def _item(tx: Transaction, *, row: Record) -> BatchItem:
    person = await contributions.clear_person(person_id=row["person_id"], using=tx)
    return BatchItem(
        owner_reference=str(row["withdrawal_id"]),
        account_no=row["account_no"],
        bank_code=row["bank_code"],
        counterparty_account_no=await contributions.clear_card_no(
            account_no=row["account_no"], card_id=row["card_id"], using=tx
        ),
        counterparty_name=person.name,
        amount=Money(row["amount_fen"]),
        summary=kind_of(row["kind"]).name,
    )


_TO_TELL = """
SELECT w.account_no, w.withdrawal_id, w.kind, w.card_id, w.amount_fen, c.bank_code, a.person_id
FROM withdrawal w
JOIN bank_card c ON c.account_no = w.account_no AND c.card_id = w.card_id
JOIN account a ON a.account_no = w.account_no
WHERE w.state = 'approved' AND w.hold_id IS NULL AND w.told_batch_id IS NULL
ORDER BY w.account_no, w.withdrawal_id LIMIT $1
"""
