"""Points: what a caller may spend, shown in every answer, asked for in one round trip."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Connection, ConnectionPool, Redis

from auth import sessions
from auth.tokens import TokenRefused
from domain.kernel.failures import StoreUnavailable
from ops.dev.documents import folders_of_channels
from ops.gate import Bucket, Gate
from ops.limits import WINDOW_SECONDS
from ops.wiring import auth_settings
from schema.admission import Admitted, TooMany
from schema.trusted import source_of
from tests.api.closed import closed_door
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories.snapshot import nothing_changed

BUCKET = Bucket(capacity=100, refill=10)
GRAPHQL = {"Accept": "application/graphql-response+json"}


def document(name: str) -> str:
    return source_of((folders_of_channels()[0] / f"{name}.graphql").read_text("utf-8"))


def gate_of(running: RunningHouse, *, redis: Redis | None = None, requests_max: int = 1000) -> Gate:
    return Gate(
        redis=redis or running.house.redis,
        prefix=running.settings.redis_prefix,
        clock=running.clock,
        requests_max=requests_max,
        bucket=BUCKET,
    )


def balance_of(admitted: Admitted) -> tuple[int, int, int, int]:
    assert admitted.balance is not None
    return (
        admitted.balance.points,
        admitted.balance.balance,
        admitted.balance.capacity,
        admitted.balance.refill,
    )


@pytest.fixture
async def steady(running: RunningHouse) -> AsyncIterator[Gate]:
    """A gate whose time stands still until the test moves it."""
    at = running.clock()
    moved = {"seconds": 0}

    class Still(Gate):
        def forward(self, seconds: int) -> None:
            moved["seconds"] += seconds

    yield Still(
        redis=running.house.redis,
        prefix=running.settings.redis_prefix,
        clock=lambda: at + timedelta(seconds=moved["seconds"]),
        requests_max=1000,
        bucket=BUCKET,
    )


async def test_points_are_spent_and_come_back(steady: Any) -> None:
    assert balance_of(await steady(None, points=60, origin="192.0.2.1")) == (60, 40, 100, 10)
    with pytest.raises(TooMany) as refused:
        await steady(None, points=60, origin="192.0.2.1")
    assert (refused.value.status, refused.value.after) == (429, 2)
    (error,) = refused.value.errors
    assert error["message"] == "查询过于频繁，额度已用完，请2秒后再试。"
    assert error["extensions"] == {
        "code": "TOO_MANY_REQUESTS",
        "retryable": True,
        "retryAfterSeconds": 2,
        "cost": {"points": 60, "balance": 40, "capacity": 100, "refillPerSecond": 10},
    }
    steady.forward(1)
    with pytest.raises(TooMany):
        await steady(None, points=60, origin="192.0.2.1")
    steady.forward(1)
    assert balance_of(await steady(None, points=60, origin="192.0.2.1"))[1] == 0
    steady.forward(3600)
    assert balance_of(await steady(None, points=1, origin="192.0.2.1"))[1] == 99


async def test_a_refused_request_spends_nothing(steady: Any) -> None:
    await steady(None, points=90, origin="192.0.2.1")
    for _ in range(5):
        with pytest.raises(TooMany):
            await steady(None, points=11, origin="192.0.2.1")
    assert balance_of(await steady(None, points=10, origin="192.0.2.1"))[1] == 0


async def test_what_costs_more_than_the_bucket_takes_all_of_it(steady: Any) -> None:
    assert balance_of(await steady(None, points=5_000, origin="192.0.2.1"))[1] == 0
    with pytest.raises(TooMany) as refused:
        await steady(None, points=5_000, origin="192.0.2.1")
    assert refused.value.after == 10


async def test_a_clock_that_went_back_gives_nothing(steady: Any) -> None:
    steady.forward(10)
    await steady(None, points=100, origin="192.0.2.1")
    steady.forward(-10)
    with pytest.raises(TooMany):
        await steady(None, points=1, origin="192.0.2.1")


async def test_callers_channels_and_addresses_have_buckets_of_their_own(
    steady: Any, citizen_client: Enter, staff_client: Enter
) -> None:
    zhang, other = (await citizen_client("zhang_wei")).token, (await citizen_client("chen_jing")).token
    again = (await citizen_client("zhang_wei")).token
    desk = (await staff_client("li.min")).token
    assert balance_of(await steady(zhang, points=90, origin="192.0.2.1")) == (90, 10, 100, 10)
    assert balance_of(await steady(other, points=90, origin="192.0.2.1"))[1] == 10
    assert balance_of(await steady(None, points=90, origin="192.0.2.1"))[1] == 10
    assert balance_of(await steady(None, points=90, origin="192.0.2.2"))[1] == 10
    assert balance_of(await steady(desk, points=90, origin="192.0.2.1")) == (90, 410, 500, 50)
    with pytest.raises(TooMany):  # a second login is the same caller
        await steady(again, points=90, origin="192.0.2.3")


async def test_one_address_asks_no_more_often_than_it_may(running: RunningHouse, citizen_client: Enter) -> None:
    gate = gate_of(running, requests_max=3)
    token = (await citizen_client("zhang_wei")).token
    for _ in range(3):
        await gate(token, points=1, origin="198.51.100.7")
    with pytest.raises(TooMany) as refused:
        await gate(token, points=1, origin="198.51.100.7")
    assert (refused.value.after, refused.value.errors[0]["message"]) == (
        WINDOW_SECONDS,
        "请求过于频繁，请一分钟后再试。",
    )
    await gate(token, points=1, origin="198.51.100.8")


async def test_session_address_and_points_take_one_round_trip(running: RunningHouse, citizen_client: Enter) -> None:
    sent: list[int] = []

    class Counting(Connection):
        async def send_packed_command(self, *values: Any, **named: Any) -> None:
            sent.append(1)
            await super().send_packed_command(*values, **named)

    pool = ConnectionPool.from_url(running.settings.redis_url, connection_class=Counting)
    async with Redis(connection_pool=pool) as redis:
        token = (await citizen_client("zhang_wei")).token
        sessions.configure(redis=redis, settings=auth_settings(running.settings))
        gate = gate_of(running, redis=redis)
        await gate(token, points=1, origin="192.0.2.1")
        sent.clear()
        for caller in (token, None):
            await gate(caller, points=1, origin="192.0.2.1")
    assert len(sent) == 2


async def test_an_ended_session_is_told_and_not_the_points(running: RunningHouse, citizen_client: Enter) -> None:
    token = (await citizen_client("zhang_wei")).token
    gate = gate_of(running)
    actor = (await gate(token, points=1, origin="192.0.2.1")).actor
    assert actor.session_id is not None
    await sessions.end_session(session_id=actor.session_id, actor=actor, reason="logout", now=running.clock())
    with pytest.raises(TokenRefused, match="session_ended"):
        await gate(token, points=1, origin="192.0.2.1")


async def test_without_the_store_only_nobody_passes(running: RunningHouse, citizen_client: Enter) -> None:
    token = (await citizen_client("zhang_wei")).token
    away = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    sessions.configure(redis=away, settings=auth_settings(running.settings))
    gate = gate_of(running, redis=away)
    with pytest.raises(StoreUnavailable):
        await gate(token, points=1, origin="192.0.2.1")
    assert (await gate(None, points=1, origin="192.0.2.1")).balance is None


async def test_every_answer_shows_cost_and_balance(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    async with closed_door(running, still=True, trusted_documents_only=False) as door:
        zhang = replace(zhang, base_url=door)
        first = (await zhang.run("{ serviceItems { code } }"))["extensions"]["cost"]
        second = (await zhang.run("{ cases(first: 50) { edges { node { id } } } }"))["extensions"]["cost"]
    assert first == {"points": 42, "balance": 9_958, "capacity": 10_000, "refillPerSecond": 100}
    assert (second["points"], second["balance"]) == (101, 9_857)


async def test_what_is_refused_costs_a_point(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    async with closed_door(running, still=True, points_capacity=100, points_per_second=1) as door:
        zhang = replace(zhang, base_url=door)
        for body in ({"query": "{"}, {"query": "{ viewer { kind } }"}, {"documentId": "sha256:" + "0" * 64}):
            assert (await zhang.post(body, **GRAPHQL)).status_code == 400
        answer = await zhang.post({"query": document("ServiceItems")}, **GRAPHQL)
        assert answer.json()["extensions"]["cost"]["balance"] == 100 - 3 - 42


async def test_a_spent_caller_is_told_when_to_come_back(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    async with closed_door(running, still=True, points_capacity=100, points_per_second=7) as door:
        zhang = replace(zhang, base_url=door)
        body = {"query": document("ServiceItems")}
        assert [(await zhang.post(body, **GRAPHQL)).status_code for _ in range(2)] == [200, 200]
        async with nothing_changed():
            answer = await zhang.post(body, **GRAPHQL)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "4")
    (error,) = answer.json()["errors"]
    assert (error["extensions"]["retryAfterSeconds"], error["extensions"]["cost"]["balance"]) == (4, 16)


async def test_an_operation_dearer_than_any_may_be(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await citizen_client("zhang_wei")
    histories = " ".join(f"a{number}: history {{ seq }}" for number in range(6))
    query = "query Q($n: Int!) { cases(first: $n) { edges { node { " + histories + " } } } }"
    cheap = await zhang.post({"query": query, "variables": {"n": 2}}, **GRAPHQL)
    assert (cheap.status_code, cheap.json()["extensions"]["cost"]["points"]) == (200, 1 + 2 * 62)
    dear = await zhang.post({"query": query, "variables": {"n": 100}}, **GRAPHQL)
    (error,) = dear.json()["errors"]
    assert (dear.status_code, error["extensions"]["code"]) == (400, "LIMIT_EXCEEDED")
    assert error["message"] == "查询代价为6201点，最多5000点，请减少每页条数或分次查询。"


async def test_malformed_requests_count_against_their_address(running: RunningHouse) -> None:
    async with closed_door(running, requests_per_minute_max=5) as door, httpx.AsyncClient(trust_env=False) as http:
        await running.house.redis.delete(f"{running.settings.redis_prefix}limit:all:127.0.0.1")
        url = f"{door}/graphql"
        seen = [(await http.post(url, content=b"x", headers=GRAPHQL)).status_code for _ in range(6)]
    assert seen == [415] * 5 + [429]


async def test_anonymous_callers_share_the_bucket_of_their_address(running: RunningHouse) -> None:
    nobody = ApiClient(running.base_url, None)
    first = (await nobody.run("{ viewer { kind } }"))["extensions"]["cost"]
    assert (first["points"], first["balance"]) == (1, 9_999)


async def test_guessed_tokens_count_against_their_address(running: RunningHouse, citizen_client: Enter) -> None:
    ended = await citizen_client("zhang_wei")
    actor = await sessions.authenticate(bearer=ended.token, now=running.clock())
    assert actor.session_id is not None
    await sessions.end_session(session_id=actor.session_id, actor=actor, reason="logout", now=running.clock())
    for header in ("Bearer nonsense", "Bearer a.b.c", "Basic eDp5", "Bearer", f"Bearer {ended.token}"):
        await running.house.redis.delete(f"{running.settings.redis_prefix}limit:all:127.0.0.1")
        async with closed_door(running, requests_per_minute_max=3) as door, httpx.AsyncClient(trust_env=False) as http:
            sent = {**GRAPHQL, "Authorization": header}
            answers = [await http.post(f"{door}/graphql", json={"query": "{ a }"}, headers=sent) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2, header
