"""异地转移接续 in the citizen's hand."""

from __future__ import annotations

import strawberry

from domain import cases
from domain import transfers as of_transfers
from domain.cases import Opinion
from domain.cases.refusals import EVALUATION_NOT_OPEN
from domain.kernel.refusal import Refused
from resolvers.mutation import refusable, stepped_up
from schema.context import Info
from schema.types.nodes import read_global_id
from schema.types.transfers import (
    AnswerTransferInput,
    ApplyForTransferInInput,
    CancelTransferInput,
    EvaluateTransferInput,
    Transfer,
    TransferCentre,
    TransferPayload,
)


async def transfers(info: Info) -> list[Transfer]:
    actor = info.context.actor
    views = await of_transfers.transfers_of(actor=actor)
    return [Transfer.of(view, owner_id=actor.person_id) for view in views]


async def transfer(info: Info, id: strawberry.ID) -> Transfer | None:
    """One that is not the caller's does not exist."""
    kind, key = read_global_id(id) or ("", "")
    return await transfer_node(info, key) if kind == "Transfer" else None


async def transfer_centres(info: Info) -> list[TransferCentre]:
    return [TransferCentre.of(centre) for centre in await of_transfers.transfer_centres()]


async def transfer_node(info: Info, key: str) -> Transfer | None:
    found = [one for one in await transfers(info) if one.transfer_no == key]
    return found[0] if found else None


@refusable(TransferPayload)
@stepped_up("transfer.apply_in")
async def apply_for_transfer_in(info: Info, input: ApplyForTransferInInput) -> TransferPayload:
    context = info.context
    view = await of_transfers.apply_for_transfer_in(
        actor=context.actor,
        wanted=input.wanted(),
        request_key=input.request_key,
        business_date=context.business_date,
        now=context.now,
        dry_run=input.dry_run,
    )
    return TransferPayload.of(view, owner_id=context.actor.person_id)


@refusable(TransferPayload)
async def answer_transfer(info: Info, input: AnswerTransferInput) -> TransferPayload:
    context = info.context
    view = await of_transfers.answer_negotiation(
        actor=context.actor,
        transfer_no=input.transfer_no(),
        statement=input.statement,
        request_key=input.request_key,
        now=context.now,
    )
    return TransferPayload.of(view, owner_id=context.actor.person_id)


@refusable(TransferPayload)
async def evaluate_transfer(info: Info, input: EvaluateTransferInput) -> TransferPayload:
    context, number = info.context, input.transfer_no()
    view = await of_transfers.transfer_by_no(actor=context.actor, transfer_no=number)
    if not of_transfers.was_served(view):
        raise Refused(EVALUATION_NOT_OPEN())
    await cases.evaluate_served(
        actor=context.actor,
        served=await cases.served_by_no(actor=context.actor, case_no=number),
        opinion=Opinion(grade=input.grade, tags=tuple(input.tags), comment=input.comment or ""),
        request_key=input.request_key,
        now=context.now,
    )
    return TransferPayload.of(view, owner_id=context.actor.person_id)


@refusable(TransferPayload)
async def cancel_transfer(info: Info, input: CancelTransferInput) -> TransferPayload:
    context = info.context
    view = await of_transfers.cancel_transfer(
        actor=context.actor, transfer_no=input.transfer_no(), request_key=input.request_key, now=context.now
    )
    return TransferPayload.of(view, owner_id=context.actor.person_id)
