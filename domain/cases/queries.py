"""Reading cases. Rows are reached only through `visible_to(actor)`: what is not visible does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tortoise.expressions import Q
from tortoise.functions import Sum
from tortoise.queryset import QuerySet

from domain.cases.models import ServiceCase
from domain.cases.refusals import CASE_NOT_FOUND
from domain.cases.views import CHECK_NAMES, CaseCheck, CaseEvent, CaseView, case_view
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Record
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import CURSOR_MALFORMED, NOT_PERMITTED, Refused

QUEUE_ROLES = (
    Role.PRELIMINARY_REVIEWER,
    Role.FINAL_REVIEWER,
    Role.SUPERVISOR,
    Role.FINANCE,
    Role.SERVICE_DESK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilters:
    """What a staff list shows; None means all. Dates are of submission, both inclusive."""

    item: str | None = None
    state: str | None = None
    office_code: str | None = None
    channel: str | None = None
    flagged: bool | None = None
    locked: bool | None = None
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage(Page[CaseView]):
    """A page of the queue with the sum of all pages (D25)."""

    amount_total: Money


async def visible_to(actor: Actor) -> QuerySet[ServiceCase]:
    """The cases an actor may see: a citizen's own; for staff of the desk those of their offices; else none."""
    if actor.is_real_name:
        rows = await database.rows("SELECT account_no FROM person_account WHERE person_id = $1", actor.person_id)
        numbers = [row["account_no"] for row in rows]
        return ServiceCase.filter(account_no__in=numbers, person_id=actor.person_id)
    if actor.has_role(*QUEUE_ROLES):
        seen = ServiceCase.all()
        return seen.filter(office_code__in=sorted(actor.office_codes)) if actor.office_codes else seen
    return ServiceCase.filter(case_id=0)


def is_visible(case: CaseView, actor: Actor) -> bool:
    """The rule of `visible_to` for one case in hand."""
    if actor.is_real_name:
        return case.person_id == actor.person_id
    return actor.has_role(*QUEUE_ROLES) and (not actor.office_codes or case.office_code in actor.office_codes)


async def case_by_no(*, actor: Actor, case_no: str) -> CaseView:
    """Raises Refused `case.not_found` for a case that does not exist and, in the same words, for one that the actor
    may not see."""
    place = await database.row("SELECT account_no, case_id FROM case_no_lookup WHERE case_no = $1", case_no)
    if place is None:
        raise Refused(CASE_NOT_FOUND())
    case = await case_by_key(account_no=place["account_no"], case_id=place["case_id"])
    if not is_visible(case, actor):
        raise Refused(CASE_NOT_FOUND())
    return case


async def key_of(*, case_no: str, using: Executor = database.pool) -> tuple[int, int]:
    """(account, case) of a number that exists: the first step of the two-step look-up, for the system's own work."""
    row = await using.row("SELECT account_no, case_id FROM case_no_lookup WHERE case_no = $1", case_no)
    assert row is not None, f"case {case_no} is unknown"
    return row["account_no"], row["case_id"]


async def case_by_key(*, account_no: int, case_id: int, using: Executor = database.pool) -> CaseView:
    """For the system's own work, after the fact: no actor, no refusal."""
    row = await using.row(CASE_ROW, account_no, case_id)
    assert row is not None, f"case {case_id} is unknown"
    return case_view(row, evaluation=row["grade"])


CASE_ROW = """
SELECT c.*, (SELECT e.grade FROM evaluation e WHERE e.account_no = c.account_no AND e.case_id = c.case_id
             ORDER BY e.given_at DESC, e.evaluation_no LIMIT 1) AS grade
FROM service_case c
WHERE c.account_no = $1 AND c.case_id = $2
"""


async def cases_of_person(
    *, actor: Actor, first: int, after: str | None, states: list[str] | None = None
) -> Page[CaseView]:
    """A citizen's own cases, the newest first."""
    limit = check_first(first)
    if not actor.is_citizen:
        raise Refused(NOT_PERMITTED())
    seen = await visible_to(actor)
    if states:
        seen = seen.filter(state__in=states)
    total = await seen.count()
    cursor = decode_cursor(after, shape=(str, int))
    if cursor:
        at, case_id = _place(cursor)
        seen = seen.filter(Q(submitted_at__lt=at) | Q(submitted_at=at, case_id__lt=case_id))
    rows = await seen.order_by("-submitted_at", "-case_id").limit(limit + 1).values()
    grades = await _grades([row["case_id"] for row in rows], [row["account_no"] for row in rows])
    return cut(
        rows=[case_view(row, evaluation=grades.get(row["case_id"])) for row in rows],
        first=limit,
        total=total,
        key=lambda case: [case.submitted_at.isoformat(), case.case_id],
    )


