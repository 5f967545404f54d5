"""Who holds what only so many processes may hold: the sending of messages, and a carrier's long connections.

A lease is a row with a heartbeat. One whose heartbeat is old is free, and whoever had it must have stopped by then: it
gives up by itself a little earlier (`LOST_AFTER` before `FREE_AFTER`), also when it cannot reach the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel import database
from domain.kernel.identifiers import new_id

BEAT = timedelta(seconds=2)
LOST_AFTER = timedelta(seconds=8)
FREE_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    name: str
    place: int
    epoch: int


async def take(*, name: str, places: int, holder: str, now: datetime) -> Lease | None:
    """A free place among `places`; None when all are held."""
    for place in range(places):
        epoch = new_id()
        taken = await database.value(
            "INSERT INTO sms_lease (name, place, holder, epoch, taken_at, heartbeat_at) VALUES ($1, $2, $3, $4, $5, $5)"
            " ON CONFLICT (name, place) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch,"
            " taken_at = excluded.taken_at, heartbeat_at = excluded.heartbeat_at"
            " WHERE sms_lease.heartbeat_at < $6 RETURNING epoch",
            name,
            place,
            holder,
            epoch,
            now,
            now - FREE_AFTER,
        )
        if taken == epoch:
            return Lease(name=name, place=place, epoch=epoch)
    return None


async def beat(lease: Lease, *, now: datetime) -> bool:
    """False when the lease is another's by now: stop at once."""
    status = await database.execute(
        "UPDATE sms_lease SET heartbeat_at = $4 WHERE name = $1 AND place = $2 AND epoch = $3",
        lease.name,
        lease.place,
        lease.epoch,
        now,
    )
    return status.endswith(" 1")


async def give_back(lease: Lease) -> None:
    await database.execute(
        "DELETE FROM sms_lease WHERE name = $1 AND place = $2 AND epoch = $3", lease.name, lease.place, lease.epoch
    )
