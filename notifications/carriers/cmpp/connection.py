"""One logged-in connection of CMPP: window, answers, heartbeat, resending; no reconnecting (see `link`).

A SUBMIT waits in one of two queues until the window has room; urgent ones go first and have a few places of the window
to themselves. What was never written fails as `NotSent`; what was written and not answered fails as `NoAnswer`, because
the gateway may have taken it. A DELIVER is answered only after whoever takes it has kept it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from domain.kernel.dates import SHANGHAI
from domain.kernel.failures import PartnerFailure
from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.messages import (
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Pdu,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
)
from notifications.carriers.cmpp.pdu import BrokenFraming, MalformedPdu
from notifications.carriers.cmpp.settings import LinkSettings, LoginRefused, NoAnswer, NotSent

_INBOX_MAX = 2_000
_INBOX_BATCH = 200
_STRUCTURE_WRONG = 1


Deliverer = Callable[[list[Deliver]], Awaitable[None]]
"""Keeps what came in; only then is it acknowledged. Raises when it cannot: the gateway brings it again."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    submit: Submit
    future: asyncio.Future[SubmitResp]


@dataclass(slots=True, kw_only=True, eq=False)
class _Sent:
    """Written and not answered. `future` is None for a heartbeat."""

    octets: bytes
    future: asyncio.Future[SubmitResp] | None
    at: float
    times: int = 1


