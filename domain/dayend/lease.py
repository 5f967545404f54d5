"""Who runs the day-end. PostgreSQL's session lock decides; it falls with the connection that holds it, however the
runner ends. The lease's row shows it to people and carries the epoch that the engine's transactions look at."""

from __future__ import annotations

from datetime import datetime

from domain.dayend.refusals import ALREADY_RUNNING
from domain.dayend.store import LeaseLost
from domain.kernel.database import Executor
from domain.kernel.dates import SHANGHAI
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

LOCK = 0x48504644  # "HPFD"


async def take(using: Executor, *, runner: str, now: datetime) -> int:
    """The epoch of a fresh lease. `using` is one connection that stays open as long as the lease is held. Raises
    Refused while another runner holds it."""
    if not await using.value("SELECT pg_try_advisory_lock($1)", LOCK):
        row = await using.row("SELECT runner, heartbeat_at FROM day_end_lease")
        heartbeat = row["heartbeat_at"].astimezone(SHANGHAI).strftime("%H:%M:%S") if row else "未知"
        raise Refused(ALREADY_RUNNING(runner=row["runner"] if row else "另一进程", heartbeat=heartbeat))
    epoch = new_id()
    await using.execute(
        "INSERT INTO day_end_lease (only_one, epoch, runner, taken_at, heartbeat_at) VALUES (true, $1, $2, $3, $3)"
        " ON CONFLICT (only_one) DO UPDATE SET epoch = EXCLUDED.epoch, runner = EXCLUDED.runner,"
        " taken_at = EXCLUDED.taken_at, heartbeat_at = EXCLUDED.heartbeat_at, released_at = NULL",
        epoch,
        runner,
        now,
    )
    return epoch


async def beat(using: Executor, *, epoch: int, now: datetime) -> None:
    """Tells that the runner lives. Raises LeaseLost when the lease is another's."""
    status = await using.execute("UPDATE day_end_lease SET heartbeat_at = $2 WHERE epoch = $1", epoch, now)
    if not status.endswith(" 1"):
        raise LeaseLost


async def release(using: Executor, *, epoch: int, now: datetime) -> None:
    await using.execute("UPDATE day_end_lease SET released_at = $2 WHERE epoch = $1", epoch, now)
    await using.value("SELECT pg_advisory_unlock($1)", LOCK)
