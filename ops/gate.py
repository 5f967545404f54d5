"""The way into GraphQL: session, address and points asked for in one round trip to Valkey.

Each caller has a bucket of points on each channel, filled again at a steady rate; who is not logged in shares that of
their address. A bucket is one small hash that disappears when it is full again. Without its store nobody who is logged
in passes (the session cannot be asked for); who is not logged in passes uncounted.

One script answers everything, for as many requests as ask at the same time: what arrives while a trip is on its way
goes together on the next (`ops.round_trips`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth import sessions
from auth.grants import admitting, usage
from auth.tokens import TokenRefused
from ops import telemetry
from ops.limits import MESSAGE, WINDOW_SECONDS, address_key
from ops.round_trips import RoundTrips
from schema.admission import Admitted, Balance, TooMany, points_spent, quota_spent

GRAPHQL_PATHS = ("/graphql", "/graphql/stream")
STAFF_FACTOR = 5
"""A desk works through long lists all day."""
_SECONDS = 2

# A question: the keys to read, the address's key and its window, the bucket's key, its capacity and refill, the points
# wanted, and the time in milliseconds. The answer: the values, how often the address has asked, and of the bucket:
# taken or not, what is left, milliseconds until there are enough. What fails of the last four is false and limits
# nobody; keys that cannot be read fail the whole script. A third party asks for more: the key of its grant's day, the
# calls and points granted, and how long the key lives; what cannot be counted there is refused.
_SCRIPT = """
local function counted(key, window)
  local count = redis.call('INCR', key)
  redis.call('EXPIRE', key, window, 'NX')
  return count
end
local function taken(key, capacity, refill, wanted, now)
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(kept[1]) or capacity, tonumber(kept[2]) or now
  wanted = math.min(wanted, capacity)
  level = math.min(capacity, level + math.max(0, now - at) * refill / 1000)
  if level < wanted then return {0, math.floor(level), math.ceil((wanted - level) * 1000 / refill)} end
  level = level - wanted
  redis.call('HSET', key, 'level', string.format('%.3f', level), 'at', string.format('%.0f', math.max(now, at)))
  redis.call('PEXPIRE', key, string.format('%.0f', math.ceil((capacity - level) * 1000 / refill) + 1000))
  return {1, math.floor(level), 0}
end
-- of a third party: one call and its points, unless that passes the quota of the day
local function within(key, calls_most, points_most, points, life)
  local kept = redis.call('HMGET', key, 'calls', 'points')
  local calls, spent = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
  local passes = calls + 1 <= calls_most and spent + points <= points_most
  if passes then
    calls = redis.call('HINCRBY', key, 'calls', 1)
    spent = redis.call('HINCRBY', key, 'points', points)
  else
    redis.call('HINCRBY', key, 'refused', 1)
  end
  redis.call('PEXPIRE', key, life)
  return {passes and 1 or 0, calls, spent}
end
local answers = {}
for nth, asked in ipairs(cjson.decode(ARGV[1])) do
  local values = #asked[1] > 0 and redis.call('MGET', unpack(asked[1])) or false
  local known, count = pcall(counted, asked[2], asked[3])
  local paid, points = pcall(taken, asked[4], asked[5], asked[6], asked[7], asked[8])
  local counts, quota = false, false
  if asked[9] then counts, quota = pcall(within, asked[9], asked[10], asked[11], asked[7], asked[12]) end
  answers[nth] = {values, known and count, paid and points, counts and quota}
