from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from domain import archives
from ops.sealing import press_of
from ops.settings import Settings
from tests.contributions.world import open_city
from tests.settlement.world import Bank, bank_at_work

PRESS = press_of(Settings(database_url="postgresql://", redis_url="redis://", public_url="https://gjj.example"))
"""The press of an installation without a seal of its own."""


@pytest.fixture
async def employers(database: str) -> str:
    """An empty database with two employers; its value is the owner's DSN."""
    archives.install(PRESS)
    await open_city()
    return database


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with bank_at_work() as bank:
        yield bank
