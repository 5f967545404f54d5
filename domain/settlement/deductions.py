"""扣款 (D04): what an employer owes is taken from its 单位暂存款, over all receipts it came from, the oldest first.

Proposed by one person and decided by another; meanwhile the money is set aside and nothing else meets what is owed.
Locks: deduction, expectation, items in the order of their numbers, shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import expectations
from domain.settlement.desk import begun, checked_reason, finished, require_funds, require_office, require_second
from domain.settlement.expectations import PENDING_DISTRIBUTION
from domain.settlement.receiving import meet
from domain.settlement.refusals import (
    DECIDED_ALREADY,
    DEDUCTION_NOT_COVERED,
    DEDUCTION_OTHER_EMPLOYER,
    EMPLOYER_CLOSED,
    EMPLOYER_UNKNOWN,
    EXPECTATION_CLAIMED,
    EXPECTATION_NOT_OPEN,
    NOT_FOUND,
)
from domain.settlement.suspense import STATE_NAMES

CLOSED = "04"
"""单位销户, of the employer's states (JGJ/T 320 annex A.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionView:
    deduction_id: int
    employer_no: int
    expectation_id: int
    reference_no: str
    amount: Money
    receipts: int
    reason: str
    state: str
    state_name: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str | None
    voucher_id: int | None


