"""Receipts that a carrier keeps until they are acknowledged, and what it takes once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignedClient
from notifications.carriers.agent import AgentCarrier
from notifications.carriers.agent.simulator import SmsSimulator
from notifications.ports import OutgoingSms, Receipt, ReceiptSource
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = b"carrier-secret-of-the-test"
MESSAGE = OutgoingSms(message_id=7_001, mobile="13800001234", text="【北京公积金】您好", parts=1)


@dataclass(frozen=True, kw_only=True)
class World:
    base_url: str
    faults: Faults
    national: AgentCarrier
    agent: AgentCarrier

    async def fetched(self) -> list[tuple[int, str]]:
        receipts, _ = await self.national.fetch_receipts(now=NOW)
        return [(receipt.message_id, receipt.code) for receipt in receipts]

    async def fetch_and_acknowledge(self) -> list[Receipt]:
        receipts, mark = await self.national.fetch_receipts(now=NOW)
        await self.national.acknowledge_receipts(mark=mark, now=NOW)
        return receipts


def wire(base_url: str) -> SignedClient:
    return SignedClient(partner="sms", base_url=base_url, app="hpf", secret=SECRET, timeout_seconds=5)


@asynccontextmanager
async def carriers_at_work(*, journal: Path | None = None) -> AsyncIterator[World]:
    faults = Faults()
    simulator = SmsSimulator(
        carriers=["national", "agent"],
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=lambda: NOW),
        clock=lambda: NOW,
        journal=SimulatorJournal(journal),
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))
        yield World(
            base_url=base_url,
            faults=faults,
            national=AgentCarrier(name="national", wire=await stack.enter_async_context(wire(base_url))),
            agent=AgentCarrier(name="agent", wire=await stack.enter_async_context(wire(base_url))),
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carriers_at_work() as world:
        yield world


async def test_a_receipt_stays_until_it_is_acknowledged(world: World) -> None:
    assert isinstance(world.national, ReceiptSource)
    sent = await world.national.submit(message=MESSAGE, now=NOW)
    assert await world.fetched() == [(7_001, "DELIVRD")]
    assert await world.fetch_and_acknowledge() == [
        Receipt(
            carrier="national",
            message_id=7_001,
            carrier_id=sent.carrier_id,
            status="delivered",
            code="DELIVRD",
            received_at=NOW,
        )
    ]
    assert await world.fetched() == []


async def test_a_receipt_may_come_twice(world: World) -> None:
    world.faults.add(simulator="sms", operation="submit", mode="answer_twice", detail={"receipt": "UNDELIV"})
    await world.national.submit(message=MESSAGE, now=NOW)
    assert [receipt.status for receipt in await world.fetch_and_acknowledge()] == ["failed", "failed"]
    assert await world.fetched() == []


async def test_a_receipt_may_come_late(world: World) -> None:
    world.faults.add(simulator="sms", operation="submit", mode="confirm_later", detail={"fetches": 2})
    await world.national.submit(message=MESSAGE, now=NOW)
    assert [await world.fetched() for _ in range(3)] == [[], [], [(7_001, "DELIVRD")]]


async def test_a_receipt_may_never_come(world: World) -> None:
    world.faults.add(simulator="sms", operation="submit", mode="normal", detail={"receipt": "none"})
    await world.national.submit(message=MESSAGE, now=NOW)
    assert await world.fetched() == []


async def test_carriers_keep_their_messages_apart(world: World) -> None:
    await world.agent.submit(message=MESSAGE, now=NOW)
    assert await world.fetched() == []
    outcome = await world.national.query(message_id=7_001, mobile=MESSAGE.mobile, sent_on=NOW.date(), now=NOW)
    assert outcome.status == "not_found"


async def test_a_number_is_taken_once(world: World) -> None:
    first = await world.national.submit(message=MESSAGE, now=NOW)
    again = await world.national.submit(message=MESSAGE, now=NOW)
    assert again == first
    other = await world.national.submit(message=replace(MESSAGE, text="【北京公积金】再见"), now=NOW)
    assert (other.status, other.code, other.elsewhere) == ("rejected", "1003", False)
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = (await http.get(f"{world.base_url}/_sim/sms/messages?mobile={MESSAGE.mobile}")).json()
    assert [entry["text"] for entry in shown] == ["【北京公积金】您好"]


async def test_messages_and_receipts_are_remembered_over_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "sms.jsonl"
    async with carriers_at_work(journal=journal) as world:
        first = await world.national.submit(message=MESSAGE, now=NOW)
        await world.national.submit(message=replace(MESSAGE, message_id=7_002), now=NOW)
        world.faults.add(simulator="sms", operation="submit", mode="normal", detail={"receipt": "none"})
        receipts, _ = await world.national.fetch_receipts(now=NOW)
        assert len(receipts) == 2
        await world.national.acknowledge_receipts(mark="7001", now=NOW)
    async with carriers_at_work(journal=journal) as world:
        assert await world.fetched() == [(7_002, "DELIVRD")]
        assert await world.national.submit(message=MESSAGE, now=NOW) == first


async def test_a_carrier_that_cannot_be_reached_surely_has_nothing() -> None:
    async with wire(unused_url()) as away:
        carrier = AgentCarrier(name="national", wire=away)
        outcome = await carrier.submit(message=MESSAGE, now=NOW)
        assert (outcome.status, outcome.code, outcome.elsewhere) == ("rejected", "unreachable", True)
        assert await carrier.fetch_receipts(now=NOW) == ([], "")
        await carrier.acknowledge_receipts(mark="7001", now=NOW)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"code": "0"}, 0),
        ({"code": "0", "mark": 1, "receipts": []}, 0),
        ({"code": "0", "mark": "1", "receipts": {}}, 0),
        ({"code": "0", "mark": "1", "receipts": [1, None, {}]}, 0),
        ({"code": "0", "mark": "1", "receipts": [{"messageId": "-1", "receiptCode": "DELIVRD"}]}, 0),
        (
            {
                "code": "0",
                "mark": "1",
                "receipts": [{"messageId": "7", "receiptCode": "X", "receivedAt": "now"}],
            },
            0,
        ),
        (
            {
                "code": "0",
                "mark": "1",
                "receipts": [
                    {},
                    {"messageId": "7", "receiptCode": "EXPIRED", "receivedAt": "2026-11-23T10:00:00+08:00"},
                ],
            },
            1,
        ),
    ],
    ids=str,
)
async def test_receipts_that_cannot_be_read_stop_nothing(answer: dict[str, object], read: int) -> None:
    async def receipts(_: Request) -> Response:
        return JSONResponse(answer)

    app = Starlette(routes=[Route("/sms/national/receipts", receipts, methods=["POST"])])
    async with serve(app) as base_url, wire(base_url) as client:
        found, _ = await AgentCarrier(name="national", wire=client).fetch_receipts(now=NOW)
    assert len(found) == read
