"""Which carriers may take how much: a pure controller over any number of them, by evidence.

A carrier serves, is away, or comes back in steps. It goes away only when enough messages show it (a minimum sample
within a window) or its connection is down, and only while another may take over: the last one stays, because a message
late is better than none. It comes back by itself after a guard time, with a small share first; one that falls again
soon waits twice as long each time. What was seen before its last change counts no more. Slowness alone moves a carrier
only when another is not slow. Two members of staff may force a carrier on or off.

Rates are whole numbers in a thousand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Phase = Literal["serving", "away", "returning", "forced_on", "forced_off"]
Wanted = Literal["on", "off", "auto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a carrier is shown to fail or to be slow, and how it comes back."""

    window: timedelta = timedelta(minutes=5)
    sample_min: int = 20
    sample_enough: int = 100
    failed_permille_max: int = 200
    slow_permille_max: int = 500
    guard: timedelta = timedelta(minutes=2)
    guard_max: timedelta = timedelta(minutes=32)
    steps: tuple[int, ...] = (10, 30, 60)
    step_time: timedelta = timedelta(minutes=1)
    step_sample_min: int = 5
    offline_grace: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What all workers saw of a carrier since its last change, within the window. `failed`: no clear answer, or refused
    for its own reasons; `slow`: handed over later than the limit. `online` None: it has no connection to lose."""

    submitted: int = 0
    failed: int = 0
    slow: int = 0
    online: bool | None = None

    @property
    def failed_permille(self) -> int:
        return self.failed * 1000 // self.submitted if self.submitted else 0

    @property
    def slow_permille(self) -> int:
        return self.slow * 1000 // self.submitted if self.submitted else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`share` is how many in a hundred of the messages that would be its own it gets."""

    carrier: str
    phase: Phase = "serving"
    share: int = 100
    since: datetime
    guard_until: datetime
    guard: timedelta
    reason: str = "初始状态"
    was_slow: bool = False
    """Slow when it was last seen at work: no refuge for others until it has shown the contrary."""

    @classmethod
    def fresh(cls, carrier: str, *, now: datetime, limits: Limits) -> Standing:
        return cls(carrier=carrier, since=now, guard_until=now, guard=limits.guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was seen in ten seconds from `at`."""

    at: datetime
    submitted: int
    failed: int
    slow: int


def sight(*, buckets: Sequence[Bucket], standing: Standing, online: bool | None, limits: Limits, now: datetime) -> Seen:
    """The newest buckets, oldest first given, as far back as makes a good sample: a busy carrier is judged by its last
    seconds, a quiet one by its last minutes."""
    submitted = failed = slow = 0
    since = max(standing.since, now - limits.window)
    for bucket in reversed(buckets):
        if bucket.at < since or submitted >= limits.sample_enough:
            break
        submitted, failed, slow = submitted + bucket.submitted, failed + bucket.failed, slow + bucket.slow
    return Seen(submitted=submitted, failed=failed, slow=slow, online=online)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    before: Standing
    after: Standing
    seen: Seen

    @property
    def is_move(self) -> bool:
        """Whether people should hear of it; otherwise only what is remembered of the carrier has changed."""
        return (self.before.phase, self.before.share) != (self.after.phase, self.after.share)


def step(
    *,
    standings: Sequence[Standing],
    seen: Mapping[str, Seen],
    orders: Mapping[str, Wanted],
    limits: Limits,
    now: datetime,
) -> list[Change]:
    """The changes that are due now, in the order of `standings`. `orders` are decisions of two persons not yet carried
    out. At most one change a carrier; a later one sees those before it."""
    now_standing = {one.carrier: one for one in standings}
    changes: list[Change] = []
    for before in standings:
        sight = seen.get(before.carrier, Seen())
        wanted = orders.get(before.carrier)
        if wanted is not None:
            after = _ordered(before, wanted, limits=limits, now=now)
        else:
            others = [one for name, one in now_standing.items() if name != before.carrier]
            after = _judged(before, sight, others=others, seen=seen, limits=limits, now=now)
        if after != before:
            now_standing[before.carrier] = after
            changes.append(Change(before=before, after=after, seen=sight))
    return changes


def _ordered(before: Standing, wanted: Wanted, *, limits: Limits, now: datetime) -> Standing:
    if wanted == "auto":
        first = replace(before, guard=limits.guard, guard_until=now)
        return _moved(first, "returning", limits.steps[0], "解除人工干预，逐步恢复", now)
    if wanted == "on":
        return _moved(before, "forced_on", 100, "人工强制启用", now)
    return _moved(before, "forced_off", 0, "人工强制停用", now)


def _judged(
    before: Standing,
    sight: Seen,
    *,
    others: Sequence[Standing],
    seen: Mapping[str, Seen],
    limits: Limits,
    now: datetime,
) -> Standing:
    if before.phase in ("forced_on", "forced_off"):
        return before
    if before.phase == "away":
        if now < before.guard_until or sight.online is False:
            return before
        return _moved(before, "returning", limits.steps[0], "停用期满，小比例试发", now)
    why = _trouble(before, sight, others=others, seen=seen, limits=limits, now=now)
    if sight.submitted >= limits.step_sample_min:
        before = replace(before, was_slow=sight.slow_permille > limits.slow_permille_max)
    if why is None:
        return _climbed(before, sight, limits=limits, now=now)
    # the last one that still takes anything stays: late is better than never
    if not any(one.share > 0 for one in others):
        return before
    return _sent_away(before, why, limits=limits, now=now)


def _trouble(
    before: Standing,
    sight: Seen,
    *,
    others: Sequence[Standing],
    seen: Mapping[str, Seen],
    limits: Limits,
    now: datetime,
) -> str | None:
    if sight.online is False and now - before.since >= limits.offline_grace:
        return "连接中断"
    sample = limits.sample_min if before.phase == "serving" else limits.step_sample_min
    if sight.submitted < sample:
        return None
    if sight.failed_permille > limits.failed_permille_max:
        return f"失败率{percent(sight.failed_permille)}，样本{sight.submitted}条"
    if sight.slow_permille > limits.slow_permille_max and any(
        _is_quick(one, seen.get(one.carrier, Seen()), limits=limits) for one in others
    ):
        return f"慢应答占{percent(sight.slow_permille)}，样本{sight.submitted}条"
    return None


def _is_quick(one: Standing, sight: Seen, *, limits: Limits) -> bool:
    if one.share == 0 or sight.slow_permille > limits.slow_permille_max:
        return False
    return sight.submitted >= limits.step_sample_min or not one.was_slow


def percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%"


def _sent_away(before: Standing, why: str, *, limits: Limits, now: datetime) -> Standing:
    # one that falls on its way back, or soon after, waits twice as long
    soon = before.phase == "returning" or now - before.since < before.guard * 2
    known = before.reason != "初始状态"
    guard = min(before.guard * 2, limits.guard_max) if soon and known else limits.guard
    gone = _moved(before, "away", 0, why, now)
    return replace(gone, guard=guard, guard_until=now + guard)


def _climbed(before: Standing, sight: Seen, *, limits: Limits, now: datetime) -> Standing:
    if before.phase == "serving":
        return before
    stood = now - before.since
    # without traffic of its own a carrier is believed after twice the time
    shown = sight.submitted >= limits.step_sample_min and stood >= limits.step_time
    if not shown and stood < limits.step_time * 2:
        return before
    higher = [share for share in limits.steps if share > before.share]
    if higher:
        return _moved(before, "returning", higher[0], f"试发正常，提高至{higher[0]}%", now)
    return _moved(before, "serving", 100, "恢复正常", now)


def _moved(before: Standing, phase: Phase, share: int, reason: str, now: datetime) -> Standing:
    return replace(before, phase=phase, share=share, since=now, reason=reason)


def choose(
    *,
    order: Sequence[str],
    shares: Mapping[str, int],
    lot: int,
    avoid: frozenset[str] = frozenset(),
) -> str:
    """The carrier of one message: down the order of its route, each with its share in a hundred (`lot` 0 to 99 is the
    message's own number, so that asking twice answers the same). When no share takes it, the one with the largest. A
    carrier in `avoid` has just refused this message: it is taken only when there is no other at all."""
    assert order, "there is no carrier to choose from"
    candidates = [name for name in order if name not in avoid] or list(order)
    for name in candidates:
        if lot < shares.get(name, 100):
            return name
    return max(candidates, key=lambda name: shares.get(name, 100))
