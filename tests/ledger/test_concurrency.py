"""Many at once on the same account: money leaves once, keys count once, nobody waits for nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextvars import copy_context
from datetime import timedelta

import asyncpg

from domain import contributions, ledger
from domain.kernel import database as store
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.ledger.accounts import BANK, NOW, TODAY, hold, open_account, pay_in, pay_out


async def _answer(account_no: int, *, fen: int, key: str) -> int | str:
    try:
        async with store.transaction() as tx:
            return await pay_out(tx, account_no=account_no, fen=fen, key=key)
    except Refused as refused:
        return refused.refusals[0].code


async def _until_waiting(owner: asyncpg.Connection, *, sessions: int) -> None:
    """Returns when so many sessions of this database wait for a lock."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        waiting = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting >= sessions:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


async def _sound() -> None:
    assert [r for r in await ledger.prove(invariants=ledger.INVARIANTS) if not r.holds] == []


async def test_money_for_five_pays_five_of_twenty(database: str) -> None:
    account_no = await open_account(fen=500)
    answers = await asyncio.gather(*(_answer(account_no, fen=100, key=f"w:{n}") for n in range(20)))
    assert sum(isinstance(answer, int) for answer in answers) == 5
    assert sorted(a for a in answers if isinstance(a, str)) == ["ledger.insufficient_balance"] * 15
    balance = await ledger.balance_of(account_no=account_no)
    assert (balance.balance, balance.held) == (Money(0), Money(0))
    assert await store.value("SELECT count(*) FROM outbox WHERE account_no = $1", account_no) == 5
    await _sound()


async def test_holds_and_withdrawals_share_the_same_money(database: str) -> None:
    account_no = await open_account(fen=500)

    async def place(n: int) -> int | str:
        try:
            async with store.transaction() as tx:
                return await hold(tx, account_no=account_no, fen=100, key=f"h:{n}")
        except Refused as refused:
            return refused.refusals[0].code

    work: list[Awaitable[int | str]] = []
    for n in range(10):
        work += [place(n), _answer(account_no, fen=100, key=f"w:{n}")]
    answers = await asyncio.gather(*work)
    assert sum(isinstance(answer, int) for answer in answers) == 5
    balance = await ledger.balance_of(account_no=account_no)
    assert balance.available == Money(0)
    await _sound()


async def test_one_key_posted_ten_times_at_once_is_one_voucher(database: str) -> None:
    account_no = await open_account(fen=1000)
    answers = await asyncio.gather(*(_answer(account_no, fen=100, key="same") for _ in range(10)))
    assert len(set(answers)) == 1 and isinstance(answers[0], int)
    assert await store.value("SELECT count(*) FROM voucher WHERE business_key = 'same'") == 1
    assert (await ledger.balance_of(account_no=account_no)).balance == Money(900)


async def test_one_key_with_two_inputs_at_once_counts_the_first(database: str) -> None:
    account_no = await open_account(fen=1000)
    answers = await asyncio.gather(*(_answer(account_no, fen=100 + n % 2, key="same") for n in range(10)))
    assert sum(isinstance(answer, int) for answer in answers) == 5
    assert len({answer for answer in answers if isinstance(answer, int)}) == 1
    assert {answer for answer in answers if isinstance(answer, str)} == {"ledger.key_conflict"}
    await _sound()


async def test_two_accounts_in_both_orders(database: str) -> None:
    first, second = await open_account(fen=2000), await open_account(fen=2000)

    async def walk(name: str, order: tuple[int, int]) -> None:
        # a movement touches one account and one transaction; so orders never meet
        for n in range(10):
            for account_no in order:
                assert isinstance(await _answer(account_no, fen=100, key=f"{name}:{n}"), int)

    await asyncio.gather(walk("there", (first, second)), walk("back", (second, first)))
    for account_no in (first, second):
        assert (await ledger.balance_of(account_no=account_no)).balance == Money(0)
    await _sound()


