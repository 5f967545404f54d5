"""Accounts for the tests of the ledger, opened with the application's own rights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from domain import ledger
from domain.kernel import database
from domain.kernel.database import Transaction
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger import VoucherKind

NOW = datetime.now(UTC)
TODAY: date = business_date_of(NOW)
BANK = "105"


async def open_account(
    *, fen: int = 0, state: str = "01", on: date = TODAY, account_set: str = "provident_fund"
) -> int:
    """A new account with a first remittance of `fen`, then in `state`; returns its number."""
    account_no = new_id()
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO account (account_no, person_id, employer_no, office_code, base_fen, monthly_contribution_fen,"
            " opened_on, account_set) VALUES ($1, $1, 1, '01', 1000000, 240000, $2, $3)",
            account_no,
            on,
            account_set,
        )
        await ledger.open_account(tx, account_no=account_no, opened_on=on)
        if fen:
            await pay_in(tx, account_no=account_no, fen=fen, key="opening", on=on, account_set=account_set)
        if state != "01":
            await tx.execute("UPDATE account SET state = $2 WHERE account_no = $1", account_no, state)
    return account_no


def noon(day: date) -> datetime:
    """An instant of a business date in Beijing."""
    return datetime.combine(day, time(12), tzinfo=SHANGHAI)


async def pay_in(
    tx: Transaction,
    *,
    account_no: int,
    fen: int,
    key: str,
    event_kind: str | None = None,
    on: date = TODAY,
    counts_from: date | None = None,
    account_set: str = "provident_fund",
) -> int:
    return await ledger.post(
        tx,
        account_no=account_no,
        business_key=key,
        kind=VoucherKind.REMITTANCE,
        summary="汇缴",
        lines=ledger.contribution_lines(amount=Money(fen), bank_code=BANK),
        effective_on=counts_from or on,
        posted_on=on,
        now=NOW if on == TODAY else noon(on),
        account_set=account_set,
        event_kind=event_kind,
        event={"note": "test"} if event_kind else None,
    )


async def pay_out(
    tx: Transaction,
    *,
    account_no: int,
    fen: int,
    key: str,
    hold_id: int | None = None,
    case_id: int | None = None,
    posted_on: date = TODAY,
    counts_from: date | None = None,
) -> int:
    return await ledger.post(
        tx,
        account_no=account_no,
        business_key=key,
        kind=VoucherKind.PARTIAL_WITHDRAWAL,
        summary="提取",
        lines=ledger.withdrawal_lines(amount=Money(fen), bank_code=BANK),
        effective_on=counts_from or min(TODAY, posted_on),
        posted_on=posted_on,
        now=NOW if posted_on >= TODAY else noon(posted_on),
        hold_id=hold_id,
        case_id=case_id,
        event_kind="payment.confirmed",
    )


async def hold(
    tx: Transaction, *, account_no: int, fen: int, key: str, hold_id: int | None = None, until: date | None = None
) -> int:
    """Places a hold and returns its id."""
    hold_id = hold_id or new_id()
    await ledger.place_hold(
        tx,
        account_no=account_no,
        hold_id=hold_id,
        business_key=key,
        amount=Money(fen),
        case_id=None,
        reason="rent",
        expires_on=until or TODAY + timedelta(days=90),
        now=NOW,
    )
    return hold_id


async def books_of(account_no: int) -> dict[str, object]:
    """Everything the ledger keeps about an account, to compare before and after a refusal."""
    return {
        table: [
            tuple(row) for row in await database.rows(f"SELECT * FROM {table} WHERE account_no = $1{order}", account_no)
        ]
        for table, order in (
            ("account_balance", ""),
            ("hold", " ORDER BY hold_id"),
            ("voucher", " ORDER BY voucher_id"),
            ("posting", " ORDER BY voucher_id, line_no"),
            ("outbox", " ORDER BY event_id"),
        )
    }
