"""Withdrawals: quote and application."""

from __future__ import annotations

from domain import withdrawals
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.payloads import ApplyForRentWithdrawalPayload
from schema.types.withdrawals import ApplyForRentWithdrawalInput, RentQuotePayload, RentWithdrawalInput


@refusable(RentQuotePayload)
async def quote_rent_withdrawal(info: Info, input: RentWithdrawalInput) -> RentQuotePayload:
    context = info.context
    quote = await withdrawals.quote_rent_withdrawal(
        actor=context.actor,
        application=input.application(),
        business_date=context.business_date,
        now=context.now,
        registries=context.registries,
    )
    return RentQuotePayload.of(quote)


@refusable(ApplyForRentWithdrawalPayload)
async def apply_for_rent_withdrawal(info: Info, input: ApplyForRentWithdrawalInput) -> ApplyForRentWithdrawalPayload:
    context = info.context
    view = await withdrawals.apply_for_rent_withdrawal(
        actor=context.actor,
        application=input.application(),
        request_key=input.request_key,
        business_date=context.business_date,
        now=context.now,
        registries=context.registries,
        dry_run=input.dry_run,
    )
    return ApplyForRentWithdrawalPayload.of(view)
