"""What a withdrawal is limited on, each basis by its name in `domain/withdrawals/kinds`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from domain.kernel.money import Money
from domain.withdrawals.rules.conditions import Question
from domain.withdrawals.rules.facts import Limit

ESTATE_SHARES = 10_000
"""An estate is divided in hundredths of a percent."""


def _fixed_by_month(asked: Question, months: int) -> Limit:
    monthly = asked.values.money(asked.kind.parameter("monthly_limit"))
    return _by_month(monthly, months, "每月限额")


def _rent_by_month(asked: Question, months: int) -> Limit:
    """The family's part of the rent: the filed rent divided among those who share the home, or the declared one while
    the registry is silent, the lower of both. By the formula of the day it is cut at the monthly contribution."""
    rental, declared = asked.facts.rental, asked.application.money("monthly_rent")
    known = [declared] if declared is not None else []
    if rental is not None and rental.monthly_rent is not None:
        known.append(Money(rental.monthly_rent.fen // max(rental.tenants, 1)))
    rent = min(known, default=Money.zero())
    words = "每月租金"
    formula, contribution = asked.values.text(asked.kind.parameter("formula")), asked.facts.monthly_contribution
    if formula == "rent_or_contribution" and rent > contribution:
        rent, words = contribution, "租金超过月缴存额，每月限额为月缴存额"
    return _by_month(rent, months, words)


def _by_month(monthly: Money, months: int, words: str) -> Limit:
    ceiling = monthly * months
    return Limit(
        most=ceiling,
        monthly=monthly,
        sentence=f"{words}{monthly.yuan_text} × {months}个月 = {ceiling.yuan_text}",
    )


def _cost(asked: Question, months: int) -> Limit:
    """The price or cost, the lowest of what was declared, net-signed and invoiced."""
    known = [asked.application.money("cost") or Money.zero()]
    if asked.facts.contract is not None and asked.facts.contract.price is not None:
        known.append(asked.facts.contract.price)
    if asked.facts.invoice is not None and asked.facts.invoice.amount is not None:
        known.append(asked.facts.invoice.amount)
    return _remaining(asked, min(known), "可提取总额为房屋总价（费用）")


def _own_payment(asked: Question, months: int) -> Limit:
    known = [asked.application.money("own_payment") or Money.zero()]
    if asked.facts.invoice is not None and asked.facts.invoice.amount is not None:
        known.append(asked.facts.invoice.amount)
    return _remaining(asked, min(known), "可提取总额为本人（家庭）已付金额")


def _cost_share(asked: Question, months: int) -> Limit:
    known = [asked.application.money("cost") or Money.zero()]
    if asked.facts.invoice is not None and asked.facts.invoice.amount is not None:
        known.append(asked.facts.invoice.amount)
    share, most = (
        asked.values.rate(asked.kind.parameter("share")),
        asked.values.money(asked.kind.parameter("amount_max")),
    )
    whole = min(min(known).times(share), most)
    percent = (share * 100).normalize()
    return _remaining(asked, whole, f"可提取总额为费用的{percent:f}%，最高{most.yuan_text}，即")


def _repaid(asked: Question, months: int) -> Limit:
    loan = asked.facts.loan
    repaid = loan.repaid if loan is not None and loan.repaid is not None else Money.zero()
    return _remaining(asked, repaid, "可提取总额为已还贷款本息")


def _remaining(asked: Question, whole: Money, words: str) -> Limit:
    used = asked.facts.subject.used if asked.facts.subject is not None else Money.zero()
    if "interval_of_home" in asked.kind.conditions:
        # within the interval it is refused anyhow, after it the home begins anew
        used = Money.zero()
    left = max(whole - used, Money.zero())
    wanted = asked.application.money("amount_wanted")
    sentence = f"{words}{whole.yuan_text}，各申请人已提取或已申请{used.yuan_text}，剩余{left.yuan_text}"
    if wanted is not None and wanted < left:
        left, sentence = wanted, f"{sentence}；您申请{wanted.yuan_text}"
    return Limit(most=left, total=left, whole=whole, sentence=sentence)


def _whole_balance(asked: Question, months: int) -> Limit:
    whole = asked.facts.available + asked.facts.interest
    interest = f"（含结清利息{asked.facts.interest.yuan_text}）" if asked.facts.interest else ""
    return Limit(most=whole, sentence=f"销户提取账户全部余额{whole.yuan_text}{interest}")


def _share_of_balance(asked: Question, months: int) -> Limit:
    """A part of what the earlier heirs have left: their parts are gone from the balance already. The last takes all."""
    mine = share_of(asked.application.text("share_percent"))
    used = asked.facts.subject.used.fen if asked.facts.subject is not None else 0
    left = ESTATE_SHARES - used
    whole = asked.facts.available + asked.facts.interest
    if mine is None or mine > left:
        return Limit(most=Money.zero(), whole=Money(ESTATE_SHARES), sentence="份额不足")
    most = whole if mine == left else Money(whole.fen * mine // left)
    return Limit(
        most=most,
        whole=Money(ESTATE_SHARES),
        sentence=f"账户余额连同结清利息{whole.yuan_text}，按{asked.application.text('share_percent')}%的份额计{most.yuan_text}",
    )


def share_of(percent: str) -> int | None:
    """`33.33` → 3333; None for anything that is no share."""
    try:
        value = Decimal(percent.rstrip("%％") or "x") * 100
    except InvalidOperation:
        return None
    if not value.is_finite() or value != value.to_integral_value() or not 0 < value <= ESTATE_SHARES:
        return None
    return int(value)


LIMITS: Mapping[str, Callable[[Question, int], Limit]] = MappingProxyType(
    {
        "fixed_by_month": _fixed_by_month,
        "rent_by_month": _rent_by_month,
        "cost": _cost,
        "own_payment": _own_payment,
        "cost_share": _cost_share,
        "fee": _own_payment,
        "repaid": _repaid,
        "whole_balance": _whole_balance,
        "share_of_balance": _share_of_balance,
    }
)
"""Every basis that a kind may name; called with how many months one payment covers."""
