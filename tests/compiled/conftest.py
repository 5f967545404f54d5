"""Fixtures of the tests of compiled execution."""

from __future__ import annotations

import pytest

from tests.city import RunningHouse
from tests.compiled.stage import Stage, set_up


@pytest.fixture
async def stage(running: RunningHouse) -> Stage:
    return await set_up(running)
