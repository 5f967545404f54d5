"""What collection and withdrawals keep beside the books, for the proof: one sound row of each kind and no more.

Written as they stand in the tables, without the employers, lists and homes behind them.
"""

from __future__ import annotations

import asyncpg

from domain import ledger
from domain.kernel import database
from domain.kernel.money import Money
from domain.ledger import Line
from tests.ledger.accounts import BANK, NOW, TODAY

EMPLOYER = 1
"""Of every account that `open_account` opens."""


async def what_it_is_for(owner: asyncpg.Connection, account_no: int, withdrawal_id: int, *, fen: int) -> None:
    """The paid withdrawal as the first payment of an arrangement, for a home of which a part is used."""
    async with owner.transaction():
        await owner.execute(_ARRANGEMENT, account_no, withdrawal_id, fen, TODAY.year * 100 + TODAY.month, NOW)
        await owner.execute(
            "UPDATE withdrawal SET arrangement_id = withdrawal_id WHERE account_no = $1 AND withdrawal_id = $2",
            account_no,
            withdrawal_id,
        )
        await owner.execute(
            "INSERT INTO withdrawal_subject (subject_key, used_for, limit_fen, used_fen)"
            " VALUES ('home:1', 'home', $1, $2)",
            fen * 2,
            fen,
        )
        await owner.execute(
            "INSERT INTO withdrawal_claim VALUES ('home:1', $1, $2, 'household', $3, 'kept')",
            account_no,
            withdrawal_id,
            fen,
        )


async def collection(owner: asyncpg.Connection, account_no: int, voucher_id: int, *, fen: int) -> None:
    """An employer with everybody at work, a list, a statement distributed by the voucher, money that came back,
    and a statement that the employer owes because the bank took its money back."""
    period = TODAY.year * 100 + TODAY.month
    async with owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")
        await owner.execute(_EMPLOYER, EMPLOYER, period, TODAY, NOW)
        await owner.execute(
            "INSERT INTO employment (employer_no, account_no, began_period, person_id, began_by)"
            " SELECT employer_no, account_no, 202001, person_id, 'open' FROM account"
        )
        await owner.execute(_LIST, EMPLOYER, period, NOW)
        await owner.execute(_LIST_ROWS, EMPLOYER)
        await owner.execute(_STATEMENT, EMPLOYER, period, fen, TODAY, NOW)
        await owner.execute(_STATEMENT_LINE, EMPLOYER, account_no, period, fen, voucher_id)
        await owner.execute(
            "INSERT INTO contribution_month VALUES ($1, $2, $3, $4)", account_no, period, voucher_id, fen
        )
        await owner.execute("INSERT INTO employer_balance VALUES ($1, 70)", EMPLOYER)
        await owner.execute(
            "INSERT INTO employer_balance_entry (employer_no, entry_id, kind, amount_fen, statement_id, at, by)"
            " VALUES ($1, 1, 'returned', 70, 1, $2, 'system')",
            EMPLOYER,
            NOW,
        )
        await owner.execute(_OWED, EMPLOYER, TODAY, NOW)
        await owner.execute(
            "INSERT INTO remittance_line (employer_no, statement_id, account_no, period, base_fen, employer_fen,"
            " employee_fen, state) VALUES ($1, 2, $2, 202002, 1000, 20, 10, 'S')",
            EMPLOYER,
            account_no,
        )
    waiting = Line(subject="21903", side="C", amount=Money(70), auxiliary=str(EMPLOYER))
    await _general("receipt:1", "到账", Line(subject="101", side="D", amount=Money(70), auxiliary=BANK), waiting)
    debt = Line(subject="11901", side="D", amount=Money(30), auxiliary=str(EMPLOYER))
    await _general("receipt:2", "银行收回款项", debt, Line(subject="101", side="C", amount=Money(30), auxiliary=BANK))


async def evaluated_and_deposited(owner: asyncpg.Connection, account_no: int, case_id: int) -> None:
    """The case was evaluated, and what it paid arrived in the maintenance fund, which has given nothing back."""
    await owner.execute(_EVALUATION, account_no, case_id, NOW)
    await owner.execute(_BANK_ACCOUNT, BANK, TODAY)
    await owner.execute(_DEPOSIT, account_no, case_id, BANK, TODAY)


async def _general(business_key: str, summary: str, *lines: Line) -> None:
    async with database.transaction() as tx:
        await ledger.post_general(
            tx, account_set="provident_fund", business_key=business_key, kind="99", summary=summary, lines=lines,
            effective_on=TODAY, posted_on=TODAY, now=NOW, prepared_by="system",
        )  # fmt: skip


