"""Stores that are away and bugs: a clear temporary error or a reference number, never a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from auth import sessions
from auth.configuration import current
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from tests.api.operations import APPLY, CLAIM, PROGRESS, QUOTE, rent_input
from tests.api.people import Citizen
from tests.api.world import Client, World
from tests.loopback import unused_url

As = Callable[..., Client]
SECRET = "SELECT secret FROM vault 110101199001011234"


async def test_a_bug_shows_a_reference_and_nothing_else(
    world: World, citizen: Citizen, as_: As, monkeypatch: pytest.MonkeyPatch, footprint: Any
) -> None:
    async def broken(**_: Any) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(world.agencies, "marriage_of", broken)
    before = await footprint()
    for query, more in ((QUOTE, {}), (APPLY, {"requestKey": "apply-0001"})):
        with capture_logs() as logs:
            error = await as_(citizen).error(query, input=rent_input(citizen.card, **more))
        assert error["extensions"]["code"] == "INTERNAL"
        reference = error["extensions"]["reference"]
        assert reference in error["message"] and "12329" in error["message"]
        assert "secret" not in json.dumps(error) and "ValueError" not in json.dumps(error)
        assert [entry["reference"] for entry in logs if entry["event"] == "graphql.fault"] == [reference]
    assert await footprint() == before


@pytest.mark.parametrize("failure", [StoreUnavailable("PostgreSQL: gone"), PartnerFailure(partner="x", reason="y")])
async def test_what_passes_by_itself_is_called_temporary(
    world: World, citizen: Citizen, as_: As, monkeypatch: pytest.MonkeyPatch, failure: Exception, footprint: Any
) -> None:
    async def away(**_: Any) -> None:
        raise failure

    monkeypatch.setattr(world.agencies, "marriage_of", away)
    before = await footprint()
    error = await as_(citizen).error(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("TEMPORARILY_UNAVAILABLE", True)
    assert "PostgreSQL" not in error["message"]
    assert await footprint() == before
    monkeypatch.undo()
    made = await as_(citizen).run(APPLY, input=rent_input(citizen.card, requestKey="apply-0001"))
    assert made["applyForRentWithdrawal"]["userErrors"] == []


async def test_without_the_session_store_nobody_gets_in(
    world: World, citizen: Citizen, as_: As, footprint: Any
) -> None:
    lost = Redis.from_url(unused_url().replace("http", "redis"), socket_connect_timeout=1)
    sessions.configure(redis=lost, settings=current())
    before = await footprint()
    try:
        for query in ("{ accounts { balance } }", PROGRESS, CLAIM):
            response = await as_(citizen).post(query)
            assert response.status_code == 503
            assert response.headers["retry-after"]
            [error] = response.json()["errors"]
            assert error["extensions"] == {"code": "TEMPORARILY_UNAVAILABLE", "retryable": True}
        assert (await as_(None).run("{ viewer { kind } }"))["viewer"]["kind"] == "anonymous"
    finally:
        sessions.configure(redis=world.redis, settings=current())
        await lost.aclose()
    assert (await as_(citizen).run("{ viewer { kind } }"))["viewer"]["kind"] == "citizen"
    assert await footprint() == before
