"""Days and months of books for tests, and the people who close them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from domain import ledger
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger import BookBlocker, Line
from tests.ledger.accounts import BANK, TODAY, noon, open_account, pay_in, pay_out

# The last whole month that does not end a quarter, with another whole one behind it.
MONTH = next(month for month in (YearMonth.of(TODAY).minus(months=n) for n in (2, 3)) if month.month % 3 != 0)
QUARTER_END = next(month for month in (YearMonth.of(TODAY).minus(months=n) for n in (2, 3, 4)) if month.month % 3 == 0)
FIRST, LAST = MONTH.first_day, MONTH.last_day
THIRD = FIRST + timedelta(days=2)
SET = "provident_fund"


def finance(number: int = 1) -> Actor:
    return Actor(
        kind="staff", channel="backoffice", name=f"财务{number}", staff_id=number, roles=frozenset({Role.FINANCE})
    )


async def nothing_else(period: YearMonth) -> Sequence[BookBlocker]:
    return []


async def receipt(*, fen: int, key: str, on: date, subject: str = "40101", account_set: str = SET) -> int:
    """A general voucher: bank interest received."""
    bank_subject = "1001" if account_set == "maintenance_fund" else "102" if account_set != SET else "101"
    async with database.transaction() as tx:
        return await ledger.post_general(
            tx,
            account_set=account_set,
            business_key=key,
            kind="99",
            summary="收到利息",
            lines=[
                Line(subject=bank_subject, side="D", amount=Money(fen), auxiliary=BANK),
                Line(subject=subject, side="C", amount=Money(fen)),
            ],
            effective_on=on,
            posted_on=on,
            now=noon(on),
            prepared_by="staff:1",
        )


async def expense(*, fen: int, key: str, on: date, subject: str, account_set: str = SET) -> int:
    bank_subject = "1001" if account_set == "maintenance_fund" else "101"
    async with database.transaction() as tx:
        return await ledger.post_general(
            tx,
            account_set=account_set,
            business_key=key,
            kind="99",
            summary="支付费用",
            lines=[
                Line(subject=subject, side="D", amount=Money(fen)),
                Line(subject=bank_subject, side="C", amount=Money(fen), auxiliary=BANK),
            ],
            effective_on=on,
            posted_on=on,
            now=noon(on),
            prepared_by="staff:1",
        )


async def remit(account_no: int, *, fen: int, key: str, on: date) -> int:
    async with database.transaction() as tx:
        return await pay_in(tx, account_no=account_no, fen=fen, key=key, on=on)


async def withdraw(account_no: int, *, fen: int, key: str, on: date) -> int:
    async with database.transaction() as tx:
        return await pay_out(tx, account_no=account_no, fen=fen, key=key, posted_on=on)


async def a_month() -> int:
    """An account with a remittance on the first day, two withdrawals on the third, bank interest on the fifth."""
    account_no = await open_account(fen=1_000_000, on=FIRST)
    await withdraw(account_no, fen=20_000, key="w:1", on=FIRST + timedelta(days=2))
    await withdraw(account_no, fen=30_000, key="w:2", on=FIRST + timedelta(days=2))
    await receipt(fen=7_000, key="interest", on=FIRST + timedelta(days=4))
    return account_no


async def day_ended(day: date) -> None:
    """The steps of the books, one after the other."""
    now = noon(day + timedelta(days=1))
    if day == YearMonth.of(day).last_day:
        await ledger.accrue_interest(business_date=day, now=now)
        if day.month % 3 == 0:
            await ledger.carry_over_quarter(business_date=day, now=now)
    await ledger.close_day(business_date=day, now=now)
    await ledger.gather_day(business_date=day, now=now)
    await ledger.seal_day(business_date=day, now=now)


async def closed(period: YearMonth = MONTH, *, account_set: str = SET, by: int = 1) -> None:
    await ledger.close_period(
        account_set=account_set,
        period=period,
        actor=finance(by),
        now=noon(TODAY),
        checks=[nothing_else],
    )


async def sound() -> None:
    assert [r for r in await ledger.prove(invariants=ledger.INVARIANTS) if not r.holds] == []
