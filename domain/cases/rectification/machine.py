"""The declared flow of a rectification, and the days by which its steps are due."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from domain import policy
from domain.cases.flows.machine import Flow, load
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction

FLOW_NAME = "bad_review"
_FLOWS = load(directory=Path(__file__).parent)
RECTIFICATION_FLOW: Flow = _FLOWS[FLOW_NAME, max(version for name, version in _FLOWS if name == FLOW_NAME)]


def flow_of(version: int) -> Flow:
    """The flow that a rectification has pinned."""
    return _FLOWS[FLOW_NAME, version]


def final_due(*, opened_on: date, complex_one: bool) -> date:
    """The day by which it is put right, in working days of the opening's policy."""
    name = "evaluation.rectification_complex" if complex_one else "evaluation.rectification_ordinary"
    return policy.plus_working_days(opened_on, days=policy.on(opened_on).number(name))


def step_due(*, state: str, business_date: date, final_due_on: date) -> date:
    """The day by which the step that begins in this state is due: rectifying has the whole term, each other step the
    term for beginning."""
    if state == "rectifying":
        return final_due_on
    name = "evaluation.second_days" if state == "awaiting_second" else "evaluation.rectification_start"
    days = policy.on(business_date).number(name)
    return policy.plus_working_days(business_date, days=days)


async def write_event(
    tx: Transaction,
    *,
    account_no: int,
    rectification_id: int,
    seq: int,
    actor: Actor,
    action: str,
    from_state: str | None,
    to_state: str,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO rectification_event (account_no, rectification_id, seq, at, actor, actor_name, action, from_state,"
        " to_state, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        account_no,
        rectification_id,
        seq,
        now,
        actor.reference,
        actor.name,
        action,
        from_state,
        to_state,
        note,
    )
