"""The CMPP gateway of the bench in a process of its own, `python -m ops.bench.rig.cmpp_gateway SECRET [CORE]`: prints
its port and ends with its standard input."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

import uvloop

from notifications.carriers.cmpp.simulator import CmppGateway

SOURCE = "901234"


async def _serve(secret: str) -> None:
    gateway = CmppGateway(secrets={SOURCE: secret}, clock=lambda: datetime.now(UTC), keep=False, connections_max=4)
    print(await gateway.start(), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await gateway.stop()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    uvloop.run(_serve(sys.argv[1]))
