"""The switching controller at work: gathers the evidence of all processes, steps the pure controller once, writes down
each move with its reason, and tells this process the shares.

Any worker may run `tick`, and each does: one of them steps at a time, the others read what it left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from domain import policy
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from notifications import pricing
from notifications.numbers import Range, Ranges
from notifications.ports import Funded
from notifications.refusals import (
    CARRIER_UNKNOWN,
    OVERRIDE_NOT_OPEN,
    OVERRIDE_OPEN,
    REASON_MISSING,
    SAME_PERSON,
    WANTED_UNKNOWN,
)
from notifications.routing import Carriers
from notifications.switching import Bucket, Change, Limits, Phase, Standing, Wanted, sight, step

_LOCK = 0x48504653  # "HPFS"
KEPT = timedelta(days=35)
WANTED_NAMES: dict[Wanted, str] = {"on": "强制启用", "off": "强制停用", "auto": "恢复自动"}
PHASE_NAMES: dict[Phase, str] = {
    "serving": "正常",
    "away": "停用",
    "returning": "试发",
    "forced_on": "强制启用",
    "forced_off": "强制停用",
}
REASON_LENGTHS = (5, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    override_id: int
    carrier: str
    wanted: Wanted
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime


def limits_on(day: date) -> tuple[Limits, int]:
    """The controller's limits, and how many milliseconds are slow."""
    today = policy.on(day)
    limits = Limits(
        sample_min=today.number("sms.sample_min"),
        failed_permille_max=today.number("sms.failed_permille_max"),
        slow_permille_max=today.number("sms.slow_permille_max"),
        guard=timedelta(minutes=today.number("sms.guard_minutes")),
    )
    return limits, today.number("sms.slow_ms")


async def tick(*, carriers: Carriers, now: datetime) -> list[Change]:
    """One step; the moves that it made, none when another process was stepping. Cheap enough for each second."""
    limits, carriers.slow_ms = limits_on(business_date_of(now))
    await _give_evidence(carriers, now=now)
    async with database.transaction() as tx:
        mine = await tx.value("SELECT pg_try_advisory_xact_lock($1)", _LOCK)
        changes = await _step(tx, carriers, limits=limits, now=now) if mine else []
    await refresh(carriers=carriers, now=now)
    return [change for change in changes if change.is_move]


async def refresh(*, carriers: Carriers, now: datetime) -> None:
    """Tells this process the shares, today's prices and our own number ranges."""
    rows = await database.rows("SELECT carrier, share FROM sms_standing")
    carriers.shares = {row["carrier"]: row["share"] for row in rows}
    carriers.prices = await pricing.prices_now(day=business_date_of(now))
    count = await database.value("SELECT count(*) FROM sms_number_range")
    if count != len(carriers.ranges) or count:
        carriers.ranges = await own_ranges()


async def own_ranges() -> Ranges:
    rows = await database.rows("SELECT prefix, region, place FROM sms_number_range")
    return Ranges(
        {row["prefix"]: Range(prefix=row["prefix"], region=row["region"], place=row["place"]) for row in rows}
    )


async def _give_evidence(carriers: Carriers, *, now: datetime) -> None:
    seen = carriers.take_evidence()
    if seen:
        await database.execute(
            """
            INSERT INTO sms_evidence AS e (carrier, bucket, submitted, failed, slow, handed_ms, handed_ms_max, receipts,
                                           receipts_failed)
            SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                                 $7::bigint[], $8::bigint[], $9::bigint[])
            ON CONFLICT (bucket, carrier) DO UPDATE SET submitted = e.submitted + excluded.submitted,
                failed = e.failed + excluded.failed, slow = e.slow + excluded.slow,
                handed_ms = e.handed_ms + excluded.handed_ms,
                handed_ms_max = greatest(e.handed_ms_max, excluded.handed_ms_max),
                receipts = e.receipts + excluded.receipts,
                receipts_failed = e.receipts_failed + excluded.receipts_failed
            """,
            [carrier for carrier, _ in seen],
            [bucket for _, bucket in seen],
            *(
                [getattr(one, name) for one in seen.values()]
                for name in ("submitted", "failed", "slow", "handed_ms", "handed_ms_max", "receipts", "receipts_failed")
            ),
        )


