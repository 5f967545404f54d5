"""Legal persons: who comes for an employer by certificate or by the electronic licence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from auth import agent_web, interventions, registering, sessions
from auth.corporate_ports import CorporateClaims
from domain.kernel import database as store
from domain.kernel.refusal import Refused
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.auth.platform import Citizen, Corporate
from tests.auth.stories import DESK, World
from tests.auth.test_identity import JSON

pytestmark = pytest.mark.usefixtures("login_service")


@pytest_asyncio.fixture
async def portal(clock: Clock, tables: asyncpg.Connection) -> AsyncIterator[tuple[httpx.AsyncClient, Corporate]]:
    await tables.execute("INSERT INTO management_office VALUES ('0101', '东城管理部', '110101')")
    await tables.execute(
        "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)"
        " VALUES (100001, '单位', '91110101MA0DEM00XL', '0101', '2018-07-01')"
    )
    corporate = Corporate()
    app = Starlette(routes=agent_web.routes(platform=corporate, clock=clock, cookie_secure=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL) as client:
        yield client, corporate


CLAIMS = CorporateClaims(
    provider="beijing_legal_person",
    subject="corporate-1",
    name="李四光",
    document_no="11010119000101001X",
    uscc="91110101MA0DEM00XL",
    employer_name="单位",
    legal_representative=True,
    credential="business_licence",
    level=3,
)


async def come_in(portal: tuple[httpx.AsyncClient, Corporate], claims: CorporateClaims) -> httpx.Response:
    client, corporate = portal
    start = await client.get("/auth/employer/login", params={"return_to": "/employer/"})
    query = corporate.agree(start.headers["location"], claims)
    return await client.get("/auth/employer/callback", params=query)


async def test_a_legal_representative_comes_with_the_licence(
    portal: tuple[httpx.AsyncClient, Corporate], clock: Clock, tables: asyncpg.Connection
) -> None:
    answer = await come_in(portal, CLAIMS)
    assert answer.status_code == 303 and answer.headers["location"] == "/employer/"
    token = (await portal[0].post("/auth/employer/token", headers=JSON, content="{}")).json()["access_token"]
    actor = await sessions.authenticate(bearer=token, now=clock())
    assert (actor.kind, actor.employer_no, actor.scopes) == ("agent", 100001, frozenset({"all"}))
    assert await tables.fetchval("SELECT source FROM employer_agent") == "legal_representative"
    await come_in(portal, CLAIMS)
    assert await tables.fetchval("SELECT count(*) FROM employer_agent") == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"legal_representative": False}, "agent.not_appointed"),
        ({"level": 2}, "login.identity_unverified"),
        ({"credential": "password"}, "login.identity_unverified"),
        ({"uscc": "91110108MA0DEM03XW", "legal_representative": False}, "agent.employer_unregistered"),
    ],
)
async def test_who_may_not_act_for_the_employer(
    portal: tuple[httpx.AsyncClient, Corporate], tables: asyncpg.Connection, changes: dict[str, Any], code: str
) -> None:
    answer = await come_in(portal, replace(CLAIMS, **changes))
    assert answer.status_code == 400 and code in answer.text
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'login.refused'") == 1


@pytest.mark.requirement("R01.2")
async def test_the_representative_of_an_unregistered_employer_is_led_to_registering(
    portal: tuple[httpx.AsyncClient, Corporate], tables: asyncpg.Connection
) -> None:
    claims = replace(CLAIMS, uscc="91110108MA0DEM03XW")
    answer = await come_in(portal, claims)
    assert answer.status_code == 303 and answer.headers["location"] == "/employer/register"
    ticket = portal[0].cookies["hpf_registering"]
    assert (await registering.offered(ticket=ticket)).uscc == "91110108MA0DEM03XW"
    with pytest.raises(Refused, match=r"agent\.registration_expired"):
        await registering.offered(ticket=ticket[:-1])
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0


async def test_a_corporate_account_of_another_person_is_a_conflict(
    portal: tuple[httpx.AsyncClient, Corporate], tables: asyncpg.Connection
) -> None:
    await come_in(portal, CLAIMS)
    answer = await come_in(portal, replace(CLAIMS, name="他人", document_no="110101190001010096"))
    assert answer.status_code == 400 and "login.identity_conflict" in answer.text
    assert await tables.fetchval("SELECT count(*) FROM employer_agent") == 1


@pytest.mark.parametrize(
    "return_to", ["https://evil.example/", "//evil.example/", "/h5/", "/employer/../h5/", "/employer//x"]
)
async def test_ways_back_that_are_not_ours(portal: tuple[httpx.AsyncClient, Corporate], return_to: str) -> None:
    answer = await portal[0].get("/auth/employer/login", params={"return_to": return_to})
    assert answer.status_code == 400 and "location" not in answer.headers


async def test_the_answer_to_another_browser_or_twice_is_refused(
    portal: tuple[httpx.AsyncClient, Corporate], tables: asyncpg.Connection
) -> None:
    client, corporate = portal
    start = await client.get("/auth/employer/login")
    query = corporate.agree(start.headers["location"], CLAIMS)
    client.cookies.clear()
    foreign = await client.get("/auth/employer/callback", params=query)
    assert "login.foreign_browser" in foreign.text
    spent = await client.get("/auth/employer/callback", params=query)
    assert "login.state_unknown" in spent.text
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0


async def test_a_citizen_s_answer_is_no_answer_for_an_employer(
    world: World, portal: tuple[httpx.AsyncClient, Corporate], tables: asyncpg.Connection
) -> None:
    """Swapped callbacks: a state of one login brought to the other's door."""
    start = await world.browser.get("/auth/login?channel=jingtong_h5&return_to=/h5/")
    query = world.platform.agree(start.headers["location"], Citizen())
    client, _ = portal
    client.cookies.update(world.browser.cookies)
    answer = await client.get("/auth/employer/callback", params=query)
    assert answer.status_code == 400
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0


async def test_an_agent_who_is_suspended_is_out_there_too(
    portal: tuple[httpx.AsyncClient, Corporate], clock: Clock, tables: asyncpg.Connection
) -> None:
    await come_in(portal, CLAIMS)
    person = await tables.fetchval("SELECT person_id FROM person")
    await interventions.impose(actor=DESK, person_id=person, kind="suspend", reason="冒用执照", now=clock())
    refused = await portal[0].post("/auth/employer/token", headers=JSON, content="{}")
    assert refused.status_code == 401
    assert "login.suspended" in (await come_in(portal, CLAIMS)).text
    async with store.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM login_session WHERE revoked_at IS NULL") == 0
