"""The settlement under kill -9: the runner and PostgreSQL, twice each, every time in the middle of a partition.

So that the middle is no matter of luck, the drill holds one account in every partition but the next, as a citizen's
own transaction would: the runner does one partition, and both its workers come to stand halfway through another.

`python -m ops.bench.rig.killing ROWS` is the runner, a process of its own that settles the year as the day-end
does. PostgreSQL is a server of the drill's own, with every commit on disk; killing it takes all its processes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from domain import ledger
from domain.kernel import database
from domain.kernel.failures import StoreUnavailable
from ops.bench.rig import depositors
from ops.dayend import RealTime
from ops.embedded import Postgres, PostgresOptions
from ops.embedded.place import temporary_place
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import MODELS, system_clock

CHECKOUT = Path(__file__).resolve().parents[3]
YEAR = depositors.FIRST_YEAR + 1
DAY = date(YEAR, 6, 30)
KILLS = ("runner", "PostgreSQL", "runner", "PostgreSQL")
WAIT_SECONDS = 120.0


class Survived(Exception):
    """Nothing was there to be killed, or what came after was not right."""


async def drill(*, accounts: int, partition_rows: int) -> dict[str, Any]:
    """Settles that many accounts under four kills and tells what happened. Raises Survived when the end is not exactly
    right: every balance, every posting, every voucher."""
    partition_rows = min(partition_rows, max(accounts // 20, 1))
    place = temporary_place(checkout=CHECKOUT)
    postgres = Postgres(place=place, options=PostgresOptions(shared_buffers_mb=256, connections_max=50))
    try:
        dsn = postgres.start()
        await migrate(dsn)
        await depositors.deposit(dsn=dsn, accounts=accounts)
        await depositors.remit(dsn=dsn, accounts=accounts, year=YEAR)
        await _remember(dsn)
        killed, began = [], time.perf_counter()
        for victim in KILLS:
            killed.append(await _kill(victim, postgres=postgres, dsn=dsn, base=place.base, rows=partition_rows))
            dsn = postgres.start()
        runner = await _runner(dsn, rows=partition_rows)
        _, told = await runner.communicate()
        if runner.returncode:
            raise Survived(f"the last runner failed: {told.decode()[-2000:]}")
        return {
            "accounts": accounts,
            "partition_rows": partition_rows,
            "kills": killed,
            "seconds": round(time.perf_counter() - began, 1),
            **await _checked(dsn, accounts=accounts),
        }
    finally:
        postgres.stop()
        shutil.rmtree(place.base, ignore_errors=True)


def lines(told: dict[str, Any]) -> list[str]:
    kills = [f"  killed {each['victim']} with {each['partitions_done']} partitions done" for each in told["kills"]]
    rest = [f"  {name}: {value}" for name, value in told.items() if name != "kills"]
    return ["annual interest under kill -9", *kills, *rest]


async def _kill(victim: str, *, postgres: Postgres, dsn: str, base: Path, rows: int) -> dict[str, Any]:
    """Starts a runner and kills the victim while partitions are half settled."""
    gate = await asyncpg.connect(dsn)
    try:
        held = gate.transaction()
        await held.start()
        await gate.execute(_HOLD, rows, DAY)
        runner = await _runner(dsn, rows=rows)
        try:
            await _in_the_middle(gate, runner)
            if victim == "runner":
                runner.kill()
                await runner.wait()
            else:
                _kill_tree(int((base / "postgres" / "postmaster.pid").read_text().split()[0]))
                async with asyncio.timeout(WAIT_SECONDS):
                    await runner.wait()
                if runner.returncode == 0:
                    raise Survived("the runner ended well without its PostgreSQL")
        finally:
            with suppress(ProcessLookupError):
                runner.kill()
            await runner.wait()
    finally:
        gate.terminate()
    connection = await asyncpg.connect(postgres.start())
    try:
        done = await connection.fetchval(_DONE)
        left = await connection.fetchval("SELECT count(*) FROM day_end_partition WHERE state = 'waiting'")
    finally:
        await connection.close()
    if not left:
        raise Survived(f"nothing was left to do when {victim} was killed")
    return {"victim": victim, "partitions_done": done, "partitions_left": left}


async def _in_the_middle(gate: asyncpg.Connection, runner: asyncio.subprocess.Process) -> None:
    """Returns when a partition more than before is done and another waits, half settled, for a held account."""
    begun = await gate.fetchval(_DONE)
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            if runner.returncode is not None:
                assert runner.stderr is not None
                raise Survived(f"the runner ended: {(await runner.stderr.read()).decode()[-2000:]}")
            if await gate.fetchval(_DONE) > begun and await gate.fetchval(_STANDING):
                return
            await asyncio.sleep(0.01)


_HOLD = """
SELECT account_no FROM account_balance WHERE account_no IN (
    SELECT account_no FROM (SELECT account_no, row_number() OVER (ORDER BY account_no) AS place
                            FROM account_balance WHERE settled_through < $2) AS left_to_do
    WHERE place > $1 AND place % $1 = $1 / 2)
