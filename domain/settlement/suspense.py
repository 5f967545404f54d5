"""暂收款: claiming, moving and giving back money whose purpose nobody knew when it came (R14.3, D04).

A claim is proposed by one person and decided by another. From the proposal until the decision (for a refund until the
bank has answered) its amount is set aside, so that no two claims use the same money. Locks: movement, expectation,
item, share.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import expectations
from domain.settlement.accounts import CENTRE_OFFICE
from domain.settlement.centre_payments import prepare_refund
from domain.settlement.desk import begun, checked_reason, finished, require_funds, require_office, require_second
from domain.settlement.refusals import (
    AMOUNT_INVALID,
    DECIDED_ALREADY,
    DEDUCTION_WHOLE,
    EMPLOYER_SAME,
    EMPLOYER_UNKNOWN,
    EXPECTATION_AMOUNT,
    EXPECTATION_CLAIMED,
    EXPECTATION_NOT_OPEN,
    EXPECTATION_OTHER_SET,
    MOVEMENT_FORM,
    NO_PAYER,
    NOT_FOUND,
    OFFICE_SAME,
    OFFICE_UNKNOWN,
    SUSPENSE_NOT_COVERED,
)
from domain.settlement.suspense_booking import apply_movement

ClaimKind = Literal["clear", "assign", "move", "transfer", "refund"]

KIND_NAMES: dict[str, str] = {
    "clear": "清算到应收",
    "assign": "认领到单位",
    "move": "单位间调整",
    "transfer": "管理部间调整",
    "refund": "退回付款人",
    "bank_reversal": "银行冲正",
    "use": "抵缴",
    "deduct": "扣款",
}
STATE_NAMES: dict[str, str] = {
    "proposed": "待复核",
    "approved": "已办结",
    "paying": "银行付款中",
    "rejected": "复核退回",
    "failed": "银行退回",
}

# what each kind must name, and what it may name beside
_FORMS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "clear": (frozenset({"expectation_id"}), frozenset({"from_employer_no"})),
    "assign": (frozenset({"to_employer_no"}), frozenset()),
    "move": (frozenset({"from_employer_no", "to_employer_no"}), frozenset()),
    "transfer": (frozenset({"to_office_code"}), frozenset()),
    "refund": (frozenset(), frozenset({"from_employer_no"})),
}
_FIELD_NAMES = {
    "expectation_id": "应收",
    "from_employer_no": "转出单位",
    "to_employer_no": "转入单位",
    "to_office_code": "转入管理部",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody wants done with part of a suspense item. `from_employer_no`: out of what the item has assigned to
    that employer already, else out of the item itself."""

    item_id: int
    kind: ClaimKind
    amount: Money
    reason: str
    expectation_id: int | None = None
    from_employer_no: int | None = None
    to_employer_no: int | None = None
    to_office_code: str | None = None


async def propose_claim(*, actor: Actor, claim: Claim, request_key: str, now: datetime) -> int:
    """Sets the amount aside and waits for the second person. Returns the movement's number. Raises Refused."""
    require_funds(actor)
    reason = checked_reason(claim.reason)
    if claim.amount.fen <= 0:
        raise Refused(AMOUNT_INVALID())
    _check_form(claim)
    async with transaction() as tx:
        given = {**asdict(claim), "amount": claim.amount}
        earlier = await begun(tx, actor=actor, operation="propose_claim", request_key=request_key, given=given, now=now)
        if earlier is not None:
            return earlier
        expected = None
        if claim.expectation_id is not None:
            expected = await expectations.lock_expectation(tx, expectation_id=claim.expectation_id)
        item = await lock_item(tx, item_id=claim.item_id)
        require_office(actor, office_code=item["office_code"])
        await _check_targets(tx, claim=claim, item=item, expected=expected)
        await _set_aside(tx, claim=claim, item=item)
        movement_id = new_id()
        await tx.execute(
            "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, from_employer_no, to_employer_no,"
            " to_office_code, expectation_id, reason, state, proposed_by, proposed_by_name, proposed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed', $10, $11, $12)",
            movement_id,
            claim.item_id,
            claim.kind,
            claim.amount.fen,
            claim.from_employer_no,
            claim.to_employer_no,
            claim.to_office_code,
            claim.expectation_id,
            reason,
            actor.reference,
            actor.name,
            now,
        )
        await _record(
            tx, actor, "suspense.claim_proposed", movement_id, now, kind=claim.kind, amount=claim.amount, reason=reason
        )
        await finished(tx, actor=actor, request_key=request_key, number=movement_id)
        return movement_id


