"""The whole house for tests that go through its doors: the real application on loopback, the demonstration city, the
simulators, and a worker's steps taken by hand, so that no test waits for a clock."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
from pgqueuer.queries import Queries
from starlette.applications import Starlette

from auth import keys, sessions, staff
from domain.kernel import database, vault
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.vault import Vault
from ops import asgi, city_platform, messages, partners, reviews, simulators, transfers, worker
from ops.demo.city import city
from ops.demo.loading import load_city
from ops.demo.login import agent_token, citizen_token
from ops.dev.documents import folders_of_channels, publish_folders
from ops.settings import Settings
from ops.subscriptions import Event
from ops.wiring import House, auth_settings
from tests.conftest import MASTER_KEY
from tests.loopback import serve
from tests.pristine import restore_or_load
from tests.services import Services

SEED = "seed-of-the-tests-only-0123456789"
SECRET = "secret-of-the-tests-only-0123456789"


@dataclass
class MovableClock:
    """The house's clock: it runs, and a test may set it ahead."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **duration: int) -> None:
        self.ahead += timedelta(**duration)


@dataclass
class RunningHouse:
    """`base_url` answers over real HTTP; `simulators_url` has the control routes of the outside systems."""

    base_url: str
    simulators_url: str
    house: House
    clock: MovableClock
    settings: Settings

    async def settle(self, *, rounds: int = 30) -> None:
        """Takes the worker's steps until nothing is left to do: relays, delivers, sweeps."""
        for _ in range(rounds):
            moved = await worker.relay_once(self.house)
            moved += await self.deliver_queued()
            moved += await worker.sweep_once(self.house)
            moved += await reviews.push_due(self.house)
            moved += await transfers.push_due(self.house)
            moved += await city_platform.push_due(self.house)
            moved += await partners.work_all(self.house)
            moved += await messages.send(self.house)
            if not moved:
                return

    async def deliver_queued(self) -> int:
        """Delivers what is queued and returns how much; what a partner's trouble stopped is queued for next time."""
        rows = await database.rows("DELETE FROM pgqueuer WHERE status = 'queued' RETURNING id, payload")
        again: list[bytes] = []
        for row in sorted(rows, key=lambda row: row["id"]):
            event: Event = worker._unpacked(row["payload"])
            try:
                await worker.deliver(self.house, event, self.clock())
            except (PartnerFailure, StoreUnavailable):
                again.append(row["payload"])
        if again:
            async with database.transaction() as tx:
                queue = Queries.from_asyncpg_connection(tx._connection)
                await queue.enqueue([worker.ENTRYPOINT] * len(again), again, [0] * len(again))
        return len(rows) - len(again)

    def forget_trouble(self) -> None:
        """Breakers and carriers' records belong to the process; a test begins with partners in good standing."""
        agencies = self.house.registries
        carriers = self.house.carriers
        ports = (
            self.house.gateway,
            self.house.evaluations,
            self.house.transfers,
            self.house.city,
            agencies.property,
            *carriers.all(),
        )
        for port in ports:
            port._wire._breakers.clear()  # type: ignore[attr-defined]
        carriers.forget()

    async def fault(self, **rule: Any) -> None:
        """Tells a simulator to misbehave, as `channels.simulation` describes."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            (await client.post(f"{self.simulators_url}/_sim/faults", json=rule)).raise_for_status()

    async def simulated(self, path: str, **query: str) -> Any:
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(f"{self.simulators_url}/_sim/{path}", params=query)
            answer.raise_for_status()
            return answer.json()


@pytest.fixture(scope="session")
async def _house(services: Services) -> AsyncIterator[RunningHouse]:
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        outside = _Later()
        simulators_url = await stack.enter_async_context(serve(outside))
        front = _Later()
        base_url = await stack.enter_async_context(serve(front, ws="websockets-sansio"))
        settings = Settings(
            environment="test",
            public_url=base_url,
            database_url=services.database_url,
            redis_url=services.redis_url,
            redis_prefix=services.redis_prefix,
            master_key=base64.b64encode(MASTER_KEY).decode(),
            identity_issuer=f"{simulators_url}/identity",
            identity_client_secret=SECRET,
            corporate_url=f"{simulators_url}/corporate",
            corporate_client_secret=SECRET,
            wechat_url=simulators_url,
            wechat_secret=SECRET,
            wechat_official_secret=SECRET,
            wechat_message_token="token-of-the-tests",
            wechat_open_url=simulators_url,
            wechat_notices={"case_progress": "TEMPLATE-CASE-PROGRESS"},
            alipay_notices={"case_progress": "LIFE-CASE-PROGRESS"},
            wechat_mini_notices={"case_progress": "MINI-CASE-PROGRESS"},
            alipay_mini_notices={"case_progress": "MINI-CASE-PROGRESS"},
            baidu_notices={"case_progress": "MINI-CASE-PROGRESS"},
            alipay_url=simulators_url,
            baidu_url=simulators_url,
            baidu_secret=SECRET,
            face_url=simulators_url,
            face_key_secret=SECRET,
            registries_url=f"{simulators_url}/registries",
            registries_secret=SECRET,
            registries_timeout_ms=800,
            bank_url=simulators_url,
            bank_secret=SECRET,
            bank_timeout_ms=900,
            sms_url=simulators_url,
            sms_key_secret=SECRET,
            sms_timeout_ms=900,
            evaluation_url=simulators_url,
            evaluation_secret=SECRET,
            ewindow_url=simulators_url,
            ewindow_secret=SECRET,
            ewindow_origin=simulators_url,
            social_security_url=simulators_url,
            social_security_secret=SECRET,
            exchange_timeout_ms=900,
            city_url=simulators_url,
            city_secret=SECRET,
            city_timeout_ms=900,
            transfer_url=simulators_url,
            transfer_secret=SECRET,
            transfer_timeout_ms=900,
            evaluation_timeout_ms=900,
            demonstration_seed=SEED,
            simulators_url=simulators_url,
            graphql_ide=True,
            requests_per_minute_max=1_000_000,
            logins_per_minute_max=1_000_000,
        )
        outside.app = simulators.build(settings, clock=clock)
        app = asgi.build(settings, clock=clock)
        await stack.enter_async_context(app.router.lifespan_context(app))
        front.app = app
        yield RunningHouse(
            base_url=base_url, simulators_url=simulators_url, house=app.state.house, clock=clock, settings=settings
        )


class _Later:
    """An application that is made after its address is known."""

    app: Starlette

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            return await self.app(scope, receive, send)
        # the house opens and closes the real one
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})


@pytest.fixture
async def running(_house: RunningHouse) -> RunningHouse:
    """The house with the city as it was at first: nothing applied for, no faults, the clock on time."""
    _house.clock.ahead = timedelta()
    # other tests of this process may have put their own in place
    vault.install(Vault(MASTER_KEY))
    sessions.configure(redis=_house.house.redis, settings=auth_settings(_house.settings))
    await restore_or_load(
        dsn=_house.settings.database_url,
        load=lambda: _load(_house),
    )
    async for key in _house.house.redis.scan_iter(match=f"{_house.settings.redis_prefix}*", count=1000):
        await _house.house.redis.delete(key)
    keys.forget()
    await keys.ensure_key(now=_house.clock())
    _house.forget_trouble()
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        await client.delete(f"{_house.simulators_url}/_sim/faults")
        await client.delete(f"{_house.simulators_url}/_sim/calls")
        await client.post(f"{_house.simulators_url}/_sim/transfer/forget")
    await _house.fault(
        simulator="registries",
        operation="homes",
        mode="refuse",
        match={"document_no": city().citizens["chen_jing"].document_no},
    )
    return _house


async def _load(running: RunningHouse) -> None:
    now = running.clock()
    await load_city(city=city(), now=now, seed=SEED)
    await publish_folders(running.settings.database_url, folders_of_channels(), now=now)


@pytest.fixture
def server(running: RunningHouse) -> str:
    return running.base_url


@dataclass
class ApiClient:
    """A caller of the API: `await client.run(document, variables)` gives the whole answer."""

    base_url: str
    token: str | None

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False, verify=False, timeout=20) as client:
            return await client.post("/graphql", json=body, headers={**sent, **headers})

    async def run(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.post({"query": document, "variables": variables or {}})
        parsed: dict[str, Any] = answer.json()
        return parsed

    async def data(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.run(document, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


Enter = Callable[[str], Awaitable[ApiClient]]


@pytest.fixture
def citizen_client(running: RunningHouse) -> Enter:
    """`await citizen_client("zhang_wei")`: logs in through the identity platform, as a browser does."""

    async def enter(key: str) -> ApiClient:
        return ApiClient(running.base_url, await citizen_token(base_url=running.base_url, key=key))

    return enter


EnterAsAgent = Callable[[str, int], Awaitable[ApiClient]]


@pytest.fixture
def agent_client(running: RunningHouse) -> EnterAsAgent:
    """`await agent_client("zheng_tao", 100001)`: a citizen who acts for an employer, as the portal's browser does."""

    async def enter(key: str, employer_no: int) -> ApiClient:
        token = await agent_token(base_url=running.base_url, key=key, employer_no=employer_no)
        return ApiClient(running.base_url, token)

    return enter


@pytest.fixture
def staff_client(running: RunningHouse) -> Enter:
    """`await staff_client("li.min")`: an access token of a member of staff."""

    async def enter(login: str) -> ApiClient:
        now = running.clock()
        cookie = (await staff_sign_in(login, now=now)).cookie
        return ApiClient(running.base_url, (await staff.token_for_staff(cookie=cookie, now=now)).token)

    return enter


async def staff_sign_in(login: str, *, now: datetime) -> Any:
    member = city().staff[login]
    await database.execute("UPDATE staff SET totp_last_step = 0 WHERE login = $1", login)
    code = pyotp.TOTP(member.totp_secret(seed=SEED)).at(now)
    return await staff.sign_in(login=login, password=member.password(seed=SEED), code=code, device="tests", now=now)
