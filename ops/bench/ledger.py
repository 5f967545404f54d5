"""`./dev bench ledger`: vouchers of two postings a second, on random accounts, beside the bare transaction in pgbench.

The floor (`ops/bench/floors/ledger.py`) is one statement on bare copies of the tables: the balance, the voucher and its
two postings, and nothing of what makes them a ledger. Ours is `ledger_post`, called by pgbench in the same way: spread
over sixteen bank accounts, all on one bank account, and a hundred a call; and `domain.ledger.post` from one Python
process, as an action calls it. The books are proved at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import random
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from statistics import median
from string import Template
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from domain import ledger
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.vault import Vault
from domain.ledger import VoucherKind
from ops.bench.floors import ledger as floor
from ops.bench.rig import figures, population
from ops.bench.rig.figures import Figure, Measured, Round
from ops.bench.rig.pgbench import Pgbench
from ops.bench.rig.population import BANK_CODE, Citizen
from ops.bench.rig.servers import cpu_seconds
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import INVARIANTS, open_house, system_clock

AMOUNT = Money.yuan(10)

Post = Callable[[Citizen], Awaitable[object]]


class BooksBroken(Exception):
    """The books do not hold after the run: its speed means nothing."""


def main(argv: list[str]) -> int:
    wanted = _arguments(argv)
    with wanted_stores(wanted) as stores:
        found, conditions = uvloop.run(measure(wanted=wanted, stores=stores))
    figures.show(bench="ledger", figures=found, conditions=conditions, as_json=wanted.json)
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> tuple[list[Figure], dict[str, Any]]:
    """Fills the database and times the ways in turns. Raises BooksBroken."""
    machine = figures.machine()
    master_key = secrets.token_bytes(32)
    await migrate(stores.database_url)
    citizens = await population.populate(
        dsn=stores.database_url, vault=Vault(master_key), accounts=wanted.accounts, now=system_clock()
    )
    settings = Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        database_connections_max=wanted.clients,
        master_key=SecretStr(base64.b64encode(master_key).decode()),
    )
    pgbench = Pgbench(
        dsn=stores.database_url,
        clients=wanted.clients,
        seconds=max(round(wanted.seconds), 1),
        variables={"accounts": wanted.accounts},
    )
    low, spread, single, hundred, python = (Measured() for _ in range(5))
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings))
        connection = await asyncpg.connect(stores.database_url)
        stack.push_async_callback(connection.close)
        await connection.execute(floor.COPIES)
        await connection.execute("VACUUM (ANALYZE)")
        now = house.clock()
        post = _domain(now=now)
        bare, one, hundred_calls = (_scripts(each, now=now) for each in (floor.BARE, floor.ONE, floor.HUNDRED))
        ways: tuple[tuple[Measured, Callable[[], Awaitable[Round]]], ...] = (
            (low, lambda: pgbench.run(bare)),
            (spread, lambda: pgbench.run(one)),
            (single, lambda: pgbench.run(one[:1])),
            (hundred, lambda: pgbench.run(hundred_calls, each=floor.CALLS_AT_ONCE)),
            (python, lambda: _timed(post, citizens=citizens, wanted=wanted, stores=stores)),
        )
        wal: dict[int, list[float]] = {}
        for _ in range(wanted.rounds):
            for place, (measured, run) in enumerate(ways):
                began = await connection.fetchval(_WAL)
                measured.rounds.append(await run())
                written = float(await connection.fetchval(_WAL) - began)
                wal.setdefault(place, []).append(written / (measured.rounds[-1].per_second * wanted.seconds))
        posted = await connection.fetchval("SELECT count(*) FROM voucher") - wanted.accounts * population.MONTHS
        await connection.execute("DROP SCHEMA floor CASCADE")
        results = await ledger.prove(invariants=INVARIANTS, using=Transaction(connection))
    broken = [result.name for result in results if not result.holds]
    if broken:
        raise BooksBroken(f"the books do not hold after the run: {', '.join(broken)}")
    named = (
        ("one a call", spread),
        ("one a call, one bank account", single),
        ("a hundred a call", hundred),
        ("one a call, from Python", python),
    )
    found = [Figure.of(name=name, unit="transfers/s", ours=ours, floor=low) for name, ours in named]
    conditions = {
        **machine,
        "accounts": wanted.accounts,
        "clients": wanted.clients,
        "seconds_a_round": wanted.seconds,
        "commits": stores.durability,
        "floor": "one bare statement, pgbench, prepared",
        "wal_bytes_a_transfer": {
            name: round(median(wal[place])) for place, name in enumerate(("floor", *(name for name, _ in named)))
        },
        "vouchers_posted": posted,
        "books": "proved after the run",
    }
    return found, conditions


_WAL = "SELECT pg_current_wal_lsn() - '0/0'"


def _scripts(script: Template, *, now: datetime) -> list[str]:
    """The script once for each bank account."""
    today = business_date_of(now)
    common = {"day": str(today), "period": str(YearMonth.of(today).period), "now": now.isoformat()}
    return [script.substitute(common, bank=bank) for bank in floor.BANKS]


def _domain(*, now: datetime) -> Post:
    today = business_date_of(now)

    async def post(citizen: Citizen) -> object:
        async with transaction() as tx:
            return await ledger.post(
                tx,
                account_no=citizen.account_no,
                business_key=secrets.token_hex(12),
                kind=VoucherKind.REMITTANCE,
                summary="测试",
                lines=ledger.contribution_lines(amount=AMOUNT, bank_code=BANK_CODE),
                effective_on=today,
                posted_on=today,
                now=now,
            )

    return post


async def _timed(post: Post, *, citizens: list[Citizen], wanted: argparse.Namespace, stores: Stores) -> Round:
    pids = [stores.postgres_pid] if stores.postgres_pid else []
    server, own, began = cpu_seconds(*pids), time.process_time(), time.perf_counter()
    times = await _run(post, citizens=citizens, clients=wanted.clients, seconds=wanted.seconds)
    elapsed, after = time.perf_counter() - began, cpu_seconds(*pids)
    spent = None
    if pids and server is not None and after is not None:
        spent = after - server + time.process_time() - own
    return figures.round_of(seconds=times, elapsed=elapsed, cpu_seconds=spent)


async def _run(post: Post, *, citizens: list[Citizen], clients: int, seconds: float) -> list[float]:
    """Every client posts on random accounts until the time is over; the time of each call in seconds."""
    times, ends_at = list[float](), time.perf_counter() + seconds

    async def client() -> None:
        while (sent := time.perf_counter()) < ends_at:
            await post(random.choice(citizens))
            times.append(time.perf_counter() - sent)

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench ledger", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of one round of one way")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=20_000)
    add_options(parser)
    wanted = parser.parse_args(argv)
    if bool(wanted.database) != bool(wanted.redis):
        parser.error("--database and --redis go together")
    if min(wanted.rounds, wanted.clients) < 1 or wanted.accounts < 8 or wanted.seconds <= 0:
        parser.error("rounds and clients from 1, accounts from 8, seconds above 0")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
