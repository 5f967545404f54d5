"""五险一金基数合并申报: a wage declared for social security becomes a base of the fund, within the fund's own limits.

The limits are those of the month from which the base counts: the ceiling by fund year, the floor by its own dates
(条例第十六条; the centre's yearly notices). What is outside is moved to the limit and not refused, because the wage was
declared once for all insurances and the other floors and ceilings differ (R01.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.contributions.rules.amounts import Limits, clamped, limits_of
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

By = Literal["declared", "ceiling", "floor"]


@dataclass(frozen=True, slots=True)
class DeterminedBase:
    """`by` says what decided: the declared wage itself, or the limit that it lay beyond."""

    base: Money
    by: By


def determine_base(declared: Money, *, month: YearMonth) -> DeterminedBase:
    """The base from `month` on. Raises policy.PolicyMissing for a month whose limits are not known yet."""
    return determined(declared, limits=limits_of(month))


def determined(declared: Money, *, limits: Limits) -> DeterminedBase:
    base = clamped(declared, limits=limits)
    return DeterminedBase(base, "declared" if base == declared else "ceiling" if base < declared else "floor")
