"""`./dev bench arrangements`: agreed withdrawals due in one day-end, checked and posted, beside bare SQL of the work.

Ours is the work of the step `agreed_withdrawals` as the day-end calls it, partition by partition in one session: the
judgement of each arrangement with its checks, balances, postings with their indexes, batch vouchers, payments,
arrangements moved on. The floor updates the same balances and arrangements and inserts the same postings and payments,
without judgement, references, vouchers and locks taken beforehand. The books are proved after the run.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from domain import ledger, withdrawals
from domain.kernel import database
from domain.kernel.vault import Vault
from ops.bench.rig import figures
from ops.bench.rig.population import ACCOUNT_NO_FIRST, CARD_ID_FIRST, PERSON_ID_FIRST, populate
from ops.bench.rig.servers import cpu_ratio, cpu_used
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.dayend import AgreedWithdrawals
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import open_house

NOW = datetime(2026, 11, 29, 16, 5, tzinfo=UTC)
DUE_ON = date(2026, 11, 29)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench arrangements", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--accounts", type=int, default=300_000)
    parser.add_argument("--partition", type=int, default=50_000, help="accounts a partition")
    add_options(parser)
    wanted = parser.parse_args(argv)
    with wanted_stores(wanted) as stores:
        told = uvloop.run(measure(wanted=wanted, stores=stores))
    print(
        json.dumps(told, ensure_ascii=False, indent=1)
        if wanted.json
        else "\n".join(f"{k}: {v}" for k, v in told.items())
    )
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> dict[str, Any]:
    """Fills the database, pays by bare SQL in a copy, then by the step. Raises AssertionError when they differ."""
    machine = figures.machine()
    key = secrets.token_bytes(32)
    await migrate(stores.database_url, now=NOW)
    await populate(dsn=stores.database_url, vault=Vault(key), accounts=wanted.accounts, now=NOW)
    settings = Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        master_key=SecretStr(base64.b64encode(key).decode()),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_house(settings))
        connection = await asyncpg.connect(stores.database_url)
        stack.push_async_callback(connection.close)
        await connection.execute(_FILL.format(n=wanted.accounts))
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute(_FLOOR)
        await connection.execute("CHECKPOINT")
        low, low_cpu = time.perf_counter(), cpu_used(stores)
        for lo in range(0, wanted.accounts, wanted.partition):
            first = ACCOUNT_NO_FIRST + lo
            await connection.execute(_FLOOR_PAY, first, first + wanted.partition - 1, DUE_ON)
        low, low_cpu = time.perf_counter() - low, cpu_used(stores) - low_cpu
        await connection.execute("DROP SCHEMA floor CASCADE")
        await connection.execute("CHECKPOINT")
        work, rows = AgreedWithdrawals(partition_rows=wanted.partition), 0
        began, cpu = time.perf_counter(), cpu_used(stores)
        for partition in await work.partitions(database.pool, business_date=DUE_ON):
            async with database.transaction() as tx:
                rows += await work.run(tx, partition=partition, business_date=DUE_ON, now=NOW)
        seconds, cpu = time.perf_counter() - began, cpu_used(stores) - cpu
        paid = await connection.fetchval("SELECT count(*) FROM withdrawal WHERE voucher_id IS NOT NULL")
        assert rows == paid == wanted.accounts, (rows, paid)
        # the cases are stand-ins without a history
        books = {**ledger.INVARIANTS, **withdrawals.INVARIANTS}
        proved = await ledger.prove(invariants=books, using=database.Transaction(connection))
        broken = [result.name for result in proved if not result.holds]
        assert not broken, broken
    return {
        **machine,
        "accounts": wanted.accounts,
        "partition": wanted.partition,
        "commits": stores.durability,
        "seconds": round(seconds, 2),
        "floor_seconds": round(low, 2),
        "times_the_floor": round(seconds / low, 2),
        "cpu_seconds": round(cpu, 2),
        "floor_cpu_seconds": round(low_cpu, 2),
        "cpu_times_the_floor": cpu_ratio(cpu, low_cpu),
        "accounts_a_second": round(wanted.accounts / seconds),
        "books": "proved after the run",
    }


_FILL = f"""
SET session_replication_role = replica;
INSERT INTO service_case (account_no, case_id, case_no, item_code, item, person_id, applicant_masked, channel,
    office_code, flow_name, flow_version, state, amount_fen, form, policy_snapshot, explanation, business_date,
    submitted_at, due_on, decided_at, ended_at)
