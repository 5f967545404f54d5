"""Tells the store every few seconds what this process counted, and which partners' breakers are open in it."""

from __future__ import annotations

import asyncio

import structlog

from domain.kernel.failures import StoreUnavailable
from ops.wiring import House

FLUSH_SECONDS = 5.0

log = structlog.get_logger("hpf.traffic")


async def flush(house: House) -> int:
    open_paths = {wire.partner: wire.open_paths for wire in house.wires}
    return await house.traffic.flush(open_paths=open_paths, now=house.clock())


async def keep_flushing(house: House) -> None:
    """Until it is cancelled; a store that is away only makes it wait."""
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            await flush(house)
        except StoreUnavailable as lost:
            log.warning("traffic not told", error=type(lost).__name__)
