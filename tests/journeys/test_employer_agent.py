"""An employer's agent comes in: one login, then acting for the employer, through the house's real doors."""

from __future__ import annotations

import pytest

from ops.demo.login import LoginFailed, agent_token
from tests.city import EnterAsAgent, RunningHouse

pytestmark = pytest.mark.journey

VIEWER = "{ viewer { kind name channel employerNo scopes employers { employerNo name scopes } person { nameMasked } } }"


async def test_an_agent_acts_for_the_employer_and_sees_nothing_of_the_person(agent_client: EnterAsAgent) -> None:
    client = await agent_client("zhang_wei", 100001)
    viewer = (await client.data(VIEWER))["viewer"]
    assert viewer == {
        "kind": "agent",
        "name": "张*",
        "channel": "employer_portal",
        "employerNo": "100001",
        "scopes": ["lists", "people", "queries"],
        "employers": [
            {"employerNo": "100001", "name": "北京晨曦科技有限公司", "scopes": ["lists", "people", "queries"]}
        ],
        "person": None,
    }
    refused = await client.run("{ accounts { accountNo } }")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_nobody_acts_for_an_employer_of_others(running: RunningHouse) -> None:
    with pytest.raises(LoginFailed, match=r"agent\.not_appointed"):
        await agent_token(base_url=running.base_url, key="zhang_wei", employer_no=100004)
