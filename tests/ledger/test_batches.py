"""Many accounts credited by one voucher, and what their rows refer to."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import VoucherKind
from tests.ledger.accounts import BANK, NOW, TODAY, books_of, open_account

pytestmark = [pytest.mark.requirement("N2"), pytest.mark.usefixtures("database")]

SELECTION = "SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS given (account_no, fen)"
MALFORMED, ROW_NEVER_CHANGES = "HF005", "HF099"


async def credited(numbers: Sequence[int], fen: Sequence[int], *, key: str = "statement:1") -> ledger.Credited | None:
    async with store.transaction() as tx:
        return await ledger.credit_accounts(
            tx,
            selection=SELECTION,
            values=[list(numbers), list(fen)],
            key=key,
            kind=VoucherKind.REMITTANCE,
            summary="汇缴",
            debit_subject="101",
            debit_auxiliary=BANK,
            effective_on=TODAY,
            posted_on=TODAY,
            now=NOW,
            prepared_by="system",
        )


async def everything(accounts: Sequence[int]) -> list[object]:
    heads = await store.rows("SELECT voucher_id, business_key, debit_fen FROM general_voucher ORDER BY voucher_id")
    return [*[await books_of(account_no) for account_no in accounts], [tuple(head) for head in heads]]


async def test_a_batch_credits_each_account_once_in_whatever_order_it_is_given() -> None:
    accounts = sorted([await open_account(fen=100), await open_account(), await open_account(state="06")])
    first = await credited([accounts[2], accounts[0], accounts[1]], [3, 1, 2])
    assert first is not None and (first.accounts, first.amount) == (3, Money(6))
    head = await store.row("SELECT business_key, debit_fen, account_from, account_to FROM general_voucher")
    assert head is not None
    assert tuple(head) == (f"statement:1:{accounts[0]}-{accounts[2]}", 6, accounts[0], accounts[2])
    before = await everything(accounts)
    assert await credited(accounts, [1, 2, 3]) == first
    assert await credited([], []) is None
    assert await everything(accounts) == before
    assert [result.name for result in await ledger.prove(invariants=ledger.INVARIANTS) if not result.holds] == []


@pytest.mark.parametrize("fen", [[2, 1], [1, 3]], ids=["the same sum", "another sum"])
async def test_the_same_key_with_other_amounts_is_refused(fen: list[int]) -> None:
    accounts = sorted([await open_account(), await open_account()])
    await credited(accounts, [1, 2])
    before = await everything(accounts)
    with pytest.raises(Refused) as refused:
        await credited(accounts, fen)
    assert [refusal.code for refusal in refused.value.refusals] == ["ledger.key_conflict"]
    assert await everything(accounts) == before


async def test_one_closed_account_stops_the_whole_batch() -> None:
    accounts = [await open_account(), await open_account(state="03")]
    before = await everything(accounts)
    with pytest.raises(Refused) as refused:
        await credited(accounts, [1, 2])
    assert [refusal.code for refusal in refused.value.refusals] == ["ledger.account_not_open"]
    assert await everything(accounts) == before


async def test_twice_the_same_account_or_no_amount_is_a_bug() -> None:
    account_no = await open_account()
    before = await everything([account_no])
    for numbers, fen in (([account_no, account_no], [1, 2]), ([account_no], [0]), ([account_no], [-1])):
        with pytest.raises(asyncpg.PostgresError) as raised:
            await credited(numbers, fen)
        assert raised.value.sqlstate == MALFORMED
    assert await everything([account_no]) == before


async def test_accounts_given_out_of_order_are_refused(owner: asyncpg.Connection) -> None:
    accounts = sorted([await open_account(), await open_account()], reverse=True)
    with pytest.raises(asyncpg.PostgresError) as raised:
        await owner.fetchval(
            "SELECT ledger_credit_batch('provident_fund', 1, 'k', '01', '', $1, $1, $2, 'system', '101', $3, $4, $5)",
            *(TODAY, NOW, BANK, accounts, [1, 1]),
        )
    assert raised.value.sqlstate == MALFORMED


async def test_a_month_is_of_an_account_and_a_withdrawal_of_a_case_that_are_there() -> None:
    account_no = await open_account(fen=100)
    months = (
        "INSERT INTO contribution_month (account_no, period, voucher_id, amount_fen) SELECT n, 202601, 1, 5"
        " FROM unnest($1::bigint[]) n"
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.execute(months, [account_no, account_no + 1])
    assert await store.value("SELECT count(*) FROM contribution_month") == 0
    await store.execute(months, [account_no])
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.execute(
            "INSERT INTO withdrawal (account_no, withdrawal_id, case_id, kind, reason, amount_fen, state, card_id)"
            " VALUES ($1, 1, 4711, 'rent_no_home', '07', 5, 'approved', 1)",
            account_no,
        )
    assert await store.value("SELECT count(*) FROM withdrawal") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM service_case",
        "UPDATE service_case SET case_id = case_id + 1",
        "UPDATE withdrawal SET case_id = case_id + 1",
        "DELETE FROM account",
    ],
)
async def test_what_rows_refer_to_stays(owner: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as raised:
        await owner.execute(statement)
    assert raised.value.sqlstate == ROW_NEVER_CHANGES
