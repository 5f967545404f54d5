"""渠道运行: what the staff page shows of every channel: health, traffic, errors, what waits, what is off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from auth.rights import may
from channels.registered import CHANNELS, Channel
from domain import cases
from domain.cases import Switch
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.refusal import NOT_PERMITTED, Refused

SEEN_WITHIN = timedelta(minutes=2)
"""A process that has said nothing for so long is gone: its breakers count no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """Figures of the last 24 hours. `busiest_minute_share` is the mean load of the busiest hour against the quota, in
    per mille; `open_paths` are what breakers of living processes keep from being called."""

    channel: Channel
    off: tuple[Switch, ...]
    calls: int
    refused: int
    failed: int
    average_ms: int
    slowest_ms: int
    open_paths: tuple[str, ...]
    waiting: int
    quarantined: int
    quota_per_mille: int

    @property
    def whole_off(self) -> bool:
        return any(one.item == "" for one in self.off)

    @property
    def health(self) -> str:
        """off, broken (a breaker is open), troubled (a tenth of the calls failed, or messages in quarantine), well,
        or idle (nothing came or went)."""
        if self.whole_off:
            return "off"
        if self.open_paths:
            return "broken"
        if self.quarantined or self.failed * 10 > self.calls > 0:
            return "troubled"
        return "well" if self.calls else "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    channels: list[ChannelState]
    calls_by_hour: dict[datetime, int]


async def operations(*, actor: Actor, now: datetime) -> Operations:
    if not may(actor, "channels.read"):
        raise Refused(NOT_PERMITTED())
    since = now - timedelta(hours=24)
    traffic = {
        row["channel"]: row
        for row in await database.rows(
            "SELECT channel, sum(calls)::bigint AS calls, sum(refused)::bigint AS refused, sum(failed)::bigint AS"
            " failed, sum(milliseconds)::bigint AS milliseconds, max(slowest_ms) AS slowest_ms"
            " FROM channel_traffic WHERE hour > $1 GROUP BY channel",
            since,
        )
    }
    busiest = {
        row["channel"]: row["calls"]
        for row in await database.rows(
            "SELECT channel, max(calls)::bigint AS calls FROM (SELECT channel, hour, sum(calls) AS calls"
            " FROM channel_traffic WHERE hour > $1 AND direction = 'in' GROUP BY 1, 2) h GROUP BY channel",
            since,
        )
    }
    opened = await database.rows(
        "SELECT channel, array_agg(DISTINCT path) AS paths FROM channel_health, unnest(open_paths) path"
        " WHERE seen_at > $1 GROUP BY channel",
        now - SEEN_WITHIN,
    )
    paths = {row["channel"]: tuple(sorted(row["paths"])) for row in opened}
    held = await database.rows(
        "SELECT channel, count(*) FILTER (WHERE state = 'received') AS waiting,"
        " count(*) FILTER (WHERE state = 'quarantined') AS quarantined FROM inbound_message"
        " WHERE state IN ('received', 'quarantined') GROUP BY channel"
    )
    messages = {row["channel"]: row for row in held}
    off = await cases.switches()
    states = []
    for code, channel in CHANNELS.items():
        seen, kept = traffic.get(code), messages.get(code)
        calls = seen["calls"] if seen else 0
        states.append(
            ChannelState(
                channel=channel,
                off=tuple(one for one in off if one.channel == code),
                calls=calls,
                refused=seen["refused"] if seen else 0,
                failed=seen["failed"] if seen else 0,
                average_ms=seen["milliseconds"] // calls if seen and calls else 0,
                slowest_ms=seen["slowest_ms"] if seen else 0,
                open_paths=paths.get(code, ()),
                waiting=kept["waiting"] if kept else 0,
                quarantined=kept["quarantined"] if kept else 0,
                quota_per_mille=1000 * busiest.get(code, 0) // (60 * channel.quota) if channel.quota else 0,
            )
        )
    hours = await database.rows(
        "SELECT hour, sum(calls)::bigint AS calls FROM channel_traffic WHERE hour > $1 GROUP BY hour ORDER BY hour",
        since,
    )
    return Operations(channels=states, calls_by_hour={row["hour"]: row["calls"] for row in hours})
