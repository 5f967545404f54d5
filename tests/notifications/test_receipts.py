"""Receipts in any order, and what is counted. Real PostgreSQL, real HTTP to simulated carriers."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from domain.kernel import database as store
from domain.kernel.identifiers import new_id
from notifications import receipts, statistics
from tests.notifications.world import MOBILE, NOW, Queued, World, eventually, queue

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("arrivals", "changes", "state"),
    [
        (["delivered"], [True], "delivered"),
        (["delivered", "delivered"], [True, False], "delivered"),
        (["failed", "failed"], [True, False], "rejected"),
        (["failed", "delivered"], [True, True], "delivered"),
        (["delivered", "failed"], [True, False], "delivered"),
    ],
)
async def test_receipts_in_any_order(world: World, arrivals: list[str], changes: list[bool], state: str) -> None:
    message = await queue()
    await message.send(world.carriers)
    assert [await receipts.apply(receipt=message.receipt(status)) for status in arrivals] == changes
    row = await message.row()
    assert (row["state"], row["receipt_at"]) == (state, NOW + timedelta(seconds=3))


async def test_a_receipt_that_overtakes_the_answer_stands(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="timeout", detail={"stage": "after"})
    worker = asyncio.create_task(message.send(world.impatient))
    await eventually(lambda: bool(world.taken))
    assert await receipts.apply(receipt=message.receipt("delivered"))
    assert await worker == "delivered"


async def test_receipts_of_others_change_nothing(world: World) -> None:
    message = await queue()
    assert not await receipts.apply(receipt=message.receipt("delivered"))  # never submitted
    await message.send(world.carriers)
    assert not await receipts.apply(receipt=message.receipt("failed", carrier="agent"))
    unheard = Queued(account_no=message.account_no, message_id=new_id())
    assert not await receipts.apply(receipt=unheard.receipt("delivered"))
    assert await message.state() == "accepted"


async def test_waiting_receipts_are_collected_once(world: World) -> None:
    good, bad = await queue(), await queue()
    await good.send(world.carriers)
    world.faults.add(simulator="sms", operation="submit", mode="answer_twice", detail={"receipt": "EXPIRED"})
    await bad.send(world.carriers)
    world.faults.add(simulator="sms", operation="receipts", mode="garbage", times=1)
    assert [await receipts.collect(carriers=world.carriers, now=NOW) for _ in range(3)] == [0, 2, 0]
    assert (await good.state(), await bad.state()) == ("delivered", "rejected")
    assert (await bad.row())["last_code"] == "EXPIRED"


async def test_counts_by_carrier_and_day(world: World) -> None:
    late_evening = datetime(2026, 11, 23, 15, 59, tzinfo=UTC) - NOW
    messages = [await queue() for _ in range(4)]
    for message in messages[:2]:
        await message.send(world.carriers)
    world.faults.add(simulator="sms", operation="submit", mode="refuse", times=1, detail={"code": "1001"})
    await messages[2].send(world.carriers)
    # Wire stamps must be near the simulator's clock, so the day is moved in the row.
    await store.execute(
        "UPDATE sms_message SET sent_at = $1 WHERE message_id = $2",
        NOW + late_evening,
        messages[0].message_id,
    )
    await store.execute(
        "UPDATE sms_message SET sent_at = $1 WHERE message_id = $2",
        NOW + late_evening + timedelta(minutes=1),
        messages[1].message_id,
    )
    await receipts.collect(carriers=world.carriers, now=NOW)
    days = await statistics.by_carrier_and_day(from_day=date(2026, 11, 23), until_day=date(2026, 11, 24))
    assert [
        (
            day.carrier,
            day.day,
            day.messages,
            day.accepted,
            day.delivered,
            day.rejected,
            day.unknown,
            day.parts,
        )
        for day in days
    ] == [
        ("national", date(2026, 11, 23), 2, 0, 1, 1, 0, 1),
        ("national", date(2026, 11, 24), 1, 0, 1, 0, 0, 1),
    ]
    assert await statistics.by_carrier_and_day(from_day=date(2026, 11, 25), until_day=date(2026, 11, 25)) == []


async def test_the_simulator_shows_a_developer_their_messages(world: World) -> None:
    await (await queue()).send(world.carriers)
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = (await http.get(f"{world.base_url}/_sim/sms/messages", params={"mobile": MOBILE})).json()
    assert [(entry["carrier"], entry["parts"], entry["status"]) for entry in shown] == [("national", 1, "delivered")]