end
return cjson.encode(answers)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Points it holds when full, and how many come back in a second."""

    capacity: int
    refill: int

    def times(self, factor: int) -> Bucket:
        return Bucket(capacity=self.capacity * factor, refill=self.refill * factor)


class Gate:
    """One for a process; a `schema.admission.Admit`."""

    def __init__(
        self, *, redis: Redis, prefix: str, clock: Callable[[], datetime], requests_max: int, bucket: Bucket
    ) -> None:
        self._prefix, self._clock = prefix, clock
        self._requests_max, self._bucket = requests_max, bucket
        self._trips = RoundTrips(redis=redis, script=_SCRIPT, seconds=_SECONDS)

    async def __call__(self, bearer: str | None, /, *, points: int, origin: str) -> Admitted:
        now = self._clock()
        toll = _Toll(
            trips=self._trips,
            prefix=self._prefix,
            origin=origin,
            points=points,
            now=now,
            full=self._bucket,
        )
        try:
            actor = await sessions.authenticate(bearer=bearer, now=now, errand=toll)
        except TokenRefused:
            # who guesses tokens counts as well, and hears of the limit first
            if not toll.paid:
                await toll.alone()
            self._require(toll)
            raise
        if bearer is None:
            await toll.alone()
        if toll.quota is not None and not toll.quota.passed:
            await admitting.tell_refusal(actor, reason="quota", now=now)
        self._require(toll)
        return Admitted(actor=actor, balance=toll.balance)

    def _require(self, toll: _Toll) -> None:
        """Raises TooMany."""
        if toll.quota is None and toll.requests > self._requests_max:
            telemetry.LIMITED.labels(lane="all").inc()
            raise TooMany(MESSAGE, after=WINDOW_SECONDS)
        if toll.quota is not None and not toll.quota.passed:
            telemetry.LIMITED.labels(lane="quota").inc()
            raise quota_spent(toll.quota.grant, after=toll.quota.seconds_left)
        if toll.refused_for is not None:
            telemetry.LIMITED.labels(lane="points").inc()
            assert toll.balance is not None
            raise points_spent(toll.balance, after=toll.refused_for)


class _Toll:
    """An errand: counts the address and takes the points."""

    __slots__ = (
        "_bucket",
        "_now",
        "_origin",
        "_points",
        "_prefix",
        "_trips",
        "balance",
        "paid",
        "quota",
        "refused_for",
        "requests",
    )

    def __init__(
        self, *, trips: RoundTrips, prefix: str, origin: str, points: int, now: datetime, full: Bucket
    ) -> None:
        self.paid = False
        self.requests = 0
        self.balance: Balance | None = None
        self.refused_for: int | None = None
        """Seconds until there are points enough."""
        self.quota: usage.QuotaToll | None = None
        """Of a third party: what its grant has left today."""
        self._trips, self._prefix, self._origin = trips, prefix, origin
        self._points, self._now, self._bucket = points, now, full

    async def carry(self, names: Sequence[str], /, *, caller: str) -> Sequence[object]:
        if caller.startswith("staff:"):
            self._bucket = self._bucket.times(STAFF_FACTOR)
        self.quota = usage.toll_for(caller, now=self._now)
        bucket, counted = self._bucket, address_key(self._prefix, "all", self._origin)
        if self.quota is not None:
            # its grant is its limit; many of them may stand behind one address, and strangers too
            counted = address_key(self._prefix, "grant", str(self.quota.grant.grant_id))
        values, count, taken, quota = await self._trips.ask(
            [
                names,
                counted,
                WINDOW_SECONDS,
                f"{self._prefix}points:{caller}",
                bucket.capacity,
                bucket.refill,
                self._points,
                int(self._now.timestamp() * 1000),
                *(self.quota.question if self.quota is not None else ()),
            ]
        )
        if self.quota is not None:
            self.quota.answered(quota)
        self._pay(count, taken)
        found: Sequence[object] = values or ()
        return found

    async def alone(self) -> None:
        """Nobody's session to ask for: the store that is away stops nobody."""
        try:
            await self.carry((), caller=f"anonymous:{self._origin}")
        except (RedisError, OSError, TimeoutError):
            return

    def _pay(self, count: Any, taken: Any) -> None:
        self.paid = True
        # a command that failed limits nobody: limits are no rights
        self.requests = count or 0
        if not taken:
            return
        passed, left, wait = taken
        self.balance = Balance(
            points=self._points, balance=left, capacity=self._bucket.capacity, refill=self._bucket.refill
        )
        self.refused_for = None if passed else -(-wait // 1000)
