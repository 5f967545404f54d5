"""What all processes must know at once, in Redis: sessions that have ended, and logins under way.

The markers of ended sessions live as long as an access token could. A server that comes back empty says so
by the missing `ready` key; `auth.sessions` then restores the markers from PostgreSQL before anybody passes.
The server must not evict keys (`maxmemory-policy noeviction`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth import configuration
from domain.kernel.failures import StoreUnavailable

_installed: list[Redis] = []


def install(redis: Redis) -> None:
    """Called by `auth.sessions.configure` only. The client is closed by its owner."""
    _installed[:] = [redis]


class Errand(Protocol):
    """Somebody who goes to Redis anyway and takes the question for a session along, in the same round trip."""

    async def carry(self, names: Sequence[str], /, *, caller: str) -> Sequence[object]:
        """The values of the keys in order, None or False for one that is not there. `caller` names who holds the
        session, on which channel. Raises RedisError, OSError or TimeoutError; sees to its own time limit."""
        ...


async def ended(*, session_id: int, errand: Errand | None = None, caller: str = "") -> bool | None:
    """Whether the session has ended; None when the store has lost its memory. Raises StoreUnavailable."""
    names = [_ended_key(session_id), _key("session:ready")]
    if errand is None:
        marker, ready = await _answer(_redis().mget(names))
    else:
        try:
            marker, ready = await errand.carry(names, caller=caller)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"Redis: {type(error).__name__}") from error
    return bool(marker) if ready else None


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


async def take_once(*, name: str, life: timedelta) -> bool:
    """True the first time that this name comes within its life. Raises StoreUnavailable: what cannot be remembered was
    not taken."""
    kept = await _answer(_redis().set(_key(f"once:{name}"), "1", nx=True, px=_milliseconds(life)))
    return bool(kept)


async def keep(name: str, value: str, *, life: timedelta) -> None:
    await _answer(_redis().set(_key(name), value, px=_milliseconds(life)))


async def read(name: str) -> str | None:
    found = await _answer(_redis().get(_key(name)))
    return found.decode() if isinstance(found, bytes) else found


async def take(name: str) -> str | None:
    """What was kept, once."""
    found = await _answer(_redis().getdel(_key(name)))
    return found.decode() if isinstance(found, bytes) else found


async def count_in_hash(name: str, field: str, *, life: timedelta) -> None:
    async with _redis().pipeline(transaction=False) as pipe:
        pipe.hincrby(_key(name), field, 1)
        pipe.pexpire(_key(name), _milliseconds(life))
        await _answer(pipe.execute())


async def read_hashes(names: Sequence[str]) -> list[dict[str, int]]:
    """Whole numbers by field, an empty one for each that is not there."""
    if not names:
        return []
    async with _redis().pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(_key(name))
        found = await _answer(pipe.execute())
    return [{field.decode(): int(value) for field, value in one.items()} for one in found]


def key(name: str) -> str:
    """For commands that others put into an errand."""
    return _key(name)


async def counted(*, name: str) -> int:
    """How often `count` was asked in the window that runs."""
    found = await _answer(_redis().get(_key(f"limit:{name}")))
    return int(found or 0)


async def count(*, name: str, window: timedelta) -> int:
    """One more in the window that runs, or in a new one."""
    key = _key(f"limit:{name}")
    async with _redis().pipeline(transaction=True) as pipe:
        pipe.incr(key)
        pipe.pexpire(key, _milliseconds(window), nx=True)
        counted, _ = await _answer(pipe.execute())
    return int(counted)


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
