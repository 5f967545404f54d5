"""What a base comes to: the two parts of a month's contribution, and the limits of base and rate on a date."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain import policy
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

BASIS = 10_000
"""Rates are whole basis points: 1200 is 12 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """单位月缴存额 and 职工月缴存额."""

    employer: Money
    employee: Money

    @property
    def total(self) -> Money:
        return self.employer + self.employee


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a month allows. Rates in basis points; `living_floor` is for those who are paid basic living pay only."""

    base_floor: Money
    living_floor: Money
    base_ceiling: Money
    rate_min: int
    rate_max: int
    rate_step: int


def part_of(base: Money, *, rate_bp: int) -> Money:
    """One part: base times rate, half up to whole yuan, each part by itself (京房公积金 centre's published rule)."""
    return Money.yuan((base.fen * rate_bp + 50 * BASIS) // (100 * BASIS))


def parts_of(base: Money, *, employer_rate_bp: int, employee_rate_bp: int) -> Parts:
    return Parts(
        employer=part_of(base, rate_bp=employer_rate_bp),
        employee=part_of(base, rate_bp=employee_rate_bp),
    )


def limits_of(month: YearMonth) -> Limits:
    """The limits on the month's first day: the ceiling goes by fund year, the floor by its own dates. Raises
    policy.PolicyMissing for a month without values."""
    values = policy.on(month.first_day)
    floor = values.money("contribution.base_floor")
    return Limits(
        base_floor=floor,
        living_floor=floor.times(values.rate("contribution.basic_living_rate")),
        base_ceiling=values.money("contribution.base_ceiling"),
        rate_min=basis_points(values.rate("contribution.rate_min")),
        rate_max=basis_points(values.rate("contribution.rate_max")),
        rate_step=basis_points(values.rate("contribution.rate_step")),
    )


def clamped(base: Money, *, limits: Limits) -> Money:
    """A wage reported for social security as a base of the fund: kept within the fund's own limits."""
    return min(max(base, limits.base_floor), limits.base_ceiling)


def monthly_max(limits: Limits) -> Money:
    """最高月缴存额: both parts at the ceiling and the highest rate."""
    return parts_of(limits.base_ceiling, employer_rate_bp=limits.rate_max, employee_rate_bp=limits.rate_max).total


def basis_points(rate: Decimal) -> int:
    """Raises ValueError for a rate finer than a basis point."""
    scaled = rate * BASIS
    if scaled != scaled.to_integral_value():
        raise ValueError(f"a rate of {rate} is finer than a basis point")
    return int(scaled)


def percent_text(rate_bp: int) -> str:
    """For people: `12%`, `7.5%`."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}%" if not rest else f"{whole}.{rest:02d}".rstrip("0") + "%"