async def decide_claim(
    *,
    actor: Actor,
    movement_id: int,
    approve: bool,
    note: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """The second person's word: books the claim (a refund is ordered and booked when the bank has paid) or gives the
    amount back. Returns the movement's state. Raises Refused."""
    require_funds(actor)
    note = note.strip() if approve else checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"movement_id": movement_id, "approve": approve, "note": note}
        earlier = await begun(tx, actor=actor, operation="decide_claim", request_key=request_key, given=given, now=now)
        if earlier is not None:
            return str(await tx.value("SELECT state FROM suspense_movement WHERE movement_id = $1", movement_id))
        movement = await tx.row("SELECT * FROM suspense_movement WHERE movement_id = $1 FOR UPDATE", movement_id)
        if movement is None:
            raise Refused(NOT_FOUND.on("movementId"))
        require_second(actor, first=movement["proposed_by"])
        if movement["deduction_id"] is not None:
            raise Refused(DEDUCTION_WHOLE())
        if movement["state"] != "proposed":
            raise Refused(DECIDED_ALREADY())
        expected = None
        if movement["expectation_id"] is not None:
            expected = await expectations.lock_expectation(tx, expectation_id=movement["expectation_id"])
        item = await lock_item(tx, item_id=movement["item_id"])
        require_office(actor, office_code=item["office_code"])
        voucher_id = payment_id = None
        if not approve:
            await give_back(tx, movement=movement)
            state = "rejected"
        elif movement["kind"] == "refund":
            payment_id = await prepare_refund(
                tx,
                movement_id=movement_id,
                item=item,
                amount=Money(movement["amount_fen"]),
                from_employer_no=movement["from_employer_no"],
                business_date=business_date,
                now=now,
            )
            state = "paying"
        else:
            voucher_id = await apply_movement(
                tx,
                movement=movement,
                item=item,
                expected=expected,
                business_date=business_date,
                now=now,
                prepared_by=movement["proposed_by"],
            )
            state = "approved"
        await tx.execute(
            "UPDATE suspense_movement SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5,"
            " decision_note = $6, voucher_id = $7, payment_id = $8 WHERE movement_id = $1",
            movement_id,
            state,
            actor.reference,
            actor.name,
            now,
            note,
            voucher_id,
            payment_id,
        )
        await _record(tx, actor, f"suspense.claim_{'approved' if approve else 'rejected'}", movement_id, now, note=note)
        await finished(tx, actor=actor, request_key=request_key, number=movement_id)
        return state


async def lock_item(tx: Transaction, *, item_id: int) -> Record:
    row = await tx.row("SELECT * FROM suspense_item WHERE item_id = $1 FOR UPDATE", item_id)
    if row is None:
        raise Refused(NOT_FOUND.on("itemId"))
    return row


async def give_back(tx: Transaction, *, movement: Record) -> None:
    """Frees what the movement set aside."""
    if movement["from_employer_no"] is None:
        await tx.execute(
            "UPDATE suspense_item SET claimed_fen = claimed_fen - $2 WHERE item_id = $1",
            movement["item_id"],
            movement["amount_fen"],
        )
    else:
        await tx.execute(
            "UPDATE suspense_share SET claimed_fen = claimed_fen - $3 WHERE item_id = $1 AND employer_no = $2",
            movement["item_id"],
            movement["from_employer_no"],
            movement["amount_fen"],
        )


