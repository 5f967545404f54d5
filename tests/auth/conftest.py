"""Real stores, a login service on them, and the platform's side of a login played by a small stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import configuration, mini_web, not_me, sessions, web
from auth.configuration import AuthSettings
from tests.auth.platform import Mini, Platform
from tests.services import Services

if TYPE_CHECKING:
    from tests.auth.stories import World

PUBLIC_URL = "https://hpf.example"
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Clock:
    """The time of a test; it moves only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **parts: int) -> datetime:
        self.now += timedelta(**parts)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def tables(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to the empty database, to look at rows and to prepare them."""
    connection = await asyncpg.connect(database, timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
def settings(services: Services) -> AuthSettings:
    return AuthSettings(
        issuer=PUBLIC_URL, audience="hpf-api", public_url=PUBLIC_URL, store_prefix=services.redis_prefix
    )


@pytest.fixture
def login_service(tables: asyncpg.Connection, redis: Redis, settings: AuthSettings) -> AuthSettings:
    """The login service of one process, configured on empty stores."""
    sessions.configure(redis=redis, settings=settings)
    return settings


@pytest.fixture
def another_process(login_service: AuthSettings, redis: Redis) -> Callable[[], None]:
    """Forgets what a process keeps in memory, as a second process that has just started would not know it."""

    def start() -> None:
        sessions.configure(redis=redis, settings=configuration.current())

    return start


@pytest.fixture
def platform(clock: Clock) -> Platform:
    return Platform(clock=clock)


@pytest_asyncio.fixture
async def browser(login_service: AuthSettings, platform: Platform, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at our pages; it keeps cookies and follows no redirect by itself."""
    app = Starlette(routes=web.routes(provider=platform, clock=clock, cookie_secure=True))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        yield client


@pytest_asyncio.fixture
async def world(platform: Platform, clock: Clock) -> AsyncIterator[World]:
    """The doors of a person's login, with a browser before them."""
    from tests.auth.stories import World  # which tells its stories with what stands above

    programs = {"jingtong_wechat": Mini(), "official_account": Mini(provider="wechat_official")}
    routes = [
        *web.routes(provider=platform, clock=clock, cookie_secure=True),
        *mini_web.routes(programs=programs, phone_sources={}, clock=clock),
        *not_me.routes(clock=clock),
    ]
    transport = httpx.ASGITransport(app=Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as browser:
        yield World(platform, clock, browser)
