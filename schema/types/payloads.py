"""What can be done to a case: inputs, and payloads that answer the case as it now stands."""

from __future__ import annotations

from enum import Enum
from typing import Self

import strawberry

from domain.cases import CaseView
from schema.describing import member
from schema.guards import CITIZEN_OR_DESK, shown
from schema.types.cases import Case
from schema.types.errors import UserError
from schema.types.nodes import key_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.enum(description="审核结论 · a reviewer's decision")
class ReviewDecision(Enum):
    APPROVE = member("approve", "通过 · the application goes on")
    REFUSE = member("refuse", "不予办理 · the case ends; needs a reason")
    RETURN = member("return", "退回上一环节 · back to the review before; needs a reason")
    CORRECT = member("correct", "退回补正 · back to the applicant with a deadline; needs a reason")
    ESCALATE = member("escalate", "提请特审 · to a special review by several; needs a reason")


@strawberry.input
class CaseInput:
    id: strawberry.ID = strawberry.field(description="办件全局编号 · global id of the case")
    request_key: str = strawberry.field(description=_KEY)

    def case_no(self) -> str:
        """Raises Refused when the id is not a case's."""
        return key_of(self.id, kind="Case", field="id")


@strawberry.input(description="撤销申请 · the applicant takes the application back")
class CancelCaseInput(CaseInput):
    pass


@strawberry.input(description="更正项目 · one field of the form and what is written there now")
class CorrectedFieldInput:
    name: str = strawberry.field(
        description="输入字段 · field of the input as `WithdrawalField.name` names it, `spouseName`, `spouseDocumentNo`"
    )
    value: str = strawberry.field(
        description="内容 · text, an amount in yuan as `1234.50`, a day, a code; blank to declare it no longer"
    )


@strawberry.input(description="补正 · the applicant answers what was asked to be corrected, and hands in again")
class CorrectCaseInput(CaseInput):
    statement: str = strawberry.field(description="补正说明 · 4 to 1000 characters")
    fields: list[CorrectedFieldInput] = strawberry.field(
        default_factory=list, description="更正项目 · fields of the form that are corrected; all is checked anew"
    )

    def changes(self) -> dict[str, str]:
        return {one.name: one.value for one in self.fields}


@strawberry.input(description="评价 · evaluation of a finished case (好差评)")
class EvaluateCaseInput(CaseInput):
    grade: int = strawberry.field(description="评价等级 · grade: 5 非常满意 … 1 非常不满意")
    comment: str | None = strawberry.field(default=None, description="评价内容 · at most 500 characters")
    tags: list[str] = strawberry.field(default_factory=list, description="评价标签 · tags")


@strawberry.input(description="领取办件 · a reviewer takes a case to work on")
class ClaimCaseInput(CaseInput):
    pass


@strawberry.input(description="释放办件 · a reviewer, or a supervisor, gives a case back")
class ReleaseCaseInput(CaseInput):
    reason: str | None = strawberry.field(default=None, description="释放原因 · needed to release another's")


@strawberry.input(description="审核 · a reviewer's decision")
class DecideCaseInput(CaseInput):
    decision: ReviewDecision = strawberry.field(description="审核结论 · decision")
    reason_code: str | None = strawberry.field(
        default=None, description="不予办理或退回的原因代码 · reason, needed unless approving"
    )
    note: str | None = strawberry.field(default=None, description="审核意见 · note, at most 500 characters")
    override_reason: str | None = strawberry.field(
        default=None, description="通过初审的原因 · why a check that did not pass may be passed over"
    )


@strawberry.type
class CasePayload:
    case: Case | None = shown(CITIZEN_OR_DESK, "办件 · the case as it now stands; null when refused")
    user_errors: list[UserError] = shown(CITIZEN_OR_DESK, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def of(cls, view: CaseView | None) -> Self:
        return cls(case=None if view is None else Case.of(view), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(case=None, user_errors=errors)


@strawberry.type(description="租房提取申请结果 · answer to an application for a rent withdrawal")
class ApplyForRentWithdrawalPayload(CasePayload):
    pass


@strawberry.type(description="提取申请结果 · answer to an application for a withdrawal of any kind")
class ApplyForWithdrawalPayload(CasePayload):
    pass


@strawberry.type(description="撤销申请结果 · answer to a cancellation")
class CancelCasePayload(CasePayload):
    pass


@strawberry.type(description="补正结果 · answer to a correction")
class CorrectCasePayload(CasePayload):
    pass


@strawberry.type(description="评价结果 · answer to an evaluation")
class EvaluateCasePayload(CasePayload):
    pass


@strawberry.type(description="领取办件结果 · answer to claiming")
class ClaimCasePayload(CasePayload):
    pass


@strawberry.type(description="释放办件结果 · answer to releasing")
class ReleaseCasePayload(CasePayload):
    pass


@strawberry.type(description="审核结果 · answer to a decision")
class DecideCasePayload(CasePayload):
    pass
