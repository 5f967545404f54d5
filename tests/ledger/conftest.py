from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from domain.kernel import database as store


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the schema, on an empty database: what no request ever runs as."""
    connection = await asyncpg.connect(database)
    await store._prepare_connection(connection)
    yield connection
    await connection.close()
