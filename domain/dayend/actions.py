"""What staff do: start by hand, confirm a jump of dates, ask for a retry, settle an exception by two persons.

A page runs nothing itself: a start and a retry are requests that the worker takes. Each action is one transaction
with its audit event; asking twice is asking once.
"""

from __future__ import annotations

from datetime import date, datetime

from domain import policy
from domain.dayend import store
from domain.dayend.refusals import (
    EXCEPTION_ENDED,
    EXCEPTION_NOT_FOUND,
    JUMP_CHANGED,
    NO_JUMP,
    NOT_PROPOSED,
    NOTHING_DUE,
    PROPOSED_ALREADY,
    REASON_REQUIRED,
    REASON_TOO_LONG,
    SAME_PERSON,
)
from domain.dayend.schedule import Plan, plan_days
from domain.kernel import audit
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

OPERATORS = (Role.FINANCE, Role.SUPERVISOR)
"""Roles with the right dayend.operate."""

REASON_MIN, REASON_MAX = 4, 500


async def plan_now(using: Executor, *, now: datetime, through: date | None = None) -> Plan:
    """What a day-end that started now would do."""
    today = business_date_of(now)
    return plan_days(
        begun=await store.begun(using),
        today=today,
        days_max=policy.on(today).number("dayend.catch_up_days_max"),
        through=through,
        confirmed_through=await store.confirmed_through(using),
    )


async def request_start(*, actor: Actor, now: datetime) -> None:
    """Asks the worker to start at once. Raises Refused when nothing is due or the dates speak against it."""
    _check(actor)
    async with transaction() as tx:
        plan = await plan_now(tx, now=now)
        if plan.refusal is not None:
            raise Refused(plan.refusal)
        if not plan.days:
            raise Refused(NOTHING_DUE(last=(await store.begun(tx)).finished_through))
        asked = await tx.execute(
            "INSERT INTO day_end_request (request_id, kind, asked_by, asked_name, asked_at, state)"
            " VALUES ($1, 'start', $2, $3, $4, 'queued') ON CONFLICT DO NOTHING",
            new_id(),
            actor.staff_id,
            actor.name,
            now,
        )
        if asked.endswith(" 1"):
            days = [plan.days[0], plan.days[-1]]
            await _record(tx, actor, "start_requested", day=plan.days[0], now=now, days=days)


async def confirm_jump(*, actor: Actor, since: date, through: date, reason: str, now: datetime) -> None:
    """Says that the dates from `since` to `through` are real although they are more than usual."""
    _check(actor)
    kept = _reason(reason, "确认说明")
    async with transaction() as tx:
        plan = await plan_now(tx, now=now)
        if plan.jump is None:
            raise Refused(NO_JUMP())
        if plan.jump != (since, through):
            raise Refused(JUMP_CHANGED(first=plan.jump[0], last=plan.jump[1]))
        confirmed = await tx.execute(
            "INSERT INTO day_end_confirmation (through, since, confirmed_by, reason, confirmed_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            through,
            since,
            actor.reference,
            kept,
            now,
        )
        if confirmed.endswith(" 1"):
            await _record(tx, actor, "jump_confirmed", day=since, now=now, through=through, reason=kept)


async def request_retry(*, actor: Actor, exception_id: int, now: datetime) -> None:
    """Asks the worker to try an exception again."""
    _check(actor)
    async with transaction() as tx:
        row = await _lock(tx, exception_id)
        asked = await tx.execute(
            "INSERT INTO day_end_request (request_id, kind, exception_id, asked_by, asked_name, asked_at, state)"
            " VALUES ($1, 'retry', $2, $3, $4, $5, 'queued') ON CONFLICT DO NOTHING",
            new_id(),
            exception_id,
            actor.staff_id,
            actor.name,
            now,
        )
        if asked.endswith(" 1"):
            await _record(tx, actor, "retry_requested", now=now, **_of(row))


async def propose_settlement(*, actor: Actor, exception_id: int, reason: str, now: datetime) -> None:
    """One person says that the exception was dealt with by hand, and how. Nothing ends before another agrees."""
    _check(actor)
    kept = _reason(reason, "人工处理说明")
    async with transaction() as tx:
        row = await _lock(tx, exception_id)
        if row["proposed_by"] is not None:
            if (row["proposed_by"], row["proposed_reason"]) == (actor.reference, kept):
                return
            raise Refused(PROPOSED_ALREADY())
        await tx.execute(
            "UPDATE day_end_exception SET proposed_by = $2, proposed_reason = $3 WHERE exception_id = $1",
            exception_id,
            actor.reference,
            kept,
        )
        await _record(tx, actor, "settlement_proposed", now=now, reason=kept, **_of(row))


async def decide_settlement(*, actor: Actor, exception_id: int, agree: bool, now: datetime) -> None:
    """Another person agrees, and the exception is settled; or declines, and it is open as before. Who proposed may
    withdraw, which is the same as declining."""
    _check(actor)
    async with transaction() as tx:
        row = await _lock(tx, exception_id)
        if row["proposed_by"] is None:
            raise Refused(NOT_PROPOSED())
        if agree and row["proposed_by"] == actor.reference:
            raise Refused(SAME_PERSON())
        if agree:
            await tx.execute(
                "UPDATE day_end_exception SET state = 'resolved', ended_by = $2, ended_at = $3 WHERE exception_id = $1",
                exception_id,
                actor.reference,
                now,
            )
            await store.settle_states(tx, business_date=row["business_date"], step=row["step"])
        else:
            await tx.execute(
                "UPDATE day_end_exception SET proposed_by = NULL, proposed_reason = NULL WHERE exception_id = $1",
                exception_id,
            )
        verb = "settlement_agreed" if agree else "settlement_declined"
        proposed = {"proposed_by": row["proposed_by"], "reason": row["proposed_reason"]}
        await _record(tx, actor, verb, now=now, **_of(row), **proposed)


def _check(actor: Actor) -> None:
    if not actor.has_role(*OPERATORS):
        raise Refused(NOT_PERMITTED())


def _reason(given: str, what: str) -> str:
    kept = given.strip()
    if len(kept) < REASON_MIN:
        raise Refused(REASON_REQUIRED(what=what, least=REASON_MIN))
    if len(kept) > REASON_MAX:
        raise Refused(REASON_TOO_LONG(most=REASON_MAX))
    return kept


async def _lock(tx: Transaction, exception_id: int) -> Record:
    row = await tx.row(
        "SELECT business_date, step, subject_no, state, proposed_by, proposed_reason FROM day_end_exception"
        " WHERE exception_id = $1 FOR UPDATE",
        exception_id,
    )
    if row is None:
        raise Refused(EXCEPTION_NOT_FOUND())
    if row["state"] != "open":
        raise Refused(EXCEPTION_ENDED())
    return row


def _of(row: Record) -> dict[str, object]:
    return {"day": row["business_date"], "step": row["step"], "subject_no": str(row["subject_no"])}


async def _record(tx: Transaction, actor: Actor, verb: str, *, day: object, now: datetime, **detail: object) -> None:
    await audit.record(tx, actor=actor, action=f"dayend.{verb}", subject=f"dayend:{day}", detail=detail, now=now)
