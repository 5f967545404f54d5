"""The staff pages over real stores, in process, with a browser that keeps cookies."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import sessions
from auth import staff as auth_staff
from auth.configuration import AuthSettings
from backoffice import app
from backoffice.services import BackofficeServices, FailedJob
from domain import cases, ledger, settlement, withdrawals
from tests.backoffice import city
from tests.services import Services

ORIGIN = "https://desk.example"


@dataclass
class Jobs:
    """A queue's failed jobs, as the worker would hand them in."""

    held: list[FailedJob] = field(default_factory=list)
    retried: list[int] = field(default_factory=list)

    async def failed(self, *, most: int) -> Sequence[FailedJob]:
        return self.held[:most]

    async def retry(self, *, job_id: int, now: datetime) -> bool:
        found = [job for job in self.held if job.job_id == job_id]
        for job in found:
            self.held.remove(job)
            self.retried.append(job_id)
        return bool(found)


@pytest_asyncio.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to an empty database, to look at rows and to prepare them."""
    connection = await asyncpg.connect(database, timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
def clock() -> city.Clock:
    return city.Clock()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def desk_services(clock: city.Clock, jobs: Jobs) -> BackofficeServices:
    async def verify() -> list[ledger.InvariantResult]:
        proofs = (ledger.INVARIANTS, settlement.INVARIANTS, cases.INVARIANTS, withdrawals.INVARIANTS)
        return [result for invariants in proofs for result in await ledger.prove(invariants=invariants)]

    return BackofficeServices(
        clock=clock,
        matters=withdrawals.MATTERS,
        staff=auth_staff,
        verify=verify,
        jobs=jobs,
        cookie_secure=True,
        registries=city.registries(),
    )


@pytest_asyncio.fixture
async def desk_city(
    owner: asyncpg.Connection, redis: Redis, services: Services, clock: city.Clock
) -> asyncpg.Connection:
    """A city with staff and citizens and the login service running; gives the owner's connection."""
    sessions.configure(
        redis=redis,
        settings=AuthSettings(issuer=ORIGIN, audience="hpf-api", public_url=ORIGIN, store_prefix=services.redis_prefix),
    )
    await city.load(clock.now)
    return owner


class Browser:
    """A browser without script: keeps cookies, follows redirects, fills the forms of the page it is on."""

    def __init__(self, client: httpx.AsyncClient, clock: city.Clock) -> None:
        self.client = client
        self.clock = clock

    async def open(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, follow_redirects=True, **options)

    async def post(self, path: str, fields: dict[str, str], **options: Any) -> httpx.Response:
        options.setdefault("follow_redirects", True)
        return await self.client.post(path, data=fields, **options)

    async def submit(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Sends the form of the page with this action, hidden fields as the page gave them."""
        return await self.post(action, {**hidden_fields(page.text, action), **fields})

    async def sign_in(
        self, login: str, password: str = city.PASSWORD, path: str = "/backoffice/login"
    ) -> httpx.Response:
        page = await self.open(path)
        return await self.submit(
            page,
            "/backoffice/login",
            login=login,
            password=password,
            code=city.code_of(login, self.clock.now),
        )

    @property
    def csrf(self) -> dict[str, str]:
        """The token that the pages of this session would carry."""
        from backoffice.forms import csrf_token
        from backoffice.services import SESSION_COOKIE

        return {"csrf": csrf_token(self.client.cookies[SESSION_COOKIE])}


def hidden_fields(text: str, action: str) -> dict[str, str]:
    for form in re.findall(r"<form\b.*?</form>", text, flags=re.DOTALL):
        if f'action="{action}"' in form.split(">", 1)[0].replace("&amp;", "&"):
            found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
            return dict(found)
    raise AssertionError(f"the page has no form for {action}")


@pytest_asyncio.fixture
async def new_browser(
    desk_city: asyncpg.Connection, desk_services: BackofficeServices, clock: city.Clock
) -> AsyncIterator[Callable[[], Browser]]:
    clients: list[httpx.AsyncClient] = []
    application = Starlette(routes=app.routes(services=desk_services))

    def start() -> Browser:
        transport = httpx.ASGITransport(app=application)
        clients.append(httpx.AsyncClient(transport=transport, base_url=ORIGIN))
        return Browser(clients[-1], clock)

    yield start
    for client in clients:
        await client.aclose()


@pytest.fixture
def signed_in(new_browser: Callable[[], Browser]) -> Callable[[str], Awaitable[Browser]]:
    """A browser in which this member of staff has logged in."""

    async def start(login: str) -> Browser:
        browser = new_browser()
        page = await browser.sign_in(login)
        assert page.status_code == 200 and page.url.path == "/backoffice/", page.text
        return browser

    return start
