"""Contract of `CorporateIdentity`: legal persons' platform, client and simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth.corporate_ports import CorporateClaims
from auth.ports import IdentityRejected
from channels.identity import CorporatePlatform, CorporateSettings
from channels.identity.corporate_simulator import CorporateSimulator, DemonstrationAgent
from channels.simulation import Faults
from domain.kernel.failures import PartnerFailure
from tests.contracts.identity_world import CLIENT_ID, CLIENT_SECRET, CLIENTS, PASSWORD, REDIRECT, Clock
from tests.loopback import serve

AGENT = DemonstrationAgent(
    name="李示范", document_no="11010119900307002X", uscc="91110101MA0DEM00XL", employer_name="晨曦公司"
)
OWNER = DemonstrationAgent(
    name="王演示",
    document_no="110101198605140131",
    uscc="91110101MA0DEM00XL",
    employer_name="晨曦公司",
    legal=True,
    credence_class="3",
    level="L4",
)
STRANGE = DemonstrationAgent(name="证件不明", document_no="123", uscc="91110101MA0DEM00XL", employer_name="晨曦公司")


@dataclass(frozen=True, kw_only=True)
class World:
    clock: Clock
    faults: Faults
    client: CorporatePlatform
    http: httpx.AsyncClient

    async def code(self, agent: DemonstrationAgent = AGENT) -> str:
        url = self.client.authorization_url(state="state", redirect_uri=REDIRECT)
        form = {"citizen": agent.shown().subject, "password": PASSWORD, "decision": "grant"}
        answer = await self.http.post(url, data=form)
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def exchange(self, code: str, *, redirect_uri: str = REDIRECT) -> CorporateClaims:
        return await self.client.exchange(code=code, redirect_uri=redirect_uri, now=self.clock.now)

    async def rejected(self, code: str, **changed: str) -> str:
        with pytest.raises(IdentityRejected) as rejected:
            await self.exchange(code, **changed)
        return rejected.value.code


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock, faults = Clock(), Faults()
    simulator = CorporateSimulator(
        agents=(AGENT, OWNER, STRANGE), clients=CLIENTS, password=PASSWORD, clock=clock, faults=faults
    )
    async with serve(simulator.app()) as url, httpx.AsyncClient(trust_env=False) as http:
        client = CorporatePlatform(settings=settings(url))
        try:
            yield World(clock=clock, faults=faults, client=client, http=http)
        finally:
            await client.aclose()


def settings(url: str, **changes: Any) -> CorporateSettings:
    return CorporateSettings(**{"base_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **changes})


async def test_an_agent_and_a_legal_representative(world: World) -> None:
    agent = await world.exchange(await world.code())
    assert (agent.name, agent.document_no, agent.uscc) == (AGENT.name, AGENT.document_no, AGENT.uscc)
    assert (agent.legal_representative, agent.credential, agent.level) == (False, "certificate", 3)
    owner = await world.exchange(await world.code(OWNER))
    assert (owner.legal_representative, owner.credential, owner.level) == (True, "business_licence", 4)
    assert AGENT.document_no not in repr(agent)


async def test_a_code_works_once_for_a_minute_and_for_its_address(world: World) -> None:
    code = await world.code()
    await world.exchange(code)
    assert await world.rejected(code) == "code_rejected"
    assert await world.rejected(await world.code(), redirect_uri="http://127.0.0.1/x") == "code_rejected"
    late = await world.code()
    world.clock.pass_by(seconds=60)
    assert await world.rejected(late) == "code_rejected"


async def test_what_is_incomplete_lets_nobody_in(world: World) -> None:
    assert await world.rejected(await world.code(STRANGE)) == "claims_incomplete"


async def test_a_wrong_secret_is_our_fault_and_not_the_person_s(world: World) -> None:
    world.client._settings = settings(world.client._settings.base_url, client_secret="wrong")
    with pytest.raises(PartnerFailure) as failure:
        await world.exchange(await world.code())
    assert not failure.value.retryable


@pytest.mark.parametrize("operation", ["token", "tokeninfo"])
@pytest.mark.parametrize("mode", ["error500", "garbage"])
async def test_trouble_of_the_platform_is_no_rejection(world: World, operation: str, mode: Any) -> None:
    code = await world.code()
    world.faults.add(simulator="identity_corporate", operation=operation, mode=mode)
    with pytest.raises(PartnerFailure):
        await world.exchange(code)