async def test_an_action_that_locked_the_account_is_not_crossed_by_a_remittance(
    database: str, owner: asyncpg.Connection
) -> None:
    account_no = await open_account(fen=1000)

    async def remit() -> None:
        async with store.transaction() as tx:
            await contributions.book_contribution(
                tx,
                account_no=account_no,
                month=YearMonth.of(TODAY),
                amount=Money(240),
                bank_code=BANK,
                booked_on=TODAY,
                now=NOW,
            )

    # a task started inside a transaction would join it
    outside = copy_context()
    async with store.transaction() as tx:
        await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", account_no)
        remittance = asyncio.create_task(remit(), context=outside)
        await _until_waiting(owner, sessions=1)
        # a remittance that held the balance by now would wait for us, and we for it
        await hold(tx, account_no=account_no, fen=1000, key="h")
    await remittance
    balance = await ledger.balance_of(account_no=account_no)
    assert (balance.balance, balance.held) == (Money(1240), Money(1000))
    await _sound()


async def test_an_account_closed_meanwhile_takes_nothing_more(database: str, owner: asyncpg.Connection) -> None:
    account_no = await open_account(fen=1000)
    outside = copy_context()
    async with store.transaction() as tx:
        await tx.execute("UPDATE account SET state = '05' WHERE account_no = $1", account_no)
        late = [
            asyncio.create_task(_answer(account_no, fen=100, key="late"), context=outside.copy()),
            asyncio.create_task(_hold_answer(account_no), context=outside.copy()),
        ]
        await _until_waiting(owner, sessions=2)
    assert await asyncio.gather(*late) == ["ledger.account_not_open"] * 2
    assert (await ledger.balance_of(account_no=account_no)).available == Money(1000)


async def _hold_answer(account_no: int) -> int | str:
    try:
        async with store.transaction() as tx:
            return await hold(tx, account_no=account_no, fen=100, key="late")
    except Refused as refused:
        return refused.refusals[0].code


async def test_a_hold_is_paid_or_given_back_never_both(database: str) -> None:
    for n in range(8):
        account_no = await open_account(fen=300)
        async with store.transaction() as tx:
            hold_id = await hold(tx, account_no=account_no, fen=300, key="h")

        async def settle(account_no: int = account_no, hold_id: int = hold_id, n: int = n) -> str:
            try:
                async with store.transaction() as tx:
                    await pay_out(tx, account_no=account_no, fen=300, key=f"w:{n}", hold_id=hold_id)
                return "paid"
            except Refused as refused:
                return refused.refusals[0].code

        async def give_back(account_no: int = account_no, hold_id: int = hold_id) -> str:
            try:
                async with store.transaction() as tx:
                    await ledger.void_hold(tx, account_no=account_no, hold_id=hold_id, now=NOW + timedelta(1))
                return "given back"
            except Refused as refused:
                return refused.refusals[0].code

        answers = set(await asyncio.gather(settle(), give_back()))
        assert answers in ({"paid", "ledger.hold_ended"}, {"given back", "ledger.hold_ended"})
        balance = await ledger.balance_of(account_no=account_no)
        assert (balance.balance.fen, balance.held.fen) == (0 if "paid" in answers else 300, 0)


async def test_remittances_in_parallel_all_count(database: str) -> None:
    account_no = await open_account()

    async def remit(n: int) -> None:
        async with store.transaction() as tx:
            await pay_in(tx, account_no=account_no, fen=n, key=f"r:{n}")

    await asyncio.gather(*(remit(n) for n in range(1, 21)))
    assert (await ledger.balance_of(account_no=account_no)).balance == Money(210)
    sequences = await store.rows(
        "SELECT sequence FROM posting WHERE account_no = $1 AND sequence IS NOT NULL ORDER BY sequence", account_no
    )
    assert [row["sequence"] for row in sequences] == list(range(1, 21))
    await _sound()
