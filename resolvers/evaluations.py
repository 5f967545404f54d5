"""好差评 without a login: what is offered, what an invitation is about, and using it."""

from __future__ import annotations

from typing import Annotated

from domain import cases
from domain.cases import Opinion
from domain.kernel.refusal import Refused
from resolvers.mutation import refusable
from schema.context import Info
from schema.describing import argument
from schema.types.evaluations import (
    EvaluateByInvitationInput,
    EvaluateByInvitationPayload,
    EvaluationGrade,
    EvaluationInvitation,
)


async def evaluation_grades(info: Info) -> list[EvaluationGrade]:
    return EvaluationGrade.all_of(cases.indicators())


async def evaluation_invitation(
    info: Info, code: Annotated[str, argument("评价码 · the one-time code")]
) -> EvaluationInvitation | None:
    """A wrong, used or old code is one and the same nothing."""
    try:
        return EvaluationInvitation.of(await cases.invited(code=code, now=info.context.now))
    except Refused:
        return None


@refusable(EvaluateByInvitationPayload)
async def evaluate_by_invitation(info: Info, input: EvaluateByInvitationInput) -> EvaluateByInvitationPayload:
    number = await cases.evaluate_by_code(
        actor=info.context.actor,
        code=input.code,
        opinion=Opinion(grade=input.grade, tags=tuple(input.tags), comment=input.comment or ""),
        request_key=input.request_key,
        now=info.context.now,
    )
    return EvaluateByInvitationPayload(evaluation_no=number, user_errors=[])
