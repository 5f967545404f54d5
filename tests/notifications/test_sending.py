"""A message goes out once, whatever dies in between. Real PostgreSQL, real HTTP to simulated carriers."""

import asyncio
from datetime import timedelta

import pytest

from domain.kernel import database as store
from domain.kernel.identifiers import new_id
from notifications.queueing import VALID_FOR, enqueue
from notifications.rendering import TemplateError
from notifications.routing import Carriers
from notifications.sending import ATTEMPTS_MAX, due_messages
from tests.notifications.world import MOBILE, NOW, SETTLED, Queued, World, eventually, queue

pytestmark = pytest.mark.usefixtures("database")


async def test_a_message_is_sent_once_and_sealed_at_rest(world: World) -> None:
    message = await queue()
    row = await message.row()
    assert (row["state"], row["parts"], row["lane"], row["template_version"]) == ("queued", 1, "courtesy", 1)
    assert MOBILE.encode() not in row["mobile_cipher"] and "办件".encode() not in row["text_cipher"]  # type: ignore[operator]
    assert await message.send(world.carriers) == "accepted"
    assert await message.send(world.carriers) == "accepted"
    row = await message.row()
    assert (row["carrier"], row["attempts"], row["sent_at"], row["last_code"]) == ("mobile", 1, NOW, "0")
    assert row["carrier_message_id"] == "mobile-00000001"
    assert world.faults.counts["sms.submit"] == 1
    (taken,) = world.simulator.messages.values()
    assert (taken.mobile, taken.parts) == (MOBILE, 1)
    assert taken.text.startswith("【北京公积金】您的无房租房提取申请（办件编号C1）已通过初审")


async def test_an_event_queues_a_template_once(world: World) -> None:
    account_no, event_id = new_id(), new_id()
    first = await queue(account_no=account_no, event_id=event_id)
    assert await queue(account_no=account_no, event_id=event_id) == first
    assert await queue(account_no=account_no, event_id=event_id, template="login.new_device") != first
    assert await store.value("SELECT count(*) FROM sms_message WHERE account_no = $1", account_no) == 2


async def test_a_transaction_that_fails_queues_nothing(world: World) -> None:
    account_no = new_id()
    with pytest.raises(TemplateError):
        async with store.transaction() as tx:
            for variables in ({"name": "无房租房提取", "case_no": "C1"}, {}):
                await enqueue(
                    tx,
                    account_no=account_no,
                    event_id=new_id(),
                    template="withdrawal.preliminary_passed",
                    variables=variables,
                    mobile=MOBILE,
                    now=NOW,
                )
    assert await store.value("SELECT count(*) FROM sms_message WHERE account_no = $1", account_no) == 0


@pytest.mark.parametrize("mobile", ["", "010-62781234", "12800001234", "138000012345", "１３８００００１２３４"])
async def test_a_malformed_number_is_kept_and_never_sent(world: World, mobile: str) -> None:
    message = await queue(mobile=mobile)
    assert await message.send(world.carriers) == "rejected"
    row = await message.row()
    assert (row["last_code"], row["attempts"], world.taken) == ("mobile_malformed", 0, [])


@pytest.mark.parametrize(("stage", "taken_before"), [("before", 0), ("after", 1)])
async def test_a_worker_that_dies_while_it_sends_loses_and_doubles_nothing(
    world: World, stage: str, taken_before: int
) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="timeout", times=1, detail={"stage": stage})
    worker = asyncio.create_task(message.send(world.carriers))
    await eventually(lambda: world.faults.counts["sms.submit"] == 1 and len(world.taken) == taken_before)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert await message.state() == "sending"

    # The next worker asks first. Before the settling time nothing goes out again, whatever the carrier says.
    soon = await message.send(world.carriers, after=timedelta(seconds=1))
    assert (soon, world.faults.counts["sms.submit"]) == ("unknown" if stage == "before" else "delivered", 1)
    later = await message.send(world.carriers, after=SETTLED)
    assert later == ("accepted" if stage == "before" else "delivered")
    # the first carrier says that it never had it: the next attempt is another's
    assert world.taken == [("agent" if stage == "before" else "mobile", message.message_id)]
    assert world.faults.counts["sms.submit"] == (2 if stage == "before" else 1)


