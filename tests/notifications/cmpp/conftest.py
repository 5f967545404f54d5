from collections.abc import AsyncIterator

import pytest

from notifications.carriers.cmpp.simulator import CmppGateway
from tests.notifications.cmpp.links import gateway_at_work


@pytest.fixture
async def gateway() -> AsyncIterator[CmppGateway]:
    async with gateway_at_work() as (gateway, _):
        yield gateway
