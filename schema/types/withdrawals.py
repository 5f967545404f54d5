"""The rent withdrawal: what is given, quoted and agreed."""

from __future__ import annotations

from enum import Enum

import strawberry

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.withdrawals import ArrangementView, RentApplication
from domain.withdrawals import RentQuote as Quote
from schema.guards import CITIZEN, OWNER, resolved, shown
from schema.types.case_parts import Explanation
from schema.types.errors import UserError
from schema.types.nodes import Node, global_id, number_of

_STATE_NAMES = {"requested": "审核中", "running": "执行中"}


@strawberry.enum(description="提取频率 · how often it is paid")
class WithdrawalFrequency(Enum):
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@strawberry.input(description="租房提取申请内容 · what the applicant of a rent withdrawal declares")
class RentWithdrawalInput:
    frequency: WithdrawalFrequency = strawberry.field(description="提取频率 · how often it is paid")
    card_id: strawberry.ID = strawberry.field(description="收款银行卡 · id of the card to be paid to")
    auto_renewal: bool = strawberry.field(description="到期自动接续 · consent to renewal after a year")
    commitment: bool = strawberry.field(description="无房承诺 · the commitment that takes the place of proof")
    spouse_name: str | None = strawberry.field(default=None, description="配偶姓名 · spouse's name")
    spouse_document_no: str | None = strawberry.field(
        default=None, description="配偶证件号码 · spouse's document number"
    )
    rental_filing_no: str | None = strawberry.field(
        default=None, description="租房备案编号 · number of the rental filing, voluntary"
    )

    def application(self) -> RentApplication:
        """Raises Refused when the card's id is none."""
        return RentApplication(
            frequency=self.frequency.value,
            card_id=number_of(self.card_id, kind="Card", field="cardId"),
            auto_renewal=self.auto_renewal,
            commitment=self.commitment,
            spouse_name=_filled(self.spouse_name),
            spouse_document_no=_filled(self.spouse_document_no),
            rental_filing_no=_filled(self.rental_filing_no),
        )


@strawberry.input(description="租房提取申请 · application for a rent withdrawal")
class ApplyForRentWithdrawalInput(RentWithdrawalInput):
    request_key: str = strawberry.field(
        description="请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
    )
    dry_run: bool = strawberry.field(
        default=False, description="试办 · run everything, leave nothing behind; answers no case"
    )


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
    def of(cls, quote: Quote) -> RentQuote:
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
    def of(cls, quote: Quote) -> RentQuotePayload:
        return cls(quote=RentQuote.of(quote), user_errors=[UserError.of(found) for found in quote.refusals])

    @classmethod
    def refused(cls, errors: list[UserError]) -> RentQuotePayload:
        return cls(quote=None, user_errors=errors)


@strawberry.type(description="租房提取约定 · a year of payments on one application")
class RentArrangement(Node):
    owner_id: strawberry.Private[int | None]
    view: strawberry.Private[ArrangementView]
    id: strawberry.ID = shown(OWNER, "全局编号 · global id")
    state: str = shown(OWNER, "约定状态代码 · state")
    state_name: str = shown(OWNER, "约定状态 · state in words")
    monthly_limit: Money = shown(OWNER, "每月限额 · limit for a month")
    from_month: YearMonth = shown(OWNER, "约定起始月 · first month")
    until_month: YearMonth = shown(OWNER, "约定截止月 · last month")
    auto_renewal: bool = shown(OWNER, "到期自动接续 · renewed automatically")
    paid_through: YearMonth | None = shown(OWNER, "已付至 · paid through")

    @resolved(OWNER, "提取频率 · how often it is paid")
    def frequency(self) -> WithdrawalFrequency:
        return WithdrawalFrequency(self.view.frequency)

    @classmethod
    def of(cls, view: ArrangementView, *, owner_id: int | None) -> RentArrangement:
        return cls(
            id=global_id("RentArrangement", view.arrangement_id),
            owner_id=owner_id,
            view=view,
            state=view.state,
            state_name=_STATE_NAMES.get(view.state, view.state),
            monthly_limit=view.monthly_limit,
            from_month=view.from_month,
            until_month=view.until_month,
            auto_renewal=view.auto_renewal,
            paid_through=view.paid_through,
        )


def _filled(text: str | None) -> str | None:
    """A field left blank on a form is a field not given."""
    stripped = (text or "").strip()
    return stripped or None
