"""用卡管理: any card of an entrusted bank in the person's own name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.contributions.accounts import account_nos_of
from domain.contributions.changes import note_change
from domain.contributions.refusals import CARD_UNKNOWN
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import mask_card, new_id
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    card_id: int
    account_no: int
    bank_code: str
    bank_name: str
    bank_entrusted: bool
    card_no_masked: str
    is_default: bool
    active: bool


async def cards_of(*, actor: Actor) -> list[CardView]:
    """The citizen's active cards, the default first."""
    if not actor.is_real_name or actor.person_id is None:
        return []
    numbers = await account_nos_of(person_id=actor.person_id)
    rows = await database.rows(
        f"{_VIEW} WHERE c.account_no = ANY($1) AND c.active ORDER BY c.is_default DESC, c.card_id", numbers
    )
    return [_view(row) for row in rows]


async def card_of(*, account_no: int, card_id: int, using: Executor = database.pool) -> CardView | None:
    """A card of this account, active or not; None when the account has no such card."""
    row = await using.row(f"{_VIEW} WHERE c.account_no = $1 AND c.card_id = $2", account_no, card_id)
    return None if row is None else _view(row)


async def clear_card_no(*, account_no: int, card_id: int, using: Executor = database.pool) -> str:
    """The full number, for paying only."""
    sealed = await using.value(
        "SELECT card_cipher FROM bank_card WHERE account_no = $1 AND card_id = $2", account_no, card_id
    )
    return vault.current().decrypt(sealed)


async def register_card(
    tx: Transaction, *, account_no: int, bank_code: str, card_no: str, is_default: bool, now: datetime
) -> int:
    """Adds a card to an account; a card that is there already keeps its id."""
    sealed = vault.current()
    text = card_lookup_text(card_no)
    index = sealed.lookup_index(text)
    # while the key of look-ups is being changed, the card may stand under the other one
    known = await tx.value(
        "UPDATE bank_card SET active = true WHERE account_no = $1 AND card_index = ANY($2) RETURNING card_id",
        account_no,
        sealed.lookup_indexes(text),
    )
    if known is not None:
        return int(known)
    card_id: int = await tx.value(
        "INSERT INTO bank_card (account_no, card_id, bank_code, card_cipher, card_masked, card_index, is_default,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (account_no, card_index) DO UPDATE SET active = true RETURNING card_id",
        account_no,
        new_id(),
        bank_code,
        sealed.encrypt(card_no),
        mask_card(card_no),
        index,
        is_default,
        now,
    )
    return card_id


def card_lookup_text(card_no: str) -> str:
    """What the index of a card is made of."""
    return card_no


async def choose_card(*, actor: Actor, card_id: int, now: datetime) -> CardView:
    """The citizen's card that money goes to from now on, with notice and cooling-off. Choosing the one that is chosen
    already changes nothing. Raises Refused."""
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    chosen = next((card for card in await cards_of(actor=actor) if card.card_id == card_id), None)
    if chosen is None:
        raise Refused(CARD_UNKNOWN())
    async with database.transaction() as tx:
        await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", chosen.account_no)
        before = await tx.row(
            "SELECT card_id, card_masked FROM bank_card WHERE account_no = $1 AND is_default AND active",
            chosen.account_no,
        )
        if before is not None and before["card_id"] == card_id:
            return chosen
        if before is not None:
            await note_change(
                tx,
                actor=actor,
                person_id=actor.person_id,
                kind="payee",
                before=before["card_masked"],
                after=chosen.card_no_masked,
                now=now,
            )
        await tx.execute(
            "UPDATE bank_card SET is_default = false WHERE account_no = $1 AND is_default", chosen.account_no
        )
        await tx.execute(
            "UPDATE bank_card SET is_default = true WHERE account_no = $1 AND card_id = $2",
            chosen.account_no,
            card_id,
        )
    return replace(chosen, is_default=True)


_VIEW = """
SELECT c.card_id, c.account_no, c.bank_code, c.card_masked, c.is_default, c.active, b.name, b.active AS entrusted
FROM bank_card c JOIN entrusted_bank b ON b.code = c.bank_code
"""


def _view(row: Record) -> CardView:
    return CardView(
        card_id=row["card_id"],
        account_no=row["account_no"],
        bank_code=row["bank_code"],
        bank_name=row["name"],
        bank_entrusted=row["entrusted"],
        card_no_masked=row["card_masked"],
        is_default=row["is_default"],
        active=row["active"],
    )
