"""What an application needs of an account, read by one statement."""

from __future__ import annotations

from dataclasses import dataclass

from domain.contributions.accounts import CONSECUTIVE_MONTHS, VIEW_COLUMNS, VIEW_TABLES, AccountView, view_of
from domain.contributions.cards import CardView, card_of
from domain.kernel import database
from domain.kernel.database import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """One of a person's accounts; `has_card` when the card that was asked for is an active one of it."""

    account_no: int
    state: str
    has_card: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An account at one instant. `card` is None when there is no such card; `months_consecutively` as
    `months_contributed_consecutively` counts them."""

    account: AccountView
    card: CardView | None
    months_consecutively: int


async def own_account(*, account_no: int, card_id: int) -> OwnAccount:
    row = await database.row(_OWN, account_no, card_id)
    assert row is not None, f"account {account_no} is unknown"
    return OwnAccount(account_no=account_no, state=row["state"], has_card=row["has_card"])


async def holding_of(
    *, account_no: int, card_account_no: int, card_id: int, using: Executor = database.pool
) -> Holding:
    """The account with its balance, the card that is paid to, active or not, and the months contributed. A card of
    another account, as an heir's, is read by itself. Inside a transaction the account's row must be locked."""
    row = await using.row(_HOLDING, account_no, card_id)
    assert row is not None, f"account {account_no} is unknown"
    card = None
    if card_account_no != account_no:
        card = await card_of(account_no=card_account_no, card_id=card_id, using=using)
    elif row["card_id"] is not None:
        card = CardView(
            card_id=row["card_id"],
            account_no=account_no,
            bank_code=row["bank_code"],
            bank_name=row["bank_name"],
            bank_entrusted=row["entrusted"],
            card_no_masked=row["card_masked"],
            is_default=row["is_default"],
            active=row["card_active"],
        )
    return Holding(account=view_of(row), card=card, months_consecutively=row["months_consecutively"])


_OWN = """
SELECT a.state,
       EXISTS (SELECT FROM bank_card c WHERE c.account_no = a.account_no AND c.card_id = $2 AND c.active) AS has_card
FROM account a WHERE a.account_no = $1
"""

_HOLDING = f"""
SELECT {VIEW_COLUMNS}, c.card_id, c.bank_code, c.card_masked, c.is_default, c.active AS card_active,
       d.name AS bank_name, d.active AS entrusted, ({CONSECUTIVE_MONTHS}) AS months_consecutively
{VIEW_TABLES}
LEFT JOIN bank_card c ON c.account_no = a.account_no AND c.card_id = $2
LEFT JOIN entrusted_bank d ON d.code = c.bank_code
WHERE a.account_no = $1
"""
