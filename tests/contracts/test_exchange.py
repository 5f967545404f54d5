"""Contract of e窗通 and social security: both sides over real HTTP, and each can misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from channels import inbound
from channels.exchange import ExchangeDoor, ExchangePartnerClient, body_of, push_of
from channels.exchange.messages import WIRE_KINDS
from channels.exchange.simulator import PartnerSimulator
from channels.inbound import Message, NotYet
from channels.simulation import Faults
from channels.traffic import Traffic
from channels.wire import SignatureCheck, SignedClient
from domain import exchange
from domain.exchange import Result, RowResult, Source
from domain.kernel import database as store
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from tests.contributions.world import NOW, Registries, id_card, name_of, open_city
from tests.exchange.world import ACCOUNT, NEW_USCC, NOTICE, USCC, carry_out
from tests.factories.snapshot import nothing_changed
from tests.loopback import serve, unused_url

SECRET = b"exchange-secret-of-the-test"
SOURCES: tuple[Source, ...] = ("ewindow", "social_security")


@dataclass(frozen=True, kw_only=True)
class World:
    source: Source
    faults: Faults
    partner: PartnerSimulator
    client: ExchangePartnerClient
    impatient: ExchangePartnerClient

    async def work(self) -> int:
        """One round of the messages that came in."""

        async def handle(message: Message, now: datetime) -> str:
            try:
                return (
                    await exchange.take(
                        push=push_of(message), body=body_of(message), registries=Registries(), now=now,
                        business_date=business_date_of(now),
                    )
                ).said  # fmt: skip
            except exchange.Waiting as waiting:
                raise NotYet(waiting.reason) from None

        handlers = dict.fromkeys(exchange.KINDS_OF[self.source], handle)
        return await inbound.work(channel=self.source, handlers=handlers, clock=lambda: NOW)

    async def states(self) -> list[str]:
        rows = await store.rows("SELECT state FROM inbound_message ORDER BY received_at, message_id")
        return [row["state"] for row in rows]


def wire(base_url: str, *, seconds: float, secret: bytes = SECRET) -> SignedClient:
    return SignedClient(partner="exchange", base_url=base_url, app="partner", secret=secret, timeout_seconds=seconds)


@asynccontextmanager
async def at_work(source: Source, *, our_secret: bytes = SECRET) -> AsyncIterator[World]:
    faults = Faults()
    async with AsyncExitStack() as stack:
        door = ExchangeDoor(
            source=source,
            check=SignatureCheck(secrets_by_app={"partner": SECRET}, clock=lambda: NOW),
            clock=lambda: NOW,
            traffic=Traffic(process="test"),
            entry_url="https://hpf.example/employer/embedded/enter" if source == "ewindow" else None,
        )
        us = await stack.enter_async_context(serve(Starlette(routes=list(door.routes()))))
        partner = PartnerSimulator(
            source=source, url=us, app="partner", secret=SECRET, faults=faults, clock=lambda: NOW
        )
        them = await stack.enter_async_context(serve(Starlette(routes=partner.routes())))
        patient = await stack.enter_async_context(wire(them, seconds=5, secret=our_secret))
        impatient = await stack.enter_async_context(wire(them, seconds=0.3))
        yield World(
            source=source,
            faults=faults,
            partner=partner,
            client=ExchangePartnerClient(wire=patient, source=source),
            impatient=ExchangePartnerClient(wire=impatient, source=source),
        )


@pytest.fixture(params=SOURCES)
async def world(request: pytest.FixtureRequest, database: str) -> AsyncIterator[World]:
    await open_city()
    async with at_work(request.param) as world:
        yield world


@pytest.fixture
async def ewindow(database: str) -> AsyncIterator[World]:
    await open_city()
    async with at_work("ewindow") as world:
        yield world


def employees(*numbers: int, **changes: Any) -> dict[str, Any]:
    rows = [
        {
            "action": "add", "documentType": "01", "documentNo": id_card(number), "name": name_of(number),
            "mobile": "", "base": "10000", **changes,
        }
        for number in numbers
    ]  # fmt: skip
    return {"rows": rows}


def registration(**changes: Any) -> dict[str, Any]:
    return {
        "name": "北京样例科技有限公司",
        "unitKind": "enterprise",
        "districtCode": "110105",
        "payDay": 5,
        "rate": "0.12",
        "legalName": "法人甲",
        "legalDocumentNo": id_card(903),
        "agent": {"name": name_of(901), "documentType": "01", "documentNo": id_card(901), "mobile": "13800000901"},
        **changes,
    }


def bank_account(**changes: Any) -> dict[str, Any]:
    return {
        "bankCode": "102", "accountNo": ACCOUNT, "accountName": "北京晨曦科技有限公司", "deductionDay": 15,
        "noticeVersion": NOTICE, **changes,
    }  # fmt: skip


DEEP: list[Any] = []
for _ in range(600):
    DEEP = [DEEP]


async def test_a_push_is_kept_worked_on_and_asked_for(world: World) -> None:
    (answer,) = await world.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1), message_no="M-0001")
    assert (answer["code"], answer["state"], answer["messageNo"]) == ("0", "received", "M-0001")
    asked = await world.partner.ask("M-0001", "M-0009")
    assert [one["state"] for one in asked["results"]] == ["received", "unknown"]
    await world.work()
    assert (await world.partner.ask("M-0001"))["results"][0]["state"] == "working"
    await carry_out()
    (found,) = (await world.partner.ask("M-0001"))["results"]
    assert (found["state"], found["done"], found["kind"], found["uscc"]) == ("done", 1, "employeeChanges", USCC)
    assert found["rows"] == [
        {"row": 1, "state": "done", "code": "", "message": "", "declared": "10000.00", "determined": "10000.00",
         "by": "declared"}
    ]  # fmt: skip
    assert id_card(1) not in str(found) and name_of(1) not in str(found)


@pytest.mark.requirement("R01.1")
@pytest.mark.requirement("R01.2")
async def test_a_registration_arrives_whole(world: World) -> None:
    await world.partner.push(kind="employerRegistration", uscc=NEW_USCC, body=registration(), message_no="M-0001")
    await world.work()
    (found,) = (await world.partner.ask("M-0001"))["results"]
    assert found["state"] == "done" and found["employerNo"] and found["month"] == "2026-11"
    row = await store.row(
        "SELECT source, legal_name_masked FROM employer_account WHERE employer_no = $1", int(found["employerNo"])
    )
    assert row is not None and tuple(row) == (world.source, "法**")


async def test_doubled_it_counts_once(world: World) -> None:
    world.faults.add(operation="push", mode="answer_twice")
    first, again = await world.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1))
    assert (first["repeated"], again["repeated"]) == (False, True)
    await world.work()
    await carry_out()
    assert await store.value("SELECT count(*) FROM account") == 1


async def test_late_and_out_of_order_it_comes_to_the_same(world: World) -> None:
    world.faults.add(operation="push", mode="confirm_later", times=2)
    await world.partner.push(kind="employerRegistration", uscc=NEW_USCC, body=registration(), message_no="M-0001")
    await world.partner.push(kind="employeeChanges", uscc=NEW_USCC, body=employees(1), message_no="M-0002")
    # the employees come before their employer
    assert [one["messageNo"] for one in await world.partner.release()] == ["M-0002", "M-0001"]
    for _ in range(3):
        await world.work()
    await carry_out()
    asked = await world.partner.ask("M-0001", "M-0002")
    assert [one["state"] for one in asked["results"]] == ["done", "done"]


async def test_a_bad_signature_is_let_in_nowhere(world: World) -> None:
    world.faults.add(operation="push", mode="refuse")
    async with nothing_changed():
        (answer,) = await world.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1))
        assert (answer["status"], answer["code"]) == (401, "signature_wrong")
    stranger = PartnerSimulator(
        source=world.source, url=world.partner._url, app="nobody", secret=SECRET, faults=Faults(), clock=lambda: NOW
    )
    assert (await stranger.ask("M-0001"))["code"] == "app_unknown"


async def test_half_a_message_is_kept_in_quarantine(world: World) -> None:
    world.faults.add(operation="push", mode="garbage")
    (answer,) = await world.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1))
    assert (answer["code"], answer["message"]) == ("1", "报文不是JSON")
    assert await world.states() == ["quarantined"]
    assert await world.work() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"documentNo": "1"}, "rows[1].documentNo"),
        ({"documentType": "77"}, "rows[1].documentType"),
        ({"name": "甲\n乙"}, "rows[1].name"),
        ({"name": ""}, "rows[1].name"),
        ({"base": 10000}, "rows[1].base"),
        ({"base": "10000.005"}, "rows[1].base"),
        ({"base": "-1"}, "rows[1].base"),
        ({"action": "drop"}, "rows[1].action"),
    ],
)
async def test_a_malformed_row_is_named_and_can_be_asked_for(
    ewindow: World, changes: dict[str, Any], field: str
) -> None:
    (answer,) = await ewindow.partner.push(
        kind="employeeChanges", uscc=USCC, body=employees(1, **changes), message_no="M-0001"
    )
    assert answer["code"] == "1" and answer["message"].startswith(f"字段body.{field}")
    (found,) = (await ewindow.partner.ask("M-0001"))["results"]
    assert found["state"] == "quarantined" and field in found["message"]
    # mended it may come under the same number
    (mended,) = await ewindow.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1), message_no="M-0001")
    assert mended["code"] == "0"
    await ewindow.work()
    assert (await ewindow.partner.ask("M-0001"))["results"][0]["state"] == "working"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("employerRegistration", registration(rate="12%")),
        ("employerRegistration", registration(payDay="5")),
        ("employerRegistration", registration(unitKind="pool")),
        ("employerRegistration", registration(agent=[])),
        ("employerRegistration", registration(establishedOn="2026-13-01")),
        ("collectionAccount", bank_account(accountNo="12")),
        ("collectionAccount", bank_account(deductionDay=0)),
        ("accountCancelled", {}),
        ("employeeChanges", {"rows": []}),
        ("employeeChanges", {**employees(1), "month": "2026-00"}),
        ("employeeChanges", {**employees(1), "more": "\ud800"}),
        ("employeeChanges", {**employees(1), "more": DEEP}),
        # of social security, and of nobody
        ("baseDeclaration", {"year": 2026, **employees(1)}),
        ("unheardOf", {}),
    ],
)
async def test_what_is_not_as_agreed_is_quarantined_and_changes_nothing(
    ewindow: World, kind: str, body: dict[str, Any]
) -> None:
    (answer,) = await ewindow.partner.push(kind=kind, uscc=USCC, body=body)
    assert answer["code"] == "1" and answer["message"]
    assert await ewindow.states() == ["quarantined"]
    assert await ewindow.work() == 0
    assert await store.value("SELECT count(*) FROM exchange_record") == 0


async def test_one_number_with_other_content_is_quarantined(ewindow: World) -> None:
    for number in (1, 2):
        (answer,) = await ewindow.partner.push(
            kind="employeeChanges", uscc=USCC, body=employees(number), message_no="M-0001"
        )
    assert answer["code"] == "1" and "编号" in answer["message"]
    await ewindow.work()
    await carry_out()
    assert await store.value("SELECT count(*) FROM account") == 1


@pytest.mark.parametrize("body", [[], {}, {"messageNos": "M-0001"}, {"messageNos": [1]}, {"messageNos": ["a"] * 101}])
async def test_a_malformed_question_is_refused(ewindow: World, body: Any) -> None:
    import json

    answer = await ewindow.partner._send("results", json.dumps(body).encode())
    assert (answer["status"], answer["code"]) == (400, "1")


async def test_a_source_sees_its_own_results_only(ewindow: World) -> None:
    await ewindow.partner.push(kind="employeeChanges", uscc=USCC, body=employees(1), message_no="M-0001")
    await ewindow.work()
    async with at_work("social_security") as other:
        assert (await other.partner.ask("M-0001"))["results"][0]["state"] == "unknown"


RESULT = Result(
    source="ewindow",
    message_no="M-0001",
    kind="employee_changes",
    uscc=USCC,
    state="done",
    code="",
    message="已办理1行",
    employer_no=100001,
    month="2026-11",
    done=1,
    refused=0,
    ended_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    rows=(
        RowResult(
            row_no=1, state="done", code="", message="", declared=Money.yuan(1000), base=Money.parse("2540"),
            determined_by="floor",
        ),
    ),
)  # fmt: skip


async def test_a_result_arrives_once_with_a_receipt(world: World) -> None:
    told = [await world.client.tell(result=RESULT, now=NOW) for _ in range(2)]
    assert [one.status for one in told] == ["accepted", "accepted"] and told[0].receipt_no.startswith("R")
    (held,) = world.partner.results.values()
    assert held["rows"][0] | {"message": ""} == {
        "row": 1, "state": "done", "code": "", "message": "", "declared": "1000.00", "determined": "2540.00",
        "by": "floor",
    }  # fmt: skip
    assert held["endedAt"] == "2026-11-23T10:00:00+08:00"


@pytest.mark.parametrize("mode", ["error500", "garbage", "refuse"])
async def test_trouble_at_the_partner_means_told_again_later(world: World, mode: Any) -> None:
    world.faults.add(operation="result", mode=mode, times=1)
    first = await world.client.tell(result=RESULT, now=NOW)
    assert first.status == "unknown" and first.reason
    assert (await world.client.tell(result=RESULT, now=NOW)).status == "accepted"


async def test_silence_after_it_was_taken_and_told_again_is_one_result(world: World) -> None:
    world.faults.add(operation="result", mode="timeout", times=1, detail={"stage": "after", "seconds": 1})
    assert (await world.impatient.tell(result=RESULT, now=NOW)).status == "unknown"
    assert (await world.client.tell(result=RESULT, now=NOW)).status == "accepted"
    assert len(world.partner.results) == 1


async def test_with_the_wrong_secret_or_nobody_there_it_is_unknown(database: str) -> None:
    async with at_work("ewindow", our_secret=b"not-the-secret-of-the-test") as world:
        assert (await world.client.tell(result=RESULT, now=NOW)).status == "unknown"
        assert world.partner.results == {}
    async with wire(unused_url(), seconds=1) as nobody:
        client = ExchangePartnerClient(wire=nobody, source="ewindow")
        assert (await client.tell(result=replace(RESULT, rows=()), now=NOW)).status == "unknown"


@pytest.mark.requirement("R01.7")
async def test_results_go_back_by_themselves(world: World) -> None:
    (kind, body) = ("employeeChanges", employees(1))
    await world.partner.push(kind=kind, uscc=USCC, body=body, message_no="M-0001")
    await world.work()
    await carry_out()
    world.faults.add(operation="result", mode="error500", times=1)
    partners = {world.source: world.client}
    assert await exchange.tell_due(partners=partners, now=NOW) == 0
    assert await exchange.tell_due(partners=partners, now=NOW) == 0
    await store.execute("UPDATE exchange_record SET tell_due_at = $1", NOW)
    assert await exchange.tell_due(partners=partners, now=NOW) == 1
    assert await exchange.tell_due(partners=partners, now=NOW) == 0
    assert set(world.partner.results) == {("M-0001", "done")}
    row = await store.row("SELECT told_at, receipt_no FROM exchange_record")
    assert row is not None and row["told_at"] == NOW and row["receipt_no"].startswith("R")


def test_every_kind_has_its_name_on_the_wire() -> None:
    for kinds in exchange.KINDS_OF.values():
        assert set(kinds) <= WIRE_KINDS.keys()
