"""`./dev bench quote`: a quote of a rent withdrawal with the outside answers at hand (goal: 50 ms at p99).

Each answer of the agencies is asked once of the simulator, a process of its own, and remembered; what is timed then is
the quote itself: who applies, account, balance, card, lists, earlier withdrawals, conflicts, the rule and its
explanation. HTTP and GraphQL around it are in `./dev bench online`. `cpu_ms` is of this process without PostgreSQL:
on a busy machine it counts, where the clock does not.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import uvloop
from pydantic import SecretStr

from domain import withdrawals
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.vault import Vault
from domain.withdrawals import Application, Registries
from ops.bench.rig import figures, servers
from ops.bench.rig.population import Citizen, populate
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import House, open_house, system_clock

GOAL_MS = 50
RIGHT = Money.yuan(2000)


@dataclass(slots=True)
class AtHand:
    """A port whose answers are remembered, by question; `now` is no part of it."""

    port: Any
    answers: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*, now: Any, **question: Any) -> Any:
            key = f"{name}:{question}"
            if key not in self.answers:
                self.answers[key] = await getattr(self.port, name)(now=now, **question)
            return self.answers[key]

        return ask


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench quote", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--quotes", type=int, default=2_000, help="timed quotes, each of the next citizen")
    parser.add_argument("--at-once", type=int, default=1, help="quotes under way at a time")
    add_options(parser)
    wanted = parser.parse_args(argv)
    with wanted_stores(wanted) as stores:
        told = uvloop.run(measure(wanted=wanted, stores=stores))
    lines = [f"{name}: {value}" for name, value in told.items()]
    print(json.dumps(told, ensure_ascii=False, indent=1) if wanted.json else "\n".join(lines))
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> dict[str, Any]:
    """Raises AssertionError for a quote that is not what the rule gives."""
    machine, key = figures.machine(), secrets.token_bytes(32)
    await migrate(stores.database_url)
    citizens = await populate(dsn=stores.database_url, vault=Vault(key), accounts=wanted.accounts, now=system_clock())
    port, secret = servers.a_free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "ops.simulators", "--port", str(port)]
    values = {
        "HPF_ENVIRONMENT": "test",
        "HPF_REGISTRIES_SECRET": secret,
        "HPF_DATA_PATH": str(stores.folder),
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "HPF_MASTER_KEY": base64.b64encode(key).decode(),
    }
    log = stores.folder / "bench-simulators.log"
    with servers.serving(command=command, port=port, log=log, values=values) as simulators:
        simulators.wait_ready(path="/")
        settings = Settings(
            database_url=stores.database_url,
            redis_url=stores.redis_url,
            redis_prefix=stores.redis_prefix,
            master_key=SecretStr(base64.b64encode(key).decode()),
            registries_url=f"http://127.0.0.1:{port}/registries",
            registries_secret=SecretStr(secret),
        )
        async with open_house(settings) as house:
            ports: dict[str, Any] = {
                one.name: AtHand(getattr(house.registries, one.name)) for one in fields(Registries)
            }
            at_hand = Registries(**ports)
            for citizen in citizens:
                await _quote(house, citizen, at_hand)
            wall, cpu, elapsed = await _timed(house, citizens, at_hand, wanted=wanted)
    told = figures.round_of(seconds=wall, elapsed=elapsed, cpu_seconds=cpu)
    return {
        **machine,
        "accounts": wanted.accounts,
        "quotes": len(wall),
        "at_once": wanted.at_once,
        "quotes_a_second": round(told.per_second),
        "p50_ms": round(told.p50, 2),
        "p95_ms": round(told.p95, 2),
        "p99_ms": round(told.p99, 2),
        "cpu_ms": round(told.cpu_ms or 0, 2),
        "goal_ms_at_p99": GOAL_MS,
        "reached": told.p99 < GOAL_MS,
    }


async def _timed(
    house: House, citizens: Sequence[Citizen], at_hand: Registries, *, wanted: argparse.Namespace
) -> tuple[list[float], float, float]:
    """Seconds of each quote, CPU seconds of all, seconds from the first to the last."""
    wall: list[float] = []
    turns = iter(range(wanted.quotes))

    async def one_after_another() -> None:
        for turn in turns:
            began = time.perf_counter()
            await _quote(house, citizens[turn % len(citizens)], at_hand)
            wall.append(time.perf_counter() - began)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(wanted.at_once)))
    return wall, time.process_time() - cpu, time.perf_counter() - began


async def _quote(house: House, citizen: Citizen, registries: Registries) -> None:
    now = house.clock()
    quote = await withdrawals.quote_withdrawal(
        actor=Actor(
            kind="citizen",
            channel="jingtong_h5",
            name="测试",
            person_id=citizen.person_id,
            assurance="real_name",
        ),
        application=Application(
            kind="rent_no_home", card_id=citizen.card_id, commitment=True, frequency="monthly", auto_renewal=False
        ),
        business_date=business_date_of(now),
        now=now,
        registries=registries,
    )
    assert quote.amount == RIGHT and not quote.refusals and not quote.flags, quote


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