async def listed_and_exchanged(owner: asyncpg.Connection) -> None:
    """A person who was listed and appealed with success, one whose appeal waits, and a list that a partner pushed."""
    for number, state in ((1, "removed"), (2, "listed")):
        await owner.execute(_RISK_ENTRY, number, state, TODAY, NOW)
    for number, state in ((1, "granted"), (2, "waiting")):
        await owner.execute(_RISK_APPEAL, number, state, TODAY, NOW)
    await owner.execute("UPDATE contribution_list SET mark = 'ewindow' WHERE employer_no = $1", EMPLOYER)
    await owner.execute(_EXCHANGE_RECORD, EMPLOYER, NOW)


_RISK_ENTRY = """
INSERT INTO risk_entry (entry_id, list, document_type, document_index, document_cipher, document_masked, name_cipher,
    name_masked, reason_code, reason, evidence, from_on, until_on, state, listed_by, agreed_by, listed_at, removed_by,
    removed_at)
SELECT $1, 'bad_record', '01', '', '', '*', '', '*', '01', '', '', $3, $3, $2::text, 'staff:1', 'staff:2',
       $4::timestamptz, CASE WHEN $2 = 'removed' THEN 'staff:1' END, CASE WHEN $2 = 'removed' THEN $4::timestamptz END
"""
_RISK_APPEAL = """
INSERT INTO risk_appeal (appeal_id, entry_id, state, statement_cipher, made_by, channel, made_at, due_on, decided_by)
SELECT $1::bigint, $1::bigint, $2::text, '', 'citizen:1', 'test', $4, $3, CASE WHEN $2 = 'granted' THEN 'staff:3' END
"""
_EXCHANGE_RECORD = """
INSERT INTO exchange_record (record_id, source, message_no, kind, uscc, employer_no, state, list_id, list_no,
    occurred_at, received_at, ended_at)
VALUES (1, 'ewindow', 'M-1', 'employee_changes', '', $1, 'done', 1, 'LIST-1', $2, $2, $2)
"""
_EVALUATION = """
INSERT INTO evaluation (account_no, case_id, evaluation_no, grade, channel, given_at, terminal)
VALUES ($1, $2, 'E0', 4, 'app', $3, 'mobile')
"""
_BANK_ACCOUNT = """
INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)
VALUES ($1::text || '-FUND', $1, 'maintenance_fund', 'demand', '1001', '00000444', '维修资金专户', $2)
"""
_DEPOSIT = """
INSERT INTO maintenance_deposit (account_no, case_id, case_no, bank_account_code, home, amount_fen, state, arrived_on)
VALUES ($1, $2, 'CASE-PAID', $3::text || '-FUND', '01', 300, 'arrived', $4)
"""
_ARRANGEMENT = """
INSERT INTO withdrawal_arrangement (account_no, arrangement_id, case_id, frequency, total_limit_fen, from_period,
    until_period, state, card_id, auto_renewal, commitment_at, paid_through_period, kind, exclusion_group, paid_fen)
VALUES ($1, $2, $2, 'monthly', 2 * $3::bigint, $4, $4, 'running', 1, false, $5, $4, 'rent_no_home', 'agreed', $3)
"""
_EMPLOYER = """
INSERT INTO employer_account (employer_no, source, pay_day, first_period, payment_method, opened_on, changed_at)
VALUES ($1, 'counter', 15, $2, 'bank_transfer', $3, $4)
"""
_LIST = """
INSERT INTO contribution_list (employer_no, list_id, list_no, kind, period, state, channel, row_count, accepted_count,
    refused_count, created_by, created_by_name, created_at)
VALUES ($1, 1, 'LIST-1', 'change', $2, 'applied', 'test', 2, 1, 1, 'system', '', $3)
"""
_LIST_ROWS = """
INSERT INTO contribution_list_row (employer_no, list_id, row_no, action, state)
VALUES ($1, 1, 1, 'open', 'applied'), ($1, 1, 2, 'open', 'refused')
"""
_STATEMENT = """
INSERT INTO remittance_statement (employer_no, statement_id, statement_no, kind, period, person_count, employer_fen,
    employee_fen, amount_fen, method, state, due_on, created_by, created_by_name, created_at, channel,
    distributed_count, distributed_fen)
VALUES ($1, 1, 'STATEMENT-1', 'remittance', $2, 1, $3 / 2, $3 - $3 / 2, $3::bigint, 'bank_transfer', 'distributed', $4,
    'system', '', $5, 'test', 1, $3)
"""
_OWED = """
INSERT INTO remittance_statement (employer_no, statement_id, statement_no, kind, period, person_count, employer_fen,
    employee_fen, amount_fen, method, state, due_on, created_by, created_by_name, created_at, channel, reopened)
VALUES ($1, 2, 'STATEMENT-2', 'remittance', 202002, 1, 20, 10, 30, 'bank_transfer', 'open', $2, 'system', '', $3,
    'test', 1)
"""
_STATEMENT_LINE = """
INSERT INTO remittance_line (employer_no, statement_id, account_no, period, base_fen, employer_fen, employee_fen, state,
    voucher_id)
VALUES ($1, 1, $2, $3, 1000, $4 / 2, $4 - $4 / 2, 'P', $5)
"""
