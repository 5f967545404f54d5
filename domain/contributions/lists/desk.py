"""What every step of a list shares: rights, months, lists in transit, request keys. Locks: the employer's account, then
the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.contributions.employers.standing import (
    EmployerStanding,
    lock_standing,
    require_employer,
    require_open,
)
from domain.contributions.events import LIST_WORK
from domain.contributions.numbers import paper_no
from domain.contributions.refusals import (
    LIST_CHANNEL,
    LIST_HAS_REFUSED,
    LIST_IN_TRANSIT,
    LIST_MONTH,
    LIST_MONTH_DRAWN,
    LIST_NOT_FOUND,
    LIST_NOTHING_ACCEPTED,
    LIST_STATE,
    LIST_YEAR,
)
from domain.kernel import audit, idempotency, outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused

STATE_NAMES = {
    "checking": "校验中",
    "checked": "待提交",
    "applying": "办理中",
    "applied": "已办结",
    "refused": "未受理",
    "cancelled": "已撤销",
}
KIND_NAMES = {"change": "汇缴变更清册", "back_payment": "补缴清册", "annual_base": "跨年清册（基数核定）"}
_LETTERS = {"change": "QC", "back_payment": "BJ", "annual_base": "KN"}
_JULY = 7
_IN_TRANSIT = ("checking", "checked", "applying")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOpened:
    list_id: int
    list_no: str


async def own_list(tx: Transaction, *, actor: Actor, employer_no: int, list_no: str) -> Record:
    standing = await lock_standing(tx, employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="lists")
    row = await tx.row(
        "SELECT * FROM contribution_list WHERE employer_no = $1 AND list_no = $2 FOR UPDATE", employer_no, list_no
    )
    if row is None:
        raise Refused(LIST_NOT_FOUND())
    return row


async def allowed(
    tx: Transaction, *, actor: Actor, employer_no: int, kind: str, business_date: date
) -> EmployerStanding:
    standing = await lock_standing(tx, employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="lists")
    require_open(standing)
    # R01.3: where enterprises add and remove is a parameter, because their own page closes when e窗通 opens
    if kind == "change" and standing.kind == "enterprise" and actor.is_agent:
        channels = policy.on(business_date).codes("collection.enterprise_change_channels")
        if actor.channel not in channels:
            raise Refused(LIST_CHANNEL())
    return standing


async def check_month(
    tx: Transaction, *, standing: EmployerStanding, kind: str, month: YearMonth | None, business_date: date
) -> None:
    """A change is for the month that is remitted next, without a statement of it; new bases begin in a July ahead."""
    if kind == "back_payment":
        return
    due = standing.next_due
    if kind == "annual_base":
        if month is None or month.month != _JULY or month < due:
            raise Refused(LIST_YEAR(month=due))
        return
    # R11.6: while it defers, an employer still says each month who comes and goes
    deferring = month is not None and month in standing.deferred and month <= YearMonth.of(business_date)
    if month != due and not deferring:
        raise Refused(LIST_MONTH(month=due))
    drawn = await tx.value(
        "SELECT statement_no FROM remittance_statement WHERE employer_no = $1 AND period = $2 AND kind = 'remittance'"
        " AND state <> 'cancelled'",
        standing.employer_no,
        due.period,
    )
    if drawn is not None:
        raise Refused(LIST_MONTH_DRAWN(month=due, statement_no=drawn))


async def check_transit(tx: Transaction, *, employer_no: int, kind: str) -> None:
    """One list of a kind at a time; back payments may be several."""
    if kind == "back_payment":
        return
    other = await tx.value(
        "SELECT list_no FROM contribution_list WHERE employer_no = $1 AND kind = $2 AND state = ANY ($3) LIMIT 1",
        employer_no,
        kind,
        list(_IN_TRANSIT),
    )
    if other is not None:
        raise Refused(LIST_IN_TRANSIT(list_no=other))


def require_submittable(row: Record, *, accepted_only: bool) -> None:
    require_state(row, "checked")
    if row["accepted_count"] == 0:
        raise Refused(LIST_NOTHING_ACCEPTED())
    if row["refused_count"] and not accepted_only:
        raise Refused(LIST_HAS_REFUSED(count=row["refused_count"]))


async def insert_list(
    tx: Transaction,
    *,
    actor: Actor,
    standing: EmployerStanding,
    kind: str,
    month: YearMonth | None,
    state: str,
    mark: str,
    now: datetime,
    business_date: date,
    list_id: int | None = None,
) -> ListOpened:
    opened = ListOpened(list_id=list_id or new_id(), list_no=paper_no(_LETTERS[kind], business_date=business_date))
    await tx.execute(
        "INSERT INTO contribution_list (employer_no, list_id, list_no, kind, period, state, channel, mark, created_by,"
        " created_by_name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        standing.employer_no,
        opened.list_id,
        opened.list_no,
        kind,
        month.period if month and kind != "back_payment" else None,
        state,
        actor.channel,
        mark,
        actor.reference,
        actor.name,
        now,
    )
    return opened


def require_state(row: Record, *states: str) -> None:
    if row["state"] not in states:
        raise Refused(LIST_STATE(state=STATE_NAMES[row["state"]]))


async def note_work(tx: Transaction, *, employer_no: int, list_id: int, now: datetime) -> None:
    payload: dict[str, object] = {"employer_no": str(employer_no), "list_id": str(list_id)}
    await outbox.emit(tx, account_no=employer_no, kind=LIST_WORK, payload=payload, now=now)


async def begin(
    tx: Transaction, actor: Actor, *, employer_no: int, request_key: str, operation: str, given: object, now: datetime
) -> ListOpened | None:
    earlier = await idempotency.begin(
        tx, actor=actor, account_no=employer_no, request_key=request_key, operation=operation, given=given, now=now
    )
    return None if earlier is None else ListOpened(list_id=int(earlier["list_id"]), list_no=earlier["list_no"])


async def finish(tx: Transaction, actor: Actor, *, employer_no: int, request_key: str, opened: ListOpened) -> None:
    result = {"list_id": str(opened.list_id), "list_no": opened.list_no}
    await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result=result)


async def audited(
    tx: Transaction, actor: Actor, *, action: str, employer_no: int, now: datetime, **detail: object
) -> None:
    await audit.record(tx, actor=actor, action=action, subject=f"employer:{employer_no}", now=now, detail=detail)
