"""Reading rectifications: staff see those of their offices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.cases.evaluation_port import GRADES
from domain.cases.queries import QUEUE_ROLES
from domain.cases.rectification.machine import flow_of
from domain.cases.refusals import RECTIFICATION_NOT_FOUND
from domain.cases.served import SERVED
from domain.catalogue import item
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import CURSOR_MALFORMED, NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RectificationFilters:
    """None means all; `mine` are those assigned to who asks, `overdue` those whose step is late."""

    state: str | None = None
    office_code: str | None = None
    open_only: bool = False
    overdue: bool = False
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RectificationView:
    account_no: int
    rectification_id: int
    case_id: int
    case_no: str
    item_name: str
    office_code: str
    evaluation_no: str
    grade: int
    grade_name: str
    tags: tuple[str, ...]
    comment: str
    terminal: str
    state: str
    state_name: str
    explanation: str
    flow_version: int
    complex_one: bool
    verdict: str | None
    assigned_to: int | None
    assigned_name: str | None
    answer: str | None
    call_back: str | None
    second_grade: int | None
    escalation: int
    opened_at: datetime
    opened_on: date
    due_on: date
    final_due_on: date
    closed_at: datetime | None

    def overdue(self, business_date: date) -> bool:
        return self.closed_at is None and self.due_on < business_date


@dataclass(frozen=True, slots=True, kw_only=True)
class RectificationEvent:
    seq: int
    at: datetime
    actor_name: str
    action_name: str
    to_state_name: str
    note: str | None


async def rectifications(
    *, actor: Actor, filters: RectificationFilters, business_date: date, first: int, after: str | None
) -> Page[RectificationView]:
    """What is due first comes first."""
    _require(actor)
    limit = check_first(first)
    values = (
        sorted(actor.office_codes) or None,
        filters.state,
        filters.office_code,
        filters.open_only,
        business_date if filters.overdue else None,
        actor.staff_id if filters.mine else None,
    )
    where = (
        " WHERE ($1::text[] IS NULL OR r.office_code = ANY ($1)) AND ($2::text IS NULL OR r.state = $2)"
        " AND ($3::text IS NULL OR r.office_code = $3) AND (NOT $4 OR r.closed_at IS NULL)"
        " AND ($5::date IS NULL OR (r.closed_at IS NULL AND r.due_on < $5))"
        " AND ($6::bigint IS NULL OR r.assigned_to = $6)"
    )
    total = await database.value(f"SELECT count(*) FROM rectification r{where}", *values)
    cursor = decode_cursor(after, shape=(str, int))
    rows = await database.rows(
        f"{_VIEW}{where} AND ($7::date IS NULL OR (r.due_on, r.rectification_id) > ($7, $8))"
        " ORDER BY r.due_on, r.rectification_id LIMIT $9",
        *values,
        _day(cursor[0]) if cursor else None,
        cursor[1] if cursor else None,
        limit + 1,
    )
    return cut(
        rows=[_view(row) for row in rows],
        first=limit,
        total=total,
        key=lambda one: [one.due_on.isoformat(), one.rectification_id],
    )


def _day(text: int | str) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Refused(CURSOR_MALFORMED()) from None


async def rectification_of(*, actor: Actor, rectification_id: int) -> RectificationView:
    """Raises Refused in the same words for one that does not exist and one of another office."""
    _require(actor)
    row = await database.row(f"{_VIEW} WHERE r.rectification_id = $1", rectification_id)
    if row is None or (actor.office_codes and row["office_code"] not in actor.office_codes):
        raise Refused(RECTIFICATION_NOT_FOUND())
    return _view(row)


async def events_of(*, view: RectificationView) -> list[RectificationEvent]:
    rows = await database.rows(
        "SELECT * FROM rectification_event WHERE account_no = $1 AND rectification_id = $2 ORDER BY seq",
        view.account_no,
        view.rectification_id,
    )
    flow = flow_of(view.flow_version)
    return [
        RectificationEvent(
            seq=row["seq"],
            at=row["at"],
            actor_name=row["actor_name"],
            action_name=_EXTRA_ACTIONS.get(row["action"]) or flow.transition(row["action"]).name,
            to_state_name=flow.state(row["to_state"]).name,
            note=row["note"],
        )
        for row in rows
    ]


_EXTRA_ACTIONS = {"remind": "临期提醒", "escalate": "超期升级"}


async def actions_of(*, actor: Actor, view: RectificationView) -> tuple[tuple[str, str], ...]:
    """(action, name) of what the actor may do now, for buttons; the action checks again."""
    flow = flow_of(view.flow_version)
    row = await database.row(
        "SELECT * FROM rectification WHERE account_no = $1 AND rectification_id = $2",
        view.account_no,
        view.rectification_id,
    )
    assert row is not None
    return tuple(
        [
            (action, flow.transition(action).name)
            for action in flow.actions_from(view.state)
            if flow.transition(action).kind == "staff" and await may_take(actor=actor, row=row, action=action)
        ]
    )


async def may_take(*, actor: Actor, row: Record, action: str, using: Executor = database.pool) -> bool:
    """By role, by the separation that the flow declares, and for the answer by assignment."""
    transition = flow_of(row["flow_version"]).transition(action)
    if not actor.has_role(*transition.roles):
        return False
    if action == "answer" and row["assigned_to"] != actor.staff_id:
        return False
    if not transition.separate_from:
        return True
    did = await using.value(
        "SELECT EXISTS (SELECT FROM rectification_event WHERE account_no = $1 AND rectification_id = $2"
        " AND actor = $3 AND action = ANY ($4))",
        row["account_no"],
        row["rectification_id"],
        actor.reference,
        list(transition.separate_from),
    )
    return not did


async def reply_of(*, account_no: int, case_id: int) -> str | None:
    """What the centre answered to the applicant's bad review, once it was called back about; None before."""
    answer: str | None = await database.value(
        "SELECT answer FROM rectification WHERE account_no = $1 AND case_id = $2"
        " AND state IN ('awaiting_second', 'closed') ORDER BY opened_at DESC LIMIT 1",
        account_no,
        case_id,
    )
    return answer


