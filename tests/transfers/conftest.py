from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.settlement.world import Bank, bank_at_work
from tests.transfers.world import open_transfers


@pytest.fixture
async def employers(database: str) -> str:
    """An empty database with two employers and the centres of two other cities; its value is the owner's DSN."""
    await open_transfers()
    return database


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with bank_at_work() as bank:
        yield bank