async def propose_deduction(
    *, actor: Actor, employer_no: int, expectation_id: int, reason: str, request_key: str, now: datetime
) -> int:
    """Sets aside of the employer's 单位暂存款 what it owes by the expectation, whole. An actor of an office reaches the
    money of that office only. Returns the deduction's number. Raises Refused."""
    require_funds(actor)
    reason = checked_reason(reason)
    async with transaction() as tx:
        given = {"employer_no": employer_no, "expectation_id": expectation_id, "reason": reason}
        earlier = await begun(
            tx, actor=actor, operation="propose_deduction", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        expected = await expectations.lock_expectation(tx, expectation_id=expectation_id)
        await _check_employer(tx, employer_no=employer_no)
        await _check_owed(tx, expected=expected, employer_no=employer_no)
        parts = await _set_aside(tx, actor=actor, expected=expected, employer_no=employer_no)
        deduction_id = new_id()
        await tx.execute(
            "INSERT INTO suspense_deduction (deduction_id, employer_no, expectation_id, account_set, amount_fen,"
            " reason, state, proposed_by, proposed_by_name, proposed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8, $9)",
            deduction_id,
            employer_no,
            expectation_id,
            expected["account_set"],
            expected["amount_fen"],
            reason,
            actor.reference,
            actor.name,
            now,
        )
        await tx.execute(
            "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, from_employer_no, expectation_id,"
            " reason, state, proposed_by, proposed_by_name, proposed_at, deduction_id)"
            " SELECT movement_id, item_id, 'deduct', fen, $4, $5, $6, 'proposed', $7, $8, $9, $10"
            " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS part (movement_id, item_id, fen)",
            [new_id() for _ in parts],
            [item_id for item_id, _ in parts],
            [fen for _, fen in parts],
            employer_no,
            expectation_id,
            reason,
            actor.reference,
            actor.name,
            now,
            deduction_id,
        )
        await audit.record(
            tx,
            actor=actor,
            action="suspense.deduction_proposed",
            subject=f"deduction:{deduction_id}",
            now=now,
            detail={"employer_no": str(employer_no), "amount": Money(expected["amount_fen"]), "reason": reason},
        )
        await finished(tx, actor=actor, request_key=request_key, number=deduction_id)
        return deduction_id


async def decide_deduction(
    *,
    actor: Actor,
    deduction_id: int,
    approve: bool,
    note: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """The second person's word: one voucher takes the money and what was owed is met, or all of it is given back.
    Returns the deduction's state. Raises Refused."""
    require_funds(actor)
    note = note.strip() if approve else checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"deduction_id": deduction_id, "approve": approve, "note": note}
        operation = "decide_deduction"
        if await begun(tx, actor=actor, operation=operation, request_key=request_key, given=given, now=now):
            return str(await tx.value("SELECT state FROM suspense_deduction WHERE deduction_id = $1", deduction_id))
        deduction = await tx.row("SELECT * FROM suspense_deduction WHERE deduction_id = $1 FOR UPDATE", deduction_id)
        if deduction is None:
            raise Refused(NOT_FOUND.on("deductionId"))
        require_second(actor, first=deduction["proposed_by"])
        if deduction["state"] != "proposed":
            raise Refused(DECIDED_ALREADY())
        expected = await expectations.lock_expectation(tx, expectation_id=deduction["expectation_id"])
        items = await _lock_items(tx, actor=actor, deduction_id=deduction_id)
        state, voucher_id = "rejected", None
        if approve:
            await _check_employer(tx, employer_no=deduction["employer_no"])
            state, voucher_id = "approved", await _post(tx, deduction, expected, business_date=business_date, now=now)
            receipt_id = items[0]["receipt_id"]
            await meet(tx, expected=expected, receipt_id=receipt_id, voucher_id=voucher_id, now=now)
        await tx.execute(
            "UPDATE suspense_share s SET claimed_fen = s.claimed_fen - m.amount_fen,"
            " open_fen = s.open_fen - CASE WHEN $2 THEN m.amount_fen ELSE 0 END"
            " FROM suspense_movement m WHERE m.deduction_id = $1 AND s.item_id = m.item_id"
            " AND s.employer_no = m.from_employer_no",
            deduction_id,
            approve,
        )
        decided = (deduction_id, state, actor.reference, actor.name, now, note, voucher_id)
        for table in ("suspense_movement", "suspense_deduction"):
            await tx.execute(
                f"UPDATE {table} SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5,"
                " decision_note = $6, voucher_id = $7 WHERE deduction_id = $1",
                *decided,
            )
        await audit.record(
            tx,
            actor=actor,
            action=f"suspense.deduction_{state}",
            subject=f"deduction:{deduction_id}",
            now=now,
            detail={"note": note},
        )
        await finished(tx, actor=actor, request_key=request_key, number=deduction_id)
        return state


async def _check_employer(tx: Transaction, *, employer_no: int) -> None:
    state = await tx.value("SELECT state FROM employer WHERE employer_no = $1", employer_no)
    if state is None:
        raise Refused(EMPLOYER_UNKNOWN())
    if state == CLOSED:
        raise Refused(EMPLOYER_CLOSED())


async def _check_owed(tx: Transaction, *, expected: Record, employer_no: int) -> None:
    if expected["employer_no"] != employer_no:
        raise Refused(DEDUCTION_OTHER_EMPLOYER())
    if expected["state"] != "open":
        raise Refused(EXPECTATION_NOT_OPEN())
    if await expectations.is_claimed(tx, expectation_id=expected["expectation_id"]):
        raise Refused(EXPECTATION_CLAIMED())


async def _set_aside(tx: Transaction, *, actor: Actor, expected: Record, employer_no: int) -> list[tuple[int, int]]:
    """(item, fen), the oldest first. What is set aside already counts for nothing."""
    await tx.rows(
        "SELECT FROM suspense_item WHERE item_id IN (SELECT item_id FROM suspense_share WHERE employer_no = $1"
        " AND open_fen > claimed_fen) ORDER BY item_id FOR UPDATE",
        employer_no,
    )
    free = await tx.rows(
        "SELECT s.item_id, s.open_fen - s.claimed_fen AS fen FROM suspense_share s JOIN suspense_item i USING (item_id)"
        " WHERE s.employer_no = $1 AND s.open_fen > s.claimed_fen AND i.account_set = $2"
        " AND ($3::text[] IS NULL OR i.office_code = ANY ($3)) ORDER BY s.item_id FOR UPDATE OF s",
        employer_no,
        expected["account_set"],
        sorted(actor.office_codes) or None,
    )
    left, parts = expected["amount_fen"], []
    for share in free:
        if taken := min(left, share["fen"]):
            parts.append((share["item_id"], taken))
            left -= taken
    if left:
        has = Money(expected["amount_fen"] - left)
        raise Refused(DEDUCTION_NOT_COVERED(left=has.yuan_text, owed=Money(expected["amount_fen"]).yuan_text))
    await tx.execute(
        "UPDATE suspense_share s SET claimed_fen = s.claimed_fen + part.fen"
        " FROM unnest($2::bigint[], $3::bigint[]) AS part (item_id, fen)"
        " WHERE s.employer_no = $1 AND s.item_id = part.item_id",
        employer_no,
        [item_id for item_id, _ in parts],
        [fen for _, fen in parts],
    )
    return parts


async def _lock_items(tx: Transaction, *, actor: Actor, deduction_id: int) -> list[Record]:
    items = await tx.rows(
        "SELECT item_id, receipt_id, office_code FROM suspense_item WHERE item_id IN"
        " (SELECT item_id FROM suspense_movement WHERE deduction_id = $1) ORDER BY item_id FOR UPDATE",
        deduction_id,
    )
    for item in items:
        require_office(actor, office_code=item["office_code"])
    return items


async def _post(tx: Transaction, deduction: Record, expected: Record, *, business_date: date, now: datetime) -> int:
    amount = Money(deduction["amount_fen"])
    return await ledger.post_general(
        tx,
        account_set=deduction["account_set"],
        business_key=f"deduction:{deduction['deduction_id']}",
        kind=VoucherKind.OTHER,
        summary=f"单位暂存款扣款 {expected['reference_no']}",
        lines=[
            Line(subject=PENDING_DISTRIBUTION, side="D", amount=amount, auxiliary=str(deduction["employer_no"])),
            Line(subject=expected["credit_subject"], side="C", amount=amount, auxiliary=expected["credit_auxiliary"]),
        ],
        effective_on=business_date,
        posted_on=business_date,
        now=now,
        prepared_by=deduction["proposed_by"],
    )


async def deductions(
    *, actor: Actor, employer_no: int | None = None, state: str | None = None, most: int = 200
) -> list[DeductionView]:
    """Newest first, of those whose money is of the actor's offices."""
    require_funds(actor)
    rows = await database.rows(_READ, employer_no, state, sorted(actor.office_codes) or None, most)
    return [
        DeductionView(**{**dict(row), "amount": Money(row["amount"]), "state_name": STATE_NAMES[row["state"]]})
        for row in rows
    ]


_READ = """
SELECT d.deduction_id, d.employer_no, d.expectation_id, e.reference_no, d.amount_fen AS amount, m.receipts, d.reason,
       d.state, d.proposed_by, d.proposed_by_name, d.proposed_at, d.decided_by_name, d.decided_at, d.decision_note,
       d.voucher_id
FROM suspense_deduction d JOIN expected_receipt e USING (expectation_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS receipts, bool_and($3::text[] IS NULL OR i.office_code = ANY ($3)) AS mine
    FROM suspense_movement p JOIN suspense_item i USING (item_id) WHERE p.deduction_id = d.deduction_id) m
WHERE ($1::bigint IS NULL OR d.employer_no = $1) AND ($2::text IS NULL OR d.state = $2) AND m.mine
ORDER BY d.proposed_at DESC, d.deduction_id DESC LIMIT $4
"""
