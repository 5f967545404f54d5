"""Linked accounts of one person: how they log in, what they may not, and how they go."""

from __future__ import annotations

import asyncpg
import pytest

from auth import devices, limits, linking, sessions
from auth.tokens import TokenRefused
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock
from tests.auth.platform import Citizen
from tests.auth.stories import World, code_of, events, numbers, refused_reasons
from tests.auth.test_identity import JSON

pytestmark = pytest.mark.usefixtures("login_service")


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
    asked = {"channel": "official_account", "code": f"officialid-{next(numbers)}-u1"}
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
        content=f'{{"channel": "jingtong_wechat", "code": "openid1-{next(numbers)}"}}',
        headers={**sent, "Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403
    assert await tables.fetchval("SELECT count(*) FROM identity_link WHERE provider = 'wechat'") == 0


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
