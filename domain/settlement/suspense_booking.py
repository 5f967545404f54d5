"""What a decided claim does to the books, and money that waits in suspense meeting an expectation by the rules."""

from __future__ import annotations

from datetime import date, datetime

from domain import ledger
from domain.kernel import audit, vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger import Line, VoucherKind
from domain.settlement import expectations
from domain.settlement.expectations import PENDING_DISTRIBUTION
from domain.settlement.matching import ReceiptFacts, match
from domain.settlement.receiving import SUSPENSE, meet

_SUMMARIES = {
    "clear": "暂收款清算",
    "assign": "暂收款认领",
    "move": "单位暂存款调整",
    "transfer": "暂收款管理部间调整",
}


async def apply_movement(
    tx: Transaction,
    *,
    movement: Record,
    item: Record,
    expected: Record | None,
    business_date: date,
    now: datetime,
    prepared_by: str,
    matched_by: str = "hand",
) -> int:
    """Books a movement whose amount is set aside, with everything locked. Returns the voucher."""
    amount = Money(movement["amount_fen"])
    kind = movement["kind"]
    voucher_id = await ledger.post_general(
        tx,
        account_set=item["account_set"],
        business_key=f"suspense:{movement['movement_id']}",
        kind=VoucherKind.OTHER,
        summary=f"{_SUMMARIES[kind]} {item['item_id']}",
        lines=[
            _from_line(movement, item, amount),
            _to_line(movement, expected, amount),
        ],
        effective_on=business_date,
        posted_on=business_date,
        now=now,
        prepared_by=prepared_by,
    )
    if kind == "transfer":
        await tx.execute(
            "UPDATE suspense_item SET office_code = $2, claimed_fen = claimed_fen - $3 WHERE item_id = $1",
            item["item_id"],
            movement["to_office_code"],
            amount.fen,
        )
        return voucher_id
    await _take_out(tx, movement=movement, amount=amount, business_date=business_date)
    if kind in ("assign", "move"):
        await tx.execute(
            "INSERT INTO suspense_share (item_id, employer_no, open_fen) VALUES ($1, $2, $3)"
            " ON CONFLICT (item_id, employer_no) DO UPDATE SET open_fen = suspense_share.open_fen + excluded.open_fen",
            item["item_id"],
            movement["to_employer_no"],
            amount.fen,
        )
    if expected is not None:
        await meet(tx, expected=expected, receipt_id=item["receipt_id"], voucher_id=voucher_id, now=now)
        await tx.execute(
            "UPDATE bank_receipt SET outcome = 'matched', matched_by = $3, expectation_id = $2"
            " WHERE receipt_id = $1 AND amount_fen = $4",
            item["receipt_id"],
            expected["expectation_id"],
            matched_by,
            amount.fen,
        )
    return voucher_id


async def meet_waiting(tx: Transaction, *, expectation_id: int, now: datetime, business_date: date) -> bool:
    """Money that came before it was expected: when the rules now match exactly one untouched receipt in suspense with
    this expectation, it is cleared to it. For whoever has just registered the expectation, in the same transaction."""
    expected = await expectations.lock_expectation(tx, expectation_id=expectation_id)
    if expected["state"] != "open" or await expectations.is_claimed(tx, expectation_id=expectation_id):
        return False
    account, name = expectations.payer_of(expected)
    waiting = await tx.rows(
        _WAITING,
        expected["account_set"],
        expected["reference_no"],
        list(account),
        list(name),
        expected["amount_fen"],
    )
    fitting = []
    for row in waiting:
        account, name = expectations.payer_of(row)
        facts = ReceiptFacts(
            amount=Money(row["amount_fen"]),
            # which of the two texts named it is not kept: the words count alike
            in_remark=tuple(row["words"]),
            in_summary=(),
            payer_account=account,
            payer_name=name,
        )
        # what else the receipt could be meant for counts too: an ambiguous one stays for people
        others = await expectations.candidates(tx, account_set=expected["account_set"], receipt=facts)
        found = match(receipt=facts, expected=[expectations.facts_of(one) for one in others])
        if found.outcome == "matched" and found.expectation_id == expectation_id:
            fitting.append((row, found.way))
    if len(fitting) != 1:
        return False
    item, way = fitting[0]
    movement_id = new_id()
    # The rules propose and the system books: no person has a part in it, as on arrival.
    await tx.execute(
        "INSERT INTO suspense_movement (movement_id, item_id, kind, amount_fen, expectation_id, reason, state,"
        " proposed_by, proposed_by_name, proposed_at) VALUES ($1, $2, 'clear', $3, $4, '应收登记后按规则认款',"
        " 'proposed', 'rules', '认款规则', $5)",
        movement_id,
        item["item_id"],
        item["amount_fen"],
        expectation_id,
        now,
    )
    await tx.execute(
        "UPDATE suspense_item SET claimed_fen = claimed_fen + $2 WHERE item_id = $1",
        item["item_id"],
        item["amount_fen"],
    )
    movement = await tx.row("SELECT * FROM suspense_movement WHERE movement_id = $1", movement_id)
    assert movement is not None
    voucher_id = await apply_movement(
        tx,
        movement=movement,
        item=item,
        expected=expected,
        business_date=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
        matched_by=way or "remark",
    )
    await tx.execute(
        "UPDATE suspense_movement SET state = 'approved', decided_by = $2, decided_by_name = $3, decided_at = $4,"
        " voucher_id = $5 WHERE movement_id = $1",
        movement_id,
        SYSTEM.reference,
        SYSTEM.name,
        now,
        voucher_id,
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="suspense.matched_later",
        subject=f"movement:{movement_id}",
        now=now,
        detail={"expectation_id": str(expectation_id), "item_id": str(item["item_id"])},
    )
    return True


