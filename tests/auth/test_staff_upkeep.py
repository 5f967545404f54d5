"""Accounts of staff: opened without factors, enrolled by the member alone, closed at once, renewed by two persons."""

from __future__ import annotations

import asyncpg
import pyotp
import pytest

from auth import approvals, enrolment, presence, sessions, staff, staff_upkeep
from domain import contributions
from domain.kernel import database as store
from domain.kernel.actor import Actor, Role
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock
from tests.auth.desk import DOCUMENT, NEXT_PASSWORD, PASSWORD, events, refusal_of, signed_in
from tests.auth.desk import reviewer as reviewer

pytestmark = pytest.mark.usefixtures("login_service")

NEW_DOCUMENT = "110101199003070118"


def admin(number: int, role: Role) -> Actor:
    return Actor(kind="staff", channel="backoffice", staff_id=number, roles=frozenset({role}))


MANAGER, SECURITY = admin(1, Role.SYSTEM_ADMIN), admin(2, Role.SECURITY_ADMIN)


async def opened(clock: Clock, *, login: str = "liu.xin") -> staff_upkeep.NewAccount:
    return await staff_upkeep.open_account(
        actor=MANAGER, login=login, name="刘新", document_no=NEW_DOCUMENT, now=clock()
    )


async def code_of(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


async def administrators(tables: asyncpg.Connection) -> None:
    for number in (1, 2):
        await tables.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
            " VALUES ($1, $2, '管理员', 'none', now(), '', '{}')",
            number,
            f"admin{number}",
        )


async def enrolled(clock: Clock, code: str, *, login: str = "liu.xin", password: str = PASSWORD) -> str:
    """Enrols; gives the new secret."""
    factors = await enrolment.begin(login=login, code=code, password=password, now=clock())
    digits = pyotp.TOTP(factors.totp_secret).at(clock())
    await enrolment.confirm(login=login, code=code, digits=digits, now=clock())
    return factors.totp_secret


async def test_a_new_member_enrols_and_signs_in(clock: Clock, tables: asyncpg.Connection) -> None:
    made = await opened(clock)
    secret = await enrolled(clock, made.enrolment_code.lower())
    clock.pass_(seconds=30)
    entered = await signed_in(clock, login="liu.xin", code=pyotp.TOTP(secret).at(clock()))
    assert entered.actor.roles == frozenset() and not entered.must_change_password
    stored = await tables.fetchrow("SELECT * FROM staff WHERE login = 'liu.xin'")
    assert stored["enrolment_hash"] is None and stored["pending_totp_cipher"] is None
    assert made.enrolment_code not in repr(made) and NEW_DOCUMENT not in str(dict(stored))
    assert [action for action, _ in await events(tables)][:2] == ["staff.created", "staff.enrolled"]


async def test_a_code_is_good_once_and_for_a_day(clock: Clock) -> None:
    code = (await opened(clock)).enrolment_code
    await enrolled(clock, code)
    with pytest.raises(Refused) as used:
        await enrolment.begin(login="liu.xin", code=code, password=NEXT_PASSWORD, now=clock())
    assert await code_of(used) == ["enrolment.failed"]
    late = (await opened(clock, login="liu.lao")).enrolment_code
    clock.pass_(hours=24)
    with pytest.raises(Refused) as old:
        await enrolment.begin(login="liu.lao", code=late, password=PASSWORD, now=clock())
    assert await code_of(old) == ["enrolment.failed"]


async def test_guessing_codes_locks_the_account(clock: Clock, tables: asyncpg.Connection) -> None:
    code = (await opened(clock)).enrolment_code
    for _ in range(5):
        with pytest.raises(Refused):
            await enrolment.begin(login="liu.xin", code="AAAA-AAAA-AAAA-AAAA", password=PASSWORD, now=clock())
    with pytest.raises(Refused) as locked:
        await enrolment.begin(login="liu.xin", code=code, password=PASSWORD, now=clock())
    assert await code_of(locked) == ["enrolment.failed"]
    assert ("login.locked", "") in await events(tables)


