"""Messages of partners: kept before they are answered, worked on once and in order, quarantined, replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels import inbound
from channels.inbound import Kept, Message, NotYet
from domain.cases.refusals import CASE_NOT_FOUND
from domain.kernel import database as store
from domain.kernel.actor import Actor
from domain.kernel.failures import PartnerFailure
from domain.kernel.refusal import Refused

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
CHANNEL = "city_platform"
SUPERVISOR = Actor(
    kind="staff", channel="backoffice", name="张主管", staff_id=9, roles=frozenset({"supervisor"}), assurance="password"
)
CLERK = Actor(kind="staff", channel="backoffice", staff_id=8, roles=frozenset({"service_desk"}), assurance="password")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def keep(key: str, content: str = "{}", *, now: datetime = NOW, **given: Any) -> Kept:
    return await inbound.keep(
        channel=CHANNEL, kind=given.pop("kind", "apply"), key=key, content=content.encode(), now=now, **given
    )


async def state_of(message_id: int) -> tuple[str, str | None, str | None]:
    row = await store.row("SELECT state, outcome, fault FROM inbound_message WHERE message_id = $1", message_id)
    assert row is not None
    return row["state"], row["outcome"], row["fault"]


async def work(clock: Clock, handle: Callable[[Message, datetime], Any], **other: Any) -> int:
    return await inbound.work(channel=CHANNEL, handlers={"apply": handle}, clock=clock, **other)


class Seen:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def __call__(self, message: Message, now: datetime) -> str:
        self.keys.append(message.key)
        return "已受理"


async def test_a_message_is_kept_sealed_and_worked_on_once(database: str, clock: Clock) -> None:
    kept = await keep("A1", '{"name": "张三"}')
    assert (kept.state, kept.repeated) == ("received", False)
    row = await store.row("SELECT content_cipher, bytes FROM inbound_message")
    assert (
        row is not None
        and "张三".encode() not in row["content_cipher"]
        and row["bytes"] == len('{"name": "张三"}'.encode())
    )
    seen = Seen()
    assert (await work(clock, seen), await work(clock, seen)) == (1, 0)
    assert seen.keys == ["A1"]
    assert await state_of(kept.message_id) == ("done", "已受理", None)


async def test_told_again_it_is_the_same_message(database: str, clock: Clock) -> None:
    first, again = await keep("A1"), await keep("A1")
    assert (again.message_id, again.repeated) == (first.message_id, True)
    seen = Seen()
    await work(clock, seen)
    late = await keep("A1")
    assert (late.state, late.repeated) == ("done", True)
    await work(clock, seen)
    assert seen.keys == ["A1"]
    assert await store.value("SELECT told FROM inbound_message") == 3


async def test_what_counts_as_the_same_is_the_essence(database: str) -> None:
    await keep("A1", '{"sent": 1}', essence=b"same")
    assert (await keep("A1", '{"sent": 2}', essence=b"same")).repeated


async def test_a_number_with_other_content_is_quarantined_and_changes_nothing(database: str, clock: Clock) -> None:
    first = await keep("A1", '{"amount": "1"}')
    other = await keep("A1", '{"amount": "2"}')
    assert (other.state, other.fault) == ("quarantined", "报文编号与先前报文相同，而内容不一致")
    assert (await keep("A1", '{"amount": "2"}')).message_id == other.message_id
    seen = Seen()
    await work(clock, seen)
    assert (await state_of(first.message_id))[0] == "done"
    assert (await state_of(other.message_id))[0] == "quarantined"
    with pytest.raises(Refused) as refused:
        await inbound.replay(actor=SUPERVISOR, message_id=other.message_id, reason="对方要求重放", now=NOW)
    assert refused.value.refusals[0].code == "inbound.other_content_stands"


async def test_a_hundred_at_once_are_one_message(database: str) -> None:
    kept = await asyncio.gather(*(keep("A1") for _ in range(100)))
    assert len({one.message_id for one in kept}) == 1
    assert sum(not one.repeated for one in kept) == 1


async def test_malformed_bytes_are_kept_as_they_came(database: str) -> None:
    kept = await inbound.quarantine(
        channel=CHANNEL, kind="unknown", content=b"\xff\x00<html>", fault="报文不是JSON", now=NOW
    )
    assert (
        await inbound.quarantine(
            channel=CHANNEL, kind="unknown", content=b"\xff\x00<html>", fault="报文不是JSON", now=NOW
        )
    ).repeated
    shown = await inbound.message_content(actor=SUPERVISOR, message_id=kept.message_id, reason="核对异常报文", now=NOW)
    assert shown.endswith("<html>")
    assert await store.value("SELECT count(*) FROM audit_event WHERE action = 'inbound.read'") == 1


async def test_messages_of_a_lane_are_worked_on_in_their_order_and_others_beside(database: str, clock: Clock) -> None:
    for number in range(3):
        await keep(f"L{number}", lane="letter-1", now=NOW + timedelta(seconds=number))
    await keep("M0", lane="letter-2", now=NOW + timedelta(seconds=9))
    clock.now = NOW + timedelta(seconds=10)
    seen = Seen()
    assert [await work(clock, seen) for _ in range(4)] == [2, 1, 1, 0]
    assert [key for key in seen.keys if key[0] == "L"] == ["L0", "L1", "L2"]
    assert seen.keys.index("M0") < seen.keys.index("L1")


async def test_what_came_too_early_waits_for_what_it_builds_on(database: str, clock: Clock) -> None:
    done: list[str] = []

    async def second_needs_first(message: Message, now: datetime) -> str:
        if message.key == "second" and "first" not in done:
            raise NotYet("前序报文尚未到达")
        done.append(message.key)
        return "已处理"

    second = await keep("second", lane="x")
    await work(clock, second_needs_first)
    assert await state_of(second.message_id) == ("received", None, "前序报文尚未到达")
    clock.now = NOW + timedelta(seconds=1)
    await keep("first", lane="x", now=clock.now)
    await work(clock, second_needs_first)
    await work(clock, second_needs_first)
    assert done == ["first", "second"]


async def test_what_never_gets_its_predecessor_is_shown_to_people(database: str, clock: Clock) -> None:
    async def never(message: Message, now: datetime) -> str:
        raise NotYet("前序报文尚未到达")

    kept = await keep("second")
    clock.now = NOW + timedelta(days=4)
    await work(clock, never)
    assert await state_of(kept.message_id) == ("quarantined", None, "前序报文尚未到达")


async def test_a_refusal_is_quarantined_at_once_in_its_own_words(database: str, clock: Clock) -> None:
    async def refuse(message: Message, now: datetime) -> str:
        raise Refused(CASE_NOT_FOUND())

    kept = await keep("A1")
    await work(clock, refuse)
    assert await state_of(kept.message_id) == ("quarantined", None, CASE_NOT_FOUND().message)


@pytest.mark.parametrize("trouble", [RuntimeError("13800000001"), PartnerFailure(partner="bank", reason="超时")])
async def test_trouble_is_tried_again_and_at_last_quarantined_without_personal_data(
    database: str, clock: Clock, trouble: Exception
) -> None:
    tries = 0

    async def fail(message: Message, now: datetime) -> str:
        nonlocal tries
        tries += 1
        raise trouble

    kept = await keep("A1")
    for _ in range(12):
        await work(clock, fail)
        clock.now += timedelta(minutes=10)
    state, _, fault = await state_of(kept.message_id)
    assert (state, tries) == ("quarantined", 8)
    assert fault is not None and "13800000001" not in fault


async def test_a_worker_that_died_leaves_its_message_to_the_next(database: str, clock: Clock) -> None:
    kept = await keep("A1")

    async def dies(message: Message, now: datetime) -> str:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await work(clock, dies)
    seen = Seen()
    assert await work(clock, seen) == 0, "its lease still runs"
    clock.now += timedelta(seconds=61)
    assert await work(clock, seen) == 1
    assert (await state_of(kept.message_id))[0] == "done"


async def test_two_workers_never_have_the_same_message(database: str, clock: Clock) -> None:
    for number in range(30):
        await keep(f"A{number}", lane=f"lane-{number % 3}", now=NOW + timedelta(milliseconds=number))
    clock.now = NOW + timedelta(seconds=1)
    seen = Seen()
    for _ in range(20):
        await asyncio.gather(work(clock, seen), work(clock, seen))
    assert sorted(seen.keys) == sorted(f"A{number}" for number in range(30))
    for lane in range(3):
        numbers = [int(key[1:]) for key in seen.keys if int(key[1:]) % 3 == lane]
        assert numbers == sorted(numbers)


async def test_one_channel_does_not_take_anothers(database: str, clock: Clock) -> None:
    await keep("A1")
    seen = Seen()
    assert await inbound.work(channel="national_transfer", handlers={"apply": seen}, clock=clock) == 0


async def test_an_unknown_kind_is_for_people(database: str, clock: Clock) -> None:
    kept = await keep("A1", kind="unheard_of")
    await work(clock, Seen())
    assert (await state_of(kept.message_id))[0] == "quarantined"


async def test_staff_replay_and_close_with_a_reason_that_is_kept(database: str, clock: Clock) -> None:
    async def refuse(message: Message, now: datetime) -> str:
        raise Refused(CASE_NOT_FOUND())

    kept = await keep("A1")
    await work(clock, refuse)
    for actor, reason, code in (
        (CLERK, "对方已更正", "access.not_permitted"),
        (SUPERVISOR, "啊", "inbound.reason_missing"),
    ):
        with pytest.raises(Refused) as refused:
            await inbound.replay(actor=actor, message_id=kept.message_id, reason=reason, now=NOW)
        assert refused.value.refusals[0].code == code
    assert (await state_of(kept.message_id))[0] == "quarantined"
    await inbound.replay(actor=SUPERVISOR, message_id=kept.message_id, reason="对方已更正资料", now=NOW)
    await work(clock, refuse)
    await inbound.close_message(actor=SUPERVISOR, message_id=kept.message_id, reason="与对方电话确认作废", now=NOW)
    assert (await state_of(kept.message_id))[0] == "closed"
    with pytest.raises(Refused) as refused:
        await inbound.replay(actor=SUPERVISOR, message_id=kept.message_id, reason="再试一次看看", now=NOW)
    assert refused.value.refusals[0].code == "inbound.not_quarantined"
    actions = await store.rows("SELECT action FROM audit_event ORDER BY at, event_id")
    assert {row["action"] for row in actions} == {"inbound.quarantined", "inbound.replayed", "inbound.closed"}


async def test_a_replayed_message_has_its_effect_once(database: str, clock: Clock) -> None:
    """A handler that finishes in its own transaction is called again and finds what it did."""
    kept = await keep("A1")

    async def effect(message: Message, now: datetime) -> str:
        async with store.transaction() as tx:
            await tx.execute(
                "INSERT INTO channel_switch VALUES ('x', $1, '原因', 'system', '系统', $2) ON CONFLICT DO NOTHING",
                message.key,
                now,
            )
            await inbound.finish(tx, message=message, outcome="已生效", now=now)
        return "已生效"

    await work(clock, effect)
    await inbound.replay(actor=SUPERVISOR, message_id=kept.message_id, reason="演练重放一次", now=NOW)
    await work(clock, effect)
    assert await state_of(kept.message_id) == ("done", "已生效", None)
    assert await store.value("SELECT count(*) FROM channel_switch") == 1


async def test_the_list_shows_pages_without_content(database: str) -> None:
    for number in range(5):
        await keep(f"A{number}", now=NOW + timedelta(seconds=number))
    page = await inbound.inbound_messages(
        actor=SUPERVISOR, filters=inbound.InboundFilters(channel=CHANNEL), first=3, after=None
    )
    assert [one.key for one in page.items] == ["A4", "A3", "A2"] and page.total == 5
    rest = await inbound.inbound_messages(
        actor=SUPERVISOR, filters=inbound.InboundFilters(channel=CHANNEL), first=3, after=page.end_cursor
    )
    assert [one.key for one in rest.items] == ["A1", "A0"] and not rest.has_next
    assert await inbound.inbound_counts(actor=SUPERVISOR) == {CHANNEL: {"received": 5}}
    with pytest.raises(Refused):
        await inbound.inbound_counts(actor=CLERK)
