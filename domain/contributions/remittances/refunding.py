"""多缴退款 asked for by an employer at the counter: proposed here, decided by finance (`settlement.decide_claim`)."""

from __future__ import annotations

from datetime import datetime

from domain import settlement
from domain.contributions.employers.standing import COUNTER_ROLES, lock_standing, require_employer
from domain.contributions.refusals import COUNTER_ONLY
from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.money import Money
from domain.kernel.refusal import Refused


async def ask_overpayment_refund(
    *, actor: Actor, employer_no: int, amount: Money, reason: str, request_key: str, now: datetime
) -> int:
    """Sets the amount aside until finance decides. Returns how many receipts it comes out of. Raises Refused: rights,
    more than is free, no reason."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(COUNTER_ONLY())
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="ask_overpayment_refund",
            given={"amount": amount, "reason": reason.strip()}, now=now,
        )  # fmt: skip
        if earlier is not None:
            return int(earlier["movements"])
        movements = await settlement.propose_refunds(
            tx, actor=actor, employer_no=employer_no, amount=amount, reason=reason, now=now
        )
        await audit.record(
            tx, actor=actor, action="overpayment.refund_asked", subject=f"employer:{employer_no}", now=now,
            detail={"amount": amount, "reason": reason.strip(), "movements": len(movements)},
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=employer_no, request_key=request_key, result={"movements": len(movements)}
        )
        return len(movements)