async def test_nothing_counts_before_the_digits_are_right(clock: Clock, tables: asyncpg.Connection) -> None:
    code = (await opened(clock)).enrolment_code
    factors = await enrolment.begin(login="liu.xin", code=code, password=PASSWORD, now=clock())
    with pytest.raises(Refused) as wrong:
        await enrolment.confirm(login="liu.xin", code=code, digits="000000", now=clock())
    assert await code_of(wrong) == ["enrolment.code_wrong"]
    again = await enrolment.pending(login="liu.xin", code=code, now=clock())
    assert again is not None and again.totp_secret == factors.totp_secret
    assert await tables.fetchval("SELECT password_hash FROM staff WHERE login = 'liu.xin'") == "!"


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"login": "X"}, ["staff.login_malformed"]),
        ({"name": ""}, ["staff.name"]),
        ({"document_no": "110101199003070119"}, ["person.document_malformed"]),
        ({"login": "", "name": "长" * 31}, ["staff.login_malformed", "staff.name"]),
    ],
)
async def test_what_an_account_needs(
    clock: Clock, tables: asyncpg.Connection, fields: dict[str, str], codes: list[str]
) -> None:
    values = {"login": "liu.xin", "name": "刘新", "document_no": NEW_DOCUMENT, **fields}
    with pytest.raises(Refused) as refused:
        await staff_upkeep.open_account(actor=MANAGER, **values, now=clock())
    assert await code_of(refused) == codes
    assert await tables.fetchval("SELECT count(*) FROM staff") == 0


async def test_a_closed_account_is_out_at_once(reviewer: int, clock: Clock, tables: asyncpg.Connection) -> None:
    entered = await signed_in(clock)
    await staff_upkeep.deactivate(actor=MANAGER, login="li.na", now=clock())
    assert await staff.actor_of(cookie=entered.cookie, now=clock()) is None
    clock.pass_(seconds=30)
    await refusal_of(clock)
    row = await tables.fetchrow("SELECT active, roles FROM staff WHERE login = 'li.na'")
    assert (row["active"], row["roles"]) == (False, [])
    assert ("staff.deactivated", "") in await events(tables)
    with pytest.raises(Refused) as again:
        await staff_upkeep.deactivate(actor=MANAGER, login="li.na", now=clock())
    assert await code_of(again) == ["staff.inactive"]


async def test_new_factors_need_a_second_person(reviewer: int, clock: Clock, tables: asyncpg.Connection) -> None:
    await administrators(tables)
    with pytest.raises(Refused) as alone:
        await staff_upkeep.give_enrolment_code(actor=MANAGER, login="li.na", now=clock())
    assert await code_of(alone) == ["staff.renewal_needed"]
    asked = await staff_upkeep.ask_renewal(actor=MANAGER, login="li.na", reason="手机丢失", now=clock())
    await approvals.decide(actor=SECURITY, approval_id=asked.approval_id, agree=True, note="", now=clock())
    code = await staff_upkeep.give_enrolment_code(actor=MANAGER, login="li.na", now=clock())
    # the old factors work until the new ones are proved
    entered = await signed_in(clock)
    clock.pass_(seconds=60)
    secret = await enrolled(clock, code, login="li.na", password=NEXT_PASSWORD)
    assert await staff.actor_of(cookie=entered.cookie, now=clock()) is None
    clock.pass_(seconds=30)
    await refusal_of(clock)
    await signed_in(clock, password=NEXT_PASSWORD, code=pyotp.TOTP(secret).at(clock()))
    # and the agreement was for one code
    with pytest.raises(Refused):
        await staff_upkeep.give_enrolment_code(actor=MANAGER, login="li.na", now=clock())


