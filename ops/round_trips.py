"""Questions to Valkey that share their trips.

A trip costs this process ten times what a question costs. What is asked while one is on its way therefore goes together
on the next: alone on a quiet server, twenty at a time on a busy one, and nobody waits for company.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import orjson
from redis.asyncio import Redis

TOGETHER_MAX = 64
"""Valkey does nothing else while it answers: some ten microseconds a question."""


class RoundTrips:
    """One script, which takes a JSON list of questions and answers a JSON list. One for an event loop."""

    def __init__(self, *, redis: Redis, script: str, seconds: float) -> None:
        self._script = redis.register_script(script)
        self._seconds = seconds
        self._waiting: deque[tuple[Sequence[object], asyncio.Future[Any]]] = deque()
        self._travelling: asyncio.Task[None] | None = None

    async def ask(self, question: Sequence[object]) -> Any:
        """The script's answer. Raises RedisError, OSError or TimeoutError; a trip takes `seconds` at most, and the one
        before it no longer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._travelling is None:
            self._travelling = asyncio.create_task(self._travel())
        return await answer

    async def _travel(self) -> None:
        try:
            while self._waiting:
                await self._trip([self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER_MAX))])
        finally:
            self._travelling = None

    async def _trip(self, together: list[tuple[Sequence[object], asyncio.Future[Any]]]) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                told = await self._script(args=[orjson.dumps([question for question, _ in together])])
            answers = orjson.loads(told)
        except Exception as error:
            for _, answer in together:
                if not answer.done():
                    answer.set_exception(error)
            return
        except BaseException:
            for _, answer in together:
                answer.cancel()
            raise
        for (_, answer), found in zip(together, answers, strict=True):
            if not answer.done():
                answer.set_result(found)
