"""A carrier in memory for tests of what stands above carriers: its own port, no protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime

from notifications.ports import OutgoingSms, QueryOutcome, SubmitOutcome, Taker


@dataclass
class _Recording:
    """Takes everything and keeps the order of it; `outcomes` are answered first, then `accepted`. `gate` closed makes
    every submission wait."""

    name: str
    settling_seconds: int = 60
    sent: list[OutgoingSms] = field(default_factory=list)
    outcomes: list[SubmitOutcome] = field(default_factory=list)
    gate: asyncio.Event | None = None
    balance: int | None = None

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome:
        self.sent.append(message)
        number = len(self.sent)
        if self.gate is not None:
            await self.gate.wait()
        if self.outcomes:
            return self.outcomes.pop(0)
        ids = {part: f"{self.name}-{number}-{part}" for part in range(1, message.parts + 1)}
        return SubmitOutcome(status="accepted", carrier_id=ids[1], code="0", message="已受理", part_ids=ids)

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        return QueryOutcome(status="unknown", code="no_query", message="等待状态报告")

    async def balance_parts(self, *, now: datetime) -> int | None:
        return self.balance


@dataclass
class _LongRecording(_Recording):
    connections_max: int = 1
    online: bool = True
    condition: str = "已连接"
    taker: Taker | None = None

    async def hold(self, *, take: Taker) -> None:
        self.taker = take
        await asyncio.Event().wait()


def Recording(*, name: str, long: bool = False, online: bool = True, **values: object) -> _Recording:
    if long:
        return _LongRecording(name=name, online=online, **values)  # type: ignore[arg-type]
    return _Recording(name=name, **values)  # type: ignore[arg-type]
