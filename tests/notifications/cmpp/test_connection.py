"""A long connection against a gateway that behaves and misbehaves, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.carrier import CmppCarrier, CmppSettings
from notifications.carriers.cmpp.connection import CmppConnection, connect
from notifications.carriers.cmpp.messages import ActiveTest, Connect, Deliver, Submit, SubmitResp, Terminate
from notifications.carriers.cmpp.settings import LinkSettings, LoginRefused, NoAnswer, NotSent
from notifications.carriers.cmpp.simulator import CmppGateway
from notifications.ports import InboundSms, OutgoingSms, Receipt
from tests.contracts.sms_worlds import until

NOW = datetime(2026, 11, 29, 7, 30, tzinfo=UTC)
SECRET = "secret-of-the-test"
MOBILE = "13800001234"


def settings(port: int, **change: object) -> LinkSettings:
    base = LinkSettings(
        name="mobile",
        host="127.0.0.1",
        port=port,
        source="901234",
        secret=SECRET,
        answer_seconds=0.1,
        connect_seconds=0.5,
        back_off_seconds=0.01,
        back_off_seconds_max=0.02,
    )
    return replace(base, **change)


def submit_of(mobile: str = MOBILE, text: str = "您好") -> Submit:
    return Submit(
        service_id="GJJ",
        fmt=8,
        msg_src="901234",
        src_id="10657123",
        destinations=(mobile,),
        content=text.encode("utf-16-be"),
    )


@asynccontextmanager
async def gateway_at_work() -> AsyncIterator[tuple[CmppGateway, int]]:
    gateway = CmppGateway(secrets={"901234": SECRET}, clock=lambda: NOW)
    port = await gateway.start()
    try:
        yield gateway, port
    finally:
        await gateway.stop()


@pytest.fixture
async def gateway() -> AsyncIterator[CmppGateway]:
    async with gateway_at_work() as (gateway, _):
        yield gateway


def port_of(gateway: CmppGateway) -> int:
    assert gateway._server is not None
    return int(gateway._server.sockets[0].getsockname()[1])


@dataclass
class Kept:
    """What came in; `broken` makes the keeping fail."""

    delivers: list[Deliver] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, delivers: list[Deliver]) -> None:
        if self.broken:
            raise OSError("the store is away")
        self.delivers.extend(delivers)


async def opened(gateway: CmppGateway, *, kept: Kept | None = None, **change: object) -> CmppConnection:
    return await connect(settings=settings(port_of(gateway), **change), deliver=kept or Kept(), now=NOW)


# Login


@pytest.mark.parametrize(("change", "status"), [({"secret": "another"}, 3), ({"source": "905555"}, 2)])
async def test_a_wrong_login_is_refused(gateway: CmppGateway, change: dict[str, str], status: int) -> None:
    with pytest.raises(LoginRefused) as refusal:
        await opened(gateway, **change)
    assert (refusal.value.status, gateway.logins) == (status, [])


async def test_a_gateway_that_cannot_prove_the_secret_is_left(gateway: CmppGateway) -> None:
    gateway.faults.add(operation="connect", mode="garbage", times=1, detail={"what": "authenticator"})
    with pytest.raises(LoginRefused) as refusal:
        await opened(gateway)
    assert refusal.value.status == 0


@pytest.mark.parametrize(
    ("mode", "detail"),
    [
        ("timeout", {}),
        ("error500", {}),
        ("garbage", {"what": "length"}),
        ("garbage", {"what": "body"}),
        ("garbage", {"what": "command"}),
    ],
)
async def test_a_login_without_a_usable_answer_fails(gateway: CmppGateway, mode: str, detail: dict[str, str]) -> None:
    gateway.faults.add(operation="connect", mode=mode, times=1, detail=detail)  # type: ignore[arg-type]
    with pytest.raises(NoAnswer):
        await opened(gateway, connect_seconds=0.1)


async def test_more_connections_than_the_contract_allows_are_refused(gateway: CmppGateway) -> None:
    first = await opened(gateway)
    with pytest.raises(LoginRefused) as refusal:
        await opened(gateway)
    assert refusal.value.status == 5
    await first.leave()


# Submitting


async def test_the_window_is_never_exceeded_and_nothing_is_lost(gateway: CmppGateway) -> None:
    connection = await opened(gateway, window=4, reserved=1, answer_seconds=5)
    gateway.faults.add(operation="submit", mode="slow", detail={"seconds": 0.002})
    used: list[int] = []

    async def one(number: int) -> int:
        answer = await connection.submit(submit_of(text=str(number)))
        used.append(connection.window_used)
        return answer.msg_id

    numbers = await asyncio.gather(*(one(number) for number in range(60)))
    assert (len(set(numbers)), gateway.taken_count, max(used) <= 3) == (60, 60, True)
    assert (connection.window_used, connection.waiting) == (0, 0)
    await connection.leave()


async def test_an_urgent_message_overtakes_all_that_wait(gateway: CmppGateway) -> None:
    connection = await opened(gateway, window=2, reserved=1, answer_seconds=5)
    gateway.faults.add(operation="submit", mode="slow", detail={"seconds": 0.01})
    ordinary = [asyncio.ensure_future(connection.submit(submit_of(text=f"慢{number}"))) for number in range(20)]
    await until(lambda: gateway.faults.counts["cmpp.submit"] == 1)
    await connection.submit(submit_of(text="验证码"), urgent=True)
    assert sum(one.done() for one in ordinary) <= 2
    await asyncio.gather(*ordinary)
    await connection.leave()


async def test_an_answer_to_another_sequence_is_not_taken_for_ours(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.faults.add(operation="submit", mode="garbage", detail={"what": "sequence"})
    with pytest.raises(NoAnswer):
        await connection.submit(submit_of())
    assert (connection.counts["stray_answer"], connection.closed.is_set()) == (1, True)


async def test_an_answer_twice_changes_nothing(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.faults.add(operation="submit", mode="answer_twice", times=1)
    assert (await connection.submit(submit_of())).result == 0
    assert (await connection.submit(submit_of())).result == 0
    assert (connection.counts["stray_answer"], gateway.taken_count) == (1, 2)
    await connection.leave()


async def test_a_malformed_answer_leaves_only_its_own_message_open(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.faults.add(operation="submit", mode="garbage", times=1, detail={"what": "body"})
    with pytest.raises(NoAnswer):
        await connection.submit(submit_of())
    assert (await connection.submit(submit_of())).result == 0
    assert connection.counts["malformed"] == 1
    await connection.leave()


async def test_an_impossible_length_ends_the_connection(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.faults.add(operation="submit", mode="garbage", times=1, detail={"what": "length"})
    with pytest.raises(NoAnswer):
        await connection.submit(submit_of())
    assert (connection.why, connection.counts["broken_framing"]) == ("framing broken", 1)
    with pytest.raises(NotSent):
        await connection.submit(submit_of())


async def test_a_gateway_that_closes_in_the_middle(gateway: CmppGateway) -> None:
    connection = await opened(gateway, window=2, reserved=0, answer_seconds=5)
    gateway.faults.add(operation="submit", mode="error500", times=1, detail={"stage": "after"})
    gateway.faults.add(operation="submit", mode="timeout")
    results = await asyncio.gather(*(connection.submit(submit_of()) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [NoAnswer] * 2 + [NotSent] * 3
    assert gateway.taken_count == 1


async def test_without_an_answer_a_submit_goes_out_once(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.faults.add(operation="submit", mode="timeout", detail={"stage": "after"})
    with pytest.raises(NoAnswer):
        await connection.submit(submit_of())
    assert (gateway.faults.counts["cmpp.submit"], gateway.taken_count, connection.why) == (1, 1, "no answer")


async def test_where_the_gateway_knows_its_sequences_a_submit_is_resent_and_taken_once(gateway: CmppGateway) -> None:
    connection = await opened(gateway, resend_submits=True)
    gateway.faults.add(operation="submit", mode="timeout", times=2, detail={"stage": "after"})
    assert (await connection.submit(submit_of())).result == 0
    assert (gateway.faults.counts["cmpp.submit"], gateway.taken_count, connection.counts["resent"]) == (3, 1, 2)
    await connection.leave()


async def test_after_three_resends_the_connection_is_given_up(gateway: CmppGateway) -> None:
    connection = await opened(gateway, resend_submits=True, answer_seconds=0.02)
    gateway.faults.add(operation="submit", mode="timeout")
    with pytest.raises(NoAnswer):
        await connection.submit(submit_of())
    assert gateway.faults.counts["cmpp.submit"] == 4


async def test_sequence_numbers_wrap(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    connection._sequence = pdu.SEQUENCE_MAX - 1
    answers = [await connection.submit(submit_of()) for _ in range(3)]
    assert ([answer.result for answer in answers], connection._sequence) == ([0, 0, 0], 2)
    await connection.leave()


async def test_a_message_that_nobody_waits_for_any_more_is_not_sent(gateway: CmppGateway) -> None:
    connection = await opened(gateway, window=1, reserved=0, answer_seconds=5)
    gateway.faults.add(operation="submit", mode="slow", times=1, detail={"seconds": 0.05})
    first = asyncio.ensure_future(connection.submit(submit_of(text="一")))
    given_up = asyncio.ensure_future(connection.submit(submit_of(text="二")))
    await until(lambda: connection.waiting == 1)
    given_up.cancel()
    await first
    assert (await connection.submit(submit_of(text="三"))).result == 0
    assert [part.piece for part in gateway.taken] == ["一", "三"]
    await connection.leave()


# Heartbeat and what the gateway says


async def test_silence_brings_a_heartbeat(gateway: CmppGateway) -> None:
    connection = await opened(gateway, idle_seconds=0.02)
    await until(lambda: gateway.faults.counts["cmpp.active_test"] >= 2)
    assert not connection.closed.is_set()
    await connection.leave()


async def test_heartbeats_without_an_answer_end_the_connection(gateway: CmppGateway) -> None:
    gateway.faults.add(operation="active_test", mode="timeout")
    connection = await opened(gateway, idle_seconds=0.01, answer_seconds=0.02)
    await until(connection.closed.is_set)
    # one and three more
    assert (gateway.faults.counts["cmpp.active_test"], connection.why) == (4, "no answer")


async def test_a_gateways_heartbeat_is_answered_and_its_nonsense_passed_over(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.say(ActiveTest())
    gateway.say(submit_of())
    gateway.say(Connect(source="901234", authenticator=bytes(16), version=pdu.V20, timestamp=0))
    gateway.say(SubmitResp(msg_id=1, result=0))
    gateway.say_octets(pdu.HEADER.pack(12, 0x7777, 5))
    assert (await connection.submit(submit_of())).result == 0
    counted = {name: connection.counts[name] for name in ("unexpected", "malformed", "stray_answer")}
    assert counted == {"unexpected": 2, "malformed": 1, "stray_answer": 1}
    await connection.leave()


async def test_octets_one_by_one_are_the_same_message(gateway: CmppGateway) -> None:
    kept = Kept()
    connection = await opened(gateway, kept=kept)
    octets = pdu.encode(
        Deliver(msg_id=5, dest_id="1", service_id="", fmt=0, source=MOBILE, report=False, content=b"TD"),
        sequence=9,
        version=pdu.V20,
    )
    for one in octets:
        connection.data_received(bytes((one,)))
    await until(lambda: len(kept.delivers) == 1)
    assert kept.delivers[0].content == b"TD"
    await connection.leave()


async def test_terminate_from_the_gateway_is_answered_and_ends_it(gateway: CmppGateway) -> None:
    connection = await opened(gateway)
    gateway.say(Terminate())
    await until(connection.closed.is_set)
    assert connection.why == "terminated by the gateway"


async def test_leaving_waits_for_answers_that_are_due(gateway: CmppGateway) -> None:
    connection = await opened(gateway, window=1, reserved=0, answer_seconds=5)
    gateway.faults.add(operation="submit", mode="slow", times=1, detail={"seconds": 0.05})
    under_way = asyncio.ensure_future(connection.submit(submit_of()))
    waiting = asyncio.ensure_future(connection.submit(submit_of()))
    await until(lambda: gateway.faults.counts["cmpp.submit"] == 1)
    await connection.leave()
    assert (await under_way).result == 0
    with pytest.raises(NotSent):
        await waiting
    assert gateway.taken_count == 1


# What comes in


async def test_a_report_that_could_not_be_kept_is_not_acknowledged_and_comes_again(gateway: CmppGateway) -> None:
    kept = Kept(broken=True)
    connection = await opened(gateway, kept=kept)
    await connection.submit(submit_of())
    await until(lambda: connection.counts["not_kept"] == 1)
    assert gateway.acknowledged == 0
    await connection.leave()
    await until(lambda: not gateway.online())

    kept.broken = False
    again = await opened(gateway, kept=kept)
    await until(lambda: gateway.acknowledged == 1)
    assert pdu.read_report(kept.delivers[0].content).stat == "DELIVRD"
    await again.leave()


async def test_a_malformed_deliver_is_answered_with_an_error(gateway: CmppGateway) -> None:
    kept = Kept()
    connection = await opened(gateway, kept=kept)
    gateway.say_octets(pdu.HEADER.pack(15, pdu.DELIVER, 77) + b"abc")
    gateway.text_from(mobile=MOBILE, dest_id="10657123", content="退订".encode("utf-16-be"))
    await until(lambda: gateway.acknowledged == 1)
    assert (len(kept.delivers), connection.counts["malformed"]) == (1, 1)
    await connection.leave()


# The carrier above it


@dataclass
class Told:
    receipts: list[Receipt] = field(default_factory=list)
    inbound: list[InboundSms] = field(default_factory=list)

    async def __call__(self, receipts: Sequence[Receipt], inbound: Sequence[InboundSms]) -> None:
        self.receipts.extend(receipts)
        self.inbound.extend(inbound)


@asynccontextmanager
async def carrier_at_work(
    gateway: CmppGateway, *, told: Told | None = None, **change: object
) -> AsyncIterator[CmppCarrier]:
    carrier = CmppCarrier(
        settings=CmppSettings(
            link=settings(port_of(gateway), **change), service_id="GJJ", src_id="10657123", serial_digits=4
        ),
        clock=lambda: NOW,
    )
    holding = asyncio.create_task(carrier.hold(take=told or Told()))
    try:
        yield carrier
    finally:
        holding.cancel()
        await asyncio.wait([holding])


def message_of(text: str, number: int = 7_001) -> OutgoingSms:
    return OutgoingSms(message_id=number, mobile=MOBILE, text=text, parts=1)


async def test_a_long_message_is_put_together_again(gateway: CmppGateway) -> None:
    told = Told()
    text = "【北京公积金】" + "您的提取申请已受理😀" * 20
    async with carrier_at_work(gateway, told=told) as carrier:
        await until(lambda: carrier.online)
        outcome = await carrier.submit(message=message_of(text), now=NOW)
        assert (outcome.status, list(outcome.part_ids)) == ("accepted", [1, 2, 3, 4])
        await until(lambda: len(told.receipts) == 4)
    (whole,) = gateway.messages()
    assert (whole["text"], whole["parts"]) == (text, 4)
    assert {receipt.carrier_id for receipt in told.receipts} == set(outcome.part_ids.values())


async def test_a_part_that_is_refused_leaves_what_was_taken_to_be_counted(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.faults.add(operation="submit", mode="normal", times=1)
        gateway.faults.add(operation="submit", mode="refuse", detail={"code": 10})
        outcome = await carrier.submit(message=message_of("字" * 100), now=NOW)
        assert (outcome.status, outcome.elsewhere, list(outcome.part_ids)) == ("rejected", True, [1])


async def test_flow_control_is_waited_out(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.faults.add(operation="submit", mode="refuse", times=1, detail={"code": 8})
        assert (await carrier.submit(message=message_of("您好"), now=NOW)).status == "accepted"
        assert gateway.faults.counts["cmpp.submit"] == 2


async def test_the_link_comes_back_by_itself(gateway: CmppGateway) -> None:
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.online)
        gateway.drop_all()
        await until(lambda: len(gateway.logins) == 2 and carrier.online)
        assert (await carrier.submit(message=message_of("您好"), now=NOW)).status == "accepted"
    assert carrier.online is False


async def test_without_a_connection_another_carrier_may_take_it(gateway: CmppGateway) -> None:
    gateway.faults.add(operation="connect", mode="refuse", detail={"code": 3})
    async with carrier_at_work(gateway) as carrier:
        await until(lambda: carrier.link.news.state == "refused")
        outcome = await carrier.submit(message=message_of("您好"), now=NOW)
        assert (outcome.status, outcome.code, outcome.elsewhere) == ("rejected", "not_connected", True)
        assert carrier.condition == "登录被拒（3）"


async def test_texts_and_reports_from_outside(gateway: CmppGateway) -> None:
    told = Told()
    async with carrier_at_work(gateway, told=told) as carrier:
        await until(lambda: carrier.online)
        gateway.text_from(mobile="+8613800001234", dest_id="106571230001", content=b"TD", fmt=0)
        gateway.say(Deliver(msg_id=9, dest_id="1", service_id="", fmt=0, source="", report=True, content=b"short"))
        await carrier.submit(message=message_of("您好", number=17_001), now=NOW)
        await until(lambda: len(told.receipts) == 1)
    (text,) = told.inbound
    assert (text.mobile, text.text, text.dest) == (MOBILE, "TD", "106571230001")
    (receipt,) = told.receipts
    assert (receipt.mobile, receipt.extension, receipt.status) == (MOBILE, "7001", "delivered")
    assert MOBILE not in repr(text) + repr(receipt) and SECRET not in repr(carrier.settings)
