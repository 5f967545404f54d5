"""The audit trail: who did what to which subject, with what outcome. Rows can be added and read, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id


@dataclass(slots=True)
class Watch:
    """What was recorded while a piece of work went on; `repeated` when it only answered what an earlier one did."""

    done: int = 0
    repeated: bool = False


_watch: ContextVar[Watch | None] = ContextVar("audit_watch", default=None)


@contextmanager
def watched() -> Iterator[Watch]:
    """Counts the events of the block, tasks that it starts included."""
    watch = Watch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def note_repeated() -> None:
    """Nothing is done now: `domain.kernel.idempotency` answers from its record."""
    if (watch := _watch.get()) is not None:
        watch.repeated = True


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
        plain(_with_partnership(actor, detail or {})),
    )
    if outcome == "done" and (watch := _watch.get()) is not None:
        watch.done += 1


def _with_partnership(actor: Actor, detail: dict[str, object]) -> dict[str, object]:
    """A third party acts under a grant and perhaps for somebody: both belong into each of its events."""
    if actor.partnership is None:
        return detail
    told: dict[str, object] = {"grant": str(actor.partnership.grant_id), "purpose": actor.partnership.purpose}
    if actor.represents is not None:
        told["represents"] = actor.represents
    return {**told, **detail}
