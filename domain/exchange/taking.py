"""办理来报: one push worked on, by its kind. May be called again after a crash, and finds what it has done already."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain.contributions import PersonRegistries
from domain.exchange.bodies import (
    AccountBody,
    AccountCancelledBody,
    BasesBody,
    Body,
    EmployeesBody,
    EmployerBody,
    Push,
)
from domain.exchange.employers import take_account, take_cancellation, take_registration
from domain.exchange.people import take_bases, take_employees
from domain.exchange.records import Outcome, Waiting, begin, end, wait
from domain.exchange.refusals import OCCURRED_AHEAD
from domain.kernel import database
from domain.kernel.database import Record
from domain.kernel.refusal import Refused

AHEAD_MAX = timedelta(minutes=15)
"""How far a partner's clock may be ahead of ours."""


async def take(*, push: Push, body: Body, registries: PersonRegistries, now: datetime, business_date: date) -> Outcome:
    """Does what the push asks for, once. What the rules refuse is an end with its reason, told to the partner like any
    other. Raises Waiting while what it builds on has not come; the caller tries again."""
    count = len(body.rows) if isinstance(body, EmployeesBody | BasesBody) else 0
    row = await begin(push=push, row_count=count, now=now)
    if row["state"] != "waiting":
        return Outcome(state=row["state"], said=row["message"])
    try:
        if push.occurred_at > push.received_at + AHEAD_MAX:
            # what lies ahead would put everything that follows in the shade
            raise Refused(OCCURRED_AHEAD())
        return await _work(push, body, row, registries=registries, now=now, business_date=business_date)
    except Waiting as waiting:
        await wait(record_id=row["record_id"], reason=waiting.reason)
        raise
    except Refused as refused:
        return await end(
            database.pool, push=push, record_id=row["record_id"], state="refused", now=now,
            refusal=refused.refusals[0], refused=count,
        )  # fmt: skip


async def _work(
    push: Push, body: Body, row: Record, *, registries: PersonRegistries, now: datetime, business_date: date
) -> Outcome:
    match body:
        case EmployerBody():
            return await take_registration(push=push, body=body, row=row, now=now, business_date=business_date)
        case AccountBody():
            return await take_account(push=push, body=body, row=row, now=now, business_date=business_date)
        case AccountCancelledBody():
            return await take_cancellation(push=push, body=body, row=row, now=now, business_date=business_date)
        case EmployeesBody():
            return await take_employees(
                push=push, body=body, row=row, registries=registries, now=now, business_date=business_date
            )
        case BasesBody():
            return await take_bases(
                push=push, body=body, row=row, registries=registries, now=now, business_date=business_date
            )
