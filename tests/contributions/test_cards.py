"""用卡管理: cards of any entrusted bank, added and taken out of use by their owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from domain import contributions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.refusal import Refused
from domain.settlement import AccountCheck
from tests.contributions.world import AGENT, NOW, TODAY, key, name_of, person_with_account

pytestmark = pytest.mark.usefixtures("employers")
CARD, OTHER_CARD = "6228480402564890075", "6217000010001231078"


@dataclass
class Bank:
    """Answers as it is told to; by its own book every account is the one's who asks."""

    status: str = "holds"
    asked: list[str] = field(default_factory=list)

    async def check_account(self, *, bank_code: str, account_no: str, name: str, now: Any) -> AccountCheck:
        self.asked.append(name)
        return AccountCheck(status=self.status, message="收款户名与账号不符")  # type: ignore[arg-type]


async def _citizen(number: int = 1, *, assurance: str = "real_name") -> Actor:
    account = await person_with_account(number)
    person_id = await database.value("SELECT person_id FROM account WHERE account_no = $1", account)
    return Actor(kind="citizen", channel="app", name="样*", person_id=person_id, assurance=assurance)  # type: ignore[arg-type]


async def _add(
    actor: Actor, card_no: str = CARD, bank_code: str = "102", request_key: str = "", bank: Any = None
) -> int:
    return await contributions.add_card(
        actor=actor,
        bank_code=bank_code,
        card_no=card_no,
        bank=bank or Bank(),
        request_key=request_key or key(),
        now=NOW,
        business_date=TODAY,
    )


@pytest.mark.requirement("R07.1")
async def test_the_first_card_is_chosen_and_another_can_be_taken_away_again() -> None:
    actor = await _citizen()
    first = await _add(actor, "6228 4804 0256 4890 075")
    assert await _add(actor) == first, "the same card"
    second = await _add(actor, OTHER_CARD, "105")
    cards = await contributions.cards_of(actor=actor)
    assert [(one.card_id, one.is_default) for one in cards] == [(first, True), (second, False)]
    with pytest.raises(Refused, match=r"card\.in_use"):
        await contributions.remove_card(actor=actor, card_id=first, request_key=key(), now=NOW)
    request_key = key()
    for _ in range(2):
        await contributions.remove_card(actor=actor, card_id=second, request_key=request_key, now=NOW)
    assert [one.card_id for one in await contributions.cards_of(actor=actor)] == [first]
    assert CARD.encode() not in bytes(
        await database.value("SELECT card_cipher FROM bank_card WHERE card_id = $1", first)
    )


@pytest.mark.parametrize(
    ("card_no", "bank_code", "code"),
    [("1", "102", "card.invalid"), ("62284804025648900751234", "102", "card.invalid"), (CARD, "999", "card.bank")],
)
async def test_cards_that_are_not_taken(card_no: str, bank_code: str, code: str) -> None:
    actor = await _citizen()
    with pytest.raises(Refused) as refused:
        await _add(actor, card_no, bank_code)
    assert [one.code for one in refused.value.refusals] == [code]
    assert await database.value("SELECT count(*) FROM bank_card") == 0


async def test_another_persons_card_and_another_kind_of_caller_are_refused() -> None:
    owner, stranger = await _citizen(1), await _citizen(2)
    card = await _add(owner)
    with pytest.raises(Refused, match=r"person\.card_unknown"):
        await contributions.remove_card(actor=stranger, card_id=card, request_key=key(), now=NOW)
    with pytest.raises(Refused, match=r"access\.not_permitted"):
        await _add(AGENT)
    unproved = Actor(kind="citizen", channel="app", person_id=owner.person_id, assurance="password")
    with pytest.raises(Refused, match=r"access\.real_name_required"):
        await _add(unproved)


async def test_so_many_cards_and_no_more() -> None:
    actor = await _citizen()
    for number in range(5):
        await _add(actor, f"62284804025648{number:05d}")
    with pytest.raises(Refused, match=r"card\.many"):
        await _add(actor, OTHER_CARD)
    assert len(await contributions.cards_of(actor=actor)) == 5


@pytest.mark.requirement("R07.1")
@pytest.mark.parametrize(
    ("status", "code"),
    [("differs", "card.not_own"), ("absent", "card.not_own"), ("closed", "card.not_own"), ("frozen", "card.not_own"),
     ("unanswered", "card.unchecked")],
)  # fmt: skip
async def test_a_card_that_the_bank_does_not_vouch_for(status: str, code: str) -> None:
    actor, bank = await _citizen(), Bank(status)
    with pytest.raises(Refused) as refused:
        await _add(actor, bank=bank)
    assert refused.value.refusals[0].code == code and bank.asked == [name_of(1)]
    assert await database.value("SELECT count(*) FROM bank_card") == 0
    assert await _add(actor)


async def test_a_bank_is_not_asked_about_what_the_form_is_wrong_about() -> None:
    actor, bank = await _citizen(), Bank()
    for card_no, bank_code in (("1", "102"), (CARD, "999")):
        with pytest.raises(Refused):
            await _add(actor, card_no, bank_code, bank=bank)
    assert bank.asked == []
