"""The judgement in words that the citizen can read, with the arithmetic shown."""

from __future__ import annotations

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal
from domain.withdrawals.rules.rent_facts import FLAGS, RentFacts

_MARITAL_STATUS_NAMES = {"single": "未婚", "married": "已婚", "divorced": "离异", "widowed": "丧偶"}


def explain(
    *,
    facts: RentFacts,
    auto_renewal: bool,
    legal_basis: str,
    limit_source: str,
    refusals: tuple[Refusal, ...],
    amount: Money,
    months: int,
    monthly_limit: Money,
    from_month: YearMonth,
    until_month: YearMonth,
    flags: tuple[str, ...],
) -> list[dict[str, str]]:
    """Paragraphs of `title` and `text`, in the order in which the decision was reached."""
    paragraphs = [
        ("办理依据", f"{legal_basis}。月提取限额依据：{limit_source}。"),
        ("缴存情况", f"您已连续缴存{facts.months_contributed_consecutively}个月{_paid_through(facts)}。"),
        ("住房和婚姻核验", _family(facts)),
    ]
    if refusals:
        reasons = "".join(f"{number}. {refusal.message}" for number, refusal in enumerate(refusals, 1))
        paragraphs.append(("不能办理的原因", reasons))
    else:
        paragraphs.append(("提取金额", _arithmetic(facts, amount, months, monthly_limit)))
        paragraphs.append(("提取期限", _term(from_month, until_month, auto_renewal)))
    if flags and not refusals:
        paragraphs.append(("人工核验", "本申请需工作人员核验后办理：" + "".join(FLAGS[flag] for flag in flags)))
    return [{"title": title, "text": text} for title, text in paragraphs]


def _paid_through(facts: RentFacts) -> str:
    if facts.paid_through is None:
        return ""
    return f"，缴至{facts.paid_through.year}年{facts.paid_through.month}月"


def _family(facts: RentFacts) -> str:
    if not facts.homes.answered:
        homes = "不动产登记部门暂未答复，住房情况由工作人员核验"
    elif facts.homes.count:
        homes = "核验到您或配偶在本市有自有住房"
    else:
        homes = "未核验到您" + ("和配偶" if facts.homes.covers_spouse else "") + "在本市的自有住房"
    if facts.marriage.status is None:
        marriage = "婚姻登记部门暂未答复，婚姻状况由工作人员核验"
    else:
        marriage = f"婚姻状况为{_MARITAL_STATUS_NAMES[facts.marriage.status]}"
    return f"{homes}；{marriage}。"


def _arithmetic(facts: RentFacts, amount: Money, months: int, monthly_limit: Money) -> str:
    ceiling = monthly_limit * months
    held = f"（已扣除办理中业务占用的{facts.held.yuan_text}）" if facts.held else ""
    return (
        f"每月限额{monthly_limit.yuan_text} × {months}个月 = {ceiling.yuan_text}；"
        f"账户可用余额{facts.available.yuan_text}{held}。两者取较小者，本次可提取{amount.yuan_text}。"
    )


def _term(from_month: YearMonth, until_month: YearMonth, auto_renewal: bool) -> str:
    renewal = (
        "您已同意到期自动接续，到期前会重新核验，符合条件的自动续办。"
        if auto_renewal
        else "您未选择自动接续，到期前会短信提醒您重新办理。"
    )
    return (
        f"自{from_month.year}年{from_month.month}月起至{until_month.year}年{until_month.month}月止，"
        f"每期提取前重新核验条件和余额。{renewal}"
    )
