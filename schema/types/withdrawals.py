"""Withdrawals: what is declared, quoted and offered. One input type for each family of kinds."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

import strawberry

from domain import catalogue, withdrawals
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.policy import PolicyValues
from domain.withdrawals import Application, Correctable, Field, Kind, Prefilled
from domain.withdrawals import Quote as QuoteView
from schema.describing import member
from schema.guards import CITIZEN, CITIZEN_OR_DESK, PUBLIC, shown
from schema.types.case_parts import Explanation
from schema.types.errors import UserError
from schema.types.nodes import number_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
_NO_END = 9999
_DRY = "试办 · run everything, leave nothing behind; answers no case"


@strawberry.enum(description="提取频率 · how often it is paid")
class WithdrawalFrequency(Enum):
    ONCE = member("once", "一次性 · once")
    MONTHLY = member("monthly", "按月 · once a month")
    QUARTERLY = member("quarterly", "按季 · once a quarter, three months together")
    SEMIANNUAL = member("semiannual", "按半年 · once in six months")
    ANNUAL = member("annual", "按年 · once a year")


@strawberry.input(description="提取申请共有内容 · what the applicant of any withdrawal declares")
class WithdrawalInput:
    card_id: strawberry.ID = strawberry.field(description="收款银行卡 · id of the card to be paid to")

    def application(self, kind: str) -> Application:
        """Raises Refused when the card's id is none."""
        return Application(
            kind=kind,
            card_id=number_of(self.card_id, kind="Card", field="cardId"),
            commitment=self._value("commitment", False),
            frequency=getattr(self._value("frequency", None), "value", "once"),
            auto_renewal=self._value("auto_renewal", False),
            spouse_name=_filled(self._value("spouse_name", None)),
            spouse_document_no=_filled(self._value("spouse_document_no", None)),
            fields=self._fields(),
        )

    def _value(self, name: str, otherwise: Any) -> Any:
        return getattr(self, name, otherwise)

    def _fields(self) -> dict[str, str | Money | date]:
        """The kind's own fields, as far as they were filled in; which of them a kind reads is its data's matter."""
        found: dict[str, str | Money | date] = {}
        for name, value in vars(self).items():
            if name in _COMMON or value is None:
                continue
            if isinstance(value, str):
                if text := _filled(value):
                    found[name] = text
            elif isinstance(value, Money | date):
                found[name] = value
        return found


_COMMON = frozenset(
    {
        "card_id",
        "commitment",
        "frequency",
        "auto_renewal",
        "spouse_name",
        "spouse_document_no",
        "request_key",
        "dry_run",
    }
)


@strawberry.input(description="租房提取申请内容 · what the applicant of a rent withdrawal declares")
class RentWithdrawalInput(WithdrawalInput):
    frequency: WithdrawalFrequency = strawberry.field(description="提取频率 · how often it is paid")
    auto_renewal: bool = strawberry.field(description="到期自动接续 · consent to renewal after a year")
    commitment: bool = strawberry.field(description="无房承诺 · the commitment that takes the place of proof")
    spouse_name: str | None = strawberry.field(default=None, description="配偶姓名 · spouse's name")
    spouse_document_no: str | None = strawberry.field(
        default=None, description="配偶证件号码 · spouse's document number"
    )
    rental_filing_no: str | None = strawberry.field(
        default=None, description="租房备案编号 · number of the rental filing; voluntary without a home"
    )
    monthly_rent: Money | None = strawberry.field(default=None, description="月租金 · rent a month")
    invoice_no: str | None = strawberry.field(default=None, description="租金发票号码 · number of the rent invoice")


@strawberry.input(description="租房提取申请 · application for a rent withdrawal")
class ApplyForRentWithdrawalInput(RentWithdrawalInput):
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description=_DRY)


