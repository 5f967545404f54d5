"""One login: stories of a person with many identities, told through the doors."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from auth import (
    agent_web,
    approvals,
    devices,
    identity_events,
    interventions,
    limits,
    linking,
    mini_web,
    not_me,
    person_care,
    registering,
    sessions,
    web,
)
from auth.corporate_ports import CorporateClaims
from auth.tokens import TokenRefused
from domain import contributions
from domain.contributions import SENSITIVE_CHANGE
from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.actor import Actor, Role
from domain.kernel.refusal import Refused
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.auth.platform import Citizen, Corporate, Mini, Platform
from tests.auth.test_identity import JSON, log_in, token_of

pytestmark = pytest.mark.usefixtures("login_service")

DESK = Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({Role.SERVICE_DESK}))
CHIEF = Actor(kind="staff", channel="backoffice", staff_id=2, roles=frozenset({Role.SUPERVISOR}))
_numbers = itertools.count()


class World:
    def __init__(self, platform: Platform, clock: Clock, browser: httpx.AsyncClient) -> None:
        self.platform, self.clock, self.browser = platform, clock, browser

    async def enter(self, citizen: Citizen | None = None) -> tuple[Actor, str]:
        """Logs in with the real name; the actor and the access token."""
        answer = await log_in(self.browser, self.platform, citizen)
        assert answer.status_code == 303, answer.text
        token = await token_of(self.browser)
        return await sessions.authenticate(bearer=token, now=self.clock()), token

    async def post(self, path: str, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        headers = {**JSON, **({"Authorization": f"Bearer {token}"} if token else {})}
        return await self.browser.post(path, json=body, headers=headers)

    def code(self, account: str = "openid1", union: str = "") -> dict[str, str]:
        number = next(_numbers)
        return {"channel": "jingtong_wechat", "code": f"{account}-{number}" + (f"-{union}" if union else "")}

    async def link(self, token: str, account: str = "openid1", union: str = "") -> httpx.Response:
        return await self.post("/auth/mini/link", self.code(account, union), token)

    async def mini(self, account: str = "openid1") -> Actor:
        answer = await self.post("/auth/mini/login", self.code(account))
        assert answer.status_code == 200, answer.text
        return await sessions.authenticate(bearer=answer.json()["access_token"], now=self.clock())

    async def mini_refused(self, account: str = "openid1") -> str:
        answer = await self.post("/auth/mini/login", self.code(account))
        assert answer.status_code == 403, answer.text
        return str(answer.json()["error"]["code"])


@pytest_asyncio.fixture
async def world(platform: Platform, clock: Clock) -> AsyncIterator[World]:
    programs = {"jingtong_wechat": Mini(), "official_account": Mini(provider="wechat_official")}
    routes = [
        *web.routes(provider=platform, clock=clock, cookie_secure=True),
        *mini_web.routes(programs=programs, clock=clock),
        *not_me.routes(clock=clock),
    ]
    transport = httpx.ASGITransport(app=Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as browser:
        yield World(platform, clock, browser)


async def events(tables: asyncpg.Connection, person: int | None) -> list[str]:
    rows = await tables.fetch("SELECT kind FROM identity_event WHERE person_id = $1 ORDER BY at, event_id", person)
    return [row["kind"] for row in rows]


async def refused_reasons(tables: asyncpg.Connection) -> list[str]:
    rows = await tables.fetch("SELECT detail ->> 'reason' AS r FROM audit_event WHERE action = 'login.refused'")
    return [row["r"] for row in rows]


async def staff_rows(tables: asyncpg.Connection) -> None:
    for number in (1, 2):
        await tables.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
            " VALUES ($1, $2, '人员', 'none', now(), '', '{}')",
            number,
            f"staff{number}",
        )


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.refusals[0].code


# Linking a second identity


async def test_a_mini_program_is_linked_and_then_logs_in_by_itself(world: World, tables: asyncpg.Connection) -> None:
    assert await world.mini_refused() == "login.identity_unlinked"
    actor, token = await world.enter()
    assert (await world.link(token)).status_code == 204
    again = await world.mini()
    assert (again.person_id, again.channel, again.assurance) == (actor.person_id, "jingtong_wechat", "real_name")
    assert await events(tables, actor.person_id) == ["confirmed", "linked"]
    assert "unlinked" in await refused_reasons(tables)
    linked = await linking.identities_of(person_id=actor.person_id or 0)
    assert [(one.provider, one.removable) for one in linked] == [("unified_identity", False), ("wechat", True)]
    assert "openid1" not in linked[1].key


async def test_the_union_of_one_platform_leads_to_the_same_person(world: World) -> None:
    actor, token = await world.enter()
    await world.link(token, union="u1")
    asked = {"channel": "official_account", "code": f"officialid-{next(_numbers)}-u1"}
    answer = await world.post("/auth/mini/login", asked)
    entered = await sessions.authenticate(bearer=answer.json()["access_token"], now=world.clock())
    assert (entered.person_id, entered.channel) == (actor.person_id, "official_account")


async def test_a_link_grows_old_and_then_shows_nothing_personal(world: World) -> None:
    _, token = await world.enter()
    await world.link(token)
    world.clock.pass_(days=90)
    stale = await world.mini()
    assert stale.assurance == "password" and not stale.is_real_name
    _, token = await world.enter()
    await world.link(token)
    assert (await world.mini()).assurance == "real_name"


async def test_an_account_of_another_person_is_not_taken_over(world: World, tables: asyncpg.Connection) -> None:
    first, token = await world.enter()
    await world.link(token)
    _, other = await world.enter(Citizen(subject="other", name="王五", document_no="110101190001010053", mobile=None))
    answer = await world.link(other)
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "login.identity_others"
    assert (await world.mini()).person_id == first.person_id
    assert await tables.fetchval("SELECT outcome FROM audit_event WHERE detail ->> 'reason' = 'another_person'") == (
        "refused"
    )


async def test_a_linked_account_cannot_vouch_for_another_one(world: World) -> None:
    _, token = await world.enter()
    await world.link(token)
    answer = await world.post("/auth/mini/login", world.code())
    refused = await world.link(answer.json()["access_token"], "openid2")
    assert refused.json()["error"]["code"] == "access.real_name_required"
    assert await world.mini_refused("openid2") == "login.identity_unlinked"


@pytest.mark.parametrize(
    "body",
    [
        {"channel": "jingtong_wechat", "code": "guessed"},
        {"channel": "jingtong_wechat", "code": ""},
        {"channel": "nowhere", "code": "a-1"},
    ],
)
async def test_codes_that_let_nobody_in(world: World, tables: asyncpg.Connection, body: dict[str, str]) -> None:
    answer = await world.post("/auth/mini/login", body)
    assert answer.status_code == 403
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0


async def test_a_code_is_not_replayed(world: World) -> None:
    _, token = await world.enter()
    used = world.code()
    await world.post("/auth/mini/link", used, token)
    assert (await world.post("/auth/mini/login", used)).json()["error"]["code"] == "login.rejected"


async def test_guessed_codes_are_limited_by_name(world: World, tables: asyncpg.Connection) -> None:
    most = limits.limits()["mini_program.codes"].most
    for _ in range(most):
        await world.post("/auth/mini/login", {"channel": "jingtong_wechat", "code": "guess"})
    answer = await world.post("/auth/mini/login", {"channel": "jingtong_wechat", "code": "guess"})
    assert answer.json()["error"]["code"] == "request.too_often"
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'limit.reached'") == 1


async def test_a_limit_that_only_tracks_lets_everybody_pass(clock: Clock, tables: asyncpg.Connection) -> None:
    limit = limits.limits()["staff.failures_in_all"]
    assert limit.mode == "track"
    for _ in range(limit.most + 1):
        await limits.take(limit.name, key="all", channel="backoffice", now=clock())
    event = await tables.fetchrow("SELECT * FROM audit_event WHERE action = 'limit.reached'")
    assert (event["subject"], event["outcome"]) == ("limit:staff.failures_in_all", "done")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"X-HPF-Client": "", "Content-Type": "text/plain"}]
)
async def test_another_site_links_nothing(world: World, tables: asyncpg.Connection, headers: dict[str, str]) -> None:
    _, token = await world.enter()
    sent = {name: value for name, value in {**JSON, **headers}.items() if value}
    answer = await world.browser.post(
        "/auth/mini/link",
        content=f'{{"channel": "jingtong_wechat", "code": "openid1-{next(_numbers)}"}}',
        headers={**sent, "Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403
    assert await tables.fetchval("SELECT count(*) FROM identity_link WHERE provider = 'wechat'") == 0


# Losing a phone


async def test_a_lost_phone_is_signed_out_and_its_account_unlinked(world: World, tables: asyncpg.Connection) -> None:
    actor, token = await world.enter()
    await world.link(token)
    lost = await world.post("/auth/mini/login", world.code())
    open_now = await devices.devices_of(person_id=actor.person_id or 0, current=actor.session_id, now=world.clock())
    assert [(one.channel, one.current) for one in open_now] == [("jingtong_h5", True), ("jingtong_wechat", False)]
    (linked,) = [one for one in await linking.identities_of(person_id=actor.person_id or 0) if one.removable]
    await linking.unlink(actor=actor, key=linked.key, now=world.clock())
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=lost.json()["access_token"], now=world.clock())
    with pytest.raises(TokenRefused):
        await sessions.refresh(refresh_token=lost.json()["refresh_token"], now=world.clock())
    assert await world.mini_refused() == "login.identity_unlinked"
    assert await sessions.authenticate(bearer=token, now=world.clock()) == actor
    assert (await events(tables, actor.person_id))[-1] == "unlinked"


async def test_signing_out_everywhere_ends_every_channel(world: World, tables: asyncpg.Connection) -> None:
    actor, token = await world.enter()
    await world.link(token)
    mini = await world.mini()
    assert await devices.sign_out_everywhere(actor=actor, keep_this=True, now=world.clock()) == 1
    assert await tables.fetchval("SELECT revoke_reason FROM login_session WHERE session_id = $1", mini.session_id) == (
        "signed_out_everywhere"
    )
    await devices.sign_out_everywhere(actor=actor, keep_this=False, now=world.clock())
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=world.clock())


async def test_nobody_signs_out_another_person_s_device(world: World) -> None:
    first, token = await world.enter()
    other, _ = await world.enter(Citizen(subject="other", name="王五", document_no="110101190001010053"))
    with pytest.raises(Refused) as refused:
        await devices.sign_out_device(actor=other, session_id=first.session_id or 0, now=world.clock())
    assert code_of(refused) == "device.unknown"
    assert await sessions.authenticate(bearer=token, now=world.clock()) == first


async def test_the_identity_that_proves_the_name_stays(world: World) -> None:
    actor, _ = await world.enter()
    (own,) = await linking.identities_of(person_id=actor.person_id or 0)
    with pytest.raises(Refused) as refused:
        await linking.unlink(actor=actor, key=own.key, now=world.clock())
    assert code_of(refused) == "identity.last"


# A changed name, phone, document; merging doubles


async def test_a_changed_name_follows_the_platform(world: World, tables: asyncpg.Connection) -> None:
    actor, _ = await world.enter()
    again, _ = await world.enter(Citizen(name="张三新"))
    assert again.person_id == actor.person_id
    row = await tables.fetchrow("SELECT * FROM person")
    assert vault.current().decrypt(row["name_cipher"]) == "张三新"
    assert "renamed" in await events(tables, actor.person_id)
    # below L3 nobody renames anybody
    await world.enter(Citizen(name="冒名者", subject="thin", level=2))
    assert vault.current().decrypt(await tables.fetchval("SELECT name_cipher FROM person")) == "张三新"


async def test_a_new_document_is_agreed_to_by_two_and_then_leads_to_the_same_person(
    world: World, tables: asyncpg.Connection
) -> None:
    await staff_rows(tables)
    actor, _ = await world.enter()
    passport = Citizen(document_type="03", document_no="E12345678")
    answer = await log_in(world.browser, world.platform, passport)
    assert answer.status_code == 400 and "login.identity_conflict" in answer.text
    asked = await person_care.ask_new_document(
        actor=DESK,
        person_id=actor.person_id or 0,
        document_type="03",
        document_no="e12345678",
        reason="加入外籍，出示护照",
        now=world.clock(),
    )
    assert "E12345678" not in str(asked) and "E12345678" not in asked.summary
    with pytest.raises(Refused):
        await approvals.decide(actor=DESK, approval_id=asked.approval_id, agree=True, note="", now=world.clock())
    await approvals.decide(actor=CHIEF, approval_id=asked.approval_id, agree=True, note="", now=world.clock())
    again, _ = await world.enter(passport)
    assert again.person_id == actor.person_id
    # the old one still does
    assert (await world.enter())[0].person_id == actor.person_id


async def test_doubles_become_one_person(world: World, tables: asyncpg.Connection) -> None:
    await staff_rows(tables)
    keep, _ = await world.enter()
    double = Citizen(subject="by-passport", document_type="03", document_no="E12345678", mobile=None)
    gone, token = await world.enter(double)
    assert keep.person_id != gone.person_id
    await world.link(token)
    await tables.execute("INSERT INTO person_account VALUES ($1, 801)", gone.person_id)
    asked = await person_care.ask_merge(
        actor=DESK,
        keep=keep.person_id or 0,
        gone=gone.person_id or 0,
        reason="同一人两次登记",
        now=world.clock(),
    )
    await approvals.decide(actor=CHIEF, approval_id=asked.approval_id, agree=True, note="", now=world.clock())
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=world.clock())
    assert (await world.enter(double))[0].person_id == keep.person_id
    assert (await world.mini()).person_id == keep.person_id
    assert await tables.fetchval("SELECT person_id FROM person_account WHERE account_no = 801") == keep.person_id
    assert "merged" in await events(tables, keep.person_id)
    with pytest.raises(Refused) as same:
        await person_care.ask_merge(actor=DESK, keep=1, gone=1, reason="同一人", now=world.clock())
    assert code_of(same) == "person.same"


async def test_a_changed_phone_cools_off_and_tells_the_old_one(world: World, tables: asyncpg.Connection) -> None:
    actor, _ = await world.enter()
    await contributions.change_mobile(actor=actor, mobile="13900000009", now=world.clock())
    event = await tables.fetchrow("SELECT * FROM outbox WHERE kind = $1", SENSITIVE_CHANGE)
    payload = str(event["payload"])
    assert "13900000009" not in payload and "13800000001" not in payload
    (change,) = await contributions.changes_of(person_id=actor.person_id or 0, now=world.clock())
    assert (change.kind, change.before_masked, change.after_masked) == ("phone", "138****0001", "139****0009")
    told = await contributions.notice_number(person_id=change.person_id, change_id=change.change_id)
    assert told == "13800000001"
    # the platform's older number does not undo the choice while it cools off
    await world.enter()
    assert await tables.fetchval("SELECT mobile_masked FROM person") == "139****0009"
    world.clock.pass_(hours=72)
    assert await contributions.changes_of(person_id=actor.person_id or 0, now=world.clock()) == []


@pytest.mark.parametrize(
    ("mobile", "code"),
    [
        ("", "person.mobile_malformed"),
        ("1390000000", "person.mobile_malformed"),
        ("２3900000009", "person.mobile_malformed"),
        ("13800000001", "person.mobile_same"),
    ],
)
async def test_phones_that_are_none(world: World, tables: asyncpg.Connection, mobile: str, code: str) -> None:
    actor, _ = await world.enter()
    with pytest.raises(Refused) as refused:
        await contributions.change_mobile(actor=actor, mobile=mobile, now=world.clock())
    assert code_of(refused) == code
    assert await tables.fetchval("SELECT count(*) FROM sensitive_change") == 0


async def token_of_notice(tables: asyncpg.Connection) -> str:
    import orjson

    payload = orjson.loads(await tables.fetchval("SELECT payload::text FROM outbox ORDER BY event_id DESC LIMIT 1"))
    secret = vault.current().decrypt(bytes.fromhex(payload["token"]))
    return f"{payload['person_id']}-{payload['change_id']}-{secret}"


async def test_not_me_suspends_on_every_channel_at_once(world: World, tables: asyncpg.Connection) -> None:
    await staff_rows(tables)
    actor, token = await world.enter()
    await world.link(token)
    await contributions.change_mobile(actor=actor, mobile="13900000009", now=world.clock())
    link = f"/auth/not-me/{await token_of_notice(tables)}"
    page = await world.browser.get(link)
    assert page.status_code == 200 and "139****0009" in page.text and "<script" not in page.text
    # looking at it changed nothing
    assert await sessions.authenticate(bearer=token, now=world.clock()) == actor
    assert (await world.browser.post(link)).status_code == 200
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=world.clock())
    assert await world.mini_refused() == "login.suspended"
    answer = await log_in(world.browser, world.platform)
    assert answer.status_code == 400 and "login.suspended" in answer.text
    # two members of staff bring the person back, who proves the name before anything linked works
    asked = await interventions.ask_to_lift(
        actor=DESK, person_id=actor.person_id or 0, reason="本人到柜台核实", now=world.clock()
    )
    await approvals.decide(actor=CHIEF, approval_id=asked.approval_id, agree=True, note="", now=world.clock())
    assert await world.mini_refused() == "login.prove_again"
    await world.enter()
    assert (await world.mini()).person_id == actor.person_id


@pytest.mark.parametrize("token", ["", "1-2-3", "x", "1-2", "９-1-a", "9" * 30 + "-1-a"])
async def test_notices_that_are_none_of_ours(world: World, tables: asyncpg.Connection, token: str) -> None:
    await world.enter()
    for answer in (await world.browser.get(f"/auth/not-me/{token}"), await world.browser.post(f"/auth/not-me/{token}")):
        assert answer.status_code in (400, 404)
    assert await tables.fetchval("SELECT count(*) FROM intervention") == 0


async def test_a_notice_of_another_change_or_a_cooled_one_suspends_nobody(
    world: World, tables: asyncpg.Connection
) -> None:
    actor, _ = await world.enter()
    await contributions.change_mobile(actor=actor, mobile="13900000009", now=world.clock())
    token = await token_of_notice(tables)
    other = "-".join([*token.split("-")[:1], "1", *token.split("-")[2:]])
    assert (await world.browser.post(f"/auth/not-me/{other}")).status_code == 400
    world.clock.pass_(hours=72)
    assert (await world.browser.post(f"/auth/not-me/{token}")).status_code == 400
    assert await tables.fetchval("SELECT count(*) FROM intervention") == 0


# Interventions by staff


async def test_reset_takes_every_linked_account(world: World, tables: asyncpg.Connection) -> None:
    actor, token = await world.enter()
    await world.link(token)
    await interventions.impose(
        actor=DESK, person_id=actor.person_id or 0, kind="reset", reason="手机被盗", now=world.clock()
    )
    assert await world.mini_refused() == "login.identity_unlinked"
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=world.clock())
    entered, _ = await world.enter()
    assert entered.person_id == actor.person_id
    shown = await identity_events.events_of(person_id=actor.person_id or 0)
    assert "解除全部关联账号" in [one.kind_name for one in shown]


@pytest.mark.parametrize(
    "actor", [replace(DESK, roles=frozenset({Role.FINANCE})), Actor(kind="citizen", channel="app", person_id=1)]
)
async def test_who_may_not_intervene(world: World, tables: asyncpg.Connection, actor: Actor) -> None:
    person, token = await world.enter()
    with pytest.raises(Refused):
        await interventions.impose(
            actor=actor, person_id=person.person_id or 0, kind="suspend", reason="没有权限", now=world.clock()
        )
    assert await sessions.authenticate(bearer=token, now=world.clock()) == person
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'person.intervened'") == 1


async def test_a_login_and_a_suspension_at_once(world: World) -> None:
    person, _ = await world.enter()
    number = person.person_id or 0

    async def enter() -> None:
        await sessions.open_session(
            holder="citizen", identity=number, channel="app", assurance="real_name", device="", now=world.clock()
        )

    suspend = interventions.impose(actor=DESK, person_id=number, kind="suspend", reason="同时发生", now=world.clock())
    await asyncio.gather(enter(), suspend, enter(), return_exceptions=True)
    assert await devices.devices_of(person_id=number, current=None, now=world.clock()) == []


# Legal persons


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
