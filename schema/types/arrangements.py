"""约定提取: an agreed withdrawal and what may be done with it."""

from __future__ import annotations

from datetime import date

import strawberry

from domain import policy
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.withdrawals import ArrangementChange, ArrangementView, frequencies_of, kind_of
from schema.context import Info
from schema.guards import CITIZEN, OWNER, resolved, shown
from schema.types.errors import UserError
from schema.types.nodes import Node, global_id, number_of
from schema.types.withdrawals import WithdrawalFrequency

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


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
        assert view.monthly_limit is not None and view.until_month is not None, "rent is limited by month and term"
        return cls(
            id=global_id("RentArrangement", view.arrangement_id),
            owner_id=owner_id,
            view=view,
            state=view.state,
            state_name=view.state_name,
            monthly_limit=view.monthly_limit,
            from_month=view.from_month,
            until_month=view.until_month,
            auto_renewal=view.auto_renewal,
            paid_through=view.paid_through,
        )


@strawberry.type(description="提取约定 · an agreed withdrawal of any kind")
class WithdrawalArrangement(Node):
    owner_id: strawberry.Private[int | None]
    view: strawberry.Private[ArrangementView]
    id: strawberry.ID = shown(OWNER, "全局编号 · global id")
    kind: str = shown(OWNER, "提取类型代码 · kind")
    kind_name: str = shown(OWNER, "提取类型 · kind in words")
    state: str = shown(OWNER, "约定状态代码 · `requested`, `running`, `paused`, `ended`")
    state_name: str = shown(OWNER, "约定状态 · state in words")
    reason: str | None = shown(OWNER, "原因 · why it waits, pauses or has ended")
    frequency_name: str = shown(OWNER, "提取频率 · how often it is paid, in words")
    monthly_limit: Money | None = shown(OWNER, "每月限额 · limit for a month")
    total: Money | None = shown(OWNER, "约定总额 · what may be paid in all")
    paid: Money = shown(OWNER, "已付金额 · paid so far")
    from_month: YearMonth = shown(OWNER, "起始月 · first month")
    until_month: YearMonth | None = shown(OWNER, "截止月 · last month; null while it runs until its total is paid")
    auto_renewal: bool = shown(OWNER, "到期自动接续 · renewed automatically")
    paid_through: YearMonth | None = shown(OWNER, "已付至 · paid through")
    next_due_on: date | None = shown(OWNER, "下次支付日 · day of the next payment")
    card_id: strawberry.ID = shown(OWNER, "收款银行卡 · id of the card that is paid to")

    @resolved(OWNER, "提取频率 · how often it is paid")
    def frequency(self) -> WithdrawalFrequency:
        return WithdrawalFrequency(self.view.frequency)

    @resolved(OWNER, "可选频率 · how often it may be paid today", list_size=5)
    def frequencies(self, info: Info) -> list[WithdrawalFrequency]:
        offered = frequencies_of(kind_of(self.view.kind), policy.on(info.context.business_date))
        return [WithdrawalFrequency(code) for code in offered if code != "once"]

    @classmethod
    def of(cls, view: ArrangementView, *, owner_id: int | None) -> WithdrawalArrangement:
        return cls(
            id=global_id("Arrangement", view.arrangement_id),
            owner_id=owner_id,
            view=view,
            kind=view.kind,
            kind_name=view.kind_name,
            state=view.state,
            state_name=view.state_name,
            reason=view.reason,
            frequency_name=view.frequency_name,
            monthly_limit=view.monthly_limit,
            total=view.total,
            paid=view.paid,
            from_month=view.from_month,
            until_month=view.until_month,
            auto_renewal=view.auto_renewal,
            paid_through=view.paid_through,
            next_due_on=view.next_due_on,
            card_id=global_id("Card", view.card_id),
        )


@strawberry.input(description="提取约定操作 · names the arrangement")
class ArrangementInput:
    id: strawberry.ID = strawberry.field(description="约定全局编号 · global id of the arrangement")
    request_key: str = strawberry.field(description=_KEY)

    def arrangement_id(self) -> int:
        """Raises Refused when the id is not an arrangement's."""
        return number_of(self.id, kind="Arrangement", field="id")


@strawberry.input(description="变更提取约定 · what is to be different from the next payment on")
class ChangeArrangementInput(ArrangementInput):
    frequency: WithdrawalFrequency | None = strawberry.field(default=None, description="提取频率 · frequency")
    card_id: strawberry.ID | None = strawberry.field(default=None, description="收款银行卡 · card")
    auto_renewal: bool | None = strawberry.field(default=None, description="到期自动接续 · consent to renewal")
    amount_wanted: Money | None = strawberry.field(default=None, description="约定总额 · what is to be paid in all")

    def change(self) -> ArrangementChange:
        return ArrangementChange(
            frequency=self.frequency.value if self.frequency else None,
            card_id=number_of(self.card_id, kind="Card", field="cardId") if self.card_id else None,
            auto_renewal=self.auto_renewal,
            total=self.amount_wanted,
        )


@strawberry.type(description="提取约定操作结果 · the arrangement as it now stands")
class ArrangementPayload:
    arrangement: WithdrawalArrangement | None = shown(CITIZEN, "提取约定 · the arrangement; null when refused")
    user_errors: list[UserError] = shown(CITIZEN, "不予办理的原因 · every reason at once; empty when done")

    @classmethod
    def of(cls, view: ArrangementView, *, owner_id: int | None) -> ArrangementPayload:
        return cls(arrangement=WithdrawalArrangement.of(view, owner_id=owner_id), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> ArrangementPayload:
        return cls(arrangement=None, user_errors=errors)
