"""The registered documents in a process's memory, read again soon after any process's command has changed them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from domain.kernel.failures import StoreUnavailable
from schema.trusted import store

_log = structlog.get_logger("graphql")

REREAD_SECONDS = 5.0
"""A withdrawn document runs no longer than this."""
UNKNOWN_SECONDS = 1.0
"""An unknown identifier asks the store no more often than this, however many of them come."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """A document that at least one channel may run. `public`: all its fields are for everybody."""

    document_id: str
    source: str
    kind: str
    public: bool
    channels: frozenset[str]


class Registry:
    """One for a process."""

    def __init__(self, *, reread_seconds: float = REREAD_SECONDS, unknown_seconds: float = UNKNOWN_SECONDS) -> None:
        self._reread_seconds, self._unknown_seconds = reread_seconds, unknown_seconds
        self._known: Mapping[str, Trusted] = {}
        self._revision: int | None = None
        self._asked_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def find(self, document_id: str) -> Trusted | None:
        """Raises StoreUnavailable while nothing could ever be read."""
        age = asyncio.get_running_loop().time() - self._asked_at
        if age >= self._reread_seconds or (age >= self._unknown_seconds and document_id not in self._known):
            await self._reread()
        return self._known.get(document_id)

    async def _reread(self) -> None:
        """All who ask at once wait for one reading; one of them going away does not end it."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            await asyncio.shield(self._reading)
        except StoreUnavailable:
            if self._revision is None:
                raise
            # what was granted a moment ago still is; whoever needs the store hears of it there
            _log.warning("graphql.registry_stale")

    async def _read(self) -> None:
        revision = await store.revision()
        if revision != self._revision:
            rows = await store.granted()
            self._known = {
                row["document_id"]: Trusted(**{**row, "channels": frozenset(row["channels"])}) for row in rows
            }
            self._revision = revision
        self._asked_at = asyncio.get_running_loop().time()
