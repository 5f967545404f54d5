"""Partners are limited by what they were granted; who only says to be one, by the address."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.routing import Route

from channels.city_platform.door import APP, PATH
from channels.inbound import Door
from channels.wire import SignedClient, WireFailure
from domain.kernel import database
from ops import doors
from tests.api.closed import closed_door
from tests.api.test_third_parties import call
from tests.city import RunningHouse
from tests.partners import PartnerEnter

pytestmark = pytest.mark.requirement("R06.3")


async def hand(running: RunningHouse, base_url: str, number: int, *, secret: str | None = None) -> str:
    """The code of the answer, or what went wrong with its status."""
    right = running.settings.city_secret.get_secret_value()
    told = {"kind": "withdraw", "msgId": f"limit-{number}", "projectNo": "P-000001", "reason": ""}
    async with SignedClient(
        partner="hpf", base_url=base_url, app=APP, secret=(secret or right).encode(), timeout_seconds=10
    ) as wire:
        try:
            return str((await wire.post_json(path=PATH, body=told, now=running.clock()))["code"])
        except WireFailure as failure:
            return f"{failure.trouble} {failure.status}"


async def test_a_partner_floods_beyond_the_limit_of_addresses_and_a_stranger_does_not(running: RunningHouse) -> None:
    async with closed_door(running, requests_per_minute_max=3) as base_url:
        assert [await hand(running, base_url, number) for number in range(8)] == ["0"] * 8
        strangers = [await hand(running, base_url, 90 + number, secret="guessed") for number in range(5)]
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as client:
            assert (await client.get("/h5/")).status_code == 200, "the address has asked for nothing else yet"
    assert strangers == ["status 401"] * 3 + ["status 429"] * 2
    assert await database.value("SELECT count(*) FROM inbound_message") == 8


async def test_strangers_use_up_none_of_the_partners_quota(
    running: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_channel = Door.of_channel
    monkeypatch.setattr(Door, "of_channel", lambda channel, **given: _small(of_channel(channel, **given)))
    async with closed_door(running, still=True) as base_url:
        for number in range(4):
            assert await hand(running, base_url, number, secret="guessed") == "status 401"
        assert [await hand(running, base_url, number) for number in range(3)] == ["0", "0", "status 429"]


def _small(door: Door) -> Door:
    return replace(door, quota=2)


async def test_a_third_party_is_counted_by_its_grant(running: RunningHouse, partner_client: PartnerEnter) -> None:
    client = await partner_client("KioskGuide", calls_per_day=3)
    async with closed_door(running, requests_per_minute_max=1) as base_url:
        party = replace(client, base_url=base_url)
        assert [(await call(party, "KioskGuide")).status_code for _ in range(4)] == [200, 200, 200, 429]
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as nobody:
            asked = [
                await nobody.post("/graphql", json={"documentId": "x"}, headers={"Accept": "application/json"})
                for _ in range(2)
            ]
            forged = await nobody.post("/graphql", json={}, headers={"Authorization": f"Bearer {client.token}x"})
    reasons = [answer.json()["errors"][0]["extensions"]["code"] for answer in asked]
    assert reasons[1] == "TOO_MANY_REQUESTS" and reasons[0] != "TOO_MANY_REQUESTS", "its calls were not the address's"
    assert forged.status_code == 429, "a token that is none is the address's"


def test_every_door_that_looks_at_a_signature_is_limited_by_quota(running: RunningHouse) -> None:
    found = {
        route.path
        for route in doors.routes(running.house)
        if isinstance(route, Route) and "POST" in (route.methods or ()) and not route.path.startswith("/auth/")
    }
    assert found <= doors.PATHS
