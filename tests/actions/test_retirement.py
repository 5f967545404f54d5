"""退休一件事: pushed by social security, closed and paid where the checks suffice, asked after by them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from channels.inbound import Unreadable
from channels.retirement_matter.door import PATH, parse
from channels.wire import signed_headers
from domain import cases, withdrawals
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.withdrawals import AgencyAnswer, Death, Employment, Pension, PersonIdentity
from ops.demo.city import city
from tests.city import RunningHouse
from tests.factories import listed, rent
from tests.factories.people import account_no, citizen

pytestmark = pytest.mark.requirement("R04.1")
PERSON = "wang_qiang"


class Pensioned:
    """Life registries in which everybody draws a pension and nobody contributes elsewhere."""

    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]:
        return self._answer("社保", now, Pension(since=date(2026, 12, 1)))

    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]:
        return self._answer("就业", now, Employment(months_elsewhere=0, open_hpf_loan=False))

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return self._answer("民政", now, Death(died_on=None))

    def _answer(self, agency: str, now: datetime, value: Any) -> AgencyAnswer[Any]:
        return AgencyAnswer(agency=agency, asked_at=now, as_of=now, outcome="answered", value=value, trace_no="T9")


@pytest.fixture
def pensioned(running: RunningHouse, monkeypatch: pytest.MonkeyPatch) -> RunningHouse:
    """The house whose social security answers that the pension was determined."""
    registries = replace(running.house.registries, life=Pensioned())
    monkeypatch.setattr(running, "house", replace(running.house, registries=registries))
    return running


def message(key: str = PERSON, **changes: Any) -> dict[str, Any]:
    person = city().citizens[key]
    return {
        "matterNo": "TX2026-0000001",
        "name": person.name,
        "documentType": "01",
        "documentNo": person.document_no,
        "pensionSince": "2026-12-01",
        "consent": True,
        **changes,
    }


async def call(running: RunningHouse, body: Any, path: str = PATH, *, secret: str | None = None) -> httpx.Response:
    """As social security calls, signed."""
    settings = running.settings
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = signed_headers(
        app=settings.social_security_app,
        secret=(secret or settings.social_security_secret.get_secret_value()).encode(),
        method="POST",
        path=path,
        body=content,
        now=running.clock(),
    )
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, verify=False) as client:
        return await client.post(path, content=content, headers=headers)


async def result(running: RunningHouse, matter_no: str = "TX2026-0000001") -> dict[str, Any]:
    answer: dict[str, Any] = (await call(running, {"matterNo": matter_no}, f"{PATH}/result")).json()
    return answer


async def test_a_case_approved_at_once_is_answered_as_it_then_stands(pensioned: RunningHouse) -> None:
    """With the interest of the closing, which the approval adds."""
    now = pensioned.clock()
    actor = replace(await citizen(PERSON), kind="partner", channel="social_security")
    case = await withdrawals.apply_for_withdrawal(
        actor=actor,
        application=await rent.application(PERSON, kind="retirement", frequency="once"),
        request_key=rent.new_key(),
        business_date=business_date_of(now),
        now=now,
        registries=pensioned.house.registries,
    )
    assert case is not None and case.state == "pending_payment"
    assert case == await cases.case_by_key(account_no=case.account_no, case_id=case.case_id)


async def test_a_push_closes_the_account_and_pays_without_anybody(pensioned: RunningHouse) -> None:
    balance = (await rent.balance_of(PERSON)).balance
    assert (await call(pensioned, message())).json() == {"code": "0"}
    await pensioned.settle()
    told = await result(pensioned)
    assert (told["state"], told["reason"]) == ("completed", "")
    assert told["paidOn"] is not None and told["amount"] >= str(balance)
    assert city().citizens[PERSON].document_no not in json.dumps(told)
    case = await cases.case_by_no(actor=await citizen(PERSON), case_no=told["caseNo"])
    history = [event.action for event in await cases.history_of(case=case)]
    assert history == ["submit", "automatic_approve", "send_payment", "payment_confirmed"]
    assert await database.value("SELECT state FROM account WHERE account_no = $1", account_no(PERSON)) == "05"
    # told again it is the same matter, and nothing is paid twice
    assert (await call(pensioned, message())).json() == {"code": "0"}
    await pensioned.settle()
    assert await database.value("SELECT count(*) FROM payment") == 1
    await rent.assert_books_hold()


async def test_silent_registries_send_it_to_the_desk(running: RunningHouse) -> None:
    await running.fault(simulator="registries", operation="civil", mode="error500", times=9)
    await running.fault(simulator="registries", operation="elsewhere", mode="error500", times=9)
    await running.fault(simulator="registries", operation="retired", mode="error500", times=9)
    await call(running, message())
    await running.settle()
    assert (await result(running))["state"] in ("pending_preliminary", "refused")
    assert await database.value("SELECT count(*) FROM payment") == 0


async def test_a_watched_person_is_reviewed_by_people(pensioned: RunningHouse) -> None:
    await listed.put(pensioned, PERSON, "key_review")
    await call(pensioned, message())
    await pensioned.settle()
    assert (await result(pensioned))["state"] == "pending_preliminary"


async def test_a_bad_record_does_not_keep_a_pensioner_from_the_own_money(pensioned: RunningHouse) -> None:
    await listed.put(pensioned, PERSON)
    await call(pensioned, message())
    await pensioned.settle()
    assert (await result(pensioned))["state"] == "completed"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"consent": False}, "declined"),
        ({"name": "他人"}, "refused"),
        ({"documentNo": "110115200001011126", "name": "何平"}, "no_account"),
        ({"documentNo": "99010119900101006X", "name": "无此人"}, "no_account"),
    ],
)
async def test_what_opens_nothing_says_why(pensioned: RunningHouse, changes: dict[str, Any], state: str) -> None:
    await call(pensioned, message(**changes))
    await pensioned.settle()
    told = await result(pensioned)
    assert told["state"] == state and told["reason"]
    assert await database.value("SELECT count(*) FROM service_case") == 0


async def test_without_a_card_it_waits_and_goes_on_once_there_is_one(pensioned: RunningHouse) -> None:
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", account_no(PERSON))
    await call(pensioned, message())
    await pensioned.settle()
    told = await result(pensioned)
    assert (told["state"], told["reason"]) == ("waiting", "尚未登记受托银行的银行卡，登记后自动办理")
    await database.execute("UPDATE bank_card SET active = true WHERE account_no = $1", account_no(PERSON))
    await pensioned.settle()
    assert (await result(pensioned))["state"] == "waiting", "not asked again at once"
    pensioned.clock.advance(hours=7)
    # a sweep opens the case, and what follows from it is work of its own
    await pensioned.settle()
    await pensioned.settle()
    assert (await result(pensioned))["state"] == "completed"


async def test_what_waits_too_long_is_given_up(pensioned: RunningHouse) -> None:
    await database.execute("UPDATE bank_card SET active = false WHERE account_no = $1", account_no(PERSON))
    await call(pensioned, message())
    await pensioned.settle()
    pensioned.clock.advance(days=91)
    await pensioned.settle()
    assert (await result(pensioned))["state"] == "given_up"


async def test_a_pension_that_the_registry_does_not_know_is_refused(running: RunningHouse) -> None:
    await call(running, message("zhang_wei"))
    await running.settle()
    told = await result(running)
    assert told["state"] in ("refused", "pending_preliminary")
    assert await database.value("SELECT count(*) FROM payment") == 0


async def test_who_is_not_social_security_learns_and_leaves_nothing(pensioned: RunningHouse) -> None:
    before = await database.value("SELECT count(*) FROM inbound_message")
    for path in (PATH, f"{PATH}/result", f"{PATH}/notices"):
        assert (await call(pensioned, message(), path, secret="another-secret")).status_code == 401
    assert await database.value("SELECT count(*) FROM inbound_message") == before


async def test_the_result_of_what_was_never_pushed(pensioned: RunningHouse) -> None:
    assert await result(pensioned, "TX-NEVER-1") == {"code": "3"}
    for body in ({}, {"matterNo": "!"}, {"matterNo": 7}, [1]):
        assert (await call(pensioned, body, f"{PATH}/result")).status_code == 400
    notices = (await call(pensioned, {}, f"{PATH}/notices")).json()
    assert "自动提取" in notices["person"] and "自动销户" in notices["employer"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matterNo": ""}, "matterNo"),
        ({"documentNo": "110105199103151018"}, "documentNo"),
        ({"documentType": "07"}, "documentType"),
        ({"name": ""}, "name"),
        ({"consent": "yes"}, "consent"),
        ({"pensionSince": "2026-13-01"}, "pensionSince"),
        ({"pensionSince": None}, "pensionSince"),
    ],
)
def test_messages_that_are_not_as_agreed(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Unreadable, match=field):
        parse(json.dumps(message(**changes)).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_message(content: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(content)
