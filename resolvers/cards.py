"""The caller's bank cards."""

from __future__ import annotations

from domain import contributions
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.accounts import BankCard
from schema.types.cards import AddBankCardInput, BankCardsPayload, RemoveBankCardInput


@refusable(BankCardsPayload)
async def add_bank_card(info: Info, input: AddBankCardInput) -> BankCardsPayload:
    context = info.context
    await contributions.add_card(
        actor=context.actor,
        bank_code=input.bank_code,
        card_no=input.card_no,
        bank=context.funds,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return await _cards(info)


@refusable(BankCardsPayload)
async def remove_bank_card(info: Info, input: RemoveBankCardInput) -> BankCardsPayload:
    context = info.context
    await contributions.remove_card(
        actor=context.actor, card_id=input.card_key(), request_key=input.request_key, now=context.now
    )
    return await _cards(info)


async def _cards(info: Info) -> BankCardsPayload:
    actor = info.context.actor
    cards = await contributions.cards_of(actor=actor)
    return BankCardsPayload(cards=[BankCard.of(card, owner_id=actor.person_id) for card in cards], user_errors=[])
