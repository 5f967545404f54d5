"""An ASGI application over real HTTP on the loopback interface, inside the loop of the test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serve(app: ASGIApp, *, ws: Literal["none", "websockets-sansio"] = "none") -> AsyncIterator[str]:
    """Serves on a free port; gives the base URL without a final slash. Requests still held end with it."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer takes 40 ms longer
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="on", access_log=False, ws=ws)
    config.load()
    server = uvicorn.Server(config)
    # without uvicorn's own main loop and end, which take the signals of pytest and poll
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        if held := set(server.server_state.tasks):
            for task in held:
                task.cancel()
            await asyncio.wait(held, timeout=5)
        await server.lifespan.shutdown()


def unused_url() -> str:
    """The base URL of a port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
