"""`./dev bench sms`: messages a second through one CMPP connection, and one-time passwords while bulk waits.

The gateway is our simulator in a process of its own; this process is held to one core. `submit`: the adapter alone,
from a text to the answer, window full; its floor (`ops/bench/floors/sms.py`) writes the same octets again and
again. `password`: the whole way, from the commit that queues it to the carrier's answer, by the real gateway task over
PostgreSQL, while `--waiting` bulk messages wait; its floor is the same with nothing waiting. Memory is the growth of
this process from a tenth of a round to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import structlog
import uvloop
from pydantic import SecretStr

from domain.kernel import database, vault
from domain.kernel.identifiers import new_id
from notifications.carriers.cmpp import CmppCarrier, CmppSettings, pdu
from notifications.carriers.cmpp.messages import Connect, Submit
from notifications.carriers.cmpp.settings import LinkSettings
from notifications.gateway import Gateway
from notifications.ports import InboundSms, OutgoingSms, Receipt
from notifications.queueing import enqueue
from notifications.routing import Carriers
from ops.bench.floors import sms as floor
from ops.bench.rig import figures
from ops.bench.rig.cmpp_gateway import SOURCE
from ops.bench.rig.figures import Figure, Measured, Round
from ops.bench.rig.stores import CHECKOUT, Stores, add_options, wanted_stores
from ops.migrate import migrate
from ops.settings import Settings
from ops.sms import _listen
from ops.wiring import open_house, system_clock

TEXT = "【北京公积金】您的无房租房提取申请（办件编号20261123C204837205518）已通过初审，正在复审，请耐心等待。"
MOBILE = "13812345678"
OTP_PAUSE_SECONDS = 0.05


class NotReached(Exception):
    """The carrier did not get everything: its speed means nothing."""


def main(argv: list[str]) -> int:
    wanted = _arguments(argv)
    # nothing but the result goes to standard output
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with wanted_stores(wanted) as stores:
        found, conditions = uvloop.run(measure(wanted=wanted, stores=stores))
    figures.show(bench="sms", figures=found, conditions=conditions, as_json=wanted.json)
    return 0


async def measure(*, wanted: argparse.Namespace, stores: Stores) -> tuple[list[Figure], dict[str, Any]]:
    conditions = figures.machine()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    secret = secrets.token_hex(8)
    async with _gateway(secret, core=cores[-1]) as port:
        submit, bare, growth = Measured(), Measured(), list[float]()
        for _ in range(wanted.rounds):
            bare.rounds.append(await _bare(port, secret, wanted))
            made, grown = await _adapter(port, secret, wanted)
            submit.rounds.append(made)
            growth.append(grown)
        found = [Figure.of(name="submit, one connection", unit="message", ours=submit, floor=bare)]
        if wanted.waiting:
            otp, bulk_rate = await _passwords(port, secret, wanted, stores)
            found.append(
                Figure.of(name=f"password, {wanted.waiting:,} waiting", unit="message", ours=otp[1], floor=otp[0])
            )
            conditions["bulk handed over meanwhile, a second"] = round(bulk_rate)
    conditions |= {
        "window": wanted.window,
        "messages a round": wanted.messages,
        "memory grown in a round, MB": max(growth),
        "client": "held to one core",
        "database": stores.durability,
    }
    return found, conditions


@asynccontextmanager
async def _gateway(secret: str, *, core: int) -> AsyncIterator[int]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.bench.rig.cmpp_gateway",
        secret,
        str(core),
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stdin is not None
    try:
        yield int(await child.stdout.readline())
    finally:
        child.stdin.close()
        await child.wait()


async def _bare(port: int, secret: str, wanted: argparse.Namespace) -> Round:
    stamp = int(f"{system_clock():%m%d%H%M%S}")
    authenticator = pdu.connect_authenticator(source=SOURCE, secret=secret, timestamp=stamp)
    seconds, took = await floor.run(
        port=port,
        connect=Connect(source=SOURCE, authenticator=authenticator, version=pdu.V20, timestamp=stamp),
        submit=Submit(
            service_id="GJJ",
            fmt=8,
            msg_src=SOURCE,
            src_id="1065700000",
            destinations=(MOBILE,),
            content=TEXT.encode("utf-16-be")[:140],
        ),
        count=wanted.messages,
        window=wanted.window,
    )
    return figures.round_of(seconds=[one / 1000 for one in took], elapsed=seconds)


def _carrier(port: int, secret: str, wanted: argparse.Namespace) -> CmppCarrier:
    link = LinkSettings(
        name="mobile", host="127.0.0.1", port=port, source=SOURCE, secret=secret, window=wanted.window, reserved=2
    )
    settings = CmppSettings(link=link, service_id="GJJ", src_id="1065700000", serial_digits=4)
    return CmppCarrier(settings=settings, clock=system_clock)


async def _adapter(port: int, secret: str, wanted: argparse.Namespace) -> tuple[Round, float]:
    """One round of the adapter alone, and the memory that it grew by."""
    carrier, times = _carrier(port, secret, wanted), list[float]()
    # a gateway may tell a report twice, and here those of the floor's last messages
    sent_numbers, reported = set[str | None](), set[str | None]()

    async def take(receipts: Sequence[Receipt], inbound: Sequence[InboundSms]) -> None:
        reported.update(one.carrier_id for one in receipts)

    holding = asyncio.ensure_future(carrier.hold(take=take))
    await _until(lambda: carrier.online)
    numbers, early = iter(range(wanted.messages)), 0.0

    async def sender() -> None:
        nonlocal early
        for number in numbers:
            message = OutgoingSms(message_id=number, mobile=MOBILE, text=TEXT, parts=1)
            sent = time.perf_counter()
            outcome = await carrier.submit(message=message, now=system_clock())
            times.append(time.perf_counter() - sent)
            if outcome.status != "accepted":
                raise NotReached(outcome.code)
            sent_numbers.add(outcome.carrier_id)
            if len(times) == wanted.messages // 10:
                early = _resident_mb()

    began = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(wanted.window * 2)))
    elapsed = time.perf_counter() - began
    await _until(lambda: sent_numbers <= reported)
    grown = _resident_mb() - early
    holding.cancel()
    await asyncio.wait([holding])
    return figures.round_of(seconds=times, elapsed=elapsed), round(grown, 1)


async def _passwords(
    port: int, secret: str, wanted: argparse.Namespace, stores: Stores
) -> tuple[tuple[Measured, Measured], float]:
    """Passwords with nothing waiting, then with the bulk; and how many bulk messages went out a second meanwhile."""
    await migrate(stores.database_url)
    settings = Settings(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        master_key=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
    )
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings))
        carrier = _carrier(port, secret, wanted)
        arrived: dict[int, float] = {}
        submit = carrier.submit

        async def noted(*, message: OutgoingSms, now: Any) -> Any:
            outcome = await submit(message=message, now=now)
            if message.urgent:
                arrived[message.message_id] = time.perf_counter()
            return outcome

        carrier_noted = _Noted(carrier, noted)
        gateway = Gateway(carriers=Carriers(in_order=[carrier_noted]), clock=system_clock, holder="bench")
        running = [asyncio.ensure_future(gateway.run()), asyncio.ensure_future(_listen(house, gateway.wake))]
        await _until(lambda: carrier.online)
        quiet, loud = Measured(), Measured()
        quiet.rounds.append(await _otp_round(arrived, wanted.seconds))
        await _fill(stores.database_url, wanted.waiting)
        gateway.wake.set()
        began, before = time.perf_counter(), await _left()
        for _ in range(wanted.rounds):
            loud.rounds.append(await _otp_round(arrived, wanted.seconds))
        rate = (before - await _left()) / (time.perf_counter() - began)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    return (quiet, loud), rate


class _Noted:
    """The carrier with a note of when each password was answered."""

    def __init__(self, carrier: CmppCarrier, submit: Any) -> None:
        self._carrier, self.submit = carrier, submit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._carrier, name)


async def _otp_round(arrived: dict[int, float], seconds: float) -> Round:
    """A password each 50 ms, to a number of its own, from its commit to the carrier's answer."""
    queued: dict[int, float] = {}
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        number += 1
        async with database.transaction() as tx:
            message_id = await enqueue(
                tx,
                account_no=1,
                event_id=new_id(),
                template="login.verification_code",
                variables={"code": f"{number % 1_000_000:06d}", "minutes": "5", "purpose": "登录"},
                mobile=f"138{secrets.randbelow(100_000_000):08d}",
                now=system_clock(),
            )
        queued[message_id] = time.perf_counter()
        await asyncio.sleep(OTP_PAUSE_SECONDS)
    await _until(lambda: queued.keys() <= arrived.keys())
    # an answer that came before the commit's own answer took no time at all
    return figures.round_of(
        seconds=[max(arrived[one] - at, 0.0) for one, at in queued.items()], elapsed=time.perf_counter() - began
    )


