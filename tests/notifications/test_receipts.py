"""Receipts in any order, and what is counted. Real PostgreSQL, real HTTP to simulated carriers."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from domain.kernel.identifiers import new_id
from notifications import receipts
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
    assert [await receipts.apply(receipts=[message.receipt(status)], now=NOW) for status in arrivals] == changes
    row = await message.row()
    assert (row["state"], row["receipt_at"]) == (state, NOW + timedelta(seconds=3))


async def test_a_receipt_that_overtakes_the_answer_stands(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="timeout", detail={"stage": "after"})
    worker = asyncio.create_task(message.send(world.impatient))
    await eventually(lambda: bool(world.taken))
    assert await receipts.apply(receipts=[message.receipt("delivered")], now=NOW)
    assert await worker == "delivered"


async def test_receipts_of_others_change_nothing(world: World) -> None:
    message = await queue()
    assert not await receipts.apply(receipts=[message.receipt("delivered")], now=NOW)  # never submitted
    await message.send(world.carriers)
    assert not await receipts.apply(receipts=[message.receipt("failed", carrier="agent")], now=NOW)
    unheard = Queued(account_no=message.account_no, message_id=new_id())
    assert not await receipts.apply(receipts=[unheard.receipt("delivered")], now=NOW)
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


async def test_the_simulator_shows_a_developer_their_messages(world: World) -> None:
    await (await queue()).send(world.carriers)
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = (await http.get(f"{world.base_url}/_sim/sms/messages", params={"mobile": MOBILE})).json()
    assert [(entry["carrier"], entry["parts"], entry["status"]) for entry in shown] == [("mobile", 1, "delivered")]
