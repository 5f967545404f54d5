"""People at the counter: accounts merged with their money, and moved into and out of the pool."""

from __future__ import annotations

from typing import Any

import pytest

from auth import account_care, approvals
from domain import contributions, ledger
from domain.contributions import FreezeOrder
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    OTHER,
    TODAY,
    agent,
    balance_of,
    draw,
    key,
    matched_money_arrives,
    person_with_account,
)
from tests.settlement.world import SUPERVISOR, assert_books_hold, audited, staff
from tests.settlement.world import receive as money

pytestmark = pytest.mark.usefixtures("employers")
WHERE: dict[str, Any] = {"now": NOW, "business_date": TODAY}


async def _second_account(number: int, *, of: int, state: str = "02", **given: Any) -> int:
    """Another account for the person of `of`, as it happens when somebody is registered twice and then once."""
    account_no = await person_with_account(number, state=state, **given)
    person_id = await database.value("SELECT person_id FROM account WHERE account_no = $1", of)
    await database.execute("UPDATE account SET person_id = $2 WHERE account_no = $1", account_no, person_id)
    await database.execute("UPDATE employment SET person_id = $2 WHERE account_no = $1", account_no, person_id)
    await database.execute("UPDATE person_account SET person_id = $2 WHERE account_no = $1", account_no, person_id)
    return account_no


async def _merge(keep: int, gone: int) -> Money:
    async with database.transaction() as tx:
        return await contributions.merge_accounts(
            tx, actor=SUPERVISOR, keep=keep, gone=gone, reason="重复开户", **WHERE
        )


async def _state(account_no: int) -> str:
    return str(await database.value("SELECT state FROM account WHERE account_no = $1", account_no))


@pytest.mark.requirement("R01.9")
async def test_a_sealed_account_goes_into_the_running_one_with_money_months_and_cards() -> None:
    keep = await person_with_account(1, months=[YearMonth(2026, 9), YearMonth(2026, 10)])
    gone = await _second_account(2, of=keep, months=[YearMonth(2026, 7), YearMonth(2026, 8)])
    async with database.transaction() as tx:
        await contributions.register_card(
            tx, account_no=gone, bank_code="102", card_no="6222020200000000015", is_default=True, now=NOW
        )
    preview = await contributions.preview_merge(keep=keep, gone=gone, business_date=TODAY)
    assert (preview.problems, preview.balance, preview.cards) == ((), Money.yuan(4800), 1)
    assert await contributions.months_contributed_consecutively(account_no=keep) == 2
    moved = await _merge(keep, gone)
    assert moved == preview.balance + preview.interest
    assert await balance_of(gone) == Money.zero() and await balance_of(keep) == Money.yuan(4800) + moved
    assert (await _state(keep), await _state(gone)) == ("01", "03")
    assert await contributions.months_contributed_consecutively(account_no=keep) == 4
    cards = "SELECT count(*) FROM bank_card WHERE account_no = $1 AND active"
    assert (await database.value(cards, keep), await database.value(cards, gone)) == (1, 0)
    desk = await contributions.account_at_desk(actor=COUNTER, account_no=gone, now=NOW)
    assert desk.merged_into == keep and [one.kind_name for one in desk.events] == ["账户合并"]
    with pytest.raises(Refused, match=r"merge\.state"):
        await _merge(keep, gone)
    await assert_books_hold()


async def test_the_account_that_stays_takes_over_the_employment_and_is_paid_for() -> None:
    gone = await person_with_account(1, months=[YearMonth(2026, 10)])
    keep = await _second_account(2, of=gone, employer_no=OTHER)
    await _merge(keep, gone)
    assert (await _state(keep), await _state(gone)) == ("01", "03")
    employer = await database.value("SELECT employer_no FROM account WHERE account_no = $1", keep)
    spells = await database.rows(
        "SELECT account_no, began_period, ended_period, began_by, ended_by FROM employment WHERE employer_no = $1"
        " ORDER BY began_period",
        EMPLOYER,
    )
    assert employer == EMPLOYER and [tuple(one.values()) for one in spells] == [
        (gone, 202601, 202610, "open", "merge"),
        (keep, 202611, None, "merge", None),
    ]
    await assert_books_hold()
    drawn = await draw()
    await money("S1", "2400.00", remark=drawn.statement_no)
    await matched_money_arrives()
    paid = "SELECT account_no FROM contribution_month WHERE period = $1"
    assert await database.value(paid, DUE.period) == keep
    await assert_books_hold()


async def test_interest_of_the_account_that_goes_is_not_lost() -> None:
    keep = await person_with_account(1)
    gone = await _second_account(2, of=keep)
    async with database.transaction() as tx:
        await contributions.book_contribution(
            tx, account_no=gone, month=YearMonth(2026, 7), amount=Money.yuan(10_000), bank_code="102",
            booked_on=TODAY.replace(month=7), now=NOW,
        )  # fmt: skip
    due = await ledger.interest_due(account_no=gone, on=TODAY)
    assert due.fen > 0
    assert await _merge(keep, gone) == Money.yuan(10_000) + due
    assert await balance_of(keep) == Money.yuan(10_000) + due
    await assert_books_hold()


