"""催缴短信: what an employer has not paid in time is texted to its agents for payments, and kept in the log (D17).

That a reminder goes out once a day at most is our assumption; no rule names a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.contributions.agents import agents_for
from domain.contributions.certificate_refusals import REMINDER_NO_PHONE, REMINDER_NOTHING_DUE, REMINDER_TODAY
from domain.contributions.certificates.gathering import compliance_of
from domain.contributions.employers.reminding import keep_reminder
from domain.contributions.employers.standing import (
    COUNTER_ROLES,
    EmployerStanding,
    lock_standing,
    require_employer,
    standing_of,
)
from domain.contributions.events import EMPLOYER_REMINDED
from domain.contributions.refusals import EMPLOYER_CLOSED
from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, transaction
from domain.kernel.dates import YearMonth, business_date_of, months_between
from domain.kernel.refusal import NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An agent for payments, masked; `mobile_masked` is None where no phone is known."""

    person_id: int
    name_masked: str
    mobile_masked: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderAhead:
    """What a reminder would say now and to whom. `owed` is empty when nothing is overdue."""

    owed: str
    recipients: tuple[Recipient, ...]
    sent_today: bool


async def reminder_ahead(*, actor: Actor, employer_no: int, now: datetime, business_date: date) -> ReminderAhead:
    """For staff, before they send. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    standing = await standing_of(employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="queries")
    return await _ahead(database.pool, standing=standing, now=now, business_date=business_date)


async def text_reminder(
    *, actor: Actor, employer_no: int, request_key: str, now: datetime, business_date: date
) -> None:
    """One event for each agent with a phone. Raises Refused with everything against it."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        begun = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="text_reminder", given={},
            now=now,
        )  # fmt: skip
        if begun is not None:
            return
        if standing.state == "04":
            raise Refused(EMPLOYER_CLOSED())
        ahead = await _ahead(tx, standing=standing, now=now, business_date=business_date)
        found = []
        if not ahead.owed:
            found.append(REMINDER_NOTHING_DUE())
        if ahead.sent_today:
            found.append(REMINDER_TODAY())
        reached = [one for one in ahead.recipients if one.mobile_masked is not None]
        if not reached:
            found.append(REMINDER_NO_PHONE())
        if found:
            raise Refused(*found)
        reminder_id = await keep_reminder(
            tx, actor=actor, employer_no=employer_no, means="sms", contact=f"缴款经办人{len(reached)}人",
            about=ahead.owed, said="", promised_on=None, happened_at=now, now=now,
        )  # fmt: skip
        for one in ahead.recipients:
            event_id = None
            if one.mobile_masked is not None:
                payload: dict[str, object] = {
                    "employer_no": str(employer_no),
                    "person_id": str(one.person_id),
                    "employer_name": standing.name,
                    "owed": ahead.owed,
                }
                event_id = await outbox.emit(
                    tx, account_no=employer_no, kind=EMPLOYER_REMINDED, payload=payload, now=now
                )
            await tx.execute(
                "INSERT INTO employer_reminder_text (employer_no, reminder_id, person_id, event_id)"
                " VALUES ($1, $2, $3, $4)",
                employer_no,
                reminder_id,
                one.person_id,
                event_id,
            )
        await audit.record(
            tx, actor=actor, action="reminder.texted", subject=f"employer:{employer_no}", now=now,
            detail={"people": len(reached)},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={})


async def _ahead(using: Executor, *, standing: EmployerStanding, now: datetime, business_date: date) -> ReminderAhead:
    return ReminderAhead(
        owed=await _owed(using, standing=standing, business_date=business_date),
        recipients=await _recipients(using, employer_no=standing.employer_no, on=business_date_of(now)),
        sent_today=bool(
            await using.value(
                "SELECT EXISTS (SELECT 1 FROM employer_reminder WHERE employer_no = $1 AND means = 'sms'"
                " AND (happened_at AT TIME ZONE 'Asia/Shanghai')::date = $2)",
                standing.employer_no,
                business_date_of(now),
            )
        ),
    )


async def _owed(using: Executor, *, standing: EmployerStanding, business_date: date) -> str:
    """A sealed employer owes no further month, only what was drawn up before."""
    months: list[YearMonth] = []
    if standing.state != "05":
        facts = await compliance_of(using, standing=standing, business_date=business_date)
        months = facts.unpaid(start=standing.first_month, until=YearMonth.of(business_date))
    rows = await using.rows(
        "SELECT kind, period FROM remittance_statement WHERE employer_no = $1"
        " AND state IN ('open', 'collecting', 'taking_back') AND due_on < $2",
        standing.employer_no,
        business_date,
    )
    drawn = {YearMonth.of_period(row["period"]) for row in rows if row["kind"] == "remittance"}
    return owed_text(sorted(drawn.union(months)), back_payments=sum(row["kind"] == "back_payment" for row in rows))


def owed_text(months: Sequence[YearMonth], *, back_payments: int) -> str:
    """What is overdue in words, within a variable of a text; empty for nothing. `months` are in order."""
    said = []
    if len(months) == 1:
        said.append(f"{months[0]}汇缴")
    elif months:
        together = months_between(months[0], months[-1]) + 1 == len(months)
        said.append(f"{months[0]}至{months[-1]}{'' if together else '间'}共{len(months)}个月汇缴")
    if back_payments:
        said.append(f"补缴书{back_payments}份")
    return "、".join(said)


async def _recipients(using: Executor, *, employer_no: int, on: date) -> tuple[Recipient, ...]:
    agents = await agents_for(employer_no=employer_no, scope="payments", on=on, using=using)
    rows = await using.rows(
        "SELECT person_id, name_masked, mobile_masked FROM person WHERE person_id = ANY ($1::bigint[])"
        " ORDER BY array_position($1, person_id)",
        agents,
    )
    return tuple(Recipient(**dict(row)) for row in rows)
