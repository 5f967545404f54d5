"""The applicant's side of a case, and its live progress."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import strawberry

from domain import cases, withdrawals
from domain.cases import CaseView
from domain.kernel import access
from domain.kernel.refusal import Refused
from resolvers.mutation import refusable
from schema.context import Info
from schema.describing import argument
from schema.types.cases import Case
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of
from schema.types.nodes import key_of
from schema.types.payloads import (
    CancelCaseInput,
    CancelCasePayload,
    CorrectCaseInput,
    CorrectCasePayload,
    EvaluateCaseInput,
    EvaluateCasePayload,
)


async def case(info: Info, id: strawberry.ID) -> Case | None:
    return await case_node(info, key_of(id, kind="Case", field="id"))


async def case_node(info: Info, key: str) -> Case | None:
    """What the actor may not see does not exist."""
    context = info.context
    try:
        view = await cases.case_by_no(actor=context.actor, case_no=key)
    except Refused:
        return None
    if context.actor.is_staff:
        await access.record_read(
            None,
            actor=context.actor,
            person_id=view.person_id,
            purpose="办理办件",
            what=("申请内容", "核验结果"),
            subject=f"case:{view.case_no}",
            now=context.now,
        )
    return Case.of(view)


async def my_cases(
    info: Info,
    first: int = FIRST_DEFAULT,
    after: str | None = None,
    states: Annotated[list[str] | None, argument("办件状态 · only cases in one of these states")] = None,
) -> Connection[Case]:
    page = await cases.cases_of_person(actor=info.context.actor, first=first, after=after, states=states)
    return connection_of(page, Case.of)


@refusable(CancelCasePayload)
async def cancel_case(info: Info, input: CancelCaseInput) -> CancelCasePayload:
    context = info.context
    view = await cases.cancel(
        actor=context.actor,
        case_no=input.case_no(),
        request_key=input.request_key,
        now=context.now,
        matters=context.matters,
    )
    return CancelCasePayload.of(view)


@refusable(CorrectCasePayload)
async def correct_case(info: Info, input: CorrectCaseInput) -> CorrectCasePayload:
    context = info.context
    view = await withdrawals.correct_withdrawal(
        actor=context.actor,
        case_no=input.case_no(),
        statement=input.statement,
        changes=input.changes(),
        request_key=input.request_key,
        registries=context.registries,
        business_date=context.business_date,
        now=context.now,
    )
    return CorrectCasePayload.of(view)


@refusable(EvaluateCasePayload)
async def evaluate_case(info: Info, input: EvaluateCaseInput) -> EvaluateCasePayload:
    view = await cases.evaluate(
        actor=info.context.actor,
        case_no=input.case_no(),
        grade=input.grade,
        comment=input.comment or "",
        tags=tuple(input.tags),
        request_key=input.request_key,
        now=info.context.now,
    )
    return EvaluateCasePayload.of(view)


async def case_progress(info: Info, id: strawberry.ID) -> AsyncIterator[Case]:
    """The present state at once, then again after each change, until the case has ended."""
    actor, case_no = info.context.actor, key_of(id, kind="Case", field="id")
    await cases.case_by_no(actor=actor, case_no=case_no)
    shown: CaseView | None = None
    async with aclosing(info.context.live.case_changes(case_no)) as changes:
        async for _ in changes:
            view = await cases.case_by_no(actor=actor, case_no=case_no)
            if view != shown:
                shown = view
                yield Case.of(view)
            if view.flow.is_terminal(view.state):
                return
