"""The people of the staff: their passwords, who adds them, and who gives them roles."""

from __future__ import annotations

import asyncpg
import pyotp
import pytest

from auth import staff
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.refusal import Refused
from tests.auth import desk
from tests.auth.conftest import Clock
from tests.auth.desk import NEXT_PASSWORD, PASSWORD, SECRET, events, refusal_of, row, signed_in

reviewer = desk.reviewer
pytestmark = pytest.mark.usefixtures("reviewer")


async def test_an_old_password_opens_nothing_but_its_change(clock: Clock) -> None:
    clock.pass_(days=90)
    done = await signed_in(clock)
    assert done.must_change_password and done.actor.roles == frozenset()
    assert await staff.must_change_password(actor=done.actor, now=clock())
    await staff.change_password(actor=done.actor, old=PASSWORD, new=NEXT_PASSWORD, now=clock())
    actor = await staff.actor_of(cookie=done.cookie, now=clock())
    assert actor is not None and actor.roles == {"preliminary_reviewer"}
    assert not await staff.must_change_password(actor=actor, now=clock())
    clock.pass_(seconds=30)
    await refusal_of(clock)
    await signed_in(clock, password=NEXT_PASSWORD)


async def test_changing_the_password_ends_the_other_sessions(clock: Clock) -> None:
    other = await signed_in(clock)
    clock.pass_(seconds=30)
    done = await signed_in(clock)
    await staff.change_password(actor=done.actor, old=PASSWORD, new=NEXT_PASSWORD, now=clock())
    assert await staff.actor_of(cookie=other.cookie, now=clock()) is None
    assert await staff.actor_of(cookie=done.cookie, now=clock()) is not None


@pytest.mark.parametrize(
    ("new", "codes"),
    [
        ("Short-1", ["password.length"]),
        ("x" * 200, ["password.length", "password.classes"]),
        ("alllowercaseletters", ["password.classes"]),
        ("only-lower-case!", ["password.classes"]),
        ("My-Name-LI.NA-1", ["password.named"]),
        ("李娜-Password-1", ["password.named"]),
        (PASSWORD, ["password.same"]),
    ],
)
async def test_weak_passwords_are_refused_with_every_reason(
    clock: Clock, tables: asyncpg.Connection, new: str, codes: list[str]
) -> None:
    done = await signed_in(clock)
    before = await row(tables)
    with pytest.raises(Refused) as refused:
        await staff.change_password(actor=done.actor, old=PASSWORD, new=new, now=clock())
    assert [refusal.code for refusal in refused.value.refusals] == codes
    assert await row(tables) == before


async def test_a_wrong_old_password_counts_as_a_failure(clock: Clock, tables: asyncpg.Connection) -> None:
    """Whoever finds a desk unattended cannot try passwords there for ever."""
    done = await signed_in(clock)
    before = (await row(tables))["password_hash"]
    for attempt in range(6):
        old = "wrong" if attempt < 5 else PASSWORD
        with pytest.raises(Refused) as refused:
            await staff.change_password(actor=done.actor, old=old, new=NEXT_PASSWORD, now=clock())
        assert refused.value.refusals[0].code == "password.wrong"
    after = await row(tables)
    assert after["password_hash"] == before and after["locked_until"] is not None


async def test_a_citizen_has_no_password_to_change(clock: Clock, tables: asyncpg.Connection) -> None:
    before = await row(tables)
    with pytest.raises(Refused):
        await staff.change_password(
            actor=Actor(kind="citizen", channel="web", person_id=1),
            old=PASSWORD,
            new=NEXT_PASSWORD,
            now=clock(),
        )
    assert await row(tables) == before


async def test_secrets_are_stored_hashed_or_sealed(clock: Clock, tables: asyncpg.Connection) -> None:
    await signed_in(clock)
    stored = await row(tables)
    assert stored["password_hash"].startswith("$argon2id$")
    assert SECRET.encode() not in stored["totp_cipher"]


def administrator(role: Role, staff_id: int = 1) -> Actor:
    return Actor(kind="staff", channel="backoffice", staff_id=staff_id, name="管理员", roles=frozenset({role}))


