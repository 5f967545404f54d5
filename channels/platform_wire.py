"""Calls of a platform's interface that are counted, and left alone for a while when they keep failing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from channels.breaker import Breaker
from channels.traffic import Traffic
from channels.wire import WireFailure

T = TypeVar("T")


class PlatformWire:
    """One channel of `registry.yaml`. A breaker for each operation."""

    def __init__(
        self, *, partner: str, traffic: Traffic | None = None, make_breaker: Callable[[], Breaker] = Breaker
    ) -> None:
        self.partner = partner
        self._traffic = traffic
        self._breakers: defaultdict[str, Breaker] = defaultdict(make_breaker)

    @property
    def open_paths(self) -> list[str]:
        return sorted(path for path, breaker in self._breakers.items() if breaker.open)

    async def call(self, operation: str, work: Callable[[], Awaitable[T]], *, now: datetime) -> T:
        """Raises WireFailure, also ("paused") for an operation that is left alone."""
        breaker = self._breakers[operation]
        if not breaker.admit(now=now):
            raise WireFailure(partner=self.partner, trouble="paused", reason="近期多次无应答，暂停请求")
        started, outcome = asyncio.get_running_loop().time(), "failed"
        try:
            answer = await work()
            outcome = "done"
        except WireFailure:
            breaker.failed(now=now)
            raise
        except BaseException:
            breaker.given_up()
            raise
        finally:
            if self._traffic is not None:
                seconds = asyncio.get_running_loop().time() - started
                self._traffic.count(self.partner, "out", operation, outcome=outcome, seconds=seconds, now=now)
        breaker.succeeded()
        return answer
