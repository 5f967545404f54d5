"""归集: persons, personal accounts, cards and what is contributed to them."""

from domain.contributions.accounts import (
    AccountView,
    account_nos_of,
    account_of,
    accounts_of,
    book_contribution,
    entries_of,
    months_contributed_consecutively,
    open_account,
)
from domain.contributions.cards import CardView, card_of, cards_of, clear_card_no, register_card
from domain.contributions.persons import (
    PersonView,
    Revealed,
    clear_person,
    document_index,
    person_by_id,
    person_of,
    register_person,
    reveal_person,
)

__all__ = [
    "AccountView",
    "CardView",
    "PersonView",
    "Revealed",
    "account_nos_of",
    "account_of",
    "accounts_of",
    "book_contribution",
    "card_of",
    "cards_of",
    "clear_card_no",
    "clear_person",
    "document_index",
    "entries_of",
    "months_contributed_consecutively",
    "open_account",
    "person_by_id",
    "person_of",
    "register_card",
    "register_person",
    "reveal_person",
]
