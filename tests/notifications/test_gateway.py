"""The gateway: lanes, leases, parts and their numbers, receipts by them, and the controller in the database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import database as store
from domain.kernel import vault
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from notifications import balances, booking, control, inbound, leases, receipts, sending, strays
from notifications.gateway import Gateway, is_quiet
from notifications.ports import InboundSms, Receipt, SubmitOutcome
from notifications.queueing import enqueue
from notifications.routing import Carriers
from tests.conftest import MASTER_KEY
from tests.notifications.carriers import Recording
from tests.notifications.world import MOBILE, NOW, Queued, eventually, queue

pytestmark = pytest.mark.usefixtures("database")

BEIJING = "13800001234"
CODE = {"code": "482915", "minutes": "5", "purpose": "登录"}


@pytest.fixture(autouse=True)
def sealed(database: str) -> None:
    vault.install(vault.Vault(MASTER_KEY))


async def code_to(mobile: str = MOBILE, *, now: datetime = NOW) -> Queued:
    account_no = new_id()
    async with store.transaction() as tx:
        message_id = await enqueue(
            tx,
            account_no=account_no,
            event_id=new_id(),
            template="login.verification_code",
            variables=CODE,
            mobile=mobile,
            now=now,
        )
    return Queued(account_no=account_no, message_id=message_id)


def gateway_of(carriers: Carriers, **values: object) -> Gateway:
    return Gateway(carriers=carriers, clock=lambda: NOW, holder="test", **values)  # type: ignore[arg-type]


@pytest.fixture
async def mobile() -> AsyncIterator[object]:
    yield Recording(name="mobile")


async def parts_of(message: Queued) -> list[tuple[object, ...]]:
    rows = await store.rows(
        "SELECT attempt, part_no, carrier, carrier_number, state FROM sms_part WHERE message_id = $1 ORDER BY 1, 2",
        message.message_id,
    )
    return [tuple(row) for row in rows]


def receipt(number: str, status: str = "delivered", **values: object) -> Receipt:
    base = Receipt(
        carrier="mobile",
        message_id=None,
        carrier_id=number,
        status=status,  # type: ignore[arg-type]
        code="DELIVRD" if status == "delivered" else "UNDELIV",
        received_at=NOW + timedelta(seconds=3),
    )
    return replace(base, **values)  # type: ignore[arg-type]


async def give(*told: Receipt) -> int:
    return await receipts.apply(receipts=told, now=NOW)


# Lanes


async def test_a_password_is_handed_over_while_bulk_fills_every_place() -> None:
    carrier = Recording(name="mobile", gate=asyncio.Event())
    gateway = gateway_of(Carriers(in_order=[carrier]), under_way_max=4)
    for _ in range(10):
        await queue()
    await gateway.fill()
    await eventually(lambda: len(carrier.sent) == 4)
    assert await gateway.fill() == 0
    code = await code_to()
    assert await gateway.fill() == 1
    await eventually(lambda: len(carrier.sent) == 5)
    assert (carrier.sent[-1].message_id, carrier.sent[-1].urgent) == (code.message_id, True)
    assert carrier.gate is not None
    carrier.gate.set()
    await asyncio.wait(gateway._tasks)


async def test_quiet_hours_hold_back_all_but_what_is_urgent() -> None:
    night = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    carrier = Recording(name="mobile")
    gateway = Gateway(carriers=Carriers(in_order=[carrier]), clock=lambda: night, holder="test", quiet_hours=True)
    await queue(now=night)
    code = await code_to(now=night)
    assert await gateway.fill() == 1
    await eventually(lambda: not gateway._tasks)
    assert [one.message_id for one in carrier.sent] == [code.message_id]


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(7, 59, True), (8, 0, False), (21, 29, False), (21, 30, True), (0, 0, True)],
)
def test_the_hours_that_are_quiet(hour: int, minute: int, quiet: bool) -> None:
    local = datetime(2026, 11, 23, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    assert is_quiet(now=local) is quiet


async def test_numbers_are_routed_by_their_region_and_it_is_kept() -> None:
    carriers = Carriers(in_order=[Recording(name="mobile"), Recording(name="agent")])
    home, away = await queue(mobile=BEIJING), await queue(mobile="+86 138 1234 5678")
    for message in (home, away):
        await message.send(carriers)
    rows = [await message.row() for message in (home, away)]
    assert [(row["carrier"], row["region"]) for row in rows] == [("agent", "beijing"), ("mobile", "elsewhere")]


# Limits


async def test_passwords_to_one_number_are_limited_by_the_hour() -> None:
    for _ in range(6):
        await code_to()
    with pytest.raises(Refused) as refused:
        await code_to("138-1234-5678")
    assert refused.value.refusals[0].code == "sms.codes_too_many"
    assert await store.value("SELECT count(*) FROM sms_message") == 6
    await code_to(BEIJING)
    await code_to(now=NOW + timedelta(minutes=61))


async def test_two_requests_at_once_do_not_both_find_room() -> None:
    for _ in range(5):
        await code_to()
    results = await asyncio.gather(*(code_to() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in results) == 3


async def test_a_password_to_no_number_is_refused() -> None:
    with pytest.raises(Refused):
        await code_to("1380000123O")
    assert await store.value("SELECT count(*) FROM sms_message") == 0


async def test_a_fault_that_goes_on_sending_is_stopped_and_seen() -> None:
    await store.execute(
        "INSERT INTO sms_message (account_no, message_id, event_id, template, template_version, lane, mobile_cipher,"
        " mobile_index, text_cipher, parts, state, created_at, due_at, valid_until)"
        " SELECT 1, n, n, 'x', 1, 'courtesy', '', $1, '', 1, 'delivered', $2, $2, $2 FROM generate_series(1, 50) n",
        vault.current().blind_index(MOBILE),
        NOW,
    )
    message = await queue()
    row = await message.row()
    assert (row["state"], row["last_code"]) == ("dead", "limit_reached")


# Parts and receipts


async def long_message() -> Queued:
    message = await queue(template="withdrawal.preliminary_passed")
    text = vault.current().encrypt(
        "【北京公积金】" + "您的无房租房提取申请（办件编号C1）已通过初审，正在复审，请耐心等待。"
    )
    await store.execute(
        "UPDATE sms_message SET parts = 2, text_cipher = $2 WHERE message_id = $1", message.message_id, text
    )
    return message


async def test_a_message_has_arrived_when_all_its_parts_have() -> None:
    message = await long_message()
    await message.send(Carriers(in_order=[Recording(name="mobile")]))
    assert await parts_of(message) == [
        (1, 1, "mobile", "mobile-1-1", "submitted"),
        (1, 2, "mobile", "mobile-1-2", "submitted"),
    ]
    assert await give(receipt("mobile-1-2")) == 0
    assert await message.state() == "accepted"
    assert await give(receipt("mobile-1-1"), receipt("mobile-1-1")) == 1
    assert await message.state() == "delivered"
    assert await give(receipt("mobile-1-1", "failed"), receipt("mobile-1-2")) == 0


async def test_one_part_that_fails_fails_the_message_until_it_arrives_after_all() -> None:
    message = await long_message()
    await message.send(Carriers(in_order=[Recording(name="mobile")]))
    assert await give(receipt("mobile-1-1"), receipt("mobile-1-2", "failed")) == 1
    row = await message.row()
    assert (row["state"], row["last_code"]) == ("rejected", "UNDELIV")
    assert await give(receipt("mobile-1-2")) == 1
    assert await message.state() == "delivered"


async def test_a_receipt_before_the_answer_waits_for_it() -> None:
    carrier = Recording(name="mobile", gate=asyncio.Event())
    message = await queue()
    sending_it = asyncio.ensure_future(message.send(Carriers(in_order=[carrier])))
    await eventually(lambda: bool(carrier.sent))
    assert await give(receipt("mobile-1-1")) == 0
    assert carrier.gate is not None
    carrier.gate.set()
    assert await sending_it == "delivered"
    assert await store.value("SELECT state FROM sms_stray_receipt") == "matched"


NO_ANSWER = SubmitOutcome(status="unknown", code="no_answer", message="")


async def test_a_lost_answer_is_settled_by_the_mobile_and_the_serial_digits() -> None:
    message, other = await queue(), await queue()
    carriers = Carriers(in_order=[Recording(name="mobile", outcomes=[NO_ANSWER, NO_ANSWER])])
    assert [await one.send(carriers) for one in (message, other)] == ["unknown", "unknown"]
    digits = str(message.message_id)[-4:]
    await give(receipt("777", mobile=MOBILE, extension=digits), receipt("778", mobile=MOBILE, extension="x"))
    assert await strays.sweep(now=NOW) == 0
    assert await strays.sweep(now=NOW + timedelta(seconds=61)) == 1
    assert (await message.state(), await other.state()) == ("delivered", "unknown")
    assert await parts_of(message) == [(1, 1, "mobile", "777", "delivered")]


async def test_without_serial_digits_two_that_could_be_meant_are_left_alone() -> None:
    message, other = await queue(), await queue()
    carriers = Carriers(in_order=[Recording(name="mobile", outcomes=[NO_ANSWER, NO_ANSWER])])
    for one in (message, other):
        await one.send(carriers)
    await give(receipt("777", mobile=MOBILE))
    assert await strays.sweep(now=NOW + timedelta(minutes=2)) == 0
    await store.execute("UPDATE sms_message SET state = 'delivered' WHERE message_id = $1", other.message_id)
    assert await strays.sweep(now=NOW + timedelta(minutes=3)) == 1
    assert await message.state() == "delivered"


async def test_a_receipt_for_nothing_of_ours_is_kept_and_ends_as_unknown() -> None:
    assert await give(receipt("999", mobile="13700000000"), receipt("999", mobile="13700000000")) == 0
    await strays.sweep(now=NOW + timedelta(hours=73))
    assert [tuple(row) for row in await store.rows("SELECT state, carrier_number FROM sms_stray_receipt")] == [
        ("unknown", "999")
    ]


async def test_a_message_that_waits_to_go_out_again_need_not_once_it_arrived() -> None:
    elsewhere = SubmitOutcome(status="rejected", code="10", message="", elsewhere=True, part_ids={1: "m-1"})
    message = await queue()
    assert await message.send(Carriers(in_order=[Recording(name="mobile", outcomes=[elsewhere])])) == "queued"
    assert await give(receipt("m-1")) == 1
    assert await message.state() == "delivered"


async def test_what_is_taken_counts_though_another_carrier_sends_it_in_the_end() -> None:
    message = await long_message()
    part = SubmitOutcome(status="rejected", code="8", message="", elsewhere=True, part_ids={1: "m-1"})
    carriers = Carriers(in_order=[Recording(name="mobile", outcomes=[part]), Recording(name="agent")])
    assert [await message.send(carriers) for _ in range(2)] == ["queued", "accepted"]
    assert [(row[0], row[1], row[2]) for row in await parts_of(message)] == [
        (1, 1, "mobile"),
        (2, 1, "agent"),
        (2, 2, "agent"),
    ]


async def test_answers_are_written_down_together_and_once() -> None:
    messages = [await queue() for _ in range(3)]
    carriers = Carriers(in_order=[Recording(name="mobile")])
    claimed = await sending.claim(carriers=carriers, now=NOW, lanes=range(3, 4), limit=10)
    assert len(claimed) == 3 and await sending.claim(carriers=carriers, now=NOW, lanes=range(3, 4), limit=10) == []
    outcomes = [await sending.hand_over(one, carriers=carriers, now=NOW) for one in claimed]
    for _ in range(2):
        await booking.record(outcomes, now=NOW)
    assert [await one.state() for one in messages] == ["accepted"] * 3
    assert await store.value("SELECT count(*) FROM sms_part") == 3


# Texts from outside


async def test_who_asks_for_it_gets_no_more_bulk() -> None:
    def text(number: str, words: str) -> InboundSms:
        return InboundSms(carrier="mobile", carrier_id=number, mobile=MOBILE, dest="1", text=words, received_at=NOW)

    assert await inbound.keep(texts=[text("1", " td "), text("1", "TD"), text("2", "请问退订怎么办理")], now=NOW) == 2
    assert await store.value("SELECT count(*) FROM sms_opt_out") == 1
    await inbound.keep(texts=[text("3", "恢复")], now=NOW)
    assert await store.value("SELECT count(*) FROM sms_opt_out") == 0
    rows = await store.rows("SELECT meaning, text_cipher FROM sms_inbound ORDER BY carrier_number")
    assert [row["meaning"] for row in rows] == ["opt_out", "other", "opt_in"]
    assert all("退订".encode() not in row["text_cipher"] for row in rows)


# Leases


async def test_one_process_holds_a_place_and_another_takes_over_when_it_falls_silent() -> None:
    first = await leases.take(name="g", places=1, holder="a", now=NOW)
    assert first is not None
    assert await leases.take(name="g", places=1, holder="b", now=NOW + timedelta(seconds=14)) is None
    assert await leases.beat(first, now=NOW + timedelta(seconds=14))
    second = await leases.take(name="g", places=1, holder="b", now=NOW + timedelta(seconds=30))
    assert second is not None and not await leases.beat(first, now=NOW + timedelta(seconds=30))
    await leases.give_back(first)
    assert await leases.beat(second, now=NOW + timedelta(seconds=31))


async def test_as_many_hold_places_as_the_contract_allows() -> None:
    held = [await leases.take(name="g", places=2, holder=str(n), now=NOW) for n in range(3)]
    assert [lease.place if lease else None for lease in held] == [0, 1, None]


async def test_of_two_gateways_one_sends_and_keeps_the_connection() -> None:
    carriers = [Recording(name="mobile", long=True) for _ in range(2)]
    gateways = [gateway_of(Carriers(in_order=[carrier])) for carrier in carriers]
    running = [asyncio.ensure_future(gateway.run()) for gateway in gateways]
    messages = [await queue() for _ in range(20)]
    await eventually(lambda: sum(len(carrier.sent) for carrier in carriers) == 20)
    assert sorted(gateway.holds for gateway in gateways) == [False, True]
    assert sorted(carrier.taker is not None for carrier in carriers) == [False, True]  # type: ignore[attr-defined]
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    assert {await message.state() for message in messages} == {"accepted"}
    assert await store.value("SELECT count(*) FROM sms_lease") == 0


# The controller in the database


def failing(carriers: Carriers, carrier: str, *, count: int = 30, now: datetime = NOW) -> None:
    for _ in range(count):
        carriers.note(carrier=carrier, failed=True, now=now)


async def test_evidence_of_two_processes_moves_the_carrier_for_both() -> None:
    one, two = (Carriers(in_order=[Recording(name="mobile"), Recording(name="agent")]) for _ in range(2))
    assert await control.tick(carriers=one, now=NOW) == []
    at = NOW + timedelta(seconds=30)
    failing(one, "mobile", count=12, now=at)
    assert await control.tick(carriers=one, now=at) == []
    failing(two, "mobile", count=12, now=at)
    (change,) = await control.tick(carriers=two, now=at)
    assert (change.after.carrier, change.after.phase) == ("mobile", "away")
    await control.refresh(carriers=one, now=at)
    assert one.shares["mobile"] == two.shares["mobile"] == 0
    assert one.pick(message_id=1, region="elsewhere").name == "agent"
    row = await store.row("SELECT carrier, share_before, share_after, reason, evidence, caused_by FROM sms_switch")
    assert row is not None
    assert dict(row) == {
        "carrier": "mobile",
        "share_before": 100,
        "share_after": 0,
        "reason": "失败率100.0%，样本24条",
        "evidence": {"submitted": 24, "failed": 24, "slow": 0},
        "caused_by": "system",
    }


async def test_a_lost_connection_is_told_and_moves_the_carrier() -> None:
    mobile = Recording(name="mobile", long=True, online=False)
    carriers = Carriers(in_order=[mobile, Recording(name="agent", balance=500)])
    await control.tell_condition(carriers=carriers, holds=True, now=NOW)
    await balances.ask(carriers=carriers, now=NOW)
    at = NOW + timedelta(seconds=20)
    (change,) = await control.tick(carriers=carriers, now=at)
    assert change.after.reason == "连接中断"
    assert await store.value("SELECT balance_parts FROM sms_standing WHERE carrier = 'agent'") == 500
    # who does not hold the connection says nothing of it
    mobile.online = True  # type: ignore[attr-defined]
    await control.tell_condition(carriers=carriers, holds=False, now=at)
    assert await store.value("SELECT online FROM sms_standing WHERE carrier = 'mobile'") is False
