"""`./dev bench ledger`: vouchers of two postings a second, one a call, each on a random account, from 20 clients.

Ours is `domain.ledger.post` in a transaction of its own, as an action calls it. The floor calls the same database
function by bare asyncpg, one statement and its own commit each. Both are one Python process beside PostgreSQL. The
limit is the function called in a loop inside PostgreSQL, without client or commit in between. The books are proved at
the end.
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
from datetime import datetime
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from domain import ledger
from domain.kernel.database import SteadyConnection, transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.digest import canonical_json, input_hash
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.vault import Vault
from domain.ledger import VoucherKind
from ops.bench.rig import figures, population
from ops.bench.rig.figures import Figure, Measured, Round
from ops.bench.rig.population import BANK_CODE, Citizen
from ops.bench.rig.servers import cpu_seconds
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import open_house, prove_books, system_clock

AMOUNT = Money.yuan(10)

# The statement of `domain.ledger.post`.
POST = """
SELECT ledger_post($1, $2, $3, $4, $5, 'provident_fund', '01', '测试', NULL, $6, $6, $7, NULL, $8::jsonb,
                   NULL, NULL, NULL, NULL)
"""

LIMIT = """
SELECT count(ledger_post($1::bigint + n % $2::bigint, $3, $4::bigint + n, $5 || n, '\\x00', 'provident_fund', '01',
                         '测试', NULL, $6::date, $6::date, $7, NULL, $8::jsonb, NULL, NULL, NULL, NULL))
FROM generate_series(1, $9::bigint) n
"""
LIMIT_CALLS = 500
LIMIT_CLIENTS = 2

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
    """Fills the database and times the two ways in turns, then the limit. Raises BooksBroken."""
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
    low, ours, limit = Measured(), Measured(), Measured()
    async with (
        open_house(settings) as house,
        asyncpg.create_pool(
            stores.database_url,
            min_size=wanted.clients,
            max_size=wanted.clients,
            connection_class=SteadyConnection,
            server_settings={"jit": "off"},
        ) as pool,
    ):
        now = house.clock()
        ways = ((low, _bare(pool, now=now)), (ours, _domain(now=now)))
        for _, post in ways:
            await _run(post, citizens=citizens, clients=wanted.clients, seconds=min(wanted.seconds, 0.5))
        for _ in range(wanted.rounds):
            for measured, post in ways:
                measured.rounds.append(await _timed(post, citizens=citizens, wanted=wanted, stores=stores))
            limit.rounds.append(await _limit(pool, citizens=citizens, now=now, seconds=wanted.seconds))
        posted = await pool.fetchval("SELECT count(*) FROM voucher") - wanted.accounts * population.MONTHS
        broken = [result.name for result in await prove_books() if not result.holds]
    if broken:
        raise BooksBroken(f"the books do not hold after the run: {', '.join(broken)}")
    found = [
        Figure.of(name="transfers, one a call", unit="transfers/s", ours=ours, floor=low),
        Figure.of(name="transfers, limit in PostgreSQL", unit="transfers/s", ours=limit, floor=low),
    ]
    conditions = {
        **machine,
        "accounts": wanted.accounts,
        "clients": wanted.clients,
        "seconds_a_round": wanted.seconds,
        "commits": stores.durability,
        "vouchers_posted": posted,
        "books": "proved after the run",
    }
    return found, conditions


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


def _bare(pool: asyncpg.Pool, *, now: datetime) -> Post:
    today = business_date_of(now)
    period, digest, lines = YearMonth.of(today).period, input_hash({"floor": True}), _lines()

    async def post(citizen: Citizen) -> object:
        values = (citizen.account_no, period, new_id(), secrets.token_hex(12), digest, today, now, lines)
        return await pool.fetchval(POST, *values)

    return post


async def _limit(pool: asyncpg.Pool, *, citizens: list[Citizen], now: datetime, seconds: float) -> Round:
    """Few sessions that each post 500 vouchers a statement; the times are those of one voucher."""
    today, times = business_date_of(now), list[float]()
    began = time.perf_counter()

    async def client(first: Citizen, count: int) -> None:
        while time.perf_counter() - began < seconds:
            key = secrets.token_hex(12)
            sent = time.perf_counter()
            await pool.fetchval(
                LIMIT,
                first.account_no,
                count,
                YearMonth.of(today).period,
                new_id(),
                key,
                today,
                now,
                _lines(),
                LIMIT_CALLS,
            )
            times.extend([(time.perf_counter() - sent) / LIMIT_CALLS] * LIMIT_CALLS)

    share = len(citizens) // LIMIT_CLIENTS
    await asyncio.gather(*(client(citizens[number * share], share) for number in range(LIMIT_CLIENTS)))
    return figures.round_of(seconds=times, elapsed=time.perf_counter() - began)


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


def _lines() -> str:
    lines = ledger.contribution_lines(amount=AMOUNT, bank_code=BANK_CODE)
    return canonical_json([line.as_json() for line in lines]).decode()


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
