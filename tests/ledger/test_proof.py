"""The proof of the books itself: sound books pass, and every invariant names the row that breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain import ledger
from domain.kernel import database as store
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.ledger import InvariantResult
from ops.wiring import INVARIANTS
from tests.ledger.accounts import BANK, NOW, TODAY, hold, open_account, pay_out

PAID_CASE, OPEN_CASE = "CASE-PAID", "CASE-OPEN"

# What is done to sound books behind the ledger's back, and every invariant that must then break.
BREAKS: dict[str, tuple[str, set[str]]] = {
    "voucher_lines_balance": (
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE subject = '101' AND side = 'D'",
        {"trial_balance"},
    ),
    "posting_has_voucher": ("DELETE FROM voucher WHERE business_key = 'opening'", set()),
    "balance_equals_postings": (
        "UPDATE account_balance SET balance_fen = balance_fen + 1, current_year_fen = current_year_fen + 1",
        {"subject_201_equals_accounts"},
    ),
    "postings_chain": (
        "UPDATE posting SET balance_before_fen = balance_before_fen + 5, balance_after_fen = balance_after_fen + 5"
        " WHERE sequence = 2",
        set(),
    ),
    "year_split_equals_postings": (
        "UPDATE posting SET carried_over_fen = carried_over_fen + 1 WHERE sequence = 1",
        set(),
    ),
    "held_equals_holds": ("UPDATE account_balance SET held_fen = held_fen + 1", set()),
    "subject_201_equals_accounts": ("UPDATE posting SET subject = '211' WHERE sequence = 1", set()),
    "trial_balance": ("DELETE FROM posting WHERE subject = '101'", {"voucher_lines_balance"}),
    "withdrawal_voucher_was_paid": ("UPDATE payment SET state = 'processing'", set()),
    "confirmed_payment_was_posted": (
        "UPDATE payment SET amount_fen = amount_fen + 1",
        {"withdrawal_voucher_was_paid"},
    ),
    "case_history_reaches_state": ("UPDATE service_case SET revision = revision + 1", set()),
    "case_can_be_found": ("DELETE FROM case_no_lookup", set()),
    "paid_withdrawal_has_voucher": ("UPDATE withdrawal SET amount_fen = amount_fen + 1 WHERE state = 'paid'", set()),
    "open_withdrawal_holds_money": (
        "UPDATE hold SET state = 'voided' WHERE state = 'placed'",
        {"held_equals_holds"},
    ),
    "withdrawal_follows_case": ("UPDATE withdrawal SET state = 'approved' WHERE state = 'requested'", set()),
}


@pytest.fixture
async def books(owner: asyncpg.Connection) -> AsyncIterator[Transaction]:
    """The owner's transaction over sound books, with checks of rows by triggers off; rolled back afterwards."""
    await _sound_books(owner)
    change = owner.transaction()
    await change.start()
    await owner.execute("SET LOCAL session_replication_role = replica")
    yield Transaction(owner)
    await change.rollback()


async def _sound_books(owner: asyncpg.Connection) -> None:
    """One withdrawal that was paid and one that waits, on one account."""
    account_no, paid, waiting = await open_account(fen=1000), new_id(), new_id()
    await owner.execute("INSERT INTO entrusted_bank (code, name, fund_account_no) VALUES ($1, '测试银行', '1')", BANK)
    for case_id, case_no, state in ((paid, PAID_CASE, "completed"), (waiting, OPEN_CASE, "pending_preliminary")):
        await owner.execute(_CASE, account_no, case_id, case_no, state, TODAY, NOW)
        await owner.execute("INSERT INTO case_no_lookup VALUES ($1, $2, $3)", case_no, account_no, case_id)
        await owner.execute(_EVENT, account_no, case_id, state, NOW)
    async with store.transaction() as tx:
        paid_hold = await hold(tx, account_no=account_no, fen=300, key="h:paid")
        open_hold = await hold(tx, account_no=account_no, fen=200, key="h:open")
        await pay_out(tx, account_no=account_no, fen=300, key=f"withdrawal:{paid}", hold_id=paid_hold, case_id=paid)
    for case_id, hold_id, fen, state in ((paid, paid_hold, 300, "paid"), (waiting, open_hold, 200, "requested")):
        await owner.execute(_WITHDRAWAL, account_no, case_id, fen, hold_id, state)
    await owner.execute(_PAYMENT, account_no, paid, BANK, TODAY, NOW)


_CASE = """
INSERT INTO service_case (account_no, case_id, case_no, item_code, item, person_id, applicant_masked, channel,
    office_code, flow_name, flow_version, state, amount_fen, form, policy_snapshot, explanation, business_date,
    submitted_at, due_on)
VALUES ($1, $2, $3, 'C20', 'rent_withdrawal', 1, '*', 'test', '01', 'rent', 1, $4, 300, '{}', '{}', '[]', $5, $6, $5)
"""
_EVENT = """
INSERT INTO case_event (account_no, case_id, seq, at, actor, actor_name, channel, action, to_state)
VALUES ($1, $2, 1, $4, 'system', '', 'test', 'submit', $3)
"""
_WITHDRAWAL = """
INSERT INTO withdrawal (account_no, withdrawal_id, case_id, reason, amount_fen, hold_id, state)
VALUES ($1, $2, $2, '03', $3, $4, $5)
"""
_PAYMENT = """
INSERT INTO payment (account_no, payment_id, case_id, serial_no, bank_code, payer_account_no, payee_account_cipher,
    payee_account_masked, payee_name_cipher, amount_fen, business_type, summary, business_date, state, prepared_at)
VALUES ($1, $2, $2, 'SERIAL-1', $3, '1', '', '*', '', 300, '11', '', $4, 'confirmed', $5)
"""


async def _proved(books: Transaction) -> dict[str, InvariantResult]:
    return {result.name: result for result in await ledger.prove(invariants=INVARIANTS, using=books)}


async def test_sound_books_pass_and_every_invariant_looked_at_something(books: Transaction) -> None:
    results = await _proved(books)
    assert list(results) == list(INVARIANTS)
    assert [result for result in results.values() if not result.holds] == []
    assert [result.name for result in results.values() if result.checked == 0] == []


def test_every_invariant_is_shown_to_break() -> None:
    assert set(BREAKS) == set(INVARIANTS)


@pytest.mark.parametrize("name", BREAKS)
async def test_a_break_is_named(books: Transaction, name: str) -> None:
    statement, besides = BREAKS[name]
    status = await books.execute(statement)
    assert not status.endswith(" 0"), "nothing was changed"
    results = await _proved(books)
    assert {found.name for found in results.values() if not found.holds} == {name, *besides}
    assert results[name].broken > 0
    assert results[name].detail


async def test_a_break_names_the_row(books: Transaction) -> None:
    await books.execute("DELETE FROM case_no_lookup WHERE case_no = $1", OPEN_CASE)
    found = (await _proved(books))["case_can_be_found"]
    assert (found.checked, found.broken, found.detail) == (2, 1, OPEN_CASE)


async def test_a_break_names_five_rows_at_most(books: Transaction) -> None:
    await books.execute(
        "INSERT INTO account_balance (account_no, balance_fen, current_year_fen)"
        " SELECT n, 1, 1 FROM generate_series(1, 7) n"
    )
    found = (await _proved(books))["balance_equals_postings"]
    assert found.broken == 7
    assert len(found.detail.split(", ")) == 5
