"""Holds whose last day is over: given back, or extended while their case runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.factories.snapshot import nothing_changed
from tests.ledger.accounts import NOW, TODAY, hold, open_account, pay_out

YESTERDAY = TODAY - timedelta(days=1)
RUNNING_CASE = 77


async def _runs(tx: Transaction, account_no: int, case_id: int) -> bool:
    return case_id == RUNNING_CASE


async def _hold(account_no: int, *, case_id: int | None, until_days: int) -> int:
    hold_id = new_id()
    async with store.transaction() as tx:
        await ledger.place_hold(
            tx,
            account_no=account_no,
            hold_id=hold_id,
            business_key=f"hold:{hold_id}",
            amount=Money(100),
            case_id=case_id,
            reason="rent",
            expires_on=TODAY + timedelta(days=until_days),
            now=NOW,
        )
    return hold_id


async def _sweep() -> list[tuple[int, bool]]:
    swept = await ledger.expire_holds(business_date=YESTERDAY, now=NOW, is_open=_runs, extend_days=30)
    return [(one.hold_id, one.extended) for one in swept]


async def test_a_hold_without_a_running_case_expires_and_one_with_it_is_extended(database: str) -> None:
    account_no = await open_account(fen=1000)
    ended = await _hold(account_no, case_id=5, until_days=-1)
    without = await _hold(account_no, case_id=None, until_days=-3)
    running = await _hold(account_no, case_id=RUNNING_CASE, until_days=-1)
    still_good = await _hold(account_no, case_id=5, until_days=0)
    assert await _sweep() == [(ended, False), (without, False), (running, True)]
    rows = await store.rows("SELECT hold_id, state, expires_on FROM hold ORDER BY hold_id")
    assert [tuple(row) for row in rows] == [
        (ended, "expired", YESTERDAY),
        (without, "expired", TODAY - timedelta(days=3)),
        (running, "placed", YESTERDAY + timedelta(days=30)),
        (still_good, "placed", TODAY),
    ]
    assert (await ledger.balance_of(account_no=account_no)).held == Money(200)
    told = await store.rows("SELECT action, count(*) AS n FROM audit_event GROUP BY action ORDER BY action")
    assert [tuple(row) for row in told] == [("ledger.hold_expired", 2), ("ledger.hold_extended", 1)]
    async with nothing_changed():
        assert await _sweep() == []


async def test_an_expired_hold_pays_nothing(database: str) -> None:
    account_no = await open_account(fen=1000)
    hold_id = await _hold(account_no, case_id=5, until_days=-1)
    await _sweep()
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            async with store.transaction() as tx:
                await pay_out(tx, account_no=account_no, fen=100, key="late", hold_id=hold_id)
    assert [r.code for r in refused.value.refusals] == ["ledger.hold_ended"]


async def test_what_has_ended_is_neither_expired_nor_extended(database: str) -> None:
    account_no = await open_account(fen=1000)
    async with store.transaction() as tx:
        paid = await hold(tx, account_no=account_no, fen=100, key="paid")
        await pay_out(tx, account_no=account_no, fen=100, key="w", hold_id=paid)
        given_back = await hold(tx, account_no=account_no, fen=100, key="void")
        await ledger.void_hold(tx, account_no=account_no, hold_id=given_back, now=NOW)
    for hold_id in (paid, given_back, 4711):
        async with nothing_changed():
            for move in (
                lambda tx, one=hold_id: ledger.extend_hold(tx, account_no=account_no, hold_id=one, expires_on=TODAY),
                lambda tx, one=hold_id: ledger.expire_hold(tx, account_no=account_no, hold_id=one, now=NOW),
            ):
                with pytest.raises(Refused) as refused:
                    async with store.transaction() as tx:
                        await move(tx)
                assert [r.code for r in refused.value.refusals] == ["ledger.hold_ended"]
    assert await _sweep() == []
