"""Which carrier is chosen: a pure function of the recent outcomes."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.switching import GUARD, WINDOW, RecentOutcome, choose

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
THREE = ("national", "agent", "aliyun")


def seen(
    carrier: str, *, good: int = 0, failed: int = 0, ago: timedelta = timedelta(seconds=30)
) -> list[RecentOutcome]:
    at = NOW - ago
    return [RecentOutcome(carrier=carrier, at=at, failed=number < failed) for number in range(good + failed)]


def test_the_first_is_chosen_when_nothing_is_known() -> None:
    assert choose(carriers=THREE, window=[], now=NOW) == "national"


@pytest.mark.parametrize(
    ("good", "failed", "chosen"),
    [
        (0, 1, "national"),  # one failure cuts nobody off
        (0, 9, "national"),  # still below the minimum sample
        (0, 10, "agent"),
        (7, 3, "national"),  # 30 in 100 is the limit, not above it
        (6, 4, "agent"),
        (90, 10, "national"),
    ],
)
def test_failures_above_the_limit_and_the_sample(good: int, failed: int, chosen: str) -> None:
    assert choose(carriers=THREE, window=seen("national", good=good, failed=failed), now=NOW) == chosen


def test_after_the_guard_time_it_gets_another_chance() -> None:
    just_before = GUARD - timedelta(seconds=1)
    assert choose(carriers=THREE, window=seen("national", failed=20, ago=just_before), now=NOW) == "agent"
    assert choose(carriers=THREE, window=seen("national", failed=20, ago=GUARD), now=NOW) == "national"


def test_one_failure_in_the_second_chance_closes_it_again() -> None:
    window = seen("national", failed=20, ago=GUARD) + seen("national", failed=1)
    assert choose(carriers=THREE, window=window, now=NOW) == "agent"


def test_what_left_the_window_or_lies_ahead_counts_no_more() -> None:
    for ago in (WINDOW, WINDOW + timedelta(hours=1), timedelta(seconds=-5)):
        assert choose(carriers=THREE, window=seen("national", failed=20, ago=ago), now=NOW) == "national"


def test_any_number_of_carriers_fails_over_in_order() -> None:
    window = seen("national", failed=20) + seen("agent", failed=20)
    assert choose(carriers=THREE, window=window, now=NOW) == "aliyun"


def test_when_all_fail_the_least_bad_is_taken() -> None:
    window = seen("national", failed=20) + seen("agent", good=10, failed=10) + seen("aliyun", good=1, failed=19)
    assert choose(carriers=THREE, window=window, now=NOW) == "agent"


def test_a_carrier_that_refused_this_message_is_avoided_unless_it_is_the_only_one() -> None:
    assert choose(carriers=THREE, window=[], now=NOW, avoid=frozenset({"national"})) == "agent"
    assert choose(carriers=("national",), window=[], now=NOW, avoid=frozenset({"national"})) == "national"


def test_no_carrier_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        choose(carriers=(), window=[], now=NOW)
