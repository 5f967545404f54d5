"""Transactions whose caller gives up: no connection is lost, nothing of them stays."""

from __future__ import annotations

import asyncio

from domain.kernel import database as store
from tests.factories.cutting import cut_off


async def _counted() -> int:
    async with store.transaction() as tx:
        await tx.execute("INSERT INTO number_series (name, next_no) VALUES ('cut', 1) ON CONFLICT DO NOTHING")
        return int(await tx.value("SELECT count(*) FROM number_series"))


async def test_a_transaction_given_up_anywhere_gives_its_connection_back(database: str) -> None:
    pool = store._asyncpg_pool()
    for at in range(1, 60):
        if await cut_off(_counted(), at=at):
            break
    else:
        raise AssertionError("never came to its end")
    assert at > 3
    # a release that was cut off goes on by itself
    async with asyncio.timeout(5):
        while pool.get_idle_size() < pool.get_size():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    # and the pool has as many as before for everybody
    assert await store.value("SELECT count(*) FROM number_series") == 1
