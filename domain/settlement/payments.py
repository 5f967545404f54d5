"""Payments to persons, told to a bank once.

States: prepared → sending → (processing | unknown) → confirmed | rejected. `sending` is committed before the network
is touched, so whoever finds a payment in it later knows that the bank may have it and asks before anything else.
These functions keep the payment's row; what a result means for the matter is the caller's, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain.kernel import database, vault
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import mask_card, new_id
from domain.kernel.money import Money
from domain.settlement.ports import PARTIAL_WITHDRAWAL, PaymentOrder, PaymentOutcome, SettlementGateway

PaymentState = Literal["prepared", "sending", "processing", "unknown", "confirmed", "rejected"]

ENDED: frozenset[str] = frozenset({"confirmed", "rejected"})

STATE_NAMES: dict[str, str] = {
    "prepared": "待发送银行",
    "sending": "已发送银行",
    "processing": "银行处理中",
    "unknown": "等待银行确认",
    "confirmed": "已到账",
    "rejected": "银行退回",
}

# A bank that does not know a serial number may still be receiving it: only this long after the first attempt is
# "not found" taken as "never arrived", and the same serial number presented again.
REPRESENT_AFTER = timedelta(minutes=2)

_QUERY_DELAYS = (2, 5, 15, 30, 60, 120, 300, 600, 1800)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    account_no: int
    payment_id: int
    case_id: int
    serial_no: str
    bank_code: str
    bank_name: str
    payee_account_masked: str
    amount: Money
    state: PaymentState
    state_name: str
    last_message: str | None
    business_date: date
    prepared_at: datetime
    sent_at: datetime | None
    next_query_at: datetime | None
    ended_at: datetime | None


async def prepare_payment(
    tx: Transaction,
    *,
    account_no: int,
    case_id: int,
    bank_code: str,
    payee_account_no: str,
    payee_name: str,
    amount: Money,
    summary: str,
    business_date: date,
    now: datetime,
) -> int:
    """Writes the order to pay; nothing is sent yet. One case is paid once (unique key). Returns the payment's id."""
    payment_id = new_id()
    sealed = vault.current()
    await tx.execute(
        "INSERT INTO payment (account_no, payment_id, case_id, serial_no, bank_code, payer_account_no,"
        " payee_account_cipher, payee_account_masked, payee_name_cipher, amount_fen, business_type, summary,"
        " business_date, state, prepared_at, next_query_at)"
        " SELECT $1, $2, $3, $4, b.code, b.fund_account_no, $6, $7, $8, $9, $10, $11, $12, 'prepared', $13, $13"
        " FROM entrusted_bank b WHERE b.code = $5",
        account_no,
        payment_id,
        case_id,
        f"P{payment_id}"[:20],
        bank_code,
        sealed.encrypt(payee_account_no),
        mask_card(payee_account_no),
        sealed.encrypt(payee_name),
        amount.fen,
        PARTIAL_WITHDRAWAL,
        summary,
        business_date,
        now,
    )
    return payment_id


async def present(
    *, account_no: int, payment_id: int, gateway: SettlementGateway, now: datetime
) -> PaymentOutcome | None:
    """One step with the bank, outside any transaction: tells it a prepared payment, or asks what became of one that
    may have been told. None when the payment has ended already. Safe to call again after a crash at any point."""
    async with database.transaction() as tx:
        row = await _locked(tx, account_no=account_no, payment_id=payment_id)
        if row["state"] in ENDED:
            return None
        first_time = row["state"] == "prepared"
        if first_time:
            await tx.execute(
                "UPDATE payment SET state = 'sending', sent_at = $3, next_query_at = $4"
                " WHERE account_no = $1 AND payment_id = $2",
                account_no,
                payment_id,
                now,
                now + timedelta(seconds=_QUERY_DELAYS[0]),
            )
    if first_time:
        return await gateway.pay(order=_order(row), now=now)
    outcome = await gateway.query(
        serial_no=row["serial_no"], bank_code=row["bank_code"], business_date=row["business_date"], now=now
    )
    if outcome.status != "not_found" or now < row["sent_at"] + REPRESENT_AFTER:
        return outcome
    # The bank says itself, late enough, that it never saw this serial number; it refuses to book one twice.
    await database.execute(
        "UPDATE payment SET sent_at = $3 WHERE account_no = $1 AND payment_id = $2",
        account_no,
        payment_id,
        now,
    )
    return await gateway.pay(order=_order(row), now=now)


