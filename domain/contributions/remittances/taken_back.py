"""银行收回款项: whose payment it was, and what becomes of it.

A notice or a line of the statement says that the bank took money back: a collection reversed, a cheque bounced, a
transfer returned. What names a statement, or a payment by its serial number, or is the only payment of that payer and
amount, is that statement's; the rest waits for staff (`bind_taken_back`). The whole of a payment is undone
(`undoing`). Less than the payment cannot be told from whose account it would come: two persons make it the employer's
debt (`accept_shortfall`). That is our assumption; no rule of the centre says so.

Locks: the employer's account, the statement, the matter, the receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger, settlement
from domain.contributions.agents import agents_for
from domain.contributions.employers.standing import EmployerStanding, lock_standing, require_employer
from domain.contributions.events import STATEMENT_TAKEN_BACK, STATEMENT_TAKING_BACK
from domain.contributions.numbers import paper_no
from domain.contributions.refusals import STATEMENT_NOT_FOUND
from domain.contributions.taken_back_refusals import (
    TAKEN_BACK_BUSY,
    TAKEN_BACK_NOT_PAID,
    TAKEN_BACK_NOT_SHORT,
    TAKEN_BACK_OVER,
)
from domain.kernel import audit, idempotency, outbox
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.settlement import TakenBack

RECEIVABLE = "11901"
"""应收单位追回款; its auxiliary is the employer."""
PURPOSE = "taken_back"
"""What the money of a debt is expected for."""
_BY_BANK = ("receipt:", "collection:")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    way: str
    employer_no: int
    statement_id: int


async def take_back(tx: Transaction, *, receipt_id: int, now: datetime) -> bool:
    """A bank took money back. False when nobody's payment can be told, or somebody has dealt with it: staff see it."""
    try:
        taken = await settlement.taken_back(receipt_id=receipt_id, using=tx)
    except Refused:
        return False
    found = await _identify(tx, taken)
    if found is None:
        return False
    standing = await lock_standing(tx, employer_no=found.employer_no)
    row = await _lock_statement(tx, employer_no=found.employer_no, statement_id=found.statement_id)
    if await _against(tx, row, taken) is not None:
        return False
    return await _open(tx, standing, row, taken, by=SYSTEM, way=found.way, now=now)


async def bind_taken_back(*, actor: Actor, receipt_id: int, statement_no: str, request_key: str, now: datetime) -> None:
    """Staff say whose payment it was. Raises Refused: for a statement that no bank has paid, whose money is being
    taken back, or that is less than what was taken."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    async with transaction() as tx:
        taken = await settlement.taken_back(receipt_id=receipt_id, using=tx)
        found = await tx.row(
            "SELECT employer_no, statement_id FROM statement_no_lookup WHERE statement_no = $1",
            statement_no.strip().upper(),
        )
        if found is None:
            raise Refused(STATEMENT_NOT_FOUND())
        standing = await lock_standing(tx, employer_no=found["employer_no"])
        require_employer(actor, employer_no=standing.employer_no, office_code=standing.office_code, scope="payments")
        given = {"receipt_id": receipt_id, "statement_no": statement_no}
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=standing.employer_no, request_key=request_key, operation="bind_taken_back",
            given=given, now=now,
        )  # fmt: skip
        if earlier is not None:
            return
        row = await _lock_statement(tx, employer_no=standing.employer_no, statement_id=found["statement_id"])
        problem = await _against(tx, row, taken)
        if problem is not None:
            raise problem
        if not await _open(tx, standing, row, taken, by=actor, way="hand", now=now):
            raise Refused(TAKEN_BACK_BUSY())
        await idempotency.finish(tx, actor=actor, account_no=standing.employer_no, request_key=request_key, result={})


async def accept_shortfall(
    tx: Transaction, *, actor: Actor, employer_no: int, receipt_id: int, now: datetime, business_date: date
) -> None:
    """What is short, or the part that was taken, becomes the employer's debt. Who may, and the second person, is the
    caller's matter. Raises Refused when nothing of the matter waits for it."""
    standing = await lock_standing(tx, employer_no=employer_no)
    matter = await lock_matter(tx, employer_no=employer_no, receipt_id=receipt_id)
    if matter["state"] not in ("short", "partial"):
        raise Refused(TAKEN_BACK_NOT_SHORT())
    amount = Money(matter["short_fen"])
    partial = matter["state"] == "partial"
    if partial:
        await _owe(tx, standing, matter, actor=actor, now=now, business_date=business_date)
    else:
        await _tell_work(tx, employer_no=employer_no, receipt_id=receipt_id, now=now)
    await tx.execute(
        "UPDATE payment_taken_back SET state = $3, accepted_by = $4, accepted_by_name = $5, accepted_at = $6"
        " WHERE employer_no = $1 AND receipt_id = $2",
        employer_no,
        receipt_id,
        "owed" if partial else "working",
        actor.reference,
        actor.name,
        now,
    )
    await audit.record(
        tx, actor=actor, action="payment.shortfall_accepted", subject=f"employer:{employer_no}", now=now,
        detail={"receipt_id": str(receipt_id), "amount": amount},
    )  # fmt: skip


