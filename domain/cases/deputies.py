"""代理人: who signs in reviews for an absent member of staff, for how long and why. A supervisor appoints; both are
reviewers of the desk, so that nobody gains a right that reviewers do not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.cases.refusals import DEPUTY_PERIOD, DEPUTY_REASON, DEPUTY_RUNNING, DEPUTY_UNFIT, DEPUTY_UNKNOWN
from domain.kernel import audit, database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

SIGNING_ROLES = (Role.PRELIMINARY_REVIEWER, Role.FINAL_REVIEWER, Role.SUPERVISOR, Role.FINANCE)
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 2, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """An appointment. `state` is one of `running`, `ahead`, `over`."""

    deputy_no: int
    absent_name: str
    deputy_name: str
    from_on: date
    until_on: date
    reason: str
    state: str
    appointed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The roles that an actor may sign with today; each with the absent member whose it is, None for the own."""

    roles: Mapping[str, str | None]

    def any_of(self, *roles: str) -> str | None:
        """The first of these roles that is held, the own before another's."""
        found = [role for role in roles if role in self.roles]
        return min(found, key=lambda role: self.roles[role] is not None) if found else None


async def roles_held(*, actor: Actor, office_code: str, on: date, using: Executor) -> Held:
    """The own roles of the desk, and those of absent members whose deputy the actor is on the day, within their
    offices."""
    own: dict[str, str | None] = dict.fromkeys(actor.roles & set(SIGNING_ROLES), None)
    if not actor.is_staff:
        return Held(roles={})
    rows = await using.rows(
        "SELECT s.staff_id, s.roles FROM review_deputy d JOIN staff s ON s.staff_id = d.absent_staff_id"
        " WHERE d.deputy_staff_id = $1 AND d.ended_at IS NULL AND $2 BETWEEN d.from_on AND d.until_on"
        " AND (cardinality(s.office_codes) = 0 OR $3 = ANY(s.office_codes)) ORDER BY s.staff_id",
        actor.staff_id,
        on,
        office_code,
    )
    for row in rows:
        for role in row["roles"]:
            if role in SIGNING_ROLES:
                own.setdefault(role, f"staff:{row['staff_id']}")
    return Held(roles=own)


async def appoint_deputy(
    *, actor: Actor, absent: str, deputy: str, from_on: date, until_on: date, reason: str, now: datetime
) -> int:
    """Appoints by logins. Raises Refused with everything against it. Returns the appointment's number."""
    if not actor.has_role(Role.SUPERVISOR):
        raise Refused(NOT_PERMITTED())
    today = business_date_of(now)
    most = policy.on(today).number("review.deputy_days_max")
    async with transaction() as tx:
        rows = await tx.rows(
            "SELECT staff_id, login, roles FROM staff WHERE login = ANY($1) AND active ORDER BY login FOR UPDATE",
            [absent.strip(), deputy.strip()],
        )
        found = {row["login"]: row for row in rows}
        refusals: list[Refusal] = []
        away, stand_in = found.get(absent.strip()), found.get(deputy.strip())
        if away is None or stand_in is None or away is stand_in:
            refusals.append(DEPUTY_UNKNOWN())
        elif not all(set(one["roles"]) & set(SIGNING_ROLES) for one in (away, stand_in)):
            refusals.append(DEPUTY_UNFIT())
        if not today <= from_on <= until_on or (until_on - from_on).days >= most:
            refusals.append(DEPUTY_PERIOD(most=most))
        if not REASON_LENGTH_MIN <= len(reason.strip()) <= REASON_LENGTH_MAX:
            refusals.append(DEPUTY_REASON())
        if refusals:
            raise Refused(*refusals)
        assert away is not None and stand_in is not None
        overlapping = await tx.value(
            "SELECT EXISTS (SELECT FROM review_deputy WHERE absent_staff_id = $1 AND ended_at IS NULL"
            " AND from_on <= $3 AND until_on >= $2)",
            away["staff_id"],
            from_on,
            until_on,
        )
        if overlapping:
            raise Refused(DEPUTY_RUNNING())
        deputy_no = new_id()
        await tx.execute(
            "INSERT INTO review_deputy (deputy_no, absent_staff_id, deputy_staff_id, from_on, until_on, reason,"
            " appointed_by, appointed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            deputy_no,
            away["staff_id"],
            stand_in["staff_id"],
            from_on,
            until_on,
            reason.strip(),
            actor.reference,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="review.deputy_appointed",
            subject=f"deputy:{deputy_no}",
            now=now,
            detail={
                "absent": f"staff:{away['staff_id']}",
                "deputy": f"staff:{stand_in['staff_id']}",
                "until": until_on,
            },
        )
    return deputy_no


async def end_deputy(*, actor: Actor, deputy_no: int, now: datetime) -> None:
    """The absent member is back. Raises Refused."""
    if not actor.has_role(Role.SUPERVISOR):
        raise Refused(NOT_PERMITTED())
    async with transaction() as tx:
        ended = await tx.value(
            "UPDATE review_deputy SET ended_by = $2, ended_at = $3 WHERE deputy_no = $1 AND ended_at IS NULL"
            " RETURNING deputy_no",
            deputy_no,
            actor.reference,
            now,
        )
        if ended is None:
            raise Refused(DEPUTY_UNKNOWN())
        await audit.record(tx, actor=actor, action="review.deputy_ended", subject=f"deputy:{deputy_no}", now=now)


async def deputies(*, on: date, most: int = 100) -> list[Deputy]:
    """Appointments, those that run or are ahead first."""
    rows = await database.rows(
        "SELECT d.*, a.name AS absent_name, s.name AS deputy_name FROM review_deputy d"
        " JOIN staff a ON a.staff_id = d.absent_staff_id JOIN staff s ON s.staff_id = d.deputy_staff_id"
        " ORDER BY d.ended_at IS NOT NULL OR d.until_on < $1, d.from_on, d.deputy_no LIMIT $2",
        on,
        most,
    )

    def state(row: database.Record) -> str:
        if row["ended_at"] is not None or row["until_on"] < on:
            return "over"
        return "ahead" if row["from_on"] > on else "running"

    return [
        Deputy(
            deputy_no=row["deputy_no"],
            absent_name=row["absent_name"],
            deputy_name=row["deputy_name"],
            from_on=row["from_on"],
            until_on=row["until_on"],
            reason=row["reason"],
            state=state(row),
            appointed_at=row["appointed_at"],
        )
        for row in rows
    ]
