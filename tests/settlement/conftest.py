from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.settlement.world import Bank, bank_at_work, open_centre


@pytest.fixture
async def centre(database: str) -> str:
    """An empty database with the centre's offices, banks, accounts and employers; its value is the owner's DSN."""
    await open_centre()
    return database


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with bank_at_work() as bank:
        yield bank
