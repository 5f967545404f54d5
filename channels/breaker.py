"""A circuit breaker: a partner that keeps failing is left alone for a while, then asked by one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Opens after `failures_max` failures in a row; after `pause` it admits one probe at a time, and the
    first success closes it. One process, one loop: nothing here awaits."""

    failures_max: int = 5
    pause: timedelta = timedelta(seconds=20)
    _failures: int = 0
    _opened_at: datetime | None = field(default=None)
    _probing: bool = False

    @property
    def open(self) -> bool:
        return self._opened_at is not None

    def admit(self, *, now: datetime) -> bool:
        """Whether a request may be sent. An admitted one ends in `succeeded`, `failed` or `given_up`."""
        if self._opened_at is None:
            return True
        # a clock set back must not keep it open for ever
        if self._probing or abs(now - self._opened_at) < self.pause:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self, *, now: datetime) -> None:
        self._failures += 1
        self._probing = False
        if self._opened_at is not None or self._failures >= self.failures_max:
            self._opened_at = now

    def given_up(self) -> None:
        """The caller went away before there was an outcome: says nothing about the partner."""
        self._probing = False
