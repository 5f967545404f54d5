"""Days and months closed: what is gathered, what is refused afterwards, what two persons may open again."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from datetime import date, timedelta

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import BookBlocker, FormalFilters
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import BANK, TODAY, books_of, noon, open_account, pay_in
from tests.ledger.books import (
    FIRST,
    LAST,
    MONTH,
    SET,
    THIRD,
    a_month,
    closed,
    day_ended,
    finance,
    receipt,
    remit,
    sound,
    withdraw,
)
from tests.ledger.test_concurrency import _until_waiting

pytestmark = [pytest.mark.requirement("R14.1")]


async def _formal(period: YearMonth = MONTH) -> list[tuple[int, date, str, int, int, int]]:
    page = await ledger.formal_vouchers(filters=FormalFilters(account_set=SET, period=period), first=100, after=None)
    return [(v.number, v.posted_on, v.kind, v.part, v.attachments, v.amount.fen) for v in page.items]


def _codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


async def test_a_closed_day_passes_vouchers_on_to_the_first_open_one(database: str) -> None:
    account_no = await a_month()
    await ledger.close_day(business_date=THIRD, now=noon(TODAY))
    voucher_id = await remit(account_no, fen=100, key="late", on=FIRST)
    assert await store.value("SELECT posted_on FROM voucher WHERE voucher_id = $1", voucher_id) == THIRD + timedelta(1)
    assert await store.value("SELECT effective_on FROM voucher WHERE voucher_id = $1", voucher_id) == FIRST
    general = await receipt(fen=5, key="late", on=THIRD)
    assert await store.value(
        "SELECT posted_on FROM general_voucher WHERE voucher_id = $1", general
    ) == THIRD + timedelta(1)


async def test_a_day_closes_once_and_brings_the_days_before_along(database: str) -> None:
    await a_month()
    assert await ledger.close_day(business_date=THIRD, now=noon(TODAY)) == 3
    assert await ledger.close_day(business_date=THIRD, now=noon(TODAY)) == 0
    assert await ledger.close_day(business_date=THIRD + timedelta(2), now=noon(TODAY)) == 2
    assert await ledger.close_day(business_date=FIRST, now=noon(TODAY)) == 0
    days = [row["day"] for row in await store.rows("SELECT day FROM book_segment ORDER BY segment_no")]
    assert days == [FIRST + timedelta(n) for n in range(5)]


async def test_a_day_that_is_not_over_does_not_close(database: str) -> None:
    with pytest.raises(AssertionError, match="not over"):
        await ledger.close_day(business_date=TODAY, now=noon(TODAY))
    assert await ledger.closed_through() is None


async def test_closing_waits_for_who_posts_on_the_day(database: str, owner: asyncpg.Connection) -> None:
    account_no = await open_account(fen=1000, on=FIRST)
    outside = copy_context()
    async with store.transaction() as tx:
        await pay_in(tx, account_no=account_no, fen=50, key="meanwhile", on=THIRD)
        closing = asyncio.create_task(ledger.close_day(business_date=THIRD, now=noon(TODAY)), context=outside)
        await _until_waiting(owner, sessions=1)
    assert await closing == 3
    assert await ledger.gather_day(business_date=THIRD, now=noon(TODAY)) == 2
    assert (2, THIRD, "01", 0, 1, 50) in await _formal()


async def test_a_day_is_gathered_by_kind_and_numbered_without_gap(database: str) -> None:
    await a_month()
    await ledger.close_day(business_date=LAST, now=noon(TODAY))
    assert await ledger.gather_day(business_date=LAST, now=noon(TODAY)) == 3
    assert await ledger.gather_day(business_date=LAST, now=noon(TODAY)) == 0
    assert await _formal() == [
        (1, FIRST, "01", 0, 1, 1_000_000),
        (2, THIRD, "11", 0, 2, 50_000),
        (3, FIRST + timedelta(4), "99", 0, 1, 7_000),
    ]
    lines = await ledger.formal_lines(account_set=SET, period=MONTH.period, number=2)
    assert [(x.subject, x.auxiliary, x.debit, x.credit) for x in lines] == [
        ("201", "", Money(50_000), None),
        ("101", BANK, None, Money(50_000)),
    ]
    await sound()


async def test_members_of_a_formal_voucher_are_its_real_time_vouchers(database: str) -> None:
    account_no = await a_month()
    await ledger.close_day(business_date=LAST, now=noon(TODAY))
    await ledger.gather_day(business_date=LAST, now=noon(TODAY))
    formal = await ledger.formal_voucher(account_set=SET, period=MONTH.period, number=2)
    assert formal is not None and formal.voucher_no == f"{MONTH.period}-0002"
    first = await ledger.members_of(voucher=formal, first=1, after=None)
    second = await ledger.members_of(voucher=formal, first=1, after=first.end_cursor)
    assert (first.has_next, second.has_next, first.total) == (True, False, 2)
    assert sorted(m.amount.fen for m in (*first.items, *second.items)) == [20_000, 30_000]
    assert {m.account_no for m in (*first.items, *second.items)} == {account_no}


async def test_what_was_gathered_never_changes(database: str, owner: asyncpg.Connection) -> None:
    await a_month()
    await day_ended(LAST)
    for table in ("formal_voucher", "formal_voucher_line", "voucher_seal"):
        for verb in ("UPDATE {} SET {} = {}", "DELETE FROM {}"):
            column = "seq" if table == "voucher_seal" else "period"
            with pytest.raises(asyncpg.PostgresError) as raised:
                await owner.execute(verb.format(table, column, column))
            assert raised.value.sqlstate == "HF099"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await store.execute(verb.format(table, column, column))
    for table in ("book_segment", "book_period", "book_calendar", "subject_total", "formal_voucher_counter"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.execute(f"DELETE FROM {table}")


async def test_a_month_closes_when_nothing_stands_against_it(database: str) -> None:
    await a_month()
    await day_ended(LAST)
    assert await ledger.close_blockers(account_set=SET, period=MONTH) == []
    await closed()
    await closed()
    assert await ledger.period_state(account_set=SET, period=MONTH) == "closed"
    actions = [row["action"] for row in await store.rows("SELECT action FROM audit_event ORDER BY event_id")]
    assert actions.count("books.period_closed") == 1
    await sound()


async def test_a_closed_month_refuses_vouchers(database: str) -> None:
    account_no = await a_month()
    await day_ended(LAST)
    await closed()
    before = await books_of(account_no)
    async with nothing_changed():
        for move in (
            remit(account_no, fen=100, key="late", on=LAST),
            withdraw(account_no, fen=100, key="late", on=FIRST),
            receipt(fen=100, key="late", on=LAST),
        ):
            with pytest.raises(Refused) as refused:
                await move
            assert _codes(refused) == ["ledger.period_closed"]
    assert await books_of(account_no) == before
    await remit(account_no, fen=100, key="today", on=TODAY)


async def test_blockers_are_told_in_words_all_at_once(database: str) -> None:
    await a_month()
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await ledger.close_period(
                account_set=SET,
                period=MONTH,
                actor=finance(),
                now=noon(TODAY),
                checks=[_settlement_has_something],
            )
    assert [r.message for r in refused.value.refusals] == [
        f"从未日终，请先完成{LAST}的日终。处理后再结账。",
        "科目101的正式凭证与实时凭证不相等，请先查明差异。处理后再结账。",
        "科目101的正式凭证与实时凭证不相等，请先查明差异。处理后再结账。",
        "科目201的正式凭证与实时凭证不相等，请先查明差异。处理后再结账。",
        "科目201的正式凭证与实时凭证不相等，请先查明差异。处理后再结账。",
        "科目40101的正式凭证与实时凭证不相等，请先查明差异。处理后再结账。",
        "付款1尚无银行结果，请查询银行。处理后再结账。",
    ]


async def _settlement_has_something(period: YearMonth) -> list[BookBlocker]:
    return [
        BookBlocker(kind="payment_in_doubt", message="付款1尚无银行结果，请查询银行。", reference="1"),
        BookBlocker(kind="opening_difference", message="期初差异", reference="2", warning=True),
    ]


async def _only_a_warning(period: YearMonth) -> list[BookBlocker]:
    return [BookBlocker(kind="opening_difference", message="期初差异", reference="2", warning=True)]


async def test_a_warning_stands_beside_a_closed_month(database: str) -> None:
    await a_month()
    await day_ended(LAST)
    found = await ledger.close_period(
        account_set=SET, period=MONTH, actor=finance(), now=noon(TODAY), checks=[_only_a_warning]
    )
    assert [one.kind for one in found] == ["opening_difference"]
    assert await ledger.period_state(account_set=SET, period=MONTH) == "closed"


async def test_a_day_not_sealed_or_not_gathered_stands_against_the_month(database: str) -> None:
    await a_month()
    await ledger.accrue_interest(business_date=LAST, now=noon(TODAY))
    await ledger.close_day(business_date=LAST, now=noon(TODAY))
    kinds = {b.kind for b in await ledger.close_blockers(account_set=SET, period=MONTH)}
    assert "not_gathered" in kinds
    await ledger.gather_day(business_date=LAST, now=noon(TODAY))
    kinds = {b.kind for b in await ledger.close_blockers(account_set=SET, period=MONTH)}
    assert kinds >= {"not_sealed"} and "not_gathered" not in kinds
    # and the database itself does not close it, whoever asks
    with pytest.raises(asyncpg.PostgresError) as raised:
        await store.execute("SELECT ledger_close_period($1, $2, 'x', $3)", SET, MONTH.period, noon(TODAY))
    assert raised.value.sqlstate == "HF010"


async def test_months_close_in_order(database: str) -> None:
    await a_month()
    await day_ended(MONTH.plus(months=1).last_day)
    found = await ledger.close_blockers(account_set=SET, period=MONTH.plus(months=1))
    assert [b.message for b in found if b.kind == "earlier_month"] == [f"{MONTH}尚未结账，请先结该月的账。"]


async def _reopened(*, by: int = 2, approve: bool = True) -> None:
    request_id = await ledger.request_reopening(
        account_set=SET, period=MONTH, reason="补记漏记的利息", actor=finance(1), now=noon(TODAY)
    )
    await ledger.decide_request(
        request_id=request_id, approve=approve, actor=finance(by), business_date=TODAY, now=noon(TODAY)
    )


async def test_two_persons_reopen_a_month_and_supplements_follow(database: str) -> None:
    account_no = await a_month()
    await day_ended(LAST)
    before = await _formal()
    await closed()
    await _reopened()
    voucher_id = await receipt(fen=900, key="forgotten", on=THIRD)
    await remit(account_no, fen=50, key="forgotten", on=THIRD)
    assert await store.value("SELECT part FROM general_voucher WHERE voucher_id = $1", voucher_id) == 1
    assert await ledger.period_state(account_set=SET, period=MONTH) == "reopened"
    # the next month is as open as before
    other = await remit(account_no, fen=10, key="today", on=TODAY)
    assert await store.value("SELECT part FROM voucher WHERE voucher_id = $1", other) == 0
    await closed(by=3)
    assert await _formal() == [
        *before,
        (len(before) + 1, THIRD, "01", 1, 1, 50),
        (len(before) + 2, THIRD, "99", 1, 1, 900),
    ]
    proof = await ledger.verify_chain()
    assert proof.holds and (await ledger.chain_head()).waiting == 0
    with pytest.raises(Refused) as refused:
        await receipt(fen=1, key="again", on=THIRD)
    assert _codes(refused) == ["ledger.period_closed"]
    await sound()


async def test_nobody_reopens_alone(database: str) -> None:
    await a_month()
    await day_ended(LAST)
    await closed()
    with pytest.raises(Refused) as refused:
        await _reopened(by=1)
    assert _codes(refused) == ["ledger.same_person"]
    request = (await ledger.open_requests())[0]
    for by in ("staff:1",):
        with pytest.raises(asyncpg.PostgresError) as raised:
            await store.execute("SELECT ledger_reopen_period($1, $2, $3)", request.request_id, by, noon(TODAY))
        assert raised.value.sqlstate == "HF010"
    with pytest.raises(asyncpg.CheckViolationError):
        await store.execute("UPDATE book_request SET state = 'approved', decided_by = asked_by, decided_at = asked_at")
    assert await ledger.period_state(account_set=SET, period=MONTH) == "closed"


async def test_a_request_that_was_declined_changes_nothing(database: str) -> None:
    await a_month()
    await day_ended(LAST)
    await closed()
    await _reopened(approve=False)
    assert await ledger.period_state(account_set=SET, period=MONTH) == "closed"
    assert await ledger.open_requests() == []


async def test_reopening_is_asked_for_once_with_a_reason_and_for_the_last_closed_month(database: str) -> None:
    await a_month()
    await day_ended(LAST)

    async def ask(*, period: YearMonth = MONTH, reason: str = "补记") -> int:
        return await ledger.request_reopening(
            account_set=SET, period=period, reason=reason, actor=finance(1), now=noon(TODAY)
        )

    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await ask()
    assert _codes(refused) == ["ledger.period_not_closed"]
    await closed()
    for reason in ("", "  ", "长" * 201, "a\x07b"):
        with pytest.raises(Refused) as refused:
            await ask(reason=reason)
        assert _codes(refused) == ["ledger.reason_missing"]
    with pytest.raises(Refused) as refused:
        await ask(period=MONTH.minus(months=1))
    assert _codes(refused) == ["ledger.period_not_last"]
    request_id = await ask()
    with pytest.raises(Refused) as refused:
        await ask()
    assert _codes(refused) == ["ledger.request_open"]
    await ledger.decide_request(
        request_id=request_id, approve=False, actor=finance(2), business_date=TODAY, now=noon(TODAY)
    )
    with pytest.raises(Refused) as refused:
        await ledger.decide_request(
            request_id=request_id, approve=True, actor=finance(2), business_date=TODAY, now=noon(TODAY)
        )
    assert _codes(refused) == ["ledger.request_decided"]


async def test_months_before_the_first_day_end_need_no_accrual(database: str) -> None:
    await a_month()
    # the first day-end ever comes a month later and brings this month along
    later = MONTH.plus(months=1).last_day
    await ledger.close_day(business_date=later, now=noon(later + timedelta(days=1)))
    await ledger.gather_day(business_date=later, now=noon(TODAY))
    await ledger.seal_day(business_date=later, now=noon(TODAY))
    assert await ledger.close_blockers(account_set=SET, period=MONTH) == []
    following = await ledger.close_blockers(account_set=SET, period=MONTH.plus(months=1))
    assert "accrual_missing" in {one.kind for one in following}
