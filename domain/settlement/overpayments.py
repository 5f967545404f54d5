"""多缴退款: what an employer paid too much, proposed to go back to the accounts it came from.

The money is what staff assigned to the employer out of suspense. One movement for each item, the oldest first; finance
decides each of them as any other refund (`suspense.decide_claim`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money, total
from domain.kernel.refusal import Refused
from domain.settlement.desk import checked_reason
from domain.settlement.refusals import AMOUNT_INVALID, REFUND_NOT_COVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Returnable:
    """Part of one receipt that is free, and the account that it came from."""

    item_id: int
    free: Money
    paid_on: date
    payer_name_masked: str
    payer_account_masked: str


async def returnable_to(*, employer_no: int, using: Executor = database.pool) -> list[Returnable]:
    """The oldest first. Money whose payer nobody knows is not among it."""
    rows = await using.rows(_FREE, employer_no)
    return [
        Returnable(
            item_id=row["item_id"],
            free=Money(row["free_fen"]),
            paid_on=row["opened_on"],
            payer_name_masked=row["payer_name_masked"] or "",
            payer_account_masked=row["payer_account_masked"] or "",
        )
        for row in rows
    ]


async def propose_refunds(
    tx: Transaction, *, actor: Actor, employer_no: int, amount: Money, reason: str, now: datetime
) -> list[int]:
    """Sets the amount aside, to be decided by finance; the rights are the caller's, and the request key. Returns the
    movements. Raises Refused for more than is free. Items are locked before their shares, in the order of their
    numbers."""
    reason = checked_reason(reason)
    if amount.fen <= 0:
        raise Refused(AMOUNT_INVALID())
    await tx.rows(
        "SELECT item_id FROM suspense_item WHERE item_id IN (SELECT item_id FROM suspense_share WHERE employer_no = $1"
        " AND open_fen > claimed_fen) ORDER BY item_id FOR UPDATE",
        employer_no,
    )
    found = await returnable_to(employer_no=employer_no, using=tx)
    free = total([one.free for one in found])
    if amount > free:
        raise Refused(REFUND_NOT_COVERED(left=free.yuan_text))
    left, movements = amount.fen, list[int]()
    for one in found:
        part = min(left, one.free.fen)
        if not part:
            break
        await tx.execute(
            "UPDATE suspense_share SET claimed_fen = claimed_fen + $3 WHERE item_id = $1 AND employer_no = $2",
            one.item_id,
            employer_no,
            part,
        )
        movement_id = new_id()
        await tx.execute(
            "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, from_employer_no, reason, state,"
            " proposed_by, proposed_by_name, proposed_at)"
            " VALUES ($1, $2, 'refund', $3, $4, $5, 'proposed', $6, $7, $8)",
            movement_id,
            one.item_id,
            part,
            employer_no,
            reason,
            actor.reference,
            actor.name,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="suspense.claim_proposed",
            subject=f"movement:{movement_id}",
            now=now,
            detail={"kind": "refund", "amount": Money(part), "reason": reason},
        )
        movements.append(movement_id)
        left -= part
    return movements


_FREE = """
SELECT s.item_id, s.open_fen - s.claimed_fen AS free_fen, i.opened_on, r.payer_name_masked, r.payer_account_masked
FROM suspense_share s JOIN suspense_item i USING (item_id) JOIN bank_receipt r USING (receipt_id)
WHERE s.employer_no = $1 AND s.open_fen > s.claimed_fen
    AND r.payer_account_index IS NOT NULL AND r.payer_name_index IS NOT NULL
ORDER BY i.opened_on, s.item_id
"""
