"""Agents of employers: logging in for an employer, what the token says, and what ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import httpx
import jwt
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from auth import agent_web, agents, sessions, tokens
from auth.tokens import TokenRefused
from domain import contributions
from domain.kernel import database as store
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.auth.platform import Corporate
from tests.auth.test_tokens import refusal_of, resigned

pytestmark = pytest.mark.usefixtures("login_service")

EMPLOYER, ANOTHER = 100001, 100002
JSON = {"Content-Type": "application/json", "X-HPF-Client": "portal", "Origin": PUBLIC_URL}


@pytest_asyncio.fixture
async def person(tables: asyncpg.Connection, clock: Clock) -> int:
    """Somebody who may keep the lists of one employer, and of the other not."""
    await tables.execute("INSERT INTO management_office VALUES ('0101', '东城管理部', '110101')")
    for number in (EMPLOYER, ANOTHER):
        await tables.execute(
            "INSERT INTO employer (employer_no, name, uscc, office_code, opened_on)"
            " VALUES ($1, '单位', $2, '0101', '2018-07-01')",
            number,
            f"91110101MA{number}XL",
        )
    async with store.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no="11010119000101001X", name="李四光", mobile=None, now=clock()
        )
        await contributions.appoint_agent(
            tx,
            actor=SYSTEM,
            employer_no=EMPLOYER,
            person_id=person_id,
            scopes=["lists", "people"],
            source="appointed",
            valid_from=business_date_of(clock()),
            now=clock(),
        )
    return person_id


async def citizen(person: int, clock: Clock, *, assurance: str = "real_name") -> tuple[Actor, str]:
    opened = await sessions.open_session(
        holder="citizen",
        identity=person,
        channel="web_portal",
        assurance=assurance,  # type: ignore[arg-type]
        device="test",
        now=clock(),
    )
    entered = await sessions.refresh(refresh_token=opened.secret, now=clock())
    return await sessions.authenticate(bearer=entered.access.token, now=clock()), entered.access.token


@pytest_asyncio.fixture
async def portal(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=agent_web.routes(platform=Corporate(), clock=clock, cookie_secure=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL) as client:
        yield client


async def entered(person: int, clock: Clock) -> tuple[Actor, str, str]:
    """The agent, cookie and access token."""
    caller, _ = await citizen(person, clock)
    signed_in = await agents.act_for(actor=caller, employer_no=EMPLOYER, device="test", now=clock())
    token = await agents.token_for_agent(cookie=signed_in.cookie, now=clock())
    return signed_in.actor, signed_in.cookie, token.token


async def test_an_agent_has_person_employer_and_scopes_and_nothing_of_a_citizen(person: int, clock: Clock) -> None:
    actor, _, token = await entered(person, clock)
    assert await sessions.authenticate(bearer=token, now=clock()) == actor
    assert (actor.kind, actor.person_id, actor.employer_no, actor.channel) == (
        "agent",
        person,
        EMPLOYER,
        "employer_portal",
    )
    assert actor.reference == f"agent:{person}@{EMPLOYER}" and actor.assurance == "real_name"
    assert actor.may_for_employer("lists") and not actor.may_for_employer("payments")
    assert not actor.is_citizen and not actor.is_real_name and not actor.is_staff


async def test_the_audit_trail_names_who_acts_for_whom(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    await entered(person, clock)
    event = await tables.fetchrow("SELECT * FROM audit_event WHERE action = 'login.succeeded'")
    assert event["actor"] == f"agent:{person}@{EMPLOYER}" and event["subject"] == f"employer:{EMPLOYER}"


async def test_without_an_appointment_nobody_acts(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    caller, _ = await citizen(person, clock)
    with pytest.raises(Refused) as refused:
        await agents.act_for(actor=caller, employer_no=ANOTHER, device="", now=clock())
    assert refused.value.refusals[0].code == "agent.not_appointed"
    assert await tables.fetchval("SELECT count(*) FROM login_session WHERE kind = 'agent'") == 0
    event = await tables.fetchrow("SELECT * FROM audit_event WHERE action = 'login.refused'")
    assert (event["subject"], event["outcome"]) == (f"employer:{ANOTHER}", "refused")


async def test_before_the_identity_is_verified_nobody_acts(person: int, clock: Clock) -> None:
    caller, _ = await citizen(person, clock, assurance="password")
    with pytest.raises(Refused) as refused:
        await agents.act_for(actor=caller, employer_no=EMPLOYER, device="", now=clock())
    assert refused.value.refusals[0].code == "access.real_name_required"


async def test_an_appointment_that_ends_ends_what_its_sessions_may(person: int, clock: Clock) -> None:
    _, cookie, token = await entered(person, clock)
    async with store.transaction() as tx:
        on = business_date_of(clock())
        assert await contributions.end_agent(
            tx, actor=SYSTEM, employer_no=EMPLOYER, person_id=person, on=on, now=clock()
        )
        again = await contributions.end_agent(
            tx, actor=SYSTEM, employer_no=EMPLOYER, person_id=person, on=on, now=clock()
        )
        assert not again
    assert await agents.actor_of(cookie=cookie, now=clock()) is None
    with pytest.raises(TokenRefused) as refused:
        await sessions.authenticate(bearer=token, now=clock())
    assert refused.value.code == "session_ended"


async def test_an_employer_that_closes_has_no_agents(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    _, cookie, _ = await entered(person, clock)
    await tables.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", EMPLOYER)
    assert await agents.actor_of(cookie=cookie, now=clock()) is None


async def test_appointments_count_from_their_first_to_their_last_day(person: int, clock: Clock) -> None:
    today = business_date_of(clock())
    async with store.transaction() as tx:
        await contributions.appoint_agent(
            tx,
            actor=SYSTEM,
            employer_no=ANOTHER,
            person_id=person,
            scopes=["payments"],
            source="counter",
            valid_from=today + timedelta(days=1),
            valid_to=today + timedelta(days=2),
            now=clock(),
        )
    for days, scopes in ((0, set()), (1, {"payments"}), (2, {"payments"}), (3, set())):
        on = today + timedelta(days=days)
        assert await contributions.agent_scopes(employer_no=ANOTHER, person_id=person, on=on) == scopes


@pytest.mark.parametrize("scopes", [[], ["everything"], ["all", "ledger"]])
async def test_unknown_scopes_are_refused(
    person: int, clock: Clock, tables: asyncpg.Connection, scopes: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        async with store.transaction() as tx:
            await contributions.appoint_agent(
                tx,
                actor=SYSTEM,
                employer_no=ANOTHER,
                person_id=person,
                scopes=scopes,
                source="counter",
                valid_from=business_date_of(clock()),
                now=clock(),
            )
    assert refused.value.refusals[0].code == "agent.scope_unknown"
    assert await tables.fetchval("SELECT count(*) FROM employer_agent WHERE employer_no = $1", ANOTHER) == 0


async def test_an_idle_session_of_an_agent_ends(person: int, clock: Clock) -> None:
    _, cookie, _ = await entered(person, clock)
    clock.pass_(minutes=29)
    assert await agents.actor_of(cookie=cookie, now=clock()) is not None
    clock.pass_(minutes=30)
    assert await agents.actor_of(cookie=cookie, now=clock()) is None


async def test_a_token_for_another_employer_than_the_session_s_is_refused(person: int, clock: Clock) -> None:
    _, _, token = await entered(person, clock)
    swapped = await resigned(token, clock(), emp=str(ANOTHER))
    with pytest.raises(TokenRefused) as refused:
        await sessions.authenticate(bearer=swapped, now=clock())
    assert refused.value.code == "session_ended"


@pytest.mark.parametrize("emp", [None, 100001, "", "01", "x"])
async def test_an_agent_s_token_names_its_employer(person: int, clock: Clock, emp: object) -> None:
    _, _, token = await entered(person, clock)
    assert await refusal_of(await resigned(token, clock(), emp=emp), clock()) == "token_invalid"


async def test_a_citizen_s_token_names_no_employer(person: int, clock: Clock) -> None:
    _, token = await citizen(person, clock)
    assert await refusal_of(await resigned(token, clock(), emp="100001"), clock()) == "token_invalid"
    # nor does it become an agent's by its subject alone
    forged = await resigned(token, clock(), sub=f"agent:{person}", emp=str(EMPLOYER), auth_time=None)
    assert (await tokens.verify(token=forged, now=clock())).holder == "agent"
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=forged, now=clock())


async def test_a_citizen_s_refresh_does_not_take_an_agent_s_cookie(person: int, clock: Clock) -> None:
    _, cookie, _ = await entered(person, clock)
    with pytest.raises(TokenRefused) as refused:
        await sessions.refresh(refresh_token=cookie, now=clock())
    assert refused.value.code == "token_invalid"
    assert await agents.actor_of(cookie=cookie, now=clock()) is not None


async def test_the_portal_over_http(person: int, clock: Clock, portal: httpx.AsyncClient) -> None:
    _, bearer = await citizen(person, clock)
    headers = {**JSON, "Authorization": f"Bearer {bearer}"}
    listed = await portal.get("/auth/employers", headers=headers)
    assert listed.json() == {"employers": [{"employer_no": "100001", "name": "单位", "scopes": ["lists", "people"]}]}
    opened = await portal.post("/auth/employer/session", json={"employer_no": "100001"}, headers=headers)
    assert opened.status_code == 200 and opened.headers["cache-control"] == "no-store"
    for attribute in ("hpf_employer=", "HttpOnly", "SameSite=lax", "Secure"):
        assert attribute in opened.headers["set-cookie"]
    given = await portal.post("/auth/employer/token", headers=JSON, content="{}")
    token = given.json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["emp"] == "100001"
    assert (await portal.post("/auth/employer/logout", headers=JSON, content="{}")).status_code == 204
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=clock())


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"X-HPF-Client": None, "Content-Type": "text/plain"}, 403),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer forged"}, 401),
    ],
)
async def test_who_may_not_open_a_session(
    person: int,
    clock: Clock,
    portal: httpx.AsyncClient,
    tables: asyncpg.Connection,
    changed: dict[str, str | None],
    status: int,
) -> None:
    _, bearer = await citizen(person, clock)
    wanted = {**JSON, "Authorization": f"Bearer {bearer}", **changed}
    headers = {name: value for name, value in wanted.items() if value is not None}
    answer = await portal.post("/auth/employer/session", content='{"employer_no": "100001"}', headers=headers)
    assert answer.status_code == status
    assert await tables.fetchval("SELECT count(*) FROM login_session WHERE kind = 'agent'") == 0


@pytest.mark.parametrize("given", [None, 100001, "", "1e5", "１００００１", "9" * 19])
async def test_malformed_employers_open_nothing(
    person: int, clock: Clock, portal: httpx.AsyncClient, given: object
) -> None:
    _, bearer = await citizen(person, clock)
    headers = {**JSON, "Authorization": f"Bearer {bearer}"}
    answer = await portal.post("/auth/employer/session", json={"employer_no": given}, headers=headers)
    assert answer.status_code == 400


async def test_an_agent_may_change_to_another_employer(person: int, clock: Clock) -> None:
    actor, cookie, _ = await entered(person, clock)
    async with store.transaction() as tx:
        await contributions.appoint_agent(
            tx,
            actor=SYSTEM,
            employer_no=ANOTHER,
            person_id=person,
            scopes=["all"],
            source="counter",
            valid_from=business_date_of(clock()),
            now=clock(),
        )
    signed_in = await agents.act_for(actor=actor, employer_no=ANOTHER, device="", now=clock())
    assert signed_in.actor == replace(
        actor, employer_no=ANOTHER, scopes=frozenset({"all"}), session_id=signed_in.actor.session_id
    )
    assert await agents.actor_of(cookie=cookie, now=clock()) == actor
