from __future__ import annotations

import pytest

from tests.contributions.world import open_city


@pytest.fixture
async def employers(database: str) -> str:
    """An empty database with two employers; its value is the owner's DSN."""
    await open_city()
    return database
