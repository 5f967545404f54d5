"""好差评: what can be said of a finished case, and saying it with an invitation instead of a login."""

from __future__ import annotations

from typing import Self

import strawberry

from domain.cases import GRADES, TERMINAL_NAMES, Indicators, Invited
from schema.guards import PUBLIC, shown
from schema.types.errors import UserError


@strawberry.type(description="评价指标 · one thing that a grade can be explained by")
class EvaluationIndicator:
    code: str = shown(PUBLIC, "指标代码 · code")
    name: str = shown(PUBLIC, "指标 · in words")


@strawberry.type(description="评价等级 · a grade with the indicators offered for it")
class EvaluationGrade:
    grade: int = shown(PUBLIC, "等级（5 非常满意至 1 非常不满意） · grade, 5 the best, 1 the worst")
    name: str = shown(PUBLIC, "等级名称 · in words")
    indicators: list[EvaluationIndicator] = shown(PUBLIC, "评价指标 · indicators of this grade, in order")

    @classmethod
    def all_of(cls, indicators: Indicators) -> list[Self]:
        return [
            cls(
                grade=grade,
                name=name,
                indicators=[
                    EvaluationIndicator(code=code, name=indicators.names[code]) for code in indicators.of_grade[grade]
                ],
            )
            for grade, name in GRADES.items()
        ]


@strawberry.type(description="评价邀请 · what an invitation asks about; no personal data")
class EvaluationInvitation:
    item_name: str = shown(PUBLIC, "事项名称 · service item")
    case_no: str = shown(PUBLIC, "办件编号 · number of the case")
    terminal_name: str = shown(PUBLIC, "评价渠道 · where the invitation is answered")

    @classmethod
    def of(cls, invited: Invited) -> Self:
        return cls(item_name=invited.item_name, case_no=invited.case_no, terminal_name=TERMINAL_NAMES[invited.terminal])


@strawberry.input(description="受邀评价 · an evaluation by a one-time code")
class EvaluateByInvitationInput:
    code: str = strawberry.field(description="评价码 · the one-time code")
    request_key: str = strawberry.field(
        description="请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
    )
    grade: int = strawberry.field(description="评价等级（5 非常满意至 1 非常不满意） · grade, 5 the best, 1 the worst")
    comment: str | None = strawberry.field(default=None, description="评价内容 · at most 500 characters")
    tags: list[str] = strawberry.field(default_factory=list, description="评价指标 · codes of indicators")


@strawberry.type(description="受邀评价结果 · answer to an evaluation by invitation")
class EvaluateByInvitationPayload:
    evaluation_no: str | None = shown(PUBLIC, "评价编号 · number of the evaluation; null when refused")
    user_errors: list[UserError] = shown(PUBLIC, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(evaluation_no=None, user_errors=errors)