async def review_queue(
    *, actor: Actor, filters: QueueFilters, first: int, after: str | None, now: datetime
) -> QueuePage:
    """The staff's list, the oldest first, with totals over all pages."""
    limit = check_first(first)
    if not actor.has_role(*QUEUE_ROLES):
        raise Refused(NOT_PERMITTED())
    seen = _filtered(await visible_to(actor), filters, now)
    total = await seen.count()
    summed = await seen.annotate(amount=Sum("amount_fen")).values("amount")
    amount = sum(int(row["amount"] or 0) for row in summed)
    cursor = decode_cursor(after, shape=(str, int))
    if cursor:
        at, case_id = _place(cursor)
        seen = seen.filter(Q(submitted_at__gt=at) | Q(submitted_at=at, case_id__gt=case_id))
    rows = await seen.order_by("submitted_at", "case_id").limit(limit + 1).values()
    page = cut(
        rows=[case_view(row) for row in rows],
        first=limit,
        total=total,
        key=lambda case: [case.submitted_at.isoformat(), case.case_id],
    )
    return QueuePage(
        items=page.items,
        cursors=page.cursors,
        has_next=page.has_next,
        total=total,
        amount_total=Money(amount),
    )


def _place(cursor: list[int | str]) -> tuple[datetime, int]:
    """The instant and the case that a cursor names. Raises Refused unless it is an instant with its offset."""
    try:
        at = datetime.fromisoformat(str(cursor[0]))
    except ValueError:
        raise Refused(CURSOR_MALFORMED()) from None
    if at.tzinfo is None or not 1970 <= at.year < 2200:
        raise Refused(CURSOR_MALFORMED())
    return at, int(cursor[1])


def _filtered(seen: QuerySet[ServiceCase], filters: QueueFilters, now: datetime) -> QuerySet[ServiceCase]:
    exact = {
        "item": filters.item,
        "state": filters.state,
        "office_code": filters.office_code,
        "channel": filters.channel,
        "submitted_at__gte": filters.submitted_from,
        "submitted_at__lte": filters.submitted_to,
    }
    seen = seen.filter(**{name: value for name, value in exact.items() if value is not None})
    if filters.flagged is not None:
        seen = seen.exclude(flags=[]) if filters.flagged else seen.filter(flags=[])
    if filters.locked is not None:
        locked = Q(locked_until__gt=now)
        seen = seen.filter(locked) if filters.locked else seen.exclude(locked)
    return seen


async def history_of(*, case: CaseView, using: Executor = database.pool) -> list[CaseEvent]:
    rows = await using.rows(
        "SELECT * FROM case_event WHERE account_no = $1 AND case_id = $2 ORDER BY seq",
        case.account_no,
        case.case_id,
    )
    names = case.flow
    return [
        CaseEvent(
            seq=row["seq"],
            at=row["at"],
            actor_kind=row["actor"].split(":")[0],
            actor_name=row["actor_name"],
            action=row["action"],
            action_name=names.transition(row["action"]).name,
            from_state=row["from_state"],
            to_state=row["to_state"],
            to_state_name=names.state(row["to_state"]).name,
            reason_code=row["reason_code"],
            note=row["note"],
            internal_note=row["internal_note"],
        )
        for row in rows
    ]


