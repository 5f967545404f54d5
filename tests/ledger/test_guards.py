"""What nobody can do to the ledger, whoever asks: rights, immutable rows, checks and malformed vouchers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from tests.ledger.accounts import BANK, NOW, TODAY, books_of, hold, open_account, pay_in, pay_out

LEDGER_TABLES = ("account_balance", "hold", "voucher", "posting")
STATEMENTS = {
    "insert": "INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
    "update": "UPDATE {table} SET account_no = account_no",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
}
PERMISSION_DENIED, CHECK_VIOLATED = "42501", "23514"
ROW_NEVER_CHANGES, MALFORMED_LINES = "HF099", "HF005"


async def _account_with_everything() -> int:
    account_no = await open_account(fen=1000)
    async with store.transaction() as tx:
        await hold(tx, account_no=account_no, fen=300, key="hold:1")
    return account_no


@pytest.mark.parametrize("verb", STATEMENTS)
@pytest.mark.parametrize("table", LEDGER_TABLES)
async def test_the_application_has_no_right_to_write_the_ledger(database: str, table: str, verb: str) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    with pytest.raises(asyncpg.PostgresError) as raised:
        await store.execute(STATEMENTS[verb].format(table=table))
    assert raised.value.sqlstate == PERMISSION_DENIED
    assert await books_of(account_no) == before


async def test_a_partition_is_no_way_around(database: str) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    for verb in STATEMENTS.values():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await store.execute(verb.format(table=f"posting_{TODAY:%Y%m}"))
    assert await books_of(account_no) == before


async def test_the_application_cannot_lift_the_immutability(database: str) -> None:
    for statement in (
        "ALTER TABLE posting DISABLE TRIGGER posting_immutable",
        "ALTER TABLE voucher DROP CONSTRAINT voucher_balances",
        "SET LOCAL session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.account_subject_copy (code text)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with store.transaction() as tx:
                await tx.execute(statement)


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("table", ["voucher", "posting"])
async def test_not_even_the_owner_changes_a_booked_row(
    database: str, owner: asyncpg.Connection, table: str, verb: str
) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    with pytest.raises(asyncpg.PostgresError) as raised:
        await owner.execute(STATEMENTS[verb].format(table=table))
    assert raised.value.sqlstate == ROW_NEVER_CHANGES
    assert await books_of(account_no) == before


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE account_balance SET held_fen = balance_fen + 1", "account_balance_covers_holds"),
        ("UPDATE account_balance SET held_fen = -1", "account_balance_covers_holds"),
        ("UPDATE account_balance SET current_year_fen = current_year_fen + 1", "account_balance_splits"),
        (
            "UPDATE account_balance SET carried_over_fen = -1, current_year_fen = balance_fen + 1",
            "account_balance_splits",
        ),
        ("UPDATE hold SET amount_fen = 0", "hold_amount_fen_check"),
        ("UPDATE hold SET state = 'lost'", "hold_state_check"),
        (
            "INSERT INTO voucher SELECT account_no, period, 1, 'other', input_hash, account_set, kind, summary,"
            " case_id, 100, 99, effective_on, posted_on, recorded_at FROM voucher",
            "voucher_balances",
        ),
        (
            "INSERT INTO posting SELECT account_no, period, 1, 1, account_set, subject, auxiliary, side, amount_fen, 2,"
            " 1000, 999 FROM posting WHERE sequence = 1",
            "posting_moves_balance",
        ),
    ],
)
async def test_checks_hold_against_the_owner(
    database: str, owner: asyncpg.Connection, statement: str, constraint: str
) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    with pytest.raises(asyncpg.CheckViolationError) as raised:
        await owner.execute(statement)
    assert raised.value.constraint_name == constraint
    assert await books_of(account_no) == before


async def _post_raw(account_no: int, lines: list[dict[str, object]], *, hold_id: int | None = None) -> Any:
    """The database function itself, without the assertions of `ledger.post`."""
    async with store.transaction() as tx:
        return await tx.value(
            "SELECT ledger_post($1,$2,'raw',$3,'provident_fund','99','',NULL,$4,$4,$5,$6,$7,$8,$9,$10,NULL,NULL,$11,"
            "'raw','{}')",
            account_no,
            new_id(),
            b"\0" * 32,
            TODAY,
            NOW,
            hold_id,
            *([line.get(name) for line in lines] for name in ("subject", "side", "amount_fen", "auxiliary")),
            new_id(),
        )


def _line(**changed: object) -> dict[str, object]:
    line: dict[str, object] = {"subject": "201", "side": "C", "amount_fen": 100, "auxiliary": "", **changed}
    return {key: value for key, value in line.items() if value is not None}


_BANK_SIDE = _line(subject="101", side="D", auxiliary=BANK)


@pytest.mark.parametrize(
    "lines",
    [
        # the unknown line alone would be dropped by a join, and the rest would still balance
        [_BANK_SIDE, _line(), _line(subject="999", side="D"), _line(subject="999")],
        [_BANK_SIDE, _line(subject="999")],
        [_BANK_SIDE, _line(), _line(subject=None)],
        [_BANK_SIDE, _line(), _line(amount_fen=0)],
        [_BANK_SIDE, _line(), _line(amount_fen=-50), {**_BANK_SIDE, "amount_fen": -50}],
        [_BANK_SIDE, _line(), _line(amount_fen=None)],
        [_BANK_SIDE, _line(), _line(side="X")],
        [_BANK_SIDE, _line(), _line(side=None)],
        [_line(), _line(side="D")],
        [_line(subject="101", side="D"), _line()],
        [_line(subject="411", side="D"), _line()],
    ],
    ids=[
        "unknown subject beside a balanced voucher",
        "unknown subject",
        "no subject",
        "nothing",
        "negative amounts",
        "no amount",
        "unknown side",
        "no side",
        "in and out at once",
        "a bank subject without its bank",
        "a subject that has parts",
    ],
)
async def test_malformed_lines_are_refused_whole(database: str, lines: list[dict[str, object]]) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    with pytest.raises(asyncpg.PostgresError) as raised:
        await _post_raw(account_no, lines)
    assert raised.value.sqlstate == MALFORMED_LINES
    assert await books_of(account_no) == before


@pytest.mark.parametrize("short", ["sides", "amounts", "auxiliaries"])
async def test_a_line_cut_in_the_middle_is_refused_whole(database: str, short: str) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    given: dict[str, list[object]] = {"sides": ["D", "C"], "amounts": [100, 100], "auxiliaries": [BANK, ""]}
    given[short].pop()
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with store.transaction() as tx:
            await tx.value(
                "SELECT ledger_post($1,$2,'raw',$3,'provident_fund','99','',NULL,$4,$4,$5,NULL,$6,$7,$8,$9,NULL,NULL,"
                "NULL,NULL,NULL)",
                *(account_no, new_id(), b"\0" * 32, TODAY, NOW, ["101", "201"], *given.values()),
            )
    assert raised.value.sqlstate == MALFORMED_LINES
    assert await books_of(account_no) == before


async def test_an_account_with_vouchers_does_not_vanish(database: str, owner: asyncpg.Connection) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    for statement in ("DELETE FROM account WHERE account_no = $1", "UPDATE account SET account_no = -$1::bigint"):
        with pytest.raises(asyncpg.PostgresError) as raised:
            await owner.execute(statement, account_no)
        assert raised.value.sqlstate == ROW_NEVER_CHANGES
    assert await books_of(account_no) == before


async def test_a_balance_is_opened_for_accounts_that_are_there(database: str) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    for numbers in ([account_no, account_no + 1], [account_no + 1]):
        with pytest.raises(asyncpg.PostgresError) as raised:
            async with store.transaction() as tx:
                await ledger.open_accounts(tx, account_nos=numbers, opened_on=TODAY)
        assert raised.value.sqlstate == MALFORMED_LINES
    async with store.transaction() as tx:
        await ledger.open_accounts(tx, account_nos=[account_no], opened_on=TODAY)
    assert await books_of(account_no) == before
    assert await store.value("SELECT count(*) FROM account_balance") == 1


@pytest.mark.parametrize(
    "lines", [[_BANK_SIDE, _line(amount_fen=99)], [_line()], []], ids=["one fen short", "one side", "no lines"]
)
async def test_an_unbalanced_voucher_is_refused_whole(database: str, lines: list[dict[str, object]]) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    with pytest.raises(asyncpg.CheckViolationError) as raised:
        await _post_raw(account_no, lines)
    assert raised.value.constraint_name == "voucher_balances"
    assert await books_of(account_no) == before


async def test_an_unbalanced_voucher_never_reaches_the_database(database: str) -> None:
    account_no = await _account_with_everything()
    before = await books_of(account_no)
    short = [Line(subject="101", side="D", amount=Money(2)), Line(subject="201", side="C", amount=Money(1))]
    with pytest.raises(AssertionError, match="does not balance"):
        async with store.transaction() as tx:
            await ledger.post(
                tx,
                account_no=account_no,
                business_key="unbalanced",
                kind=VoucherKind.OTHER,
                summary="",
                lines=short,
                effective_on=TODAY,
                posted_on=TODAY,
                now=NOW,
            )
    assert await books_of(account_no) == before


async def test_a_period_without_partition_takes_no_voucher(database: str) -> None:
    account_no = await open_account(fen=1000)
    before = await books_of(account_no)
    with pytest.raises(asyncpg.CheckViolationError, match="no partition of relation"):
        async with store.transaction() as tx:
            await pay_out(tx, account_no=account_no, fen=100, key="far", posted_on=date(2199, 1, 1))
    assert await books_of(account_no) == before


async def test_an_account_that_was_never_opened_is_refused(database: str) -> None:
    for move in (pay_in, pay_out, hold):
        with pytest.raises(Refused) as refused:
            async with store.transaction() as tx:
                await move(tx, account_no=4711, fen=100, key="nobody")
        assert [refusal.code for refusal in refused.value.refusals] == ["ledger.account_not_open"]
    assert await store.value("SELECT count(*) FROM voucher") == 0
    assert await store.value("SELECT count(*) FROM hold") == 0


async def test_the_event_goes_with_its_voucher(database: str) -> None:
    account_no = await open_account()
    async with store.transaction() as tx:
        voucher_id = await pay_in(tx, account_no=account_no, fen=700, key="first", event_kind="payment.confirmed")
    events = await store.rows("SELECT kind, payload, sent_at FROM outbox WHERE account_no = $1", account_no)
    assert [tuple(event) for event in events] == [
        ("payment.confirmed", {"note": "test", "voucher_id": str(voucher_id)}, None)
    ]

    async with store.transaction() as tx:
        again = await pay_in(tx, account_no=account_no, fen=700, key="first", event_kind="payment.confirmed")
    assert again == voucher_id
    assert await store.value("SELECT count(*) FROM outbox WHERE account_no = $1", account_no) == 1


async def test_no_event_without_its_voucher(database: str) -> None:
    account_no = await open_account(fen=100)
    before = await books_of(account_no)
    with pytest.raises(Refused):
        async with store.transaction() as tx:
            await pay_out(tx, account_no=account_no, fen=101, key="too much")
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await pay_out(tx, account_no=account_no, fen=100, key="undone")
            raise ZeroDivisionError
    assert await books_of(account_no) == before


async def test_a_hold_of_another_account_pays_nothing(database: str) -> None:
    mine, others = await open_account(fen=500), await open_account(fen=500)
    async with store.transaction() as tx:
        hold_id = await hold(tx, account_no=others, fen=200, key="hold:1")
    before = await books_of(mine), await books_of(others)
    with pytest.raises(Refused) as refused:
        async with store.transaction() as tx:
            await pay_out(tx, account_no=mine, fen=200, key="w", hold_id=hold_id)
    assert [refusal.code for refusal in refused.value.refusals] == ["ledger.hold_ended"]
    assert (await books_of(mine), await books_of(others)) == before


async def test_amounts_of_bank_lines_name_the_bank(database: str) -> None:
    account_no = await open_account(fen=500)
    rows = await store.rows("SELECT subject, auxiliary FROM posting WHERE account_no = $1 ORDER BY line_no", account_no)
    assert [tuple(row) for row in rows] == [("101", BANK), ("201", "")]


async def test_an_expired_hold_gives_back_and_stays_expired(database: str) -> None:
    account_no = await open_account(fen=500)
    end = "SELECT ledger_end_hold($1, $2, $3, $4)"
    async with store.transaction() as tx:
        hold_id = await hold(tx, account_no=account_no, fen=200, key="hold:1", until=TODAY - timedelta(days=1))
        assert await ledger.expire_hold(tx, account_no=account_no, hold_id=hold_id, now=NOW) is True
    assert (await ledger.balance_of(account_no=account_no)).available == Money(500)
    async with store.transaction() as tx:
        assert await ledger.expire_hold(tx, account_no=account_no, hold_id=hold_id, now=NOW) is False
    before = await books_of(account_no)
    with pytest.raises(Refused):
        async with store.transaction() as tx:
            await ledger.void_hold(tx, account_no=account_no, hold_id=hold_id, now=NOW)
    # posting is no end that a caller may name
    with pytest.raises(asyncpg.RaiseError):
        await store.value(end, account_no, hold_id, "posted", NOW)
    assert await books_of(account_no) == before
