"""The floor of the lists bench: a month's money into the accounts by bare SQL.

The rows that the platform writes, and nothing else: balances on half-full pages, postings with their index,
months and 缴至年月 in the same chunks of 10,000 accounts with a commit each; no voucher, no check, no lock in order, no
mark."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from domain.kernel.dates import YearMonth, business_date_of

CHUNK = 10_000

_MAKE = """
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.line AS SELECT account_no, period, employer_fen + employee_fen AS fen FROM remittance_line
    WHERE statement_id = {statement_id} ORDER BY account_no;
ALTER TABLE floor.line ADD PRIMARY KEY (account_no);
CREATE TABLE floor.account_balance (LIKE account_balance INCLUDING DEFAULTS) WITH (fillfactor = 50);
INSERT INTO floor.account_balance SELECT b.* FROM account_balance b JOIN floor.line USING (account_no) ORDER BY 1;
ALTER TABLE floor.account_balance ADD PRIMARY KEY (account_no);
CREATE TABLE floor.account (LIKE account INCLUDING DEFAULTS) WITH (fillfactor = 80);
INSERT INTO floor.account SELECT a.* FROM account a JOIN floor.line USING (account_no) ORDER BY 1;
ALTER TABLE floor.account ADD PRIMARY KEY (account_no);
CREATE TABLE floor.posting (LIKE posting INCLUDING DEFAULTS);
CREATE UNIQUE INDEX ON floor.posting (account_no, period, voucher_id, line_no);
CREATE TABLE floor.contribution_month (LIKE contribution_month INCLUDING DEFAULTS INCLUDING INDEXES);
"""
_DISTRIBUTE = """
WITH moved AS (
    UPDATE floor.account_balance b SET balance_fen = b.balance_fen + l.fen, current_year_fen = b.current_year_fen +
    l.fen, posting_count = b.posting_count + 1, interest_offset = b.interest_offset + l.fen * $3::bigint
    FROM floor.line l WHERE b.account_no = l.account_no AND l.account_no BETWEEN $1 AND $2
    RETURNING b.account_no, l.fen, l.period, b.balance_fen, b.posting_count
), posted AS (
    INSERT INTO floor.posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
    sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
    SELECT account_no, $4, $1, 2, 'provident_fund', '201', 'C', fen, posting_count, balance_fen - fen, balance_fen, 0,
    fen FROM moved
), months AS (
    INSERT INTO floor.contribution_month (account_no, period, voucher_id, amount_fen)
    SELECT account_no, period, $1, fen FROM moved
), paid AS (
    UPDATE floor.account a SET paid_through_period = l.period FROM floor.line l
    WHERE a.account_no = l.account_no AND l.account_no BETWEEN $1 AND $2
)
SELECT coalesce(sum(fen), 0)::bigint FROM moved
"""


async def make(connection: asyncpg.Connection, *, statement_id: int) -> None:
    """Copies of what the statement's money will move."""
    await connection.execute(_MAKE.format(statement_id=int(statement_id)))
    await connection.execute("VACUUM (ANALYZE) floor.line, floor.account_balance, floor.account")


async def distribute(connection: asyncpg.Connection, *, now: datetime) -> int:
    """Every line into its account; returns the fen."""
    index = await connection.fetchval("SELECT ledger_rate_index($1)", business_date_of(now))
    period = YearMonth.of(business_date_of(now)).period
    bounds = await connection.fetch(
        "SELECT min(account_no) AS first, max(account_no) AS last FROM (SELECT account_no,"
        " (row_number() OVER (ORDER BY account_no) - 1) / $1 AS chunk FROM floor.line) AS numbered"
        " GROUP BY chunk ORDER BY 1",
        CHUNK,
    )
    total = 0
    for row in bounds:
        total += await connection.fetchval(_DISTRIBUTE, row["first"], row["last"], index, period)
    return total
