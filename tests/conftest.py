"""Fixtures that every test may ask for. The stores come from `tests.services`; factories are one file an area."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from domain.kernel import database, vault
from domain.kernel.vault import Vault
from ops.wiring import MODELS
from tests.pristine import empty_tables

if TYPE_CHECKING:
    from tests.services import Services

pytest_plugins = ["tests.services", "tests.city", "tests.partners"]

MASTER_KEY = bytes(range(32))


@pytest.fixture(scope="session")
async def opened_database(services: Services) -> AsyncIterator[Services]:
    """The pool, with the application's rights, open for the whole run of this process."""
    vault.install(Vault(MASTER_KEY))
    await database.connect(
        config=database.tortoise_config(dsn=services.database_url, role="hpf_app", models=MODELS, pool_max=10)
    )
    yield services
    await database.disconnect()


@pytest.fixture
async def database_url_empty(opened_database: Services) -> str:
    """Every table empty, but for the chart of accounts; no day closed, one deposit rate."""
    vault.install(Vault(MASTER_KEY))
    await empty_tables(opened_database.database_url)
    return opened_database.database_url


@pytest.fixture(name="database")
async def empty_database(database_url_empty: str) -> str:
    """An open, empty database; its value is the owner's DSN."""
    return database_url_empty


@pytest.fixture
async def redis(services: Services) -> AsyncIterator[Redis]:
    """A client of this process's key space, emptied."""
    client = Redis.from_url(services.redis_url)
    async for key in client.scan_iter(match=f"{services.redis_prefix}*", count=1000):
        await client.delete(key)
    yield client
    await client.aclose()
