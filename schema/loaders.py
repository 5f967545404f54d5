"""Reads shared by the fields of one operation.

Several fields of a case stand on its history, and every account shows its part of the citizen's cards: the
first field reads, the others wait for the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, TypeVar

from domain import cases, contributions
from domain.cases import CaseEvent, CaseView
from domain.contributions import CardView
from domain.kernel.actor import Actor

T = TypeVar("T")


class Loaders:
    """Belongs to one operation and is thrown away with it."""

    __slots__ = ("_reads",)

    def __init__(self) -> None:
        self._reads: dict[Hashable, asyncio.Task[Any]] = {}

    async def cards_of(self, *, actor: Actor) -> list[CardView]:
        return await self._once("cards", lambda: contributions.cards_of(actor=actor))

    async def history_of(self, *, case: CaseView) -> list[CaseEvent]:
        return await self._once(("history", case.case_id), lambda: cases.history_of(case=case))

    def _once(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        if key not in self._reads:
            self._reads[key] = asyncio.create_task(read())
        return self._reads[key]