async def test_one_administrator_creates_and_another_gives_roles(clock: Clock, tables: asyncpg.Connection) -> None:
    created = await staff.create_staff(
        actor=administrator(Role.SYSTEM_ADMIN),
        login="wang.wei",
        name="王伟",
        password=PASSWORD,
        roles=[],
        now=clock(),
    )
    given = await staff.assign_roles(
        actor=administrator(Role.SECURITY_ADMIN), login="wang.wei", roles=[Role.FINANCE], now=clock()
    )
    assert given == {Role.FINANCE}
    code = pyotp.TOTP(created.totp_secret).at(clock())
    done = await signed_in(clock, login="wang.wei", code=code)
    # The first password came from somebody else, so it must be changed before anything else.
    assert done.must_change_password and done.actor.roles == frozenset()
    assert created.totp_secret not in repr(created)
    names = [name for name, _ in await events(tables)]
    assert names == ["staff.created", "staff.roles_assigned", "login.succeeded"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMIN])
async def test_others_create_no_staff(clock: Clock, tables: asyncpg.Connection, role: Role) -> None:
    with pytest.raises(Refused) as refused:
        await staff.create_staff(
            actor=administrator(role), login="new.one", name="新人", password=PASSWORD, roles=[], now=clock()
        )
    assert refused.value.refusals[0].code == "access.not_permitted"
    assert await tables.fetchval("SELECT count(*) FROM staff") == 1
    assert await tables.fetchval("SELECT outcome FROM audit_event") == "refused"


async def test_the_system_administrator_gives_no_roles(clock: Clock, tables: asyncpg.Connection) -> None:
    actor = administrator(Role.SYSTEM_ADMIN)
    with pytest.raises(Refused):
        await staff.create_staff(
            actor=actor, login="new.one", name="新人", password=PASSWORD, roles=[Role.FINANCE], now=clock()
        )
    with pytest.raises(Refused):
        await staff.assign_roles(actor=actor, login="li.na", roles=[Role.SUPERVISOR], now=clock())
    assert await tables.fetchval("SELECT count(*) FROM staff") == 1
    assert (await row(tables))["roles"] == ["preliminary_reviewer"]


async def test_nobody_gives_themselves_roles(reviewer: int, clock: Clock, tables: asyncpg.Connection) -> None:
    actor = administrator(Role.SECURITY_ADMIN, staff_id=reviewer)
    with pytest.raises(Refused) as refused:
        await staff.assign_roles(actor=actor, login="li.na", roles=[Role.SECURITY_ADMIN], now=clock())
    assert refused.value.refusals[0].code == "staff.own_rights"
    assert (await row(tables))["roles"] == ["preliminary_reviewer"]


@pytest.mark.parametrize(
    ("login", "roles", "password", "code"),
    [
        ("li.na", [], PASSWORD, "staff.login_taken"),
        ("Li Na", [], PASSWORD, "staff.login_malformed"),
        ("a", [], PASSWORD, "staff.login_malformed"),
        ("new.one", ["nonsense"], PASSWORD, "staff.role_unknown"),
        ("new.one", [Role.AUDIT_ADMIN, Role.FINANCE], PASSWORD, "staff.roles_conflict"),
        ("new.one", [], "weak", "password.length"),
    ],
)
async def test_bad_new_staff(
    clock: Clock, tables: asyncpg.Connection, login: str, roles: list[str], password: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await staff.create_staff(actor=SYSTEM, login=login, name="新人", password=password, roles=roles, now=clock())
    assert refused.value.refusals[0].code == code
    assert await tables.fetchval("SELECT count(*) FROM staff") == 1


async def test_the_address_for_an_authenticator(clock: Clock) -> None:
    created = await staff.create_staff(
        actor=SYSTEM, login="zhao.min", name="赵敏", password=PASSWORD, roles=[], now=clock()
    )
    assert created.provisioning_uri.startswith("otpauth://totp/")
    assert pyotp.parse_uri(created.provisioning_uri).secret == created.totp_secret  # type: ignore[union-attr]
