"""Sessions of citizens: refreshing once, ending everywhere at once, limits, and what happens without
Redis."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from auth import configuration, sessions
from auth.configuration import AuthSettings, SessionLimits
from auth.sessions import OpenedSession, RefreshedSession
from auth.tokens import TokenRefused
from domain import contributions
from domain.kernel import database as store
from domain.kernel.actor import ANONYMOUS, Actor
from domain.kernel.failures import StoreUnavailable
from ops.embedded.place import temporary_place
from ops.embedded.valkey import Valkey
from tests.auth.conftest import Clock
from tests.services import CHECKOUT

pytestmark = pytest.mark.usefixtures("login_service")


@pytest_asyncio.fixture
async def person(tables: asyncpg.Connection, clock: Clock) -> int:
    async with store.transaction() as tx:
        return await contributions.register_person(
            tx, document_type="01", document_no="11010119000101001X", name="李四光", mobile=None, now=clock()
        )


async def opened(person: int, clock: Clock, *, channel: str = "jingtong_h5") -> OpenedSession:
    return await sessions.open_session(
        holder="citizen", identity=person, channel=channel, assurance="real_name", device="test", now=clock()
    )


async def entered(person: int, clock: Clock) -> RefreshedSession:
    session = await opened(person, clock)
    return await sessions.refresh(refresh_token=session.secret, now=clock())


async def refusal_of(refresh_token: str, clock: Clock) -> str:
    with pytest.raises(TokenRefused) as refused:
        await sessions.refresh(refresh_token=refresh_token, now=clock())
    return refused.value.code


async def is_alive(session: RefreshedSession, clock: Clock) -> bool:
    try:
        await sessions.authenticate(bearer=session.access.token, now=clock())
    except TokenRefused as refused:
        assert refused.code == "session_ended"
        return False
    return True


async def actions(tables: asyncpg.Connection) -> list[str]:
    return [row["action"] for row in await tables.fetch("SELECT action FROM audit_event ORDER BY at, event_id")]


async def test_the_actor_of_an_access_token(person: int, clock: Clock) -> None:
    session = await entered(person, clock)
    actor = await sessions.authenticate(bearer=session.access.token, now=clock())
    assert actor == Actor(
        kind="citizen",
        channel="jingtong_h5",
        name="李**",
        person_id=person,
        session_id=session.session_id,
        assurance="real_name",
        signed_in_at=clock(),
    )


async def test_without_a_token_nobody_is_there(clock: Clock) -> None:
    assert await sessions.authenticate(bearer=None, now=clock()) is ANONYMOUS
    hinted = await sessions.authenticate(bearer=None, channel_hint="web", now=clock())
    assert hinted == replace(ANONYMOUS, channel="web")


async def test_tokens_are_stored_as_digests_only(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    session = await opened(person, clock)
    assert len(session.secret) == 43
    digest = await tables.fetchval("SELECT token_hash FROM refresh_token")
    assert digest == sessions.secret_digest(session.secret)
    assert session.secret.encode() not in digest and session.secret not in repr(session)


async def test_each_refresh_gives_a_new_token(person: int, clock: Clock) -> None:
    first = await entered(person, clock)
    clock.pass_(minutes=10)
    second = await sessions.refresh(refresh_token=first.refresh_token, now=clock())
    assert second.session_id == first.session_id and second.refresh_token != first.refresh_token
    assert await is_alive(second, clock)


async def test_a_reused_refresh_token_ends_the_whole_session(
    person: int, clock: Clock, tables: asyncpg.Connection
) -> None:
    session = await opened(person, clock)
    first = await sessions.refresh(refresh_token=session.secret, now=clock())
    second = await sessions.refresh(refresh_token=first.refresh_token, now=clock())
    assert await refusal_of(session.secret, clock) == "session_ended"
    # Thief and owner are both out: neither access tokens nor the newest refresh token help.
    assert not await is_alive(first, clock) and not await is_alive(second, clock)
    assert await refusal_of(second.refresh_token, clock) == "session_ended"
    assert await tables.fetchval("SELECT revoke_reason FROM login_session") == "refresh_reused"
    assert (await actions(tables)).count("session.refresh_reused") == 1


async def test_of_parallel_refreshes_one_is_answered_and_none_survives(
    person: int, clock: Clock, tables: asyncpg.Connection
) -> None:
    session = await opened(person, clock)
    calls = [sessions.refresh(refresh_token=session.secret, now=clock()) for _ in range(6)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, RefreshedSession)]
    assert len(won) == 1
    assert {type(answer) for answer in answers} == {RefreshedSession, TokenRefused}
    assert await tables.fetchval("SELECT count(*) FROM refresh_token") == 2
    assert not await is_alive(won[0], clock)
    assert await refusal_of(won[0].refresh_token, clock) == "session_ended"


@pytest.mark.parametrize("token", ["", "unknown", "x" * 10_000, "\x00", "你好"])
async def test_an_unknown_refresh_token_changes_nothing(
    person: int, clock: Clock, tables: asyncpg.Connection, token: str
) -> None:
    session = await entered(person, clock)
    assert await refusal_of(token, clock) == "token_invalid"
    assert await is_alive(session, clock)
    assert await tables.fetchval("SELECT count(*) FROM login_session WHERE revoked_at IS NOT NULL") == 0


async def test_logout_works_at_once_on_every_process(
    person: int, clock: Clock, another_process: Callable[[], None], tables: asyncpg.Connection
) -> None:
    session = await entered(person, clock)
    other = await entered(person, clock)
    actor = await sessions.authenticate(bearer=session.access.token, now=clock())
    assert await sessions.end_session(session_id=session.session_id, actor=actor, reason="logout", now=clock())
    another_process()
    assert not await is_alive(session, clock)
    assert await refusal_of(session.refresh_token, clock) == "session_ended"
    assert await is_alive(other, clock)
    assert await actions(tables) == ["session.ended"]


async def test_ending_twice_is_one_event(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    session = await entered(person, clock)
    assert await sessions.end_session_of_refresh_token(refresh_token=session.refresh_token, now=clock())
    assert not await sessions.end_session_of_refresh_token(refresh_token=session.refresh_token, now=clock())
    assert not await sessions.end_session_of_refresh_token(refresh_token="unknown", now=clock())
    assert await actions(tables) == ["session.ended"]


async def test_ending_all_sessions_of_a_person(person: int, clock: Clock) -> None:
    first, second = await entered(person, clock), await entered(person, clock)
    count = await sessions.end_all_sessions(
        actor=ANONYMOUS, person_id=person, keep=second.session_id, reason="reported_lost", now=clock()
    )
    assert count == 1
    assert not await is_alive(first, clock) and await is_alive(second, clock)


async def test_an_idle_session_ends(person: int, clock: Clock, login_service: AuthSettings) -> None:
    session = await entered(person, clock)
    idle = login_service.channels["jingtong_h5"].idle
    assert session.refresh_expires_at == clock() + idle
    clock.now += idle - timedelta(seconds=1)
    later = await sessions.refresh(refresh_token=session.refresh_token, now=clock())
    clock.now += idle
    assert await refusal_of(later.refresh_token, clock) == "session_ended"


async def test_no_session_outlives_its_absolute_limit(person: int, clock: Clock, redis: Redis) -> None:
    short = SessionLimits(idle=timedelta(minutes=5), absolute=timedelta(minutes=8), sessions_max=1)
    settings = replace(configuration.current(), channels={"kiosk": short})
    sessions.configure(redis=redis, settings=settings)
    session = await opened(person, clock, channel="kiosk")
    clock.pass_(minutes=4)
    first = await sessions.refresh(refresh_token=session.secret, now=clock())
    assert first.access.expires_in == 240 and first.refresh_expires_at == session.expires_at
    clock.pass_(minutes=4)
    assert await refusal_of(first.refresh_token, clock) == "session_ended"


async def test_a_closed_channel_refreshes_no_more(person: int, clock: Clock, redis: Redis) -> None:
    session = await opened(person, clock, channel="kiosk")
    open_channels = {"web_portal": configuration.current().channels["web_portal"]}
    sessions.configure(redis=redis, settings=replace(configuration.current(), channels=open_channels))
    assert await refusal_of(session.secret, clock) == "session_ended"


async def test_too_many_sessions_end_the_oldest(person: int, clock: Clock, tables: asyncpg.Connection) -> None:
    held = []
    for _ in range(4):
        held.append(await entered(person, clock))
        clock.pass_(seconds=1)
    assert [await is_alive(session, clock) for session in held] == [False, True, True, True]
    reasons = await tables.fetch("SELECT revoke_reason FROM login_session WHERE revoked_at IS NOT NULL")
    assert [row["revoke_reason"] for row in reasons] == ["replaced"]


@pytest_asyncio.fixture
async def own_valkey(login_service: AuthSettings) -> AsyncIterator[tuple[Valkey, Redis]]:
    """A server of this test's own, to be stopped; it keeps nothing over a restart."""
    place = temporary_place(checkout=CHECKOUT)
    server = Valkey(place=place, durable=False)
    await asyncio.to_thread(server.start)
    client = Redis.from_url(server.url(), socket_timeout=1, socket_connect_timeout=1)
    sessions.configure(redis=client, settings=login_service)
    yield server, client
    await client.aclose()
    await asyncio.to_thread(server.stop)
    shutil.rmtree(place.base)


