"""One step of a rectification by a member of staff: every step goes through `take_step`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.cases import evaluation_reports
from domain.cases.rectification.machine import final_due, flow_of, step_due, write_event
from domain.cases.rectification.queries import RectificationView, may_take, rectification_of
from domain.cases.refusals import (
    ASSIGNEE_UNKNOWN,
    RECTIFICATION_MOVED,
    RECTIFICATION_NOT_YOURS,
    RECTIFICATION_TEXT,
)
from domain.cases.served import lock_served, served_by_key
from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.refusal import Refused

TEXT_LENGTH_MIN, TEXT_LENGTH_MAX = 4, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`note` is the reason, the answer or what was said on the telephone; `assignee` and `complex_one` belong to the
    assignment."""

    action: str
    note: str = ""
    assignee: str = ""
    complex_one: bool = False


async def take_step(
    *, actor: Actor, rectification_id: int, step: Step, request_key: str, now: datetime, business_date: date
) -> RectificationView:
    """Moves the rectification by one action of its flow. Raises Refused."""
    seen = await rectification_of(actor=actor, rectification_id=rectification_id)
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=request_key,
            operation="rectify",
            given={
                "rectification_id": str(rectification_id),
                "action": step.action,
                "note": step.note,
                "assignee": step.assignee,
                "complex": step.complex_one,
            },
            now=now,
        )
        if done is None:
            await _take(tx, actor=actor, seen=seen, step=step, now=now, business_date=business_date)
            await idempotency.finish(
                tx,
                actor=actor,
                account_no=seen.account_no,
                request_key=request_key,
                result={"rectification_id": str(rectification_id)},
            )
    return await rectification_of(actor=actor, rectification_id=rectification_id)


async def _take(
    tx: Transaction, *, actor: Actor, seen: RectificationView, step: Step, now: datetime, business_date: date
) -> None:
    # the case's row first, as everywhere, because a report may be queued behind those of the case
    await lock_served(tx, account_no=seen.account_no, case_id=seen.case_id)
    row = await tx.row(
        "SELECT * FROM rectification WHERE account_no = $1 AND rectification_id = $2 FOR UPDATE",
        seen.account_no,
        seen.rectification_id,
    )
    assert row is not None, "a rectification vanished"
    flow = flow_of(row["flow_version"])
    if not flow.allows(row["state"], step.action) or flow.transition(step.action).kind != "staff":
        raise Refused(RECTIFICATION_MOVED(state=flow.state(row["state"]).name))
    if not await may_take(actor=actor, row=row, action=step.action, using=tx):
        raise Refused(RECTIFICATION_NOT_YOURS())
    note = step.note.strip()
    if len(note) > TEXT_LENGTH_MAX or (flow.transition(step.action).reason_required and len(note) < TEXT_LENGTH_MIN):
        raise Refused(RECTIFICATION_TEXT())
    target = flow.next(row["state"], step.action)
    changes = await _changes(tx, row=row, step=step, note=note, now=now)
    complex_one = bool(changes.get("complex", row["complex"]))
    final_due_on = final_due(opened_on=row["opened_on"], complex_one=complex_one)
    closing = flow.is_terminal(target)
    due_on = step_due(state=target, business_date=business_date, final_due_on=final_due_on)
    columns = {
        **changes,
        "state": target,
        "due_on": row["due_on"] if closing else due_on,
        "final_due_on": final_due_on,
        "escalation": row["escalation"] if closing else 0,
        **({"closed_at": now, "closed_on": business_date} if closing else {}),
    }
    names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, start=3))
    revision = await tx.value(
        f"UPDATE rectification SET revision = revision + 1, {names}"
        " WHERE account_no = $1 AND rectification_id = $2 RETURNING revision",
        seen.account_no,
        seen.rectification_id,
        *columns.values(),
    )
    await write_event(
        tx,
        account_no=seen.account_no,
        rectification_id=seen.rectification_id,
        seq=revision,
        actor=actor,
        action=step.action,
        from_state=row["state"],
        to_state=target,
        note=note or None,
        now=now,
    )
    if closing:
        case = await served_by_key(account_no=seen.account_no, case_id=seen.case_id, using=tx)
        await evaluation_reports.queue(tx, case=case, evaluation_no=row["evaluation_no"], kind="rectification", now=now)
    await audit.record(
        tx,
        actor=actor,
        action="rectification.moved",
        subject=f"rectification:{seen.rectification_id}",
        now=now,
        detail={"action": step.action, "case_no": seen.case_no},
    )


async def _changes(tx: Transaction, *, row: Record, step: Step, note: str, now: datetime) -> dict[str, object]:
    """What an action writes beside the state."""
    match step.action:
        case "verify_true" | "reject_malice":
            return {"verdict": "true"}
        case "verify_untrue":
            return {"verdict": "untrue", "answer": note}
        case "confirm_malice":
            return {"verdict": "malicious", "answer": note}
        case "assign":
            staff_id = await tx.value(
                "SELECT staff_id FROM staff WHERE login = $1 AND active"
                " AND (office_codes = '{}' OR $2 = ANY (office_codes))"
                " AND roles && ARRAY['preliminary_reviewer', 'final_reviewer', 'service_desk', 'supervisor']",
                step.assignee.strip(),
                row["office_code"],
            )
            if staff_id is None:
                raise Refused(ASSIGNEE_UNKNOWN())
            return {"assigned_to": staff_id, "complex": step.complex_one}
        case "answer":
            return {"answer": note}
        case "call_back_settled":
            return {"call_back": note, "second_asked_at": now}
        case "call_back_unsettled":
            return {"call_back": note, "assigned_to": None}
    return {}
