"""约定提取 in the citizen's hand."""

from __future__ import annotations

from domain import withdrawals
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.arrangements import (
    ArrangementInput,
    ArrangementPayload,
    ChangeArrangementInput,
    RentArrangement,
    WithdrawalArrangement,
)


async def arrangements(info: Info) -> list[WithdrawalArrangement]:
    actor = info.context.actor
    views = await withdrawals.arrangements_of(actor=actor)
    return [WithdrawalArrangement.of(view, owner_id=actor.person_id) for view in views]


async def rent_arrangement(info: Info) -> RentArrangement | None:
    actor = info.context.actor
    for view in await withdrawals.arrangements_of(actor=actor):
        if view.state != "ended" and view.monthly_limit is not None and view.until_month is not None:
            return RentArrangement.of(view, owner_id=actor.person_id)
    return None


async def rent_arrangement_node(info: Info, key: str) -> RentArrangement | None:
    arrangement = await rent_arrangement(info)
    return arrangement if arrangement is not None and str(arrangement.view.arrangement_id) == key else None


async def arrangement_node(info: Info, key: str) -> WithdrawalArrangement | None:
    found = [one for one in await arrangements(info) if str(one.view.arrangement_id) == key]
    return found[0] if found else None


@refusable(ArrangementPayload)
async def change_arrangement(info: Info, input: ChangeArrangementInput) -> ArrangementPayload:
    context = info.context
    view = await withdrawals.change_arrangement(
        actor=context.actor,
        arrangement_id=input.arrangement_id(),
        change=input.change(),
        request_key=input.request_key,
        business_date=context.business_date,
        now=context.now,
    )
    return ArrangementPayload.of(view, owner_id=context.actor.person_id)


@refusable(ArrangementPayload)
async def pause_arrangement(info: Info, input: ArrangementInput) -> ArrangementPayload:
    context = info.context
    view = await withdrawals.pause_arrangement(
        actor=context.actor,
        arrangement_id=input.arrangement_id(),
        request_key=input.request_key,
        now=context.now,
    )
    return ArrangementPayload.of(view, owner_id=context.actor.person_id)


@refusable(ArrangementPayload)
async def resume_arrangement(info: Info, input: ArrangementInput) -> ArrangementPayload:
    context = info.context
    view = await withdrawals.resume_arrangement(
        actor=context.actor,
        arrangement_id=input.arrangement_id(),
        request_key=input.request_key,
        business_date=context.business_date,
        now=context.now,
    )
    return ArrangementPayload.of(view, owner_id=context.actor.person_id)


@refusable(ArrangementPayload)
async def end_arrangement(info: Info, input: ArrangementInput) -> ArrangementPayload:
    context = info.context
    view = await withdrawals.end_arrangement(
        actor=context.actor,
        arrangement_id=input.arrangement_id(),
        request_key=input.request_key,
        now=context.now,
    )
    return ArrangementPayload.of(view, owner_id=context.actor.person_id)