@strawberry.input(description="住房类提取申请内容 · what is declared to buy, build, renovate or repay a home")
class HomeWithdrawalInput(WithdrawalInput):
    commitment: bool = strawberry.field(description="授权与承诺 · authorisation and commitment")
    frequency: WithdrawalFrequency = strawberry.field(
        default=WithdrawalFrequency.ONCE, description="提取频率 · how often it is paid"
    )
    spouse_name: str | None = strawberry.field(default=None, description="配偶姓名 · spouse's name")
    spouse_document_no: str | None = strawberry.field(
        default=None, description="配偶证件号码 · spouse's document number"
    )
    address: str | None = strawberry.field(default=None, description="房屋坐落 · address of the home")
    contract_no: str | None = strawberry.field(default=None, description="购房合同编号 · net-signed contract")
    certificate_no: str | None = strawberry.field(default=None, description="不动产权证书号 · title certificate")
    home_kind: str | None = strawberry.field(default=None, description="房屋类型代码 · `new`, `second_hand`, `shared`")
    cost: Money | None = strawberry.field(default=None, description="总价或费用 · price or cost of the whole")
    own_payment: Money | None = strawberry.field(default=None, description="已付金额 · what was paid")
    invoice_no: str | None = strawberry.field(default=None, description="发票号码 · number of the invoice")
    loan_contract_no: str | None = strawberry.field(default=None, description="借款合同编号 · loan contract")
    agreement_no: str | None = strawberry.field(default=None, description="协议编号 · resettlement agreement")
    approval_no: str | None = strawberry.field(default=None, description="批准文件编号 · approval of the works")
    works: str | None = strawberry.field(
        default=None, description="工程类型代码 · `overhaul`, `rebuilding`, `self_building`"
    )
    renovation_works: str | None = strawberry.field(
        default=None, description="改造内容代码 · `building`, `lift`, `dilapidated`"
    )
    relation: str | None = strawberry.field(
        default=None, description="与产权人关系代码 · `owner`, `spouse`, `parent`, `child`"
    )
    amount_wanted: Money | None = strawberry.field(
        default=None, description="申请提取总额 · how much is wanted in all; all that is left when not given"
    )


@strawberry.input(description="住房类提取申请 · application for a withdrawal about a home")
class ApplyForHomeWithdrawalInput(HomeWithdrawalInput):
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description=_DRY)


@strawberry.input(description="费用类提取申请内容 · what is declared to pay a fee of a home")
class ExpenseWithdrawalInput(WithdrawalInput):
    commitment: bool = strawberry.field(description="授权与承诺 · authorisation and commitment")
    spouse_name: str | None = strawberry.field(default=None, description="配偶姓名 · spouse's name")
    spouse_document_no: str | None = strawberry.field(
        default=None, description="配偶证件号码 · spouse's document number"
    )
    address: str | None = strawberry.field(default=None, description="房屋坐落 · address of the home")
    certificate_no: str | None = strawberry.field(default=None, description="不动产权证书号 · title certificate")
    fund_home: str | None = strawberry.field(
        default=None, description="维修资金类别代码 · `commodity`, `public`; of a deposit into the maintenance fund"
    )
    own_payment: Money | None = strawberry.field(default=None, description="已付（应付）金额 · what was paid or is due")
    invoice_no: str | None = strawberry.field(default=None, description="发票或交款通知号码 · invoice or notice")


@strawberry.input(description="费用类提取申请 · application for a withdrawal that pays a fee")
class ApplyForExpenseWithdrawalInput(ExpenseWithdrawalInput):
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description=_DRY)


@strawberry.input(description="销户提取申请内容 · what is declared to close the account")
class ClosureWithdrawalInput(WithdrawalInput):
    document_no: str | None = strawberry.field(default=None, description="证明文件编号 · document that proves it")
    left_on: date | None = strawberry.field(default=None, description="离职（事由发生）日期 · when it happened")
    deceased_name: str | None = strawberry.field(default=None, description="被继承人姓名 · name of the deceased")
    deceased_document_no: str | None = strawberry.field(
        default=None, description="被继承人证件号码 · document number of the deceased"
    )
    share_percent: str | None = strawberry.field(
        default=None, description="继承（受遗赠）份额 · share in percent, as `33.33`"
    )


@strawberry.input(description="销户提取申请 · application to close the account")
class ApplyForClosureWithdrawalInput(ClosureWithdrawalInput):
    request_key: str = strawberry.field(description=_KEY)
    dry_run: bool = strawberry.field(default=False, description=_DRY)


@strawberry.type(description="租房提取试算 · what an application would give now")
class RentQuote:
    amount: Money = shown(CITIZEN, "可提取金额 · first payment; zero when refused")
    monthly_limit: Money = shown(CITIZEN, "每月限额 · limit for a month")
    months: int = shown(CITIZEN, "每次支付月数 · months that one payment covers")
    from_month: YearMonth = shown(CITIZEN, "约定起始月 · first month of the arrangement")
    until_month: YearMonth = shown(CITIZEN, "约定截止月 · last month of the arrangement")
    explanation: list[Explanation] = shown(CITIZEN, "审核依据说明 · how it came about, in plain words")
    needs_manual_check: bool = shown(CITIZEN, "是否需人工核验 · whether staff must look at it by hand")

    @classmethod
    def of(cls, quote: QuoteView) -> RentQuote:
        return cls(
            amount=quote.amount,
            monthly_limit=quote.monthly_limit,
            months=quote.months,
            from_month=quote.from_month,
            until_month=quote.until_month,
            explanation=Explanation.all_of(quote.explanation),
            needs_manual_check=bool(quote.flags),
        )


