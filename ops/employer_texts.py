"""SMS to the agents of employers: what the bank took back, and what they are reminded of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain import contributions
from domain.kernel import outbox
from domain.kernel.database import transaction
from domain.kernel.money import Money
from notifications import sending
from ops.wiring import House

if TYPE_CHECKING:
    from ops.subscriptions import Event

_TAKEN_BACK = {"reopened": "collection.taken_back", "owed": "collection.debt"}
"""A statement that ended asks nothing of the employer."""

NAME_LENGTH = 40
"""An employer's name may be longer than a variable of a text."""


async def text_taken_back(house: House, event: Event, now: datetime) -> None:
    """The bank took a payment back: what is to be paid, and under which reference."""
    template = _TAKEN_BACK.get(str(event.payload["what"]))
    if template is None:
        return
    named = ("statement_no", "reference_no")
    amount = Money.parse(str(event.payload["amount"])).yuan_text
    variables = {name: str(event.payload[name]) for name in named} | {"amount": amount}
    await _text(event, template=template, variables=variables, now=now)


async def text_reminder(house: House, event: Event, now: datetime) -> None:
    """Staff remind an agent of what is overdue; the employer is named, because one agent may act for many."""
    variables = {"employer": str(event.payload["employer_name"])[:NAME_LENGTH], "owed": str(event.payload["owed"])}
    await _text(event, template="collection.reminded", variables=variables, now=now)


async def _text(event: Event, *, template: str, variables: dict[str, str], now: datetime) -> None:
    person_id = int(event.payload["person_id"])
    if not person_id:
        return
    mobile = (await contributions.clear_person(person_id=person_id)).mobile
    if mobile is None:
        return
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=template, now=now):
            await sending.enqueue(
                tx,
                account_no=event.account_no,
                event_id=event.event_id,
                template=template,
                variables=variables,
                mobile=mobile,
                now=now,
            )
