"""Who is asking, and what they own."""

from __future__ import annotations

from domain import contributions
from domain.kernel.paging import encode_cursor
from schema.context import Info
from schema.types.accounts import Account, BankCard, LedgerEntry
from schema.types.nodes import read_number
from schema.types.people import Viewer


def viewer(info: Info) -> Viewer:
    return Viewer.of(info.context.actor)


async def accounts(info: Info) -> list[Account]:
    context = info.context
    return [Account.of(account) for account in await context.loaders.accounts_of(actor=context.actor)]


async def account_node(info: Info, key: str) -> Account | None:
    found = [account for account in await accounts(info) if account.account_no == key]
    return found[0] if found else None


async def card_node(info: Info, key: str) -> BankCard | None:
    actor = info.context.actor
    cards = await info.context.loaders.cards_of(actor=actor)
    found = [card for card in cards if str(card.card_id) == key]
    return BankCard.of(found[0], owner_id=actor.person_id) if found else None


async def entry_node(info: Info, key: str) -> LedgerEntry | None:
    account_no, _, sequence = key.partition(":")
    account, place = await account_node(info, account_no), read_number(sequence)
    if account is None or place is None:
        return None
    page = await contributions.entries_of(
        actor=info.context.actor,
        account_no=account.number,
        first=1,
        after=encode_cursor([min(place + 1, 2**63 - 1)]),
    )
    found = [entry for entry in page.items if entry.sequence == place]
    return LedgerEntry.of(found[0], owner_id=account.owner_id) if found else None