class CmppConnection(asyncio.Protocol):
    """Made by `connect`. `closed` is set with the connection's end; `why` says what ended it."""

    def __init__(self, *, settings: LinkSettings, deliver: Deliverer) -> None:
        self._settings = settings
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._login: asyncio.Future[ConnectResp] = self._loop.create_future()
        self._urgent: deque[_Waiting] = deque()
        self._ordinary: deque[_Waiting] = deque()
        self._sent: dict[int, _Sent] = {}
        self._submits_out = 0
        self._sequence = 0
        self._heard_at = self._loop.time()
        self._writable = True
        self._inbox: deque[tuple[int, Deliver]] = deque()
        self._keeper: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.closed = asyncio.Event()
        self.why = ""
        self.counts: Counter[str] = Counter()

    # Calls from above

    async def log_in(self, *, now: datetime) -> None:
        """Raises LoginRefused, or NoAnswer when no usable answer comes in time."""
        settings = self._settings
        stamp = int(now.astimezone(SHANGHAI).strftime("%m%d%H%M%S"))
        authenticator = pdu.connect_authenticator(source=settings.source, secret=settings.secret, timestamp=stamp)
        connect = Connect(
            source=settings.source, authenticator=authenticator, version=settings.version, timestamp=stamp
        )
        self._write(pdu.encode(connect, sequence=self._next_sequence(), version=settings.version))
        try:
            async with asyncio.timeout(settings.connect_seconds):
                answer = await asyncio.shield(self._login)
        except TimeoutError:
            self._close("login without an answer")
            raise NoAnswer(partner=settings.name, reason="登录未答复") from None
        if answer.status != 0:
            self._close("login refused")
            raise LoginRefused(partner=settings.name, status=answer.status)
        proof = pdu.answer_authenticator(
            status=0, authenticator=authenticator, secret=settings.secret, version=settings.version
        )
        # Some gateways leave their proof empty; one that gives a wrong one is not who it says it is.
        if answer.authenticator not in (proof, bytes(16)):
            self._close("gateway not authentic")
            raise LoginRefused(partner=settings.name, status=0)
        self._tick()

    async def submit(self, submit: Submit, *, urgent: bool = False) -> SubmitResp:
        """The gateway's answer. Raises NotSent or NoAnswer."""
        if self.closed.is_set():
            raise NotSent(partner=self._settings.name, reason="连接已断开")
        waiting = _Waiting(submit=submit, future=self._loop.create_future())
        (self._urgent if urgent else self._ordinary).append(waiting)
        self._fill_window()
        return await waiting.future

    async def leave(self, *, patience_seconds: float = 2) -> None:
        """Waits a moment for answers that are due, says TERMINATE and closes."""
        for waiting in (*self._urgent, *self._ordinary):
            self._fail(waiting.future, NotSent(partner=self._settings.name, reason="连接正在关闭"))
        self._urgent.clear()
        self._ordinary.clear()
        if open_ := [sent.future for sent in self._sent.values() if sent.future is not None]:
            await asyncio.wait(open_, timeout=patience_seconds)
        if not self.closed.is_set():
            self._send(Terminate(), sequence=self._next_sequence())
            try:
                async with asyncio.timeout(patience_seconds):
                    await self.closed.wait()
            except TimeoutError:
                self._close("left")

    @property
    def window_used(self) -> int:
        return self._submits_out

    @property
    def waiting(self) -> int:
        return len(self._urgent) + len(self._ordinary)

    # Calls from below (asyncio.Protocol)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's by inheritance
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        buffer = self._buffer
        buffer += data
        at, end = 0, len(buffer)
        try:
            while end - at >= pdu.HEADER_OCTETS:
                total, command, sequence = pdu.HEADER.unpack_from(buffer, at)
                if not pdu.HEADER_OCTETS <= total <= pdu.TOTAL_LENGTH_MAX:
                    raise BrokenFraming("impossible length")
                if end - at < total:
                    break
                self._take(command, sequence, bytes(buffer[at + pdu.HEADER_OCTETS : at + total]))
                at += total
        except BrokenFraming:
            self.counts["broken_framing"] += 1
            self._close("framing broken")
            return
        del buffer[:at]
        self._fill_window()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._fill_window()

    def connection_lost(self, error: Exception | None) -> None:
        self._end("closed by the gateway" if not self.why else self.why)

    # What comes in

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        try:
            message = pdu.decode(command=command, body=body, version=self._settings.version)
        except MalformedPdu:
            self._take_malformed(command, sequence)
            return
        match message:
            case SubmitResp():
                self._answered(sequence, message)
            case Deliver():
                self._inbox.append((sequence, message))
                self._keep()
            case ActiveTest():
                self._send(ActiveTestResp(), sequence=sequence)
            case ActiveTestResp():
                if (sent := self._sent.get(sequence)) is not None and sent.future is None:
                    del self._sent[sequence]
            case ConnectResp() if not self._login.done():
                self._login.set_result(message)
            case Terminate():
                self._send(TerminateResp(), sequence=sequence)
                self._close("terminated by the gateway")
            case TerminateResp():
                self._close("left")
            case _:
                # a SUBMIT or a CONNECT to us, or a second answer to the login
                self.counts["unexpected"] += 1

    def _take_malformed(self, command: int, sequence: int) -> None:
        self.counts["malformed"] += 1
        if command == pdu.DELIVER:
            self._send(DeliverResp(msg_id=0, result=_STRUCTURE_WRONG), sequence=sequence)
        elif command == pdu.SUBMIT | pdu.RESPONSE:
            sent = self._sent.get(sequence)
            if sent is not None and sent.future is not None:
                self._release(sequence)
                self._fail(sent.future, NoAnswer(partner=self._settings.name, reason="答复不是约定的格式"))
        elif command == pdu.CONNECT | pdu.RESPONSE and not self._login.done():
            self._close("login answered malformed")

    def _answered(self, sequence: int, answer: SubmitResp) -> None:
        sent = self._sent.get(sequence)
        if sent is None or sent.future is None:
            # an answer twice, or to a number that we never sent
            self.counts["stray_answer"] += 1
            return
        self._release(sequence)
        if not sent.future.done():
            sent.future.set_result(answer)

    def _release(self, sequence: int) -> None:
        del self._sent[sequence]
        self._submits_out -= 1

    def _keep(self) -> None:
        if len(self._inbox) > _INBOX_MAX and self._transport is not None:
            self._transport.pause_reading()
        if self._keeper is None or self._keeper.done():
            self._keeper = self._loop.create_task(self._keep_all())

    async def _keep_all(self) -> None:
        while self._inbox:
            batch = [self._inbox.popleft() for _ in range(min(len(self._inbox), _INBOX_BATCH))]
            try:
                await self._deliver([message for _, message in batch])
            except Exception:
                # Not acknowledged: the gateway brings them again.
                self.counts["not_kept"] += len(batch)
                continue
            finally:
                if self._transport is not None and not self.closed.is_set() and len(self._inbox) <= _INBOX_MAX:
                    self._transport.resume_reading()
            version = self._settings.version
            self._write(
                b"".join(
                    pdu.encode(DeliverResp(msg_id=message.msg_id, result=0), sequence=sequence, version=version)
                    for sequence, message in batch
                )
            )

    # What goes out

    def _fill_window(self) -> None:
        if not self._writable or self.closed.is_set():
            return
        settings, now, written = self._settings, self._loop.time(), []
        while self._submits_out < settings.window:
            if self._urgent:
                waiting = self._urgent.popleft()
            elif self._ordinary and self._submits_out < settings.window - settings.reserved:
                waiting = self._ordinary.popleft()
            else:
                break
            if waiting.future.done():
                continue
            sequence = self._next_sequence()
            octets = pdu.encode(waiting.submit, sequence=sequence, version=settings.version)
            self._sent[sequence] = _Sent(octets=octets, future=waiting.future, at=now)
            self._submits_out += 1
            written.append(octets)
        if written:
            self._write(b"".join(written))

    def _send(self, message: Pdu, *, sequence: int) -> None:
        self._write(pdu.encode(message, sequence=sequence, version=self._settings.version))

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % pdu.SEQUENCE_MAX + 1
        while self._sequence in self._sent:
            self._sequence = self._sequence % pdu.SEQUENCE_MAX + 1
        return self._sequence

    # Time

    def _tick(self) -> None:
        """Looks for answers that are late and for silence, several times within the shortest limit."""
        if self.closed.is_set():
            return
        settings, now = self._settings, self._loop.time()
        for sent in list(self._sent.values()):
            if now - sent.at < settings.answer_seconds:
                continue
            resends = settings.resends if sent.future is None or settings.resend_submits else 0
            if sent.times > resends:
                self._close("no answer")
                return
            sent.times, sent.at = sent.times + 1, now
            self.counts["resent"] += 1
            self._write(sent.octets)
        beating = any(sent.future is None for sent in self._sent.values())
        if now - self._heard_at >= settings.idle_seconds and not beating:
            sequence = self._next_sequence()
            octets = pdu.encode(ActiveTest(), sequence=sequence, version=settings.version)
            self._sent[sequence] = _Sent(octets=octets, future=None, at=now)
            self.counts["heartbeats"] += 1
            self._write(octets)
        pause = min(1.0, settings.answer_seconds / 4, settings.idle_seconds / 4)
        self._timer = self._loop.call_later(pause, self._tick)

    # The end

    def _close(self, why: str) -> None:
        self.why = self.why or why
        if self._transport is not None:
            self._transport.close()
        self._end(self.why)

    def _end(self, why: str) -> None:
        if self.closed.is_set():
            return
        self.why = why
        self.closed.set()
        if self._timer is not None:
            self._timer.cancel()
        name = self._settings.name
        for sent in self._sent.values():
            if sent.future is not None:
                self._fail(sent.future, NoAnswer(partner=name, reason="连接中断，未得到答复"))
        for waiting in (*self._urgent, *self._ordinary):
            self._fail(waiting.future, NotSent(partner=name, reason="连接已断开"))
        self._sent.clear()
        self._urgent.clear()
        self._ordinary.clear()
        self._submits_out = 0
        if not self._login.done():
            self._login.set_exception(NoAnswer(partner=name, reason="登录时连接中断"))
            self._login.exception()  # the caller may have gone: then nobody else looks

    @staticmethod
    def _fail(future: asyncio.Future[SubmitResp], error: PartnerFailure) -> None:
        if not future.done():
            future.set_exception(error)


async def connect(*, settings: LinkSettings, deliver: Deliverer, now: datetime) -> CmppConnection:
    """A connection that is logged in. Raises NotSent (not reached), NoAnswer or LoginRefused."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connect_seconds):
            _, connection = await loop.create_connection(
                lambda: CmppConnection(settings=settings, deliver=deliver), settings.host, settings.port
            )
    except (OSError, TimeoutError):
        raise NotSent(partner=settings.name, reason="无法连接") from None
    try:
        await connection.log_in(now=now)
    except BaseException:
        connection._close("login failed")
        raise
    return connection
