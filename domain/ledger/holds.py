"""Holds whose last day is over: given back, unless somebody of ours is late with the matter behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction, transaction
from domain.ledger.actions import expire_hold, extend_hold

OpenCases = Callable[[Transaction, int, int], Awaitable[bool]]
"""Whether the case of an account (account_no, case_id) still runs. `ops` gives it; asked with the account locked."""

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptHold:
    account_no: int
    hold_id: int
    case_id: int | None
    extended: bool


async def expire_holds(
    *, business_date: date, now: datetime, is_open: OpenCases, extend_days: int
) -> Sequence[SweptHold]:
    """Every placed hold whose last day is the business date or earlier: it expires, or, while its case runs, stands
    `extend_days` longer, because a citizen does not lose for our being late. Each in a transaction of its own, audited.
    A second call finds none left."""
    swept: list[SweptHold] = []
    after = (0, 0)
    while rows := await database.rows(_DUE, business_date, *after, _CHUNK):
        for row in rows:
            done = await _sweep(row["account_no"], row["hold_id"], business_date, now, is_open, extend_days)
            if done is not None:
                swept.append(done)
        after = (rows[-1]["account_no"], rows[-1]["hold_id"])
    return swept


async def _sweep(
    account_no: int, hold_id: int, business_date: date, now: datetime, is_open: OpenCases, extend_days: int
) -> SweptHold | None:
    async with transaction() as tx:
        await tx.execute("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)
        row = await tx.row(
            "SELECT case_id FROM hold WHERE account_no = $1 AND hold_id = $2 AND state = 'placed' AND expires_on <= $3",
            account_no,
            hold_id,
            business_date,
        )
        if row is None:
            return None
        case_id: int | None = row["case_id"]
        runs = case_id is not None and await is_open(tx, account_no, case_id)
        until = business_date + timedelta(days=extend_days)
        if runs:
            await extend_hold(tx, account_no=account_no, hold_id=hold_id, expires_on=until)
        else:
            await expire_hold(tx, account_no=account_no, hold_id=hold_id, now=now)
        await audit.record(
            tx,
            actor=SYSTEM,
            action="ledger.hold_extended" if runs else "ledger.hold_expired",
            subject=f"account:{account_no}",
            detail={"hold_id": str(hold_id), **({"until": until} if runs else {})},
            now=now,
        )
    return SweptHold(account_no=account_no, hold_id=hold_id, case_id=case_id, extended=runs)


_DUE = """
SELECT account_no, hold_id FROM hold
WHERE state = 'placed' AND expires_on <= $1 AND (account_no, hold_id) > ($2, $3)
ORDER BY account_no, hold_id LIMIT $4
"""
