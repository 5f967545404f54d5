"""The shipped parameters against the official numbers, by date."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain import policy
from domain.kernel.money import Money

LIMIT = "withdrawal.rent_no_home.monthly_limit"

# fund year: ceiling, highest monthly total of both parts (yuan)
FUND_YEARS = {
    2014: (17379, 4170),
    2015: (19389, 4654),
    2016: (21258, 5102),
    2017: (23118, 5548),
    2018: (25401, 6096),
    2019: (27786, 6668),
    2020: (27786, 6668),
    2021: (28221, 6774),
    2022: (31884, 7652),
    2023: (33891, 8134),
    2024: (35283, 8468),
    2025: (35811, 8594),
    2026: (36348, 8724),
}


@pytest.mark.parametrize(("year", "numbers"), FUND_YEARS.items())
def test_ceiling_of_the_fund_year(year: int, numbers: tuple[int, int]) -> None:
    ceiling, monthly_total = numbers
    for day in (date(year, 7, 1), date(year + 1, 6, 30)):
        values = policy.on(day)
        assert values.money("contribution.base_ceiling") == Money.yuan(ceiling)
        assert values.money("contribution.average_monthly_wage") * 3 == Money.yuan(ceiling)
    # Each part is rounded half up to whole yuan; the table of the centre gives twice that.
    assert (ceiling * 12 + 50) // 100 * 2 == monthly_total


@pytest.mark.parametrize(
    ("day", "floor"),
    [
        (date(2014, 7, 1), 1560),
        (date(2016, 8, 31), 1720),
        (date(2016, 9, 1), 1890),
        (date(2021, 7, 31), 2200),
        (date(2021, 8, 1), 2320),
        (date(2023, 8, 31), 2320),
        (date(2023, 9, 1), 2420),
        (date(2025, 8, 31), 2420),
        (date(2025, 9, 1), 2540),
    ],
)
def test_floor_moves_on_its_own_dates(day: date, floor: int) -> None:
    assert policy.on(day).money("contribution.base_floor") == Money.yuan(floor)


def test_basic_living_floor() -> None:
    values = policy.on(date(2026, 1, 1))
    floor = values.money("contribution.base_floor").times(values.rate("contribution.basic_living_rate"))
    assert floor == Money.yuan(1778)


@pytest.mark.parametrize(
    ("day", "limit", "frequencies"),
    [
        (date(2018, 7, 1), "1500.00", ("quarterly",)),
        (date(2023, 6, 30), "1500.00", ("quarterly",)),
        (date(2023, 7, 1), "2000.00", ("monthly", "quarterly")),
        (date(2026, 9, 20), "2000.00", ("monthly", "quarterly")),
    ],
)
def test_rent_limit_by_date(day: date, limit: str, frequencies: tuple[str, ...]) -> None:
    values = policy.on(day)
    assert values.money(LIMIT) == Money.parse(limit)
    assert values.codes("withdrawal.rent_no_home.frequencies") == frequencies
    assert values.number("withdrawal.rent_no_home.contribution_months_min") == 3
    assert values.number("withdrawal.rent_no_home.term_months") == 12


def test_three_generations_of_rules_side_by_side() -> None:
    def seen(day: date) -> tuple[Money, Money, Money, int]:
        values = policy.on(day)
        return (
            values.money("loan.amount_per_contribution_year"),
            values.money("loan.amount_max.second_home"),
            values.money("loan.amount_max.first_home_couple"),
            values.number("loan.decision_days"),
        )

    assert seen(date(2025, 8, 8)) == (Money.yuan(100_000), Money.yuan(600_000), Money.yuan(1_200_000), 15)
    assert seen(date(2025, 8, 9)) == (Money.yuan(150_000), Money.yuan(1_000_000), Money.yuan(1_200_000), 15)
    assert seen(date(2026, 8, 8)) == (Money.yuan(150_000), Money.yuan(1_000_000), Money.yuan(2_400_000), 15)
    assert seen(date(2026, 9, 20))[3] == 10
    basis = "withdrawal.rent_no_home.legal_basis"
    assert "第710号" in policy.on(date(2026, 9, 19)).text(basis)
    assert "第844号" in policy.on(date(2026, 9, 20)).text(basis)


@pytest.mark.parametrize(
    ("day", "rates"),
    [
        (date(2022, 9, 30), ("0.0275", "0.0325", "0.03025", "0.03575")),
        (date(2022, 10, 1), ("0.0260", "0.0310", "0.03025", "0.03575")),
        (date(2024, 5, 18), ("0.0235", "0.0285", "0.02775", "0.03325")),
        (date(2025, 5, 8), ("0.0210", "0.0260", "0.02525", "0.03075")),
    ],
)
def test_loan_rates(day: date, rates: tuple[str, ...]) -> None:
    names = ("first_home_short", "first_home_long", "second_home_short", "second_home_long")
    assert tuple(policy.on(day).rate(f"loan.annual_rate.{name}") for name in names) == tuple(map(Decimal, rates))


def test_interest_became_one_rate_in_2016() -> None:
    def rates(day: date) -> tuple[Decimal, Decimal]:
        values = policy.on(day)
        return values.rate("interest.current_year_rate"), values.rate("interest.carried_over_rate")

    assert rates(date(2016, 2, 20)) == (Decimal("0.0035"), Decimal("0.0110"))
    assert rates(date(2016, 2, 21)) == (Decimal("0.0150"), Decimal("0.0150"))


def test_nothing_is_missing_while_the_project_is_young() -> None:
    """A notice of a new fund year is due each June: without it July has no ceiling, and says so."""
    assert policy.on(date(2026, 11, 23)).missing() == ()
    assert policy.on(date(2027, 6, 30)).missing() == ()
    assert policy.on(date(2027, 7, 1)).missing() == (
        "contribution.base_ceiling",
        "contribution.average_monthly_wage",
    )


def test_every_value_has_its_source_and_day_by_day_no_gap() -> None:
    for parameter in policy.parameters().values():
        assert parameter.zh and parameter.en
        for dated in parameter.series:
            assert dated.source
            assert dated.verified == (dated.confidence == "S")
        day, last = parameter.series[0].valid_from, date(2027, 6, 30)
        while day <= last:
            assert sum(dated.covers(day) for dated in parameter.series) == 1, (parameter.name, day)
            day += timedelta(days=31)
