"""The audit trail: who did what to which subject, with what outcome. Rows can be added and read, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id


async def record(
    executor: Executor | None,
    *,
    actor: Actor,
    action: str,
    subject: str,
    now: datetime,
    outcome: Literal["done", "refused", "failed"] = "done",
    detail: dict[str, object] | None = None,
) -> None:
    """Adds one event. `action` is `area.verb` in the past, `subject` like `case:20261123C20…`; `detail` holds
    references and codes, no personal data. Without an executor the event stands for itself, outside any
    transaction: refusals are recorded although what they refused was rolled back."""
    await (executor or database.pool).execute(
        "INSERT INTO audit_event (event_id, at, actor, actor_name, channel, session_id, action, subject, outcome,"
        " detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_id(),
        now,
        actor.reference,
        actor.name,
        actor.channel,
        actor.session_id,
        action,
        subject,
        outcome,
        plain(detail or {}),
    )