async def _fill(dsn: str, count: int) -> None:
    """Bulk messages, as if a whole city were told something."""
    sealed = vault.current()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO sms_message (account_no, message_id, event_id, template, template_version, lane, class,"
            " priority, department, mobile_cipher, mobile_index, text_cipher, parts, state, created_at, due_at,"
            " valid_until) SELECT 2, n, n, 'withdrawal.preliminary_passed', 1, 'courtesy', 'bulk', 4, '', $2, $3,"
            " $4, 1, 'queued', now(), now(), now() + interval '1 day' FROM generate_series(1, $1::bigint) n",
            count,
            sealed.encrypt(MOBILE),
            sealed.blind_index(MOBILE),
            sealed.encrypt(TEXT),
        )
        await connection.execute("ANALYZE sms_message")
    finally:
        await connection.close()


async def _left() -> int:
    return int(await database.value("SELECT count(*) FROM sms_message WHERE state = 'queued' AND class = 'bulk'"))


def _resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


async def _until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nothing to wait for
            await asyncio.sleep(0.01)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench sms", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=20_000, help="of one round of the adapter")
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--waiting", type=int, default=200_000, help="bulk messages; 0 leaves the passwords out")
    parser.add_argument("--seconds", type=float, default=10, help="of one round of passwords")
    add_options(parser)
    wanted = parser.parse_args(argv)
    if min(wanted.rounds, wanted.messages // 10, wanted.window - 2) < 1 or wanted.waiting < 0 or wanted.seconds <= 0:
        parser.error("rounds from 1, messages from 10, window from 3, seconds above 0")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
