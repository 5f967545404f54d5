"""The API of one process over real HTTP, on real stores, with agencies that answer as a test wants them to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import keys, sessions
from auth.configuration import AuthSettings
from domain import withdrawals
from domain.contributions.ports import PersonAsked, Standing
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.vault import Vault, install
from domain.withdrawals import (
    AgencyAnswer,
    CivilStatus,
    Death,
    Employment,
    Home,
    Marriage,
    Pension,
    PersonIdentity,
    Registries,
    RentalFiling,
)
from notifications.live import LiveNews
from schema.context import Context
from schema.execution import Execution, OperationObservation
from schema.http import graphql_routes
from schema.limits import GraphQLLimits
from schema.root import executable
from tests.loopback import serve
from tests.services import Services

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LIMITS = GraphQLLimits(
    heartbeat_seconds=1,
    connection_init_seconds=1,
    streams_per_caller_max=3,
    operation_seconds_max=20,
    socket_operations_max=20,
)


_AGENCIES = ("property", "marriage", "rental", "identity", "contract", "invoice", "loan", "life")


class Clock:
    """The time of a test; it moves only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: int) -> None:
        self.now += timedelta(**parts)


class SilentPersonRegistries:
    """Nobody answers: whoever begins to be contributed for waits."""

    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        return [Standing(no_answer=("公安身份核验",)) for _ in persons]


@dataclass
class Agencies:
    """All registries. Keys are document numbers, in `silent` names of agencies."""

    homes: dict[str, tuple[Home, ...]] = field(default_factory=dict)
    marriages: dict[str, Marriage] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def reset(self) -> None:
        self.homes.clear()
        self.marriages.clear()
        self.silent.clear()

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        found = tuple(home for person in persons for home in self.homes.get(person.document_no, ()))
        return self._answer("property", found, now)

    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        return self._answer("marriage", self.marriages.get(person.document_no, Marriage(status="single")), now)

    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        return self._answer("rental", None, now)

    async def civil_status_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[CivilStatus]:
        return self._answer("identity", CivilStatus(matches=True, province="11", minor_children=0), now)

    async def contract(self, *, contract_no: str, now: datetime) -> AgencyAnswer[None]:
        return self._answer("contract", None, now)

    async def invoice(self, *, invoice_no: str, now: datetime) -> AgencyAnswer[None]:
        return self._answer("invoice", None, now)

    async def loan(self, *, loan_contract_no: str, now: datetime) -> AgencyAnswer[None]:
        return self._answer("loan", None, now)

    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]:
        return self._answer("pension", Pension(since=None), now)

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return self._answer("death", Death(died_on=None), now)

    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]:
        return self._answer("employment", Employment(months_elsewhere=0, open_hpf_loan=False), now)

    def registries(self) -> Registries:
        return Registries(**dict.fromkeys(_AGENCIES, self))

    def _answer(self, agency: str, value: Any, now: datetime) -> AgencyAnswer[Any]:
        if agency in self.silent:
            return AgencyAnswer(
                agency=agency,
                asked_at=now,
                as_of=None,
                outcome="no_answer",
                value=None,
                trace_no="T",
                reason="timeout",
            )
        return AgencyAnswer(agency=agency, asked_at=now, as_of=now, outcome="answered", value=value, trace_no="T")


@dataclass(kw_only=True)
class World:
    base_url: str
    clock: Clock
    agencies: Agencies
    redis: Redis
    prefix: str
    news: LiveNews
    seen: list[OperationObservation]
    execution: Execution

    @property
    def socket_url(self) -> str:
        return self.base_url.replace("http", "ws", 1) + "/graphql"

    async def begin(self) -> None:
        """Back to the start of its time; other tests may have emptied the tables or configured the login."""
        self.clock.now = START
        self.agencies.reset()
        self.seen.clear()
        install(Vault(bytes(range(32))))
        settings = AuthSettings(
            issuer="https://hpf.example",
            audience="hpf-graphql",
            public_url="https://hpf.example",
            store_prefix=self.prefix,
        )
        sessions.configure(redis=self.redis, settings=settings)
        await keys.ensure_key(now=self.clock())


@asynccontextmanager
async def world_of(services: Services) -> AsyncIterator[World]:
    redis = Redis.from_url(services.redis_url, socket_timeout=2, socket_connect_timeout=2)
    clock, agencies, seen = Clock(), Agencies(), list[OperationObservation]()
    news = LiveNews(redis=redis, prefix=services.redis_prefix)

    def context_for(actor: Actor, request_id: str) -> Context:
        return Context(
            actor=actor,
            now=clock(),
            business_date=business_date_of(clock()),
            registries=agencies.registries(),
            person_registries=SilentPersonRegistries(),
            matters=withdrawals.MATTERS,
            live=news,
            request_id=request_id,
        )

    async def authenticate(bearer: str | None) -> Actor:
        return await sessions.authenticate(bearer=bearer, now=clock())

    options: dict[str, Any] = {
        "context_for": context_for,
        "authenticate": authenticate,
        "limits": LIMITS,
        "introspection": lambda actor: actor.has_role("system_admin"),
        "observe": seen.append,
    }
    routes = graphql_routes(**options)
    async with serve(Starlette(routes=routes), ws="websockets-sansio") as base_url:
        yield World(
            base_url=base_url,
            clock=clock,
            agencies=agencies,
            redis=redis,
            prefix=services.redis_prefix,
            news=news,
            seen=seen,
            execution=Execution(schema=executable(), **options),
        )
    await redis.aclose()


@dataclass
class Client:
    """A caller of the API; `token` None is anonymous."""

    http: httpx.AsyncClient
    token: str | None
    accept: str = "application/graphql-response+json"

    @property
    def headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Accept": self.accept, **bearer}

    async def post(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        body = {"query": query, "variables": variables, **more}
        return await self.http.post("/graphql", json=body, headers=self.headers)

    async def run(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        answer = (await self.post(query, variables)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """The first top-level error of an operation that must fail."""
        answer = (await self.post(query, variables)).json()
        first: dict[str, Any] = answer["errors"][0]
        return first

    async def refusals(self, query: str, **variables: Any) -> list[tuple[str, str | None]]:
        """(code, field) of the user errors of a mutation that must be refused."""
        payload = next(iter((await self.run(query, **variables)).values()))
        assert payload["userErrors"], "was not refused"
        return [(error["code"], error["field"]) for error in payload["userErrors"]]
