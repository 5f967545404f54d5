"""催缴记录: each time somebody of an employer was told of what it owes; what an enforcement case begins with (D17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.contributions.certificate_refusals import (
    REMINDER_CONTACT,
    REMINDER_MEANS,
    REMINDER_PROMISE,
    REMINDER_SAID,
    REMINDER_TIME,
)
from domain.contributions.employers.standing import COUNTER_ROLES, lock_standing, require_employer
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

MEANS = {"phone": "电话", "sms": "短信", "letter": "信函", "visit": "上门"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderText:
    """An agent to whom a reminder by SMS was meant, masked. `event_id` leads to the message; None: no phone then."""

    person_id: int
    name_masked: str
    event_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderView:
    """`texts`: for one that was sent from here by SMS."""

    means_name: str
    contact: str
    about: str
    said: str
    promised_on: date | None
    happened_at: datetime
    recorded_by_name: str
    texts: tuple[ReminderText, ...]


async def record_reminder(
    *,
    actor: Actor,
    employer_no: int,
    means: str,
    contact: str,
    about: str,
    said: str,
    promised_on: date | None,
    happened_at: datetime,
    request_key: str,
    now: datetime,
) -> None:
    """Raises Refused with everything against it."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    contact, about, said = contact.strip(), about.strip(), said.strip()
    given = {"means": means, "contact": contact, "about": about, "said": said, "promised": promised_on,
             "at": happened_at.isoformat()}  # fmt: skip
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        begun = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="record_reminder", given=given,
            now=now,
        )  # fmt: skip
        if begun is not None:
            return
        found = []
        if means not in MEANS:
            found.append(REMINDER_MEANS())
        if not 2 <= len(contact) <= 60:
            found.append(REMINDER_CONTACT())
        if not (4 <= len(said) <= 500 and 2 <= len(about) <= 200):
            found.append(REMINDER_SAID())
        if happened_at > now:
            found.append(REMINDER_TIME())
        if promised_on is not None and promised_on < business_date_of(happened_at):
            found.append(REMINDER_PROMISE())
        if found:
            raise Refused(*found)
        await keep_reminder(
            tx, actor=actor, employer_no=employer_no, means=means, contact=contact, about=about, said=said,
            promised_on=promised_on, happened_at=happened_at, now=now,
        )  # fmt: skip
        await audit.record(
            tx, actor=actor, action="reminder.recorded", subject=f"employer:{employer_no}", now=now,
            detail={"method": means},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={})


async def keep_reminder(
    tx: Transaction,
    *,
    actor: Actor,
    employer_no: int,
    means: str,
    contact: str,
    about: str,
    said: str,
    promised_on: date | None,
    happened_at: datetime,
    now: datetime,
) -> int:
    """The number of the reminder. Rights and what is given are the caller's matter."""
    reminder_id = new_id()
    await tx.execute(
        "INSERT INTO employer_reminder (employer_no, reminder_id, means, contact, about, said, promised_on,"
        " happened_at, recorded_by, recorded_by_name, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        employer_no,
        reminder_id,
        means,
        contact,
        about,
        said,
        promised_on,
        happened_at,
        actor.reference,
        actor.name,
        now,
    )
    return reminder_id


async def reminders_of(*, actor: Actor, employer_no: int, most: int = 100) -> list[ReminderView]:
    """The newest first, for staff. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    rows = await database.rows(
        "SELECT * FROM employer_reminder WHERE employer_no = $1 ORDER BY happened_at DESC LIMIT $2", employer_no, most
    )
    texts = await _texts(employer_no, [row["reminder_id"] for row in rows])
    return [
        ReminderView(
            means_name=MEANS[row["means"]],
            contact=row["contact"],
            about=row["about"],
            said=row["said"],
            promised_on=row["promised_on"],
            happened_at=row["happened_at"],
            recorded_by_name=row["recorded_by_name"],
            texts=tuple(texts.get(row["reminder_id"], ())),
        )
        for row in rows
    ]


async def _texts(employer_no: int, reminder_ids: list[int]) -> dict[int, list[ReminderText]]:
    """By reminder; whoever has no phone comes last."""
    rows = await database.rows(
        "SELECT reminder_id, person_id, event_id FROM employer_reminder_text WHERE employer_no = $1"
        " AND reminder_id = ANY ($2::bigint[]) ORDER BY event_id NULLS LAST, person_id",
        employer_no,
        reminder_ids,
    )
    # persons are kept by another key: asked for by themselves
    persons = await database.rows(
        "SELECT person_id, name_masked FROM person WHERE person_id = ANY ($1::bigint[])",
        sorted({row["person_id"] for row in rows}),
    )
    names = {one["person_id"]: one["name_masked"] for one in persons}
    found: dict[int, list[ReminderText]] = {}
    for row in rows:
        text = ReminderText(person_id=row["person_id"], name_masked=names[row["person_id"]], event_id=row["event_id"])
        found.setdefault(row["reminder_id"], []).append(text)
    return found