async def test_without_redis_nobody_passes_and_nothing_ends(
    person: int, clock: Clock, own_valkey: tuple[Valkey, Redis], tables: asyncpg.Connection
) -> None:
    server, _ = own_valkey
    ended, alive = await entered(person, clock), await entered(person, clock)
    actor = await sessions.authenticate(bearer=ended.access.token, now=clock())
    await sessions.end_session(session_id=ended.session_id, actor=actor, reason="logout", now=clock())
    before = await tables.fetch("SELECT * FROM login_session ORDER BY session_id")

    await asyncio.to_thread(server.stop)
    for token in (ended.access.token, alive.access.token):
        with pytest.raises(StoreUnavailable):
            await sessions.authenticate(bearer=token, now=clock())
    with pytest.raises(StoreUnavailable):
        await sessions.end_session(session_id=alive.session_id, actor=actor, reason="logout", now=clock())
    assert await tables.fetch("SELECT * FROM login_session ORDER BY session_id") == before

    # It comes back without its memory: the ended session stays ended, the other goes on by itself.
    await asyncio.to_thread(server.start)
    assert not await is_alive(ended, clock)
    assert await is_alive(alive, clock)


async def test_a_marker_lives_longer_than_any_token_of_the_session(
    person: int, clock: Clock, redis: Redis, login_service: AuthSettings
) -> None:
    session = await entered(person, clock)
    await sessions.end_session(session_id=session.session_id, actor=ANONYMOUS, reason="logout", now=clock())
    key = f"{login_service.store_prefix}session:ended:{session.session_id}"
    assert 600 < await redis.ttl(key) <= 700
