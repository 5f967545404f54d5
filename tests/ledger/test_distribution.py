"""增值收益表 and 增值收益分配表: a year that is earned, closed, proposed by one person and distributed by another."""

from __future__ import annotations

from datetime import date

import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Shares
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import TODAY, noon
from tests.ledger.books import closed, day_ended, finance, receipt, sound

pytestmark = pytest.mark.requirement("R14.1")
SET = "value_added_income"
YEAR = TODAY.year - 1
DECEMBER = YearMonth(YEAR, 12)
LAST = DECEMBER.last_day
OCTOBER, NOVEMBER = date(YEAR, 10, 8), date(YEAR, 11, 9)


def shares(reserve: int, management: int, housing: int) -> Shares:
    return Shares(reserve=Money(reserve), management=Money(management), housing=Money(housing))


async def a_year(*, earned: int = 100_000, spent: int = 20_000) -> None:
    """Interest in October and December, a fee in November; December closed with everything before it."""
    await receipt(fen=earned - 10_000, key="october", on=OCTOBER, subject="40102", account_set=SET)
    await _spend(fen=spent, on=NOVEMBER)
    await receipt(fen=10_000, key="december", on=LAST, subject="40105", account_set=SET)
    await day_ended(LAST)
    for month in (10, 11, 12):
        await closed(YearMonth(YEAR, month), account_set=SET)


async def _spend(*, fen: int, on: date) -> None:
    async with store.transaction() as tx:
        await ledger.post_general(
            tx,
            account_set=SET,
            business_key="fee",
            kind="99",
            summary="手续费",
            lines=[
                ledger.Line(subject="41102", side="D", amount=Money(fen)),
                ledger.Line(subject="102", side="C", amount=Money(fen), auxiliary="102"),
            ],
            effective_on=on,
            posted_on=on,
            now=noon(on),
            prepared_by="staff:1",
        )


async def statement(period: YearMonth, span: ledger.Span) -> dict[str, tuple[int, int]]:
    lines = await ledger.income_statement(account_set=SET, period=period, span=span)
    return {one.name: (one.current.fen, one.year.fen) for one in lines if one.current or one.year}


async def distribution(year: int = YEAR) -> list[int]:
    return [one.amount.fen for one in await ledger.distribution_statement(account_set=SET, year=year)]


async def proposed(given: Shares, *, year: int = YEAR) -> int:
    return await ledger.request_distribution(
        account_set=SET, year=year, shares=given, reason="管委会批复", actor=finance(1), now=noon(TODAY)
    )


async def decided(request_id: int, *, by: int = 2, approve: bool = True) -> int | None:
    return await ledger.decide_request(
        request_id=request_id, approve=approve, actor=finance(by), business_date=TODAY, now=noon(TODAY)
    )


async def test_the_income_statement_by_month_quarter_and_year_ignores_carry_overs(database: str) -> None:
    await a_year()
    assert await statement(YearMonth(YEAR, 11), "month") == {
        "一、业务收入": (0, 90_000),
        "增值收益利息收入": (0, 90_000),
        "二、业务支出": (20_000, 20_000),
        "归集手续费支出": (20_000, 20_000),
        "三、增值收益": (-20_000, 70_000),
    }
    whole = {
        "一、业务收入": (100_000, 100_000),
        "增值收益利息收入": (90_000, 90_000),
        "其他收入": (10_000, 10_000),
        "二、业务支出": (20_000, 20_000),
        "归集手续费支出": (20_000, 20_000),
        "三、增值收益": (80_000, 80_000),
    }
    assert await statement(DECEMBER, "quarter") == whole == await statement(DECEMBER, "year")
    # the carry-over has emptied the subjects of income, and what it moved is what the statement shows
    closing = {x.subject: x.closing.fen for x in await ledger.trial_balance(account_set=SET, period=DECEMBER)}
    assert (closing["40102"], closing["311"]) == (0, 80_000)
    assert await statement(YearMonth(YEAR + 1, 1), "year") == {}


async def test_a_year_is_distributed_by_two_persons(database: str) -> None:
    await a_year()
    assert await distribution() == [80_000, 0, 80_000, 0, 0, 0, 80_000]
    request_id = await proposed(shares(48_000, 20_000, 10_000))
    with pytest.raises(Refused, match="same_person"):
        await decided(request_id, by=1)
    voucher_id = await decided(request_id)
    assert voucher_id is not None
    assert await distribution() == [80_000, 0, 80_000, 48_000, 20_000, 10_000, 2_000]
    month = YearMonth.of(TODAY)
    closing = {x.subject: x.closing.fen for x in await ledger.trial_balance(account_set=SET, period=month)}
    assert {code: fen for code, fen in closing.items() if fen} == {
        "102": 80_000,
        "21401": 20_000,
        "21402": 10_000,
        "301": 48_000,
        "32104": 2_000,
    }
    # the next year begins with what was left, although the voucher was booked in it
    assert (await distribution(YEAR + 1))[:3] == [0, 2_000, 2_000]
    actions = await store.rows("SELECT action FROM audit_event WHERE action LIKE 'books.%distribut%' ORDER BY 1")
    assert [row["action"] for row in actions] == ["books.distribute_requested", "books.income_distributed"]
    await sound()


