"""Which new values may be set, and that what is in force stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain import policy
from domain.kernel.declared import DeclarationError
from domain.kernel.money import Money
from domain.policy import Change, SetValue
from tests.policy.test_reading import row, written

pytestmark = pytest.mark.requirement("N6")

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TODAY, DAY = date(2026, 11, 23), date(2027, 1, 1)
LIMIT, FREQUENCIES = "withdrawal.rent_no_home.monthly_limit", "withdrawal.rent_no_home.frequencies"
CEILING, FLOOR = "contribution.base_ceiling", "contribution.base_floor"


@pytest.fixture(autouse=True)
def _as_declared() -> Iterator[None]:
    yield
    policy.install(())


def value(name: str = LIMIT, raw: Any = "2500.00", day: date = DAY) -> SetValue:
    return SetValue(name=name, raw=raw, valid_from=day, source="京房公积金发〔2026〕9号", note="")


def refused(
    name: str = LIMIT,
    given: str = "2500.00",
    day: date | None = DAY,
    source: str = "京房公积金发〔2026〕9号",
    *,
    values: tuple[SetValue, ...] = (),
    now: datetime = NOW,
) -> list[tuple[str, str | None]]:
    change = Change(name=name, value=given, valid_from=day, source=source)
    _, problems = policy.judge_change(change, declared=policy.declared(), values=values, now=now)
    return [(problem.code, problem.field) for problem in problems]


def test_a_set_value_holds_from_its_day_and_changes_no_day_before() -> None:
    before = {day: policy.on(day).money(LIMIT) for day in (date(2018, 7, 1), TODAY, DAY - timedelta(days=1))}
    policy.install([value()])
    assert {day: policy.on(day).money(LIMIT) for day in before} == before
    reading = policy.on(DAY).reading()
    assert reading.money(LIMIT) == Money.yuan(2500)
    assert reading.snapshot()[LIMIT]["source"] == "京房公积金发〔2026〕9号"
    assert policy.on(date(2040, 1, 1)).money(LIMIT) == Money.yuan(2500)


def test_a_set_value_ends_where_the_next_begins() -> None:
    """Set or declared: the ceiling declared until June has a successor, which itself is followed."""
    policy.install([value(CEILING, "40000.00", date(2027, 7, 1)), value(CEILING, "42000.00", date(2028, 7, 1))])
    ends = [(one.value, one.valid_until) for one in policy.parameters()[CEILING].series[-3:]]
    assert ends == [
        (Money.parse("36348.00"), date(2027, 6, 30)),
        (Money.yuan(40000), date(2028, 6, 30)),
        (Money.yuan(42000), None),
    ]
    early = date(2026, 9, 1)
    policy.install([value("withdrawal.decision_days", 5, early)])
    days = [policy.on(day).number("withdrawal.decision_days") for day in (early, date(2026, 9, 19), date(2026, 9, 20))]
    assert days == [5, 5, 3], "what is declared from a later day still begins on its day"


def test_a_set_value_takes_the_place_of_one_declared_for_the_same_day() -> None:
    policy.install([value("withdrawal.decision_days", 5, date(2026, 9, 20))])
    assert policy.on(date(2026, 9, 20)).number("withdrawal.decision_days") == 5
    assert policy.on(date(2026, 9, 19)).number("withdrawal.decision_days") == 3
    policy.install(())
    assert policy.on(date(2026, 9, 20)).number("withdrawal.decision_days") == 3


def test_a_value_without_its_type_installs_nothing() -> None:
    policy.install([value()])
    with pytest.raises(DeclarationError, match="monthly_limit from 2027-02-01"):
        policy.install([value(), value(raw=True, day=date(2027, 2, 1))])
    assert policy.on(DAY).money(LIMIT) == Money.yuan(2500)
    policy.install([value("a.parameter_of_before", 1)])
    assert policy.parameters() == policy.declared()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        (LIMIT, "2500.00"),
        (LIMIT, " 2500 "),
        (FREQUENCIES, "quarterly"),
        ("collection.enterprise_change_channels", "counter， kiosk"),
        ("interest.current_year_rate", "0.0135"),
        ("contribution.fund_year_start", "1"),
        ("messages.opens", "08:30"),
        ("withdrawal.rent_invoiced.formula", "rent_in_full"),
        ("withdrawal.closure.legal_basis", "《住房公积金管理条例》第二十四条"),
    ],
)
def test_sound_values_pass(name: str, given: str) -> None:
    assert refused(name, given) == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        (LIMIT, ""),
        (LIMIT, "2,500.00"),
        (LIMIT, "2500.001"),
        (LIMIT, "-1.00"),
        (LIMIT, "100000.01"),
        (LIMIT, "二千"),
        (FREQUENCIES, "weekly"),
        (FREQUENCIES, "monthly、monthly"),
        (FREQUENCIES, "、"),
        ("interest.current_year_rate", "1.5%"),
        ("interest.current_year_rate", "1.5"),
        ("interest.current_year_rate", "NaN"),
        ("contribution.fund_year_start", "13"),
        ("contribution.fund_year_start", "0"),
        ("interest.day_basis", "0"),
        ("withdrawal.decision_days", "3.0"),
        ("withdrawal.decision_days", "３"),
        ("withdrawal.decision_days", "9" * 40),
        ("messages.opens", "24:00"),
        ("messages.opens", "８:30"),
        ("withdrawal.rent_invoiced.formula", "rent_twice"),
        ("transfer.centre_code", "1100"),
        ("withdrawal.closure.legal_basis", "第\x00条"),
        ("withdrawal.closure.legal_basis", "长" * 301),
    ],
)
def test_unsound_values_are_refused_with_what_is_expected(name: str, given: str) -> None:
    assert refused(name, given) == [("policy.value", "value")]


@pytest.mark.parametrize(
    "day", [None, TODAY, TODAY - timedelta(days=1), date(2018, 7, 1), date(2030, 1, 1), date.max, date.min]
)
def test_no_day_that_has_come_and_none_far_off(day: date | None) -> None:
    assert refused(day=day) == [("policy.day", "valid_from")]


def test_the_last_minutes_of_a_day_belong_to_the_day_after() -> None:
    """A value agreed to just before midnight could be missed by a process that reads a little later."""
    tomorrow = TODAY + timedelta(days=1)
    assert refused(day=tomorrow, now=datetime(2026, 11, 23, 15, 49, tzinfo=UTC)) == []
    assert refused(day=tomorrow, now=datetime(2026, 11, 23, 15, 51, tzinfo=UTC)) == [("policy.day", "valid_from")]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert refused(given="x", day=TODAY, source=" ") == [
        ("policy.day", "valid_from"),
        ("policy.source", "source"),
        ("policy.value", "value"),
    ]
    assert refused("no.such") == [("policy.unknown", "name")]


def test_no_second_value_for_a_day_and_no_change_that_changes_nothing() -> None:
    assert refused(values=(value(raw="2600.00"),)) == [("policy.taken", "valid_from")]
    assert refused(given="2000.00") == [("policy.same", "value")]
    assert refused(given="2000", values=(value(day=date(2026, 12, 1)),)) == [], "back to what it was before"


def test_a_floor_stays_below_its_ceiling_on_every_day_to_come() -> None:
    assert refused(FLOOR, "36348.01", date(2026, 12, 1)) == [("policy.above", "value")]
    assert refused(FLOOR, "36348.00", date(2026, 12, 1)) == []
    lower_later = value(CEILING, "3000.00", date(2027, 7, 1))
    assert refused(FLOOR, "3500.00", date(2026, 12, 1), values=(lower_later,)) == [("policy.above", "value")]
    higher_floor = value(FLOOR, "5000.00", date(2026, 12, 1))
    assert refused(CEILING, "4000.00", date(2027, 7, 1), values=(higher_floor,))[0] == ("policy.above", "value")
    assert refused("contribution.rate_min", "0.12") == []


def test_a_value_is_taken_back_before_its_day_and_while_nothing_needs_it() -> None:
    declared = policy.declared()
    ceiling, floor = value(CEILING, "99999.00", DAY), value(FLOOR, "50000.00", DAY)
    judge = policy.judge_withdrawal
    assert judge(value(), declared=declared, values=[value()], now=NOW) == []
    begun = value(day=TODAY + timedelta(days=1))
    for now in (datetime(2026, 11, 23, 15, 51, tzinfo=UTC), NOW + timedelta(days=30)):
        assert [one.code for one in judge(begun, declared=declared, values=[begun], now=now)] == ["policy.begun"]
    needed = judge(ceiling, declared=declared, values=[ceiling, floor], now=NOW)
    assert [one.code for one in needed] == ["policy.above"]


def test_every_declared_value_is_within_the_limits_of_its_parameter() -> None:
    """Held by the loader; here that limits are there to be held against."""
    for parameter in policy.declared().values():
        assert parameter.limits.in_words(parameter.unit), parameter.name
        assert parameter.unit != "codes" or parameter.limits.among, parameter.name
    assert policy.declared()["interest.current_year_rate"].limits.most == Decimal("0.10")


@pytest.mark.parametrize(
    ("lines", "unit", "said"),
    [
        ("  most: 0\n", "count", "not within its own limits"),
        ("  least: 2\n", "count", "not within its own limits"),
        ("  least: soon\n", "count", "whole number"),
        ("  among: [monthly]\n", "count", "takes no among"),
        ("  pattern: '['\n", "text", "some.value"),
        ("  not_above: no.such\n", "count", "not declared with this unit"),
        ("  higher: 1\n", "count", "needs exactly"),
    ],
)
def test_unsound_limits_are_refused(tmp_path: Path, lines: str, unit: str, said: str) -> None:
    file = written(tmp_path, series=row("1" if unit == "count" else '"1"'), unit=unit) / "values.yaml"
    file.write_text(file.read_text().replace("  zh: ", f"{lines}  zh: "))
    with pytest.raises(DeclarationError, match=said):
        policy.load(directory=tmp_path)
