"""The SQL that a piece of work runs, counted on the pool's own connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from domain.kernel import database

_counted: ContextVar[bool] = ContextVar("counted", default=False)

_OF_THE_DRIVER = ("typeinfo_tree", "set_config('jit'")
"""Once a connection and type, when asyncpg first meets a list of it."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the block runs, itself or in tasks that it starts, BEGIN and COMMIT included. What the house's own tasks
    write down every few seconds (the traffic of channels) is none of it. Call `warm` before."""
    seen: list[str] = []

    def note(record: Any) -> None:
        if _counted.get() and not any(each in record.query for each in _OF_THE_DRIVER):
            seen.append(record.query)

    held = [holder._con for holder in database._asyncpg_pool()._holders if holder._con is not None]
    for connection in held:
        connection.add_query_logger(note)
    mark = _counted.set(True)
    yield seen
    _counted.reset(mark)
    for connection in held:
        connection.remove_query_logger(note)


async def warm() -> None:
    """Every connection that the work may use is open, so that none escapes the count."""
    await asyncio.gather(*(database.value("SELECT pg_sleep(0.02)") for _ in range(10)))
