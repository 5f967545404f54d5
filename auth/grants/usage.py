"""The day's use of a grant, counted in Redis in the round trip that asks for the token, and brought to PostgreSQL
later.

Days are those of Beijing. The counters live two days. A server that loses its memory begins the day's quota anew;
what was used before stays in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from auth import store
from auth.grants.standing import STANDING, StandingGrant
from domain.kernel import database
from domain.kernel.dates import SHANGHAI, business_date_of

_LIFE = timedelta(days=2)


class QuotaToll:
    """A third party's part of the gate's question."""

    def __init__(self, *, grant: StandingGrant, now: datetime) -> None:
        self.grant = grant
        self.passed = True
        self.calls = 0
        self.points_spent = 0
        self._now = now

    @property
    def question(self) -> tuple[object, ...]:
        """What the gate's script asks for: the key of the day, what is granted, and the key's life."""
        grant = self.grant
        key = store.key(usage_key(grant.grant_id, business_date_of(self._now)))
        return key, grant.calls_per_day, grant.points_per_day, _LIFE // timedelta(milliseconds=1)

    def answered(self, answer: object) -> None:
        """A quota is part of the grant: what cannot be counted is not granted."""
        if not isinstance(answer, list):
            self.passed = False
            return
        passed, self.calls, self.points_spent = answer
        self.passed = bool(passed)

    @property
    def seconds_left(self) -> int:
        """Until the quota begins anew."""
        tomorrow = business_date_of(self._now) + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=SHANGHAI)
        return int((midnight - self._now).total_seconds()) + 1


def toll_for(caller: str, *, now: datetime) -> QuotaToll | None:
    """None for a caller who is no third party. Of a caller as `auth.sessions` names third parties:
    `partner:9:grant:7:partner`."""
    parts = caller.split(":")
    if parts[0] != "partner":
        return None
    grant = STANDING.peek(int(parts[3]))
    assert grant is not None, "a third party came in without a grant"
    return QuotaToll(grant=grant, now=now)


async def count(*, grant_id: int, what: str, now: datetime) -> None:
    """One more call that was refused or has failed, both of them rare, or was made by a citizen at a kiosk."""
    assert what in ("calls", "refused", "failed")
    await store.count_in_hash(usage_key(grant_id, business_date_of(now)), what, life=_LIFE)


async def carry_over(*, now: datetime) -> int:
    """Brings the counters of today and yesterday to PostgreSQL; returns how many grants were used. Called by the
    worker."""
    today = business_date_of(now)
    moved = 0
    grants = await database.rows("SELECT grant_id FROM service_grant WHERE state <> 'registered'")
    for day in (today - timedelta(days=1), today):
        keys = [usage_key(row["grant_id"], day) for row in grants]
        for row, kept in zip(grants, await store.read_hashes(keys), strict=True):
            if kept:
                await _write(row["grant_id"], day, kept)
                moved += 1
    return moved


async def _write(grant_id: int, day: date, kept: dict[str, int]) -> None:
    await database.execute(
        "INSERT INTO grant_usage AS u (grant_id, day, calls, points, refused, failed) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (grant_id, day) DO UPDATE SET calls = greatest(u.calls, excluded.calls),"
        " points = greatest(u.points, excluded.points), refused = greatest(u.refused, excluded.refused),"
        " failed = greatest(u.failed, excluded.failed)",
        grant_id,
        day,
        *(kept.get(name, 0) for name in ("calls", "points", "refused", "failed")),
    )


async def live_usage(*, grant_ids: Sequence[int], day: date) -> list[dict[str, int]]:
    """The counters as they stand, one for each grant. Raises StoreUnavailable."""
    return await store.read_hashes([usage_key(grant_id, day) for grant_id in grant_ids])


def usage_key(grant_id: int, day: date) -> str:
    return f"grant:{grant_id}:{day.isoformat()}"
