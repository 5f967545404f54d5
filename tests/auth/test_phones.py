"""手机号码核验: a changed phone is proved by the code that was sent to it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from auth import phones
from auth.phones import PhoneCode
from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.refusal import Refused
from notifications.codes import send_phone_code
from tests.auth.conftest import Clock
from tests.auth.test_face import new_person
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("R06.4", "R15.3")]

NEW = "13900000009"


@pytest_asyncio.fixture
async def citizen(tables: asyncpg.Connection, clock: Clock) -> Actor:
    return await new_person(clock, "110105199103151017")


async def asked(actor: Actor, clock: Clock, *, mobile: str = NEW, key: str = "ask-00001") -> str:
    """The code as the SMS that waits for its carrier has it."""
    await phones.ask(actor=actor, mobile=mobile, request_key=key, send=send_phone_code, now=clock())
    text = await store.value("SELECT text_cipher FROM sms_message ORDER BY message_id DESC LIMIT 1")
    found = re.search(r"验证码(\d{6})，10分钟内有效", vault.current().decrypt(text))
    assert found is not None
    return found[1]


async def change(actor: Actor, clock: Clock, code: str, *, mobile: str = NEW, key: str = "change-001") -> str:
    """Empty when it was changed, else the refusal's code."""
    try:
        await phones.change_mobile(actor=actor, mobile=mobile, code=code, request_key=key, now=clock())
    except Refused as refused:
        return refused.refusals[0].code
    return ""


async def on_file(actor: Actor) -> str:
    return str(await store.value("SELECT mobile_masked FROM person WHERE person_id = $1", actor.person_id))


async def ask_refused(actor: Actor, clock: Clock, *, mobile: str = NEW, key: str = "ask-00001") -> str:
    with pytest.raises(Refused) as refused:
        await phones.ask(actor=actor, mobile=mobile, request_key=key, send=send_phone_code, now=clock())
    return refused.value.refusals[0].code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_code_changes_the_phone_once(citizen: Actor, clock: Clock, tables: asyncpg.Connection) -> None:
    code = await asked(citizen, clock)
    row = await store.row("SELECT class, priority, mobile_cipher FROM sms_message")
    assert row is not None and (row["class"], row["priority"]) == ("otp", 0)
    assert vault.current().decrypt(row["mobile_cipher"]) == NEW
    stored = str([dict(one) for one in await tables.fetch("SELECT * FROM phone_proof")])
    assert code not in stored and NEW not in stored
    assert await change(citizen, clock, code) == ""
    assert await on_file(citizen) == "139****0009"
    # the same request again is the same request; another one needs another code
    assert await change(citizen, clock, code) == ""
    assert await change(citizen, clock, code, mobile="13900000008", key="change-002") == "person.phone_code_wrong"
    actions = [one["action"] for one in await tables.fetch("SELECT action FROM audit_event ORDER BY at, event_id")]
    assert actions[-3:] == ["person.phone_code_sent", "person.phone_changed", "person.phone_code_refused"]


async def test_asked_again_with_the_same_key_nothing_more_is_sent(citizen: Actor, clock: Clock) -> None:
    code = await asked(citizen, clock)
    assert await asked(citizen, clock) == code
    assert await store.value("SELECT count(*) FROM sms_message") == 1
    assert await ask_refused(citizen, clock, mobile="13900000008") == "request.key_reused"


async def test_a_newer_code_replaces_the_older(citizen: Actor, clock: Clock) -> None:
    first = await asked(citizen, clock)
    clock.pass_(seconds=30)
    second = await asked(citizen, clock, key="ask-00002")
    if first != second:
        assert await change(citizen, clock, first) == "person.phone_code_wrong"
    assert await change(citizen, clock, second) == ""


@pytest.mark.parametrize("given", ["", "000", "abcdef", "１２３４５６", "' OR 1=1 --", "0" * 500])
async def test_what_is_no_code_changes_nothing(citizen: Actor, clock: Clock, given: str) -> None:
    await asked(citizen, clock)
    assert await change(citizen, clock, given) == "person.phone_code_wrong"
    assert await on_file(citizen) == "138****0001"


