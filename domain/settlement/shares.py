"""单位暂存款: what staff assigned to an employer out of suspense, used for what the employer owes.

The money stays under 21903 and its owner distributes it from there, so that using it moves nothing in the books: the
movement names the voucher that brought the money there.
"""

from __future__ import annotations

from datetime import datetime

from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Executor, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money


async def share_balance(*, employer_no: int, using: Executor = database.pool) -> Money:
    """What is assigned to the employer and neither used nor set aside."""
    fen: int = await using.value(
        "SELECT coalesce(sum(open_fen - claimed_fen), 0)::bigint FROM suspense_share WHERE employer_no = $1"
        " AND open_fen > 0",
        employer_no,
    )
    return Money(fen)


async def use_shares(tx: Transaction, *, employer_no: int, amount: Money, reference: str, now: datetime) -> Money:
    """Uses up to the amount, the oldest first, for the business that `reference` names. Returns how much. Rights are
    the caller's; items are locked before their shares, in the order of their numbers."""
    left = amount.fen
    items = await tx.rows(
        "SELECT item_id, voucher_id FROM suspense_item WHERE item_id IN (SELECT item_id FROM suspense_share"
        " WHERE employer_no = $1 AND open_fen > claimed_fen) ORDER BY item_id FOR UPDATE",
        employer_no,
    )
    for item in items:
        share = await tx.row(
            "SELECT open_fen - claimed_fen AS free_fen FROM suspense_share WHERE item_id = $1 AND employer_no = $2"
            " FOR UPDATE",
            item["item_id"],
            employer_no,
        )
        taken = min(left, share["free_fen"] if share else 0)
        if taken <= 0:
            continue
        await tx.execute(
            "UPDATE suspense_share SET open_fen = open_fen - $3 WHERE item_id = $1 AND employer_no = $2",
            item["item_id"],
            employer_no,
            taken,
        )
        await tx.execute(
            "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, from_employer_no, reason, state,"
            " proposed_by, proposed_by_name, proposed_at, decided_by, decided_by_name, decided_at, voucher_id,"
            " purpose_reference) VALUES ($1, $2, 'use', $3, $4, '单位暂存款抵缴', 'approved', $5, '单位', $6, $7, $8,"
            " $6, $9, $10)",
            new_id(),
            item["item_id"],
            taken,
            employer_no,
            f"employer:{employer_no}",
            now,
            SYSTEM.reference,
            SYSTEM.name,
            item["voucher_id"],
            reference,
        )
        left -= taken
        if not left:
            break
    return Money(amount.fen - left)
