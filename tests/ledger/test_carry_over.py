"""What the end of a month and of a quarter makes: interest accrued, income and expense carried over, statements."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import TODAY, noon, open_account
from tests.ledger.books import MONTH, QUARTER_END, SET, closed, day_ended, expense, receipt, remit, sound, withdraw

pytestmark = [pytest.mark.requirement("R14.1")]
Q_LAST = QUARTER_END.last_day
AFTER = noon(Q_LAST + timedelta(days=1))


async def _balances(account_set: str = SET, period: YearMonth = QUARTER_END) -> dict[str, int]:
    lines = await ledger.trial_balance(account_set=account_set, period=period)
    return {line.subject: line.closing.fen for line in lines}


def _days(start: date, end: date) -> int:
    return (end - start).days


async def _earned(fen: int, days: int) -> int:
    """By the rule itself: 1.5 % a year of 360 days, half up."""
    return (fen * days * 15000 + 180_000_000) // 360_000_000


async def test_a_month_accrues_what_accounts_have_earned(database: str) -> None:
    first, last = MONTH.first_day, MONTH.last_day
    # begun after a 30 June, so that no settlement lies between
    account_no = await open_account(fen=100_000_000, on=first)
    await withdraw(account_no, fen=40_000_000, key="w", on=first + timedelta(days=10))
    assert await ledger.accrue_interest(business_date=last, now=noon(last + timedelta(1))) == 1
    days = _days(first, last) + 1
    product = 100_000_000 * days - 40_000_000 * (days - 10)
    earned = (product * 15000 + 180_000_000) // 360_000_000
    assert (await _balances(period=MONTH))["211"] == (await _balances(period=MONTH))["41101"] == earned
    async with nothing_changed():
        assert await ledger.accrue_interest(business_date=last, now=noon(last + timedelta(1))) == 0


async def test_the_next_month_accrues_only_what_came_since(database: str) -> None:
    first = MONTH.first_day
    await open_account(fen=100_000_000, on=first)
    following = MONTH.plus(months=1)
    for month in (MONTH, following):
        await ledger.accrue_interest(business_date=month.last_day, now=noon(month.last_day + timedelta(1)))
    days = _days(first, following.last_day) + 1
    assert (await _balances(period=following))["211"] == await _earned(100_000_000, days)
    kept = await store.rows("SELECT business_key FROM general_voucher ORDER BY business_key")
    assert [row["business_key"] for row in kept] == [f"accrual:{MONTH}", f"accrual:{following}"]


async def test_what_came_after_the_day_does_not_count(database: str) -> None:
    last = MONTH.last_day
    account_no = await open_account(fen=100_000_000, on=MONTH.first_day)
    await remit(account_no, fen=500_000_000, key="later", on=last + timedelta(days=9))
    await withdraw(account_no, fen=100, key="later out", on=last + timedelta(days=1))
    await ledger.accrue_interest(business_date=last, now=noon(last + timedelta(10)))
    days = _days(MONTH.first_day, last) + 1
    assert (await _balances(period=MONTH))["211"] == await _earned(100_000_000, days)


async def test_what_was_accrued_too_much_is_taken_back(database: str) -> None:
    first = MONTH.first_day
    account_no = await open_account(fen=100_000_000, on=first)
    await ledger.accrue_interest(business_date=MONTH.last_day, now=noon(MONTH.last_day + timedelta(1)))
    following = MONTH.plus(months=1)
    async with store.transaction() as tx:
        voucher_id = await tx.value("SELECT voucher_id FROM voucher WHERE business_key = 'opening'")
        await ledger.reverse(
            tx,
            account_no=account_no,
            voucher_id=voucher_id,
            reason="记错账户",
            posted_on=following.first_day,
            now=noon(following.first_day),
        )
    assert (
        await ledger.accrue_interest(business_date=following.last_day, now=noon(following.last_day + timedelta(1))) == 1
    )
    balances = await _balances(period=following)
    assert (balances["211"], balances["41101"]) == (0, 0)
    await sound()


async def test_a_quarter_carries_income_and_expense_over(database: str) -> None:
    await receipt(fen=10_000, key="r", on=Q_LAST)
    await expense(fen=3_000, key="e", on=Q_LAST, subject="41102")
    assert await ledger.carry_over_quarter(business_date=Q_LAST, now=AFTER) == 1
    assert await _balances() == {"101": 7_000, "311": 7_000, "40101": 0, "41102": 0}
    voucher = await store.value("SELECT voucher_id FROM general_voucher WHERE business_key LIKE 'carry_over:%'")
    view = await ledger.voucher_of(account_no=0, voucher_id=voucher)
    assert view is not None
    assert [(x.subject, x.debit, x.credit) for x in view.lines] == [
        ("40101", Money(10_000), None),
        ("41102", None, Money(3_000)),
        ("311", Money(3_000), None),
        ("311", None, Money(10_000)),
    ]
    async with nothing_changed():
        assert await ledger.carry_over_quarter(business_date=Q_LAST, now=AFTER) == 0


async def test_what_comes_after_the_carry_over_is_carried_when_the_day_closes(database: str) -> None:
    await receipt(fen=10_000, key="r", on=Q_LAST)
    await ledger.carry_over_quarter(business_date=Q_LAST, now=AFTER)
    await receipt(fen=500, key="late", on=Q_LAST)
    await ledger.close_day(business_date=Q_LAST, now=AFTER)
    assert await _balances() == {"101": 10_500, "311": 10_500, "40101": 0}
    keys = await store.rows("SELECT business_key FROM general_voucher WHERE business_key LIKE 'carry%' ORDER BY 1")
    quarter = f"{QUARTER_END.year}Q{QUARTER_END.month // 3}"
    assert [row["business_key"] for row in keys] == [f"carry_over:{quarter}:1", f"carry_over:{quarter}:2"]


async def test_each_set_closes_into_its_own_subjects(database: str) -> None:
    fund = "maintenance_fund"
    for subject, fen in (("400101", 5_000), ("400102", 700), ("4101", 90), ("4901", 10)):
        await receipt(fen=fen, key=subject, on=Q_LAST, subject=subject, account_set=fund)
    await expense(fen=1_000, key="repair", on=Q_LAST, subject="500101", account_set=fund)
    await expense(fen=200, key="return", on=Q_LAST, subject="510102", account_set=fund)
    await receipt(fen=60, key="vai", on=Q_LAST, subject="40102", account_set="value_added_income")
    assert await ledger.carry_over_quarter(business_date=Q_LAST, now=AFTER) == 2
    left = {subject: fen for subject, fen in (await _balances(fund)).items() if fen}
    assert left == {"1001": 4_600, "3001": 4_000, "3002": 500, "3101": 100}
    assert (await _balances("value_added_income"))["311"] == 60


async def test_nothing_is_carried_over_within_a_quarter(database: str) -> None:
    for day in (Q_LAST - timedelta(days=1), MONTH.last_day):
        with pytest.raises(AssertionError, match="does not end a quarter"):
            await ledger.carry_over_quarter(business_date=day, now=AFTER)
    with pytest.raises(AssertionError, match="does not end a month"):
        await ledger.accrue_interest(business_date=Q_LAST - timedelta(days=1), now=AFTER)


async def test_a_reopened_quarter_end_carries_its_supplements_over(database: str) -> None:
    await receipt(fen=10_000, key="r", on=Q_LAST)
    await day_ended(Q_LAST)
    await closed(QUARTER_END)
    from tests.ledger.books import finance

    request_id = await ledger.request_reopening(
        account_set=SET, period=QUARTER_END, reason="补记", actor=finance(1), now=noon(TODAY)
    )
    await ledger.decide_request(
        request_id=request_id, approve=True, actor=finance(2), business_date=TODAY, now=noon(TODAY)
    )
    await receipt(fen=44, key="forgotten", on=Q_LAST)
    await closed(QUARTER_END, by=2)
    assert await _balances() == {"101": 10_044, "311": 10_044, "40101": 0}
    assert (await ledger.verify_chain()).holds
    await sound()


async def test_a_closed_month_reads_the_same_from_its_totals(database: str) -> None:
    account_no = await open_account(fen=100_000_000, on=QUARTER_END.first_day)
    await withdraw(account_no, fen=5_000, key="w", on=Q_LAST)
    await receipt(fen=9_000, key="r", on=Q_LAST)
    await day_ended(Q_LAST)
    before = await ledger.trial_balance(account_set=SET, period=QUARTER_END)
    await closed(QUARTER_END)
    assert await store.value("SELECT count(*) FROM subject_total") == len(before)
    assert await ledger.trial_balance(account_set=SET, period=QUARTER_END) == before
    following = {
        x.subject: x.opening.fen for x in await ledger.trial_balance(account_set=SET, period=YearMonth.of(TODAY))
    }
    assert following == {line.subject: line.closing.fen for line in before}


async def test_the_balance_sheet_ties_to_the_ledger(database: str) -> None:
    account_no = await open_account(fen=100_000_000, on=MONTH.first_day)
    await withdraw(account_no, fen=5_000, key="w", on=MONTH.last_day)
    await receipt(fen=9_000, key="r", on=MONTH.last_day)
    await expense(fen=800, key="e", on=MONTH.last_day, subject="41102")
    await ledger.accrue_interest(business_date=MONTH.last_day, now=noon(MONTH.last_day + timedelta(1)))
    sheet = {x.row_no: x.amount.fen for x in await ledger.balance_sheet(account_set=SET, period=MONTH)}
    accrued = (await _balances(period=MONTH))["211"]
    assert {row: fen for row, fen in sheet.items() if fen} == {
        1: 100_003_200,
        15: 100_003_200,
        16: 99_995_000,
        19: accrued,
        26: 99_995_000 + accrued,
        28: 8_200 - accrued,
        29: 8_200 - accrued,
        30: 100_003_200,
    }


async def test_the_subject_ledger_lists_formal_lines(database: str) -> None:
    account_no = await open_account(fen=1_000, on=MONTH.first_day)
    await withdraw(account_no, fen=300, key="w", on=MONTH.last_day)
    await day_ended(MONTH.last_day)
    page = await ledger.subject_ledger(account_set=SET, period=MONTH, subject="201", first=1, after=None)
    rest = await ledger.subject_ledger(account_set=SET, period=MONTH, subject="201", first=5, after=page.end_cursor)
    assert page.total == 2 and page.has_next and not rest.has_next
    assert [(x.number, x.debit, x.credit) for x in (*page.items, *rest.items)] == [
        (1, None, Money(1_000)),
        (2, Money(300), None),
    ]


@pytest.mark.parametrize(("begins", "fen"), [(date(2024, 7, 1), 15208), (date(2023, 7, 1), 15250)])
async def test_a_year_of_interest_by_the_published_vectors(database: str, begins: date, fen: int) -> None:
    """10 000.00 unchanged from 1 July: 365 days earn 152.08, 366 days 152.50."""
    account_no = await open_account(fen=1_000_000, on=begins)
    until = date(begins.year + 1, 7, 1)
    async with store.transaction() as tx:
        early = await ledger.settle_interest(
            tx, account_no=account_no, business_date=until - timedelta(days=1), now=noon(until - timedelta(days=1))
        )
        interest = await ledger.settle_interest(tx, account_no=account_no, business_date=until, now=noon(until))
        again = await ledger.settle_interest(tx, account_no=account_no, business_date=until, now=noon(until))
    assert (early.fen, interest.fen, again.fen) == (0, fen, 0)
    await sound()
