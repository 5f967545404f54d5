"""PostgreSQL or Valkey away for a while: requests fail with a clear temporary error, and the very same processes serve
again when the store is back. The processes and stores are this file's own, so that nobody else is disturbed."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops import simulators
from ops.demo.login import citizen_token
from ops.embedded import Throwaway
from ops.migrate import migrate
from ops.settings import Settings
from tests.api.operations import APPLY, rent_input
from tests.city import SECRET, SEED, ApiClient
from tests.conftest import MASTER_KEY
from tests.loopback import serve, unused_url

pytestmark = pytest.mark.journey

ROOT = Path(__file__).resolve().parents[2]
HOME = "{ viewer { person { nameMasked cards { id } } } }"
PATIENCE_SECONDS = 40


@dataclass
class OwnHouse:
    base_url: str
    simulators_url: str
    stores: Throwaway
    web: asyncio.subprocess.Process
    worker: asyncio.subprocess.Process

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False, timeout=15) as client:
            return await client.get(path)

    async def texts(self) -> str:
        async with httpx.AsyncClient(base_url=self.simulators_url, trust_env=False, timeout=15) as client:
            return (await client.get("/_sim/sms/messages")).text

    def assert_alive(self) -> None:
        assert self.web.returncode is None, "the web process ended"
        assert self.worker.returncode is None, "the worker ended"


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Looks again and again: nothing tells the outside when a process serves again."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"{what}: not within {PATIENCE_SECONDS} seconds")


@asynccontextmanager
async def process(*arguments: str, env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, env=env, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


@pytest.fixture
async def own_house() -> AsyncIterator[OwnHouse]:
    stores = await asyncio.to_thread(Throwaway.start, checkout=ROOT)
    try:
        async with AsyncExitStack() as stack:
            base_url = unused_url()
            outside: dict[str, Any] = {}

            async def later(scope: Any, receive: Any, send: Any) -> None:
                await outside["app"](scope, receive, send)

            simulators_url = await stack.enter_async_context(serve(_without_lifespan(later)))
            env = _environment(base_url, simulators_url, stores)
            outside["app"] = simulators.build(_settings(base_url, simulators_url, stores))
            await migrate(stores.postgres.dsn())
            async with process("-m", "ops.demo", env=env) as loading:
                assert await loading.wait() == 0
            port = base_url.rsplit(":", 1)[1]
            arguments = ("-m", "uvicorn", "ops.asgi:app", "--host", "127.0.0.1", "--port", port)
            web = await stack.enter_async_context(process(*arguments, "--log-level", "critical", env=env))
            worker = await stack.enter_async_context(process("-m", "ops.worker", env=env))
            house = OwnHouse(base_url, simulators_url, stores, web, worker)
            await until(lambda: _ready(house, 200), "start")
            yield house
    finally:
        await asyncio.to_thread(stores.stop)


def _without_lifespan(app: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            return await app(scope, receive, send)
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})

    return wrapped


def _settings(base_url: str, simulators_url: str, stores: Throwaway) -> Settings:
    return Settings(
        environment="test",
        public_url=base_url,
        database_url=stores.postgres.dsn(),
        redis_url=stores.valkey.url(),
        identity_issuer=f"{simulators_url}/identity",
        **{name: SECRET for name in _SECRETS},
    )


def _environment(base_url: str, simulators_url: str, stores: Throwaway) -> dict[str, str]:
    addresses = {f"HPF_{name}_URL": simulators_url for name in ("BANK", "SMS", "EVALUATION", "SIMULATORS")}
    return {
        **os.environ,
        **addresses,
        **{f"HPF_{name.upper()}": SECRET for name in _SECRETS},
        "DATABASE_URL": stores.postgres.dsn(),
        "REDIS_URL": stores.valkey.url(),
        "HPF_ENVIRONMENT": "test",
        "HPF_PUBLIC_URL": base_url,
        "HPF_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "HPF_IDENTITY_ISSUER": f"{simulators_url}/identity",
        "HPF_REGISTRIES_URL": f"{simulators_url}/registries",
        "HPF_DEMONSTRATION_SEED": SEED,
    }


_SECRETS = ("identity_client_secret", "registries_secret", "bank_secret", "sms_key_secret", "evaluation_secret")


async def _ready(house: OwnHouse, status: int) -> bool:
    try:
        return (await house.get("/readyz")).status_code == status
    except httpx.TransportError:
        return False


async def _works(api: ApiClient) -> bool:
    answer = await api.run(HOME)
    return "errors" not in answer and answer["data"]["viewer"]["person"] is not None


def _unavailable(answer: httpx.Response) -> bool:
    (error, *_) = answer.json()["errors"]
    assert error["extensions"]["code"] == "TEMPORARILY_UNAVAILABLE", error
    return bool(error["extensions"]["retryable"])


async def _apply(house: OwnHouse, api: ApiClient) -> str:
    card = (await api.data(HOME))["viewer"]["person"]["cards"][0]["id"]
    given = {"input": rent_input(card, requestKey="after-outage-1")}
    payload = (await api.data(APPLY, given))["applyForRentWithdrawal"]
    assert payload["userErrors"] == []
    return str(payload["case"]["caseNo"])


async def _postgresql_away_and_back(own_house: OwnHouse) -> None:
    api = ApiClient(own_house.base_url, await citizen_token(base_url=own_house.base_url, key="zhang_wei"))
    assert await _works(api)
    await asyncio.to_thread(own_house.stores.postgres.stop)
    try:
        for _ in range(3):
            assert _unavailable(await api.post({"query": HOME}))
        assert (await own_house.get("/readyz")).json() == {"postgresql": "down", "valkey": "up"}
        assert (await own_house.get("/readyz")).status_code == 503
        assert (await own_house.get("/healthz")).status_code == 200
        async with httpx.AsyncClient(base_url=own_house.base_url, trust_env=False, timeout=15) as browser:
            page = await browser.get("/backoffice/login")
            assert page.status_code == 200, "asking for the login needs no store"
            form = {"login": "li.min", "password": "x" * 12, "code": "123456", "next": "", "csrf": _csrf(page.text)}
            assert (await browser.post("/backoffice/login", data=form)).status_code == 503
        own_house.assert_alive()
    finally:
        await asyncio.to_thread(own_house.stores.postgres.start)
    await until(lambda: _ready(own_house, 200), "readiness")
    await until(lambda: _works(api), "the same token")
    case_no = await _apply(own_house, api)

    async def told() -> bool:
        return case_no in await own_house.texts()

    await until(told, "the worker goes on by itself")
    own_house.assert_alive()


async def _valkey_away_and_back(own_house: OwnHouse) -> None:
    api = ApiClient(own_house.base_url, await citizen_token(base_url=own_house.base_url, key="li_na"))
    assert await _works(api)
    await asyncio.to_thread(own_house.stores.valkey.stop)
    try:
        answer = await api.post({"query": HOME})
        assert answer.status_code == 503 and _unavailable(answer)
        assert (await own_house.get("/readyz")).json() == {"postgresql": "up", "valkey": "down"}
        assert (await own_house.get("/readyz")).status_code == 503
        assert (await own_house.get("/healthz")).status_code == 200
        assert (await own_house.get("/auth/login?channel=jingtong_h5&return_to=/h5/")).status_code == 503
        own_house.assert_alive()
    finally:
        await asyncio.to_thread(own_house.stores.valkey.start)
    await until(lambda: _ready(own_house, 200), "readiness")
    # the store has lost its memory: it is filled again before anybody passes
    await until(lambda: _works(api), "the same token")
    case_no = await _apply(own_house, api)

    async def told() -> bool:
        return case_no in await own_house.texts()

    await until(told, "the worker goes on by itself")
    own_house.assert_alive()


async def test_the_house_outlives_the_absence_of_each_store(own_house: OwnHouse) -> None:
    # one test, so that the house is set up once, whichever process of the run it falls to
    await _postgresql_away_and_back(own_house)
    await _valkey_away_and_back(own_house)


def _csrf(page: str) -> str:
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