async def tell_condition(*, carriers: Carriers, holds: bool, now: datetime) -> None:
    """What the process that holds the long connections says of them, and why a carrier tells no balance."""
    long = {one.name: one for one in carriers.long_connections()}
    for carrier in carriers.all():
        connection = long.get(carrier.name)
        if connection is not None and not holds:
            continue
        await database.execute(
            """
            INSERT INTO sms_standing (carrier, phase, share, since, guard_until, guard_seconds, reason, online,
                                      condition, balance_note, seen_at)
            VALUES ($1, 'serving', 100, $2, $2, $3, '初始状态', $4, $5, $6, $2)
            ON CONFLICT (carrier) DO UPDATE SET online = excluded.online, condition = excluded.condition,
                balance_note = excluded.balance_note, seen_at = excluded.seen_at
            """,
            carrier.name,
            now,
            int(limits_on(business_date_of(now))[0].guard.total_seconds()),
            None if connection is None else connection.online,
            "" if connection is None else connection.condition,
            "" if isinstance(carrier, Funded) else getattr(carrier, "no_balance", "该运营商不提供余额查询"),
        )


async def _step(tx: Executor, carriers: Carriers, *, limits: Limits, now: datetime) -> list[Change]:
    rows = {row["carrier"]: row for row in await tx.rows("SELECT * FROM sms_standing")}
    standings = [
        _standing(rows[name]) if name in rows else Standing.fresh(name, now=now, limits=limits)
        for name in carriers.names
    ]
    buckets = await _buckets(tx, since=now - limits.window)
    seen = {
        one.carrier: sight(
            buckets=buckets.get(one.carrier, ()),
            standing=one,
            online=rows[one.carrier]["online"] if one.carrier in rows else None,
            limits=limits,
            now=now,
        )
        for one in standings
    }
    ordered = await tx.rows("SELECT override_id, carrier, wanted, decided_by FROM sms_override WHERE state = 'agreed'")
    orders = {row["carrier"]: cast(Wanted, row["wanted"]) for row in ordered if row["carrier"] in carriers.names}
    changes = step(standings=standings, seen=seen, orders=orders, limits=limits, now=now)
    for change in changes:
        await _write(tx, change, now=now, caused_by=_cause(ordered, change.after.carrier))
    if ordered:
        await tx.execute(
            "UPDATE sms_override SET state = 'applied' WHERE override_id = ANY($1::bigint[])",
            [row["override_id"] for row in ordered],
        )
    return changes


def _cause(ordered: Sequence[Record], carrier: str) -> str:
    return next((row["decided_by"] for row in ordered if row["carrier"] == carrier), "system")


async def _buckets(tx: Executor, *, since: datetime) -> Mapping[str, list[Bucket]]:
    rows = await tx.rows(
        "SELECT carrier, bucket, submitted, failed, slow FROM sms_evidence WHERE bucket >= $1 ORDER BY bucket", since
    )
    found: dict[str, list[Bucket]] = {}
    for row in rows:
        bucket = Bucket(at=row["bucket"], submitted=row["submitted"], failed=row["failed"], slow=row["slow"])
        found.setdefault(row["carrier"], []).append(bucket)
    return found


