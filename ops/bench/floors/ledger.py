"""The scripts of the ledger bench for pgbench: the bare transaction, and the platform's function called the same way.

The bare transaction is one prepared statement on copies of the tables with the same indexes and checks, empty of
earlier vouchers: the balance, the voucher and its two postings. No lock of the account, no business key looked up, no
state asked for, no calendar, no interest settled, nothing read from the chart of accounts.
"""

from __future__ import annotations

from string import Template

from ops.bench.rig.population import ACCOUNT_NO_FIRST

BANKS = tuple(str(code) for code in range(102, 118))
CALLS_AT_ONCE = 100

COPIES = """
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.account_balance (LIKE account_balance INCLUDING ALL) WITH (fillfactor = 50);
INSERT INTO floor.account_balance SELECT * FROM account_balance;
CREATE TABLE floor.voucher (LIKE voucher INCLUDING ALL);
CREATE TABLE floor.posting (LIKE posting INCLUDING ALL);
"""

_NUMBERS = """\\set n random(0, :accounts - 1)
\\set id random(1, 4000000000000000000)
"""
_CONTENT = """'\\x00', 'provident_fund', '01', '测试', NULL, '$day'::date, '$day'::date, '$now'::timestamptz, NULL,
'{101,201}'::text[], '{D,C}'::text[], '{1000,1000}'::bigint[], '{$bank,""}'::text[], NULL, NULL, NULL, NULL, NULL"""

ONE = Template(
    _NUMBERS
    + f"SELECT ledger_post({ACCOUNT_NO_FIRST} + :n::bigint, :id::bigint, 'bench:' || :id::bigint, {_CONTENT});\n"
)

# In the order of account numbers, as every batch takes its locks.
HUNDRED = Template(
    _NUMBERS
    + f"""SELECT count(ledger_post({ACCOUNT_NO_FIRST} + i, :id::bigint + k, 'bench:' || :id::bigint + k, {_CONTENT}))
FROM (SELECT (:n::bigint + k) % :accounts::bigint AS i, k FROM generate_series(1, {CALLS_AT_ONCE}) k ORDER BY 1) calls;
"""
)

BARE = Template(
    _NUMBERS
    + f"""WITH b AS (
    UPDATE floor.account_balance SET balance_fen = balance_fen + 1000, current_year_fen = current_year_fen + 1000,
        posting_count = posting_count + 1, interest_offset = interest_offset + 1000
    WHERE account_no = {ACCOUNT_NO_FIRST} + :n::bigint RETURNING account_no, balance_fen, posting_count
), v AS (
    INSERT INTO floor.voucher (account_no, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
        credit_fen, effective_on, posted_on, recorded_at)
    VALUES ({ACCOUNT_NO_FIRST} + :n::bigint, $period, :id::bigint, 'bench:' || :id::bigint, '\\x00', '01', '测试', 1000,
        1000, '$day', '$day', '$now')
)
INSERT INTO floor.posting (account_no, period, voucher_id, line_no, account_set, subject, auxiliary, side, amount_fen,
    sequence, balance_before_fen, balance_after_fen, current_year_fen)
SELECT account_no, $period, :id::bigint, 1, 'provident_fund', '101', '$bank', 'D', 1000, NULL::bigint, NULL::bigint,
    NULL::bigint, 0 FROM b
UNION ALL
SELECT account_no, $period, :id::bigint, 2, 'provident_fund', '201', '', 'C', 1000, posting_count,
    balance_fen - 1000, balance_fen, 1000 FROM b;
"""
)
