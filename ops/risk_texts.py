"""What a person on a list is told by SMS: that there is an entry, that an appeal was answered; why stands in the
records of whoever logs in, never in a text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain import contributions, risk
from domain.kernel import database, outbox
from domain.kernel.dates import business_date_of
from notifications import sending
from ops.wiring import House

if TYPE_CHECKING:
    from ops.subscriptions import Event


async def text_listed(house: House, event: Event, now: datetime) -> None:
    """An entry that was removed meanwhile is told to nobody."""
    entry = await risk.entry_of(entry_id=int(event.payload["entry_id"]), on=business_date_of(now))
    if entry.state != "in_force":
        return
    until = entry.until_on
    variables = {"list_name": entry.list_name, "until": f"{until.year}年{until.month}月{until.day}日"}
    await _text(event, entry_id=entry.entry_id, template="risk.listed", variables=variables, now=now)


async def text_answer(house: House, event: Event, now: datetime) -> None:
    appeal = await risk.appeal_of(appeal_id=int(event.payload["appeal_id"]))
    entry = await risk.entry_of(entry_id=appeal.entry_id, on=business_date_of(now))
    result = "申诉成立，记录已移出" if appeal.state == "granted" else "申诉不成立，记录维持"
    variables = {"list_name": entry.list_name, "result": result}
    await _text(event, entry_id=entry.entry_id, template="risk.appeal_answered", variables=variables, now=now)


async def _text(event: Event, *, entry_id: int, template: str, variables: dict[str, str], now: datetime) -> None:
    """To the number that the person gave; who is not known here, or gave none, is told nothing."""
    mobile = await contributions.mobile_of_listed(entry_id=entry_id)
    if mobile is None:
        return
    async with database.transaction() as tx:
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
