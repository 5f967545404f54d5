"""The worker cut off at every point: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson
import pytest
from pgqueuer import RetryRequested

from domain import cases
from domain.kernel import database
from domain.kernel.failures import PartnerFailure
from domain.kernel.money import Money
from ops import worker
from ops.settings import Settings
from ops.subscriptions import Event
from ops.wiring import House
from tests.city import RunningHouse
from tests.factories import rent

ROOT = Path(__file__).resolve().parents[2]


async def unsent() -> int:
    return int(await database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL"))


async def queued() -> list[Event]:
    rows = await database.rows("SELECT payload FROM pgqueuer ORDER BY id")
    return [worker._unpacked(row["payload"]) for row in rows]


async def test_the_relay_hands_each_event_over_once(running: RunningHouse) -> None:
    await rent.apply(running, "zhang_wei")
    await rent.apply(running, "li_na")
    before = await unsent()
    moved = await asyncio.gather(*(worker.relay_once(running.house) for _ in range(4)))
    assert sum(moved) == before >= 2
    assert await worker.relay_once(running.house) == 0
    events = await queued()
    assert len({event.event_id for event in events}) == len(events) == before


async def test_a_relay_that_dies_before_its_commit_has_done_nothing(running: RunningHouse) -> None:
    def dies() -> datetime:
        raise asyncio.CancelledError

    await rent.apply(running, "zhang_wei")
    before = await unsent()
    with pytest.raises(asyncio.CancelledError):
        # the clock is read between queueing and marking
        await worker.relay_once(replace(running.house, clock=dies))
    assert (await unsent(), await queued()) == (before, [])
    await running.settle()
    assert await unsent() == 0


async def test_events_delivered_twice_have_one_effect(running: RunningHouse) -> None:
    case = await rent.approved(running, "zhang_wei")
    for _ in range(10):
        if not await worker.relay_once(running.house):
            break
        events = await queued()
        await database.execute("DELETE FROM pgqueuer")
        for event in [*events, *reversed(events)]:
            await worker.deliver(running.house, event, running.clock())
        await asyncio.gather(*(worker.sweep_once(running.house) for _ in range(3)))
    await running.settle()
    assert (await rent.now_at(case)).state == "completed"
    assert await rent.bank_bookings(running, case) == 1
    assert len(await rent.texts_about(running, case)) == 3
    assert await database.value("SELECT count(*) FROM sms_message") == 3
    await rent.assert_books_hold()


async def test_one_consumer_in_trouble_does_not_keep_the_others_waiting(
    running: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await rent.apply(running, "zhang_wei")
    table = dict(worker.SUBSCRIPTIONS)

    async def in_trouble(house: House, event: Event, now: datetime) -> None:
        raise PartnerFailure(partner="somebody", reason="away")

    table[cases.CASE_CHANGED] = (in_trouble, *table[cases.CASE_CHANGED])
    monkeypatch.setattr(worker, "SUBSCRIPTIONS", table)
    news = running.house.live.case_changes(case.case_no)
    await anext(news)
    await worker.relay_once(running.house)
    assert await running.deliver_queued() == 0, "it waits for its next try"
    async with asyncio.timeout(5):
        await anext(news)
    await news.aclose()


async def test_what_the_queue_keeps_of_a_failure_holds_no_words_of_it(running: RunningHouse) -> None:
    bug = orjson.dumps({"account_no": 1, "event_id": 2, "kind": "13800000001", "payload": {}})
    with pytest.raises(worker.ConsumerFailed) as failed:
        await worker.take(running.house, payload=bug, attempts=0)
    assert str(failed.value) == "KeyError"
    assert "13800000001" not in "".join(traceback.format_exception(failed.value))


async def test_trouble_of_a_partner_is_tried_again_and_at_last_kept(
    running: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rent.apply(running, "zhang_wei")
    await worker.relay_once(running.house)
    [given] = [
        row["payload"]
        for row in await database.rows("SELECT payload FROM pgqueuer")
        if worker._unpacked(row["payload"]).kind == cases.CASE_CHANGED
    ]

    async def in_trouble(house: House, event: Event, now: datetime) -> None:
        raise PartnerFailure(partner="somebody", reason="away")

    monkeypatch.setattr(worker, "SUBSCRIPTIONS", {cases.CASE_CHANGED: (in_trouble,)})
    with pytest.raises(RetryRequested):
        await worker.take(running.house, payload=given, attempts=0)
    with pytest.raises(worker.ConsumerFailed, match="PartnerFailure"):
        await worker.take(running.house, payload=given, attempts=worker.ATTEMPTS_MAX - 1)


@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_a_text_whose_answer_is_lost_is_not_sent_twice(running: RunningHouse, mode: str) -> None:
    await running.fault(simulator="sms", operation="submit", mode=mode, times=1, detail={"stage": "after"})
    case = await rent.apply(running, "zhang_wei")
    await running.settle()
    running.clock.advance(minutes=3)
    await running.settle()
    assert len(await rent.texts_about(running, case)) == 1
    assert (await running.simulated("calls", simulator="sms"))["counts"]["sms.submit"] == 1


# --- the real process, killed


def _environment(settings: Settings) -> dict[str, str]:
    given = {
        f"HPF_{name.upper()}": value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in settings
        if isinstance(value, str | int) or hasattr(value, "get_secret_value")
    }
    stores = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    # long enough for a bank that takes its time, on a busy machine too
    return {**os.environ, **given, **stores, "HPF_BANK_TIMEOUT_MS": "5000"}


@asynccontextmanager
async def worker_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.worker",
        cwd=ROOT,
        env=_environment(settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _progress() -> tuple[object, ...]:
    row = await database.row(
        "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL) AS sent,"
        " (SELECT string_agg(state, ',' ORDER BY payment_id) FROM payment) AS payments,"
        " (SELECT count(*) FROM sms_message WHERE state IN ('accepted', 'delivered')) AS texts"
    )
    assert row is not None
    return tuple(row.values())


async def _until_progress(before: tuple[object, ...]) -> None:
    async with asyncio.timeout(30):
        while await _progress() == before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _time_passes() -> None:
    """The process reads the machine's clock: instead of waiting, what waits is made older."""
    await database.execute("UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute' WHERE status = 'picked'")
    await database.execute("UPDATE pgqueuer SET execute_after = now() WHERE status = 'queued'")
    await database.execute("UPDATE sms_message SET sent_at = sent_at - interval '3 minutes' WHERE state = 'sending'")
    await database.execute("UPDATE sms_message SET sent_at = sent_at - interval '3 minutes' WHERE state = 'unknown'")
    await database.execute(
        "UPDATE payment SET next_query_at = now(), sent_at = sent_at - interval '3 minutes'"
        " WHERE state NOT IN ('confirmed', 'rejected', 'prepared')"
    )


