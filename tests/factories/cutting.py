"""Ends work at its n-th wait, as a killed runner or a caller who has gone would, without a clock."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any


@types.coroutine
def _until(work: Coroutine[Any, Any, Any], cut: int) -> Generator[Any, Any, bool]:
    """Drives `work`, ends its task at the `cut`-th wait. Whether it came to its end before."""
    waits, thrown = 0, None
    while True:
        try:
            waited = work.send(None) if thrown is None else work.throw(thrown)
        except StopIteration:
            return True
        waits, thrown = waits + 1, None
        if waits == cut:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        try:
            yield waited
        except BaseException as error:
            thrown = error


async def cut_off(work: Coroutine[Any, Any, Any], *, at: int) -> bool:
    async def driven() -> bool:
        return await _until(work, at)

    ended = False
    with suppress(asyncio.CancelledError):
        ended = await asyncio.create_task(driven())
    return ended
