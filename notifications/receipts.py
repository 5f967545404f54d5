"""Receipts (状态报告): applied once, in any order, late, twice, or for messages that are not ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.kernel import database
from domain.kernel.database import Executor
from notifications import strays
from notifications.arrivals import WHOLE, Arrival, settle
from notifications.ports import Receipt, ReceiptSource
from notifications.routing import Carriers


async def apply(*, receipts: Sequence[Receipt], now: datetime, carriers: Carriers | None = None) -> int:
    """Records receipts in one transaction and gives the number of messages that changed: none for a repetition, and
    for one that a better receipt outdid. One whose message is not known is kept and looked at again. `carriers` are
    told what was seen."""
    if carriers is not None:
        for one in receipts:
            carriers.note_receipt(carrier=one.carrier, failed=one.status == "failed", now=now)
    async with database.transaction() as tx:
        arrivals, unknown = await _known(tx, receipts)
        changed = await settle(tx, arrivals)
        await strays.keep(tx, unknown, now=now)
    return changed


async def _known(tx: Executor, receipts: Sequence[Receipt]) -> tuple[list[Arrival], list[Receipt]]:
    """Carriers know no account numbers, so a message is found by its number first and changed by its whole key."""
    by_number = [one for one in receipts if one.message_id is None and one.carrier_id]
    numbers = await strays.known_numbers(tx, [(one.carrier_id or "", one.carrier) for one in by_number])
    arrivals, unknown = [], []
    for one in receipts:
        if one.message_id is not None:
            arrival = await _by_message(tx, one)
        else:
            found = numbers.get((one.carrier_id or "", one.carrier))
            arrival = None if found is None else _arrival(one, dict(found), found["part_no"])
        if arrival is not None:
            arrivals.append(arrival)
        elif one.carrier_id or one.message_id is not None:
            unknown.append(one)
    return arrivals, unknown


async def _by_message(tx: Executor, receipt: Receipt) -> Arrival | None:
    """A message goes to one carrier at a time: a receipt of another belongs to an attempt that is over, or to
    nothing."""
    row = await tx.row(
        "SELECT account_no, message_id, attempts AS attempt, carrier FROM sms_message WHERE message_id = $1",
        receipt.message_id,
    )
    if row is None:
        return None
    if row["carrier"] == receipt.carrier:
        return _arrival(receipt, dict(row), WHOLE)
    attempt = await tx.value(
        "SELECT max(attempt) FROM sms_part WHERE account_no = $1 AND message_id = $2 AND carrier = $3",
        row["account_no"],
        row["message_id"],
        receipt.carrier,
    )
    return None if attempt is None else _arrival(receipt, {**dict(row), "attempt": attempt}, WHOLE)


def _arrival(receipt: Receipt, message: dict[str, int], part_no: int) -> Arrival:
    return Arrival(
        account_no=message["account_no"],
        message_id=message["message_id"],
        attempt=message["attempt"],
        part_no=part_no,
        carrier=receipt.carrier,
        delivered=receipt.status == "delivered",
        code=receipt.code,
        at=receipt.received_at,
        carrier_number=receipt.carrier_id,
    )


async def collect(*, carriers: Carriers, now: datetime) -> int:
    """Fetches what waits at the carriers that keep receipts, applies it, then acknowledges it: a death in
    between brings the same receipts again, which change nothing. Gives the number of messages that
    changed."""
    changed = 0
    for carrier in carriers.all():
        if not isinstance(carrier, ReceiptSource):
            continue
        receipts, mark = await carrier.fetch_receipts(now=now)
        if receipts:
            changed += await apply(receipts=receipts, now=now, carriers=carriers)
        if mark:
            await carrier.acknowledge_receipts(mark=mark, now=now)
    return changed