async def _all_done() -> bool:
    row = await database.row(
        "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) + (SELECT count(*) FROM pgqueuer)"
        " + (SELECT count(*) FROM payment WHERE state NOT IN ('confirmed', 'rejected'))"
        " + (SELECT count(*) FROM sms_message WHERE state <> 'delivered') AS open"
    )
    assert row is not None
    return row["open"] == 0


async def _work_until_done(settings: Settings) -> None:
    async with worker_process(settings) as process, asyncio.timeout(60):
        while not await _all_done():
            assert process.returncode is None, "the worker ended by itself"
            await _time_passes()
            await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0, "SIGTERM ends it in order"


async def ten_approved(running: RunningHouse) -> list[cases.CaseView]:
    """Ten cases before their payment. With a silent registry everybody may apply, by a reviewer's word."""
    await running.fault(simulator="registries", operation="homes", mode="refuse")
    found = []
    for key in (
        "zhang_wei",
        "li_na",
        "wang_qiang",
        "chen_jing",
        "liu_yang",
        "sun_li",
        "zhou_jie",
        "wu_fang",
        "zheng_tao",
        "ma_li",
    ):
        await rent.set_account_state(key, "01")
        case = await rent.apply(running, key)
        await rent.review(running, case, "li.min", override_reason="已人工核实")
        found.append(await rent.review(running, case, "wang.fang"))
    return found


async def test_a_worker_killed_again_and_again_pays_and_tells_everybody_once(running: RunningHouse) -> None:
    approved = await ten_approved(running)
    await running.fault(simulator="bank", operation="pay", mode="slow", detail={"seconds": 0.2, "stage": "after"})
    for _ in range(3):
        before = await _progress()
        async with worker_process(running.settings):
            await _until_progress(before)
            # leaving the block kills it, in the middle of something
        await _time_passes()
    await _work_until_done(running.settings)

    for case in approved:
        ended = await rent.now_at(case)
        refused = (await rent.payment_of(case)).state == "rejected"
        assert ended.state == ("payment_failed" if refused else "completed")
        assert await rent.bank_bookings(running, case) == (0 if refused else 1)
        texts = await rent.texts_about(running, case)
        assert len(texts) == len(set(texts)) == 3, texts
        actions = [event.action for event in await cases.history_of(case=ended)]
        assert len(actions) == len(set(actions)) == 5
    assert await database.value("SELECT count(*) FROM payment WHERE state = 'rejected'") == 1
    assert await database.value("SELECT count(*) FROM voucher WHERE business_key LIKE 'withdrawal:%'") == 9
    assert Money(await database.value("SELECT sum(held_fen)::bigint FROM account_balance")) == Money.zero()
    await rent.assert_books_hold()
