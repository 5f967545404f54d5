"""Limits by address."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from ops.limits import AddressLimits
from tests.services import Services


def limits(redis: Redis, services: Services, **changed: Any) -> AddressLimits:
    given = {"requests_max": 5, "logins_max": 2, "trusted_proxies": ("10.0.0.0/8",)}
    return AddressLimits(redis=redis, prefix=services.redis_prefix, **{**given, **changed})


def scope(path: str = "/graphql", *, client: str = "192.0.2.1", forwarded: str | None = None) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"type": "http", "path": path, "client": (client, 1), "headers": headers}


async def test_the_sixth_request_of_a_minute_is_refused(redis: Redis, services: Services) -> None:
    counted = limits(redis, services)
    answers = [await counted.admit(scope()) for _ in range(6)]
    assert answers[:5] == [None] * 5
    refusal = answers[5]
    assert refusal is not None and refusal.status_code == 429
    assert refusal.headers["retry-after"] == "60"
    assert "请一分钟后再试" in bytes(refusal.body).decode()


async def test_addresses_do_not_count_for_each_other(redis: Redis, services: Services) -> None:
    counted = limits(redis, services, requests_max=1)
    assert await counted.admit(scope(client="192.0.2.1")) is None
    assert await counted.admit(scope(client="192.0.2.2")) is None
    assert await counted.admit(scope(client="192.0.2.1")) is not None


async def test_logins_have_a_narrower_lane(redis: Redis, services: Services) -> None:
    counted = limits(redis, services)
    answers = [await counted.admit(scope("/backoffice/login")) for _ in range(3)]
    assert [answer is None for answer in answers] == [True, True, False]
    assert await counted.admit(scope("/graphql")) is None


async def test_health_and_assets_are_not_counted(redis: Redis, services: Services) -> None:
    counted = limits(redis, services, requests_max=1)
    for path in ("/healthz", "/readyz", "/metrics", "/h5/app.js", "/backoffice/static/x.css") * 2:
        assert await counted.admit(scope(path)) is None


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("unix", "203.0.113.9", "unix"),
    ],
)
def test_only_a_trusted_proxy_says_who_called(services: Services, client: str, forwarded: str, address: str) -> None:
    counted = limits(Redis(), services)
    assert counted.address_of(scope(client=client, forwarded=forwarded)) == address


def test_a_header_line_of_the_callers_own_does_not_hide_what_the_proxy_added(services: Services) -> None:
    headers = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"203.0.113.9")]
    counted = limits(Redis(), services)
    assert counted.address_of({**scope(client="10.1.2.3"), "headers": headers}) == "203.0.113.9"


async def test_without_the_store_requests_pass(services: Services) -> None:
    away = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    assert await limits(away, services, requests_max=1).admit(scope()) is None


async def test_at_a_partners_door_only_strangers_are_counted(redis: Redis, services: Services) -> None:
    counted = limits(redis, services, partner_paths=("/partners/x",))

    async def come(*, signed: bool, client: str = "192.0.2.1") -> bool:
        coming = {**scope("/partners/x", client=client), "state": {"counted_by_quota": True} if signed else {}}
        if await counted.admit(coming) is not None:
            return False
        await counted.settle(coming)
        return True

    assert all([await come(signed=True) for _ in range(20)]), "five a minute are for strangers"
    assert [await come(signed=False) for _ in range(6)] == [True] * 5 + [False]
    assert await come(signed=True, client="192.0.2.2"), "of another address nothing is known"
    assert await counted.admit(scope()) is None, "what strangers tried at that door costs citizens nothing"