async def test_who_comes_back_has_no_roles_and_no_old_factors(
    reviewer: int, clock: Clock, tables: asyncpg.Connection
) -> None:
    await administrators(tables)
    await staff_upkeep.deactivate(actor=MANAGER, login="li.na", now=clock())
    asked = await staff_upkeep.ask_restoration(actor=MANAGER, login="li.na", reason="借调期满返回", now=clock())
    await approvals.decide(actor=SECURITY, approval_id=asked.approval_id, agree=True, note="", now=clock())
    await refusal_of(clock)
    code = await staff_upkeep.give_enrolment_code(actor=MANAGER, login="li.na", now=clock())
    secret = await enrolled(clock, code, login="li.na", password=NEXT_PASSWORD)
    clock.pass_(seconds=30)
    entered = await signed_in(clock, password=NEXT_PASSWORD, code=pyotp.TOTP(secret).at(clock()))
    assert entered.actor.roles == frozenset()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM_ADMIN])
async def test_only_the_system_administrator_keeps_accounts(
    reviewer: int, clock: Clock, tables: asyncpg.Connection, role: Role
) -> None:
    with pytest.raises(Refused):
        await staff_upkeep.deactivate(actor=admin(9, role), login="li.na", now=clock())
    assert await tables.fetchval("SELECT active FROM staff WHERE login = 'li.na'")
    assert ("staff.deactivated", "") in await events(tables)


async def test_the_last_passwords_cannot_be_set_again(reviewer: int, clock: Clock) -> None:
    actor = (await signed_in(clock)).actor
    old, codes = PASSWORD, []
    for number in range(3):
        new = f"Lantern-harbour-{number}x"
        await staff.change_password(actor=actor, old=old, new=new, now=clock.pass_(minutes=1))
        old = new
    for used in (PASSWORD, "Lantern-harbour-0x"):
        with pytest.raises(Refused) as refused:
            await staff.change_password(actor=actor, old=old, new=used, now=clock())
        codes += await code_of(refused)
    assert codes == ["password.recent", "password.recent"]


async def test_a_branch_centre_stands_for_its_departments(
    reviewer: int, clock: Clock, tables: asyncpg.Connection
) -> None:
    await tables.execute("INSERT INTO branch_centre VALUES ('GG', '中央国家机关分中心'), ('TL', '铁路分中心')")
    await tables.execute(
        "INSERT INTO management_office (code, name, district_code, branch_code) VALUES"
        " ('0101', '东城管理部', '110101', NULL), ('G1', '一部', '110101', 'GG'), ('G2', '二部', '110101', 'GG')"
    )
    entered = await signed_in(clock)

    async def offices(*, offices: list[str], branches: list[str]) -> frozenset[str]:
        await staff_upkeep.set_offices(
            actor=SECURITY, login="li.na", office_codes=offices, branch_codes=branches, now=clock()
        )
        actor = await staff.actor_of(cookie=entered.cookie, now=clock())
        assert actor is not None
        return actor.office_codes

    assert await offices(offices=["0101"], branches=["GG"]) == {"0101", "G1", "G2"}
    # a branch without departments is none of them, not all
    assert await offices(offices=[], branches=["TL"]) == {"none"}
    assert await offices(offices=[], branches=[]) == frozenset()
    with pytest.raises(Refused) as refused:
        await offices(offices=["9999"], branches=[])
    assert await code_of(refused) == ["staff.office_unknown"]


async def test_nobody_changes_their_own_departments(reviewer: int, clock: Clock, tables: asyncpg.Connection) -> None:
    me = admin(reviewer, Role.SECURITY_ADMIN)
    with pytest.raises(Refused) as refused:
        await staff_upkeep.set_offices(actor=me, login="li.na", office_codes=[], branch_codes=[], now=clock())
    assert await code_of(refused) == ["staff.own_rights"]
    assert await tables.fetchval("SELECT office_codes FROM staff WHERE login = 'li.na'") == ["0101"]


async def test_a_member_is_found_by_document_as_a_citizen(reviewer: int, clock: Clock) -> None:
    """Nobody reviews their own case: the actor of a session carries the person."""
    async with store.transaction() as tx:
        person = await contributions.register_person(
            tx, document_type="01", document_no=DOCUMENT, name="李娜", mobile=None, now=clock()
        )
    entered = await signed_in(clock)
    again = await presence.staff_of_cookie(cookie_hash=sessions.secret_digest(entered.cookie), now=clock())
    assert again is not None and again.person_id == person
