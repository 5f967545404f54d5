"""Staff: password and one-time code, lock-out, sessions that end by themselves, passwords that grow old."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from auth import passwords, rights, sessions, staff
from auth.configuration import AuthSettings
from auth.tokens import TokenRefused
from domain import contributions
from domain.kernel import database as store
from domain.kernel.actor import Actor
from tests.auth import desk
from tests.auth.conftest import Clock
from tests.auth.desk import DOCUMENT, code_at, events, refusal_of, row, signed_in

reviewer = desk.reviewer
pytestmark = pytest.mark.usefixtures("reviewer")


async def test_signing_in(reviewer: int, clock: Clock, tables: asyncpg.Connection) -> None:
    done = await signed_in(clock, login=" Li.Na ")
    assert done.actor == Actor(
        kind="staff",
        channel="backoffice",
        name="李娜",
        staff_id=reviewer,
        session_id=done.actor.session_id,
        roles=frozenset({"preliminary_reviewer"}),
        office_codes=frozenset({"0101"}),
        assurance="password",
    )
    assert not done.must_change_password and done.cookie not in repr(done)
    assert await staff.actor_of(cookie=done.cookie, now=clock()) == done.actor
    assert rights.may(done.actor, "case.review_preliminary")
    assert await events(tables) == [("login.succeeded", "")]


async def test_the_actor_knows_themselves_as_a_citizen(clock: Clock) -> None:
    """So that nobody reviews their own case."""
    async with store.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=DOCUMENT, name="李娜", mobile=None, now=clock()
        )
    assert (await signed_in(clock)).actor.person_id == person_id


async def test_every_failure_reads_the_same(clock: Clock, tables: asyncpg.Connection) -> None:
    texts = {
        await refusal_of(clock, login="nobody"),
        await refusal_of(clock, login="x" * 10_000),
        await refusal_of(clock, login="' OR 1=1 --"),
        await refusal_of(clock, password="wrong"),
        await refusal_of(clock, password="p" * 1_000_000),
        await refusal_of(clock, code="000000" if code_at(clock) != "000000" else "000001"),
        await refusal_of(clock, code=""),
    }
    assert len(texts) == 1
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0
    recorded = str(await tables.fetch("SELECT * FROM audit_event"))
    assert "OR 1=1" not in recorded and "wrong'" not in recorded
    assert (await events(tables))[:4] == [
        ("login.refused", "unknown_login"),
        ("login.refused", "unknown_login"),
        ("login.refused", "unknown_login"),
        ("login.refused", "wrong_password"),
    ]


async def test_five_failures_lock_and_then_even_the_right_password_fails(
    clock: Clock, tables: asyncpg.Connection, login_service: AuthSettings
) -> None:
    for _ in range(5):
        await refusal_of(clock, password="wrong")
    assert (await row(tables))["locked_until"] == clock() + login_service.lock
    locked = await row(tables)
    clock.pass_(minutes=1)
    text = await refusal_of(clock)
    assert text == await refusal_of(clock, login="nobody")
    # While it is locked nothing is counted, and no code is used up.
    assert await row(tables) == locked
    clock.pass_(minutes=14)
    await signed_in(clock)
    after = await row(tables)
    assert (after["failed_count"], after["locked_until"]) == (0, None)
    names = await events(tables)
    assert names.count(("login.locked", "")) == 1 and ("login.refused", "locked") in names


async def test_a_lock_that_ran_out_starts_the_count_anew(clock: Clock, tables: asyncpg.Connection) -> None:
    for _ in range(5):
        await refusal_of(clock, password="wrong")
    clock.pass_(minutes=15)
    await refusal_of(clock, password="wrong")
    after = await row(tables)
    assert (after["failed_count"], after["locked_until"]) == (1, None)


async def test_success_forgets_the_failures(clock: Clock, tables: asyncpg.Connection) -> None:
    for _ in range(4):
        await refusal_of(clock, password="wrong")
    await signed_in(clock)
    await refusal_of(clock, password="wrong")
    assert (await row(tables))["failed_count"] == 1


async def test_guesses_at_once_are_all_counted(clock: Clock, tables: asyncpg.Connection) -> None:
    await asyncio.gather(*(refusal_of(clock, password=f"guess {number}") for number in range(8)))
    after = await row(tables)
    assert after["failed_count"] == 5 and after["locked_until"] is not None
    assert (await events(tables)).count(("login.locked", "")) == 1


async def test_a_code_is_good_once(clock: Clock, tables: asyncpg.Connection) -> None:
    code = code_at(clock)
    await signed_in(clock, code=code)
    await refusal_of(clock, code=code)
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 1
    # nor is one from before the last one used
    await refusal_of(clock, code=code_at(clock, steps=-1))
    clock.pass_(seconds=30)
    await signed_in(clock)


async def test_of_two_at_once_with_one_code_one_comes_in(clock: Clock, tables: asyncpg.Connection) -> None:
    answers = await asyncio.gather(*(signed_in(clock) for _ in range(3)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Refused", "StaffSignIn"]
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 1


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_codes_of_neighbouring_steps(clock: Clock, steps: int, good: bool) -> None:
    code = code_at(clock, steps=steps)
    if good:
        await signed_in(clock, code=code)
    else:
        await refusal_of(clock, code=code)


def test_the_code_is_that_of_rfc_6238() -> None:
    """Appendix B: SHA-1, time 59 seconds; the last six of 94287082."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    at = datetime.fromtimestamp(59, UTC)
    assert passwords.step_of_code(totp_secret=secret, code="287082", now=at) == 1
    assert passwords.step_of_code(totp_secret=secret, code="２８７０８２", now=at) is None


