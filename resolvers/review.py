"""The review desk."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from domain import cases
from domain.kernel import access
from resolvers.mutation import refusable
from schema.context import Info
from schema.describing import argument
from schema.types.connections import FIRST_DEFAULT
from schema.types.payloads import (
    ClaimCaseInput,
    ClaimCasePayload,
    DecideCaseInput,
    DecideCasePayload,
    ReleaseCaseInput,
    ReleaseCasePayload,
)
from schema.types.review import DayFigures, ReviewQueueConnection, ReviewQueueFilters

_STATE_NAMES = {state.code: state.name for flow in cases.flows() for state in flow.states.values()}


async def review_queue(
    info: Info,
    filters: ReviewQueueFilters | None = None,
    first: int = FIRST_DEFAULT,
    after: str | None = None,
) -> ReviewQueueConnection:
    wanted = (filters or ReviewQueueFilters()).filters()
    page = await cases.review_queue(
        actor=info.context.actor, filters=wanted, first=first, after=after, now=info.context.now
    )
    await access.record_list_read(
        actor=info.context.actor,
        person_ids=[case.person_id for case in page.items],
        purpose="审核队列",
        what=("姓名（脱敏）", "办件事项", "申请金额"),
        subject="queue",
        now=info.context.now,
    )
    return ReviewQueueConnection.of(page)


async def day_figures(
    info: Info, on: Annotated[date | None, argument("业务日期 · business day; today's when none is given")] = None
) -> DayFigures:
    figures = await cases.day_figures(actor=info.context.actor, business_date=on or info.context.business_date)
    return DayFigures.of(figures, state_names=_STATE_NAMES)


@refusable(ClaimCasePayload)
async def claim_case(info: Info, input: ClaimCaseInput) -> ClaimCasePayload:
    view = await cases.claim(actor=info.context.actor, case_no=input.case_no(), now=info.context.now)
    return ClaimCasePayload.of(view)


@refusable(ReleaseCasePayload)
async def release_case(info: Info, input: ReleaseCaseInput) -> ReleaseCasePayload:
    view = await cases.release(
        actor=info.context.actor, case_no=input.case_no(), reason=input.reason, now=info.context.now
    )
    return ReleaseCasePayload.of(view)


@refusable(DecideCasePayload)
async def decide_case(info: Info, input: DecideCaseInput) -> DecideCasePayload:
    context = info.context
    view = await cases.decide(
        actor=context.actor,
        case_no=input.case_no(),
        decision=input.decision.value,
        reason_code=input.reason_code,
        note=input.note,
        override_reason=input.override_reason,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
        matters=context.matters,
    )
    return DecideCasePayload.of(view)
