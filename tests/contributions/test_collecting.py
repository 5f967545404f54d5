"""委托收款: collected by a bank, failed with a reason, presented again, paid otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    EMPLOYER,
    NOW,
    TODAY,
    balance_of,
    draw,
    hear,
    key,
    matched_money_arrives,
    person_with_account,
    statement_row,
)
from tests.settlement.world import (
    Bank,
    assert_books_hold,
    balance,
)

pytestmark = pytest.mark.usefixtures("employers")

MONTH = Money.yuan(2400)


async def _settle(bank: Bank) -> None:
    """The bank answers, and what collection hears of it."""
    for _ in range(4):
        bank.clock.advance(minutes=10)
        await bank.step()
    for payload in await hear("batch.item_settled"):
        async with database.transaction() as tx:
            await contributions.item_settled(
                tx,
                batch_id=int(payload["batch_id"]),
                item_no=int(payload["item_no"]),
                reference=str(payload["owner_reference"]),
                now=NOW,
                business_date=TODAY,
            )
    await matched_money_arrives()


async def open_collection(account_no: str = "0200001009000000001") -> None:
    from domain.kernel import vault

    sealed = vault.current()
    await database.execute(
        "UPDATE employer_account SET collection_bank_code = '102', collection_account_cipher = $2,"
        " collection_name_cipher = $3, collection_account_masked = '0200 **** **** 0001', collection_day = 10,"
        " collection_agreed_at = $4, collection_agreed_by = 'agent', collection_notice = 'v1'"
        " WHERE employer_no = $1",
        EMPLOYER,
        sealed.encrypt(account_no),
        sealed.encrypt("北京晨曦科技有限公司"),
        NOW,
    )


async def test_entrusted_collection_from_the_bank_to_the_accounts(bank: Bank) -> None:
    account = await person_with_account(1)
    await open_collection()
    drawn = await draw(method="entrusted_collection")
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 1
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 0
    assert (await statement_row(drawn))["state"] == "collecting"
    with pytest.raises(Refused, match=r"statement\.state"):
        await contributions.cancel_statement(
            actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, reason="不想缴了", request_key=key(),
            now=NOW,
        )  # fmt: skip
    await _settle(bank)
    shown = await statement_row(drawn)
    assert (shown["state"], shown["paid_from"]) == ("distributed", f"collection:{drawn.statement_no}-1")
    assert await balance_of(account) == MONTH
    assert await balance("101", "102") == MONTH
    await assert_books_hold()


async def test_a_collection_that_fails_says_why_and_is_presented_again(bank: Bank) -> None:
    account = await person_with_account(1)
    await open_collection("9999999999999999")
    drawn = await draw(method="entrusted_collection")
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 1
    await _settle(bank)
    failed = await contributions.collection_failures(handled="open")
    assert [(one.statement_no, one.attempt_no, one.amount) for one in failed] == [(drawn.statement_no, 1, MONTH)]
    assert "账" in failed[0].message and not await balance_of(account)
    assert (await statement_row(drawn))["state"] == "open"
    await assert_books_hold()
    # not again on the same day by itself; the employer may at once
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 0
    await open_collection()
    await contributions.collect_now(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    assert await contributions.collection_failures(handled="open") == []
    await _settle(bank)
    assert (await statement_row(drawn))["state"] == "distributed" and await balance_of(account) == MONTH
    await assert_books_hold()


async def test_after_so_many_failures_it_is_paid_otherwise(bank: Bank) -> None:
    await person_with_account(1)
    await open_collection("9999999999999999")
    drawn = await draw(method="entrusted_collection")
    for day in range(3):
        later = NOW + timedelta(days=day)
        bank.clock.at = later
        assert await contributions.collect_due(now=later, business_date=TODAY + timedelta(days=day)) == 1
        await _settle(bank)
    later, on = NOW + timedelta(days=5), TODAY + timedelta(days=5)
    assert await contributions.collect_due(now=later, business_date=on) == 0
    with pytest.raises(Refused, match=r"collection\.again"):
        await contributions.collect_now(
            actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, request_key=key(), now=later,
            business_date=on,
        )  # fmt: skip
    state = await contributions.change_payment_of_statement(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, method="bank_transfer", request_key=key(),
        now=later, business_date=on,
    )  # fmt: skip
    assert state == "open"
    with pytest.raises(Refused, match=r"matter\.reason"):
        await contributions.dismiss_failure(
            actor=COUNTER, employer_no=EMPLOYER, statement_no=drawn.statement_no, how="otherwise", note="x",
            request_key=key(), now=later,
        )  # fmt: skip
