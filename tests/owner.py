"""The database as its owner sees it: what commands may do and the application may not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson

from domain.kernel.database import Transaction


@asynccontextmanager
async def as_owner(dsn: str) -> AsyncIterator[Transaction]:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
        )
        async with connection.transaction():
            yield Transaction(connection)
    finally:
        await connection.close()
