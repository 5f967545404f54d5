"""Collection's work in the background: lists checked and applied, money distributed, statements collected.

Events bring it at once; the sweep finds whatever an event has not brought to its end, because every step may be cut off
and is gone on with from its mark.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from domain import contributions, settlement
from domain.kernel import outbox
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of
from ops import telemetry
from ops.wiring import House

if TYPE_CHECKING:
    from ops.subscriptions import Event

_CONSUMER = "collection"


async def work_on_list(house: House, event: Event, now: datetime) -> None:
    """Checks a list that was received, or applies one that was submitted."""
    await _list(house, int(event.payload["employer_no"]), int(event.payload["list_id"]), now)


async def take_receipt(house: House, event: Event, now: datetime) -> None:
    """A receipt was matched with what an employer's statement or debt expects."""
    if event.payload["purpose"] not in (*contributions.RECEIPT_PURPOSES, contributions.DEBT_PURPOSE):
        return
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=_CONSUMER, now=now):
            if event.payload["purpose"] == contributions.DEBT_PURPOSE:
                await contributions.debt_paid(tx, expectation_id=int(event.payload["expectation_id"]), now=now)
                return
            await contributions.money_arrived(
                tx,
                expectation_id=int(event.payload["expectation_id"]),
                voucher_id=int(event.payload["voucher_id"]),
                receipt_id=int(event.payload["receipt_id"]),
                now=now,
                business_date=business_date_of(now),
            )


async def take_collected(house: House, event: Event, now: datetime) -> None:
    """A bank has answered for one statement of an entrusted collection."""
    if event.payload["purpose"] != contributions.COLLECTION_PURPOSE:
        return
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=_CONSUMER, now=now):
            await contributions.item_settled(
                tx,
                batch_id=int(event.payload["batch_id"]),
                item_no=int(event.payload["item_no"]),
                reference=str(event.payload["owner_reference"]),
                now=now,
                business_date=business_date_of(now),
            )


async def take_back(house: House, event: Event, now: datetime) -> None:
    """A bank took money back: whose payment it was, if that can be told."""
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=_CONSUMER, now=now):
            await contributions.take_back(tx, receipt_id=int(event.payload["receipt_id"]), now=now)


async def undo_distribution(house: House, event: Event, now: datetime) -> None:
    """Out of the accounts that the money went to."""
    await contributions.undo_distribution(
        employer_no=int(event.payload["employer_no"]),
        receipt_id=int(event.payload["receipt_id"]),
        now=now,
        business_date=business_date_of(now),
    )


async def distribute(house: House, event: Event, now: datetime) -> None:
    """The statement's money into its accounts, unless the bank has taken it back before it was known as paid."""
    for taken in await settlement.unclaimed_reversals():
        async with transaction() as tx:
            await contributions.take_back(tx, receipt_id=taken.receipt_id, now=now)
    await contributions.distribute_statement(
        employer_no=int(event.payload["employer_no"]),
        statement_id=int(event.payload["statement_id"]),
        now=now,
        business_date=business_date_of(now),
    )


async def count_collected(house: House, event: Event, now: datetime) -> None:
    """Lists and statements that came to their end."""
    telemetry.COLLECTED.labels(kind=event.kind).inc()


async def steps_due(house: House, now: datetime) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
    """What the sweep goes on with, each by its name."""
    today = business_date_of(now)
    steps: list[tuple[str, Callable[[], Awaitable[object]]]] = []
    for employer_no, list_id, _ in await contributions.lists_due():
        steps.append(("list", lambda e=employer_no, i=list_id: _list(house, e, i, now)))  # type: ignore[misc]
    for employer_no, statement_id in await contributions.statements_paid():
        steps.append(
            (
                "distribution",
                lambda e=employer_no, s=statement_id: contributions.distribute_statement(  # type: ignore[misc]
                    employer_no=e, statement_id=s, now=now, business_date=today
                ),
            )
        )
    for employer_no, receipt_id in await contributions.taken_back_due():
        steps.append(
            (
                "taking_back",
                lambda e=employer_no, r=receipt_id: contributions.undo_distribution(  # type: ignore[misc]
                    employer_no=e, receipt_id=r, now=now, business_date=today
                ),
            )
        )
    return steps


async def end_freezes(house: House, now: datetime) -> int:
    """Frees what was frozen until yesterday."""
    return await contributions.expire_freezes(now=now, business_date=business_date_of(now))


async def collect_due(house: House, now: datetime) -> int:
    """Tells the banks what is to be collected today."""
    return await contributions.collect_due(now=now, business_date=business_date_of(now))


async def _list(house: House, employer_no: int, list_id: int, now: datetime) -> None:
    state = await contributions.check_list(
        employer_no=employer_no, list_id=list_id, registries=house.person_registries, now=now
    )
    if state == "applying":
        await contributions.apply_list(
            employer_no=employer_no, list_id=list_id, now=now, business_date=business_date_of(now)
        )