async def meet_all_waiting(*, since: datetime, now: datetime, business_date: date, most: int = 500) -> int:
    """`meet_waiting` for the open expectations that a receipt in suspense names or whose payer it has, where one of the
    two came after `since`: what crossed each other in the same moment. Returns how many met."""
    async with transaction() as tx:
        # while a key is being changed the two may stand under different ones for a while
        since = await vault_keys.digests_moved_since(table="expected_receipt", since=since, now=now, using=tx)
        numbers = [row["expectation_id"] for row in await tx.rows(_CROSSED, most, since)]
    met = 0
    for expectation_id in numbers:
        async with transaction() as tx:
            met += await meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)
    return met


def _from_line(movement: Record, item: Record, amount: Money) -> Line:
    if movement["from_employer_no"] is not None:
        return Line(subject=PENDING_DISTRIBUTION, side="D", amount=amount, auxiliary=str(movement["from_employer_no"]))
    return Line(subject=SUSPENSE, side="D", amount=amount, auxiliary=item["office_code"])


def _to_line(movement: Record, expected: Record | None, amount: Money) -> Line:
    if expected is not None:
        return Line(subject=expected["credit_subject"], side="C", amount=amount, auxiliary=expected["credit_auxiliary"])
    if movement["kind"] == "transfer":
        return Line(subject=SUSPENSE, side="C", amount=amount, auxiliary=movement["to_office_code"])
    return Line(subject=PENDING_DISTRIBUTION, side="C", amount=amount, auxiliary=str(movement["to_employer_no"]))


async def _take_out(tx: Transaction, *, movement: Record, amount: Money, business_date: date) -> None:
    if movement["from_employer_no"] is not None:
        await tx.execute(
            "UPDATE suspense_share SET open_fen = open_fen - $3, claimed_fen = claimed_fen - $3"
            " WHERE item_id = $1 AND employer_no = $2",
            movement["item_id"],
            movement["from_employer_no"],
            amount.fen,
        )
        return
    await tx.execute(
        "UPDATE suspense_item SET open_fen = open_fen - $2, claimed_fen = claimed_fen - $2,"
        " cleared_on = CASE WHEN open_fen = $2 THEN $3::date END WHERE item_id = $1",
        movement["item_id"],
        amount.fen,
        business_date,
    )


_WAITING = """
SELECT i.*, r.words, r.payer_account_index, r.payer_account_cipher, r.payer_name_index, r.payer_name_cipher
FROM suspense_item i JOIN bank_receipt r USING (receipt_id)
WHERE i.account_set = $1 AND i.open_fen = i.amount_fen AND i.claimed_fen = 0 AND i.amount_fen = $5
    AND r.outcome <> 'matched'
    AND ($2 = ANY (r.words) OR r.payer_account_index = ANY ($3::bytea[])
         OR (cardinality($3::bytea[]) = 0 AND r.payer_name_index = ANY ($4::bytea[])))
ORDER BY i.item_id FOR UPDATE OF i
"""

# From the few that are new to their counterparts, by index: this runs with every sweep.
_COULD_BE = """
e.account_set = r.account_set AND e.amount_fen = r.amount_fen
    AND (e.reference_no = ANY (r.words) OR e.payer_account_index = r.payer_account_index
         OR (e.payer_account_index IS NULL AND e.payer_name_index = r.payer_name_index))
"""
_CROSSED = f"""
SELECT expectation_id FROM (
    SELECT e.expectation_id, r.receipt_id FROM bank_receipt r
    JOIN expected_receipt e ON e.state = 'open' AND {_COULD_BE}
    WHERE r.outcome <> 'matched' AND r.received_at > $2
    UNION
    SELECT e.expectation_id, r.receipt_id FROM expected_receipt e
    JOIN bank_receipt r ON r.outcome <> 'matched' AND {_COULD_BE}
    WHERE e.state = 'open' AND e.registered_at > $2) AS pairs
JOIN suspense_item i USING (receipt_id)
WHERE i.open_fen = i.amount_fen AND i.claimed_fen = 0
GROUP BY expectation_id ORDER BY expectation_id LIMIT $1
"""