async def _write(tx: Executor, change: Change, *, now: datetime, caused_by: str) -> None:
    after = change.after
    await tx.execute(
        """
        INSERT INTO sms_standing (carrier, phase, share, since, guard_until, guard_seconds, reason, was_slow, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (carrier) DO UPDATE SET phase = excluded.phase, share = excluded.share, since = excluded.since,
            guard_until = excluded.guard_until, guard_seconds = excluded.guard_seconds, reason = excluded.reason,
            was_slow = excluded.was_slow
        """,
        after.carrier,
        after.phase,
        after.share,
        after.since,
        after.guard_until,
        int(after.guard.total_seconds()),
        after.reason,
        after.was_slow,
        now,
    )
    if change.is_move:
        await tx.execute(
            "INSERT INTO sms_switch (switch_id, carrier, at, phase, share_before, share_after, reason, evidence,"
            " caused_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            new_id(),
            after.carrier,
            now,
            after.phase,
            change.before.share,
            after.share,
            after.reason,
            {"submitted": change.seen.submitted, "failed": change.seen.failed, "slow": change.seen.slow},
            caused_by,
        )


def _standing(row: Record) -> Standing:
    return Standing(
        carrier=row["carrier"],
        phase=row["phase"],
        share=row["share"],
        since=row["since"],
        guard_until=row["guard_until"],
        guard=timedelta(seconds=row["guard_seconds"]),
        reason=row["reason"],
        was_slow=row["was_slow"],
    )


# By hand, by two persons


async def propose_override(*, actor: Actor, carrier: str, wanted: str, reason: str, now: datetime) -> int:
    """Raises Refused. Nothing changes until another person agrees."""
    known = await database.value("SELECT 1 FROM sms_standing WHERE carrier = $1", carrier)
    if not known:
        raise Refused(CARRIER_UNKNOWN())
    if wanted not in WANTED_NAMES:
        raise Refused(WANTED_UNKNOWN())
    if not REASON_LENGTHS[0] <= len(reason.strip()) <= REASON_LENGTHS[1]:
        raise Refused(REASON_MISSING())
    override_id = new_id()
    async with database.transaction() as tx:
        made = await tx.value(
            "INSERT INTO sms_override (override_id, carrier, wanted, reason, state, proposed_by, proposed_at)"
            " VALUES ($1, $2, $3, $4, 'proposed', $5, $6)"
            " ON CONFLICT (carrier) WHERE state IN ('proposed', 'agreed') DO NOTHING RETURNING override_id",
            override_id,
            carrier,
            wanted,
            reason.strip(),
            actor.reference,
            now,
        )
        if made is None:
            raise Refused(OVERRIDE_OPEN())
        await audit.record(
            tx,
            actor=actor,
            action="sms.override_proposed",
            subject=f"carrier:{carrier}",
            now=now,
            detail={"wanted": wanted},
        )
    return override_id


async def decide_override(*, actor: Actor, override_id: int, agree: bool, now: datetime) -> None:
    """The next tick carries out what is agreed. The proposer may only take it back. Raises Refused."""
    async with database.transaction() as tx:
        row = await tx.row("SELECT * FROM sms_override WHERE override_id = $1 FOR UPDATE", override_id)
        if row is None or row["state"] != "proposed":
            raise Refused(OVERRIDE_NOT_OPEN())
        if agree and row["proposed_by"] == actor.reference:
            raise Refused(SAME_PERSON())
        state = "agreed" if agree else "declined"
        await tx.execute(
            "UPDATE sms_override SET state = $2, decided_by = $3, decided_at = $4 WHERE override_id = $1",
            override_id,
            state,
            actor.reference,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action=f"sms.override_{state}",
            subject=f"carrier:{row['carrier']}",
            now=now,
            detail={"wanted": row["wanted"]},
        )


async def open_overrides() -> list[Override]:
    rows = await database.rows(
        "SELECT override_id, carrier, wanted, reason, state, proposed_by, proposed_at FROM sms_override"
        " WHERE state IN ('proposed', 'agreed') ORDER BY proposed_at"
    )
    return [Override(**dict(row)) for row in rows]


async def forget_old(*, now: datetime) -> None:
    """Evidence older than the pages show."""
    await database.execute("DELETE FROM sms_evidence WHERE bucket < $1", now - KEPT)
