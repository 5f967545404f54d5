"""Events that leave with the transaction that caused them, or not at all.

The row is written beside the account's other rows; the relay in `ops.worker` hands it to the queue and marks it.
"""

from __future__ import annotations

from datetime import datetime

from domain.kernel.database import Transaction
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id


async def emit(tx: Transaction, *, account_no: int, kind: str, payload: dict[str, object], now: datetime) -> int:
    """Records an event and returns its id. The payload holds references, no personal data."""
    event_id = new_id()
    await tx.execute(
        "INSERT INTO outbox (account_no, event_id, kind, payload, created_at) VALUES ($1, $2, $3, $4, $5)",
        account_no,
        event_id,
        kind,
        plain(payload),
        now,
    )
    return event_id


async def consume(tx: Transaction, *, account_no: int, event_id: int, consumer: str, now: datetime) -> bool:
    """True the first time a consumer sees the event; its effect belongs into the same transaction."""
    status = await tx.execute(
        "INSERT INTO event_consumed (account_no, event_id, consumer, consumed_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        account_no,
        event_id,
        consumer,
        now,
    )
    return status.endswith(" 1")
