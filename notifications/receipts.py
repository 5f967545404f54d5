"""Receipts (状态报告): applied once, in any order.

`delivered` is final. `failed` gives way to a later `delivered`, never the other way round, so that the order
of arrival does not matter; and a receipt that overtakes the answer to the submission counts as well.
"""

from __future__ import annotations

from datetime import datetime

from domain.kernel import database
from notifications.ports import Receipt, ReceiptSource
from notifications.routing import Carriers

_CODE_LENGTH_MAX = 40


async def apply(*, receipt: Receipt) -> bool:
    """Records a receipt. False when it changed nothing: a repetition, one that a better receipt outdid, a
    message of another carrier, or a message that we do not know. Carriers know no account numbers, so the row
    is found by the message's number first and changed by its whole key."""
    account_no = await database.value(
        "SELECT account_no FROM sms_message WHERE message_id = $1 AND carrier = $2",
        receipt.message_id,
        receipt.carrier,
    )
    if account_no is None:
        return False
    delivered = receipt.status == "delivered"
    states = ["sending", "accepted", "unknown"]
    if delivered:
        # A failure reported, or a message given up without an answer, is outdone by its arrival.
        states += ["rejected", "dead"]
    async with database.transaction() as tx:
        changed = await tx.value(
            """
            UPDATE sms_message SET state = $4, last_code = $5, receipt_at = $6,
                                   carrier_message_id = COALESCE(carrier_message_id, $7)
            WHERE account_no = $1 AND message_id = $2 AND carrier = $3 AND state = ANY($8::text[])
            RETURNING message_id
            """,
            account_no,
            receipt.message_id,
            receipt.carrier,
            "delivered" if delivered else "rejected",
            receipt.code[:_CODE_LENGTH_MAX],
            receipt.received_at,
            receipt.carrier_id,
            states,
        )
    return changed is not None


async def collect(*, carriers: Carriers, now: datetime) -> int:
    """Fetches what waits at the carriers that keep receipts, applies it, then acknowledges it: a death in
    between brings the same receipts again, which change nothing. Gives the number of messages that
    changed."""
    changed = 0
    for carrier in carriers.all():
        if not isinstance(carrier, ReceiptSource):
            continue
        receipts, mark = await carrier.fetch_receipts(now=now)
        for receipt in receipts:
            changed += await apply(receipt=receipt)
        if mark:
            await carrier.acknowledge_receipts(mark=mark, now=now)
    return changed
