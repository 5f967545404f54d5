"""What the books must hold after months of contributions, interest included: counted day by day, as a clerk would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from ops.demo.city import city
from ops.demo.loading import monthly_contribution

RATE = Decimal("0.015")


@dataclass(frozen=True, slots=True)
class Passbook:
    """`movements` in their order, interest among them; `balance` after the last."""

    movements: tuple[tuple[date, Money], ...]

    @property
    def balance(self) -> Money:
        return sum((amount for _, amount in self.movements), Money.zero())


def passbook(*, contributions: Iterable[tuple[date, Money]]) -> Passbook:
    """Contributions in order of date, and on each 30 June between the first and the last of them the year's interest:
    the balance of each day × 1.5 % ÷ 360, rounded half up to the fen once."""
    movements, products, balance = list[tuple[date, Money]](), Decimal(0), 0
    waiting = list(contributions)
    day, last = waiting[0][0], waiting[-1][0]
    while day <= last:
        for booked_on, amount in waiting:
            if booked_on == day:
                movements.append((day, amount))
                balance += amount.fen
        products += balance
        if (day.month, day.day) == (6, 30) and day < last:
            interest = (products * RATE / 360).quantize(Decimal(1), ROUND_HALF_UP)
            if interest:
                movements.append((day, Money(int(interest))))
            balance, products = balance + int(interest), Decimal(0)
        day += timedelta(days=1)
    return Passbook(tuple(movements))


def passbook_of(key: str) -> Passbook:
    """The citizen of the demonstration city, as its loading today leaves the account."""
    account = city().citizens[key].account
    assert account is not None
    last = YearMonth.of(business_date_of(datetime.now(UTC))).minus(months=1)
    months = [last.minus(months=back) for back in reversed(range(account["months"]))]
    amount = monthly_contribution(base=Money.parse(account["base"]))
    return passbook(contributions=[(month.last_day - timedelta(days=5), amount) for month in months])