def _check_form(claim: Claim) -> None:
    needed, allowed = _FORMS[claim.kind]
    named = {name for name in _FIELD_NAMES if getattr(claim, name) is not None}
    wrong = sorted((needed - named) | (named - needed - allowed))
    if wrong:
        raise Refused(MOVEMENT_FORM(what="、".join(_FIELD_NAMES[name] for name in wrong)))
    if claim.kind == "move" and claim.from_employer_no == claim.to_employer_no:
        raise Refused(EMPLOYER_SAME())


async def _check_targets(tx: Transaction, *, claim: Claim, item: Record, expected: Record | None) -> None:
    if expected is not None:
        if expected["state"] != "open":
            raise Refused(EXPECTATION_NOT_OPEN())
        if expected["account_set"] != item["account_set"]:
            raise Refused(EXPECTATION_OTHER_SET())
        if expected["amount_fen"] != claim.amount.fen:
            raise Refused(EXPECTATION_AMOUNT(amount=Money(expected["amount_fen"]).yuan_text))
        if await expectations.is_claimed(tx, expectation_id=expected["expectation_id"]):
            raise Refused(EXPECTATION_CLAIMED())
    if claim.to_employer_no is not None:
        known = await tx.value("SELECT EXISTS (SELECT FROM employer WHERE employer_no = $1)", claim.to_employer_no)
        if not known:
            raise Refused(EMPLOYER_UNKNOWN())
    if claim.kind == "transfer":
        known = claim.to_office_code == CENTRE_OFFICE or await tx.value(
            "SELECT EXISTS (SELECT FROM management_office WHERE code = $1)", claim.to_office_code
        )
        if not known:
            raise Refused(OFFICE_UNKNOWN())
        if claim.to_office_code == item["office_code"]:
            raise Refused(OFFICE_SAME())
        if claim.amount.fen != item["open_fen"]:
            # an item stays with one office, so that its age and origin stay with the money
            raise Refused(SUSPENSE_NOT_COVERED(left=Money(item["open_fen"]).yuan_text))
    if claim.kind == "refund":
        has_payer = await tx.value(
            "SELECT payer_account_index IS NOT NULL AND payer_name_index IS NOT NULL FROM bank_receipt"
            " WHERE receipt_id = $1",
            item["receipt_id"],
        )
        if not has_payer:
            raise Refused(NO_PAYER())


async def _set_aside(tx: Transaction, *, claim: Claim, item: Record) -> None:
    if claim.from_employer_no is None:
        left = Money(item["open_fen"] - item["claimed_fen"])
        if claim.amount > left:
            raise Refused(SUSPENSE_NOT_COVERED(left=left.yuan_text))
        await tx.execute(
            "UPDATE suspense_item SET claimed_fen = claimed_fen + $2 WHERE item_id = $1",
            claim.item_id,
            claim.amount.fen,
        )
        return
    share = await tx.row(
        "SELECT open_fen, claimed_fen FROM suspense_share WHERE item_id = $1 AND employer_no = $2 FOR UPDATE",
        claim.item_id,
        claim.from_employer_no,
    )
    left = Money(share["open_fen"] - share["claimed_fen"]) if share else Money.zero()
    if claim.amount > left:
        raise Refused(SUSPENSE_NOT_COVERED(left=left.yuan_text))
    await tx.execute(
        "UPDATE suspense_share SET claimed_fen = claimed_fen + $3 WHERE item_id = $1 AND employer_no = $2",
        claim.item_id,
        claim.from_employer_no,
        claim.amount.fen,
    )


async def _record(
    tx: Transaction, actor: Actor, action: str, movement_id: int, now: datetime, **detail: object
) -> None:
    await audit.record(tx, actor=actor, action=action, subject=f"movement:{movement_id}", now=now, detail=detail)