@strawberry.type(description="租房提取试算结果 · quote, with every reason against it")
class RentQuotePayload:
    quote: RentQuote | None = shown(CITIZEN, "试算 · null when nothing could be judged")
    user_errors: list[UserError] = shown(CITIZEN, "不予受理的原因 · all of them at once")

    @classmethod
    def of(cls, quote: QuoteView) -> RentQuotePayload:
        return cls(quote=RentQuote.of(quote), user_errors=[UserError.of(found) for found in quote.refusals])

    @classmethod
    def refused(cls, errors: list[UserError]) -> RentQuotePayload:
        return cls(quote=None, user_errors=errors)


@strawberry.type(description="提取试算 · what an application of any kind would give now")
class WithdrawalQuote:
    kind: str = shown(CITIZEN, "提取类型代码 · kind")
    amount: Money = shown(CITIZEN, "可提取金额 · first payment; zero when refused")
    monthly_limit: Money | None = shown(CITIZEN, "每月限额 · limit for a month, of those limited by month")
    total: Money | None = shown(CITIZEN, "可提取总额 · what may be paid in all, of those limited so")
    months: int = shown(CITIZEN, "每次支付月数 · months that one payment covers; 0 for one paid once")
    from_month: YearMonth = shown(CITIZEN, "起始月 · first month")
    until_month: YearMonth | None = shown(CITIZEN, "截止月 · last month; null without an end in time")
    explanation: list[Explanation] = shown(CITIZEN, "审核依据说明 · how it came about, in plain words")
    needs_manual_check: bool = shown(CITIZEN, "是否需人工核验 · whether staff must look at it by hand")

    @classmethod
    def of(cls, quote: QuoteView) -> WithdrawalQuote:
        return cls(
            kind=quote.kind,
            amount=quote.amount,
            monthly_limit=quote.monthly_limit or None,
            total=quote.total,
            months=quote.months,
            from_month=quote.from_month,
            until_month=quote.until_month if quote.months and quote.until_month.year < _NO_END else None,
            explanation=Explanation.all_of(quote.explanation),
            needs_manual_check=bool(quote.flags),
        )


@strawberry.type(description="提取试算结果 · quote, with every reason against it")
class WithdrawalQuotePayload:
    quote: WithdrawalQuote | None = shown(CITIZEN, "试算 · null when nothing could be judged")
    user_errors: list[UserError] = shown(CITIZEN, "不予受理的原因 · all of them at once")

    @classmethod
    def of(cls, quote: QuoteView) -> WithdrawalQuotePayload:
        return cls(quote=WithdrawalQuote.of(quote), user_errors=[UserError.of(found) for found in quote.refusals])

    @classmethod
    def refused(cls, errors: list[UserError]) -> WithdrawalQuotePayload:
        return cls(quote=None, user_errors=errors)


@strawberry.type(description="选项 · one choice of a field")
class WithdrawalOption:
    code: str = shown(PUBLIC, "代码 · code")
    name: str = shown(PUBLIC, "名称 · name")


@strawberry.type(description="申报项目 · one thing that the applicant of a kind has to declare")
class WithdrawalField:
    name: str = shown(PUBLIC, "输入字段 · field of the input")
    title: str = shown(PUBLIC, "名称 · name in words")
    type: str = shown(PUBLIC, "类型 · `text`, `money`, `date`, `code`, `document`")
    required: bool = shown(PUBLIC, "是否必填 · whether it must be filled in")
    hint: str = shown(PUBLIC, "提示 · what to write")
    options: list[WithdrawalOption] = shown(PUBLIC, "选项 · choices of a code", list_size=4)

    @classmethod
    def of(cls, field: Field, *, required: bool) -> WithdrawalField:
        return cls(
            name=field.input,
            title=field.name,
            type=field.type,
            required=required,
            hint=field.hint,
            options=[WithdrawalOption(code=code, name=name) for code, name in field.options.items()],
        )


