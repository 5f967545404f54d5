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
from domain.settlement.ports import (
    PARTIAL_WITHDRAWAL,
    SAME_BANK,
    AccountClass,
    PaymentOrder,
    PaymentOutcome,
    SettlementGateway,
    SettleType,
)

CENTRE = 0
"""`account_no` of payments that no personal account has a part in: the centre's own, see `centre_payments`."""

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

QUERY_DELAYS = (2, 5, 15, 30, 60, 120, 300, 600, 1800)
"""Seconds until the next question, by how often was asked."""


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
    bank_serial_no: str | None
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
    business_type: str = PARTIAL_WITHDRAWAL,
    payer_account_no: str | None = None,
    payee_bank_code: str | None = None,
    payee_class: AccountClass = "1",
    settle_type: SettleType = SAME_BANK,
) -> int:
    """Writes the order to pay; nothing is sent yet. One case is paid once (unique key). Returns the payment's id.
    Paid from the bank's fund account unless `payer_account_no` names another account of the centre there."""
    payment_id = new_id()
    sealed = vault.current()
    await tx.execute(
        "INSERT INTO payment (account_no, payment_id, case_id, serial_no, bank_code, payer_account_no,"
        " payee_account_cipher, payee_account_masked, payee_name_cipher, amount_fen, business_type, summary,"
        " business_date, state, prepared_at, next_query_at, payee_bank_code, payee_class, settle_type)"
        " SELECT $1, $2, $3, $4, b.code, coalesce($14, b.fund_account_no), $6, $7, $8, $9, $10, $11, $12, 'prepared',"
        " $13, $13, $15, $16, $17 FROM entrusted_bank b WHERE b.code = $5",
        account_no,
        payment_id,
        case_id,
        f"P{payment_id}"[:20],
        bank_code,
        sealed.encrypt(payee_account_no),
        mask_card(payee_account_no),
        sealed.encrypt(payee_name),
        amount.fen,
        business_type,
        summary,
        business_date,
        now,
        payer_account_no,
        payee_bank_code,
        payee_class,
        settle_type,
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
                now + timedelta(seconds=QUERY_DELAYS[0]),
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
    delay = QUERY_DELAYS[min(row["queries"], len(QUERY_DELAYS) - 1)]
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


async def set_aside_payment(tx: Transaction, *, account_no: int, case_id: int) -> None:
    """A prepared payment that no bank was told of waits until it is taken up or called off."""
    await tx.execute(
        "UPDATE payment SET next_query_at = NULL WHERE account_no = $1 AND case_id = $2 AND state = 'prepared'",
        account_no,
        case_id,
    )


async def take_up_payment(
    tx: Transaction, *, account_no: int, payment_id: int, business_date: date, now: datetime
) -> None:
    """A payment that was set aside goes on, as of today."""
    status = await tx.execute(
        "UPDATE payment SET next_query_at = $3, business_date = $4"
        " WHERE account_no = $1 AND payment_id = $2 AND state = 'prepared'",
        account_no,
        payment_id,
        now,
        business_date,
    )
    assert status.endswith(" 1"), f"payment {payment_id} was not set aside"


async def call_off_payment(tx: Transaction, *, account_no: int, case_id: int, message: str, now: datetime) -> None:
    """A prepared payment ends before any bank was told of it; nothing happens where there is none."""
    await tx.execute(
        "UPDATE payment SET state = 'rejected', last_code = 'called_off', last_message = $3, ended_at = $4,"
        " next_query_at = NULL WHERE account_no = $1 AND case_id = $2 AND state = 'prepared'",
        account_no,
        case_id,
        message,
        now,
    )


async def payment_of(*, account_no: int, payment_id: int, using: Executor = database.pool) -> PaymentView:
    row = await using.row(f"{_VIEW} WHERE p.account_no = $1 AND p.payment_id = $2", account_no, payment_id)
    assert row is not None, f"payment {payment_id} is unknown"
    return _view(row)


async def payment_of_case(*, account_no: int, case_id: int, using: Executor = database.pool) -> PaymentView | None:
    """The payment of a case, or None while nothing was approved."""
    row = await using.row(f"{_VIEW} WHERE p.account_no = $1 AND p.case_id = $2", account_no, case_id)
    return None if row is None else _view(row)


async def payments_due(*, now: datetime, most: int = 100) -> list[tuple[int, int]]:
    """(account_no, payment_id) of open payments of personal accounts whose next step is due."""
    rows = await database.rows(
        "SELECT account_no, payment_id FROM payment WHERE state NOT IN ('confirmed', 'rejected')"
        " AND account_no <> $3 AND next_query_at <= $1 ORDER BY next_query_at LIMIT $2",
        now,
        most,
        CENTRE,
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
        settle_type=row["settle_type"],
        payee_bank_code=row["payee_bank_code"],
        payee_class=row["payee_class"],
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
        bank_serial_no=row["bank_serial_no"],
        business_date=row["business_date"],
        prepared_at=row["prepared_at"],
        sent_at=row["sent_at"],
        next_query_at=row["next_query_at"],
        ended_at=row["ended_at"],
    )
