"""名单记录: what a citizen is listed for, and the appeals against it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

import strawberry

from domain import catalogue, risk
from domain.contributions import ListedEntry
from domain.risk import AppealView
from schema.guards import SELF, shown
from schema.types.errors import UserError
from schema.types.nodes import global_id, number_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
_KIND = "RiskRecord"
_EFFECTS = {"review": "从严审核", "refuse": "不予受理", "hold": "暂缓，复核后继续", "stop": "终止"}


@strawberry.type(description="名单影响 · what a record does to one flow of business")
class RiskEffect:
    flow_name: str = shown(SELF, "业务 · the flow of business")
    effect: str = shown(SELF, "影响代码 · `review`, `refuse`, `hold` or `stop`")
    effect_name: str = shown(SELF, "影响 · the effect in words")


@strawberry.type(description="名单申诉 · an appeal against a record")
class RiskAppeal:
    state: str = shown(SELF, "申诉状态代码 · `waiting`, `granted`, `rejected`, `withdrawn`")
    state_name: str = shown(SELF, "申诉状态 · state in words")
    statement: str = shown(SELF, "申诉理由 · the caller's own words")
    channel_name: str = shown(SELF, "提出渠道 · where it was made")
    made_at: datetime = shown(SELF, "提出时间 · when it was made")
    due_on: date = shown(SELF, "答复期限 · the day by which it is answered")
    answer: str | None = shown(SELF, "答复 · the answer; null until there is one")

    @classmethod
    def of(cls, view: AppealView) -> Self:
        return cls(
            state=view.state,
            state_name=view.state_name,
            statement=view.statement,
            channel_name=catalogue.channels().get(view.channel, "管理部柜台"),
            made_at=view.made_at,
            due_on=view.due_on,
            answer=view.answer,
        )


@strawberry.type(description="名单记录 · why the caller is on a list (失信、重点审核、异常行为), and until when")
class RiskRecord:
    id: strawberry.ID = shown(SELF, "编号 · what an appeal names")
    list_name: str = shown(SELF, "名单 · which list")
    reason_name: str = shown(SELF, "原因类别 · kind of reason")
    reason: str = shown(SELF, "事由 · why, in words")
    evidence: str = shown(SELF, "依据 · what it rests on")
    from_on: date = shown(SELF, "起始日 · first day")
    until_on: date = shown(SELF, "截止日 · last day")
    state: str = shown(SELF, "状态代码 · `in_force`, `over` or `removed`")
    state_name: str = shown(SELF, "状态 · state in words")
    effects: list[RiskEffect] = shown(SELF, "影响 · what it does while it is in force")
    how_to_appeal: str = shown(SELF, "申诉途径 · how to appeal")
    appeals: list[RiskAppeal] = shown(SELF, "申诉 · appeals against it, the newest first")

    @classmethod
    def of(cls, view: ListedEntry) -> Self:
        entry = view.entry
        return cls(
            id=global_id(_KIND, entry.entry_id),
            list_name=entry.list_name,
            reason_name=entry.reason_name,
            reason=entry.reason,
            evidence=entry.evidence,
            from_on=entry.from_on,
            until_on=entry.until_on,
            state=entry.state,
            state_name=entry.state_name,
            effects=[
                RiskEffect(flow_name=risk.flows()[flow], effect=effect, effect_name=_EFFECTS[effect])
                for flow, effect in entry.effects.items()
                if effect != "none"
            ],
            how_to_appeal="对记录有异议的，可在本页提交申诉理由，或携带身份证件到就近管理部申诉；申诉期间记录继续有效。",
            appeals=[RiskAppeal.of(appeal) for appeal in view.appeals],
        )


@strawberry.input(description="对名单记录申诉 · why the caller thinks that a record is wrong")
class AppealRiskRecordInput:
    id: strawberry.ID = strawberry.field(description="记录编号 · id of the record")
    statement: str = strawberry.field(description="申诉理由 · 10 to 1000 characters")
    request_key: str = strawberry.field(description=_KEY)

    def entry_id(self) -> int:
        """Raises Refused when the id is not a record's."""
        return number_of(self.id, kind=_KIND, field="id")


@strawberry.input(description="撤回申诉 · names the record whose waiting appeal is taken back")
class WithdrawRiskAppealInput:
    id: strawberry.ID = strawberry.field(description="记录编号 · id of the record")
    request_key: str = strawberry.field(description=_KEY)

    def entry_id(self) -> int:
        """Raises Refused when the id is not a record's."""
        return number_of(self.id, kind=_KIND, field="id")


@strawberry.type(description="名单申诉结果 · the record as it now stands")
class RiskRecordPayload:
    record: RiskRecord | None = shown(SELF, "名单记录 · the record; null when refused")
    user_errors: list[UserError] = shown(SELF, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def of(cls, view: ListedEntry) -> Self:
        return cls(record=RiskRecord.of(view), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(record=None, user_errors=errors)