async def test_what_stands_against_a_merger_changes_nothing() -> None:
    first = await person_with_account(1, months=[YearMonth(2026, 10)])
    stranger = await person_with_account(2)
    with pytest.raises(Refused, match=r"merge\.persons"):
        await _merge(first, stranger)
    with pytest.raises(Refused, match=r"merge\.same"):
        await _merge(first, first)
    with pytest.raises(Refused, match=r"account\.not_found"):
        await _merge(first, 1)
    normal = await _second_account(3, of=first, state="01", employer_no=OTHER)
    with pytest.raises(Refused, match=r"merge\.both_normal"):
        await _merge(first, normal)
    order = FreezeOrder(
        authority="北京市示范区人民法院", order_no="（2026）京0101执1号", paper=b"%PDF-1.7", until_on=TODAY,
        amount=Money.yuan(1),
    )  # fmt: skip
    held = await _second_account(4, of=first, months=[YearMonth(2026, 9)])
    await contributions.freeze_account(actor=SUPERVISOR, account_no=held, order=order, request_key=key(), **WHERE)
    with pytest.raises(Refused, match=r"merge\.held"):
        await _merge(first, held)
    drawn = await draw()
    sealed = await _second_account(5, of=first)
    with pytest.raises(Refused, match=r"merge\.statement") as refused:
        await _merge(sealed, first)
    assert drawn.statement_no in str(refused.value)
    assert await database.value("SELECT count(*) FROM account WHERE state = '03'") == 0
    assert await audited("account.merged") == 0


async def test_two_persons_merge() -> None:
    keep = await person_with_account(1)
    gone = await _second_account(2, of=keep, months=[YearMonth(2026, 8)])
    await database.execute(
        "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at, totp_cipher,"
        " roles, office_codes) SELECT n, 'login' || n, '职员' || n, ('\\x0' || n)::bytea, '', $1, '', '{}', '{}'"
        " FROM generate_series(2, 5) AS n",
        NOW,
    )
    first, second = staff(4, Role.SERVICE_DESK), staff(5, Role.FINAL_REVIEWER)
    asked = await account_care.ask_account_merge(actor=first, keep=keep, gone=gone, reason="重复开户", now=NOW)
    assert "2,400.00元" in asked.summary
    with pytest.raises(Refused):
        await approvals.decide(actor=first, approval_id=asked.approval_id, agree=True, note="", now=NOW)
    assert await _state(gone) == "02"
    await approvals.decide(actor=second, approval_id=asked.approval_id, agree=True, note="", now=NOW)
    assert await _state(gone) == "03"
    with pytest.raises(Refused, match=r"access\.not_permitted|merge\.state"):
        await account_care.ask_account_merge(actor=agent(), keep=keep, gone=gone, reason="重复开户", now=NOW)


async def _pool(actor: Actor = SUPERVISOR, office: str = "0101") -> int:
    return await contributions.open_pool(actor=actor, office_code=office, **WHERE)


async def _in(account_no: int, actor: Actor = COUNTER, reason: str = "原单位已注销") -> int:
    return await contributions.move_to_pool(
        actor=actor, account_no=account_no, reason=reason, request_key=key(), now=NOW
    )


async def _out(account_no: int, employer_no: int) -> int:
    return await contributions.move_from_pool(
        actor=COUNTER, account_no=account_no, employer_no=employer_no, reason="新单位接收", request_key=key(), now=NOW
    )


async def test_a_sealed_account_goes_to_the_pool_and_comes_back() -> None:
    account = await person_with_account(1, state="02")
    with pytest.raises(Refused, match=r"pool\.none"):
        await _in(account)
    pool = await _pool()
    with pytest.raises(Refused, match=r"pool\.exists"):
        await _pool()
    assert await _in(account) == pool
    with pytest.raises(Refused, match=r"pool\.there"):
        await _in(account)
    with pytest.raises(Refused, match=r"pool\.target"):
        await _out(account, pool)
    with pytest.raises(Refused, match=r"employer\.not_found"):
        await _out(account, 5)
    assert await _out(account, OTHER) == OTHER
    with pytest.raises(Refused, match=r"pool\.not_there"):
        await _out(account, EMPLOYER)
    row = await database.row("SELECT employer_no, office_code, state FROM account WHERE account_no = $1", account)
    assert row is not None and tuple(row.values()) == (OTHER, "0105", "02")
    assert await audited("account.pool_in") == 1 and await audited("account.pool_out") == 1
    await assert_books_hold()


@pytest.mark.parametrize("state", ["01", "05", "06"])
async def test_only_sealed_accounts_move(state: str) -> None:
    account = await person_with_account(1, state=state)
    await _pool()
    with pytest.raises(Refused, match=r"pool\.sealed_only"):
        await _in(account)
    assert await database.value("SELECT employer_no FROM account WHERE account_no = $1", account) == EMPLOYER


async def test_who_may_not_move_or_open() -> None:
    account = await person_with_account(1, state="02")
    for actor in (COUNTER, agent(), SYSTEM):
        with pytest.raises(Refused, match=r"access\.not_permitted"):
            await _pool(actor)
    with pytest.raises(Refused, match=r"employer\.office_unknown"):
        await _pool(office="9999")
    await _pool()
    with pytest.raises(Refused, match=r"account\.other_office"):
        await _in(account, OF_OTHER_OFFICE)
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _in(account, agent())
    with pytest.raises(Refused, match=r"account\.reason"):
        await _in(account, reason="无")
    with pytest.raises(Refused, match=r"account\.other_office"):
        await contributions.account_at_desk(actor=OF_OTHER_OFFICE, account_no=account, now=NOW)