async def debt_paid(tx: Transaction, *, expectation_id: int, now: datetime) -> bool:
    """A receipt met what a debt expects; its voucher has credited the debt. False when it is none of ours."""
    employer_no = await tx.value("SELECT employer_no FROM expected_receipt WHERE expectation_id = $1", expectation_id)
    ended = await tx.execute(
        "UPDATE payment_taken_back SET state = 'done', ended_at = $3"
        " WHERE employer_no = $1 AND expectation_id = $2 AND state = 'owed'",
        employer_no,
        expectation_id,
        now,
    )
    return ended.endswith(" 1")


async def lock_matter(tx: Transaction, *, employer_no: int, receipt_id: int) -> Record:
    row = await tx.row(
        "SELECT * FROM payment_taken_back WHERE employer_no = $1 AND receipt_id = $2 FOR UPDATE",
        employer_no,
        receipt_id,
    )
    if row is None:
        raise Refused(TAKEN_BACK_NOT_SHORT())
    return row


async def _identify(using: Executor, taken: TakenBack) -> _Found | None:
    """The one statement whose payment this was."""
    # a reference may carry the number of an attempt or of a change of method
    words = {*taken.words, *(word.rpartition("-")[0] for word in taken.words if "-" in word)}
    named = await using.rows(
        "SELECT employer_no, statement_id FROM statement_no_lookup WHERE statement_no = ANY ($1)", sorted(words)
    )
    if named:
        return _found("remark", named[0]) if len(named) == 1 else None
    payments = await settlement.originals(taken=taken, using=using)
    found = {await _statement_of(using, one.expectation_id, one.collected) for one in payments} - {None}
    if len(found) != 1:
        return None
    (employer_no, statement_id), *_ = [one for one in found if one is not None]
    return _Found(way=payments[0].way, employer_no=employer_no, statement_id=statement_id)


async def _statement_of(using: Executor, expectation_id: int | None, collected: str | None) -> tuple[int, int] | None:
    if collected is not None:
        row = await using.row(
            "SELECT employer_no, statement_id FROM statement_no_lookup WHERE statement_no = $1",
            collected.rpartition("-")[0],
        )
        return (row["employer_no"], row["statement_id"]) if row else None
    employer_no = await using.value(
        "SELECT employer_no FROM expected_receipt WHERE expectation_id = $1", expectation_id
    )
    statement_id = await using.value(
        "SELECT statement_id FROM remittance_statement WHERE employer_no = $1 AND expectation_id = $2",
        employer_no,
        expectation_id,
    )
    return (employer_no, statement_id) if statement_id is not None else None


async def _against(tx: Transaction, row: Record, taken: TakenBack) -> Refused | None:
    """What stands against undoing this statement's payment for this money."""
    met = row["state"] == "open" and await tx.value(
        "SELECT state = 'met' FROM expected_receipt WHERE expectation_id = $1", row["expectation_id"]
    )
    paid = row["state"] in ("paid", "distributed") and str(row["paid_from"]).startswith(_BY_BANK)
    running = await tx.value(
        "SELECT EXISTS (SELECT FROM payment_taken_back WHERE employer_no = $1 AND statement_id = $2"
        " AND state IN ('working', 'short', 'partial'))",
        row["employer_no"],
        row["statement_id"],
    )
    if running:
        return Refused(TAKEN_BACK_BUSY())
    if not (met or paid):
        return Refused(TAKEN_BACK_NOT_PAID())
    if taken.amount.fen > row["amount_fen"]:
        return Refused(TAKEN_BACK_OVER(amount=Money(row["amount_fen"]).yuan_text, taken=taken.amount.yuan_text))
    return None


