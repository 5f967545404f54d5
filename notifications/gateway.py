"""The gateway: the one task of all workers that holds the long connections and sends.

It claims lane by lane, keeps many submissions under way at once, and writes their answers down in batches. One-time
passwords and urgent messages have places of their own, in the work under way as in a carrier's window, so that bulk
never delays them; a notice of PostgreSQL wakes it for them. When it dies, its lease runs out and another worker's
gateway takes over; what was under way is asked after, never repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TypeVar

import structlog

from domain import policy
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.failures import StoreUnavailable
from notifications import booking, control, inbound, leases, receipts, sending
from notifications.booking import Outcome
from notifications.leases import Lease
from notifications.ports import InboundSms, LongConnection, Receipt, Taker
from notifications.routing import Carriers
from notifications.sending import URGENT_PRIORITIES, Claimed

NAME = "gateway"
_QUIET_PRIORITIES = range(2, 5)
_CLAIM_MAX = 16
_RECORD_MAX = 200
_IDLE_SECONDS = 0.5
_LEAVING_SECONDS = 5

_T = TypeVar("_T")

_log = structlog.get_logger("hpf.sms")


@dataclass(slots=True, kw_only=True)
class Gateway:
    """`under_way_max` submissions at once, `urgent_max` more for urgent ones. `quiet_hours`: whether ordinary messages
    wait for the morning. `wake` is set from outside when something urgent was queued."""

    carriers: Carriers
    clock: Callable[[], datetime]
    holder: str
    quiet_hours: bool = False
    under_way_max: int = 64
    urgent_max: int = 16
    places: int = 1
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    holds: bool = field(default=False, init=False)
    _room: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _under_way: int = field(default=0, init=False)
    _urgent_under_way: int = field(default=0, init=False)
    _answers: asyncio.Queue[Outcome] = field(default_factory=asyncio.Queue, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def run(self) -> None:
        """Until cancelled: waits for the lease, holds it, works, and waits again when it was lost."""
        while True:
            lease = await _unless_away(leases.take(name=NAME, places=self.places, holder=self.holder, now=self.clock()))
            if lease is None:
                await asyncio.sleep(leases.BEAT.total_seconds())
                continue
            _log.info("gateway holds", holder=self.holder, place=lease.place)
            await self._hold(lease)
            await asyncio.sleep(1)

    async def _hold(self, lease: Lease) -> None:
        self.holds = True
        recording = asyncio.ensure_future(self._record())
        working = [asyncio.ensure_future(self._beat(lease))]
        # each lane group at its own pace: an urgent message never waits for a claim of others to end
        working += [
            asyncio.ensure_future(self._pump(self.fill_urgent, self.wake)),
            asyncio.ensure_future(self._pump(self.fill_others, self._room)),
        ]
        working += [asyncio.ensure_future(self._keep(one)) for one in self.carriers.long_connections()]
        try:
            done, _ = await asyncio.wait([recording, *working], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (error := task.exception()) is not None:
                    _log.error("gateway stopped", error=type(error).__name__, exc_info=error)
        finally:
            self.holds = False
            for task in working:
                task.cancel()
            await asyncio.wait(working)
            # what is under way keeps its answer: it is written down before another may ask
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_LEAVING_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVING_SECONDS):
                    await self._answers.join()
            recording.cancel()
            await asyncio.wait([recording])
            with suppress(StoreUnavailable):
                await leases.give_back(lease)

    async def _beat(self, lease: Lease) -> None:
        """Ends when the lease is lost, or may be."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(leases.BEAT.total_seconds())
            held = await _unless_away(leases.beat(lease, now=self.clock()))
            if held:
                last = loop.time()
            elif held is False or loop.time() - last > leases.LOST_AFTER.total_seconds():
                _log.warning("gateway lost its lease", holder=self.holder)
                return
            await _unless_away(control.tell_condition(carriers=self.carriers, holds=True, now=self.clock()))

    async def _keep(self, connection: LongConnection) -> None:
        await connection.hold(take=self._taker())

    def _taker(self) -> Taker:
        async def take(told: Sequence[Receipt], texts: Sequence[InboundSms]) -> None:
            if told:
                await receipts.apply(receipts=told, now=self.clock(), carriers=self.carriers)
            if texts:
                await inbound.keep(texts=texts, now=self.clock())

        return take

    # Sending

    async def _pump(self, fill: Callable[[], Awaitable[int]], wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                moved = await fill()
            except StoreUnavailable:
                moved = 0
                await asyncio.sleep(1)
            if not moved:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_IDLE_SECONDS):
                        await wake.wait()

    async def fill_urgent(self) -> int:
        """Claims and starts as many urgent messages as there is room for. Gives how many."""
        return await self._start(URGENT_PRIORITIES, self.urgent_max - self._urgent_under_way)

    async def fill_others(self) -> int:
        """The same for the rest, in the order of lanes; none in quiet hours, and none while something urgent is on its
        way."""
        started = 0
        if self.quiet_hours and is_quiet(now=self.clock()):
            return started
        for priority in _QUIET_PRIORITIES:
            # a batch is worth its transaction; small enough that the loop turns meanwhile
            room = self.under_way_max - self._under_way
            if room < min(_CLAIM_MAX, self.under_way_max) or self._urgent_under_way or self.wake.is_set():
                break
            started += await self._start(range(priority, priority + 1), min(room, _CLAIM_MAX))
        return started

    async def fill(self) -> int:
        return await self.fill_urgent() + await self.fill_others()

    async def _start(self, lanes: range, room: int) -> int:
        if room <= 0:
            return 0
        claimed = await sending.claim(carriers=self.carriers, now=self.clock(), lanes=lanes, limit=room)
        urgent = lanes == URGENT_PRIORITIES
        if urgent:
            self._urgent_under_way += len(claimed)
        else:
            self._under_way += len(claimed)
        for one in claimed:
            task = asyncio.ensure_future(self._submit(one, urgent=urgent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed)

    async def _submit(self, claimed: Claimed, *, urgent: bool) -> None:
        try:
            self._answers.put_nowait(await sending.hand_over(claimed, carriers=self.carriers, now=self.clock()))
        finally:
            if urgent:
                self._urgent_under_way -= 1
            else:
                self._under_way -= 1
            if not self._urgent_under_way and self._under_way <= self.under_way_max - _CLAIM_MAX:
                self._room.set()

    async def _record(self) -> None:
        while True:
            batch = [await self._answers.get()]
            while len(batch) < _RECORD_MAX and not self._answers.empty():
                batch.append(self._answers.get_nowait())
            while True:
                try:
                    await booking.record(batch, now=self.clock())
                    break
                except StoreUnavailable:
                    await asyncio.sleep(1)
            for _ in batch:
                self._answers.task_done()


async def _unless_away(work: Awaitable[_T]) -> _T | None:
    """None while the store is away."""
    try:
        return await work
    except StoreUnavailable:
        return None


def is_quiet(*, now: datetime) -> bool:
    """Whether ordinary messages wait for the morning."""
    today = policy.on(business_date_of(now))
    begin, end = (time.fromisoformat(str(today.value(name))) for name in ("sms.quiet_from", "sms.quiet_until"))
    at = now.astimezone(SHANGHAI).time()
    return begin <= at or at < end if begin > end else begin <= at < end
