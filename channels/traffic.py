"""Calls by channel, counted in the process and added up in the store every few seconds.

Counting costs a dictionary look-up; what a process had not yet flushed when it died is lost, which figures may be and
messages may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.kernel import database

Direction = Literal["in", "out"]


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    refused: int = 0
    failed: int = 0
    milliseconds: int = 0
    slowest_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Traffic:
    """One for a process. `process` names it in the health table."""

    process: str
    _sums: dict[tuple[str, Direction, str, datetime], _Sum] = field(default_factory=dict)

    def count(
        self, channel: str, direction: Direction, operation: str, *, outcome: str, seconds: float, now: datetime
    ) -> None:
        """`outcome`: done, refused (an answer, not the wanted one), failed (no usable answer)."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        one = self._sums.setdefault((channel, direction, operation[:60], hour), _Sum())
        milliseconds = int(seconds * 1000)
        one.calls += 1
        one.refused += outcome == "refused"
        one.failed += outcome == "failed"
        one.milliseconds += milliseconds
        one.slowest_ms = max(one.slowest_ms, milliseconds)

    async def flush(self, *, open_paths: Mapping[str, list[str]], now: datetime) -> int:
        """Adds what was counted since the last time, and says which partners' breakers are open here."""
        taken, self._sums = self._sums, {}
        for (channel, direction, operation, hour), one in taken.items():
            await database.execute(
                _ADD,
                channel,
                direction,
                operation,
                hour,
                one.calls,
                one.refused,
                one.failed,
                one.milliseconds,
                one.slowest_ms,
            )
        for channel, paths in open_paths.items():
            await database.execute(
                "INSERT INTO channel_health (channel, process, open_paths, seen_at) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (channel, process) DO UPDATE SET open_paths = $3, seen_at = $4",
                channel,
                self.process,
                sorted(paths),
                now,
            )
        return len(taken)


_ADD = """
INSERT INTO channel_traffic AS t (channel, direction, operation, hour, calls, refused, failed, milliseconds, slowest_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (channel, direction, operation, hour) DO UPDATE SET
    calls = t.calls + excluded.calls, refused = t.refused + excluded.refused, failed = t.failed + excluded.failed,
    milliseconds = t.milliseconds + excluded.milliseconds, slowest_ms = greatest(t.slowest_ms, excluded.slowest_ms)
"""
