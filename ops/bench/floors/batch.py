"""The floors of the batch bench: annual interest by bare SQL, without a ledger.

Both have the balances on half-full pages, chunks of 50,000 accounts, two sessions, a commit each; no check, no
reference, no voucher, no mark of progress; the same columns and the same arithmetic as the platform's function. `bare`
writes into a month's postings that are empty and have no index until the end, where the two are built and counted:
nobody could read or post meanwhile. `kept` writes among June's other postings with its index standing, which is
what people need who use the books during the night.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import date
from typing import Literal

import asyncpg

CHUNK = 50_000
SESSIONS = 2

MAKE = """
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.bare_balance (LIKE account_balance INCLUDING DEFAULTS) WITH (fillfactor = 50);
INSERT INTO floor.bare_balance SELECT * FROM account_balance ORDER BY account_no;
ALTER TABLE floor.bare_balance ADD PRIMARY KEY (account_no);
CREATE TABLE floor.kept_balance (LIKE floor.bare_balance) WITH (fillfactor = 50);
INSERT INTO floor.kept_balance SELECT * FROM account_balance ORDER BY account_no;
ALTER TABLE floor.kept_balance ADD PRIMARY KEY (account_no);
CREATE TABLE floor.bare_posting (LIKE posting INCLUDING DEFAULTS);
CREATE TABLE floor.kept_posting (LIKE posting INCLUDING DEFAULTS);
"""

JUNE = "INSERT INTO floor.kept_posting SELECT * FROM posting WHERE period = $1 ORDER BY account_no"

SETTLE = """
WITH settled AS (
    UPDATE floor.{kind}_balance SET
        balance_fen = balance_fen + (balance_fen * $3::bigint - interest_offset + 180000000) / 360000000,
        carried_over_fen = balance_fen + (balance_fen * $3::bigint - interest_offset + 180000000) / 360000000,
        current_year_fen = 0,
        posting_count = posting_count + 1,
        settled_sequence = posting_count + 1,
        last_interest_fen = (balance_fen * $3::bigint - interest_offset + 180000000) / 360000000,
        interest_offset =
            (balance_fen + (balance_fen * $3::bigint - interest_offset + 180000000) / 360000000) * $3::bigint,
        settled_through = $4
    WHERE account_no BETWEEN $1 AND $2
    RETURNING account_no, balance_fen, posting_count, last_interest_fen
), posted AS (
    INSERT INTO floor.{kind}_posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
                               sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
    SELECT account_no, $5, $1, 2, 'provident_fund', '201', 'C', last_interest_fen, posting_count,
           balance_fen - last_interest_fen, balance_fen, 0, last_interest_fen
    FROM settled
)
SELECT sum(last_interest_fen)::bigint FROM settled
"""

INDEX = (
    "CREATE UNIQUE INDEX ON floor.{kind}_posting (account_no, period, voucher_id, line_no) WITH (fillfactor = {fill})"
)
FILL = {"bare": 90, "kept": 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`seconds` from the first chunk to the last index; `chunks` the seconds of each chunk."""

    interest_fen: int
    seconds: float
    chunks: list[float]
    index_seconds: float


Kind = Literal["bare", "kept"]


async def make(connection: asyncpg.Connection, *, year: int) -> None:
    """Copies the balances as they stand, unsettled, and June's postings. Not timed."""
    await connection.execute(MAKE)
    await connection.execute(JUNE, year * 100 + 6)
    await connection.execute(INDEX.format(kind="kept", fill=FILL["kept"]))
    await connection.execute("VACUUM (ANALYZE) floor.bare_balance, floor.kept_balance, floor.kept_posting")


async def settle(*, kind: Kind, dsn: str, first: int, accounts: int, settlement_on: date, index: int) -> Floor:
    """Settles every account of that floor; `index` is W on the day after the settlement."""
    sessions = [await asyncpg.connect(dsn) for _ in range(SESSIONS)]
    begins = list(range(first, first + accounts, CHUNK))
    chunks, interest = list[float](), 0
    try:
        began = time.perf_counter()

        async def work(session: asyncpg.Connection) -> int:
            found = 0
            while begins:
                lo, sent = begins.pop(0), time.perf_counter()
                period = settlement_on.year * 100 + settlement_on.month
                found += (
                    await session.fetchval(SETTLE.format(kind=kind), lo, lo + CHUNK - 1, index, settlement_on, period)
                    or 0
                )
                chunks.append(time.perf_counter() - sent)
            return found

        interest = sum(await asyncio.gather(*(work(session) for session in sessions)))
        indexing = time.perf_counter()
        if kind == "bare":
            await sessions[0].execute(INDEX.format(kind=kind, fill=FILL[kind]))
        ended = time.perf_counter()
    finally:
        for session in sessions:
            await session.close()
    return Floor(interest_fen=interest, seconds=ended - began, chunks=chunks, index_seconds=ended - indexing)
