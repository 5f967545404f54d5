"""Queues of what an outside system has to hear: once, in order, with its answer as proof.

Whoever has a table of such rows describes it (`Outgoing`). A row is written in the transaction of what it tells of, and
the other side takes a number once, so telling it again after a lost answer is safe. Rows of one matter follow one
another, those of different matters do not wait; a rejected row stops nobody, because the other side judges each by
itself.

Columns: the key, `seq`, `state` (`waiting`, `accepted`, `rejected`), `attempts`, `due_at`, `last_code`, `last_message`,
`receipt_no`, `ended_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.kernel import database
from domain.kernel.database import Executor, Record

LEASE = timedelta(seconds=60)
PAUSE_MAX = timedelta(minutes=5)
_MESSAGE_LENGTH_MAX = 200


class Answer(Protocol):
    """What the other side said. `status`: accepted, duplicate (it has the row already), rejected (waits for people),
    unknown (no usable answer: told again)."""

    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def receipt_no(self) -> str | None: ...


def pause_after(attempts: int, *, most: timedelta = PAUSE_MAX) -> timedelta:
    """How long to wait after so many tries in vain: doubled each time."""
    return min(timedelta(seconds=2 ** min(attempts, 30)), most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """`key` is the primary key; rows that are equal in `matter` follow one another by `seq`."""

    table: str
    key: tuple[str, ...]
    matter: tuple[str, ...]

    async def claim_due(self, *, now: datetime, most: int) -> list[Record]:
        """Rows whose turn it is, the oldest first; nobody else gets them until the lease ends."""
        chosen = ", ".join(f"d.{name}" for name in self.key)
        same_matter = " AND ".join(f"e.{name} = d.{name}" for name in self.matter)
        same_row = " AND ".join(f"r.{name} = due.{name}" for name in self.key)
        return await database.rows(
            f"UPDATE {self.table} r SET attempts = attempts + 1, due_at = $2 FROM ("
            f" SELECT {chosen} FROM {self.table} d WHERE d.state = 'waiting' AND d.due_at <= $1 AND NOT EXISTS ("
            f"  SELECT FROM {self.table} e WHERE {same_matter} AND e.seq < d.seq AND e.state = 'waiting')"
            f" ORDER BY d.due_at, {chosen} LIMIT $3 FOR UPDATE SKIP LOCKED) due WHERE {same_row} RETURNING r.*",
            now,
            now + LEASE,
            most,
        )

    async def put_off(self, *, key: Sequence[object], attempts: int, answer: Answer, now: datetime) -> None:
        """Without a usable answer: told again after a pause."""
        await database.execute(
            f"UPDATE {self.table} SET due_at = $1, last_code = $2, last_message = $3 WHERE {self._row(3)}"
            " AND state = 'waiting'",
            now + pause_after(attempts),
            answer.code,
            answer.message[:_MESSAGE_LENGTH_MAX],
            *key,
        )

    async def end(
        self, *, key: Sequence[object], answer: Answer, now: datetime, using: Executor = database.pool
    ) -> bool:
        """Keeps a clear answer; False when one was kept before."""
        accepted = has_it(answer)
        status = await using.execute(
            f"UPDATE {self.table} SET state = $1, last_code = $2, last_message = $3, receipt_no = $4, ended_at = $5"
            f" WHERE {self._row(5)} AND state = 'waiting'",
            "accepted" if accepted else "rejected",
            answer.code,
            answer.message[:_MESSAGE_LENGTH_MAX],
            (answer.receipt_no or "") if accepted else None,
            now,
            *key,
        )
        return status.endswith(" 1")

    def _row(self, before: int) -> str:
        return " AND ".join(f"{name} = ${place}" for place, name in enumerate(self.key, start=before + 1))


def has_it(answer: Answer) -> bool:
    """Whether the other side has the row: it took it now, or says that it did before."""
    return answer.status in ("accepted", "duplicate")
