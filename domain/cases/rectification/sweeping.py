"""Reminders, escalation and the end of waiting, by the worker: each is written once, whoever sweeps how often."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import policy
from domain.cases import evaluation_reports
from domain.cases.rectification.machine import write_event
from domain.cases.served import lock_served, served_by_key
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction

BATCH = 100


async def sweep_rectifications(*, now: datetime, business_date: date) -> int:
    """Reminds of what is due on the next working day, escalates what is late (to the supervisor, and once more when it
    is late by as much again as the term for beginning), and closes what nobody evaluated again. Returns how many."""
    next_day = policy.plus_working_days(business_date, days=1)
    grace = policy.on(business_date).number("evaluation.escalation_again")
    rows = await database.rows(
        "SELECT account_no, rectification_id, case_id FROM rectification WHERE closed_at IS NULL AND due_on <= $1"
        " AND CASE WHEN state = 'awaiting_second' THEN due_on < $2"
        " WHEN due_on >= $2 THEN reminded_for IS DISTINCT FROM due_on"
        " ELSE escalation < CASE WHEN due_on <= $3 THEN 2 ELSE 1 END END"
        " ORDER BY due_on, rectification_id LIMIT $4",
        next_day,
        business_date,
        _again_before(business_date, grace),
        BATCH,
    )
    moved = 0
    for place in rows:
        async with transaction() as tx:
            await lock_served(tx, account_no=place["account_no"], case_id=place["case_id"])
            row = await tx.row(
                "SELECT * FROM rectification WHERE account_no = $1 AND rectification_id = $2 AND closed_at IS NULL"
                " FOR UPDATE",
                place["account_no"],
                place["rectification_id"],
            )
            if row is not None:
                moved += await _move(tx, row=row, next_day=next_day, grace=grace, now=now, business_date=business_date)
    return moved


def _again_before(business_date: date, grace: int) -> date:
    """The latest due day whose second escalation has come."""
    day = business_date - timedelta(days=1)
    while policy.plus_working_days(day, days=grace) >= business_date:
        day -= timedelta(days=1)
    return day


async def _move(tx: Transaction, *, row: Record, next_day: date, grace: int, now: datetime, business_date: date) -> int:
    if row["state"] == "awaiting_second" and row["due_on"] < business_date:
        await _expire(tx, row=row, now=now, business_date=business_date)
        return 1
    if row["state"] == "awaiting_second":
        return 0
    level = 0
    if row["due_on"] < business_date:
        level = 1 if policy.plus_working_days(row["due_on"], days=grace) >= business_date else 2
    if level > row["escalation"]:
        note = "已超期，升级至主管" if level == 1 else "超期仍未办理，升级至分管负责人"
        await _note(tx, row=row, action="escalate", note=note, changes="escalation = $3", value=level, now=now)
        return 1
    if level == 0 and row["due_on"] <= next_day and row["reminded_for"] != row["due_on"]:
        note = f"本环节应于{row['due_on']:%m月%d日}前办理"
        await _note(tx, row=row, action="remind", note=note, changes="reminded_for = $3", value=row["due_on"], now=now)
        return 1
    return 0


async def _expire(tx: Transaction, *, row: Record, now: datetime, business_date: date) -> None:
    """Nobody is given a mark they did not give: the rectification closes without one."""
    revision = await tx.value(
        "UPDATE rectification SET state = 'closed', revision = revision + 1, closed_at = $3, closed_on = $4"
        " WHERE account_no = $1 AND rectification_id = $2 RETURNING revision",
        row["account_no"],
        row["rectification_id"],
        now,
        business_date,
    )
    await write_event(
        tx,
        account_no=row["account_no"],
        rectification_id=row["rectification_id"],
        seq=revision,
        actor=SYSTEM,
        action="second_expired",
        from_state="awaiting_second",
        to_state="closed",
        note=None,
        now=now,
    )
    case = await served_by_key(account_no=row["account_no"], case_id=row["case_id"], using=tx)
    await evaluation_reports.queue(tx, case=case, evaluation_no=row["evaluation_no"], kind="rectification", now=now)


async def _note(
    tx: Transaction, *, row: Record, action: str, note: str, changes: str, value: object, now: datetime
) -> None:
    revision = await tx.value(
        f"UPDATE rectification SET revision = revision + 1, {changes}"
        " WHERE account_no = $1 AND rectification_id = $2 RETURNING revision",
        row["account_no"],
        row["rectification_id"],
        value,
    )
    await write_event(
        tx,
        account_no=row["account_no"],
        rectification_id=row["rectification_id"],
        seq=revision,
        actor=SYSTEM,
        action=action,
        from_state=row["state"],
        to_state=row["state"],
        note=note,
        now=now,
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="rectification.reminded" if action == "remind" else "rectification.escalated",
        subject=f"rectification:{row['rectification_id']}",
        now=now,
        detail={"level": value} if action == "escalate" else {},
    )
