"""Reading the books of one account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.kernel import database
from domain.kernel.database import Executor, Record
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.ledger.postings import KIND_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The account's balance; `available` is what no hold has set aside."""

    balance: Money
    held: Money

    @property
    def available(self) -> Money:
        return self.balance - self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One movement of a personal account, newest first in lists."""

    account_no: int
    sequence: int
    voucher_no: str
    line_no: int
    kind: str
    kind_name: str
    side: Literal["in", "out"]
    amount: Money
    balance_before: Money
    balance_after: Money
    business_date: date
    summary: str


async def balance_of(*, account_no: int, using: Executor = database.pool) -> Balance:
    """Raises AssertionError for an account that was never opened in the ledger."""
    row = await using.row("SELECT balance_fen, held_fen FROM account_balance WHERE account_no = $1", account_no)
    assert row is not None, f"account {account_no} has no balance row"
    return Balance(balance=Money(row["balance_fen"]), held=Money(row["held_fen"]))


async def lock_account(tx: Executor, *, account_no: int) -> None:
    """The account's row lock: what an action takes before it reads the balance that it judges. `account_balance` cannot
    be locked by the application's role, so the account itself is, in the same order as by the ledger's functions.
    A statement of its own: one that waited for the lock would go on with the balance of before."""
    await tx.execute("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)


async def entries_of(*, account_no: int, first: int, after: str | None) -> Page[EntryView]:
    """Movements, newest first. The caller has checked that the account is the actor's to see."""
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    before = cursor[0] if cursor else None
    rows = await database.rows(_ENTRIES, account_no, before, limit + 1)
    total: int = await database.value("SELECT posting_count FROM account_balance WHERE account_no = $1", account_no)
    return cut(rows=[_entry(row) for row in rows], first=limit, total=total or 0, key=lambda entry: [entry.sequence])


# The lines first: a month's few are sorted, and only those shown are joined.
_ENTRIES = """
SELECT p.account_no, p.sequence, p.voucher_id, p.line_no, p.side, p.amount_fen, p.balance_before_fen,
       p.balance_after_fen, coalesce(v.kind, g.kind) AS kind, coalesce(v.summary, g.summary) AS summary,
       coalesce(v.posted_on, g.posted_on) AS posted_on
FROM (SELECT * FROM posting
      WHERE account_no = $1 AND sequence IS NOT NULL AND ($2::bigint IS NULL OR sequence < $2)
      ORDER BY sequence DESC LIMIT $3) p
LEFT JOIN voucher v ON v.account_no = p.account_no AND v.period = p.period AND v.voucher_id = p.voucher_id
LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = p.voucher_id
ORDER BY p.sequence DESC
"""


def _entry(row: Record) -> EntryView:
    return EntryView(
        account_no=row["account_no"],
        sequence=row["sequence"],
        voucher_no=str(row["voucher_id"]),
        line_no=row["line_no"],
        kind=row["kind"],
        kind_name=KIND_NAMES.get(row["kind"], "其他"),
        side="in" if row["side"] == "C" else "out",
        amount=Money(row["amount_fen"]),
        balance_before=Money(row["balance_before_fen"]),
        balance_after=Money(row["balance_after_fen"]),
        business_date=row["posted_on"],
        summary=row["summary"],
    )
