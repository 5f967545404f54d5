"""The judgement in words that the citizen can read, with the arithmetic shown."""

from __future__ import annotations

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal
from domain.withdrawals.rules.conditions import Question
from domain.withdrawals.rules.facts import FLAGS, Facts, Limit

_MARITAL_STATUS_NAMES = {"single": "未婚", "married": "已婚", "divorced": "离异", "widowed": "丧偶"}
_OPEN_ENDED = 9999


def explain(
    *,
    asked: Question,
    refusals: tuple[Refusal, ...],
    amount: Money,
    months: int,
    limit: Limit,
    from_month: YearMonth,
    until_month: YearMonth,
    flags: tuple[str, ...],
) -> list[dict[str, str]]:
    """Paragraphs of `title` and `text`, in the order in which the decision was reached."""
    kind, facts = asked.kind, asked.facts
    paragraphs = [("办理依据", _basis(asked))]
    if "contributing" in kind.conditions:
        paragraphs.append(
            ("缴存情况", f"您已连续缴存{facts.months_contributed_consecutively}个月{_paid_through(facts)}。")
        )
    if "no_home" in kind.conditions:
        paragraphs.append(("住房和婚姻核验", _family(facts)))
    elif checked := _checked(asked):
        paragraphs.append(("信息核验", checked))
    if refusals:
        reasons = "".join(f"{number}. {refusal.message}" for number, refusal in enumerate(refusals, 1))
        paragraphs.append(("不能办理的原因", reasons))
    else:
        paragraphs.append(("提取金额", _arithmetic(asked, amount, limit)))
        if months:
            paragraphs.append(("提取期限", _term(asked, from_month, until_month)))
        if kind.closure:
            paragraphs.append(("账户", "支付完成且账户余额为零后，您的住房公积金账户将销户。"))
    if flags and not refusals:
        paragraphs.append(("人工核验", "本申请需工作人员核验后办理：" + "".join(FLAGS[flag] for flag in flags)))
    return [{"title": title, "text": text} for title, text in paragraphs]


def _basis(asked: Question) -> str:
    basis = f"{asked.values.text(asked.kind.parameter('legal_basis'))}。"
    if asked.kind.limit == "fixed_by_month":
        basis += f"月提取限额依据：{asked.values.source(asked.kind.parameter('monthly_limit'))}。"
    return basis


def _paid_through(facts: Facts) -> str:
    if facts.paid_through is None:
        return ""
    return f"，缴至{facts.paid_through.year}年{facts.paid_through.month}月"


def _family(facts: Facts) -> str:
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


def _checked(asked: Question) -> str:
    """What each agency that was asked has confirmed, or that it has not answered."""
    facts, said = asked.facts, list[str]()
    answers = {
        "identity": (facts.identity, facts.identity is not None and facts.identity.matches),
        "contract": (facts.contract, facts.contract is not None and facts.contract.buyer_is_family),
        "invoice": (facts.invoice, facts.invoice is not None and facts.invoice.valid),
        "loan": (facts.loan, facts.loan is not None and facts.loan.borrower_is_family),
    }
    for check in asked.kind.checks:
        answer, holds = answers.get(check.code, (None, False))
        if answer is not None:
            result = ("通过" if holds else "未通过") if answer.answered else "暂未答复，由工作人员核验"
            said.append(f"{check.name}{result}")
    life = facts.life
    if asked.kind.check("pension"):
        drawing = "已核定养老待遇" if life.drawing_pension else "未查到养老待遇"
        said.append(drawing if life.pension_answered else "养老待遇核验暂未答复，由工作人员核验")
    if asked.kind.check("death") and life.death_answered:
        said.append("已查到死亡登记信息" if life.dead else "未查到死亡登记信息")
    return "；".join(said) + "。" if said else ""


def _arithmetic(asked: Question, amount: Money, limit: Limit) -> str:
    facts = asked.facts
    if asked.kind.closure:
        return f"{limit.sentence}，本次支付{amount.yuan_text}。结清利息计至支付审批的前一日，以实际支付额为准。"
    held = f"（已扣除办理中业务占用的{facts.held.yuan_text}）" if facts.held else ""
    return (
        f"{limit.sentence}；账户可用余额{facts.available.yuan_text}{held}。两者取较小者，本次可提取{amount.yuan_text}。"
    )


def _term(asked: Question, from_month: YearMonth, until_month: YearMonth) -> str:
    if until_month.year == _OPEN_ENDED:
        return (
            f"自{from_month.year}年{from_month.month}月起按约定频率提取，直至达到可提取总额；"
            "每期提取前重新核验条件和余额，您可随时变更、暂停或终止。"
        )
    renewal = (
        "您已同意到期自动接续，到期前会重新核验，符合条件的自动续办。"
        if asked.application.auto_renewal
        else "您未选择自动接续，到期前会短信提醒您重新办理。"
    )
    return (
        f"自{from_month.year}年{from_month.month}月起至{until_month.year}年{until_month.month}月止，"
        f"每期提取前重新核验条件和余额。{renewal}"
    )
