"""The carriers of this installation, in order of preference, and what this process saw of them lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from notifications.ports import Carrier
from notifications.switching import RecentOutcome, choose

_SEEN_MAX = 2_000


class Carriers:
    """Built once by `ops.wiring`. The recent outcomes live in the process: after a start every carrier is fit
    until shown otherwise, and each worker judges by what it sees itself."""

    def __init__(self, *, in_order: Sequence[Carrier]) -> None:
        assert in_order, "at least one carrier is needed"
        self._by_name = {carrier.name: carrier for carrier in in_order}
        assert len(self._by_name) == len(in_order), "two carriers have the same name"
        self._seen: deque[RecentOutcome] = deque(maxlen=_SEEN_MAX)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def all(self) -> tuple[Carrier, ...]:
        return tuple(self._by_name.values())

    def named(self, name: str) -> Carrier | None:
        """None when the installation has no such carrier any more."""
        return self._by_name.get(name)

    def pick(self, *, now: datetime, avoid: frozenset[str] = frozenset()) -> Carrier:
        return self._by_name[choose(carriers=self.names, window=tuple(self._seen), now=now, avoid=avoid)]

    def note(self, *, carrier: str, failed: bool, now: datetime) -> None:
        self._seen.append(RecentOutcome(carrier=carrier, at=now, failed=failed))
