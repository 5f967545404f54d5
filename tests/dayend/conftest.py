from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date

import pytest

from domain.dayend import Engine
from ops.dayend import held
from ops.settings import Settings
from tests.dayend import probe
from tests.services import Services

Run = Callable[..., Awaitable[str]]


@pytest.fixture
def settings(services: Services) -> Settings:
    return Settings(environment="test", database_url=services.database_url, redis_url=services.redis_url)


@pytest.fixture
async def bank(opened_database: Services) -> AsyncIterator[str]:
    """No day-end yet, and forty accounts to close. Its value is the owner's DSN."""
    await probe.make_tables(opened_database.database_url, accounts=40)
    yield opened_database.database_url
    await probe.drop_tables(opened_database.database_url)


@pytest.fixture
def run(bank: str, settings: Settings) -> Run:
    """`await run(engine, days=[…])`: as the runner does it, with the lock held."""

    async def go(engine: Engine, *, days: Sequence[date] = (probe.DAY,)) -> str:
        async with held(settings, clock=engine.time.now) as epoch:
            return await engine.run(days=days, epoch=epoch, runner="tests")

    return go
