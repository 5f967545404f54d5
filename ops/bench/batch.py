"""`./dev bench batch`: the annual settlement of interest, accounts a second, beside bare SQL of the same work.

Ours is the step `annual_interest` as the day-end runs it: partitions cut, two workers, checks, postings with their
indexes among June's other postings, batch vouchers, marks of progress, audit. The two floors are in
`ops/bench/floors/batch.py`: bare SQL whose indexes are built afterwards, and bare SQL among standing indexes. A round
is a year: the accounts are given June's remittance, the floors settle copies, then ours settles the books. All totals
must be what `rig.depositors.expected` says, and the books are proved at the end. `--kill` kills, times nothing.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from domain import dayend, ledger, policy
from domain.dayend import Engine, Timekeeper
from domain.kernel import database
from ops.bench.floors import batch as floor
from ops.bench.rig import depositors, figures, killing
from ops.bench.rig.figures import Figure, Measured, Round
from ops.bench.rig.population import ACCOUNT_NO_FIRST
from ops.bench.rig.servers import cpu_ratio, cpu_used
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.dayend import AnnualInterest, RealTime, held
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import INVARIANTS, open_house, system_clock

ROUNDS_MAX = 5
TEN_MILLION = 10_000_000


class WrongInterest(Exception):
    """A total is not what amounts and days say, or the books do not hold: the speed means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One round. WAL in bytes; `cpu` is processor time in seconds, of PostgreSQL and this process; `index_seconds` is
    the bare floor's share for building its index; `kept` is the floor with its index standing."""

    ours: Round
    floor: Round
    kept: Round
    seconds: float
    floor_seconds: float
    kept_seconds: float
    index_seconds: float
    cpu: float
    floor_cpu: float
    kept_cpu: float
    wal: int
    floor_wal: int
    interest_fen: int


def main(argv: list[str]) -> int:
    wanted = _arguments(argv)
    if wanted.kill:
        told = uvloop.run(killing.drill(accounts=wanted.accounts, partition_rows=wanted.partition))
        print(json.dumps(told, ensure_ascii=False, indent=1) if wanted.json else "\n".join(killing.lines(told)))
        return 0
    with wanted_stores(wanted) as stores:
        found, conditions = uvloop.run(measure(wanted=wanted, stores=stores))
    figures.show(bench="batch", figures=found, conditions=conditions, as_json=wanted.json)
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> tuple[list[Figure], dict[str, Any]]:
    """Fills the database and settles a year a round. Raises WrongInterest."""
    machine = figures.machine()
    await migrate(stores.database_url)
    await depositors.deposit(dsn=stores.database_url, accounts=wanted.accounts)
    settings = Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        master_key=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
    )
    years: list[Year] = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_house(settings))
        connection = await asyncpg.connect(stores.database_url)
        stack.push_async_callback(connection.close)
        for year in range(depositors.FIRST_YEAR + 1, depositors.FIRST_YEAR + 1 + wanted.rounds):
            years.append(await _year(connection, wanted=wanted, stores=stores, settings=settings, year=year))
        pages = await connection.fetchval("SELECT pg_relation_size('account_balance')")
        await connection.execute("DROP SCHEMA floor CASCADE")
        if wanted.prove:
            # an invariant over millions of accounts takes longer than the application's own limit of 30 seconds
            await _prove(connection)
    measured = Measured(rounds=[each.ours for each in years])
    low = Measured(rounds=[each.floor for each in years])
    kept = Measured(rounds=[each.kept for each in years])
    found = [
        Figure.of(name="annual interest", unit="accounts/s", ours=measured, floor=low),
        Figure.of(name="beside standing indexes", unit="accounts/s", ours=measured, floor=kept),
    ]
    per_second = found[0].value

    def middle(name: str) -> float:
        return float(median(getattr(each, name) for each in years))

    return found, {
        **machine,
        "accounts": wanted.accounts,
        "partition_rows": wanted.partition,
        "workers": wanted.workers,
        "commits": stores.durability,
        "seconds": [round(each.seconds, 2) for each in years],
        "floor_seconds": [round(each.floor_seconds, 2) for each in years],
        "floor_index_seconds": [round(each.index_seconds, 2) for each in years],
        "times_the_floor": round(median(each.seconds / each.floor_seconds for each in years), 2),
        "times_the_floor_with_standing_indexes": round(median(each.seconds / each.kept_seconds for each in years), 2),
        "cpu_times_the_floor": cpu_ratio(middle("cpu"), middle("floor_cpu")),
        "cpu_times_the_floor_with_standing_indexes": cpu_ratio(middle("cpu"), middle("kept_cpu")),
        "cpu_microseconds_an_account": round(middle("cpu") / wanted.accounts * 1_000_000, 2),
        "wal_bytes_an_account": round(median(each.wal for each in years) / wanted.accounts),
        "floor_wal_bytes_an_account": round(median(each.floor_wal for each in years) / wanted.accounts),
        "balance_megabytes": pages >> 20,
        "interest_yuan": [f"{each.interest_fen // 100}.{each.interest_fen % 100:02d}" for each in years],
        "ten_million_accounts_seconds": round(TEN_MILLION / per_second),
        "books": "proved after the run" if wanted.prove else "not proved",
    }


