"""Holds and vouchers. Every movement is one call of a database function, the only writer of the ledger.

Each call carries a business key: the same key with the same input changes nothing and answers as before, with other
input it is refused. All run in the caller's transaction and lock the account's balance row first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from asyncpg.exceptions import PostgresError

from domain.kernel.database import Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.digest import input_hash, plain
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger.postings import PROVIDENT_FUND_SET, Line, VoucherKind
from domain.ledger.refusals import BY_SQLSTATE


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except PostgresError as error:
        kind = BY_SQLSTATE.get(getattr(error, "sqlstate", ""))
        if kind is None:
            raise
        raise Refused(kind()) from error


async def open_account(tx: Transaction, *, account_no: int) -> None:
    """Gives a new account its balance row."""
    await tx.execute("SELECT ledger_open_account($1)", account_no)


async def place_hold(
    tx: Transaction,
    *,
    account_no: int,
    hold_id: int,
    business_key: str,
    amount: Money,
    case_id: int | None,
    reason: str,
    expires_on: date,
    now: datetime,
) -> bool:
    """Sets an amount aside. False when the key had placed it already. Raises Refused when the available balance
    does not cover it or the account may not be moved."""
    digest = input_hash({"amount": amount, "case_id": case_id, "reason": reason})
    with _refusals():
        placed: bool = await tx.value(
            "SELECT ledger_place_hold($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            account_no,
            hold_id,
            business_key,
            digest,
            amount.fen,
            case_id,
            reason,
            expires_on,
            now,
        )
    return placed


async def void_hold(tx: Transaction, *, account_no: int, hold_id: int, now: datetime) -> bool:
    """Gives the amount back. False when it was voided already; Refused when it was posted or has expired."""
    with _refusals():
        ended: bool = await tx.value("SELECT ledger_end_hold($1, $2, 'voided', $3)", account_no, hold_id, now)
    return ended


async def post(
    tx: Transaction,
    *,
    account_no: int,
    business_key: str,
    kind: VoucherKind,
    summary: str,
    lines: Sequence[Line],
    effective_on: date,
    posted_on: date,
    now: datetime,
    hold_id: int | None = None,
    case_id: int | None = None,
    event_kind: str | None = None,
    event: dict[str, object] | None = None,
) -> int:
    """Posts one voucher and returns its id; with a business key that stands already, the earlier voucher's id.

    With `hold_id` the hold is posted in the same step and must equal the amount that leaves the account. The event
    goes to the outbox with the voucher. Raises Refused (`ledger.*`); an unbalanced voucher is a bug."""
    assert lines, "a voucher has lines"
    debit = sum(line.amount.fen for line in lines if line.side == "D")
    credit = sum(line.amount.fen for line in lines if line.side == "C")
    assert debit == credit > 0, f"voucher {business_key} does not balance: {debit} / {credit}"
    content = [line.as_json() for line in lines]
    digest = input_hash({"kind": kind, "lines": content, "hold_id": hold_id, "effective_on": effective_on})
    with _refusals():
        voucher_id: int = await tx.value(
            "SELECT ledger_post($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,NULL,$15,$16,$17)",
            account_no,
            YearMonth.of(posted_on).period,
            new_id(),
            business_key,
            digest,
            PROVIDENT_FUND_SET,
            kind,
            summary,
            case_id,
            effective_on,
            posted_on,
            now,
            hold_id,
            content,
            new_id() if event_kind else None,
            event_kind,
            plain(event or {}),
        )
    return voucher_id
