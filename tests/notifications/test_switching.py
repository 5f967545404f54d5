"""Switching between any number of carriers: the pure controller, and days of it under a virtual clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from notifications.routing import lot_of
from notifications.switching import Bucket, Change, Limits, Seen, Standing, Wanted, choose, percent, sight, step

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LIMITS = Limits()


def standing(
    carrier: str, *, phase: str = "serving", share: int = 100, ago: timedelta = timedelta(hours=1)
) -> Standing:
    return Standing(
        carrier=carrier,
        phase=phase,  # type: ignore[arg-type]
        share=share,
        since=NOW - ago,
        guard_until=NOW - ago,
        guard=LIMITS.guard,
    )


def changes(
    seen: Mapping[str, Seen],
    *standings: Standing,
    orders: Mapping[str, Wanted] | None = None,
    now: datetime = NOW,
) -> list[tuple[str, str, int, str]]:
    found = step(standings=standings, seen=seen, orders=orders or {}, limits=LIMITS, now=now)
    return [(one.after.carrier, one.after.phase, one.after.share, one.after.reason) for one in found if one.is_move]


TWO = (standing("mobile"), standing("agent"))


@pytest.mark.parametrize(
    ("submitted", "failed", "goes"),
    [
        (1, 1, False),  # one failure cuts nobody off
        (19, 19, False),  # below the sample
        (20, 4, False),  # two in ten is the limit, not above it
        (20, 5, True),
        (1000, 150, False),
        (1000, 201, True),
    ],
)
def test_a_rate_above_the_limit_and_a_sample_send_a_carrier_away(submitted: int, failed: int, goes: bool) -> None:
    seen = {"mobile": Seen(submitted=submitted, failed=failed)}
    told = changes(seen, *TWO)
    reason = f"失败率{percent(failed * 1000 // submitted)}，样本{submitted}条"
    assert told == ([("mobile", "away", 0, reason)] if goes else [])


def test_slowness_moves_a_carrier_only_while_another_is_not_slow() -> None:
    slow, quick = Seen(submitted=100, slow=80), Seen(submitted=100, slow=2)
    assert [one[:3] for one in changes({"mobile": slow, "agent": quick}, *TWO)] == [("mobile", "away", 0)]
    assert changes({"mobile": slow, "agent": slow}, *TWO) == []


def test_the_only_carrier_stays_whatever_happens() -> None:
    dead = Seen(submitted=500, failed=500, online=False)
    assert changes({"mobile": dead}, standing("mobile")) == []
    away = standing("agent", phase="away", share=0, ago=timedelta(seconds=1))
    assert (
        changes({"mobile": dead}, standing("mobile"), Standing(**{**_fields(away), "guard_until": NOW + LIMITS.guard}))
        == []
    )


def _fields(one: Standing) -> dict[str, object]:
    return {name: getattr(one, name) for name in Standing.__dataclass_fields__}


def test_two_that_fail_at_once_do_not_both_go() -> None:
    failing = Seen(submitted=100, failed=100)
    assert [one[:3] for one in changes({"mobile": failing, "agent": failing}, *TWO)] == [("mobile", "away", 0)]


def test_a_lost_connection_counts_after_a_moment() -> None:
    seen = {"mobile": Seen(online=False)}
    assert changes(seen, standing("mobile", ago=timedelta(seconds=5)), standing("agent")) == []
    assert changes(seen, *TWO) == [("mobile", "away", 0, "连接中断")]


def test_it_comes_back_in_steps_and_not_before_its_guard_and_its_connection() -> None:
    away = Standing(
        carrier="mobile",
        phase="away",
        share=0,
        since=NOW,
        guard_until=NOW + LIMITS.guard,
        guard=LIMITS.guard,
        reason="失败率50.0%，样本20条",
    )
    agent = standing("agent")
    assert changes({}, away, agent) == []
    back = NOW + LIMITS.guard
    assert changes({"mobile": Seen(online=False)}, away, agent, now=back) == []
    (first,) = step(standings=[away, agent], seen={}, orders={}, limits=LIMITS, now=back)
    assert (first.after.phase, first.after.share) == ("returning", 10)
    good, climbing, shares = Seen(submitted=5), first.after, []
    for minutes in range(1, 4):
        later = back + LIMITS.step_time * minutes
        (change,) = step(standings=[climbing, agent], seen={"mobile": good}, orders={}, limits=LIMITS, now=later)
        climbing = change.after
        shares.append((climbing.phase, climbing.share))
    assert shares == [("returning", 30), ("returning", 60), ("serving", 100)]


def test_one_that_falls_on_its_way_back_waits_twice_as_long_up_to_a_limit() -> None:
    agent, now = standing("agent"), NOW
    current = Standing(
        carrier="mobile",
        phase="returning",
        share=10,
        since=now,
        guard_until=now,
        guard=LIMITS.guard,
        reason="停用期满，小比例试发",
    )
    guards = []
    for _ in range(6):
        bad = {"mobile": Seen(submitted=5, failed=5)}
        (gone,) = step(standings=[current, agent], seen=bad, orders={}, limits=LIMITS, now=now)
        guards.append(gone.after.guard // timedelta(minutes=1))
        now = gone.after.guard_until
        (back,) = step(standings=[gone.after, agent], seen={}, orders={}, limits=LIMITS, now=now)
        current = back.after
    assert guards == [4, 8, 16, 32, 32, 32]


def test_orders_of_two_persons_stand_until_they_are_lifted() -> None:
    fine = Seen(submitted=100)
    (off,) = step(standings=TWO, seen={"mobile": fine}, orders={"mobile": "off"}, limits=LIMITS, now=NOW)
    assert (off.after.phase, off.after.share, off.after.reason) == ("forced_off", 0, "人工强制停用")
    assert changes({"mobile": fine}, off.after, standing("agent"), now=NOW + timedelta(days=1)) == []
    assert changes({}, off.after, standing("agent"), orders={"mobile": "auto"})[0][1:3] == ("returning", 10)
    (on,) = step(standings=TWO, seen={}, orders={"mobile": "on"}, limits=LIMITS, now=NOW)
    failing = {"mobile": Seen(submitted=100, failed=100)}
    assert changes(failing, on.after, standing("agent"), now=NOW + timedelta(hours=1)) == []


# Choosing


def test_shares_split_the_messages() -> None:
    chosen = [choose(order=("mobile", "agent"), shares={"mobile": 30}, lot=lot_of(number)) for number in range(10_000)]
    assert 2_900 < chosen.count("mobile") < 3_100


def test_asking_twice_answers_the_same() -> None:
    for number in (1, 7_001, 2**62):
        first, second = (choose(order=("a", "b"), shares={"a": 50}, lot=lot_of(number)) for _ in range(2))
        assert first == second


def test_a_carrier_that_refused_this_message_is_avoided_unless_it_is_the_only_one() -> None:
    assert choose(order=("mobile", "agent"), shares={}, lot=0, avoid=frozenset({"mobile"})) == "agent"
    assert choose(order=("mobile",), shares={}, lot=0, avoid=frozenset({"mobile"})) == "mobile"


def test_when_all_are_away_somebody_takes_it() -> None:
    assert choose(order=("mobile", "agent"), shares={"mobile": 0, "agent": 10}, lot=99) == "agent"
    assert choose(order=("mobile", "agent"), shares={"mobile": 0, "agent": 0}, lot=99) == "mobile"


def test_no_carrier_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        choose(order=(), shares={}, lot=0)


# Hours of traffic under a virtual clock

Behaviour = Callable[[int, int], tuple[bool, bool]]
"""Of a carrier: (second, number of the message) → (failed, slow)."""


@dataclass
class Day:
    """Four messages in each second, a step of the controller in each ten seconds."""

    behaviours: dict[str, Behaviour]
    online: dict[str, Callable[[int], bool]] = field(default_factory=dict)
    limits: Limits = LIMITS
    log: list[Change] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    slow: int = 0

    def run(self, seconds: int) -> "Day":
        order = tuple(self.behaviours)
        standings = {name: Standing.fresh(name, now=NOW, limits=self.limits) for name in order}
        buckets: dict[str, list[Bucket]] = {name: [] for name in order}
        number = 0
        for second in range(0, seconds, 10):
            now = NOW + timedelta(seconds=second)
            shares = {name: one.share for name, one in standings.items()}
            counts = {name: [0, 0, 0] for name in order}
            for _ in range(40):
                number += 1
                name = choose(order=order, shares=shares, lot=lot_of(number * 97))
                failed, slow = self.behaviours[name](second, number)
                counts[name] = [counts[name][0] + 1, counts[name][1] + failed, counts[name][2] + slow]
                self.sent[name] = self.sent.get(name, 0) + 1
                self.failed += failed
                self.slow += slow
            later = now + timedelta(seconds=10)
            for name in order:
                sent, failures, late = counts[name]
                buckets[name].append(Bucket(at=now, submitted=sent, failed=failures, slow=late))
            seen = {
                name: sight(
                    buckets=buckets[name][-60:],
                    standing=standings[name],
                    online=self.online[name](second) if name in self.online else None,
                    limits=self.limits,
                    now=later,
                )
                for name in order
            }
            for change in step(
                standings=tuple(standings.values()), seen=seen, orders={}, limits=self.limits, now=later
            ):
                standings[change.after.carrier] = change.after
                if change.is_move:
                    self.log.append(change)
        return self

    def moves(self, carrier: str, phase: str) -> int:
        return sum(change.after.carrier == carrier and change.after.phase == phase for change in self.log)


def good(second: int, number: int) -> tuple[bool, bool]:
    return False, False


def down_between(begin: int, end: int, *, tenths: int = 10) -> Behaviour:
    return lambda second, number: (begin <= second < end and number % 10 < tenths, False)


HOUR = 3600


def test_nothing_moves_while_all_is_well() -> None:
    day = Day({"mobile": good, "agent": good}).run(HOUR)
    assert (day.log, day.sent) == ([], {"mobile": HOUR * 4})


def test_a_few_failures_move_nothing() -> None:
    day = Day({"mobile": lambda second, number: (number % 20 == 0, False), "agent": good}).run(HOUR)
    assert day.log == []


def test_an_outage_costs_little_and_ends_by_itself() -> None:
    """Ten minutes: the other carrier takes over in seconds, and what tries the first again is a small share."""
    day = Day({"mobile": down_between(600, 1200), "agent": good}).run(2 * HOUR)
    assert day.failed < 150  # of the 2,400 that an unwatched outage would have lost
    assert day.moves("mobile", "away") <= 4 and day.moves("agent", "away") == 0
    assert day.log[-1].after.phase == "serving"


def test_a_partial_outage_is_seen_as_well() -> None:
    day = Day({"mobile": down_between(600, HOUR, tenths=4), "agent": good}).run(2 * HOUR)
    assert day.moves("mobile", "away") >= 1
    assert day.failed < 4_800 // 12
    assert day.log[-1].after.phase == "serving"


def test_flapping_moves_less_and_less_often() -> None:
    """Bad for a minute of every three: without growing guard times it would move sixty times."""

    def flapping(second: int, number: int) -> tuple[bool, bool]:
        return second % 180 < 60, False

    day = Day({"mobile": flapping, "agent": good}).run(3 * HOUR)
    assert 1 <= day.moves("mobile", "away") <= 20
    assert day.failed < 43_200 // 3 // 8


def test_all_slow_moves_nothing() -> None:
    day = Day(
        {
            "mobile": lambda s, n: (False, True),
            "agent": lambda s, n: (False, True),
            "aliyun": lambda s, n: (False, True),
        }
    )
    day.run(HOUR)
    # the first may give way once to one that nobody has tried yet; round and round it does not go
    assert len(day.log) <= 12
    assert day.failed == 0


def test_one_carrier_only_carries_everything() -> None:
    day = Day({"mobile": down_between(600, 1200)}).run(HOUR)
    assert (day.log, day.sent["mobile"]) == ([], HOUR * 4)


def test_three_carriers_fall_one_after_the_other() -> None:
    day = Day(
        {"mobile": down_between(600, 3000), "agent": down_between(1200, 3000), "aliyun": good},
    ).run(2 * HOUR)
    assert day.moves("aliyun", "away") == 0
    assert day.failed < 700
    assert day.sent["aliyun"] > 6_000


def test_a_connection_that_is_lost_is_left_without_a_single_failure() -> None:
    day = Day({"mobile": good, "agent": good}, online={"mobile": lambda second: not 600 <= second < 900}).run(HOUR)
    assert [change.after.phase for change in day.log][:2] == ["away", "returning"]
    assert day.failed == 0 and day.log[-1].after.phase == "serving"


def test_everything_down_recovers() -> None:
    down = down_between(600, 1800)
    day = Day({"mobile": down, "agent": down, "aliyun": down}).run(2 * HOUR)
    assert {change.after.carrier: change.after.phase for change in day.log if change.after.carrier == "mobile"} == {
        "mobile": "serving"
    }
