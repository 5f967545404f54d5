"""Interventions that bind on every channel at once: the notice, suspension, reset."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from auth import approvals, devices, identity_events, interventions, sessions
from auth.tokens import TokenRefused
from domain import contributions
from domain.kernel.actor import Actor, Role
from domain.kernel.refusal import Refused
from tests.auth.stories import CHIEF, DESK, World, staff_rows, token_of_notice
from tests.auth.test_identity import log_in

pytestmark = pytest.mark.usefixtures("login_service")


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
