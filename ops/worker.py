"""The worker: hands events from the outbox to the queue and the queue to their consumers, and moves on what waits
for banks and carriers. `python -m ops.worker`.

Everything it does can be cut off at any point and done again: an event is marked in the transaction that queues it,
each consumer's effect has its own key, payments and messages are asked after before they are told again. Several
workers at once are safe.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import orjson
import structlog
from pgqueuer import PgQueuer, RetryRequested
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from auth import evidence, keys, kiosks, outlets
from auth.grants import usage
from domain import cases, settlement, withdrawals
from domain.kernel import database
from domain.kernel.dates import business_date_of
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from notifications import receipts, sending
from ops import (
    city_platform,
    collection,
    dayend,
    exchange,
    messages,
    partners,
    retirement,
    reviews,
    rotation,
    sms,
    telemetry,
    traffic,
    transfers,
)
from ops import settings as configuration
from ops.migrate import ensure_partitions
from ops.subscriptions import SUBSCRIPTIONS, Event
from ops.wiring import House, open_house

RELAY_BATCH = 200
RELAY_IDLE_SECONDS = 0.3
SWEEP_SECONDS = 1.0
SEAL_SECONDS = 2.0
USAGE_SECONDS = 60.0
ROTATION_SECONDS = 10.0
DAY_END_SECONDS = 5.0
ATTEMPTS_MAX = 12
ENTRYPOINT = "event"

log = structlog.get_logger("hpf.worker")


class ConsumerFailed(Exception):
    """A failure as the queue may keep it, by its kind alone: pgqueuer stores and prints the words of exceptions, which
    may quote personal data. The log has the rest."""


async def relay_once(house: House) -> int:
    """Moves unsent events to the queue; marking and queueing are one transaction. Returns how many."""
    async with database.transaction() as tx:
        events = await tx.rows(
            "SELECT account_no, event_id, kind, payload FROM outbox WHERE sent_at IS NULL"
            " ORDER BY event_id LIMIT $1 FOR UPDATE SKIP LOCKED",
            RELAY_BATCH,
        )
        if not events:
            return 0
        payloads: list[bytes | None] = [_packed(row) for row in events]
        queue = Queries.from_asyncpg_connection(tx._connection)
        await queue.enqueue([ENTRYPOINT] * len(events), payloads, [0] * len(events))
        now = house.clock()
        for row in events:
            await tx.execute(
                "UPDATE outbox SET sent_at = $3 WHERE account_no = $1 AND event_id = $2 AND sent_at IS NULL",
                row["account_no"],
                row["event_id"],
                now,
            )
    return len(events)


async def deliver(house: House, event: Event, now: datetime) -> None:
    """Runs every consumer of the event; one that fails does not keep the others from it, and is tried again."""
    failures: list[Exception] = []
    for consumer in SUBSCRIPTIONS[event.kind]:
        try:
            with telemetry.job_span(event.kind, consumer.__name__):
                await consumer(house, event, now)
        except Exception as error:
            telemetry.JOBS_FAILED.labels(kind=event.kind, consumer=consumer.__name__).inc()
            log.warning("consumer failed", kind=event.kind, consumer=consumer.__name__, error=type(error).__name__)
            failures.append(error)
    if failures:
        raise failures[0]


async def take(house: House, *, payload: bytes, attempts: int) -> None:
    """One job of the queue. Raises RetryRequested while trouble outside of us may pass, else ConsumerFailed."""
    try:
        await deliver(house, _unpacked(payload), house.clock())
    except (PartnerFailure, StoreUnavailable) as error:
        kind = type(error).__name__
        if attempts + 1 >= ATTEMPTS_MAX:
            raise ConsumerFailed(kind) from None
        raise RetryRequested(delay=timedelta(seconds=min(2**attempts, 300)), reason=kind) from None
    except Exception as error:
        log.error("job held", error=type(error).__name__, exc_info=error)
        raise ConsumerFailed(type(error).__name__) from None


async def sweep_once(house: House, *, sends: bool = True) -> int:
    """Payments whose result is open, messages that wait, receipts. Returns the number of
    things moved; one that fails is left for the next sweep. `sends` False leaves queued messages to the gateway."""
    now = house.clock()
    moved = 0
    for account_no, payment_id in await settlement.payments_due(now=now):
        moved += await _guarded(
            "payment",
            withdrawals.pay(
                account_no=account_no,
                payment_id=payment_id,
                gateway=house.gateway,
                life=house.registries.life,
                now=now,
                business_date=business_date_of(now),
            ),
        )
    due_messages = sending.due_messages if sends else sending.unclear_messages
    for due in await due_messages(now=now):
        moved += await _guarded(
            "sms",
            sending.send_due(
                account_no=due.account_no,
                message_id=due.message_id,
                carriers=house.carriers,
                now=house.clock(),
            ),
        )
    today = business_date_of(now)
    asking = withdrawals.ask_ahead(registries=house.registries, business_date=today, now=now)
    moved += await _guarded("arrangements", asking, counts=False)
    moved += await _guarded("reminders", withdrawals.remind(business_date=today, now=now), counts=False)
    steps = await settlement.due_steps(gateway=house.gateway, funds=house.funds, now=now, business_date=today)
    for kind, step in steps:
        moved += await _guarded(kind, step())
    moved += await _guarded("outlets", outlets.put_due_in_force(now=now), counts=False)
    moved += await _guarded("kiosks", kiosks.end_idle(now=now), counts=False)
    moved += await _guarded("drafts", cases.sweep_drafts(now=now), counts=False)
    moved += await _guarded("refused", withdrawals.forget_refused(business_date=today), counts=False)
    late = cases.escalate_late(business_date=today, now=now)
    moved += await _guarded("late reviews", late, counts=False)
    corrections = cases.expire_corrections(matters=house.matters, business_date=today, now=now)
    moved += await _guarded("corrections", corrections, counts=False)
    moved += await _guarded("retirements", retirement.try_again(house, now), counts=False)
    moved += await _guarded("rectifications", cases.sweep_rectifications(now=now, business_date=today), counts=False)
    for kind, step in await collection.steps_due(house, now):
        moved += await _guarded(kind, step())
    moved += await _guarded("collection", collection.collect_due(house, now), counts=False)
    moved += await _guarded("exchange", exchange.sweep(house, now), counts=False)
    moved += await _guarded("matching", settlement.match_what_crossed(now=now, business_date=today), counts=False)
    moved += await _guarded("receipts", receipts.collect(carriers=house.carriers, now=house.clock()), counts=False)
    return moved


async def _guarded(kind: str, work: Awaitable[object], *, counts: bool = True) -> int:
    try:
        await work
    except StoreUnavailable:
        raise
    except Exception as error:
        telemetry.JOBS_FAILED.labels(kind=kind, consumer="sweep").inc()
        log.warning("sweep failed", kind=kind, error=type(error).__name__)
        return 0
    return int(counts)


async def daily(house: House) -> None:
    """Upkeep that is due now and then: next months' partitions and a fresh signing key."""
    await keys.ensure_key(now=house.clock())
    await collection.end_freezes(house, house.clock())
    await transfers.refresh(house)
    connection = await asyncpg.connect(house.settings.database_url, timeout=10)
    try:
        await ensure_partitions(connection, around=house.clock())
    finally:
        await connection.close()


