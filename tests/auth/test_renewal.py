"""重新认证: what matters asks for a login that is not too old, channel by channel, and says where to get one."""

from __future__ import annotations

import asyncpg
import pytest

from auth import renewal, sessions
from auth.renewal import RenewalRequired
from domain.kernel.actor import Actor
from tests.auth.conftest import Clock
from tests.auth.test_face import new_person

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("R06.4")]


async def logged_in(clock: Clock, channel: str, *, person_id: int) -> str:
    """The refresh token of a login on this channel."""
    opened = await sessions.open_session(
        holder="citizen", identity=person_id, channel=channel, assurance="real_name", device="", now=clock()
    )
    return opened.secret


async def actor_of(clock: Clock, secret: str) -> tuple[Actor, str]:
    fresh = await sessions.refresh(refresh_token=secret, now=clock())
    return await sessions.authenticate(bearer=fresh.access.token, now=clock()), fresh.refresh_token


async def asks_again(actor: Actor, clock: Clock) -> str:
    """Where to log in again; empty when nothing is asked for."""
    try:
        await renewal.require_recent(actor=actor, operation="person.change_mobile", now=clock())
    except RenewalRequired as required:
        assert required.refusals[0].code == "login.renew_required" and required.refusals[0].retryable
        return required.login_url
    return ""


async def test_a_phone_stays_logged_in_and_is_asked_after_three_days(clock: Clock, tables: asyncpg.Connection) -> None:
    person = (await new_person(clock, "110105199103151017")).person_id or 0
    secret = await logged_in(clock, "app", person_id=person)
    clock.pass_(hours=71)
    actor, secret = await actor_of(clock, secret)
    assert await asks_again(actor, clock) == ""
    clock.pass_(hours=1)
    # renewed by its refresh token it is the same login still
    actor, secret = await actor_of(clock, secret)
    assert "/auth/login?channel=app&" in await asks_again(actor, clock)
    assert await tables.fetchval("SELECT count(*) FROM audit_event WHERE action = 'login.renewal_required'") == 1
    fresh, _ = await actor_of(clock, await logged_in(clock, "app", person_id=person))
    assert await asks_again(fresh, clock) == ""


async def test_a_browser_is_asked_after_four_hours_and_a_kiosk_never(clock: Clock) -> None:
    person = (await new_person(clock, "110105199103151017")).person_id or 0
    secrets = {channel: await logged_in(clock, channel, person_id=person) for channel in ("web_portal", "kiosk")}
    kiosk, _ = await actor_of(clock, secrets["kiosk"])
    browser, secret = await actor_of(clock, secrets["web_portal"])
    for _ in range(8):
        clock.pass_(minutes=29)
        browser, secret = await actor_of(clock, secret)
    assert await asks_again(browser, clock) == ""
    clock.pass_(minutes=8)
    browser, _ = await actor_of(clock, secret)
    assert "channel=web_portal" in await asks_again(browser, clock)
    assert await asks_again(kiosk, clock) == ""


async def test_nobody_else_has_such_a_login(clock: Clock) -> None:
    for actor in (
        Actor(kind="staff", channel="backoffice", staff_id=1),
        Actor(kind="agent", channel="employer_portal", person_id=1, employer_no=2),
        Actor(kind="partner", channel="partner", person_id=1),
    ):
        assert await asks_again(actor, clock) == ""
