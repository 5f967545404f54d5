"""Who read my record, and whom I let act for me."""

from __future__ import annotations

from auth import grants
from domain import contributions
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of
from schema.types.privacy import (
    Delegation,
    DelegationOffer,
    GiveDelegationInput,
    GiveDelegationPayload,
    RecordAccess,
    RevokeDelegationInput,
    RevokeDelegationPayload,
)


async def record_accesses(info: Info, first: int = FIRST_DEFAULT, after: str | None = None) -> Connection[RecordAccess]:
    context = info.context
    page = await contributions.accesses_of(actor=context.actor, first=first, after=after, now=context.now)
    return connection_of(page, RecordAccess.of)


async def delegations(info: Info) -> list[Delegation]:
    return [Delegation.of(view) for view in await grants.delegations_of(actor=info.context.actor)]


async def delegation_offers(info: Info) -> list[DelegationOffer]:
    context = info.context
    return [DelegationOffer.of(view) for view in await grants.delegation_offers(actor=context.actor, now=context.now)]


@refusable(GiveDelegationPayload)
async def give_delegation(info: Info, input: GiveDelegationInput) -> GiveDelegationPayload:
    view = await grants.give_delegation(
        actor=info.context.actor,
        party=input.party,
        purpose=input.purpose,
        may_change=input.may_change,
        ends_on=input.ends_on,
        request_key=input.request_key,
        now=info.context.now,
    )
    return GiveDelegationPayload.of(view)


@refusable(RevokeDelegationPayload)
async def revoke_delegation(info: Info, input: RevokeDelegationInput) -> RevokeDelegationPayload:
    view = await grants.take_back_delegation(
        actor=info.context.actor,
        reference=input.reference,
        request_key=input.request_key,
        now=info.context.now,
    )
    return RevokeDelegationPayload.of(view)
