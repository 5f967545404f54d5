"""What an evaluation does to rectifications: a bad one opens its own, a second one closes the one that asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import policy
from domain.cases.rectification.machine import RECTIFICATION_FLOW, final_due, flow_of, step_due, write_event
from domain.cases.served import Served
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondAsked:
    """The applicant was asked to evaluate again."""

    rectification_id: int
    evaluation_no: str
    asked_at: datetime


async def awaiting_second(tx: Transaction, *, account_no: int, case_id: int) -> SecondAsked | None:
    """The oldest rectification of the case that waits for the second evaluation, its row locked."""
    row = await tx.row(
        "SELECT rectification_id, evaluation_no, second_asked_at FROM rectification"
        " WHERE account_no = $1 AND case_id = $2 AND state = 'awaiting_second'"
        " ORDER BY opened_at, rectification_id LIMIT 1 FOR UPDATE",
        account_no,
        case_id,
    )
    if row is None:
        return None
    return SecondAsked(
        rectification_id=row["rectification_id"], evaluation_no=row["evaluation_no"], asked_at=row["second_asked_at"]
    )


async def heard(
    tx: Transaction, *, case: Served, evaluation_no: str, grade: int, second: SecondAsked | None, now: datetime
) -> str | None:
    """Called in the transaction of an evaluation. Returns the number of the evaluation whose rectification it closed:
    its result is now to be reported."""
    if second is not None:
        await _close(tx, case=case, second=second, grade=grade, now=now)
        return second.evaluation_no
    today = business_date_of(now)
    if grade > policy.on(today).number("evaluation.bad_grade_max"):
        return None
    rectification_id = new_id()
    final_due_on = final_due(opened_on=today, complex_one=False)
    flow = RECTIFICATION_FLOW
    await tx.execute(
        "INSERT INTO rectification (account_no, rectification_id, case_id, evaluation_no, office_code, flow_version,"
        " state, opened_at, opened_on, due_on, final_due_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        case.account_no,
        rectification_id,
        case.case_id,
        evaluation_no,
        case.office_code,
        flow.version,
        flow.initial,
        now,
        today,
        step_due(state=flow.initial, business_date=today, final_due_on=final_due_on),
        final_due_on,
    )
    await write_event(
        tx,
        account_no=case.account_no,
        rectification_id=rectification_id,
        seq=1,
        actor=SYSTEM,
        action=flow.start,
        from_state=None,
        to_state=flow.initial,
        note=None,
        now=now,
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="rectification.opened",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"grade": grade},
    )
    return None


async def _close(tx: Transaction, *, case: Served, second: SecondAsked, grade: int, now: datetime) -> None:
    row = await tx.row(
        "UPDATE rectification SET state = $3, revision = revision + 1, second_grade = $4, closed_at = $5,"
        " closed_on = $6 WHERE account_no = $1 AND rectification_id = $2 RETURNING revision, flow_version",
        case.account_no,
        second.rectification_id,
        "closed",
        grade,
        now,
        business_date_of(now),
    )
    assert row is not None
    assert flow_of(row["flow_version"]).next("awaiting_second", "second_given") == "closed"
    await write_event(
        tx,
        account_no=case.account_no,
        rectification_id=second.rectification_id,
        seq=row["revision"],
        actor=SYSTEM,
        action="second_given",
        from_state="awaiting_second",
        to_state="closed",
        note=f"二次评价{grade}",
        now=now,
    )
