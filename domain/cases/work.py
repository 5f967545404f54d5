"""待办: what waits by department and step, and decisions on many cases at once with a result each (D11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.cases.deputies import SIGNING_ROLES
from domain.cases.flows import flows
from domain.cases.ports import Matters
from domain.cases.refusals import BATCH_SIZE
from domain.cases.review import decide
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refused

BATCH_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """What waits in one department at one step. `mine` says that the actor holds a role that signs there."""

    office_code: str
    office_name: str
    state: str
    state_name: str
    waiting: int
    overdue: int
    escalated: int
    claimed: int
    amount: Money
    oldest_at: datetime
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one case of a batch; `problems` are sentences for people, empty when it was decided."""

    case_no: str
    done: bool
    state_name: str
    problems: tuple[str, ...]


async def work_list(*, actor: Actor, now: datetime) -> list[WorkLine]:
    """Every step with something to sign, by department; limited to the actor's offices. Raises Refused."""
    if not actor.has_role(*SIGNING_ROLES):
        raise Refused(NOT_PERMITTED())
    roles: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for one in flows():
        for state, review in one.reviews.items():
            names[state] = one.state(state).name
            roles.setdefault(state, set()).update(role for seat in review.seats for role in seat.roles)
    held = set(actor.roles) | await _deputised(actor, business_date_of(now))
    rows = await database.rows(
        "SELECT c.office_code, o.name AS office_name, c.state, count(*)::int AS waiting,"
        " (count(*) FILTER (WHERE c.due_on < $2))::int AS overdue, count(x.round)::int AS escalated,"
        " (count(*) FILTER (WHERE c.locked_until > $3))::int AS claimed, sum(c.amount_fen)::bigint AS amount,"
        " min(c.submitted_at) AS oldest_at"
        " FROM service_case c JOIN management_office o ON o.code = c.office_code"
        " LEFT JOIN case_escalation x ON x.account_no = c.account_no AND x.case_id = c.case_id AND x.round = c.revision"
        " WHERE c.state = ANY($1) AND c.ended_at IS NULL AND ($4::text[] IS NULL OR c.office_code = ANY($4))"
        " GROUP BY 1, 2, 3 ORDER BY 1, 3",
        sorted(names),
        business_date_of(now),
        now,
        sorted(actor.office_codes) or None,
    )
    return [
        WorkLine(
            office_code=row["office_code"],
            office_name=row["office_name"],
            state=row["state"],
            state_name=names[row["state"]],
            waiting=row["waiting"],
            overdue=row["overdue"],
            escalated=row["escalated"],
            claimed=row["claimed"],
            amount=Money(row["amount"]),
            oldest_at=row["oldest_at"],
            mine=bool(roles[row["state"]] & held),
        )
        for row in rows
    ]


async def decide_many(
    *,
    actor: Actor,
    case_nos: Sequence[str],
    decision: str,
    reason_code: str | None,
    note: str | None,
    request_key: str,
    now: datetime,
    business_date: date,
    matters: Matters,
) -> list[BatchResult]:
    """Decides each case by itself: one that is refused leaves the others done. The same request key and
    case answers the same. Raises Refused only for an empty or too long batch."""
    chosen = list(dict.fromkeys(case_nos))
    if not 1 <= len(chosen) <= BATCH_MAX:
        raise Refused(BATCH_SIZE(most=BATCH_MAX))
    results: list[BatchResult] = []
    for case_no in chosen:
        try:
            view = await decide(
                actor=actor,
                case_no=case_no,
                decision=decision,
                reason_code=reason_code,
                note=note,
                request_key=f"{request_key}-{case_no[-12:]}"[:64],
                now=now,
                business_date=business_date,
                matters=matters,
                at_once=True,
            )
        except Refused as refused:
            messages = tuple(dict.fromkeys(one.message for one in refused.refusals))
            results.append(BatchResult(case_no=case_no, done=False, state_name="", problems=messages))
        else:
            results.append(BatchResult(case_no=case_no, done=True, state_name=view.state_name, problems=()))
    return results


async def _deputised(actor: Actor, on: date) -> set[str]:
    rows = await database.rows(
        "SELECT s.roles FROM review_deputy d JOIN staff s ON s.staff_id = d.absent_staff_id"
        " WHERE d.deputy_staff_id = $1 AND d.ended_at IS NULL AND $2 BETWEEN d.from_on AND d.until_on",
        actor.staff_id,
        on,
    )
    return {role for row in rows for role in row["roles"]}
