"""汇缴书 and 补缴书: what an employer owes for a month, or for back payments, drawn up person by person.

Locks: the employer's account, then the list, then the statement, then personal accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import cases, policy
from domain.contributions.employers.standing import (
    METHOD_NAMES,
    EmployerStanding,
    lock_standing,
    require_employer,
    require_open,
)
from domain.contributions.lists.desk import own_list, require_submittable
from domain.contributions.numbers import paper_no
from domain.contributions.refusals import (
    LIST_NOT_FOUND,
    MATTER_REASON,
    METHOD_UNKNOWN,
    STATEMENT_AHEAD,
    STATEMENT_DEFERRED,
    STATEMENT_DRAWN,
    STATEMENT_LIST_OPEN,
    STATEMENT_MONTH,
    STATEMENT_NOBODY,
    STATEMENT_NOT_FOUND,
    STATEMENT_STATE,
)
from domain.contributions.remittances.paying import begin_payment, end_waiting
from domain.contributions.remittances.states import STATEMENT_STATES
from domain.contributions.rules.months import due_on
from domain.contributions.taken_back_refusals import STATEMENT_OWES
from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    statement_id: int
    statement_no: str


async def draw_statement(
    *,
    actor: Actor,
    employer_no: int,
    month: YearMonth,
    method: str | None = None,
    detail: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
    mark: str = "",
) -> Drawn:
    """Draws the month's statement of everybody the employer contributes for, and begins its payment by the method (the
    employer's own unless given). Months follow one another; a list in transit comes first. Raises Refused."""
    given = {"month": month, "method": method, "detail": detail}
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        earlier = await _begin(tx, actor, employer_no, request_key, "draw_statement", given, now)
        if earlier is not None:
            return earlier
        require_open(standing)
        await cases.require_on(channel=actor.channel, item="remittance", using=tx)
        await check_month(tx, standing=standing, month=month, business_date=business_date)
        drawn = Drawn(statement_id=new_id(), statement_no=paper_no("HJ", business_date=business_date))
        closed, totals = await totals_of_month(tx, employer_no=employer_no, month=month)
        await _insert(
            tx, actor=actor, standing=standing, drawn=drawn, kind="remittance", month=month, list_id=None,
            totals=totals, method=method or standing.payment_method, detail=detail, mark=mark, now=now,
            due=deadline_of(month, standing=standing, business_date=business_date),
            summary=await changes_of_month(tx, employer_no=employer_no, period=month.period),
        )  # fmt: skip
        await tx.execute(
            "INSERT INTO remittance_line (employer_no, statement_id, account_no, period, base_fen, employer_fen,"
            f" employee_fen) SELECT $1, $4, account_no, $2, base_fen, employer_fen, employee_fen FROM ({_MEMBERS}) AS m"
            " WHERE employer_fen + employee_fen > 0",
            employer_no,
            month.period,
            closed,
            drawn.statement_id,
        )
        await begin_payment(
            tx, actor=actor, standing=standing, statement_id=drawn.statement_id, now=now, business_date=business_date
        )
        await _done(tx, actor, employer_no, request_key, "statement.drawn", drawn, now, month=month)
        return drawn


