"""The door of a partner who signs as in `channels.wire`; how many it lets in stands in `registry.yaml`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from channels.inbound.doors import Door, Parsed
from channels.inbound.journal import Kept
from channels.traffic import Traffic
from channels.wire import SignatureCheck

APP_HEADER = "x-agency-app"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDoor:
    check: SignatureCheck
    clock: Callable[[], datetime]
    traffic: Traffic

    def receiver(
        self,
        channel: str,
        *,
        parse: Callable[[bytes], Parsed],
        answer: Callable[[Kept, Parsed | None], Response],
        busy: Callable[[], Response],
    ) -> Callable[[Request], Awaitable[Response]]:
        """What takes the messages of a channel; see `Door.take`."""
        door = Door.of_channel(channel, clock=self.clock, traffic=self.traffic)

        async def receive(request: Request) -> Response:
            return await door.take(request, read=self._read, parse=parse, answer=answer, busy=busy)

        return receive

    async def _read(self, request: Request) -> tuple[bytes, str]:
        return await self.check.read(request), request.headers.get(APP_HEADER, "")