async def _year(
    connection: asyncpg.Connection, *, wanted: argparse.Namespace, stores: Stores, settings: Settings, year: int
) -> Year:
    day = date(year, 6, 30)
    await depositors.remit(dsn=stores.database_url, accounts=wanted.accounts, year=year)
    await floor.make(connection, year=year)
    await connection.execute("VACUUM (ANALYZE) account_balance, posting")
    right = await depositors.expected(connection, year=year)
    index = await connection.fetchval("SELECT ledger_rate_index($1)", day + timedelta(days=1))

    async def bare(kind: floor.Kind) -> tuple[floor.Floor, float, int]:
        """With its processor time and its WAL."""
        await connection.execute("CHECKPOINT")
        cpu, wal = cpu_used(stores), await _wal(connection)
        done = await floor.settle(
            kind=kind,
            dsn=stores.database_url,
            first=ACCOUNT_NO_FIRST,
            accounts=wanted.accounts,
            settlement_on=day,
            index=index,
        )
        return done, cpu_used(stores) - cpu, await _wal(connection) - wal

    kept, kept_cpu, _ = await bare("kept")
    low, floor_cpu, floor_wal = await bare("bare")

    await connection.execute("CHECKPOINT")
    cpu, wal, began = cpu_used(stores), await _wal(connection), time.perf_counter()
    state = await settle(settings, day=day, workers=wanted.workers, partition_rows=wanted.partition)
    seconds = time.perf_counter() - began
    wal, cpu = await _wal(connection) - wal, cpu_used(stores) - cpu

    booked = await connection.fetchval("SELECT sum(last_interest_fen)::bigint FROM account_balance")
    heads = await connection.fetchval(
        "SELECT sum(debit_fen)::bigint FROM general_voucher WHERE effective_on = $1::date + 1", day
    )
    if state != "finished" or {booked, heads, low.interest_fen, kept.interest_fen} != {right}:
        raise WrongInterest(
            f"{year}: {state}, booked {booked}, vouchers {heads}, floors {low.interest_fen} {kept.interest_fen},"
            f" not {right}"
        )
    parts = await connection.fetch("SELECT milliseconds FROM day_end_partition WHERE business_date = $1", day)
    return Year(
        ours=_round(wanted.accounts, seconds, [row["milliseconds"] / 1000 for row in parts]),
        floor=_round(wanted.accounts, low.seconds, low.chunks),
        kept=_round(wanted.accounts, kept.seconds, kept.chunks),
        seconds=seconds,
        floor_seconds=low.seconds,
        kept_seconds=kept.seconds,
        index_seconds=low.index_seconds,
        cpu=cpu,
        floor_cpu=floor_cpu,
        kept_cpu=kept_cpu,
        wal=wal,
        floor_wal=floor_wal,
        interest_fen=right,
    )


async def settle(
    settings: Settings, *, day: date, workers: int, partition_rows: int, timekeeper: Timekeeper | None = None
) -> str:
    """The day-end of that 30 June with the one step of interest, as the runner does it. The house is open."""
    name = "annual_interest"
    engine = Engine(
        steps={name: dayend.load_steps()[name]},
        works={name: AnnualInterest(partition_rows=partition_rows)},
        calendar=policy.work_calendar(),
        time=timekeeper or RealTime(system_clock),
        workers=workers,
    )
    async with held(settings, clock=system_clock) as epoch:
        return await engine.run(days=[day], epoch=epoch, runner="bench")


def _round(accounts: int, seconds: float, parts: list[float]) -> Round:
    """The times are those of partitions, the rate that of accounts."""
    return replace(figures.round_of(seconds=parts, elapsed=seconds), per_second=accounts / seconds)


async def _wal(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'"))


async def _prove(connection: asyncpg.Connection) -> None:
    results = await ledger.prove(invariants=INVARIANTS, using=database.Transaction(connection))
    broken = [result.name for result in results if not result.holds]
    if broken:
        raise WrongInterest(f"the books do not hold after the run: {', '.join(broken)}")


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench batch", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, help=f"years to settle, at most {ROUNDS_MAX}")
    parser.add_argument("--accounts", type=int, default=0, help="one million, or 200,000 with --kill")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--partition", type=int, default=dayend.PARTITION_ROWS, help="accounts a partition")
    parser.add_argument("--no-prove", dest="prove", action="store_false", help="leave out the proof of the books")
    parser.add_argument("--kill", action="store_true", help="kill the runner and PostgreSQL, twice each")
    add_options(parser)
    wanted = parser.parse_args(argv)
    wanted.accounts = wanted.accounts or (200_000 if wanted.kill else 1_000_000)
    if bool(wanted.database) != bool(wanted.redis):
        parser.error("--database and --redis go together")
    if wanted.kill and wanted.database:
        parser.error("--kill kills a server of its own, none that is named")
    if not 1 <= wanted.rounds <= ROUNDS_MAX or wanted.accounts < 8 or min(wanted.workers, wanted.partition) < 1:
        parser.error(f"rounds from 1 to {ROUNDS_MAX}, accounts from 8, workers and partition from 1")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
