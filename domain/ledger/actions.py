"""Holds and vouchers. Every movement is one call of a database function, the only writer of the ledger.

Each call carries a business key: the same key with the same input changes nothing and answers as before, with other
input it is refused. All run in the caller's transaction and lock the account's balance row first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.kernel.database import Transaction
from domain.kernel.digest import input_hash, plain
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger.postings import PROVIDENT_FUND_SET, Line, VoucherKind
from domain.ledger.refusals import refusals


async def open_account(tx: Transaction, *, account_no: int, opened_on: date) -> None:
    """Gives a new account its balance row; interest begins with what it gets."""
    await tx.execute("SELECT ledger_open_account($1, $2)", account_no, opened_on)


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
    with refusals():
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
    with refusals():
        ended: bool = await tx.value("SELECT ledger_end_hold($1, $2, 'voided', $3)", account_no, hold_id, now)
    return ended


async def extend_hold(tx: Transaction, *, account_no: int, hold_id: int, expires_on: date) -> bool:
    """Keeps a hold longer; False when it was good until then anyhow. Refused when it has ended."""
    with refusals():
        extended: bool = await tx.value("SELECT ledger_extend_hold($1, $2, $3)", account_no, hold_id, expires_on)
    return extended


async def expire_hold(tx: Transaction, *, account_no: int, hold_id: int, now: datetime) -> bool:
    """Ends a hold whose last day is over. False when it had expired already; Refused when it is still good, was
    posted or voided."""
    with refusals():
        ended: bool = await tx.value("SELECT ledger_end_hold($1, $2, 'expired', $3)", account_no, hold_id, now)
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
    account_set: str = PROVIDENT_FUND_SET,
    hold_id: int | None = None,
    case_id: int | None = None,
    event_kind: str | None = None,
    event: dict[str, object] | None = None,
) -> int:
    """Posts one voucher and returns its id; with a business key that stands already, the earlier voucher's id.

    `effective_on` is the day from which the money counts (interest), `posted_on` the day of the books, which passes
    on to the first open day when it has closed meanwhile. With `hold_id` the hold is posted in the same step and must
    equal the amount that leaves the account. The event goes to the outbox with the voucher. Raises Refused
    (`ledger.*`); an unbalanced voucher is a bug."""
    content = checked(lines, business_key=business_key)
    digest = input_hash({"kind": kind, "lines": content, "hold_id": hold_id, "effective_on": effective_on})
    with refusals():
        voucher_id: int = await tx.value(
            "SELECT ledger_post($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,NULL,NULL,$17,$18,$19)",
            account_no,
            new_id(),
            business_key,
            digest,
            account_set,
            kind,
            summary,
            case_id,
            effective_on,
            posted_on,
            now,
            hold_id,
            [line.subject for line in lines],
            [line.side for line in lines],
            [line.amount.fen for line in lines],
            [line.auxiliary for line in lines],
            new_id() if event_kind else None,
            event_kind,
            plain(event or {}),
        )
    return voucher_id


async def reverse(
    tx: Transaction,
    *,
    account_no: int,
    voucher_id: int,
    reason: str,
    posted_on: date,
    now: datetime,
    event_kind: str | None = None,
    event: dict[str, object] | None = None,
) -> int:
    """Reverses (冲正) a voucher of the account, or the account's line of a batch: the same lines the other way,
    counting from the same day, so that interest is undone with it. Returns the reversal's id; once reversed with this
    reason, the same id again. Raises Refused when it is a reversal itself, was reversed otherwise, or the balance
    does not cover what has to go back."""
    assert reason.strip(), "a reversal has a reason"
    with refusals():
        reversal_id: int = await tx.value(
            "SELECT ledger_reverse($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
            account_no,
            voucher_id,
            new_id(),
            f"reversal:{voucher_id}",
            input_hash({"reverses": voucher_id, "reason": reason}),
            reason,
            posted_on,
            now,
            new_id() if event_kind else None,
            event_kind,
            plain(event or {}),
        )
    return reversal_id


async def settle_interest(tx: Transaction, *, account_no: int, business_date: date, now: datetime) -> Money:
    """Capitalises the interest of every 30 June before the date that the account has not had yet, and carries the year
    over. The amount is zero when it is settled already. Every movement does this by itself first."""
    with refusals():
        fen: int = await tx.value("SELECT ledger_settle_account($1, $2, $3)", account_no, business_date, now)
    return Money(fen)


def checked(lines: Sequence[Line], *, business_key: str) -> list[dict[str, object]]:
    """The lines as the database takes them. Raises AssertionError unless they balance."""
    assert lines, "a voucher has lines"
    debit = sum(line.amount.fen for line in lines if line.side == "D")
    credit = sum(line.amount.fen for line in lines if line.side == "C")
    assert debit == credit > 0, f"voucher {business_key} does not balance: {debit} / {credit}"
    return [line.as_json() for line in lines]
