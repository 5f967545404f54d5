"""A citizen's bank cards: added and taken out of use."""

from __future__ import annotations

import strawberry

from schema.guards import CITIZEN, shown
from schema.types.accounts import BankCard
from schema.types.errors import UserError
from schema.types.nodes import number_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.input(description="登记银行卡 · adds a card of an entrusted bank in the caller's own name")
class AddBankCardInput:
    bank_code: str = strawberry.field(description="银行代码 · code of the entrusted bank")
    card_no: str = strawberry.field(description="卡号 · number, 12 to 19 digits")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="停用银行卡 · takes a card out of use")
class RemoveBankCardInput:
    card_id: strawberry.ID = strawberry.field(description="银行卡 · id of the card")
    request_key: str = strawberry.field(description=_KEY)

    def card_key(self) -> int:
        """Raises Refused when the id is none of a card."""
        return number_of(self.card_id, kind="Card", field="cardId")


@strawberry.type(description="银行卡办理结果 · the caller's cards as they now stand")
class BankCardsPayload:
    cards: list[BankCard] = shown(CITIZEN, "银行卡 · cards, the chosen one first")
    user_errors: list[UserError] = shown(CITIZEN, "不予受理的原因 · all of them at once")

    @classmethod
    def refused(cls, errors: list[UserError]) -> BankCardsPayload:
        return cls(cards=[], user_errors=errors)
