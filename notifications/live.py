"""Live news of cases across processes, by Redis publish and subscribe.

What travels is only that something changed; whoever listens reads the case again through its own rights. A message
that is lost costs a delay, not truth: listeners look again by themselves after a while.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kernel.failures import StoreUnavailable

LOOK_AGAIN_SECONDS = 20


class LiveNews:
    """Publishes and hears of cases' changes. `prefix` belongs to this installation."""

    def __init__(self, *, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix

    def _channel(self, case_no: str) -> str:
        return f"{self._prefix}live:case:{case_no}"

    async def publish_case(self, case_no: str) -> None:
        """Raises StoreUnavailable when the channel is lost; the caller tries again or lets listeners look."""
        try:
            await self._redis.publish(self._channel(case_no), b"changed")
        except (RedisError, OSError) as error:
            raise StoreUnavailable("Redis: live news") from error

    async def case_changes(self, case_no: str) -> AsyncGenerator[object, None]:
        """Yields once as soon as it listens, then after each change, and every LOOK_AGAIN_SECONDS in any case."""
        heard = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            await heard.subscribe(self._channel(case_no))
            yield None
            while True:
                await heard.get_message(timeout=LOOK_AGAIN_SECONDS)
                yield None
        except (RedisError, OSError) as error:
            raise StoreUnavailable("Redis: live news") from error
        finally:
            await heard.aclose()
