"""A person who changes: name, document, phone, and doubles that become one."""

from __future__ import annotations

import asyncpg
import pytest

from auth import approvals, person_care, sessions
from auth.tokens import TokenRefused
from domain import contributions
from domain.contributions import SENSITIVE_CHANGE
from domain.kernel import vault
from domain.kernel.refusal import Refused
from tests.auth.platform import Citizen
from tests.auth.stories import CHIEF, DESK, World, code_of, events, staff_rows
from tests.auth.test_identity import log_in

pytestmark = pytest.mark.usefixtures("login_service")


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
