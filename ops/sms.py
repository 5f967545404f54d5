"""The worker's part in SMS: the gateway with its wake-up, and the upkeep of switching, counts and alarms."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import asyncpg

from domain.kernel.dates import business_date_of
from notifications import alarms, balances, control, counting, strays
from notifications.gateway import Gateway
from notifications.queueing import CHANNEL
from ops.wiring import House

TICK_SECONDS = 1.0
COUNT_SECONDS = 30.0
BALANCE_SECONDS = 15.0


async def run_gateway(house: House) -> None:
    """Until cancelled. Several workers may: one of them sends, the others stand by."""
    gateway = Gateway(
        carriers=house.carriers,
        clock=house.clock,
        holder=f"{socket.gethostname()}:{os.getpid()}",
        quiet_hours=house.settings.keeps_quiet_hours,
        under_way_max=house.settings.sms_under_way_max,
        places=max((one.connections_max for one in house.carriers.long_connections()), default=1),
    )
    listening = asyncio.ensure_future(_listen(house, gateway.wake))
    try:
        await gateway.run()
    finally:
        listening.cancel()
        await asyncio.wait([listening])


async def _listen(house: House, wake: asyncio.Event) -> None:
    """Without a connection for it nothing is lost: the gateway looks by itself twice a second."""

    def heard(*_: Any) -> None:
        wake.set()

    while True:
        with suppress(Exception):
            connection = await asyncpg.connect(house.settings.database_url, timeout=10)
            try:
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                await connection.add_listener(CHANNEL, heard)
                await ended.wait()
            finally:
                with suppress(Exception):
                    await connection.close(timeout=2)
        await asyncio.sleep(1)


async def tick(house: House) -> None:
    """Evidence and shares, and receipts whose message was not known yet."""
    now = house.clock()
    await control.tick(carriers=house.carriers, now=now)
    await strays.sweep(now=now)
    if not house.carriers.long_connections():
        await control.tell_condition(carriers=house.carriers, holds=False, now=now)


async def ask_balances(house: House) -> None:
    """Apart from the tick, which must not wait for a carrier."""
    await balances.ask(carriers=house.carriers, now=house.clock())


async def count(house: House) -> None:
    now = house.clock()
    await counting.refresh(today=business_date_of(now))
    await alarms.check(now=now, gateway_expected=True)
    await control.forget_old(now=now)