async def test_a_member_who_left_is_out_at_once(clock: Clock, tables: asyncpg.Connection) -> None:
    done = await signed_in(clock)
    await tables.execute("UPDATE staff SET active = false")
    assert await staff.actor_of(cookie=done.cookie, now=clock()) is None
    clock.pass_(seconds=30)
    await refusal_of(clock)


async def test_a_withdrawn_role_is_gone_at_once(clock: Clock, tables: asyncpg.Connection) -> None:
    done = await signed_in(clock)
    await tables.execute("UPDATE staff SET roles = '{}'")
    actor = await staff.actor_of(cookie=done.cookie, now=clock())
    assert actor is not None and rights.rights_of(actor) == frozenset()


async def test_an_idle_session_ends(clock: Clock) -> None:
    done = await signed_in(clock)
    for _ in range(4):
        clock.pass_(minutes=14)
        assert await staff.actor_of(cookie=done.cookie, now=clock()) is not None
    clock.pass_(minutes=15)
    assert await staff.actor_of(cookie=done.cookie, now=clock()) is None


async def test_a_working_day_is_the_longest(clock: Clock) -> None:
    done = await signed_in(clock)
    for _ in range(47):
        clock.pass_(minutes=10)
        assert await staff.actor_of(cookie=done.cookie, now=clock()) is not None
    clock.pass_(minutes=10)
    assert await staff.actor_of(cookie=done.cookie, now=clock()) is None


async def test_signing_out(clock: Clock, another_process: Callable[[], None], tables: asyncpg.Connection) -> None:
    done = await signed_in(clock)
    token = await staff.token_for_staff(cookie=done.cookie, now=clock())
    await staff.sign_out(cookie=done.cookie, now=clock())
    another_process()
    assert await staff.actor_of(cookie=done.cookie, now=clock()) is None
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token.token, now=clock())
    await staff.sign_out(cookie=done.cookie, now=clock())
    assert [name for name, _ in await events(tables)] == ["login.succeeded", "session.ended"]


@pytest.mark.parametrize("cookie", ["", "unknown", "x" * 100_000, "\x00"])
async def test_an_unknown_cookie_is_nobody(clock: Clock, cookie: str) -> None:
    assert await staff.actor_of(cookie=cookie, now=clock()) is None
    with pytest.raises(TokenRefused):
        await staff.token_for_staff(cookie=cookie, now=clock())


async def test_a_token_for_graphql(clock: Clock, tables: asyncpg.Connection) -> None:
    done = await signed_in(clock)
    token = await staff.token_for_staff(cookie=done.cookie, now=clock())
    assert await sessions.authenticate(bearer=token.token, now=clock()) == done.actor
    await tables.execute("UPDATE staff SET roles = '{}'")
    assert (await sessions.authenticate(bearer=token.token, now=clock())).roles == frozenset()
    await tables.execute("UPDATE staff SET active = false")
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token.token, now=clock())


async def test_a_cookie_is_no_refresh_token(clock: Clock, tables: asyncpg.Connection) -> None:
    done = await signed_in(clock)
    with pytest.raises(TokenRefused) as refused:
        await sessions.refresh(refresh_token=done.cookie, now=clock())
    assert refused.value.code == "token_invalid"
    assert not await sessions.end_session_of_refresh_token(refresh_token=done.cookie, now=clock())
    assert await staff.actor_of(cookie=done.cookie, now=clock()) == done.actor
