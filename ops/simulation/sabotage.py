"""Cuts a step off at a chosen statement of its transactions: the worker dies, a mistake of ours comes up, or PostgreSQL
takes the connection away. Statements are counted, not timed, so that a seed cuts at the same place again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import asyncpg

from domain.kernel import database
from domain.kernel.database import Transaction

Cut = Literal["dies", "mistake", "connection_lost"]
CUTS: tuple[Cut, ...] = get_args(Cut)
_STATEMENTS = ("rows", "row", "value", "execute")


class PlannedMistake(Exception):
    """Stands for any bug in the middle of a step."""


@dataclass
class _Plan:
    cut: Cut
    statements_left: int
    done: bool = False


@asynccontextmanager
async def cut_off(*, admin: asyncpg.Connection, cut: Cut, after: int) -> AsyncIterator[_Plan]:
    """The statement after so many in any transaction does not come to its end; `done` says whether there were so many.
    What it raises goes to the step: CancelledError, PlannedMistake, or what a lost connection raises."""
    plan = _Plan(cut=cut, statements_left=after)
    originals = {name: getattr(Transaction, name) for name in _STATEMENTS}
    for name, original in originals.items():
        setattr(Transaction, name, _guarded(plan, admin, original))
    try:
        yield plan
    finally:
        for name, original in originals.items():
            setattr(Transaction, name, original)


def _guarded(plan: _Plan, admin: asyncpg.Connection, original: Callable[..., Awaitable[Any]]) -> Any:
    async def statement(self: Transaction, sql: str, *values: object) -> Any:
        if not plan.done:
            plan.statements_left -= 1
            if plan.statements_left < 0:
                plan.done = True
                if plan.cut == "dies":
                    raise asyncio.CancelledError
                if plan.cut == "mistake":
                    raise PlannedMistake
                # waits until the backend is gone: what follows is the same each time
                pid = self._connection.get_server_pid()
                await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        return await original(self, sql, *values)

    return statement


async def take_all_connections(admin: asyncpg.Connection) -> int:
    """PostgreSQL ends every connection of the application, as a fail-over does; returns how many. The pool must come
    back by itself."""
    pids = [
        row["pid"]
        for row in await admin.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hpf'"
        )
    ]
    for pid in pids:
        await admin.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
    # Sockets that PostgreSQL closed are seen by the loop, not by us: the first that answers says that it has.
    for _ in range(len(pids) + 1):
        try:
            await database.value("SELECT 1")
        except database.StoreUnavailable:
            await asyncio.sleep(0)
        else:
            break
    return len(pids)
