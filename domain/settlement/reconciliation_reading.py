"""Reading adjustments that were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.desk import require_funds
from domain.settlement.refusals import NOT_FOUND

CATEGORY_NAMES: dict[str, str] = {
    "bank_received": "银行已收、中心未收",
    "bank_paid": "银行已付、中心未付",
    "book_received": "中心已收、银行未收",
    "book_paid": "中心已付、银行未付",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    bank_account_code: str
    day: date
    book: Money
    bank: Money
    opening_difference: Money
    bank_received: Money
    bank_paid: Money
    book_received: Money
    book_paid: Money
    adjusted_book: Money
    adjusted_bank: Money
    missing_days: tuple[date, ...]
    item_count: int
    made_at: datetime

    @property
    def balanced(self) -> bool:
        """调节后余额相等, over statements without a day missing."""
        return self.adjusted_book == self.adjusted_bank and not self.missing_days

    @property
    def clean(self) -> bool:
        """Balanced with nothing to adjust."""
        return self.balanced and self.item_count == 0 and not self.opening_difference


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentItem:
    """`host_serial_no` names the bank's line, or account, voucher and line the book's."""

    item_no: int
    category: str
    category_name: str
    on: date
    amount: Money
    host_serial_no: str | None
    voucher_account_no: int | None
    voucher_id: int | None
    line_no: int | None
    note: str


async def adjustment_of(*, bank_account_code: str, day: date, using: Executor = database.pool) -> Adjustment:
    """Raises Refused when none was made."""
    row = await using.row(f"{_ADJUSTMENT} WHERE r.bank_account_code = $1 AND r.day = $2", bank_account_code, day)
    if row is None:
        raise Refused(NOT_FOUND.on("day"))
    return _adjustment(row)


async def adjustments(
    *, actor: Actor, since: date, until: date, bank_account_code: str | None = None
) -> list[Adjustment]:
    require_funds(actor)
    rows = await database.rows(
        f"{_ADJUSTMENT} WHERE r.day BETWEEN $1 AND $2 AND ($3::text IS NULL OR r.bank_account_code = $3)"
        " ORDER BY r.day DESC, r.bank_account_code",
        since,
        until,
        bank_account_code,
    )
    return [_adjustment(row) for row in rows]


async def adjustment_items(*, actor: Actor, bank_account_code: str, day: date) -> list[AdjustmentItem]:
    """The drill-down, as it stood when the adjustment was made."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM bank_reconciliation_item WHERE bank_account_code = $1 AND day = $2 ORDER BY item_no",
        bank_account_code,
        day,
    )
    return [
        AdjustmentItem(
            item_no=row["item_no"],
            category=row["category"],
            category_name=CATEGORY_NAMES[row["category"]],
            on=row["on_date"],
            amount=Money(row["amount_fen"]),
            host_serial_no=row["host_serial_no"],
            voucher_account_no=row["voucher_account_no"],
            voucher_id=row["voucher_id"],
            line_no=row["line_no"],
            note=row["note"],
        )
        for row in rows
    ]


_ADJUSTMENT = """
SELECT r.*, (SELECT count(*) FROM bank_reconciliation_item i
             WHERE i.bank_account_code = r.bank_account_code AND i.day = r.day) AS items
FROM bank_reconciliation r
"""


def _adjustment(row: Record) -> Adjustment:
    return Adjustment(
        bank_account_code=row["bank_account_code"],
        day=row["day"],
        book=Money(row["book_fen"]),
        bank=Money(row["bank_fen"]),
        opening_difference=Money(row["opening_difference_fen"]),
        bank_received=Money(row["bank_received_fen"]),
        bank_paid=Money(row["bank_paid_fen"]),
        book_received=Money(row["book_received_fen"]),
        book_paid=Money(row["book_paid_fen"]),
        adjusted_book=Money(row["adjusted_book_fen"]),
        adjusted_bank=Money(row["adjusted_bank_fen"]),
        missing_days=tuple(row["missing_days"]),
        item_count=row["items"],
        made_at=row["made_at"],
    )
