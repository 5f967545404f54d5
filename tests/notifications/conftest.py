"""Fixtures of the notifications' tests."""

from collections.abc import AsyncIterator

import pytest

from tests.notifications.world import World, carriers_at_work


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carriers_at_work() as world:
        yield world