async def draw_back_payment(
    *,
    actor: Actor,
    employer_no: int,
    list_no: str,
    accepted_only: bool,
    method: str | None = None,
    detail: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> Drawn:
    """Makes a back payment's list a statement: a line for each accepted row's person and month. Raises Refused."""
    given = {"list_no": list_no, "accepted_only": accepted_only, "method": method, "detail": detail}
    async with transaction() as tx:
        row = await own_list(tx, actor=actor, employer_no=employer_no, list_no=list_no)
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        earlier = await _begin(tx, actor, employer_no, request_key, "draw_back_payment", given, now)
        if earlier is not None:
            return earlier
        if row["kind"] != "back_payment":
            raise Refused(LIST_NOT_FOUND())
        await cases.require_on(channel=actor.channel, item="back_payment", using=tx)
        require_submittable(row, accepted_only=accepted_only)
        drawn = Drawn(statement_id=new_id(), statement_no=paper_no("BJS", business_date=business_date))
        totals = await tx.row(
            f"SELECT count(DISTINCT account_no) AS persons, {_SUMS} FROM contribution_list_row m"
            " WHERE employer_no = $1 AND list_id = $2 AND state = 'accepted'",
            employer_no,
            row["list_id"],
        )
        assert totals is not None
        await _insert(
            tx, actor=actor, standing=standing, drawn=drawn, kind="back_payment", month=None, list_id=row["list_id"],
            totals=totals, method=method or standing.payment_method, detail=detail, mark=row["mark"], now=now,
            due=deadline_of(YearMonth.of(business_date), standing=standing, business_date=business_date),
            summary={},
        )  # fmt: skip
        await tx.execute(
            "INSERT INTO remittance_line (employer_no, statement_id, account_no, period, base_fen, employer_fen,"
            " employee_fen) SELECT $1, $3, account_no, period, base_fen, employer_fen, employee_fen"
            " FROM contribution_list_row WHERE employer_no = $1 AND list_id = $2 AND state = 'accepted'",
            employer_no,
            row["list_id"],
            drawn.statement_id,
        )
        await tx.execute(
            "UPDATE contribution_list_row SET state = 'applied', document_cipher = NULL, name_cipher = NULL,"
            " mobile_cipher = NULL WHERE employer_no = $1 AND list_id = $2 AND state = 'accepted'",
            employer_no,
            row["list_id"],
        )
        await tx.execute(
            "UPDATE contribution_list SET state = 'applied', statement_id = $3, applied_count = accepted_count,"
            " submitted_by = $4, submitted_by_name = $5, submitted_at = $6, ended_at = $6"
            " WHERE employer_no = $1 AND list_id = $2",
            employer_no,
            row["list_id"],
            drawn.statement_id,
            actor.reference,
            actor.name,
            now,
        )
        await begin_payment(
            tx, actor=actor, standing=standing, statement_id=drawn.statement_id, now=now, business_date=business_date
        )
        await _done(tx, actor, employer_no, request_key, "back_payment.drawn", drawn, now, list_no=list_no)
        return drawn


async def cancel_statement(
    *, actor: Actor, employer_no: int, statement_no: str, reason: str, request_key: str, now: datetime
) -> Drawn:
    """Takes back a statement that nobody has paid and no bank is collecting. Raises Refused."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        raise Refused(MATTER_REASON())
    given = {"statement_no": statement_no, "reason": reason}
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        row = await lock_statement(tx, employer_no=employer_no, statement_no=statement_no)
        earlier = await _begin(tx, actor, employer_no, request_key, "cancel_statement", given, now)
        if earlier is not None:
            return earlier
        if row["state"] != "open":
            raise Refused(STATEMENT_STATE(state=STATEMENT_STATES[row["state"]]))
        owed = await tx.value(
            "SELECT coalesce(sum(employer_fen + employee_fen), 0)::bigint FROM remittance_line WHERE employer_no = $1"
            " AND statement_id = $2 AND state = 'S'",
            employer_no,
            row["statement_id"],
        )
        if owed:
            raise Refused(STATEMENT_OWES(amount=Money(owed).yuan_text))
        await end_waiting(tx, actor=actor, row=row, reason=reason, now=now)
        await tx.execute(
            "UPDATE remittance_statement SET state = 'cancelled', end_reason = $3"
            " WHERE employer_no = $1 AND statement_id = $2",
            employer_no,
            row["statement_id"],
            reason,
        )
        drawn = Drawn(statement_id=row["statement_id"], statement_no=statement_no)
        await _done(tx, actor, employer_no, request_key, "statement.cancelled", drawn, now, reason=reason)
        return drawn


async def lock_statement(tx: Transaction, *, employer_no: int, statement_no: str) -> Record:
    """Raises Refused for a number that this employer has not."""
    row = await tx.row(
        "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_no = $2 FOR UPDATE",
        employer_no,
        statement_no,
    )
    if row is None:
        raise Refused(STATEMENT_NOT_FOUND())
    return row


async def check_month(tx: Transaction, *, standing: EmployerStanding, month: YearMonth, business_date: date) -> None:
    if month in standing.deferred:
        raise Refused(STATEMENT_DEFERRED(month=month))
    due = standing.next_due
    drawn = await tx.row(
        "SELECT statement_no, period FROM remittance_statement WHERE employer_no = $1 AND kind = 'remittance'"
        " AND state IN ('open', 'collecting', 'paid', 'taking_back') ORDER BY period LIMIT 1",
        standing.employer_no,
    )
    if drawn is not None:
        raise Refused(STATEMENT_DRAWN(month=YearMonth.of_period(drawn["period"]), statement_no=drawn["statement_no"]))
    if month != due:
        raise Refused(STATEMENT_MONTH(month=due))
    ahead = policy.on(business_date).number("collection.months_ahead_max")
    last = YearMonth.of(business_date).plus(months=ahead)
    if month > last:
        raise Refused(STATEMENT_AHEAD(month=last))
    open_list = await tx.value(
        "SELECT list_no FROM contribution_list WHERE employer_no = $1 AND kind IN ('change', 'annual_base')"
        " AND state IN ('checking', 'checked', 'applying') AND period <= $2 LIMIT 1",
        standing.employer_no,
        month.period,
    )
    if open_list is not None:
        raise Refused(STATEMENT_LIST_OPEN(month=month, list_no=open_list))


async def totals_of_month(tx: Transaction, *, employer_no: int, month: YearMonth) -> tuple[list[int], Record]:
    """The closed accounts that a month leaves out, and persons and parts of the others. Raises Refused for a month in
    which nobody is contributed for."""
    closed = await _closed_accounts(tx, employer_no=employer_no, period=month.period)
    totals = await tx.row(
        f"SELECT count(*) AS persons, {_SUMS} FROM ({_MEMBERS}) AS m", employer_no, month.period, closed
    )
    assert totals is not None
    if not totals["persons"] or not totals["employer_fen"] + totals["employee_fen"]:
        raise Refused(STATEMENT_NOBODY(month=month))
    return closed, totals


async def _closed_accounts(tx: Transaction, *, employer_no: int, period: int) -> list[int]:
    """Accounts of the month's people that were closed elsewhere (withdrawn, transferred out) meanwhile."""
    members = await tx.rows(
        "SELECT account_no FROM employment WHERE employer_no = $1 AND began_period <= $2"
        " AND coalesce(ended_period, 999912) >= $2",
        employer_no,
        period,
    )
    rows = await tx.rows(
        "SELECT account_no FROM account WHERE account_no = ANY ($1) AND state IN ('03', '04', '05')",
        [row["account_no"] for row in members],
    )
    return [row["account_no"] for row in rows]


async def changes_of_month(tx: Transaction, *, employer_no: int, period: int) -> dict[str, int]:
    """D15: what is new against the month before."""
    row = await tx.row(
        "SELECT count(*) FILTER (WHERE began_period = $2) AS came,"
        " count(*) FILTER (WHERE ended_period = $3) AS went,"
        " (SELECT count(*) FROM employment_base b WHERE b.employer_no = $1 AND b.from_period = $2) AS bases"
        " FROM employment WHERE employer_no = $1",
        employer_no,
        period,
        YearMonth.of_period(period).minus(months=1).period,
    )
    assert row is not None
    return {"came": row["came"], "went": row["went"], "changed": max(row["bases"] - row["came"], 0)}


async def _insert(
    tx: Transaction,
    *,
    actor: Actor,
    standing: EmployerStanding,
    drawn: Drawn,
    kind: str,
    month: YearMonth | None,
    list_id: int | None,
    totals: Record,
    method: str,
    detail: str,
    mark: str,
    now: datetime,
    due: date,
    summary: dict[str, int],
) -> None:
    if method not in METHOD_NAMES:
        raise Refused(METHOD_UNKNOWN())
    version = await tx.value(
        "SELECT count(*) + 1 FROM remittance_statement WHERE employer_no = $1 AND period = $2 AND kind = $3",
        standing.employer_no,
        month.period if month else None,
        kind,
    )
    await tx.execute(
        "INSERT INTO remittance_statement (employer_no, statement_id, statement_no, kind, period, version, list_id,"
        " person_count, employer_fen, employee_fen, amount_fen, change_summary, method, payment_detail, state, due_on,"
        " created_by, created_by_name, created_at, channel, mark) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
        " $9::bigint + $10::bigint, $11, $12, $13, 'open', $14, $15, $16, $17, $18, $19)",
        standing.employer_no,
        drawn.statement_id,
        drawn.statement_no,
        kind,
        month.period if month else None,
        version,
        list_id,
        totals["persons"],
        totals["employer_fen"],
        totals["employee_fen"],
        summary,
        method,
        detail[:60],
        due,
        actor.reference,
        actor.name,
        now,
        actor.channel,
        mark,
    )
    await tx.execute(
        "INSERT INTO statement_no_lookup (statement_no, employer_no, statement_id) VALUES ($1, $2, $3)",
        drawn.statement_no,
        standing.employer_no,
        drawn.statement_id,
    )


def deadline_of(month: YearMonth, *, standing: EmployerStanding, business_date: date) -> date:
    days = policy.on(business_date).number("contribution.remittance_deadline")
    return due_on(month, pay_day=standing.pay_day, days=days)


async def _begin(
    tx: Transaction, actor: Actor, employer_no: int, request_key: str, operation: str, given: object, now: datetime
) -> Drawn | None:
    earlier = await idempotency.begin(
        tx, actor=actor, account_no=employer_no, request_key=request_key, operation=operation, given=given, now=now
    )
    return (
        None
        if earlier is None
        else Drawn(statement_id=int(earlier["statement_id"]), statement_no=earlier["statement_no"])
    )


async def _done(
    tx: Transaction, actor: Actor, employer_no: int, request_key: str, action: str, drawn: Drawn, now: datetime,
    **detail: object,
) -> None:  # fmt: skip
    await audit.record(
        tx,
        actor=actor,
        action=action,
        subject=f"employer:{employer_no}",
        now=now,
        detail={"statement_no": drawn.statement_no, **detail},
    )
    result = {"statement_id": str(drawn.statement_id), "statement_no": drawn.statement_no}
    await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result=result)


_SUMS = (
    "coalesce(sum(m.employer_fen), 0)::bigint AS employer_fen, coalesce(sum(m.employee_fen), 0)::bigint AS employee_fen"
)
# $1 employer, $2 period, $3 accounts that are closed
_MEMBERS = """
SELECT e.account_no, b.base_fen, b.employer_fen, b.employee_fen
FROM employment e
CROSS JOIN LATERAL (
    SELECT base_fen, employer_fen, employee_fen FROM employment_base b
    WHERE b.employer_no = e.employer_no AND b.account_no = e.account_no AND b.from_period <= $2
    ORDER BY b.from_period DESC LIMIT 1) b
WHERE e.employer_no = $1 AND e.began_period <= $2 AND coalesce(e.ended_period, 999912) >= $2
    AND e.account_no <> ALL ($3)
"""
