"""The load tool, a process of its own: keep-alive HTTP/1.1 over raw sockets, each connection one request at a time.

`python -m ops.bench.rig.load FOLDER` reads a `Plan` from `plan.json` and writes an `Outcome` to `outcome.json`. Every
answer is read to its end and must contain the text that a right one contains.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import cast

PLAN, OUTCOME = "plan.json", "outcome.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`requests` are whole HTTP requests. With `once` each is sent at most once and the run ends early when none
    are left, else they go round. `right` stands in every right answer's body."""

    port: int
    connections: int
    seconds: float
    requests: list[str]
    right: str
    once: bool = False


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`seconds` is the time of each right answer; `elapsed` from the first request to the last answer."""

    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    wrong: int = 0
    first_wrong: str = ""


class _Run:
    """What the connections of one run share."""

    def __init__(self, plan: Plan) -> None:
        requests = [request.encode() for request in plan.requests]
        self.waiting: Iterator[bytes] = iter(requests) if plan.once else cycle(requests)
        self.right = plan.right.encode()
        self.outcome = Outcome()
        self.ends_at = time.perf_counter() + plan.seconds

    def next(self) -> bytes | None:
        return None if time.perf_counter() >= self.ends_at else next(self.waiting, None)

    def take(self, head: bytes, body: bytes, seconds: float) -> None:
        if head.startswith(b"HTTP/1.1 200") and self.right in body:
            self.outcome.seconds.append(seconds)
            return
        self.outcome.wrong += 1
        self.outcome.first_wrong = self.outcome.first_wrong or (head[:40] + b" " + body[:400]).decode(errors="replace")


class _Connection(asyncio.Protocol):
    """Sends, waits for the whole answer, sends again."""

    def __init__(self, run: _Run, ended: asyncio.Future[None]) -> None:
        self._run, self._ended = run, ended
        self._received = bytearray()
        self._whole = 0
        self._head = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = end + 4
            self._whole = self._head + _content_length(bytes(self._received[:end]))
        if len(self._received) >= self._whole:
            answer = bytes(self._received[: self._whole])
            self._run.take(answer[: self._head], answer[self._head :], time.perf_counter() - self._sent_at)
            self._received.clear()
            self._whole = 0
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._run.outcome.wrong += 1
            self._run.outcome.first_wrong = self._run.outcome.first_wrong or f"connection lost: {error}"
            self._ended.set_result(None)

    def _send(self) -> None:
        request = self._run.next()
        if request is None:
            self._ended.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


async def drive(plan: Plan) -> Outcome:
    """Runs the plan to its end. Raises OSError when nobody listens."""
    loop = asyncio.get_running_loop()
    run = _Run(plan)
    began = time.perf_counter()
    endings = []
    for _ in range(plan.connections):
        ended: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(partial(_Connection, run, ended), "127.0.0.1", plan.port)
        endings.append(ended)
    await asyncio.wait_for(asyncio.gather(*endings), timeout=plan.seconds + 60)
    run.outcome.elapsed = time.perf_counter() - began
    return run.outcome


async def drive_elsewhere(plan: Plan) -> Outcome:
    """The same in a process of its own, so that the caller's work takes nothing from it."""
    with tempfile.TemporaryDirectory(prefix="hpf-load-") as name:
        folder = Path(name)
        (folder / PLAN).write_text(json.dumps(asdict(plan)))
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ops.bench.rig.load", name)
        if await process.wait():
            raise RuntimeError("the load tool failed; its message stands above")
        return Outcome(**json.loads((folder / OUTCOME).read_text()))


def main() -> None:
    import uvloop

    folder = Path(sys.argv[1])
    plan = Plan(**json.loads((folder / PLAN).read_text()))
    (folder / OUTCOME).write_text(json.dumps(asdict(uvloop.run(drive(plan)))))


if __name__ == "__main__":
    main()
