"""Accounts for the settlement benches: an opening balance carried over, and one remittance each June, all in batches.

Loaded set by set into a migrated, empty database; a million takes some ten seconds. Amounts and days differ from
account to account by fixed arithmetic, so that the right interest can be told without the platform.
"""

from __future__ import annotations

from datetime import date

import asyncpg

from ops.bench.rig.population import ACCOUNT_NO_FIRST, BANK_CODE, NotEmpty

FIRST_YEAR = 2021
"""The opening balances are of 30 June of this year; a year is settled a round. The partitions of `ops.migrate` reach
back to November 2020."""

BATCH = 50_000


async def deposit(*, dsn: str, accounts: int) -> None:
    """Opens the accounts with what they carry over on 30 June of the first year. Raises NotEmpty."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM account)"):
            raise NotEmpty("the database has accounts already: name an empty, migrated one")
        async with connection.transaction():
            # The rows refer to each other by construction; checking each reference would take most of the time.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(_ACCOUNTS, accounts)
            await connection.execute(_OPENING_BALANCES, accounts, date(FIRST_YEAR, 6, 30))
            await _batch(
                connection, accounts=accounts, key="opening", amount=_OPENING, before="0", nth=1, year=FIRST_YEAR
            )
        await connection.execute("VACUUM (ANALYZE) account, account_balance, posting, general_voucher")
    finally:
        await connection.close()


async def remit(*, dsn: str, accounts: int, year: int) -> None:
    """June's remittance of that year; interest is due on the 30th. What stood before was settled a year before."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(_REMITTED, accounts, date(year, 6, 1))
            before = (
                f"(SELECT b.balance_fen - {_JUNE} FROM account_balance b WHERE b.account_no = {ACCOUNT_NO_FIRST} + n)"
            )
            nth = (year - FIRST_YEAR) * 2
            await _batch(
                connection, accounts=accounts, key="remittance", amount=_JUNE, before=before, nth=nth, year=year
            )
    finally:
        await connection.close()


async def expected(connection: asyncpg.Connection, *, year: int) -> int:
    """The interest of 30 June of that year over all accounts, in fen: amount by days by 1.5 % by 360, in decimals, from
    the two amounts and the days alone. Asked before the settlement."""
    found: int = await connection.fetchval(f"SELECT sum({EXPECTED})::bigint FROM account_balance", date(year, 6, 30))
    return found


# What an account carried over counts from 1 July, what it got this June from its own day.
EXPECTED = f"""round((carried_over_fen::numeric * ($1::date - ($1::date - interval '1 year')::date)
    + current_year_fen::numeric * ($1::date - date_trunc('month', $1::date)::date + 1
                                   - (account_no - {ACCOUNT_NO_FIRST}) % 28)) * 0.015 / 360)"""

_OPENING = "(100000 + n::bigint * 7919 % 5000000)"
_JUNE = "(50000 + n::bigint * 104729 % 900000)"

_ACCOUNTS = f"""
INSERT INTO account (account_no, person_id, employer_no, office_code, base_fen, monthly_contribution_fen, opened_on)
SELECT {ACCOUNT_NO_FIRST} + n, {ACCOUNT_NO_FIRST} + n, 100001, '0101', 3200000, 800000, '2018-07-01'
FROM generate_series(0, $1::integer - 1) n
"""
_OPENING_BALANCES = f"""
INSERT INTO account_balance (account_no, balance_fen, carried_over_fen, posting_count, settled_through,
                             settled_sequence, interest_offset)
SELECT {ACCOUNT_NO_FIRST} + n, {_OPENING}, {_OPENING}, 1, $2::date, 1, {_OPENING} * ledger_rate_index($2::date + 1)
FROM generate_series(0, $1::integer - 1) n
"""
_REMITTED = f"""
UPDATE account_balance b SET balance_fen = balance_fen + amount, current_year_fen = amount,
    posting_count = posting_count + 1, interest_offset = interest_offset + amount * ledger_rate_index($2::date + n % 28)
FROM (SELECT n, {_JUNE} AS amount FROM generate_series(0, $1::integer - 1) n) g
WHERE b.account_no = {ACCOUNT_NO_FIRST} + g.n
"""
_HEADS = """
INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
                             credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch)
SELECT 'provident_fund', $2::integer, $3::bigint + n / {batch}, $4::text || ':' || $2::integer || ':' || n / {batch},
       '\\x', '01', '批量入账', sum({amount}), sum({amount}), $5::date, $5::date, $5::date, 'bench', true
FROM generate_series(0, $1::integer - 1) n GROUP BY n / {batch}
"""
_HEAD_LINES = f"""
INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, detailed)
SELECT account_set, period, voucher_id, l.line_no, l.subject, l.auxiliary, l.side, debit_fen, l.line_no = 2
FROM general_voucher
CROSS JOIN (VALUES (1, '101', '{BANK_CODE}', 'D'), (2, '201', '', 'C')) AS l (line_no, subject, auxiliary, side)
WHERE business_key LIKE $1::text || ':' || $2::integer || ':%'
"""
_LINES = """
INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen, sequence,
                     balance_before_fen, balance_after_fen, current_year_fen)
SELECT {first} + n, $2::integer, $3::bigint + n / {batch}, 2, 'provident_fund', '201', 'C', amount, $4::bigint, before,
       before + amount, amount
FROM (SELECT n, {amount} AS amount, {before} AS before FROM generate_series(0, $1::integer - 1) n) g
"""


async def _batch(
    connection: asyncpg.Connection, *, accounts: int, key: str, amount: str, before: str, nth: int, year: int
) -> None:
    """One posting an account in June of the year, under heads of 50,000 accounts each."""
    period, first_id = year * 100 + 6, year * 1_000_000 + nth * 100_000
    sql = _HEADS.format(amount=amount, batch=BATCH)
    await connection.execute(sql, accounts, period, first_id, key, date(year, 6, 29))
    await connection.execute(_HEAD_LINES, key, period)
    sql = _LINES.format(first=ACCOUNT_NO_FIRST, amount=amount, before=before, batch=BATCH)
    await connection.execute(sql, accounts, period, first_id, nth)
