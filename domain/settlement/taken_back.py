"""银行收回款项: money that a bank takes back (托收冲回, 退票, 退汇), told by a notice or a line of the statement.

It is held until its owner says whose payment it was (`claim_taken_back`) and, when what that payment became is undone,
has it booked (`book_taken_back`). What nobody claims is booked out of suspense by hand (`held_receipts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain import ledger
from domain.kernel import database
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement.accounts import bank_account
from domain.settlement.receiving import record_booking
from domain.settlement.refusals import NOT_FOUND, NOT_STUCK

SAME_PAYER_WITHIN = timedelta(days=90)
"""How long after a payment a reversal that names nothing is still known by payer and amount: our own setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A held reversal. `amount` is what the bank took, above nought; `words` are the references that it names."""

    receipt_id: int
    bank_code: str
    bank_account_code: str
    host_serial_no: str
    amount: Money
    booked_on: date
    payer_name_masked: str
    payer_account_index: bytes | None
    words: tuple[str, ...]
    remark: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A payment that a reversal may mean: by the expectation that it met, or by the item of a collection."""

    way: Literal["serial", "payer"]
    expectation_id: int | None
    collected: str | None


async def taken_back(*, receipt_id: int, using: Executor = database.pool) -> TakenBack:
    """Raises Refused for what is no reversal, is claimed, or was booked by hand meanwhile."""
    row = await using.row(f"{_UNCLAIMED} AND receipt_id = $1", receipt_id)
    if row is None:
        known = await using.value("SELECT 1 FROM bank_receipt WHERE receipt_id = $1", receipt_id)
        raise Refused(NOT_FOUND.on("receiptId") if known is None else NOT_STUCK())
    return _view(row)


async def unclaimed_reversals(*, most: int = 200) -> list[TakenBack]:
    """Those that no owner knows, the oldest first."""
    return [_view(row) for row in await database.rows(f"{_UNCLAIMED} ORDER BY received_at LIMIT $1", most)]


async def originals(*, taken: TakenBack, using: Executor = database.pool) -> list[Original]:
    """The payments whose serial number it names, else those of the same account, payer and amount."""
    named = await using.rows(
        "SELECT expectation_id, NULL AS collected FROM bank_receipt"
        " WHERE bank_code = $1 AND host_serial_no = ANY ($2) AND outcome = 'matched' AND amount_fen > 0"
        " UNION SELECT NULL, i.owner_reference FROM bank_batch_item i JOIN bank_batch b USING (batch_id)"
        " JOIN bank_account a ON a.code = b.bank_account_code"
        " WHERE b.direction = 'collect' AND i.host_serial_no = ANY ($2) AND a.bank_code = $1",
        taken.bank_code,
        list(taken.words),
    )
    if named:
        return [_original("serial", row) for row in named]
    same = await using.rows(
        "SELECT expectation_id, NULL AS collected FROM bank_receipt WHERE payer_account_index = $1"
        " AND amount_fen = $2 AND outcome = 'matched' AND bank_account_code = $3 AND booked_on >= $4"
        " AND received_at <= $5",
        taken.payer_account_index,
        taken.amount.fen,
        taken.bank_account_code,
        taken.booked_on - SAME_PAYER_WITHIN,
        # one that came later is the payer's second try
        taken.received_at,
    )
    return [_original("payer", row) for row in same]


async def claim_taken_back(tx: Transaction, *, receipt_id: int) -> bool:
    """The owner has it: nobody books it by hand any more. False when somebody was first."""
    status = await tx.execute(
        "UPDATE bank_receipt SET outcome = 'matched' WHERE receipt_id = $1 AND state = 'held'"
        " AND reason = 'bank_reversal' AND outcome <> 'matched'",
        receipt_id,
    )
    return status.endswith(" 1")


async def book_taken_back(
    tx: Transaction, *, receipt_id: int, debit: Sequence[Line], prepared_by: str, now: datetime, business_date: date
) -> int:
    """Dr what the owner names, Cr the bank. Returns the voucher; the receipt was claimed before."""
    receipt = await tx.row("SELECT * FROM bank_receipt WHERE receipt_id = $1 FOR UPDATE", receipt_id)
    assert receipt is not None and receipt["state"] == "held" and receipt["outcome"] == "matched", receipt_id
    account = await bank_account(code=receipt["bank_account_code"], using=tx)
    amount = Money(-receipt["amount_fen"])
    voucher_id = await ledger.post_general(
        tx,
        account_set=account.account_set,
        business_key=f"receipt:{receipt['bank_code']}:{receipt['booked_on']:%Y%m%d}:{receipt['host_serial_no']}",
        kind=VoucherKind.OTHER,
        summary=f"银行收回款项 {receipt['host_serial_no']}",
        lines=[*debit, Line(subject=account.subject, side="C", amount=amount, auxiliary=account.code)],
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
        amount=-amount,
        voucher_id=voucher_id,
    )
    await tx.execute(
        "UPDATE bank_receipt SET state = 'booked', voucher_id = $2, booked_at = $3 WHERE receipt_id = $1",
        receipt_id,
        voucher_id,
        now,
    )
    return voucher_id


# flexible employment and the housing funds have no statements of employers
_UNCLAIMED = """
SELECT * FROM bank_receipt WHERE state = 'held' AND reason = 'bank_reversal' AND outcome <> 'matched'
    AND account_set = 'provident_fund'
"""


def _view(row: Record) -> TakenBack:
    return TakenBack(
        receipt_id=row["receipt_id"],
        bank_code=row["bank_code"],
        bank_account_code=row["bank_account_code"],
        host_serial_no=row["host_serial_no"],
        amount=Money(-row["amount_fen"]),
        booked_on=row["booked_on"],
        payer_name_masked=row["payer_name_masked"],
        payer_account_index=row["payer_account_index"],
        words=tuple(row["words"]),
        remark=row["remark"],
        received_at=row["received_at"],
    )


def _original(way: Literal["serial", "payer"], row: Record) -> Original:
    return Original(way=way, expectation_id=row["expectation_id"], collected=row["collected"])