async def run(house: House, *, stopped: asyncio.Event) -> None:
    """Works until `stopped` is set; a store that is away for a while only makes it wait."""
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(_repeat(lambda: relay_once(house), idle=RELAY_IDLE_SECONDS)),
            group.create_task(_repeat(lambda: evidence.seal(now=house.clock()), idle=SEAL_SECONDS)),
            group.create_task(_repeat(lambda: _change_keys(house), idle=ROTATION_SECONDS)),
            group.create_task(_repeat(lambda: _carry_usage(house), idle=USAGE_SECONDS)),
            group.create_task(_repeat(lambda: sweep_once(house, sends=False), idle=SWEEP_SECONDS)),
            group.create_task(sms.run_gateway(house)),
            group.create_task(_repeat(lambda: sms.tick(house), idle=sms.TICK_SECONDS)),
            group.create_task(_repeat(lambda: sms.count(house), idle=sms.COUNT_SECONDS)),
            group.create_task(_repeat(lambda: sms.ask_balances(house), idle=sms.BALANCE_SECONDS)),
            group.create_task(_repeat(lambda: daily(house), idle=3600)),
            group.create_task(_repeat(lambda: _consume(house), idle=RELAY_IDLE_SECONDS)),
            group.create_task(_repeat(lambda: _day_end(house), idle=DAY_END_SECONDS)),
            group.create_task(_repeat(lambda: _retries(house), idle=DAY_END_SECONDS)),
            group.create_task(
                _repeat(lambda: reviews.push_all(house, stopped=stopped, idle=RELAY_IDLE_SECONDS), idle=1)
            ),
            group.create_task(_repeat(lambda: transfers.push_due(house), idle=SWEEP_SECONDS)),
            group.create_task(_repeat(lambda: city_platform.push_due(house), idle=SWEEP_SECONDS)),
            group.create_task(_repeat(lambda: messages.send(house), idle=RELAY_IDLE_SECONDS)),
            group.create_task(traffic.keep_flushing(house)),
            *(
                # each channel in a loop of its own: one whose messages are slow keeps nobody else's waiting
                group.create_task(_repeat(partners.worker_of(house, channel), idle=RELAY_IDLE_SECONDS))
                for channel in partners.HANDLERS
            ),
        ]
        await stopped.wait()
        for task in loops:
            task.cancel()


