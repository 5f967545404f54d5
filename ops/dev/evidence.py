"""`./dev evidence …`: the signed, append-only log of audit events.

verify FILE [--keys KEYS.json] [--since OLDER.json]    checks an evidence file offline; needs no running system
check                                                  holds the whole log against the audit trail
export SUBJECT [SIZE]                                  prints an evidence file about a subject (grant:7, case:2026…)
keys                                                   prints the public keys, as handed over to a partner
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from auth import evidence
from auth.evidence import verifier
from ops import settings as configuration
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores
from ops.wiring import open_house

USAGE = "usage: ./dev evidence verify FILE [--keys KEYS] [--since OLDER] | check | export SUBJECT [SIZE] | keys"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["verify", *rest]:
            return verifier.main(rest)
        case ["check"]:
            return _with_house(_check)
        case ["export", subject]:
            return _with_house(lambda: _export(subject, None))
        case ["export", subject, since] if since.isdecimal():
            return _with_house(lambda: _export(subject, int(since)))
        case ["keys"]:
            return _with_house(_keys)
    raise CommandFailure(USAGE)


def _with_house(work: Callable[[], Awaitable[int]]) -> int:
    async def run() -> int:
        async with open_house(configuration.load()):
            return await work()

    with stores():
        return asyncio.run(run())


async def _check() -> int:
    return await report()


async def report() -> int:
    """Stamps what waits, then prints what was found; 1 when anything is broken."""
    while await evidence.seal(now=datetime.now(UTC)):
        pass
    found = await evidence.check_log()
    for sentence in found.broken:
        print(f"BROKEN {sentence}")
    print(f"{found.leaves} events sealed under {found.heads} signed heads, {found.waiting} waiting")
    return 0 if found.holds else 1


async def _export(subject: str, since: int | None) -> int:
    file = await evidence.proof_file(subjects=(subject,), since=since)
    if file is None:
        raise CommandFailure("nothing was sealed yet")
    print(json.dumps(file, ensure_ascii=False, indent=1))
    return 0


async def _keys() -> int:
    print(json.dumps({"format": verifier.FORMAT, "keys": await evidence.public_keys()}, indent=1))
    return 0