async def checks_of(*, case: CaseView, using: Executor = database.pool) -> list[CaseCheck]:
    """The checks that count; those from before a correction stay in the table."""
    rows = await using.rows(
        "SELECT * FROM case_check WHERE account_no = $1 AND case_id = $2 AND superseded_at IS NULL ORDER BY check_no",
        case.account_no,
        case.case_id,
    )
    return [_check(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What whoever decides at the end has to know of a case: its checks, and why reviewers passed over what stood
    against it, each with the name of who did."""

    checks: tuple[CaseCheck, ...]
    reasons: tuple[tuple[str, str], ...]

    @property
    def open_checks(self) -> tuple[CaseCheck, ...]:
        return tuple(check for check in self.checks if check.outcome != "passed")


async def reviewed(*, cases: Sequence[CaseView]) -> dict[str, Reviewed]:
    """By case number, for a page of cases that the caller may see; in two statements."""
    keys = [case.account_no for case in cases], [case.case_id for case in cases]
    checks = await database.rows(
        "SELECT c.* FROM case_check c JOIN unnest($1::bigint[], $2::bigint[]) AS k (account_no, case_id)"
        " USING (account_no, case_id) WHERE c.superseded_at IS NULL ORDER BY c.case_id, c.check_no",
        *keys,
    )
    notes = await database.rows(
        "SELECT e.case_id, e.actor_name, e.internal_note FROM case_event e"
        " JOIN unnest($1::bigint[], $2::bigint[]) AS k (account_no, case_id) USING (account_no, case_id)"
        " WHERE e.internal_note IS NOT NULL ORDER BY e.case_id, e.seq",
        *keys,
    )
    return {
        case.case_no: Reviewed(
            checks=tuple(_check(row) for row in checks if row["case_id"] == case.case_id),
            reasons=tuple((row["actor_name"], row["internal_note"]) for row in notes if row["case_id"] == case.case_id),
        )
        for case in cases
    }


def _check(row: Record) -> CaseCheck:
    return CaseCheck(
        check_no=row["check_no"],
        kind=row["kind"],
        kind_name=CHECK_NAMES.get(row["kind"], row["kind"]),
        agency=row["agency"],
        asked_at=row["asked_at"],
        as_of=row["as_of"],
        outcome=row["outcome"],
        summary=row["summary"],
        trace_no=row["trace_no"],
        override_reason=row["override_reason"],
        about=row["about"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCase:
    """A case of the account that has not ended: what a new one may conflict with (D01)."""

    case_no: str
    item: str
    state: str
    office_name: str


async def running_cases(*, account_no: int, using: Executor = database.pool) -> list[RunningCase]:
    rows = await using.rows(
        "SELECT c.case_no, c.item, c.state, o.name AS office_name FROM service_case c"
        " JOIN management_office o ON o.code = c.office_code"
        " WHERE c.account_no = $1 AND c.ended_at IS NULL ORDER BY c.submitted_at",
        account_no,
    )
    return [RunningCase(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """One business day of the desk, for the staff's front page. `waiting` and `overdue` count all open cases."""

    by_state: dict[str, int]
    by_channel: dict[str, int]
    by_hour: dict[int, int]
    submitted: int
    decided: int
    paid: Money
    waiting: int
    overdue: int


async def day_figures(*, actor: Actor, business_date: date) -> DayFigures:
    """Raises Refused unless the actor works at the desk. Limited to the actor's offices."""
    if not actor.has_role(*QUEUE_ROLES):
        raise Refused(NOT_PERMITTED())
    offices = sorted(actor.office_codes) or None
    rows = await database.rows(
        "SELECT state, channel, extract(hour FROM submitted_at AT TIME ZONE 'Asia/Shanghai')::int AS hour,"
        " count(*) AS n FROM service_case WHERE business_date = $1 AND ($2::text[] IS NULL OR office_code = ANY($2))"
        " GROUP BY 1, 2, 3",
        business_date,
        offices,
    )
    open_row = await database.row(
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE due_on < $1) AS overdue FROM service_case"
        " WHERE ended_at IS NULL AND ($2::text[] IS NULL OR office_code = ANY($2))",
        business_date,
        offices,
    )
    day_row = await database.row(
        "SELECT count(*) FILTER (WHERE (decided_at AT TIME ZONE 'Asia/Shanghai')::date = $1) AS decided,"
        " coalesce(sum(amount_fen) FILTER (WHERE state = 'completed'"
        " AND (ended_at AT TIME ZONE 'Asia/Shanghai')::date = $1), 0)::bigint AS paid"
        " FROM service_case WHERE ($2::text[] IS NULL OR office_code = ANY($2))",
        business_date,
        offices,
    )
    assert open_row is not None and day_row is not None

    def count_by(name: str) -> dict[str, int]:
        totals: dict[str, int] = {}
        for row in rows:
            totals[row[name]] = totals.get(row[name], 0) + row["n"]
        return totals

    hours = count_by("hour")
    return DayFigures(
        by_state=count_by("state"),
        by_channel=count_by("channel"),
        by_hour={int(hour): number for hour, number in hours.items()},
        submitted=sum(row["n"] for row in rows),
        decided=day_row["decided"],
        paid=Money(day_row["paid"]),
        waiting=open_row["waiting"],
        overdue=open_row["overdue"],
    )


async def _grades(case_ids: list[int], account_nos: list[int]) -> dict[int, int]:
    """The newest grade of each case."""
    rows = await database.rows(
        "SELECT case_id, grade FROM evaluation WHERE account_no = ANY ($1::bigint[]) AND case_id = ANY ($2::bigint[])"
        " ORDER BY given_at, evaluation_no DESC",
        account_nos,
        case_ids,
    )
    return {row["case_id"]: row["grade"] for row in rows}
