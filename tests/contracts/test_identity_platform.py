"""Contract of `UnifiedIdentity` in the city platform's own protocol: encrypted auth_token and document number."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from auth.ports import IdentityClaims, IdentityRejected
from channels.identity import PlatformIdentity, PlatformSettings
from channels.identity.platform_messages import PlatformCipher, auth_token
from channels.identity.platform_simulator import PlatformSimulator
from channels.simulation import Faults
from domain.kernel.failures import PartnerFailure
from tests.contracts.identity_world import CLIENT_ID, CLIENT_SECRET, CLIENTS, LI, PASSWORD, REDIRECT, UNREADABLE, Clock
from tests.loopback import serve, unused_url

ASK: dict[str, str] = {"state": "s" * 43, "nonce": "n" * 43, "code_verifier": "v" * 43, "redirect_uri": REDIRECT}


@dataclass(frozen=True, kw_only=True)
class World:
    url: str
    clock: Clock
    faults: Faults
    client: PlatformIdentity
    simulator: PlatformSimulator
    http: httpx.AsyncClient

    async def code(self, *, citizen: Any = LI, **changed: str) -> str:
        url = self.client.authorization_url(**{**ASK, **changed})
        form = {"citizen": citizen.subject, "password": PASSWORD, "decision": "grant"}
        answer = await self.http.post(url, data=form)
        assert answer.status_code == 302, answer.text
        sent = parse_qs(urlsplit(answer.headers["location"]).query)
        assert sent["state"] == [ASK["state"]]
        return sent["code"][0]

    async def exchange(self, code: str, **changed: Any) -> IdentityClaims:
        given = {
            "code_verifier": ASK["code_verifier"],
            "redirect_uri": REDIRECT,
            "nonce": ASK["nonce"],
            "now": self.clock.now,
            "state": ASK["state"],
        }
        return await self.client.exchange(code=code, **{**given, **changed})

    async def rejected(self, code: str, **changed: Any) -> str:
        with pytest.raises(IdentityRejected) as rejected:
            await self.exchange(code, **changed)
        return rejected.value.code


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock, faults = Clock(), Faults()
    simulator = PlatformSimulator(
        citizens=(LI, UNREADABLE), clients=CLIENTS, password=PASSWORD, clock=clock, faults=faults
    )
    async with serve(simulator.app()) as url, httpx.AsyncClient(trust_env=False) as http:
        client = PlatformIdentity(settings=settings(url))
        try:
            yield World(url=url, clock=clock, faults=faults, client=client, simulator=simulator, http=http)
        finally:
            await client.aclose()


def settings(url: str, **changes: Any) -> PlatformSettings:
    return PlatformSettings(
        **{"domain": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "timeout_seconds": 2.0, **changes}
    )


async def test_the_person_behind_a_code(world: World) -> None:
    claims = await world.exchange(await world.code())
    assert (claims.name, claims.document_type, claims.document_no) == (LI.name, "01", LI.document_no)
    assert (claims.subject, claims.mobile, claims.assurance_level) == (LI.subject, LI.mobile, 3)
    assert LI.document_no not in repr(claims)


async def test_neither_secret_nor_document_travel_in_the_clear(world: World) -> None:
    sealed = auth_token(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, milliseconds=1)
    assert CLIENT_SECRET not in sealed and PlatformCipher(CLIENT_SECRET).open(sealed).endswith(":1")
    code = await world.code()
    token = (await world.client._redeem(code=code, redirect_uri=REDIRECT, state=ASK["state"], now=world.clock.now))[
        "access_token"
    ]
    told = (await world.http.get(f"{world.url}/api/info/getUserInfo", params={"access_token": token})).text
    assert LI.document_no not in told and json.loads(told)["data"]["certNo"]


async def test_a_code_works_once_and_for_a_minute(world: World) -> None:
    code = await world.code()
    await world.exchange(code)
    assert await world.rejected(code) == "code_rejected"
    late = await world.code()
    world.clock.pass_by(seconds=60)
    assert await world.rejected(late) == "code_rejected"


@pytest.mark.parametrize("changed", [{"redirect_uri": "http://127.0.0.1:8000/other"}, {"state": "another"}])
async def test_a_code_belongs_to_its_login(world: World, changed: dict[str, str]) -> None:
    assert await world.rejected(await world.code(), **changed) == "code_rejected"


@pytest.mark.parametrize("code", ["", "x" * 600, "unknown", "a\x00b"])
async def test_codes_that_are_none(world: World, code: str) -> None:
    assert await world.rejected(code) == "code_rejected"


async def test_an_auth_token_is_fresh_and_used_once(world: World) -> None:
    assert await world.rejected(await world.code(), now=world.clock.now - timedelta(minutes=6)) == "code_rejected"
    sealed = auth_token(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, milliseconds=int(world.clock.now.timestamp() * 1000)
    )
    answers = []
    for _ in range(2):
        form = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT,
            "grant_code": await world.code(),
            "grant_type": "authorization_code",
            "auth_token": sealed,
            "scope": "user_info",
            "state": ASK["state"],
        }
        answers.append((await world.http.post(f"{world.url}/api/oauth/getAccessToken", data=form)).json()["code"])
    assert answers == [0, 1003]


async def test_two_logins_of_one_instant_are_two(world: World) -> None:
    for _ in range(2):
        await world.exchange(await world.code())


async def test_a_document_sealed_for_somebody_else_is_not_believed(world: World) -> None:
    code = await world.code()
    world.client._cipher = PlatformCipher("another secret")
    assert await world.rejected(code) == "token_forged"


async def test_documents_of_an_unknown_kind_are_refused(world: World) -> None:
    assert await world.rejected(await world.code(citizen=UNREADABLE)) == "claims_incomplete"


async def test_a_client_that_is_not_registered_gets_nothing(world: World) -> None:
    stranger = PlatformIdentity(settings=settings(world.url, client_secret="wrong secret"))
    with pytest.raises(IdentityRejected):
        await stranger.exchange(
            code=await world.code(), code_verifier="", redirect_uri=REDIRECT, nonce="", now=world.clock.now
        )
    await stranger.aclose()


@pytest.mark.parametrize("operation", ["token", "userinfo"])
@pytest.mark.parametrize("mode", ["error500", "garbage"])
async def test_trouble_of_the_platform_is_no_rejection(world: World, operation: str, mode: Any) -> None:
    code = await world.code()
    world.faults.add(simulator="identity_platform", operation=operation, mode=mode)
    with pytest.raises(PartnerFailure):
        await world.exchange(code)


async def test_a_busy_platform_is_a_failure(world: World) -> None:
    world.faults.add(simulator="identity_platform", operation="token", mode="refuse", detail={"code": "500"})
    with pytest.raises(PartnerFailure):
        await world.exchange(await world.code())


async def test_silence_and_nobody_there_are_failures(world: World) -> None:
    world.faults.add(simulator="identity_platform", operation="token", mode="timeout")
    code = await world.code()
    for url in (world.url, unused_url()):
        client = PlatformIdentity(settings=settings(url, timeout_seconds=0.1))
        with pytest.raises(PartnerFailure):
            await client.exchange(code=code, code_verifier="", redirect_uri=REDIRECT, nonce="", now=world.clock.now)
        await client.aclose()


async def test_a_page_for_an_unregistered_address_leads_nowhere(world: World) -> None:
    url = world.client.authorization_url(**{**ASK, "redirect_uri": "https://evil.example/"})
    for answer in (await world.http.get(url), await world.http.post(url, data={"citizen": LI.subject})):
        assert answer.status_code == 400 and "location" not in answer.headers
