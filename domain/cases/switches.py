"""渠道开关: an item on a channel, or a whole channel, switched off by staff with a reason, and on again.

What is switched off takes no new application; cases that are there go on. A partner that is switched off is not called
and its messages are kept unworked, so that nothing is lost while it is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import catalogue
from domain.cases.refusals import CHANNEL_OFF, SWITCH_ITEM_UNKNOWN, SWITCH_REASON
from domain.kernel import audit, database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, transaction
from domain.kernel.refusal import NOT_PERMITTED, Refused

WHOLE = ""
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 4, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Something that is off. `item` is empty for the whole channel."""

    channel: str
    item: str
    reason: str
    switched_by_name: str
    switched_at: datetime


async def switches() -> list[Switch]:
    """Everything that is off, the newest first."""
    rows = await database.rows(
        "SELECT channel, item, reason, switched_by_name, switched_at FROM channel_switch ORDER BY switched_at DESC"
    )
    return [Switch(**dict(row)) for row in rows]


async def is_off(*, channel: str, item: str = WHOLE, using: Executor = database.pool) -> bool:
    return bool(
        await using.value(
            "SELECT EXISTS (SELECT FROM channel_switch WHERE channel = $1 AND (item = '' OR item = $2))", channel, item
        )
    )


async def require_on(*, channel: str, item: str, using: Executor) -> None:
    """Raises Refused where new applications are switched off."""
    if await is_off(channel=channel, item=item, using=using):
        raise Refused(CHANNEL_OFF(item=catalogue.item(item).name))


async def switch(*, actor: Actor, channel: str, item: str = WHOLE, on: bool, reason: str, now: datetime) -> bool:
    """Switches; False when it stood so already. Raises Refused."""
    if not actor.has_role(Role.SUPERVISOR):
        raise Refused(NOT_PERMITTED())
    said = reason.strip()
    if not REASON_LENGTH_MIN <= len(said) <= REASON_LENGTH_MAX:
        raise Refused(SWITCH_REASON())
    if item and item not in {one.identifier for one in catalogue.items()}:
        raise Refused(SWITCH_ITEM_UNKNOWN())
    async with transaction() as tx:
        if on:
            status = await tx.execute("DELETE FROM channel_switch WHERE channel = $1 AND item = $2", channel, item)
        else:
            status = await tx.execute(
                "INSERT INTO channel_switch (channel, item, reason, switched_by, switched_by_name, switched_at)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                channel,
                item,
                said,
                actor.reference,
                actor.name,
                now,
            )
        changed = not status.endswith(" 0")
        if changed:
            await audit.record(
                tx,
                actor=actor,
                action="channel.switched_on" if on else "channel.switched_off",
                subject=f"channel:{channel}",
                now=now,
                detail={"item": item, "reason": said},
            )
    return changed