async def second_asked(*, account_no: int, case_id: int) -> bool:
    """Whether the applicant was asked to evaluate the case again and has not."""
    return bool(
        await database.value(
            "SELECT EXISTS (SELECT FROM rectification WHERE account_no = $1 AND case_id = $2"
            " AND state = 'awaiting_second')",
            account_no,
            case_id,
        )
    )


async def rectification_for_report(*, account_no: int, evaluation_no: str) -> RectificationView:
    """For telling the platform: the system's own reading."""
    row = await database.row(f"{_VIEW} WHERE r.account_no = $1 AND r.evaluation_no = $2", account_no, evaluation_no)
    assert row is not None, f"no rectification of {evaluation_no}"
    return _view(row)


_VIEW = f"""
SELECT r.*, c.case_no, c.item, e.grade, e.tags, e.comment, e.terminal, s.name AS assigned_name
FROM rectification r
JOIN {SERVED} c ON c.account_no = r.account_no AND c.case_id = r.case_id
JOIN evaluation e ON e.account_no = r.account_no AND e.evaluation_no = r.evaluation_no
LEFT JOIN staff s ON s.staff_id = r.assigned_to
"""


def _require(actor: Actor) -> None:
    if not actor.has_role(*QUEUE_ROLES):
        raise Refused(NOT_PERMITTED())


def _view(row: Record) -> RectificationView:
    state = flow_of(row["flow_version"]).state(row["state"])
    return RectificationView(
        account_no=row["account_no"],
        rectification_id=row["rectification_id"],
        case_id=row["case_id"],
        case_no=row["case_no"],
        item_name=item(row["item"]).name,
        office_code=row["office_code"],
        evaluation_no=row["evaluation_no"],
        grade=row["grade"],
        grade_name=GRADES[row["grade"]],
        tags=tuple(row["tags"]),
        comment=row["comment"],
        terminal=row["terminal"],
        state=row["state"],
        state_name=state.name,
        explanation=state.explanation,
        flow_version=row["flow_version"],
        complex_one=row["complex"],
        verdict=row["verdict"],
        assigned_to=row["assigned_to"],
        assigned_name=row["assigned_name"],
        answer=row["answer"],
        call_back=row["call_back"],
        second_grade=row["second_grade"],
        escalation=row["escalation"],
        opened_at=row["opened_at"],
        opened_on=row["opened_on"],
        due_on=row["due_on"],
        final_due_on=row["final_due_on"],
        closed_at=row["closed_at"],
    )
