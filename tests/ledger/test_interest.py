"""Interest: the vectors of the field, changing rates, closings, whole ranges of accounts, and how it is explained."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger.interest import Movement, Rate, explain, index_of, settlement_days
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import books_of, noon, open_account, pay_in, pay_out

pytestmark = [pytest.mark.requirement("N2"), pytest.mark.usefixtures("database")]

JULY, JUNE = date(2024, 7, 1), date(2025, 6, 30)
LEAP_JULY, LEAP_JUNE = date(2023, 7, 1), date(2024, 6, 30)


async def settled(lo: int, hi: int, *, on: date = JUNE) -> int:
    async with store.transaction() as tx:
        return await ledger.settle_range(tx, lo=lo, hi=hi, settlement_on=on, now=noon(on + timedelta(days=1)))


async def closed(account_no: int, *, on: date, reference: str = "CASE-1", posted_on: date | None = None) -> Money:
    async with store.transaction() as tx:
        return await ledger.settle_for_closing(
            tx, account_no=account_no, reference=reference, closing_on=on, posted_on=posted_on or on, now=noon(on)
        )


async def kept(account_no: int) -> asyncpg.Record:
    row = await store.row("SELECT * FROM account_balance WHERE account_no = $1", account_no)
    assert row is not None
    return row


async def broken() -> list[str]:
    return [result.name for result in await ledger.prove(invariants=ledger.INVARIANTS) if not result.holds]


@pytest.mark.parametrize(
    ("opened", "june", "fen"), [(JULY, JUNE, 152_08), (LEAP_JULY, LEAP_JUNE, 152_50)], ids=["365 days", "366 days"]
)
async def test_ten_thousand_yuan_for_a_year(opened: date, june: date, fen: int) -> None:
    account_no = await open_account(fen=10_000_00, on=opened)
    assert await ledger.interest_due(account_no=account_no, on=june + timedelta(days=1)) == Money(fen)
    assert await settled(account_no, account_no, on=june) == 1
    row = await kept(account_no)
    assert (row["balance_fen"], row["carried_over_fen"], row["current_year_fen"]) == (10_000_00 + fen,) * 2 + (0,)
    assert (row["last_interest_fen"], row["settled_through"], row["settled_sequence"]) == (fen, june, 2)
    assert await broken() == []


async def test_a_range_settles_as_one_account_does_and_under_one_voucher() -> None:
    days = [JULY, date(2024, 9, 1), date(2025, 2, 28), JUNE, date(2024, 12, 31), JULY]
    pairs = [
        (await open_account(fen=fen, on=day), await open_account(fen=fen, on=day))
        for fen, day in zip([1, 12_345_67, 99_999_99, 50_00, 7, 40_000_000_00], days, strict=True)
    ]
    by_range = sorted(first for first, _ in pairs)
    for _, alone in pairs:
        async with store.transaction() as tx:
            await ledger.settle_interest(
                tx, account_no=alone, business_date=date(2025, 7, 1), now=noon(date(2025, 7, 1))
            )
    assert await settled(by_range[0], by_range[-1]) == 6
    for first, alone in pairs:
        left, right = dict(await kept(first)), dict(await kept(alone))
        assert {**left, "account_no": 0} == {**right, "account_no": 0}
    heads = await store.rows("SELECT * FROM general_voucher WHERE is_batch")
    assert [(row["kind"], row["period"], row["effective_on"], row["posted_on"]) for row in heads] == [
        ("09", 202506, JUNE + timedelta(days=1), JUNE)
    ]
    assert heads[0]["business_key"] == f"interest:2025:{by_range[0]}-{by_range[-1]}"
    interest = sum([(await kept(first))["last_interest_fen"] for first, _ in pairs])
    lines = await store.rows("SELECT subject, side, amount_fen, detailed FROM general_line ORDER BY line_no")
    assert [tuple(row) for row in lines] == [("211", "D", interest, False), ("201", "C", interest, True)]
    assert await broken() == []


async def test_a_range_is_settled_once() -> None:
    accounts = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(3)])
    assert await settled(accounts[0], accounts[-1]) == 3
    async with nothing_changed():
        assert await settled(accounts[0], accounts[-1]) == 0
        assert await settled(accounts[1], accounts[1]) == 0


async def test_who_was_touched_in_the_new_year_was_settled_by_that_and_is_left_alone() -> None:
    first, second = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(2)])
    async with store.transaction() as tx:
        await pay_in(tx, account_no=first, fen=500_00, key="july", on=date(2025, 7, 1))
    before = await books_of(first)
    assert await settled(first, second) == 1
    assert await books_of(first) == before
    assert (await kept(first))["balance_fen"] == 10_000_00 + 152_08 + 500_00
    assert await broken() == []


async def test_an_account_in_use_is_waited_for_and_not_lost() -> None:
    """One action stays open on an account in the middle; the settlement waits, then takes what it left."""
    accounts = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(3)])
    taken, release = asyncio.Event(), asyncio.Event()

    async def action() -> None:
        async with store.transaction() as tx:
            # counts from June, though booked before the settlement: it must be in the interest
            await pay_in(tx, account_no=accounts[1], fen=3_600_00, key="late", on=date(2025, 6, 21))
            taken.set()
            await release.wait()

    acting = asyncio.create_task(action())
    await taken.wait()
    settling = asyncio.create_task(settled(accounts[0], accounts[-1]))
    async with asyncio.timeout(20):
        while not await store.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    release.set()
    await acting
    assert await settling == 3
    # 3,600.00 yuan for ten days at 1.5 % by 360: 1.50
    assert [(await kept(each))["last_interest_fen"] for each in accounts] == [152_08, 153_58, 152_08]
    assert await broken() == []


async def test_actions_in_the_order_of_numbers_and_a_settlement_never_wait_for_each_other_in_a_circle() -> None:
    accounts = sorted([await open_account(fen=10_000_00, on=JULY) for _ in range(12)])

    async def batch(number: int) -> None:
        async with store.transaction() as tx:
            for account_no in accounts[number % 3 :: 2]:
                await pay_in(tx, account_no=account_no, fen=100, key=f"batch:{number}", on=date(2025, 7, 1))

    async with asyncio.timeout(60):
        await asyncio.gather(settled(accounts[0], accounts[-1]), *(batch(number) for number in range(6)))
    await settled(accounts[0], accounts[-1])
    assert {(await kept(each))["last_interest_fen"] for each in accounts} == {152_08}
    assert await broken() == []


async def test_who_missed_a_year_has_it_first_and_another_set_has_its_own_voucher() -> None:
    late = await open_account(fen=10_000_00, on=LEAP_JULY)
    flexible = await open_account(fen=10_000_00, on=JULY, account_set="flexible_employment")
    lo, hi = sorted((late, flexible))
    assert await settled(lo, hi) == 3
    # 10,000.00 → 10,152.50 over 366 days, then 365 days of that: 154.40
    assert (await kept(late))["balance_fen"] == 10_152_50 + 154_40
    assert (await kept(flexible))["balance_fen"] == 10_152_08
    heads = await store.rows("SELECT account_set, period, debit_fen FROM general_voucher ORDER BY 1, 2")
    assert [tuple(row) for row in heads] == [
        ("flexible_employment", 202506, 152_08),
        ("provident_fund", 202406, 152_50),
        ("provident_fund", 202506, 154_40),
    ]
    assert await broken() == []


async def test_rates_that_change_count_each_for_its_days() -> None:
    account_no = await open_account(fen=36_000_00, on=JULY)
    async with store.transaction() as tx:
        await tx.execute("SELECT ledger_set_deposit_rate($1, $2, '测试')", date(2025, 1, 1), 20_000)
    # 184 days at 1.5 %: 276.00; 181 days at 2 %: 362.00
    assert await ledger.interest_due(account_no=account_no, on=date(2025, 7, 1)) == Money(638_00)
    assert await settled(account_no, account_no) == 1
    assert (await kept(account_no))["last_interest_fen"] == 638_00
    explained = await ledger.explain_settlement(account_no=account_no, settled_on=JUNE)
    assert explained is not None and explained.interest == Money(638_00)
    assert [(line.days, line.rate, line.product_fen_days) for line in explained.lines] == [
        (184, Decimal("0.015"), 36_000_00 * 184),
        (181, Decimal("0.02"), 36_000_00 * 181),
    ]
    assert explained.sentences[0] == (
        "2024年7月1日至2024年12月31日：存入36,000.00元，计息184天，年利率1.50%，积数6,624,000.00元·天。"
    )
    assert explained.sentences[-1] == "利息638.0000元，四舍五入到分，为638.00元。"


async def test_a_closing_takes_interest_to_the_day_before_and_leaves_nothing_behind() -> None:
    account_no = await open_account(fen=10_000_00, on=JULY)
    await settled(account_no, account_no)
    closing_on = date(2025, 9, 29)
    # 10,152.08 over 90 days: 38.0703
    assert await ledger.interest_due(account_no=account_no, on=closing_on) == Money(38_07)
    assert await closed(account_no, on=closing_on) == Money(38_07)
    assert await ledger.interest_due(account_no=account_no, on=closing_on) == Money.zero()
    async with store.transaction() as tx:
        await pay_out(
            tx, account_no=account_no, fen=10_190_15, key="closing", posted_on=closing_on, counts_from=closing_on
        )
    row = await kept(account_no)
    assert (row["balance_fen"], row["interest_offset"], row["settled_through"]) == (0, 0, date(2025, 9, 28))
    async with nothing_changed():
        assert await settled(account_no, account_no, on=date(2026, 6, 30)) == 0
    assert await broken() == []


async def test_an_account_that_stays_after_all_earns_on_from_the_day_of_the_closing() -> None:
    account_no = await open_account(fen=36_000_00, on=JULY)
    # 100 days: 150.00, then 265 days of 36,150.00: 399.1563
    assert await closed(account_no, on=date(2024, 10, 9)) == Money(150_00)
    assert await settled(account_no, account_no) == 1
    assert (await kept(account_no))["balance_fen"] == 36_150_00 + 399_16
    assert (await kept(account_no))["settled_through"] == JUNE
    assert await broken() == []


async def test_the_same_closing_answers_as_before_and_with_another_day_is_refused() -> None:
    account_no = await open_account(fen=36_000_00, on=JULY)
    assert await closed(account_no, on=date(2024, 10, 9)) == Money(150_00)
    async with nothing_changed():
        assert await closed(account_no, on=date(2024, 10, 9)) == Money(150_00)
        with pytest.raises(Refused) as refused:
            await closed(account_no, on=date(2024, 10, 10))
    assert refused.value.refusals[0].code == "ledger.key_conflict"


@pytest.mark.parametrize("state", ["06", "05", "04"])
async def test_an_account_that_may_not_be_moved_is_not_closed(state: str) -> None:
    account_no = await open_account(fen=10_000_00, state=state, on=JULY)
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await closed(account_no, on=date(2024, 10, 9))
    assert refused.value.refusals[0].code == "ledger.account_not_open"


async def test_a_frozen_account_earns_and_an_empty_one_is_passed_over() -> None:
    frozen, empty = await open_account(fen=10_000_00, state="06", on=JULY), await open_account(on=JULY)
    before = await books_of(empty)
    assert await settled(min(frozen, empty), max(frozen, empty)) == 1
    assert (await kept(frozen))["balance_fen"] == 10_152_08
    assert await books_of(empty) == before


@pytest.mark.parametrize("day", [date(2025, 6, 29), date(2025, 7, 1), date(2024, 12, 31)])
async def test_only_the_thirtieth_of_june_settles(day: date) -> None:
    account_no = await open_account(fen=10_000_00, on=JULY)
    async with nothing_changed():
        with pytest.raises(asyncpg.PostgresError, match="no day of settlement") as bug:
            await settled(account_no, account_no, on=day)
    assert bug.value.sqlstate == "HF005"


async def test_interest_of_days_to_come_is_not_booked() -> None:
    account_no = await open_account(fen=10_000_00, on=JULY)
    async with nothing_changed():
        with pytest.raises(asyncpg.PostgresError, match="cannot be booked"):
            await closed(account_no, on=date(2024, 10, 9), posted_on=date(2024, 10, 7))


async def test_nobody_but_the_functions_settles(owner: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await store.execute("UPDATE account_balance SET last_interest_fen = 1")
    with pytest.raises(asyncpg.PostgresError, match="neither renamed nor removed"):
        await owner.execute("DELETE FROM account_subject WHERE code = '211'")


async def test_what_is_explained_is_what_would_be_given() -> None:
    account_no = await open_account(fen=10_000_00, on=LEAP_JULY)
    async with store.transaction() as tx:
        await pay_in(tx, account_no=account_no, fen=2_400_00, key="march", on=date(2024, 3, 20))
        await pay_out(tx, account_no=account_no, fen=1_000_00, key="april", posted_on=date(2024, 4, 2))
    explained = await ledger.explain_interest(account_no=account_no, on=date(2024, 12, 1))
    due = await ledger.interest_due(account_no=account_no, on=date(2024, 12, 1))
    assert [each.through for each in explained] == [LEAP_JUNE, date(2024, 11, 30)]
    assert sum(each.interest.fen for each in explained) == due.fen
    assert [(line.amount.fen, line.days) for line in explained[0].lines] == [
        (10_000_00, 366),
        (2_400_00, 103),
        (-1_000_00, 90),
    ]
    assert "支取1,000.00元，计息90天，年利率1.50%，积数减90,000.00元·天。" in explained[0].sentences[2]
    assert await settled(account_no, account_no, on=LEAP_JUNE) == 1
    past = await ledger.explain_settlement(account_no=account_no, settled_on=LEAP_JUNE)
    assert past is not None and past.interest == explained[0].interest
    assert await ledger.explain_settlement(account_no=account_no, settled_on=date(2023, 6, 30)) is None


async def test_an_account_that_was_never_opened_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        await ledger.interest_due(account_no=new_id(), on=JUNE)
    assert refused.value.refusals[0].code == "ledger.account_not_open"


# --- pure

FLAT = [Rate(effective_from=date(2016, 2, 21), ppm=15_000)]


def test_the_index_sums_the_rates_of_the_days_before() -> None:
    rates = [*FLAT, Rate(effective_from=date(2016, 3, 1), ppm=20_000)]
    assert index_of(rates, date(2016, 2, 21)) == 0
    assert index_of(rates, date(2016, 3, 1)) == 9 * 15_000
    assert index_of(rates, date(2016, 3, 3)) == 9 * 15_000 + 2 * 20_000
    assert index_of(rates, date(2016, 1, 1)) == 0


def test_days_of_settlement_end_with_the_day_before() -> None:
    assert settlement_days(settled_through=LEAP_JUNE, before=date(2025, 7, 1)) == [JUNE]
    assert settlement_days(settled_through=LEAP_JUNE, before=date(2025, 9, 1)) == [JUNE, date(2025, 8, 31)]
    assert settlement_days(settled_through=date(2024, 10, 8), before=JULY) == []
    assert settlement_days(settled_through=date(2024, 10, 8), before=date(2025, 7, 2)) == [JUNE, date(2025, 7, 1)]


def test_half_a_fen_rounds_up_once_for_the_account_and_not_line_by_line() -> None:
    # 12.00 yuan for one day is 0.05 fen: ten of them are half a fen
    moves = [Movement(amount=Money(12_00), effective_on=JUNE) for _ in range(10)]
    found, left = explain(opening=Money(0), movements=moves, since=JULY, through=JUNE, rates=FLAT, correction=0)
    assert (found.interest, left) == (Money(1), 0)
    found, _ = explain(opening=Money(0), movements=moves[:9], since=JULY, through=JUNE, rates=FLAT, correction=0)
    assert found.interest == Money(0)


def test_what_a_correction_took_too_much_of_is_worked_off_and_told() -> None:
    gone = [Movement(amount=Money(-36_000_00), effective_on=JULY)]
    found, left = explain(opening=Money(0), movements=gone, since=JULY, through=JUNE, rates=FLAT, correction=0)
    assert (found.interest, left) == (Money(0), 36_000_00 * 365 * 15_000)
    found, left = explain(opening=Money(72_000_00), movements=[], since=JULY, through=JUNE, rates=FLAT, correction=left)
    assert (found.interest, left) == (Money(547_50), 0)
    assert "以前年度更正多计的积数，在本次结息中扣除。" in found.sentences
