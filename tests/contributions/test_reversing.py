"""汇缴冲正: a month goes back with everything that hangs on it, and by no other way."""

from __future__ import annotations

from typing import Any

import pytest

from auth import account_care
from domain import contributions, ledger
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    TODAY,
    balance_of,
    draw,
    key,
    matched_money_arrives,
    person_with_account,
)
from tests.settlement.world import FINANCE, SUPERVISOR, assert_books_hold, audited
from tests.settlement.world import receive as money

pytestmark = pytest.mark.usefixtures("employers")


async def _paid(*numbers: int) -> str:
    """The month's statement paid and distributed for these people. Returns its number."""
    for number in numbers:
        await person_with_account(number)
    drawn = await draw()
    await money("S1", f"{2400 * len(numbers)}.00", remark=drawn.statement_no)
    await matched_money_arrives()
    return drawn.statement_no


async def _reverse(account_no: int, month: YearMonth = DUE) -> int:
    async with database.transaction() as tx:
        return await contributions.reverse_contribution(
            tx, actor=SUPERVISOR, account_no=account_no, month=month, reason="单位误缴", now=NOW, business_date=TODAY
        )


async def _statement(statement_no: str) -> contributions.StatementView:
    return await contributions.statement_of(actor=AGENT, employer_no=EMPLOYER, statement_no=statement_no)


async def test_a_month_goes_back_to_the_employers_balance() -> None:
    statement_no = await _paid(1, 2)
    first, second = 801_000_000_001, 801_000_000_002
    preview = await contributions.preview_reversal(account_no=first, month=DUE)
    assert (preview.amount, preview.statement_no) == (Money.yuan(2400), statement_no)
    await _reverse(first)
    assert await balance_of(first) == Money.zero() and await balance_of(second) == Money.yuan(2400)
    statement = await _statement(statement_no)
    assert (statement.state, statement.distributed, statement.returned) == (
        "distributed", Money.yuan(2400), Money.yuan(2400),
    )  # fmt: skip
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == Money.yuan(2400)
    assert await contributions.months_contributed_consecutively(account_no=first) == 0
    assert (await contributions.account_of(account_no=first)).paid_through is None
    await assert_books_hold()
    for again in (first, 801_000_000_009):
        with pytest.raises(Refused, match=r"reversal\.month"):
            await _reverse(again)
    assert await audited("contribution.reversed") == 1


async def test_the_desk_of_the_books_leaves_it_to_collection() -> None:
    await _paid(1)
    account = 801_000_000_001
    voucher = await database.value("SELECT voucher_id FROM contribution_month WHERE account_no = $1", account)
    with pytest.raises(Refused, match=r"ledger\.voucher_of_statement"):
        await ledger.request_reversal(account_no=account, voucher_id=voucher, reason="单位误缴", actor=FINANCE, now=NOW)
    assert await balance_of(account) == Money.yuan(2400)
    await assert_books_hold()


async def test_money_that_is_set_aside_does_not_go_back() -> None:
    await _paid(1)
    account = 801_000_000_001
    order: Any = contributions.FreezeOrder(
        authority="北京市示范区人民法院", order_no="（2026）京0101执1号", paper=b"%PDF-1.7", until_on=TODAY,
        amount=Money.yuan(1000),
    )  # fmt: skip
    await contributions.freeze_account(
        actor=SUPERVISOR, account_no=account, order=order, request_key=key(), now=NOW, business_date=TODAY
    )
    with pytest.raises(Refused, match=r"ledger\."):
        await _reverse(account)
    assert await balance_of(account) == Money.yuan(2400)
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == Money.zero()
    await assert_books_hold()


async def test_who_asks_needs_the_right_and_a_month_that_was_booked() -> None:
    await _paid(1)
    with pytest.raises(Refused, match=r"reversal\.month"):
        await account_care.ask_reversal(
            actor=COUNTER, account_no=801_000_000_001, month=DUE.minus(months=1), reason="单位误缴", now=NOW
        )
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await account_care.ask_reversal(actor=AGENT, account_no=801_000_000_001, month=DUE, reason="单位误缴", now=NOW)
    assert await database.value("SELECT count(*) FROM approval") == 0
