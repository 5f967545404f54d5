"""A CMPP connection that is kept up: it logs in again after every end, with growing pauses.

Exactly one process holds a link (`notifications.leases`): whoever runs `run` is that process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from notifications.carriers.cmpp.connection import CmppConnection, Deliverer, connect
from notifications.carriers.cmpp.messages import Submit, SubmitResp
from notifications.carriers.cmpp.settings import LinkSettings, LoginRefused, NoAnswer, NotSent

LinkState = Literal["down", "online", "refused"]

# A connection that stood so long was a good one: the next attempt comes soon.
_STOOD_SECONDS = 30

_log = structlog.get_logger("hpf.sms")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNews:
    """`why` is for people: what ended the last connection or refused the login."""

    state: LinkState
    why: str


class CmppLink:
    """`submit` never waits for a connection: without one it raises NotSent at once, and another carrier may do it."""

    def __init__(self, *, settings: LinkSettings, clock: Callable[[], datetime], deliver: Deliverer) -> None:
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._connection: CmppConnection | None = None
        self.news = LinkNews(state="down", why="尚未连接")
        self.logins = 0

    @property
    def online(self) -> bool:
        return self._connection is not None and not self._connection.closed.is_set()

    @property
    def connection(self) -> CmppConnection | None:
        return self._connection

    async def submit(self, submit: Submit, *, urgent: bool = False) -> SubmitResp:
        """Raises NotSent or NoAnswer."""
        if self._connection is None:
            raise NotSent(partner=self._settings.name, reason=self.news.why)
        return await self._connection.submit(submit, urgent=urgent)

    async def run(self) -> None:
        """Until cancelled; then leaves in order."""
        pause = self._settings.back_off_seconds
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                refused = await self._once()
                if loop.time() - began >= _STOOD_SECONDS:
                    pause = self._settings.back_off_seconds
                elif refused:
                    # the gateway said no: asking quickly again gets a number blocked
                    pause = self._settings.back_off_seconds_max
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._settings.back_off_seconds_max)
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.leave()

    async def _once(self) -> bool:
        """One connection from its login to its end; True when the login was refused."""
        name = self._settings.name
        try:
            connection = await connect(settings=self._settings, deliver=self._deliver, now=self._clock())
        except LoginRefused as refusal:
            self.news = LinkNews(state="refused", why=refusal.reason)
            _log.warning("carrier refused the login", carrier=name, status=refusal.status)
            return True
        except (NotSent, NoAnswer) as failure:
            self.news = LinkNews(state="down", why=failure.reason)
            return False
        self._connection = connection
        self.logins += 1
        self.news = LinkNews(state="online", why="")
        _log.info("carrier connected", carrier=name)
        await connection.closed.wait()
        self._connection = None
        self.news = LinkNews(state="down", why=connection.why)
        _log.warning("carrier disconnected", carrier=name, why=connection.why)
        return False
