"""What is pure of the day-end: steps as declared, dates due, forecast, isolation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dayend, policy
from domain.dayend import Begun, Partition, Plan, StepMeasure, due_on, forecast, plan_days
from domain.dayend.forecast import percent_done, remaining
from domain.dayend.isolation import carve, halves, words_of
from domain.dayend.steps import before
from domain.kernel.declared import DeclarationError, read_text
from tests.dayend.probe import declared

CALENDAR = policy.work_calendar()
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


# --- steps


@pytest.mark.parametrize(
    ("every", "day", "due", "not_due"),
    [
        ("day", "any", date(2026, 10, 1), None),
        ("day", "working", date(2026, 10, 10), date(2026, 10, 1)),
        ("month", "first", date(2026, 2, 1), date(2026, 2, 2)),
        ("month", "last", date(2024, 2, 29), date(2024, 2, 28)),
        ("month", "first_working", date(2026, 10, 8), date(2026, 10, 1)),
        ("month", "last_working", date(2026, 5, 29), date(2026, 5, 31)),
        ("month", "20", date(2026, 5, 20), date(2026, 5, 21)),
        ("quarter", "last", date(2026, 9, 30), date(2026, 10, 31)),
        ("quarter", "first", date(2026, 10, 1), date(2026, 11, 1)),
        ("quarter", "last_working", date(2026, 12, 31), date(2026, 11, 30)),
        ("year", "06-30", date(2026, 6, 30), date(2026, 12, 31)),
    ],
)
def test_a_step_is_due_on_its_day(every: str, day: str, due: date, not_due: date | None) -> None:
    step = declared(one={"every": every, "day": day})["one"]
    assert due_on(step, business_date=due, calendar=CALENDAR)
    if not_due:
        assert not due_on(step, business_date=not_due, calendar=CALENDAR)


def test_steps_come_behind_those_they_come_after() -> None:
    steps = declared(statement={"after": ["closing"]}, interest={}, closing={"after": ["interest"]}, other={})
    assert list(steps) == ["interest", "closing", "statement", "other"]
    assert before(steps["statement"], steps=steps) == {"interest", "closing"}
    assert before(steps["other"], steps=steps) == frozenset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("after: [nobody]", "which is no step"),
        ("after: [one]", "wait for each other"),
        ("after: [two, two]", "list of different"),
        ("every: week", "every is one of"),
        ('day: "29"\nevery: month', "is not on '29'"),
        ('day: "0"\nevery: month', "is not on '0'"),
        ('day: "02-29"\nevery: year', "is not on '02-29'"),
        ('day: "06-31"\nevery: year', "is not on '06-31'"),
        ('day: "15"\nevery: quarter', "is not on '15'"),
        ("subject: person", "subject is"),
        ("on_failure: ignore", "stop or continue"),
        ("title: ''", "title is empty"),
        ("owner: ''", "owner is empty"),
        ("more: 1", "needs exactly"),
        ("after: [two]", "may fail and be passed over"),
    ],
)
def test_unsound_steps_are_refused(text: str, said: str) -> None:
    usual = {
        "title": "步骤",
        "every": "day",
        "day": "any",
        "subject": "account",
        "after": [],
        "on_failure": "continue",
        "owner": "财务处",
    }
    data = {"one": {**usual, **read_text(text)}, "two": {**usual, "subject": ""}}
    with pytest.raises(DeclarationError, match=said):
        dayend.parse_steps(data=data, file="test")


def test_no_steps_and_a_step_given_twice_are_refused() -> None:
    for data in (None, {}, []):
        with pytest.raises(DeclarationError, match="no step"):
            dayend.parse_steps(data=data, file="test")
    with pytest.raises(DeclarationError, match="given twice"):
        read_text("one: {}\none: {}")


# --- dates


def plan(finished: date | None = None, unfinished: date | None = None, **more: date | int) -> Plan:
    given: dict[str, object] = {"today": TODAY, "days_max": 40, **more}
    return plan_days(begun=Begun(finished_through=finished, unfinished=unfinished), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({}, [TODAY - DAY]),
        ({"finished": TODAY - DAY}, []),
        ({"finished": TODAY - 3 * DAY}, [TODAY - 2 * DAY, TODAY - DAY]),
        ({"finished": TODAY - 3 * DAY, "unfinished": TODAY - 2 * DAY}, [TODAY - 2 * DAY, TODAY - DAY]),
        ({"finished": TODAY - 3 * DAY, "through": TODAY - 2 * DAY}, [TODAY - 2 * DAY]),
        ({"finished": TODAY - DAY, "through": TODAY - DAY}, []),
        ({"finished": TODAY - DAY, "through": TODAY - 9 * DAY}, []),
    ],
)
def test_days_due(given: dict[str, date], days: list[date]) -> None:
    assert plan(**given) == Plan(days=tuple(days))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"finished": TODAY}, "clock_behind"),
        ({"finished": TODAY + 5 * DAY}, "clock_behind"),
        ({"finished": TODAY - DAY, "unfinished": TODAY}, "clock_behind"),
        ({"through": TODAY}, "day_not_over"),
        ({"through": TODAY + 400 * DAY}, "day_not_over"),
        ({"finished": TODAY - 42 * DAY}, "jump_unconfirmed"),
        ({"finished": TODAY - 42 * DAY, "through": TODAY - 41 * DAY}, "jump_unconfirmed"),
        ({"finished": TODAY - 42 * DAY, "confirmed_through": TODAY - 60 * DAY}, "jump_unconfirmed"),
    ],
)
def test_days_that_are_refused(given: dict[str, date], code: str) -> None:
    found = plan(**given)
    assert found.days == () and found.refusal is not None and found.refusal.code == f"dayend.{code}"


def test_a_confirmed_jump_goes_as_far_as_was_confirmed() -> None:
    confirmed = plan(finished=TODAY - 60 * DAY, confirmed_through=TODAY - 10 * DAY)
    assert (confirmed.days[0], confirmed.days[-1]) == (TODAY - 59 * DAY, TODAY - 10 * DAY)
    # what is left then is few enough to go on by itself
    rest = plan(finished=TODAY - 10 * DAY, confirmed_through=TODAY - 10 * DAY)
    assert rest.days[-1] == TODAY - DAY and len(rest.days) == 9


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-80, 80), st.integers(1, 60))
def test_no_day_is_ever_due_that_is_finished_or_not_over(last: date, ahead: int, most: int) -> None:
    today = last + ahead * DAY
    days = plan_days(begun=Begun(finished_through=last, unfinished=None), today=today, days_max=most).days
    assert all(last < day < today for day in days) and len(days) <= most
    assert list(days) == sorted(set(days))


def test_clocks_apart() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert dayend.clocks_agree(ours=now, stores=now + timedelta(minutes=5), most=timedelta(minutes=5)) is None
    told = dayend.clocks_agree(ours=now, stores=now - timedelta(seconds=301), most=timedelta(minutes=5))
    assert told is not None and told.code == "dayend.clocks_differ" and "301秒" in told.message


# --- forecast


@pytest.mark.parametrize(
    ("step", "milliseconds", "percent"),
    [
        (StepMeasure(state="done", usual_milliseconds=9), 0, 100),
        (StepMeasure(state="waiting", usual_milliseconds=700), 700, 0),
        (StepMeasure(state="waiting"), None, 0),
        (StepMeasure(state="running", rows_expected=100, rows_done=25, busy_milliseconds=5000), 7500, 25),
        (StepMeasure(state="running", partitions=4, partitions_done=1, busy_milliseconds=5000), 7500, 25),
        (StepMeasure(state="running", rows_expected=10, rows_done=12, busy_milliseconds=50), 0, 99),
        (StepMeasure(state="running", rows_expected=100, usual_milliseconds=4000), 4000, 0),
    ],
)
def test_remaining_time_of_a_step(step: StepMeasure, milliseconds: int | None, percent: int) -> None:
    assert (remaining(step, workers=2), percent_done(step)) == (milliseconds, percent)


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("began", "now", "hours", "late", "long"),
    [
        ("2026-11-24T00:05", "2026-11-24T01:00", 2, False, False),
        ("2026-11-24T00:05", "2026-11-24T01:00", 4, False, True),
        ("2026-11-24T05:00", "2026-11-24T06:00", 3, True, False),
        ("2026-11-24T00:05", "2026-11-24T06:00", 3, True, True),
        ("2026-11-24T10:00", "2026-11-24T10:00", 1, True, False),
    ],
)
def test_a_forecast_warns_of_the_window_and_the_duration(
    began: str, now: str, hours: int, late: bool, long: bool
) -> None:
    steps = [StepMeasure(state="waiting", usual_milliseconds=hours * 3_600_000), StepMeasure(state="waiting")]
    found = forecast(steps, workers=2, began_at=beijing(began), now=beijing(now))
    assert (found.late, found.long, found.unknown_steps) == (late, long, 1)
    assert found.ends_at == beijing(now) + timedelta(hours=hours)


def test_days_to_come_count_as_usual_days() -> None:
    found = forecast(
        [],
        workers=2,
        began_at=beijing("2026-11-24T00:05"),
        now=beijing("2026-11-24T00:05"),
        days_to_come=3,
        usual_day_milliseconds=60_000,
    )
    assert found.remaining_milliseconds == 180_000


# --- isolation


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 40)), max_size=8),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_carving_leaves_out_just_those_numbers(shape: list[tuple[int, int]], without: list[int]) -> None:
    ranges, lo = [], 0
    for number, (gap, width) in enumerate(shape):
        lo += gap
        ranges.append(Partition(no=number, lo=lo, hi=lo + width, rows=width + 1))
        lo += width
    covered = [n for one in ranges for n in range(one.lo, one.hi + 1)]
    cut = carve(ranges, without=without)
    assert [n for one in cut for n in range(one.lo, one.hi + 1)] == [n for n in covered if n not in without]
    assert sum(one.rows for one in cut) == len(set(covered) - set(without))


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9), st.integers(0, 50_000))
def test_halves_are_the_whole(lo: int, width: int, rows: int) -> None:
    lower, upper = halves(Partition(no=1, lo=lo, hi=lo + width, rows=rows))
    assert (lower.lo, lower.hi + 1, upper.hi, lower.rows + upper.rows) == (lo, upper.lo, lo + width, rows)
    assert lower.lo <= lower.hi and upper.lo <= upper.hi


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("EARLIER_DAY", "前一业务日的异常未处理"),
        ("CheckViolationError 23514", "数据不符合账务校验规则（CheckViolationError 23514）"),
        ("NumericValueOutOfRangeError 22003", "金额或积数超出系统可记录的范围（NumericValueOutOfRangeError 22003）"),
        ("ZeroDivisionError", "ZeroDivisionError"),
        ("2项不一致：balance_equals_postings", "2项不一致：balance_equals_postings"),
    ],
)
def test_a_failure_has_words_and_keeps_its_code(kind: str, words: str) -> None:
    assert words_of(kind) == words