async def test_a_code_is_for_its_number_and_its_person(citizen: Actor, clock: Clock) -> None:
    other = await new_person(clock, "110108198807222041")
    code = await asked(citizen, clock)
    assert await change(citizen, clock, code, mobile="13900000008") == "person.phone_code_wrong"
    assert await change(other, clock, code) == "person.phone_code_wrong"
    assert (await on_file(citizen), await on_file(other)) == ("138****0001", "138****0001")
    assert await change(citizen, clock, code) == ""


async def test_it_expires(citizen: Actor, clock: Clock) -> None:
    code = await asked(citizen, clock)
    clock.pass_(minutes=10)
    assert await change(citizen, clock, code) == "person.phone_code_wrong"
    assert await on_file(citizen) == "138****0001"


async def test_guessing_uses_a_code_up_and_then_the_day(citizen: Actor, clock: Clock) -> None:
    code = await asked(citizen, clock)
    for _ in range(5):
        assert await change(citizen, clock, other_than(code)) == "person.phone_code_wrong"
    assert await change(citizen, clock, code) == "person.phone_code_wrong"
    code = await asked(citizen, clock, key="ask-00002")
    for _ in range(4):
        assert await change(citizen, clock, other_than(code)) == "person.phone_code_wrong"
    assert await change(citizen, clock, code) == "request.too_often"
    assert await store.value("SELECT count(*) FROM audit_event WHERE action = 'limit.reached'") == 1
    assert await on_file(citizen) == "138****0001"


async def test_two_at_once_use_a_code_once(citizen: Actor, clock: Clock) -> None:
    code = await asked(citizen, clock)
    tries = [change(citizen, clock, code, key=f"change-1{number}") for number in range(4)]
    answers = await asyncio.gather(*tries)
    assert answers.count("") == 1
    assert await store.value("SELECT count(*) FROM sensitive_change") == 1


async def test_codes_are_counted_by_person_and_by_number(citizen: Actor, clock: Clock) -> None:
    for number in range(3):
        await asked(citizen, clock, key=f"ask-1000{number}")
    assert await ask_refused(citizen, clock, key="ask-10003") == "request.too_often"
    # other persons who name the same number: the number is bounded by the SMS area
    others = [await new_person(clock, number) for number in ("110108198807222041", "110101199003070038")]
    for number in range(3):
        await asked(others[0], clock, key=f"ask-2000{number}")
    assert await ask_refused(others[1], clock) == "sms.codes_too_many"
    assert await store.value("SELECT count(*) FROM sms_message") == 6
    assert await store.value("SELECT count(*) FROM phone_proof") == 6


@pytest.mark.parametrize(
    ("change_of_actor", "mobile", "expected"),
    [
        ({}, "1390000000", "person.mobile_malformed"),
        ({}, "13800000001", "person.mobile_same"),
        ({"assurance": "password"}, NEW, "access.real_name_required"),
        ({"kind": "staff", "person_id": None, "staff_id": 1}, NEW, "access.not_permitted"),
    ],
)
async def test_who_may_not_ask_causes_nothing(
    citizen: Actor, clock: Clock, change_of_actor: dict[str, object], mobile: str, expected: str
) -> None:
    actor = replace(citizen, **change_of_actor)  # type: ignore[arg-type]
    async with nothing_changed():
        assert await ask_refused(actor, clock, mobile=mobile) == expected


async def test_a_sender_that_refuses_leaves_no_code_behind(citizen: Actor, clock: Clock) -> None:
    async def away(tx: Transaction, code: PhoneCode, now: object) -> None:
        assert code.code not in repr(code) and NEW not in repr(code)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await phones.ask(actor=citizen, mobile=NEW, request_key="ask-00001", send=away, now=clock())
    assert await store.value("SELECT count(*) FROM phone_proof") == 0
    clock.pass_(minutes=1)
    assert len(await asked(citizen, clock)) == phones.DIGITS


def test_nothing_of_a_code_lives_longer_than_it_is_sent() -> None:
    from notifications.queueing import VALID_FOR_OF

    assert VALID_FOR_OF["otp"] <= timedelta(minutes=10)
