"""What all processes must know at once, in Redis: sessions that have ended, and logins under way.

The markers of ended sessions live as long as an access token could. A server that comes back empty says so
by the missing `ready` key; `auth.sessions` then restores the markers from PostgreSQL before anybody passes.
The server must not evict keys (`maxmemory-policy noeviction`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth import configuration
from domain.kernel.failures import StoreUnavailable

_installed: list[Redis] = []


def install(redis: Redis) -> None:
    """Called by `auth.sessions.configure` only. The client is closed by its owner."""
    _installed[:] = [redis]


async def ended(*, session_id: int) -> bool | None:
    """Whether the session has ended; None when the store has lost its memory. Raises StoreUnavailable."""
    marker, ready = await _answer(_redis().mget(_ended_key(session_id), _key("session:ready")))
    return None if ready is None else marker is not None


async def mark_ended(*, session_ids: Sequence[int]) -> None:
    await _write_markers(session_ids, ready=False)


async def restore(*, session_ids: Sequence[int]) -> None:
    """Writes the markers and then, in the same step, that the memory is whole."""
    await _write_markers(session_ids, ready=True)


async def keep_login(*, state_digest: str, record: bytes) -> None:
    life = configuration.current().login
    await _answer(_redis().set(_key(f"login:{state_digest}"), record, px=_milliseconds(life)))


async def take_login(*, state_digest: str) -> bytes | None:
    """The record, once."""
    found = await _answer(_redis().getdel(_key(f"login:{state_digest}")))
    return found.encode() if isinstance(found, str) else found


async def _write_markers(session_ids: Sequence[int], *, ready: bool) -> None:
    if not session_ids and not ready:
        return
    settings = configuration.current()
    # A minute more than a token lives, for clocks that differ.
    life = settings.access_token + settings.leeway + timedelta(minutes=1)
    async with _redis().pipeline(transaction=True) as pipe:
        for session_id in session_ids:
            pipe.set(_ended_key(session_id), "1", px=_milliseconds(life))
        if ready:
            pipe.set(_key("session:ready"), "1")
        await _answer(pipe.execute())


async def _answer(call: Any) -> Any:
    work: Awaitable[Any] = call
    try:
        async with asyncio.timeout(configuration.current().store_timeout.total_seconds()):
            return await work
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"Redis: {type(error).__name__}") from error


def _redis() -> Redis:
    assert _installed, "the login service is not configured; ops.wiring does it at start"
    return _installed[0]


def _ended_key(session_id: int) -> str:
    return _key(f"session:ended:{session_id}")


def _key(name: str) -> str:
    return configuration.current().store_prefix + name


def _milliseconds(life: timedelta) -> int:
    return life // timedelta(milliseconds=1)
