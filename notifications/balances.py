"""运营商余额: asked at intervals, by one of all processes, each carrier by itself so that a slow one delays no other.

What was told stays with its time until it is told anew: a carrier that does not answer has not run dry, and an old
figure is shown as old. `notifications.alarms` warns of both.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from domain.kernel import database
from notifications.ports import Funded
from notifications.routing import Carriers

EVERY = timedelta(minutes=1)


async def ask(*, carriers: Carriers, now: datetime) -> int:
    """Asks those that were not asked within `EVERY` and gives how many told. A carrier that nobody has seen at work yet
    (`control.tell_condition`) is left for the next time."""
    told = await asyncio.gather(*(_ask(one, now=now) for one in carriers.all() if isinstance(one, Funded)))
    return sum(told)


async def _ask(carrier: Funded, *, now: datetime) -> bool:
    mine = await database.value(
        "UPDATE sms_standing SET balance_asked_at = $2 WHERE carrier = $1"
        " AND (balance_asked_at IS NULL OR balance_asked_at <= $3) RETURNING carrier",
        carrier.name,
        now,
        now - EVERY,
    )
    if mine is None:
        return False
    parts = await carrier.balance_parts(now=now)
    if parts is None:
        return False
    # one that was asked before us and answers after us knows less
    await database.execute(
        "UPDATE sms_standing SET balance_parts = $2, balance_at = $3 WHERE carrier = $1"
        " AND (balance_at IS NULL OR balance_at <= $3)",
        carrier.name,
        parts,
        now,
    )
    return True
