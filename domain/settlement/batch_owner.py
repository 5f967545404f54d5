"""What the owner of a batch's item or of a receipt learns of it, in the transaction that posts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel.database import Transaction
from domain.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledItem:
    """`state`: confirmed or rejected. The bank's serial number and day come with a confirmed one."""

    state: str
    code: str
    amount: Money
    host_serial_no: str | None
    booked_on: date | None
    bank_account_code: str


async def settled_item(tx: Transaction, *, batch_id: int, item_no: int) -> SettledItem:
    row = await tx.row(
        "SELECT i.state, i.code, i.amount_fen, i.host_serial_no, i.booked_on, b.bank_account_code"
        " FROM bank_batch_item i JOIN bank_batch b USING (batch_id) WHERE i.batch_id = $1 AND i.item_no = $2",
        batch_id,
        item_no,
    )
    assert row is not None and row["state"] != "waiting", f"item {batch_id}/{item_no} has no result"
    return SettledItem(
        state=row["state"],
        code=row["code"] or "",
        amount=Money(row["amount_fen"]),
        host_serial_no=row["host_serial_no"],
        booked_on=row["booked_on"],
        bank_account_code=row["bank_account_code"],
    )


async def receipt_day(tx: Transaction, *, receipt_id: int) -> date:
    """The day on which the bank booked money in: from then on it counts."""
    booked_on: date = await tx.value("SELECT booked_on FROM bank_receipt WHERE receipt_id = $1", receipt_id)
    return booked_on
