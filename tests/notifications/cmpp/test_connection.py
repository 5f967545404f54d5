"""A long connection against a gateway that behaves and misbehaves, over real sockets."""

import asyncio

import pytest

from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.messages import ActiveTest, Connect, Deliver, SubmitResp, Terminate
from notifications.carriers.cmpp.settings import LoginRefused, NoAnswer, NotSent
from notifications.carriers.cmpp.simulator import CmppGateway
from tests.contracts.sms_worlds import until
from tests.notifications.cmpp.links import MOBILE, Kept, opened, submit_of

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
