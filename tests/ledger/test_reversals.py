"""Reversals (冲正) by two persons: of an account's voucher, of a general one, of an account's part of a batch."""

from __future__ import annotations

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import TODAY, noon, open_account
from tests.ledger.books import LAST, THIRD, a_month, closed, day_ended, finance, receipt, remit, sound

pytestmark = [pytest.mark.requirement("R14.1")]


def _codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


async def test_two_persons_reverse_a_voucher(database: str) -> None:
    account_no = await a_month()
    voucher_id = await remit(account_no, fen=444, key="wrong", on=TODAY)
    request_id = await ledger.request_reversal(
        account_no=account_no, voucher_id=voucher_id, reason="重复汇缴", actor=finance(1), now=noon(TODAY)
    )
    balance = (await ledger.balance_of(account_no=account_no)).balance.fen
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await ledger.decide_request(
                request_id=request_id, approve=True, actor=finance(1), business_date=TODAY, now=noon(TODAY)
            )
    assert _codes(refused) == ["ledger.same_person"]
    reversal = await ledger.decide_request(
        request_id=request_id, approve=True, actor=finance(2), business_date=TODAY, now=noon(TODAY)
    )
    assert reversal is not None
    assert (await ledger.balance_of(account_no=account_no)).balance.fen == balance - 444
    view = await ledger.voucher_of(account_no=account_no, voucher_id=voucher_id)
    assert view is not None and view.reversed_by == reversal
    for target, code in ((voucher_id, "ledger.reversed_already"), (reversal, "ledger.reversal_of_reversal")):
        with pytest.raises(Refused) as refused:
            await ledger.request_reversal(
                account_no=account_no, voucher_id=target, reason="再次", actor=finance(1), now=noon(TODAY)
            )
        assert _codes(refused) == [code]
    with pytest.raises(Refused) as refused:
        await ledger.request_reversal(
            account_no=account_no, voucher_id=1, reason="没有", actor=finance(1), now=noon(TODAY)
        )
    assert _codes(refused) == ["ledger.voucher_unknown"]
    await sound()


async def test_a_general_voucher_of_a_closed_month_is_reversed_today(database: str) -> None:
    await a_month()
    voucher_id = await receipt(fen=70, key="wrong", on=THIRD)
    await day_ended(LAST)
    await closed()
    request_id = await ledger.request_reversal(
        account_no=0, voucher_id=voucher_id, reason="重复入账", actor=finance(1), now=noon(TODAY)
    )
    reversal = await ledger.decide_request(
        request_id=request_id, approve=True, actor=finance(2), business_date=TODAY, now=noon(TODAY)
    )
    view = await ledger.voucher_of(account_no=0, voucher_id=reversal or 0)
    assert view is not None
    assert (view.posted_on, view.effective_on, view.reason) == (TODAY, THIRD, "重复入账")
    assert [(x.subject, x.debit, x.credit) for x in view.lines] == [
        ("101", None, Money(70)),
        ("40101", Money(70), None),
    ]
    await sound()


async def test_a_batch_is_reversed_account_by_account(database: str, owner: asyncpg.Connection) -> None:
    from tests.ledger.test_proof import _batch

    account_no, other = await open_account(fen=1000), await open_account(fen=1000)
    await _batch(owner, account_no, business_key="subsidy:1")
    batch = await store.value("SELECT voucher_id FROM general_voucher WHERE is_batch")

    async def ask(account: int) -> int:
        return await ledger.request_reversal(
            account_no=account, voucher_id=batch, reason="该户有误", actor=finance(1), now=noon(TODAY)
        )

    for account, code in ((0, "ledger.voucher_in_batch"), (other, "ledger.voucher_unknown")):
        async with nothing_changed():
            with pytest.raises(Refused) as refused:
                await ask(account)
        assert _codes(refused) == [code]
    request_id = await ask(account_no)
    reversal = await ledger.decide_request(
        request_id=request_id, approve=True, actor=finance(2), business_date=TODAY, now=noon(TODAY)
    )
    assert (await ledger.balance_of(account_no=account_no)).balance == Money(1000)
    view = await ledger.voucher_of(account_no=account_no, voucher_id=batch)
    assert view is not None and (view.amount, view.reversed_by) == (Money(50), reversal)
    assert await ledger.voucher_of(account_no=other, voucher_id=batch) is None
    with pytest.raises(Refused) as refused:
        await ask(account_no)
    assert _codes(refused) == ["ledger.reversed_already"]
    await sound()


async def test_a_line_of_a_statement_is_reversed_with_its_statement_only(
    database: str, owner: asyncpg.Connection
) -> None:
    from tests.ledger.test_proof import _batch

    account_no = await open_account(fen=1000)
    batch = await _batch(owner, account_no)
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await ledger.request_reversal(
                account_no=account_no, voucher_id=batch, reason="该户有误", actor=finance(1), now=noon(TODAY)
            )
    assert _codes(refused) == ["ledger.voucher_of_statement"]
