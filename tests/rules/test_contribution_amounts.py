"""Amounts, months, limits and terms of collection, by tables."""

from __future__ import annotations

from datetime import date

import pytest

from domain.contributions.rules.amounts import clamped, limits_of, monthly_max, part_of, parts_of, percent_text
from domain.contributions.rules.months import due_on, fund_year_end, fund_year_of, months_from, next_month
from domain.contributions.rules.terms import Term, TermWanted, judge_term
from domain.contributions.rules.transitions import action_named, transitions
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.policy import PolicyMissing


@pytest.mark.parametrize(
    ("base", "rate_bp", "part"),
    [
        ("8004.00", 1200, 960),  # 960.48
        ("8004.17", 1200, 961),  # 960.5004
        ("8004.16", 1200, 960),  # 960.4992
        ("2540.00", 500, 127),
        ("2550.00", 500, 128),  # 127.5, half up
        ("36348.00", 1200, 4362),  # 4361.76
        ("10000.00", 700, 700),
        ("0.00", 1200, 0),
    ],
)
def test_each_part_is_rounded_half_up_to_whole_yuan(base: str, rate_bp: int, part: int) -> None:
    assert part_of(Money.parse(base), rate_bp=rate_bp) == Money.yuan(part)


def test_the_parts_are_rounded_each_by_itself() -> None:
    parts = parts_of(Money.parse("2550.00"), employer_rate_bp=500, employee_rate_bp=500)
    assert parts.total == Money.yuan(256)


# 最高月缴存额 of domain facts 1.1: 2 × round(ceiling × 12 %)
@pytest.mark.parametrize(
    ("month", "most", "floor"),
    [
        ("2018-09", 6096, "2120.00"),
        ("2019-07", 6668, "2200.00"),
        ("2021-07", 6774, "2200.00"),
        ("2021-08", 6774, "2320.00"),
        ("2022-07", 7652, "2320.00"),
        ("2023-08", 8134, "2320.00"),
        ("2023-09", 8134, "2420.00"),
        ("2024-07", 8468, "2420.00"),
        ("2025-08", 8594, "2420.00"),
        ("2025-09", 8594, "2540.00"),
        ("2026-11", 8724, "2540.00"),
    ],
)
def test_limits_by_date(month: str, most: int, floor: str) -> None:
    limits = limits_of(YearMonth.parse(month))
    assert (monthly_max(limits), limits.base_floor) == (Money.yuan(most), Money.parse(floor))
    assert (limits.rate_min, limits.rate_max, limits.rate_step) == (500, 1200, 100)


def test_a_year_without_limits_is_an_error_and_no_old_value() -> None:
    with pytest.raises(PolicyMissing):
        limits_of(YearMonth(2027, 7))


@pytest.mark.parametrize(("wage", "base"), [("1000", "2540.00"), ("9000", "9000.00"), ("90000", "36348.00")])
def test_a_social_security_wage_is_kept_within_the_funds_limits(wage: str, base: str) -> None:
    assert clamped(Money.parse(wage), limits=limits_of(YearMonth(2026, 11))) == Money.parse(base)


@pytest.mark.parametrize(
    ("first", "paid", "deferred", "due"),
    [
        ("2026-01", None, [], "2026-01"),
        ("2026-01", "2026-10", [], "2026-11"),
        ("2026-01", "2026-12", [], "2027-01"),
        ("2026-01", "2026-10", ["2026-11", "2026-12"], "2027-01"),
        ("2026-01", "2026-10", ["2026-12"], "2026-11"),
        ("2026-01", None, ["2026-01"], "2026-02"),
    ],
)
def test_months_follow_one_another(first: str, paid: str | None, deferred: list[str], due: str) -> None:
    found = next_month(
        first=YearMonth.parse(first),
        paid_through=YearMonth.parse(paid) if paid else None,
        deferred=[YearMonth.parse(month) for month in deferred],
    )
    assert str(found) == due


@pytest.mark.parametrize(
    ("month", "year", "end"), [("2026-06", 2025, "2026-06"), ("2026-07", 2026, "2027-06"), ("2026-12", 2026, "2027-06")]
)
def test_the_fund_year_ends_in_june(month: str, year: int, end: str) -> None:
    assert (fund_year_of(YearMonth.parse(month)), str(fund_year_end(YearMonth.parse(month)))) == (year, end)


def test_the_last_day_to_pay_follows_the_pay_day() -> None:
    assert due_on(YearMonth(2026, 11), pay_day=10, days=5) == date(2026, 11, 15)
    assert due_on(YearMonth(2026, 2), pay_day=31, days=5) == date(2026, 3, 5)
    assert months_from(YearMonth(2026, 12), YearMonth(2026, 11)) == []


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, []),
        ({"until_month": YearMonth(2027, 7)}, ["term.ends_late"]),
        ({"from_month": YearMonth(2026, 10)}, ["term.starts_early"]),
        ({"until_month": YearMonth(2026, 10)}, ["term.turned"]),
        ({"has_resolution": False}, ["term.needs_resolution"]),
        ({"kind": "rate_reduction", "rate_bp": 500}, []),
        ({"kind": "rate_reduction", "rate_bp": 1200}, ["rate.not_lower"]),
        ({"kind": "rate_reduction", "rate_bp": 400}, ["rate.outside"]),
        ({"kind": "rate_reduction", "rate_bp": 550}, ["rate.step"]),
    ],
)
def test_deferral_and_lowered_rate(given: dict[str, object], codes: list[str]) -> None:
    base: dict[str, object] = {
        "kind": "deferral", "from_month": YearMonth(2026, 11), "until_month": YearMonth(2027, 6), "rate_bp": None,
        "has_resolution": True,
    }  # fmt: skip
    found = judge_term(
        wanted=TermWanted(**{**base, **given}),  # type: ignore[arg-type]
        next_due=YearMonth(2026, 11),
        rate_bp=1200,
        limits=limits_of(YearMonth(2026, 11)),
        running=(),
    )
    assert [one.code for one in found] == codes


def test_terms_do_not_overlap() -> None:
    running = (Term(kind="deferral", from_month=YearMonth(2027, 1), until_month=YearMonth(2027, 3)),)
    wanted = TermWanted(
        kind="deferral", from_month=YearMonth(2026, 11), until_month=YearMonth(2027, 1), rate_bp=None,
        has_resolution=True,
    )  # fmt: skip
    limits = limits_of(YearMonth(2026, 11))
    found = judge_term(wanted=wanted, next_due=YearMonth(2026, 11), rate_bp=1200, limits=limits, running=running)
    assert [one.code for one in found] == ["term.overlaps"]


def test_what_may_be_done_in_which_state() -> None:
    steps = transitions()
    assert {name: (sorted(one.befores), one.after, one.where) for name, one in steps.items()} == {
        "open": (["none"], "01", "any"),
        "unseal": (["02"], "01", "here"),
        "transfer_in": (["02"], "01", "elsewhere"),
        "seal": (["01"], "02", "here"),
        "transfer_out": (["01", "02"], "02", "here"),
        "close": (["01", "02"], "05", "here"),
        "change_base": (["01"], "01", "here"),
    }
    assert action_named("增员") == "open" and action_named("离职") is None
    assert percent_text(750) == "7.5%" and percent_text(1200) == "12%"