async def record_outcome(
    tx: Transaction, *, account_no: int, payment_id: int, outcome: PaymentOutcome, now: datetime
) -> tuple[PaymentView, bool]:
    """Keeps what the bank said. The second value is True when this outcome ended the payment: then, and only then,
    the caller books it. A late or doubled answer to an ended payment changes nothing."""
    row = await _locked(tx, account_no=account_no, payment_id=payment_id)
    if row["state"] in ENDED:
        return await payment_of(using=tx, account_no=account_no, payment_id=payment_id), False
    state = outcome.status if outcome.status != "not_found" else "unknown"
    if state == "confirmed" and outcome.amount is not None and outcome.amount.fen != row["amount_fen"]:
        # The bank confirms something else than was ordered: a matter for people, never for the books.
        state = "unknown"
    ended = state in ENDED
    delay = _QUERY_DELAYS[min(row["queries"], len(_QUERY_DELAYS) - 1)]
    await tx.execute(
        "UPDATE payment SET state = $3, queries = queries + 1, last_code = $4, last_message = $5,"
        " bank_serial_no = coalesce($6, bank_serial_no), ended_at = $7, next_query_at = $8"
        " WHERE account_no = $1 AND payment_id = $2",
        account_no,
        payment_id,
        state,
        outcome.code,
        outcome.message,
        outcome.bank_serial_no,
        now if ended else None,
        None if ended else now + timedelta(seconds=delay),
    )
    return await payment_of(using=tx, account_no=account_no, payment_id=payment_id), ended


async def payment_of(*, account_no: int, payment_id: int, using: Executor = database.pool) -> PaymentView:
    row = await using.row(f"{_VIEW} WHERE p.account_no = $1 AND p.payment_id = $2", account_no, payment_id)
    assert row is not None, f"payment {payment_id} is unknown"
    return _view(row)


async def payment_of_case(*, account_no: int, case_id: int, using: Executor = database.pool) -> PaymentView | None:
    """The payment of a case, or None while nothing was approved."""
    row = await using.row(f"{_VIEW} WHERE p.account_no = $1 AND p.case_id = $2", account_no, case_id)
    return None if row is None else _view(row)


async def payments_due(*, now: datetime, most: int = 100) -> list[tuple[int, int]]:
    """(account_no, payment_id) of open payments whose next step is due."""
    rows = await database.rows(
        "SELECT account_no, payment_id FROM payment WHERE state NOT IN ('confirmed', 'rejected')"
        " AND next_query_at <= $1 ORDER BY next_query_at LIMIT $2",
        now,
        most,
    )
    return [(row["account_no"], row["payment_id"]) for row in rows]


_VIEW = "SELECT p.*, b.name AS bank_name FROM payment p JOIN entrusted_bank b ON b.code = p.bank_code"


async def _locked(tx: Transaction, *, account_no: int, payment_id: int) -> Record:
    row = await tx.row(
        "SELECT * FROM payment WHERE account_no = $1 AND payment_id = $2 FOR UPDATE", account_no, payment_id
    )
    assert row is not None, f"payment {payment_id} is unknown"
    return row


def _order(row: Record) -> PaymentOrder:
    sealed = vault.current()
    return PaymentOrder(
        serial_no=row["serial_no"],
        bank_code=row["bank_code"],
        payer_account_no=row["payer_account_no"],
        payee_account_no=sealed.decrypt(row["payee_account_cipher"]),
        payee_name=sealed.decrypt(row["payee_name_cipher"]),
        amount=Money(row["amount_fen"]),
        summary=row["summary"],
        business_type=row["business_type"],
        business_date=row["business_date"],
    )


def _view(row: Record) -> PaymentView:
    return PaymentView(
        account_no=row["account_no"],
        payment_id=row["payment_id"],
        case_id=row["case_id"],
        serial_no=row["serial_no"],
        bank_code=row["bank_code"],
        bank_name=row["bank_name"],
        payee_account_masked=row["payee_account_masked"],
        amount=Money(row["amount_fen"]),
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        last_message=row["last_message"],
        business_date=row["business_date"],
        prepared_at=row["prepared_at"],
        sent_at=row["sent_at"],
        next_query_at=row["next_query_at"],
        ended_at=row["ended_at"],
    )
