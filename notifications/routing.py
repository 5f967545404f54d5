"""The carriers of this installation, what this process saw of them, and which one takes a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import yaml

from notifications.numbers import Ranges, Region
from notifications.ports import Carrier, LongConnection
from notifications.rendering import Class
from notifications.switching import choose

BUCKET = timedelta(seconds=10)
_LOTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`prefer` "cost": today's price orders the carriers, those without a price last."""

    order: tuple[str, ...]
    prefer: Literal["order", "cost"]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What was seen of one carrier in one bucket of ten seconds."""

    submitted: int = 0
    failed: int = 0
    slow: int = 0
    handed_ms: int = 0
    handed_ms_max: int = 0
    receipts: int = 0
    receipts_failed: int = 0


@dataclass(slots=True, kw_only=True)
class Carriers:
    """Built once by `ops.wiring`. Shares and prices come from `notifications.control`, which gathers the evidence of
    all processes; until it has run, every carrier is fit."""

    in_order: Sequence[Carrier]
    slow_ms: int = 3_000
    shares: dict[str, int] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=Ranges)
    _by_name: dict[str, Carrier] = field(init=False)
    _seen: dict[tuple[str, datetime], Evidence] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        assert self.in_order, "at least one carrier is needed"
        self._by_name = {carrier.name: carrier for carrier in self.in_order}
        assert len(self._by_name) == len(self.in_order), "two carriers have the same name"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def all(self) -> tuple[Carrier, ...]:
        return tuple(self._by_name.values())

    def named(self, name: str) -> Carrier | None:
        """None when the installation has no such carrier any more."""
        return self._by_name.get(name)

    def long_connections(self) -> tuple[LongConnection, ...]:
        return tuple(carrier for carrier in self.all() if isinstance(carrier, LongConnection))

    def pick(
        self,
        *,
        message_id: int,
        region: Region = "unknown",
        class_: Class = "transactional",
        avoid: frozenset[str] = frozenset(),
    ) -> Carrier:
        """A long connection that is down is passed over at once; the controller learns of it from the heartbeat."""
        order = self.order_of(region=region, class_=class_)
        down = frozenset(one.name for one in self.long_connections() if not one.online)
        if down >= set(order):
            down = frozenset()
        up = [name for name in order if name not in down]
        return self._by_name[choose(order=up, shares=self.shares, lot=lot_of(message_id), avoid=avoid)]

    def order_of(self, *, region: Region, class_: Class) -> tuple[str, ...]:
        """The carriers of a route that are installed; all of them when the route names none of these."""
        route = routes()[(region, class_)]
        order = tuple(name for name in route.order if name in self._by_name) or self.names
        if route.prefer == "cost":
            dear = max(self.prices.values(), default=0) + 1
            order = tuple(sorted(order, key=lambda name: self.prices.get(name, dear)))
        return order

    def note(self, *, carrier: str, failed: bool, now: datetime, handed_ms: int = 0) -> None:
        """One submission. `failed` means that the carrier is to blame."""
        evidence = self._evidence(carrier, now)
        evidence.submitted += 1
        evidence.failed += failed
        evidence.slow += handed_ms > self.slow_ms
        evidence.handed_ms += handed_ms
        evidence.handed_ms_max = max(evidence.handed_ms_max, handed_ms)

    def note_receipt(self, *, carrier: str, failed: bool, now: datetime) -> None:
        evidence = self._evidence(carrier, now)
        evidence.receipts += 1
        evidence.receipts_failed += failed

    def take_evidence(self) -> dict[tuple[str, datetime], Evidence]:
        """What was seen since it was taken last."""
        taken, self._seen = self._seen, {}
        return taken

    def forget(self) -> None:
        """As after a start."""
        self._seen.clear()
        self.shares.clear()

    def _evidence(self, carrier: str, now: datetime) -> Evidence:
        bucket = now - timedelta(seconds=now.second % BUCKET.seconds, microseconds=now.microsecond)
        return self._seen.setdefault((carrier, bucket), Evidence())


def lot_of(message_id: int) -> int:
    """0 to 99, spread evenly also over numbers that follow each other."""
    return (message_id * 2_654_435_761 >> 16) % _LOTS


@cache
def routes() -> Mapping[tuple[Region, Class], Route]:
    """Raises ValueError at start when the table does not cover every region and class."""
    told = yaml.safe_load((Path(__file__).parent / "routes.yaml").read_text(encoding="utf-8"))
    table: dict[tuple[Region, Class], Route] = {}
    for region in ("beijing", "elsewhere"):
        for class_ in get_args(Class):
            entry = told["routes"][region][class_]
            if entry["prefer"] not in ("order", "cost") or not entry["order"]:
                raise ValueError(f"route {region}/{class_} is malformed")
            table[(region, class_)] = Route(order=tuple(entry["order"]), prefer=entry["prefer"])
    like = cast(Region, told["unknown_region"])
    for class_ in get_args(Class):
        table[("unknown", class_)] = table[(like, class_)]
    return table
