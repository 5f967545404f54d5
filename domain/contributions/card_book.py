"""用卡管理 (R07): a citizen adds any card of an entrusted bank, and takes one away that is not the chosen one."""

from __future__ import annotations

import re
from datetime import date, datetime

from domain import policy
from domain.contributions.accounts import account_nos_of
from domain.contributions.cards import register_card
from domain.contributions.persons import clear_person
from domain.contributions.refusals import (
    CARD_BANK,
    CARD_INVALID,
    CARD_LAST,
    CARD_MANY,
    CARD_NOT_OWN,
    CARD_UNCHECKED,
    CARD_UNKNOWN,
    NO_ACCOUNT,
)
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.identifiers import mask_card
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refusal, Refused
from domain.settlement import FundsGateway

_CARD_NO = re.compile(r"[0-9]{12,19}")


async def add_card(
    *,
    actor: Actor,
    bank_code: str,
    card_no: str,
    bank: FundsGateway | None,
    request_key: str,
    now: datetime,
    business_date: date,
) -> int:
    """Adds a card to the citizen's account; the first one is chosen by itself, any other has to be chosen, with notice
    and cooling-off. One that is there already is the same card. Returns its number. Raises Refused.

    Old passbook numbers have no Luhn digit, so that shape and bank are checked here; whether the card is open in the
    person's own name is for the bank to say, and without its word no card is taken."""
    card_no = "".join(card_no.split())
    await _ask_bank(actor, bank_code=bank_code, card_no=card_no, bank=bank, now=now)
    async with transaction() as tx:
        account_no = await _account(tx, actor)
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="add_card",
            given={"bank": bank_code, "card": card_no}, now=now,
        )  # fmt: skip
        if earlier is not None:
            return int(earlier["card_id"])
        problems: list[Refusal] = []
        if _CARD_NO.fullmatch(card_no) is None:
            problems.append(CARD_INVALID())
        if not await tx.value("SELECT active FROM entrusted_bank WHERE code = $1", bank_code):
            problems.append(CARD_BANK())
        most = policy.on(business_date).number("collection.cards_max")
        held = await tx.rows("SELECT card_id, is_default FROM bank_card WHERE account_no = $1 AND active", account_no)
        if len(held) >= most:
            problems.append(CARD_MANY(most=most))
        if problems:
            raise Refused(*problems)
        card_id = await register_card(
            tx, account_no=account_no, bank_code=bank_code, card_no=card_no, is_default=not held, now=now
        )
        await audit.record(
            tx, actor=actor, action="card.added", subject=f"account:{account_no}", now=now,
            detail={"bank": bank_code, "card": mask_card(card_no)},
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=account_no, request_key=request_key, result={"card_id": str(card_id)}
        )
        return card_id


async def _ask_bank(actor: Actor, *, bank_code: str, card_no: str, bank: FundsGateway | None, now: datetime) -> None:
    """Before any row is locked. What the form is wrong about is said by refusals of its own. Raises Refused."""
    if not actor.is_real_name or actor.person_id is None or _CARD_NO.fullmatch(card_no) is None:
        return
    if not await database.value("SELECT active FROM entrusted_bank WHERE code = $1", bank_code):
        return
    person = await clear_person(person_id=actor.person_id)
    if bank is None:
        raise Refused(CARD_UNCHECKED())
    found = await bank.check_account(bank_code=bank_code, account_no=card_no, name=person.name, now=now)
    if found.status == "unanswered":
        raise Refused(CARD_UNCHECKED())
    if found.status != "holds":
        raise Refused(CARD_NOT_OWN(message=found.message))


async def remove_card(*, actor: Actor, card_id: int, request_key: str, now: datetime) -> None:
    """Takes a card out of use; not the one that money goes to. Raises Refused."""
    async with transaction() as tx:
        account_no = await _account(tx, actor)
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="remove_card",
            given={"card_id": card_id}, now=now,
        )  # fmt: skip
        if earlier is not None:
            return
        card = await tx.row(
            "SELECT is_default, card_masked FROM bank_card WHERE account_no = $1 AND card_id = $2 AND active"
            " FOR UPDATE",
            account_no,
            card_id,
        )
        if card is None:
            raise Refused(CARD_UNKNOWN())
        if card["is_default"]:
            raise Refused(CARD_LAST())
        await tx.execute(
            "UPDATE bank_card SET active = false WHERE account_no = $1 AND card_id = $2", account_no, card_id
        )
        await audit.record(
            tx, actor=actor, action="card.removed", subject=f"account:{account_no}", now=now,
            detail={"card": card["card_masked"]},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=account_no, request_key=request_key, result={})


async def _account(tx: Transaction, actor: Actor) -> int:
    """The citizen's open account, locked."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    numbers = await account_nos_of(person_id=actor.person_id, using=tx)
    found = await tx.value(
        "SELECT account_no FROM account WHERE account_no = ANY ($1) AND state NOT IN ('03', '04', '05')"
        " ORDER BY account_no LIMIT 1 FOR NO KEY UPDATE",
        numbers,
    )
    if found is None:
        raise Refused(NO_ACCOUNT())
    return int(found)
