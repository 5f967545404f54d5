"""What the rule of a withdrawal is told, and what it answers.

Facts come from the account, from other agencies and from earlier withdrawals for the same thing; an agency that did
not answer is itself a fact. Document numbers serve only to compare two of them: never print these objects, and store
them only sealed (`keeping`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal

MaritalStatus = Literal["single", "married", "divorced", "widowed"]
Answer = str | Money | date
"""What an applicant declared in a field of the kind: text and codes, an amount, a day."""

# Why staff must look at the case by hand; the word is stored with the case, the sentence is shown to staff.
FLAGS: dict[str, str] = {
    "property_unanswered": "不动产登记部门未答复，请人工核验住房情况。",
    "property_stale": "不动产核验结果已过有效期，请重新核验住房情况。",
    "spouse_homes_unanswered": "未取得配偶的住房核验结果，请人工核验配偶住房情况。",
    "marriage_unanswered": "婚姻登记部门未答复，请人工核验婚姻状况。",
    "spouse_unconfirmed": "婚姻登记信息未载明配偶，以申请人填写为准，请人工核实。",
    "rental_unanswered": "房屋租赁平台未答复，请人工核验租房备案。",
    "contribution_in_arrears": "缴至年月落后较多，请人工核实是否仍在正常缴存。",
    "identity_unanswered": "公安机关未答复，请人工核验身份信息。",
    "contract_unanswered": "住房网签系统未答复，请人工核验购房合同。",
    "contract_price_differs": "申报总价与网签合同价款不一致，已按较低者计算，请人工核对。",
    "invoice_unanswered": "税务部门未答复，请人工核验发票。",
    "loan_unanswered": "贷款系统未答复，请人工核验还款情况。",
    "pension_unanswered": "社会保险部门未答复，请人工核验养老待遇。",
    "employment_unanswered": "就业与异地缴存信息暂未取得，请人工核验。",
    "owner_unconfirmed": "登记信息中未见该住房属于申请人或配偶，请人工核对产权。",
    "relation_unproved": "申请人不是产权人本人或配偶，请核对亲属关系材料。",
    "registered_elsewhere": "购房地不是申请人或配偶的户籍地，请核对工作地材料。",
    "document_to_check": "须人工核对申请人提供的证明文件。",
    "address_similar": "该坐落与已办理提取的另一处住房相近，请人工核对是否同一住房。",
    "address_in_use": "该租住地址已有其他家庭办理租房提取，请人工核对租赁情况。",
    "children_unconfirmed": "未能核实未成年子女人数，请人工核验。",
    "key_review": "申请人在重点审核提取人员信息库中，请从严审核。",
    "abnormal_behaviour": "申请人有个人异常行为标识，请核实后审核。",
    "spouse_listed": "申请人的配偶在不良信息或重点审核名单中，请从严审核。",
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
    certificates: tuple[str, ...] = ()

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
    """The rental registry's answer about the filing number (租房备案编号) that the applicant gave. `monthly_rent` is of
    the whole home, `tenants` how many share it; `address` is normalised."""

    answered: bool
    found: bool = False
    valid: bool = False
    tenant_is_family: bool = False
    monthly_rent: Money | None = None
    tenants: int = 1
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityAnswer:
    """公安: whether name and number belong together, and where the person is registered (户籍所在省, two digits)."""

    answered: bool
    matches: bool = False
    province: str = ""
    spouse_province: str = ""
    minor_children: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAnswer:
    """住房网签: `cancelled` 退签; `buyer_is_family`: applicant or spouse is a buyer; `province`: two digits."""

    answered: bool
    found: bool = False
    cancelled: bool = False
    buyer_is_family: bool = False
    price: Money | None = None
    province: str = ""
    new_home: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAnswer:
    """税务: `amount` with tax; `payer_is_family`: the applicant or spouse paid."""

    answered: bool
    found: bool = False
    valid: bool = False
    payer_is_family: bool = False
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanAnswer:
    """The loan's books: `repaid` principal and interest so far, `borrower_is_family` applicant or spouse borrows."""

    answered: bool
    found: bool = False
    borrower_is_family: bool = False
    repaid: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeAnswer:
    """社保 and 民政: draws a pension, has died, contributes elsewhere (months in another city since leaving)."""

    pension_answered: bool = False
    drawing_pension: bool = False
    death_answered: bool = False
    dead: bool = False
    employment_answered: bool = False
    months_elsewhere: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """The person's own card with the id given in the application."""

    entrusted_bank: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFacts:
    """What was withdrawn before for the same home, invoice, loan or address. `used` counts what is set aside too."""

    used: Money
    last_used_on: date | None = None
    of_another_household: bool = False
    similar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`account_state` is GRZHZT of JGJ/T 320 (01 normal … 06 frozen). `available` = balance less `held`, `interest`
    what a closing today would add. `card` is None when the person has no such card. What the lists of persons do to
    the application (`domain.risk`) is asked for by the kind's flow."""

    account_state: str
    available: Money
    held: Money
    months_contributed_consecutively: int
    paid_through: YearMonth | None
    homes: HomesAnswer
    marriage: MarriageAnswer
    card: CardFacts | None
    applicant_document_no: str = ""
    applicant_document_type: str = "01"
    running_arrangement: bool = False
    frozen: bool = False
    adverse_record: bool = False
    adverse_reason: str = ""
    adverse_until: date | None = None
    key_review: bool = False
    abnormal_behaviour: bool = False
    spouse_listed: bool = False
    open_loan: bool = False
    rental: RentalAnswer | None = None
    identity: IdentityAnswer | None = None
    contract: ContractAnswer | None = None
    invoice: InvoiceAnswer | None = None
    loan: LoanAnswer | None = None
    life: LifeAnswer = field(default_factory=LifeAnswer)
    subject: SubjectFacts | None = None
    monthly_contribution: Money = field(default_factory=Money.zero)
    interest: Money = field(default_factory=Money.zero)
    months_sealed: int = 0

    def __post_init__(self) -> None:
        assert self.available >= Money.zero() and self.held >= Money.zero(), "negative balance or hold"
        assert self.months_contributed_consecutively >= 0, "negative months"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the applicant declared. `frequency` is `once` or how often it is paid; `fields` are those of the kind."""

    frequency: str
    commitment: bool
    auto_renewal: bool
    spouse_name: str | None = None
    spouse_document_no: str | None = None
    rental_filing_no: str | None = None
    fields: Mapping[str, Answer] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def money(self, name: str) -> Money | None:
        value = self.fields.get(name)
        return value if isinstance(value, Money) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What may be paid: `most` now, `total` in all of an arrangement (None without such a limit), `whole` for the thing
    by everybody together. `sentence` shows the arithmetic."""

    most: Money
    sentence: str
    monthly: Money | None = None
    total: Money | None = None
    whole: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`amount` is the first payment, zero when refused. `months` is what one payment covers, 0 for one paid once. An
    arrangement runs from `from_month` through `until_month`, both inclusive. `policy_snapshot` holds the values that
    were read."""

    allowed: bool
    refusals: tuple[Refusal, ...]
    amount: Money
    months: int
    limit: Limit
    from_month: YearMonth
    until_month: YearMonth
    flags: tuple[str, ...]
    explanation: list[dict[str, str]]
    policy_snapshot: dict[str, dict[str, Any]] = field(repr=False)

    def __post_init__(self) -> None:
        assert self.allowed == (not self.refusals), "allowed means that nothing refuses"
        assert self.allowed == bool(self.amount), "an amount if and only if allowed"
        assert all(flag in FLAGS for flag in self.flags), "undeclared flag"

    @property
    def monthly_limit(self) -> Money:
        return self.limit.monthly or Money.zero()
