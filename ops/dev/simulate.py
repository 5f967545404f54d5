"""`./dev simulate [--seed N] [--steps K] [--minutes M]`: the whole application under a virtual clock, compared with the
auditor after each step. Runs on stores of its own; fails on the first difference and prints the seed."""

import argparse
import asyncio
import secrets
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from ops.dev.surroundings import CHECKOUT
from ops.embedded import Throwaway
from ops.migrate import migrate
from ops.simulation.run import CITIZENS, Report, load, simulate
from ops.simulation.world import World

STEPS = 400
_TEMPLATE = "simulation"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev simulate")
    parser.add_argument("--seed", type=int, help="repeats a run; with --minutes the first of several")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of one run ({STEPS})")
    parser.add_argument("--minutes", type=float, help="runs with one seed after the other for so long")
    parser.add_argument("--trace", action="store_true", help="print every step")
    options = parser.parse_args(arguments)
    # ended from outside, the stores go too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    servers = Throwaway.start(checkout=CHECKOUT)
    try:
        return asyncio.run(_runs(servers, options))
    finally:
        servers.stop()


async def _runs(servers: Throwaway, options: argparse.Namespace) -> int:
    seed = options.seed if options.seed is not None else secrets.randbelow(1_000_000)
    ends = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    await prepare(servers)
    while True:
        show = print if options.trace else None
        report = await run_once(servers, seed=seed, steps=options.steps, until=ends, show=show)
        print(report.words(), flush=True)
        if report.difference is not None:
            return 1
        if ends is None or time.monotonic() >= ends:
            return 0
        seed += 1


async def prepare(servers: Throwaway) -> None:
    """The database that each run copies."""
    await _execute(servers, f"CREATE DATABASE {_TEMPLATE}")
    await migrate(_beside(servers, _TEMPLATE))


async def prepare_people(servers: Throwaway, *, seed: int, citizens: int) -> str:
    """A database with the people of a seed, for several runs of it: `run_once(template=…)`."""
    name = f"simulation_of_{seed}_{citizens}"
    await _execute(servers, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    with tempfile.TemporaryDirectory(prefix="hpf-simulation-") as folder:
        await load(
            seed=seed,
            citizens=citizens,
            database_url=_beside(servers, name),
            redis_url=servers.valkey.url(),
            redis_prefix=f"{name}:",
            journals=Path(folder),
        )
    return name


async def run_once(
    servers: Throwaway,
    *,
    seed: int,
    steps: int,
    citizens: int = CITIZENS,
    until: float | None = None,
    show: Callable[[str], None] | None = None,
    after_step: Callable[[int, World], Awaitable[None]] | None = None,
    template: str = _TEMPLATE,
) -> Report:
    """One run on a database and a key space of its own, gone afterwards; see `ops.simulation.run.simulate`."""
    name = f"simulation_{secrets.token_hex(4)}"
    await _execute(servers, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        with tempfile.TemporaryDirectory(prefix="hpf-simulation-") as folder:
            return await simulate(
                seed=seed,
                steps=steps,
                database_url=_beside(servers, name),
                redis_url=servers.valkey.url(),
                redis_prefix=f"{name}:",
                journals=Path(folder),
                citizens=citizens,
                until=until,
                show=show,
                after_step=after_step,
            )
    finally:
        await _execute(servers, f"DROP DATABASE {name} WITH (FORCE)")


def _beside(servers: Throwaway, name: str) -> str:
    return servers.postgres.dsn().rsplit("/", 1)[0] + f"/{name}"


async def _execute(servers: Throwaway, statement: str) -> None:
    connection = await asyncpg.connect(servers.postgres.dsn())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
