"""Receipts that named no message of ours when they came.

Most wait a moment for the answer to the submission. Where that answer got lost, the mobile and the serial digits behind
our number tell which message it was, if only one without an answer can be meant. What nobody claims within three days
is kept as unknown, for people to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.kernel import database, vault
from domain.kernel.database import Executor, Record
from domain.kernel.identifiers import new_id
from notifications.arrivals import WHOLE, Arrival, settle
from notifications.ports import Receipt

WAIT = timedelta(hours=72)
_CODE_LENGTH_MAX = 40
_NUMBER_LENGTH_MAX = 80
# An answer under way arrives first; only then is a message looked for by its mobile.
_ANSWER_DUE = timedelta(seconds=60)
_BATCH = 500


async def keep(tx: Executor, receipts: Sequence[Receipt], *, now: datetime) -> None:
    """The same again changes nothing."""
    for one in receipts:
        number = one.carrier_id or f"message:{one.message_id}"
        await tx.execute(
            "INSERT INTO sms_stray_receipt (stray_id, carrier, carrier_number, status, code, received_at, mobile_index,"
            " extension, first_seen_at, mobile_cipher, state)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting')"
            " ON CONFLICT (carrier, carrier_number, status) DO NOTHING",
            new_id(),
            one.carrier,
            number[:_NUMBER_LENGTH_MAX],
            one.status,
            one.code[:_CODE_LENGTH_MAX],
            one.received_at,
            vault.current().blind_index(one.mobile) if one.mobile else None,
            one.extension[:20],
            now,
            vault.current().encrypt(one.mobile) if one.mobile else None,
        )


async def match_numbers(tx: Executor, *, carrier_numbers: Sequence[tuple[str, str]]) -> int:
    """Settles what waited for these (number, carrier), which have just become known."""
    waiting = await tx.rows(
        "SELECT * FROM sms_stray_receipt WHERE state = 'waiting' AND (carrier, carrier_number) IN"
        " (SELECT * FROM unnest($1::text[], $2::text[])) FOR UPDATE",
        [carrier for _, carrier in carrier_numbers],
        [number for number, _ in carrier_numbers],
    )
    return await _settle_known(tx, waiting) if waiting else 0


async def sweep(*, now: datetime) -> int:
    """Looks again for the messages of all that wait; gives the number of messages that changed."""
    async with database.transaction() as tx:
        waiting = await tx.rows(
            "SELECT * FROM sms_stray_receipt WHERE state = 'waiting' ORDER BY first_seen_at LIMIT $1"
            " FOR UPDATE SKIP LOCKED",
            _BATCH,
        )
        changed = await _settle_known(tx, waiting) if waiting else 0
        for one in waiting:
            if now - one["first_seen_at"] >= _ANSWER_DUE:
                changed += await _settle_by_mobile(tx, one, now=now)
        await tx.execute(
            "UPDATE sms_stray_receipt SET state = 'unknown' WHERE state = 'waiting' AND first_seen_at < $1", now - WAIT
        )
    return changed


async def _settle_known(tx: Executor, waiting: Sequence[Record]) -> int:
    numbers = await known_numbers(tx, [(one["carrier_number"], one["carrier"]) for one in waiting])
    matched = [(one, numbers[key]) for one in waiting if (key := (one["carrier_number"], one["carrier"])) in numbers]
    if not matched:
        return 0
    await _mark(tx, [one["stray_id"] for one, _ in matched])
    return await settle(tx, [_arrival(one, number, number["part_no"]) for one, number in matched])


async def known_numbers(tx: Executor, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    """By (number, carrier); those that no message of ours has are left out."""
    rows = await tx.rows(
        "SELECT * FROM sms_carrier_number WHERE (carrier_number, carrier) IN"
        " (SELECT * FROM unnest($1::text[], $2::text[]))",
        [number for number, _ in numbers],
        [carrier for _, carrier in numbers],
    )
    return {(row["carrier_number"], row["carrier"]): row for row in rows}


async def _settle_by_mobile(tx: Executor, stray: Record, *, now: datetime) -> int:
    """Only a message without an answer can be meant, and only if there is one."""
    if stray["mobile_index"] is None:
        return 0
    sealed = stray["mobile_cipher"]
    indexes = vault.current().blind_indexes(vault.current().decrypt(sealed)) if sealed else [stray["mobile_index"]]
    rows = await tx.rows(
        "SELECT account_no, message_id, attempts AS attempt, parts FROM sms_message"
        " WHERE mobile_index = ANY($1) AND carrier = $2 AND created_at > $3 AND sent_at <= $4"
        " AND (state IN ('sending', 'unknown') OR (state = 'dead' AND attempts > 0))",
        indexes,
        stray["carrier"],
        now - WAIT,
        stray["first_seen_at"],
    )
    extension = stray["extension"]
    meant = [row for row in rows if f"{row['message_id']}".endswith(extension)]
    if len(meant) != 1:
        return 0
    (row,) = meant
    known = await tx.rows(
        "SELECT part_no FROM sms_part WHERE account_no = $1 AND message_id = $2 AND attempt = $3",
        row["account_no"],
        row["message_id"],
        row["attempt"],
    )
    free = sorted(set(range(1, row["parts"] + 1)) - {part["part_no"] for part in known})
    if not free:
        return 0
    await _mark(tx, [stray["stray_id"]])
    part_no = free[0] if row["parts"] > 1 else WHOLE
    return await settle(tx, [_arrival(stray, row, part_no)])


def _arrival(stray: Record, message: Record, part_no: int) -> Arrival:
    return Arrival(
        account_no=message["account_no"],
        message_id=message["message_id"],
        attempt=message["attempt"],
        part_no=part_no,
        carrier=stray["carrier"],
        delivered=stray["status"] == "delivered",
        code=stray["code"],
        at=stray["received_at"],
        carrier_number=stray["carrier_number"],
    )


async def _mark(tx: Executor, stray_ids: Sequence[int]) -> None:
    await tx.execute(
        "UPDATE sms_stray_receipt SET state = 'matched' WHERE stray_id = ANY($1::bigint[])", list(stray_ids)
    )
