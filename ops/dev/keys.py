"""`./dev keys …`: the keys of personal data at rest, changed while the house is running.

status                   the keys that stand, and how far a change has come
rotate data|index|digest announces a new key; the worker does the rest in small steps
run                      does the steps that are due here and now
retire data|index|digest destroys the older keys once nothing stands under them
rewrap                   seals all keys under HPF_NEW_MASTER_KEY; then start everything anew with it as
HPF_MASTER_KEY"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pydantic import SecretStr

from domain.kernel import vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.vault_keys import Purpose
from ops import rotation
from ops import settings as configuration
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores
from ops.redigesting import COMPARED
from ops.settings import Settings
from ops.wiring import open_house

USAGE = "usage: ./dev keys status | rotate data|index|digest | run | retire data|index|digest | rewrap"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["status"]:
            return _with_house(_status)
        case ["rotate", "data" | "index" | "digest" as purpose]:
            return _with_house(lambda settings: _rotate(purpose))
        case ["run"]:
            return _with_house(_run)
        case ["retire", "data" | "index" | "digest" as purpose]:
            return _with_house(lambda settings: _retire(settings, purpose))
        case ["rewrap"]:
            return _with_house(_rewrap)
    raise CommandFailure(USAGE)


def _with_house(work: Callable[[Settings], Awaitable[None]]) -> int:
    async def run() -> None:
        settings = configuration.load()
        async with open_house(settings):
            await work(settings)

    with stores():
        try:
            asyncio.run(run())
        except ValueError as error:
            raise CommandFailure(str(error)) from error
    return 0


async def _status(settings: Settings) -> None:
    for row in await vault_keys.standing():
        looks_up = f", looks up from {row['looks_up_from']:%Y-%m-%d %H:%M:%S}" if row["looks_up_from"] else ""
        print(f"{row['purpose']:<6}{row['number']:>4}  active from {row['active_from']:%Y-%m-%d %H:%M:%S}{looks_up}")
    for state in await rotation.states(dsn=settings.database_url, now=datetime.now(UTC)):
        print(
            f"change to {state.purpose} {state.number}: {state.tables_finished} of {state.tables} tables,"
            f" {state.moved} values moved, {state.left} left"
        )
        if state.purpose == "digest":
            compared = ", ".join(sorted(f"{table}.{column}" for table, column in COMPARED))
            print(f"compared under the older key until it is retired: {compared}")


async def _rotate(purpose: Purpose) -> None:
    number = await vault_keys.announce(actor=SYSTEM, purpose=purpose, now=datetime.now(UTC))
    print(f"{purpose} {number} announced; in use in {vault_keys.LEARNING.seconds} seconds")


async def _run(settings: Settings) -> None:
    seen = 0
    while moved := await rotation.step(dsn=settings.database_url, now=datetime.now(UTC)):
        seen += moved
    print(f"{seen} rows seen")


async def _retire(settings: Settings, purpose: Purpose) -> None:
    numbers = await rotation.retire_older(dsn=settings.database_url, purpose=purpose, now=datetime.now(UTC))
    print(f"retired: {', '.join(str(number) for number in numbers)}")


async def _rewrap(settings: Settings) -> None:
    given = os.environ.get("HPF_NEW_MASTER_KEY")
    if not given:
        raise CommandFailure("HPF_NEW_MASTER_KEY is not set: Base64 of 32 random bytes")
    other = settings.model_copy(update={"master_key": SecretStr(given)})
    count = await vault_keys.rewrap(actor=SYSTEM, new_master=other.master_key_bytes, now=datetime.now(UTC))
    print(f"{count} keys rewrapped; start everything anew with HPF_MASTER_KEY={'…'}")
