"""The house on its stage: the real application and the simulators on loopback under one virtual clock, and the
partners' books as they write them themselves."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import structlog
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ops import asgi, simulators
from ops.demo.city import City
from ops.migrate import ensure_partitions
from ops.settings import Settings
from ops.wiring import House

SEED = "seed-of-the-simulation-only-0123456789"
_SECRET = "secret-of-the-simulation-0123456789"
_MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
# Trouble comes from faults alone: a busy machine must never look like a partner that is late.
_PATIENCE_MS = 30_000
_TICK = timedelta(milliseconds=1)


@dataclass
class VirtualClock:
    """Stands still but for a millisecond each time it is read, so that no two things happen at once."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += _TICK
        return self.now


@dataclass(kw_only=True)
class Stage:
    """`books` reads what the partners have written since it was last asked."""

    house: House
    clock: VirtualClock
    city: City
    settings: Settings
    base_url: str
    simulators_url: str
    admin: asyncpg.Connection
    http: httpx.AsyncClient
    journals: Path
    outside: _Later
    _read: dict[str, int] = field(default_factory=dict)
    _partitions: str = ""

    async def fault(self, **rule: Any) -> None:
        (await self.http.post(f"{self.simulators_url}/_sim/faults", json=rule)).raise_for_status()

    async def no_faults(self) -> None:
        (await self.http.delete(f"{self.simulators_url}/_sim/faults")).raise_for_status()

    async def pay_in(self, **given: str) -> dict[str, Any]:
        """Somebody pays into an account of the fund; the bank tells us as the faults in force allow."""
        answer = await self.http.post(f"{self.simulators_url}/_sim/bank/receive", json=given)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    async def tell_again(self, **given: str) -> list[str]:
        answer = await self.http.post(f"{self.simulators_url}/_sim/bank/notify", json=given)
        answer.raise_for_status()
        codes: list[str] = answer.json()["answers"]
        return codes

    @contextmanager
    def meanwhile(self, work: Callable[[], Awaitable[None]]) -> Iterator[None]:
        """Does the work when a partner has the next request in its hands and its answer is still to come."""
        self.outside.meanwhile = work
        try:
            yield
        finally:
            self.outside.meanwhile = None

    async def lose_valkey(self) -> int:
        """Valkey comes back empty, every connection broken; returns how many keys there were."""
        valkey = Redis.from_url(self.settings.redis_url)
        try:
            keys = [key async for key in valkey.scan_iter(match=f"{self.settings.redis_prefix}*")]
            if keys:
                await valkey.delete(*keys)
            await valkey.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            return len(keys)
        finally:
            await valkey.aclose()

    def new_entries(self, partner: str) -> Iterator[dict[str, Any]]:
        """What a partner has written into its book since it was last asked."""
        path = self.journals / f"{partner}.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        seen = self._read.get(partner, 0)
        self._read[partner] = len(lines)
        for line in lines[seen:]:
            yield json.loads(line)

    async def month_begins(self) -> None:
        """The worker's upkeep, before the books need the next month."""
        month = f"{self.clock.now:%Y%m}"
        if month != self._partitions:
            await ensure_partitions(self.admin, around=self.clock.now)
            self._partitions = month


@asynccontextmanager
async def open_stage(
    *, city: City, begins: datetime, database_url: str, redis_url: str, redis_prefix: str, journals: Path
) -> AsyncIterator[Stage]:
    """The database must be migrated and empty."""
    clock = VirtualClock(begins)
    async with AsyncExitStack() as stack:
        outside, front = _Later(), _Later()
        simulators_url = await stack.enter_async_context(_served(outside))
        base_url = await stack.enter_async_context(_served(front))
        settings = _settings(
            base_url=base_url,
            simulators_url=simulators_url,
            database_url=database_url,
            redis_url=redis_url,
            redis_prefix=redis_prefix,
        )
        outside.app = simulators.build(settings, known=city, journals=journals, clock=clock)
        admin = await asyncpg.connect(database_url, server_settings={"application_name": "simulation"})
        stack.push_async_callback(admin.close)
        await ensure_partitions(admin, around=begins)
        app = asgi.build(settings, clock=clock)
        # what goes wrong here goes wrong on purpose: the auditor speaks, the logs are silent
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        await stack.enter_async_context(app.router.lifespan_context(app))
        front.app = app
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, verify=False, timeout=60))
        yield Stage(
            house=app.state.house,
            clock=clock,
            city=city,
            settings=settings,
            base_url=base_url,
            simulators_url=simulators_url,
            admin=admin,
            http=http,
            journals=journals,
            outside=outside,
        )


def _settings(**addresses: str) -> Settings:
    outside = addresses.pop("simulators_url")
    base_url = addresses.pop("base_url")
    return Settings.model_validate(
        {
            **addresses,
            "environment": "test",
            "public_url": base_url,
            "master_key": _MASTER_KEY,
            "identity_issuer": f"{outside}/identity",
            "identity_client_secret": _SECRET,
            "registries_url": f"{outside}/registries",
            "registries_secret": _SECRET,
            "registries_timeout_ms": _PATIENCE_MS,
            "bank_url": outside,
            "bank_secret": _SECRET,
            "bank_timeout_ms": _PATIENCE_MS,
            "sms_url": outside,
            "sms_key_secret": _SECRET,
            "sms_timeout_ms": _PATIENCE_MS,
            "evaluation_url": outside,
            "evaluation_secret": _SECRET,
            "evaluation_timeout_ms": _PATIENCE_MS,
            "demonstration_seed": SEED,
            "simulators_url": outside,
            "graphql_ide": True,
            "log_level": "ERROR",
            "requests_per_minute_max": 1_000_000,
            "logins_per_minute_max": 1_000_000,
            "day_end_workers": 1,
        }
    )


class _Later:
    """An application that is made after its address is known; the house opens and closes the real one."""

    app: Starlette
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            if self.meanwhile is not None and not scope["path"].startswith("/_sim"):
                work, self.meanwhile = self.meanwhile, None
                await work()
            await self.app(scope, receive, send)
            return
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})


@asynccontextmanager
async def _served(app: ASGIApp) -> AsyncIterator[str]:
    """On a free port of the loopback interface, in this loop."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="on", access_log=False, ws="none")
    config.load()
    server = uvicorn.Server(config)
    # without uvicorn's own main loop, which takes the signals of whoever runs us
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        if held := set(server.server_state.tasks):
            for task in held:
                task.cancel()
            await asyncio.wait(held, timeout=5)
        await server.lifespan.shutdown()
