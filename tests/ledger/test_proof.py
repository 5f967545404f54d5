"""The proof of the books itself: sound books pass, and every invariant names the row that breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain import ledger, settlement, transfers
from domain.kernel import database as store
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.ledger import InvariantResult
from ops.wiring import INVARIANTS as OF_THE_HOUSE
from tests.ledger.accounts import BANK, NOW, TODAY, hold, open_account, pay_out
from tests.ledger.books import LAST, QUARTER_END, a_month, closed, day_ended, receipt
from tests.ledger.collected import collection, evaluated_and_deposited, listed_and_exchanged, what_it_is_for

PAID_CASE, OPEN_CASE = "CASE-PAID", "CASE-OPEN"

# Those of settlement and transfers are shown to break where their books are made, but for the two that payments
# always had.
INVARIANTS = {
    name: invariant
    for name, invariant in OF_THE_HOUSE.items()
    if name not in {**settlement.INVARIANTS, **transfers.INVARIANTS}
    or name in ("withdrawal_voucher_was_paid", "confirmed_payment_was_posted")
}

# Kept beside the lines, so that a line that changes breaks them too.
_FROM_LINES = {"formal_equals_realtime", "totals_equal_lines"}

# What is done to sound books behind the ledger's back, and every invariant that must then break.
BREAKS: dict[str, tuple[str, set[str]]] = {
    "maintenance_refund_is_booked": (
        "INSERT INTO maintenance_deposit VALUES (1, 1, 'CASE-FUND', 'none', '01', 100, 'arrived', 50, 7, '2026-11-01')",
        set(),
    ),
    "maintenance_refund_in_transit": (
        "WITH deposit AS (INSERT INTO maintenance_deposit"
        " VALUES (1, 1, 'CASE-FUND', 'none', '01', 100, 'arrived', 50, 7, '2026-11-01')),"
        " expected AS (INSERT INTO expected_receipt (expectation_id, purpose, reference_no, account_set, office_code,"
        " amount_fen, credit_subject, credit_auxiliary, input_hash, state, registered_at)"
        " VALUES (8, 'maintenance_refund', 'WR1', 'provident_fund', '00', 50, '21906', '', '', 'met', '2026-11-02'))"
        " INSERT INTO maintenance_refund (account_no, refund_id, refund_no, case_id, amount_fen, reason, to_account_no,"
        " state, asked_by, agreed_by, ordered_at, payment_id, expectation_id)"
        " VALUES (1, 1, 'WR1', 1, 50, '退房', 1, 'arrived', 'staff:1', 'staff:2', '2026-11-02', 1, 8)",
        set(),
    ),
    "granted_appeal_removes": ("UPDATE risk_appeal SET state = 'granted', decided_by = 'staff:3'", set()),
    "appeal_of_removed_waits_not": ("UPDATE risk_appeal SET state = 'waiting', decided_by = NULL", set()),
    "exchange_list_carries_its_mark": ("UPDATE contribution_list SET mark = 'social_security'", set()),
    "what_is_evaluated_was_served": (
        "INSERT INTO evaluation (account_no, case_id, evaluation_no, grade, channel, given_at, terminal)"
        " VALUES (1, 1, 'E1', 5, 'app', now(), 'mobile')",
        set(),
    ),
    "merged_accounts_are_empty": (
        "UPDATE account SET merged_into = 1 WHERE account_no = (SELECT min(account_no) FROM account)",
        set(),
    ),
    "voucher_lines_balance": (
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE subject = '101' AND side = 'D'",
        {"trial_balance", *_FROM_LINES},
    ),
    "posting_has_voucher": (
        "DELETE FROM voucher WHERE business_key = 'opening'",
        {"formal_equals_realtime"},
    ),
    "posting_has_subject": (
        "UPDATE posting SET subject = '999' WHERE subject = '101' AND side = 'D'",
        {"formal_equals_realtime", "totals_equal_lines"},
    ),
    "batch_head_equals_lines": (
        "UPDATE general_line SET amount_fen = amount_fen + 1 WHERE detailed",
        {"voucher_lines_balance"},
    ),
    "interest_product_equals_postings": ("UPDATE account_balance SET interest_offset = interest_offset - 1", set()),
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
    "subject_201_equals_accounts": ("UPDATE posting SET subject = '211' WHERE sequence = 1", _FROM_LINES),
    "trial_balance": (
        "DELETE FROM posting WHERE subject = '101'",
        {"voucher_lines_balance", *_FROM_LINES},
    ),
    "formal_equals_realtime": (
        "UPDATE formal_voucher_line SET auxiliary = 'x' WHERE subject = '101' AND line_no = 1",
        set(),
    ),
    "formal_balances": (
        "UPDATE formal_voucher_line SET amount_fen = amount_fen + 1 WHERE number = 1",
        {"formal_equals_realtime"},
    ),
    "formal_numbers_have_no_gap": (
        "UPDATE formal_voucher SET number = 9 WHERE number = 3",
        {"formal_balances", "formal_equals_realtime"},
    ),
    "totals_equal_lines": (
        "UPDATE subject_total SET debit_fen = debit_fen + 1",
        {"sheet_equals_ledger", "maintenance_sheet_equals_ledger", "income_is_carried_over"},
    ),
    # a subject that the balance sheet does not know
    "sheet_equals_ledger": ("UPDATE subject_total SET subject = '999' WHERE subject = '101'", {"totals_equal_lines"}),
    # a subject that the fund's balance sheet does not know
    "maintenance_sheet_equals_ledger": (
        "UPDATE subject_total SET subject = '1999' WHERE subject = '1001'",
        {"totals_equal_lines"},
    ),
    # what the owners of commodity homes paid in, carried to the other homes
    "carry_over_keeps_net_assets": ("UPDATE general_line SET subject = '3002' WHERE subject = '3001'", _FROM_LINES),
    "income_is_carried_over": (
        "UPDATE subject_total SET subject = '40105' WHERE subject = '311'",
        {"totals_equal_lines"},
    ),
    "statement_equals_its_lines": (
        "UPDATE remittance_line SET employee_fen = employee_fen + 1 WHERE state = 'P'",
        set(),
    ),
    "distributed_equals_months": ("UPDATE contribution_month SET amount_fen = amount_fen + 1", set()),
    "pending_equals_employers_money": (
        "UPDATE general_line SET auxiliary = '2' WHERE subject = '21903'",
        set(),
    ),
    "debts_equal_what_was_taken_back": ("UPDATE general_line SET auxiliary = '2' WHERE subject = '11901'", set()),
    "employer_balance_equals_entries": ("UPDATE employer_balance_entry SET amount_fen = amount_fen + 1", set()),
    "one_running_employment": ("UPDATE employment SET employer_no = employer_no + 1", set()),
    "list_counts": ("DELETE FROM contribution_list_row WHERE state = 'refused'", set()),
    "withdrawal_voucher_was_paid": ("UPDATE payment SET state = 'processing'", set()),
    "confirmed_payment_was_posted": (
        "UPDATE payment SET amount_fen = amount_fen + 1",
        {"withdrawal_voucher_was_paid"},
    ),
    "case_history_reaches_state": ("UPDATE service_case SET revision = revision + 1", set()),
    "case_can_be_found": ("DELETE FROM case_no_lookup", set()),
    "paid_withdrawal_has_voucher": (
        "UPDATE withdrawal SET amount_fen = amount_fen + 1 WHERE state = 'paid'",
        {"arrangement_paid_within_limit"},
    ),
    "arrangement_paid_within_limit": ("UPDATE withdrawal_arrangement SET total_limit_fen = paid_fen - 1", set()),
    "subject_equals_claims": ("UPDATE withdrawal_subject SET used_fen = used_fen + 1", set()),
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
        voucher_id = await pay_out(
            tx, account_no=account_no, fen=300, key=f"withdrawal:{paid}", hold_id=paid_hold, case_id=paid
        )
    for case_id, hold_id, fen, state, booked in (
        (paid, paid_hold, 300, "paid", voucher_id),
        (waiting, open_hold, 200, "requested", None),
    ):
        await owner.execute(_WITHDRAWAL, account_no, case_id, fen, hold_id, state, booked)
    await what_it_is_for(owner, account_no, paid, fen=300)
    await owner.execute(_PAYMENT, account_no, paid, BANK, TODAY, NOW)
    batch = await _batch(owner, account_no)
    await a_month()
    await collection(owner, account_no, batch, fen=50)
    await listed_and_exchanged(owner)
    await evaluated_and_deposited(owner, account_no, paid)
    await day_ended(LAST)
    await closed()
    income = "value_added_income"
    await receipt(fen=70, key="income", on=QUARTER_END.last_day, subject="40102", account_set=income)
    fund = "maintenance_fund"
    await receipt(fen=900, key="fund", on=QUARTER_END.last_day, subject="400101", account_set=fund)
    await day_ended(QUARTER_END.last_day)
    await closed(QUARTER_END, account_set=income)
    await closed(QUARTER_END, account_set=fund)


async def _batch(owner: asyncpg.Connection, account_no: int, *, business_key: str = "statement:1") -> int:
    """A statement distributed to one account: the batch's head with the other side, its line in the account's own
    books. Returns the voucher."""
    period, voucher_id = TODAY.year * 100 + TODAY.month, new_id()
    async with owner.transaction():
        await owner.execute(_BATCH_HEAD, period, voucher_id, TODAY, NOW, business_key)
        await owner.execute(_BATCH_LINES, period, voucher_id, BANK)
        await owner.execute(_BATCH_POSTING, account_no, period, voucher_id)
        await owner.execute(_BATCH_BALANCE, account_no, TODAY)
    return voucher_id


_BATCH_HEAD = """
INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
    credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch)
VALUES ('provident_fund', $1, $2, $5, '', '01', '', 50, 50, $3, $3, $4, 'system', true)
"""
_BATCH_LINES = """
INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, detailed)
VALUES ('provident_fund', $1, $2, 1, '101', $3, 'D', 50, false), ('provident_fund', $1, $2, 2, '201', '', 'C', 50, true)
"""
_BATCH_POSTING = """
INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen, sequence,
    balance_before_fen, balance_after_fen, current_year_fen)
SELECT account_no, $2, $3, 1, 'provident_fund', '201', 'C', 50, posting_count + 1, balance_fen, balance_fen + 50, 50
FROM account_balance WHERE account_no = $1
"""
_BATCH_BALANCE = """
UPDATE account_balance SET balance_fen = balance_fen + 50, current_year_fen = current_year_fen + 50,
    posting_count = posting_count + 1, interest_offset = interest_offset + 50 * ledger_rate_index($2)
WHERE account_no = $1
"""


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
INSERT INTO withdrawal (account_no, withdrawal_id, case_id, reason, amount_fen, hold_id, state, voucher_id, kind,
    card_id)
VALUES ($1, $2, $2, '03', $3, $4, $5, $6, 'rent_no_home', 1)
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
