"""Tortoise's PostgreSQL backend, telling a lost store as `StoreUnavailable` like all other SQL of the house.

Named as the engine in `database.tortoise_config`: Tortoise lets the driver's connection errors through as they are,
and they would pass for mistakes of ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from domain.kernel.database import store_reachable


class _Reachable(AsyncpgDBClient):
    async def _translate_exceptions(self, func: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        with store_reachable():
            return await super()._translate_exceptions(func, *args, **named)


class StoreTransaction(_Reachable, TransactionWrapper):
    """The one connection of a transaction."""


class StoreClient(_Reachable):
    """The pool."""

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(StoreTransaction(self), self._pool_init_lock)


client_class = StoreClient