ORDER BY account_no FOR UPDATE
"""
_DONE = "SELECT count(*) FROM day_end_partition WHERE state = 'done'"
_STANDING = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_settle_range%'
               AND pid <> pg_backend_pid())
"""


async def _runner(dsn: str, *, rows: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.bench.rig.killing",
        str(rows),
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": dsn},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


def _kill_tree(pid: int) -> None:
    """The first process, then its children: no goodbye from any of them."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for each in (pid, *children):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


async def _remember(dsn: str) -> None:
    """What every account must end with, by amounts and days alone."""
    connection = await asyncpg.connect(dsn)
    try:
        sql = f"SELECT account_no, balance_fen, {depositors.EXPECTED}::bigint AS interest FROM account_balance"
        await connection.execute("CREATE SCHEMA expected")
        await connection.execute("CREATE TABLE expected.balance AS " + sql.replace("$1::date", f"DATE '{DAY}'"))
    finally:
        await connection.close()


async def _checked(dsn: str, *, accounts: int) -> dict[str, Any]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(_CHECK, DAY)
        state = await connection.fetchval("SELECT state FROM day_end_run WHERE business_date = $1", DAY)
        starts = await connection.fetchval("SELECT starts FROM day_end_run WHERE business_date = $1", DAY)
        results = await ledger.prove(invariants=ledger.INVARIANTS, using=database.Transaction(connection))
    finally:
        await connection.close()
    broken = [result.name for result in results if not result.holds]
    right = row["wrong"] == 0 and row["posted"] == row["once"] == accounts and row["heads"] == row["interest"]
    if not right or state != "finished" or broken:
        raise Survived(f"state {state}, {dict(row)}, broken {broken}")
    return {
        "starts": starts,
        "wrong_balances": row["wrong"],
        "postings": row["posted"],
        "interest_yuan": f"{row['interest'] // 100}.{row['interest'] % 100:02d}",
        "books": "proved after the run",
    }


_CHECK = """
SELECT count(*) FILTER (WHERE b.balance_fen <> e.balance_fen + e.interest OR b.last_interest_fen <> e.interest
                        OR b.settled_through <> $1 OR p.amount <> e.interest OR p.amount IS NULL) AS wrong,
       coalesce(sum(p.lines), 0)::bigint AS posted, count(*) FILTER (WHERE p.lines = 1) AS once,
       sum(e.interest)::bigint AS interest,
       (SELECT sum(debit_fen)::bigint FROM general_voucher WHERE effective_on = $1::date + 1 AND kind = '09') AS heads
FROM expected.balance e JOIN account_balance b USING (account_no)
LEFT JOIN (SELECT p.account_no, count(*) AS lines, sum(p.amount_fen) AS amount
           FROM posting p JOIN general_voucher g ON g.voucher_id = p.voucher_id AND g.kind = '09'
           GROUP BY p.account_no) p USING (account_no)
"""


class _Hasty(RealTime):
    """Waits a tenth as long for a PostgreSQL that is away: the drill only wants to see that the runner gives up."""

    async def pause(self, *, milliseconds: int) -> None:
        await super().pause(milliseconds=milliseconds // 10)


async def run(*, dsn: str, rows: int) -> None:
    """The runner itself: the day-end of the drill's 30 June, with the application's own rights."""
    from ops.bench.batch import settle

    settings = Settings(database_url=dsn, redis_url="redis://127.0.0.1:1")  # the day-end asks no Redis
    await database.connect(config=database.tortoise_config(dsn=dsn, role="hpf_app", models=MODELS, pool_max=6))
    try:
        state = await settle(settings, day=DAY, workers=2, partition_rows=rows, timekeeper=_Hasty(system_clock))
    finally:
        with suppress(StoreUnavailable):
            await database.disconnect()
    if state != "finished":
        raise SystemExit(f"the day-end is {state}")


if __name__ == "__main__":
    asyncio.run(run(dsn=os.environ["DATABASE_URL"], rows=int(sys.argv[1])))