async def test_no_answer_is_unknown_then_asked_and_not_repeated(world: World) -> None:
    message = await queue()
    world.faults.add(
        simulator="sms",
        operation="submit",
        mode="timeout",
        times=1,
        detail={"stage": "after", "receipt": "none"},
    )
    assert await message.send(world.impatient) == "unknown"
    world.faults.add(simulator="sms", operation="query", mode="error500", times=1)
    assert await message.send(world.carriers, after=SETTLED) == "unknown"
    assert await message.send(world.carriers, after=SETTLED) == "accepted"
    assert (world.faults.counts["sms.submit"], world.taken) == (1, [("mobile", message.message_id)])


async def test_two_workers_at_once_send_once(world: World) -> None:
    message = await queue()
    states = await asyncio.gather(*(message.send(world.carriers) for _ in range(8)))
    assert set(states) <= {"accepted", "sending", "delivered", "unknown"}
    assert (world.faults.counts["sms.submit"], len(world.taken)) == (1, 1)
    assert await message.send(world.carriers) in ("accepted", "delivered")


async def test_a_carrier_refuses_for_its_own_reason_and_another_takes_it(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="refuse", match={"carrier": "mobile"})
    assert await message.send(world.carriers) == "queued"
    assert await message.send(world.carriers) == "accepted"
    row = await message.row()
    assert (row["carrier"], row["attempts"], world.taken) == ("agent", 2, [("agent", message.message_id)])


async def test_a_refusal_of_the_number_is_final(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="refuse", times=1, detail={"code": "1002"})
    assert [await message.send(world.carriers) for _ in range(2)] == ["rejected", "rejected"]
    assert ((await message.row())["last_code"], world.faults.counts["sms.submit"]) == ("1002", 1)


async def test_carriers_that_all_refuse_end_it(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="refuse")
    states = [await message.send(world.carriers) for _ in range(ATTEMPTS_MAX + 1)]
    assert states == ["queued"] * (ATTEMPTS_MAX - 1) + ["dead", "dead"]
    assert (world.faults.counts["sms.submit"], world.taken) == (ATTEMPTS_MAX, [])


async def test_a_message_that_is_too_old_is_given_up(world: World) -> None:
    message = await queue(now=NOW - VALID_FOR - timedelta(seconds=1))
    assert await message.send(world.carriers) == "dead"
    assert ((await message.row())["last_code"], world.faults.counts["sms.submit"]) == ("too_old", 0)


async def test_a_carrier_that_left_is_not_replaced_by_a_second_sending(world: World) -> None:
    message = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="timeout", times=1, detail={"stage": "after"})
    assert await message.send(world.impatient) == "unknown"
    without = Carriers(in_order=[carrier for carrier in world.carriers.all() if carrier.name == "agent"])
    assert await message.send(without, after=SETTLED) == "unknown"
    assert (await message.row())["last_code"] == "carrier_not_configured"
    assert world.taken == [("mobile", message.message_id)]


async def test_due_messages_are_urgent_first_and_rest_a_while_after_sending(world: World) -> None:
    courtesy = await queue(now=NOW - timedelta(minutes=5))
    urgent = await queue(template="login.new_device")
    sending = await queue()
    world.faults.add(simulator="sms", operation="submit", mode="timeout", times=1)
    assert await sending.send(world.impatient) == "unknown"
    assert [due.message_id for due in await due_messages(now=NOW)] == [urgent.message_id, courtesy.message_id]
    later = await due_messages(now=NOW + timedelta(minutes=1))
    assert [due.message_id for due in later] == [urgent.message_id, courtesy.message_id, sending.message_id]
    assert len(await due_messages(now=NOW, limit=1)) == 1


async def test_an_unknown_message_is_a_bug(world: World) -> None:
    with pytest.raises(AssertionError):
        await Queued(account_no=1, message_id=1).send(world.carriers)
