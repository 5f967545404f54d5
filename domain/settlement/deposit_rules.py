"""Interest and limits of the centre's fixed and notice deposits. Pure; table-tested.

Fixed deposits earn their rate for whole months (rate / 12 a month) up to maturity; drawn before it, the demand rate by
days. Notice deposits earn by days (rate / 360): at the notice rate only what was announced and is drawn on the
announced day, else at the demand rate (人民银行《通知存款管理办法》 银发〔1999〕3号; 360 days: 银发〔2005〕129号).
The day of placing counts, the day of drawing does not. What a bank really pays is booked; these figures tell whether it
is right. Confidence of the limits: likely, from the same 办法; not read in print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

_PPM = 1_000_000
_DAYS_A_YEAR = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`months` of a fixed deposit, `notice_days` of a notice deposit; the demand rate has neither."""

    code: str
    name: str
    kind: Literal["fixed", "notice", "demand"]
    months: int = 0
    notice_days: int = 0


PRODUCTS: Mapping[str, Product] = {
    one.code: one
    for one in (
        Product(code="DEMAND", name="活期", kind="demand"),
        Product(code="F03M", name="定期三个月", kind="fixed", months=3),
        Product(code="F06M", name="定期六个月", kind="fixed", months=6),
        Product(code="F12M", name="定期一年", kind="fixed", months=12),
        Product(code="F24M", name="定期二年", kind="fixed", months=24),
        Product(code="F36M", name="定期三年", kind="fixed", months=36),
        Product(code="F60M", name="定期五年", kind="fixed", months=60),
        Product(code="N1D", name="一天通知", kind="notice", notice_days=1),
        Product(code="N7D", name="七天通知", kind="notice", notice_days=7),
    )
}
DEMAND = "DEMAND"

PLACE_LEAST: Mapping[str, Money] = {"fixed": Money.yuan(10_000), "notice": Money.yuan(500_000)}
"""起存金额 of organisations."""
NOTICE_DRAW_LEAST = Money.yuan(100_000)
"""Least part of a notice deposit that is drawn; what remains is again at least the placing minimum, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A deposit as the rules see it. `notice_*` are None while nothing is announced."""

    product: Product
    balance: Money
    rate_ppm: int
    placed_on: date
    matures_on: date | None
    notice_amount: Money | None = None
    notice_draw_on: date | None = None


def maturity(*, product: Product, placed_on: date) -> date | None:
    """The same day so many months later, or that month's last; None for notice deposits."""
    if product.kind != "fixed":
        return None
    month = YearMonth.of(placed_on).plus(months=product.months)
    return month.last_day if placed_on.day > month.last_day.day else month.first_day.replace(day=placed_on.day)


def interest_by_days(*, amount: Money, rate_ppm: int, days: int) -> Money:
    return _part(amount, rate_ppm * days, _PPM * _DAYS_A_YEAR)


def interest_of_draw(*, deposit: Standing, amount: Money, drawn_on: date, demand_ppm: int) -> Money:
    """What the bank owes for an amount drawn on a day. A fixed deposit that stays beyond maturity earns the demand rate
    for the days beyond."""
    days = (drawn_on - deposit.placed_on).days
    if deposit.product.kind == "fixed":
        return _fixed(deposit, amount=amount, drawn_on=drawn_on, days=days, demand_ppm=demand_ppm)
    announced = Money.zero()
    if deposit.notice_draw_on == drawn_on and deposit.notice_amount is not None:
        announced = min(amount, deposit.notice_amount)
    return interest_by_days(amount=announced, rate_ppm=deposit.rate_ppm, days=days) + interest_by_days(
        amount=amount - announced, rate_ppm=demand_ppm, days=days
    )


def _fixed(deposit: Standing, *, amount: Money, drawn_on: date, days: int, demand_ppm: int) -> Money:
    assert deposit.matures_on is not None
    if drawn_on < deposit.matures_on:
        return interest_by_days(amount=amount, rate_ppm=demand_ppm, days=days)
    whole = _part(amount, deposit.rate_ppm * deposit.product.months, _PPM * 12)
    beyond = (drawn_on - deposit.matures_on).days
    return whole + interest_by_days(amount=amount, rate_ppm=demand_ppm, days=beyond)


def accrued_through(*, deposit: Standing, through: date) -> Money:
    """通知存款季度预提: what the balance has earned at its rate up to and including a day."""
    if through < deposit.placed_on:
        return Money.zero()
    days = (through - deposit.placed_on).days + 1
    return interest_by_days(amount=deposit.balance, rate_ppm=deposit.rate_ppm, days=days)


def accrued_share(*, accrued: Money, drawn: Money, balance: Money) -> Money:
    """The part of the accrued interest that belongs to what is drawn; all of it with the last of the balance."""
    if drawn == balance:
        return accrued
    return _part(accrued, drawn.fen, balance.fen)


def place_fault(*, product: Product, amount: Money) -> Money | None:
    """The minimum that the amount falls short of, or None."""
    least = PLACE_LEAST[product.kind]
    return least if amount < least else None


def notice_draw_fault(*, balance: Money, amount: Money) -> str | None:
    """Why so much cannot be drawn from a notice deposit, in Chinese, or None."""
    if amount == balance:
        return None
    if amount < NOTICE_DRAW_LEAST:
        return f"部分支取不得低于{NOTICE_DRAW_LEAST.yuan_text}"
    if balance - amount < PLACE_LEAST["notice"]:
        return f"支取后余额不得低于{PLACE_LEAST['notice'].yuan_text}，请全部支取"
    return None


def earliest_draw(*, product: Product, announced_on: date) -> date:
    return announced_on + timedelta(days=product.notice_days)


def quarter_end(day: date) -> date:
    """The last day of the quarter that a day lies in."""
    return YearMonth(day.year, (day.month + 2) // 3 * 3).last_day


def _part(amount: Money, numerator: int, denominator: int) -> Money:
    """amount · numerator / denominator, rounded half up to the fen, once; none of them is negative."""
    return Money((2 * amount.fen * numerator + denominator) // (2 * denominator))