async def _change_keys(house: House) -> int:
    return await rotation.step(dsn=house.settings.database_url, now=house.clock())


async def _carry_usage(house: House) -> None:
    await usage.carry_over(now=house.clock())


async def _day_end(house: House) -> int:
    return await dayend.tick(settings=house.settings, clock=house.clock)


async def _retries(house: House) -> int:
    return await dayend.serve_retries(settings=house.settings, clock=house.clock)


async def _repeat(work: Callable[[], Awaitable[int | None]], *, idle: float) -> None:
    while True:
        try:
            moved = await work()
        except Exception as error:
            # A store or the queue's connection is away: what was not done is still there when it is back.
            log.warning("worker waits", error=type(error).__name__)
            moved = None
            await asyncio.sleep(1)
        if not moved:
            await asyncio.sleep(idle)


async def _consume(house: House) -> None:
    connection = await asyncpg.connect(
        house.settings.database_url, timeout=10, server_settings={"role": house.settings.database_role}
    )
    try:
        pgq = PgQueuer(AsyncpgDriver(connection))

        @pgq.entrypoint(ENTRYPOINT, on_failure="hold", concurrency_limit=house.settings.worker_concurrency)
        async def handle(job: Job) -> None:
            await take(house, payload=job.payload or b"{}", attempts=job.attempts)

        await pgq.run(dequeue_timeout=timedelta(seconds=1), batch_size=20, heartbeat_timeout=timedelta(seconds=30))
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=2)


def _packed(row: database.Record) -> bytes:
    return orjson.dumps(
        {
            "account_no": row["account_no"],
            "event_id": row["event_id"],
            "kind": row["kind"],
            "payload": row["payload"],
        }
    )


def _unpacked(packed: bytes) -> Event:
    return Event(**orjson.loads(packed))


async def _main() -> None:
    settings = configuration.load()
    telemetry.configure(settings, service="hpf-worker")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with open_house(settings) as house:
        log.info("worker ready")
        await run(house, stopped=stopped)


def main() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_main())


if __name__ == "__main__":
    main()
