"""The door of one channel: how many are let in at once and in a minute, and what becomes of what they bring.

The parts of the door that differ between partners (signature, form of the message, form of the answer) are handed in.
A partner that floods is answered "later" and cannot take the process away from the others (bulkhead); nothing that was
answered "taken" can be lost, because it is a row by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from channels.inbound.journal import Kept, keep, quarantine
from channels.registered import CHANNELS
from channels.traffic import Traffic
from channels.wire import SignatureRefused


class Unreadable(Exception):
    """The message is not what was agreed. `fault` is for staff, in Chinese, without personal data; `key` its number,
    where that much could be read."""

    def __init__(self, fault: str, *, kind: str = "unknown", key: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        self.kind = kind
        self.key = key


class TooMany(Exception):
    """The channel's quota is used up, or too many of its messages are being taken at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What the journal needs to know of a message; see `journal.keep`."""

    kind: str
    key: str
    lane: str = ""
    essence: bytes | None = None
    version: str = ""


Read = Callable[[Request], Awaitable[tuple[bytes, str]]]
"""The body of a request that comes from whom it says, and the caller's name. Raises SignatureRefused."""


@dataclass(slots=True, kw_only=True)
class Door:
    """`quota` messages a minute, `at_once` of them together."""

    channel: str
    clock: Callable[[], datetime]
    traffic: Traffic
    quota: int = 6_000
    at_once: int = 100
    _minute: int = 0
    _count: int = 0
    _inside: int = field(default=0)

    @classmethod
    def of_channel(cls, channel: str, *, clock: Callable[[], datetime], traffic: Traffic) -> Self:
        """With the numbers that `registry.yaml` gives the channel."""
        known = CHANNELS[channel]
        return cls(channel=channel, clock=clock, traffic=traffic, quota=known.quota, at_once=known.at_once)

    async def take(
        self,
        request: Request,
        *,
        read: Read,
        parse: Callable[[bytes], Parsed],
        answer: Callable[[Kept, Parsed | None], Response],
        busy: Callable[[], Response],
    ) -> Response:
        """Reads, keeps, answers. What cannot be parsed is kept in quarantine, and `answer` is told so."""
        started = asyncio.get_running_loop().time()
        kind, outcome = "unknown", "failed"
        try:
            self._enter()
        except TooMany:
            request.state.counted_by_quota = True
            self.traffic.count(self.channel, "in", "unknown", outcome="refused", seconds=0, now=self.clock())
            return busy()
        try:
            content, app = await read(request)
            now = self.clock()
            try:
                parsed = parse(content)
            except Unreadable as unreadable:
                kind, outcome = unreadable.kind, "refused"
                kept = await quarantine(
                    channel=self.channel,
                    kind=kind,
                    key=unreadable.key,
                    content=content,
                    fault=unreadable.fault,
                    app=app,
                    now=now,
                )
                return answer(kept, None)
            kind = parsed.kind
            kept = await keep(
                channel=self.channel,
                kind=kind,
                key=parsed.key,
                lane=parsed.lane,
                essence=parsed.essence,
                version=parsed.version,
                content=content,
                app=app,
                now=now,
            )
            outcome = "refused" if kept.state == "quarantined" else "done"
            return answer(kept, parsed)
        except SignatureRefused as refused:
            kind, outcome = refused.code, "refused"
            # a stranger has no part in the partner's quota: the limit of addresses counts it
            self._count = max(self._count - 1, 0)
            return refused.response()
        finally:
            self._inside -= 1
            seconds = asyncio.get_running_loop().time() - started
            self.traffic.count(self.channel, "in", kind, outcome=outcome, seconds=seconds, now=self.clock())

    def _enter(self) -> None:
        minute = int(self.clock().timestamp()) // 60
        if minute != self._minute:
            self._minute, self._count = minute, 0
        if self._inside >= self.at_once or self._count >= self.quota:
            raise TooMany
        self._count += 1
        self._inside += 1
