"""What the rule of the rent withdrawal without a home (无房租房提取) is told, and what it answers.

Facts come from the account and from other agencies; an agency that did not answer is itself a fact. Document
numbers serve only to compare two of them: never store these objects or print them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal

MaritalStatus = Literal["single", "married", "divorced", "widowed"]

# Why staff must look at the case by hand; the word is stored with the case, the sentence is shown to staff.
FLAGS: dict[str, str] = {
    "property_unanswered": "不动产登记部门未答复，请人工核验住房情况。",
    "property_stale": "不动产核验结果已过有效期，请重新核验住房情况。",
    "spouse_homes_unanswered": "未取得配偶的住房核验结果，请人工核验配偶住房情况。",
    "marriage_unanswered": "婚姻登记部门未答复，请人工核验婚姻状况。",
    "spouse_unconfirmed": "婚姻登记信息未载明配偶，以申请人填写为准，请人工核实。",
    "rental_unanswered": "房屋租赁平台未答复，请人工核验租房备案。",
    "contribution_in_arrears": "缴至年月落后较多，请人工核实是否仍在正常缴存。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HomesAnswer:
    """The property registry's answer. `count` is of homes in Beijing of everyone asked about;
    `covers_spouse` says that the spouse, when there is one, was among them. Whom to ask about:
    `spouse_to_check`."""

    answered: bool
    count: int = 0
    covers_spouse: bool = False
    as_of: date | None = None

    def __post_init__(self) -> None:
        assert self.count >= 0 and (self.answered or self.count == 0), "homes without an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarriageAnswer:
    """The marriage registry's answer. A marriage registered elsewhere may name no spouse."""

    answered: bool
    status: MaritalStatus | None = None
    spouse_name: str | None = None
    spouse_document_no: str | None = None

    def __post_init__(self) -> None:
        assert self.answered == (self.status is not None), "a status if and only if there is an answer"


@dataclass(frozen=True, slots=True)
class Spouse:
    """The person to ask the property registry about beside the applicant. The name may be unknown."""

    name: str
    document_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalAnswer:
    """The rental registry's answer about the filing number (租房备案编号) that the applicant gave."""

    answered: bool
    found: bool = False
    valid: bool = False
    tenant_is_family: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """The person's own card with the id given in the application."""

    entrusted_bank: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RentFacts:
    """`account_state` is GRZHZT of JGJ/T 320 (01 normal … 06 frozen). `available` = balance less `held`.
    `card` is None when the person has no such card."""

    account_state: str
    available: Money
    held: Money
    months_contributed_consecutively: int
    paid_through: YearMonth | None
    homes: HomesAnswer
    marriage: MarriageAnswer
    card: CardFacts | None
    applicant_document_no: str = ""
    running_arrangement: bool = False
    frozen: bool = False
    adverse_record: bool = False
    rental: RentalAnswer | None = None

    def __post_init__(self) -> None:
        assert self.available >= Money.zero() and self.held >= Money.zero(), "negative balance or hold"
        assert self.months_contributed_consecutively >= 0, "negative months"


@dataclass(frozen=True, slots=True, kw_only=True)
class RentApplicationFacts:
    """What the applicant declared."""

    frequency: str
    commitment: bool
    auto_renewal: bool
    spouse_name: str | None = None
    spouse_document_no: str | None = None
    rental_filing_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RentJudgement:
    """`amount` is the first payment, zero when refused. `months` is what one payment covers. The arrangement
    runs from `from_month` through `until_month`, both inclusive. `policy_snapshot` holds the values that
    were read."""

    allowed: bool
    refusals: tuple[Refusal, ...]
    amount: Money
    months: int
    monthly_limit: Money
    from_month: YearMonth
    until_month: YearMonth
    flags: tuple[str, ...]
    explanation: list[dict[str, str]]
    policy_snapshot: dict[str, dict[str, Any]] = field(repr=False)

    def __post_init__(self) -> None:
        assert self.allowed == (not self.refusals), "allowed means that nothing refuses"
        assert self.allowed == bool(self.amount), "an amount if and only if allowed"
        assert all(flag in FLAGS for flag in self.flags), "undeclared flag"