async def _open(
    tx: Transaction, standing: EmployerStanding, row: Record, taken: TakenBack, *, by: Actor, way: str, now: datetime
) -> bool:
    if not await settlement.claim_taken_back(tx, receipt_id=taken.receipt_id):
        return False
    whole = taken.amount.fen == row["amount_fen"]
    await tx.execute(
        "INSERT INTO payment_taken_back (employer_no, receipt_id, statement_id, amount_fen, booked_on, identified_by,"
        " noticed_by, noticed_at, state, short_fen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        standing.employer_no,
        taken.receipt_id,
        row["statement_id"],
        taken.amount.fen,
        taken.booked_on,
        way,
        by.reference,
        now,
        "working" if whole else "partial",
        0 if whole else taken.amount.fen,
    )
    if whole:
        await tx.execute(
            "UPDATE remittance_statement SET state = 'taking_back' WHERE employer_no = $1 AND statement_id = $2",
            standing.employer_no,
            row["statement_id"],
        )
        await _tell_work(tx, employer_no=standing.employer_no, receipt_id=taken.receipt_id, now=now)
    await audit.record(
        tx, actor=by, action="payment.taken_back", subject=f"employer:{standing.employer_no}", now=now,
        detail={"statement_no": row["statement_no"], "amount": taken.amount, "receipt_id": str(taken.receipt_id)},
    )  # fmt: skip
    return True


async def _owe(
    tx: Transaction, standing: EmployerStanding, matter: Record, *, actor: Actor, now: datetime, business_date: date
) -> None:
    """The debt of a part: booked against the bank, and expected under a number of its own."""
    employer_no, amount = standing.employer_no, Money(matter["amount_fen"])
    voucher_id = await settlement.book_taken_back(
        tx,
        receipt_id=matter["receipt_id"],
        debit=[ledger.Line(subject=RECEIVABLE, side="D", amount=amount, auxiliary=str(employer_no))],
        prepared_by=actor.reference,
        now=now,
        business_date=business_date,
    )
    reference = paper_no("ZS", business_date=business_date)
    expectation_id = await settlement.expect_receipt(
        tx,
        actor=actor,
        purpose=PURPOSE,
        reference_no=reference,
        amount=amount,
        office_code=standing.office_code,
        employer_no=employer_no,
        payer_name=standing.name,
        credit_subject=RECEIVABLE,
        now=now,
    )
    await tx.execute(
        "UPDATE payment_taken_back SET expectation_id = $3, voucher_id = $4 WHERE employer_no = $1 AND receipt_id = $2",
        employer_no,
        matter["receipt_id"],
        expectation_id,
        voucher_id,
    )
    statement_no = await tx.value(
        "SELECT statement_no FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2",
        employer_no,
        matter["statement_id"],
    )
    await tell_employer(
        tx, employer_no=employer_no, statement_no=statement_no, reference_no=reference, amount=amount, what="owed",
        now=now,
    )  # fmt: skip
    await settlement.meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)


async def tell_employer(
    tx: Transaction, *, employer_no: int, statement_no: str, reference_no: str, amount: Money, what: str, now: datetime
) -> None:
    """One event for each agent who pays for the employer; one for nobody where there is none."""
    agents = await agents_for(employer_no=employer_no, scope="payments", on=business_date_of(now), using=tx)
    for person_id in agents or [0]:
        payload = {
            "employer_no": str(employer_no),
            "person_id": str(person_id),
            "statement_no": statement_no,
            "reference_no": reference_no,
            "amount": amount,
            "what": what,
        }
        await outbox.emit(tx, account_no=employer_no, kind=STATEMENT_TAKEN_BACK, payload=payload, now=now)


async def _tell_work(tx: Transaction, *, employer_no: int, receipt_id: int, now: datetime) -> None:
    payload: dict[str, object] = {"employer_no": str(employer_no), "receipt_id": str(receipt_id)}
    await outbox.emit(tx, account_no=employer_no, kind=STATEMENT_TAKING_BACK, payload=payload, now=now)


async def _lock_statement(tx: Transaction, *, employer_no: int, statement_id: int) -> Record:
    row = await tx.row(
        "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2 FOR UPDATE",
        employer_no,
        statement_id,
    )
    assert row is not None, f"employer {employer_no} has no statement {statement_id}"
    return row


def _found(way: str, row: Record) -> _Found:
    return _Found(way=way, employer_no=row["employer_no"], statement_id=row["statement_id"])
