"""Reads shared by the fields of one operation.

Several fields of a case stand on its history, and every account shows its part of the citizen's cards: the
first field reads, the others wait for the same answer. A plan that knows beforehand what an operation will read says so
(`read_home`); then person, accounts and entries are read together, and each field takes its part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import structlog

from domain import cases, contributions
from domain.cases import CaseEvent, CaseView
from domain.contributions import AccountView, CardView, Home, PersonView
from domain.kernel.actor import Actor
from domain.kernel.failures import StoreUnavailable
from domain.kernel.paging import Page
from domain.ledger import EntryView

T = TypeVar("T")

_log = structlog.get_logger("graphql")


@dataclass(frozen=True, slots=True)
class ExpectedHome:
    """`entries_first` entries of each account, from 1 to 100; None for no entries."""

    entries_first: int | None


class Loaders:
    """Belongs to one operation and is thrown away with it."""

    __slots__ = ("_away", "_entries_first", "_home", "_reads")

    def __init__(self) -> None:
        self._reads: dict[Hashable, asyncio.Task[Any]] = {}
        self._home: Home | None = None
        self._entries_first: int | None = None
        self._away: StoreUnavailable | None = None

    async def read_home(self, expected: ExpectedHome, *, actor: Actor, business_date: date) -> bool:
        """Reads the caller's home page at once, for an operation, a query, that will ask for its parts. False when
        each field has to read for itself, and to refuse in its own words."""
        if not actor.is_real_name:
            return False
        self._entries_first = expected.entries_first
        try:
            self._home = await contributions.home_of(
                actor=actor, entries_first=expected.entries_first, business_date=business_date
            )
        except StoreUnavailable as error:
            # each of the fields says so, and none of them asks again
            self._away = error
        except Exception as error:
            # what is wrong with one part must not take the others away: each field meets its own fate
            _log.error("graphql.joined_read", exc_info=error)
        return self._home is not None

    async def person_of(self, *, actor: Actor) -> PersonView:
        home = self._read()
        return await contributions.person_of(actor=actor) if home is None else home.person

    async def accounts_of(self, *, actor: Actor) -> list[AccountView]:
        home = self._read()
        return await contributions.accounts_of(actor=actor) if home is None else home.accounts

    async def entries_of(self, *, actor: Actor, account_no: int, first: int, after: str | None) -> Page[EntryView]:
        if after is None and first == self._entries_first:
            home = self._read()
            if home is not None and account_no in home.entries:
                return home.entries[account_no]
        return await contributions.entries_of(actor=actor, account_no=account_no, first=first, after=after)

    async def cards_of(self, *, actor: Actor) -> list[CardView]:
        return await self._once("cards", lambda: contributions.cards_of(actor=actor))

    async def history_of(self, *, case: CaseView) -> list[CaseEvent]:
        return await self._once(("history", case.case_id), lambda: cases.history_of(case=case))

    def _read(self) -> Home | None:
        if self._away is not None:
            raise self._away
        return self._home

    def _once(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        if key not in self._reads:
            self._reads[key] = asyncio.create_task(read())
        # a field that is cancelled because its sibling failed must not take the read away from the others
        return asyncio.shield(self._reads[key])