@strawberry.type(description="可更正项目 · a field that an applicant may correct, and what is declared there")
class CorrectableField:
    field: WithdrawalField = shown(CITIZEN_OR_DESK, "申报项目 · the field; its `name` is that of `CorrectedFieldInput`")
    value: str = shown(CITIZEN_OR_DESK, "已申报内容 · text, an amount in yuan, a day, a code; blank for nothing")
    masked: bool = shown(CITIZEN_OR_DESK, "是否脱敏 · whether `value` is masked and is only sent when written anew")

    @classmethod
    def of(cls, found: Correctable) -> CorrectableField:
        return cls(
            field=WithdrawalField.of(found.field, required=found.required), value=found.value, masked=found.masked
        )


@strawberry.type(description="申请材料 · a paper that a kind may need")
class WithdrawalMaterial:
    name: str = shown(PUBLIC, "名称 · name")
    provided_by: str = shown(
        PUBLIC, "来源 · `applicant` hands it in, `data_sharing` and `centre` have it already and ask nothing of anybody"
    )
    when: str | None = shown(PUBLIC, "何时需要 · when it is needed, in words; null for always")


@strawberry.type(description="预填内容 · an earlier answer of the caller that a form may begin with")
class WithdrawalPrefill:
    name: str = shown(CITIZEN, "输入字段 · field of the input")
    title: str = shown(CITIZEN, "名称 · name in words")
    value: str = shown(CITIZEN, "内容 · what was declared")
    source: str = shown(CITIZEN, "来源 · where it is from, in words")

    @classmethod
    def of(cls, found: Prefilled) -> WithdrawalPrefill:
        return cls(name=found.code, title=found.name, value=found.value, source=found.source)


@strawberry.type(description="提取类型 · a kind of withdrawal and what its form asks")
class WithdrawalKind:
    code: str = shown(PUBLIC, "类型代码 · kind")
    name: str = shown(PUBLIC, "名称 · name")
    item_code: str = shown(PUBLIC, "事项编码 · code of its service item")
    about: str = shown(PUBLIC, "适用对象 · whom it is for")
    limit: str = shown(PUBLIC, "限额说明 · what it is limited by today, in words")
    operation: str = shown(PUBLIC, "办理操作 · mutation that applies for it")
    form: str = shown(PUBLIC, "表单 · `rent`, `home`, `expense`, `closure`")
    closure: bool = shown(PUBLIC, "是否销户 · whether it closes the account")
    family: bool = shown(PUBLIC, "是否需配偶信息 · whether the spouse counts")
    commitment: bool = shown(PUBLIC, "是否需承诺 · whether a commitment is made")
    commitment_text: list[str] = shown(PUBLIC, "承诺书内容 · paragraphs of what is signed; empty without one")
    materials: list[WithdrawalMaterial] = shown(PUBLIC, "申请材料 · papers, those that others have included")
    frequencies: list[WithdrawalFrequency] = shown(PUBLIC, "可选频率 · how often it may be paid today")
    fields: list[WithdrawalField] = shown(PUBLIC, "申报项目 · what has to be declared", list_size=8)
    verified: bool = shown(PUBLIC, "规则是否已核实 · whether the centre has confirmed the rule")
    note: str = shown(PUBLIC, "说明 · remark")

    @classmethod
    def of(cls, kind: Kind, *, values: PolicyValues, channel: str) -> WithdrawalKind:
        return cls(
            code=kind.code,
            name=kind.name,
            item_code=catalogue.item(kind.item).code,
            about=kind.about,
            limit=withdrawals.limit_in_words(kind, values),
            operation=mutation_of(kind),
            form=kind.form,
            closure=kind.closure,
            family=kind.family,
            commitment=bool(kind.commitment),
            commitment_text=list(kind.commitment_text),
            materials=[
                WithdrawalMaterial(
                    name=material.name,
                    provided_by=material.provided_by,
                    # what every applicant of the kind needs is not conditional for them
                    when=catalogue.conditions()[material.when]
                    if material.when and material.when not in kind.papers
                    else None,
                )
                for material in withdrawals.materials_of(kind, channel=channel)
            ],
            frequencies=[WithdrawalFrequency(code) for code in withdrawals.frequencies_of(kind, values)],
            fields=[WithdrawalField.of(field, required=field.code in kind.required) for field in kind.fields],
            verified=kind.confidence == "S",
            note=kind.note,
        )


def mutation_of(kind: Kind) -> str:
    """`purchase_in_city` → `applyForPurchaseInCityWithdrawal`."""
    words = "".join(part.capitalize() for part in kind.operation.split("_"))
    return f"applyFor{words}Withdrawal"


def _filled(text: object) -> str | None:
    """A field left blank on a form is a field not given."""
    stripped = text.strip() if isinstance(text, str) else ""
    return stripped or None