SELECT {ACCOUNT_NO_FIRST} + n, 1, 'BENCH' || n, 'C20', 'rent_withdrawal', {PERSON_ID_FIRST} + n, '测*', 'jingtong_h5',
    '0101', 'withdrawal_two_reviews', 1, 'completed', 200000, '{{{{"kind": "rent_no_home"}}}}', '{{{{}}}}',
    '[]', '2026-10-29',
    '2026-10-29', '2026-11-02', '2026-10-30', '2026-10-30' FROM generate_series(0, {{n}} - 1) n;
INSERT INTO case_no_lookup SELECT case_no, account_no, case_id FROM service_case;
INSERT INTO withdrawal_arrangement (account_no, arrangement_id, case_id, kind, exclusion_group, frequency,
    monthly_limit_fen, from_period, until_period, state, card_id, auto_renewal, commitment_at, next_due_on)
SELECT {ACCOUNT_NO_FIRST} + n, {ACCOUNT_NO_FIRST} + n, 1, 'rent_no_home', 'agreed', 'monthly', 200000, 202610, 202709,
    'running', {CARD_ID_FIRST} + n, false, '2026-10-29', '2026-11-28' FROM generate_series(0, {{n}} - 1) n;
INSERT INTO arrangement_check (account_no, arrangement_id, kind, agency, asked_at, as_of, outcome, summary, trace_no)
SELECT account_no, arrangement_id, k, '部门', '2026-11-28', '2026-11-28', 'passed', '', 'T'
FROM withdrawal_arrangement, unnest(ARRAY['marriage', 'property', 'death']) k;
SET session_replication_role = origin;
"""

_FLOOR = """
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.account_balance (LIKE account_balance INCLUDING DEFAULTS) WITH (fillfactor = 50);
INSERT INTO floor.account_balance SELECT * FROM account_balance ORDER BY account_no;
ALTER TABLE floor.account_balance ADD PRIMARY KEY (account_no);
CREATE TABLE floor.withdrawal_arrangement (LIKE withdrawal_arrangement INCLUDING DEFAULTS INCLUDING INDEXES);
INSERT INTO floor.withdrawal_arrangement SELECT * FROM withdrawal_arrangement ORDER BY account_no;
CREATE TABLE floor.posting (LIKE posting INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TABLE floor.withdrawal (LIKE withdrawal INCLUDING DEFAULTS INCLUDING INDEXES);
ANALYZE floor.account_balance; ANALYZE floor.withdrawal_arrangement;
"""

_FLOOR_PAY = """
WITH paid AS (
    UPDATE floor.account_balance SET balance_fen = balance_fen - 200000,
        carried_over_fen = carried_over_fen - least(200000, carried_over_fen),
        current_year_fen = current_year_fen - (200000 - least(200000, carried_over_fen)),
        posting_count = posting_count + 1, interest_offset = interest_offset - 200000::bigint * 58000000
    WHERE account_no BETWEEN $1 AND $2 RETURNING account_no, balance_fen, posting_count
), posted AS (
    INSERT INTO floor.posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
                               sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
    SELECT account_no, 202611, $1, 1, 'provident_fund', '201', 'D', 200000, posting_count, balance_fen + 200000,
           balance_fen, 0, 200000 FROM paid
), written AS (
    INSERT INTO floor.withdrawal (account_no, withdrawal_id, case_id, arrangement_id, kind, reason, amount_fen, state,
                                  card_id, from_period, months, voucher_id)
    SELECT account_no, account_no, 1, account_no, 'rent_no_home', '07', 200000, 'approved', 1, 202611, 1, $1 FROM paid
)
UPDATE floor.withdrawal_arrangement a SET paid_fen = a.paid_fen + 200000, paid_through_period = 202611,
    next_due_on = next_due_on + 30
FROM paid p WHERE a.account_no = p.account_no AND a.state = 'running' AND a.next_due_on <= $3
"""

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