async def test_a_distributed_year_is_neither_distributed_again_nor_reopened(database: str) -> None:
    await a_year()
    voucher_id = await decided(await proposed(shares(48_000, 0, 0)))
    assert voucher_id is not None
    async with nothing_changed():
        with pytest.raises(Refused, match="distributed_already"):
            await proposed(shares(48_000, 0, 0))
        with pytest.raises(Refused, match="year_distributed"):
            await ledger.request_reopening(
                account_set=SET, period=DECEMBER, reason="补记", actor=finance(1), now=noon(TODAY)
            )


async def test_a_reversed_distribution_gives_the_year_back(database: str) -> None:
    await a_year()
    voucher_id = await decided(await proposed(shares(80_000, 0, 0)))
    assert voucher_id is not None
    reversal = await ledger.request_reversal(
        account_no=0, voucher_id=voucher_id, reason="批复有误", actor=finance(1), now=noon(TODAY)
    )
    await decided(reversal)
    assert await distribution() == [80_000, 0, 80_000, 0, 0, 0, 80_000]
    assert (await distribution(YEAR + 1))[1] == 80_000
    await decided(await proposed(shares(50_000, 30_000, 0)))
    assert await distribution() == [80_000, 0, 80_000, 50_000, 30_000, 0, 0]
    await sound()


async def test_a_loss_is_carried_to_the_next_year(database: str) -> None:
    await a_year(earned=12_000, spent=27_000)
    with pytest.raises(Refused, match="distribution_too_much"):
        await proposed(shares(1, 0, 0))
    await decided(await proposed(shares(0, 0, 0)))
    assert await distribution() == [-15_000, 0, -15_000, 0, 0, 0, -15_000]
    with pytest.raises(Refused, match="distributed_already"):
        await proposed(shares(0, 0, 0))
    assert (await distribution(YEAR + 1))[1] == -15_000


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((47_999, 0, 0), "reserve_too_small"),
        ((48_000, 32_000, 1), "distribution_too_much"),
        ((48_000, -1, 0), "distribution_below_nought"),
    ],
)
async def test_shares_that_are_not_allowed(database: str, given: tuple[int, int, int], code: str) -> None:
    # one per cent of such loans is more than sixty per cent of the income, which then counts
    await _lend(fen=100_000_000)
    await a_year()
    async with nothing_changed():
        with pytest.raises(Refused, match=code):
            await proposed(shares(*given))


async def _lend(*, fen: int) -> None:
    async with store.transaction() as tx:
        await ledger.post_general(
            tx,
            account_set="provident_fund",
            business_key="loan",
            kind="99",
            summary="放款",
            lines=[
                ledger.Line(subject="121", side="D", amount=Money(fen)),
                ledger.Line(subject="101", side="C", amount=Money(fen), auxiliary="102"),
            ],
            effective_on=OCTOBER,
            posted_on=OCTOBER,
            now=noon(OCTOBER),
            prepared_by="staff:1",
        )


async def test_a_reserve_that_holds_its_share_of_the_loans_need_not_grow(database: str) -> None:
    """Either road of 财综字〔1999〕149号: without loans the reserve is full already."""
    await a_year()
    await decided(await proposed(shares(0, 30_000, 0)))
    assert (await distribution())[3:5] == [0, 30_000]


async def test_what_cannot_be_distributed_yet_or_at_all(database: str) -> None:
    await receipt(fen=5_000, key="october", on=OCTOBER, subject="40102", account_set=SET)
    async with nothing_changed():
        with pytest.raises(Refused, match="year_not_closed"):
            await proposed(shares(5_000, 0, 0))
        with pytest.raises(Refused, match="distribution_not_of_set"):
            await ledger.request_distribution(
                account_set="maintenance_fund",
                year=YEAR,
                shares=shares(1, 0, 0),
                reason="批复",
                actor=finance(1),
                now=noon(TODAY),
            )


async def test_the_second_person_is_told_when_the_books_have_moved_meanwhile(database: str) -> None:
    await a_year()
    request_id = await proposed(shares(80_000, 0, 0))
    with pytest.raises(Refused, match="request_open"):
        await proposed(shares(48_000, 0, 0))
    reopening = await ledger.request_reopening(
        account_set=SET, period=DECEMBER, reason="补记", actor=finance(1), now=noon(TODAY)
    )
    await decided(reopening)
    async with nothing_changed():
        with pytest.raises(Refused, match="year_not_closed"):
            await decided(request_id)
    await decided(request_id, approve=False)
    assert await distribution() == [80_000, 0, 80_000, 0, 0, 0, 80_000]


async def test_declined_twice_is_told(database: str) -> None:
    await a_year()
    request_id = await proposed(shares(80_000, 0, 0))
    await decided(request_id, approve=False)
    async with nothing_changed():
        with pytest.raises(Refused, match="request_decided"):
            await decided(request_id)
