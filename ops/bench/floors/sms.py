"""The floor of `./dev bench sms`: one connection that writes the same octets again and again within the same window and
counts what comes back. No message is built, none is read."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.messages import Connect, Submit


class Bare(asyncio.Protocol):
    """`done` after `count` answers; `took` are the times of each in milliseconds."""

    def __init__(self, *, login: bytes, submit: bytes, count: int, window: int) -> None:
        self._login, self._submit, self._window = login, submit, window
        self._left, self._count = count, count
        self._sent: list[float] = []
        self._buffer = b""
        self.took: list[float] = []
        self.began = 0.0
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's by inheritance
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._login)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= pdu.HEADER_OCTETS:
            total, command, sequence = pdu.HEADER.unpack_from(self._buffer, at)
            if len(self._buffer) - at < total:
                break
            at += total
            self._take(command, sequence)
        self._buffer = self._buffer[at:]

    def _take(self, command: int, sequence: int) -> None:
        now = time.perf_counter()
        if command == pdu.CONNECT | pdu.RESPONSE:
            self.began = now
            for _ in range(self._window):
                self._send(now)
        elif command == pdu.SUBMIT | pdu.RESPONSE:
            self.took.append((now - self._sent[sequence - 2]) * 1000)
            if len(self.took) == self._count:
                self.done.set_result(now - self.began)
            self._send(now)
        elif command == pdu.DELIVER:
            answer = pdu.HEADER.pack(21, pdu.DELIVER | pdu.RESPONSE, sequence) + bytes(9)
            self._transport.write(answer)

    def _send(self, now: float) -> None:
        if self._left:
            self._left -= 1
            self._sent.append(now)
            header = pdu.HEADER.pack(12 + len(self._submit), pdu.SUBMIT, len(self._sent) + 1)
            self._transport.write(header + self._submit)


async def run(*, port: int, connect: Connect, submit: Submit, count: int, window: int) -> tuple[float, list[float]]:
    """Seconds, and the times of the answers."""
    login = pdu.encode(connect, sequence=1, version=pdu.V20)
    body = pdu.encode(submit, sequence=2, version=pdu.V20)[pdu.HEADER_OCTETS :]
    loop = asyncio.get_running_loop()
    transport, bare = await loop.create_connection(
        lambda: Bare(login=login, submit=body, count=count, window=window), "127.0.0.1", port
    )
    seconds = await bare.done
    transport.close()
    return seconds, bare.took
