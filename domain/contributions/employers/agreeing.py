"""缴存比例、缓缴、复缴: what an employer pays from a month on, and months in which it need not (R11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain import policy
from domain.contributions.employers.documents import GivenDocument
from domain.contributions.employers.matters import Carry, open_matter
from domain.contributions.employers.standing import EmployerStanding, lock_standing, require_employer, require_open
from domain.contributions.refusals import RATE_ONCE, RATE_SAME, STATEMENT_DRAWN, TERM_NONE, TERM_STARTS_EARLY
from domain.contributions.rules.amounts import BASIS, limits_of
from domain.contributions.rules.months import fund_year_of
from domain.contributions.rules.terms import TermWanted, judge_rate, judge_term
from domain.kernel import audit, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused


async def change_rate(
    *, actor: Actor, employer_no: int, rate_bp: int, request_key: str, now: datetime, business_date: date
) -> str:
    """A new rate for both parts from the month that is remitted next; by an agent so often in a fund year. Returns the
    matter's number. Raises Refused."""
    async with transaction() as tx:
        standing = await _begun(tx, actor=actor, employer_no=employer_no)
        earlier = await _earlier(tx, actor, employer_no, request_key, "change_rate", {"rate_bp": rate_bp}, now)
        if earlier is not None:
            return earlier
        month = standing.next_due
        problems = judge_rate(rate_bp=rate_bp, limits=limits_of(month))
        if standing.rates_on(month) == (rate_bp, rate_bp):
            problems.append(RATE_SAME())
        most = policy.on(business_date).number("collection.rate_changes_max")
        year = fund_year_of(month)
        changes = await tx.value(
            "SELECT count(*) FROM employer_rate WHERE employer_no = $1 AND from_period BETWEEN $2 AND $3"
            " AND matter_id IS NOT NULL",
            employer_no,
            YearMonth(year, 7).period,
            YearMonth(year + 1, 6).period,
        )
        if actor.is_agent and changes >= most:
            problems.append(RATE_ONCE(times=changes))
        if problems:
            raise Refused(*problems)
        await require_undrawn(tx, employer_no=employer_no)
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="rate_change",
            given={"rate_bp": rate_bp, "month": str(month)}, state="done", now=now, business_date=business_date,
        )  # fmt: skip
        await set_rate(
            tx, employer_no=employer_no, month=month, rate_bp=rate_bp, matter_id=matter_id, by=actor.reference, now=now
        )
        await _finish(tx, actor, employer_no, request_key, "rate.changed", matter_no, now, rate_bp=rate_bp)
        return matter_no


async def apply_for_term(
    *,
    actor: Actor,
    employer_no: int,
    kind: str,
    from_month: YearMonth,
    until_month: YearMonth,
    rate_bp: int | None,
    documents: Sequence[GivenDocument],
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Applies for 缓缴 (`deferral`) or 降低缴存比例 (`rate_reduction`), with the resolution; decided by the centre.
    Returns the matter's number. Raises Refused with everything against it."""
    assert kind in ("deferral", "rate_reduction"), kind
    given = {"kind": kind, "from": from_month, "until": until_month, "rate_bp": rate_bp,
             "documents": [one.kind for one in documents]}  # fmt: skip
    async with transaction() as tx:
        standing = await _begun(tx, actor=actor, employer_no=employer_no)
        earlier = await _earlier(tx, actor, employer_no, request_key, "apply_for_term", given, now)
        if earlier is not None:
            return earlier
        wanted = TermWanted(
            kind="deferral" if kind == "deferral" else "rate_reduction",
            from_month=from_month,
            until_month=until_month,
            rate_bp=rate_bp,
            has_resolution=any(one.kind == "union_resolution" for one in documents),
        )
        _judge(standing, wanted)
        await require_undrawn(tx, employer_no=employer_no)
        _, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind=kind,
            given={"from": str(from_month), "until": str(until_month), "rate_bp": rate_bp}, documents=documents,
            state="submitted", now=now, business_date=business_date,
        )  # fmt: skip
        await _finish(tx, actor, employer_no, request_key, f"{kind}.applied", matter_no, now)
        return matter_no


async def resume(
    *, actor: Actor, employer_no: int, from_month: YearMonth, request_key: str, now: datetime, business_date: date
) -> str:
    """复缴: ends the deferral or the lowered rate before the month, at once. Deferred months before it stay owed as
    back payments. Returns the matter's number. Raises Refused."""
    async with transaction() as tx:
        standing = await _begun(tx, actor=actor, employer_no=employer_no)
        earlier = await _earlier(tx, actor, employer_no, request_key, "resume", {"from": from_month}, now)
        if earlier is not None:
            return earlier
        term = await tx.row(
            "SELECT * FROM employer_term WHERE employer_no = $1 AND state = 'agreed' AND from_period <= $2"
            " AND until_period >= $2 ORDER BY from_period LIMIT 1 FOR UPDATE",
            employer_no,
            from_month.period,
        )
        if term is None:
            raise Refused(TERM_NONE())
        first = standing.first_month if standing.paid_through is None else standing.paid_through.plus(months=1)
        if from_month < first:
            raise Refused(TERM_STARTS_EARLY(month=first))
        await require_undrawn(tx, employer_no=employer_no)
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="resumption", given={"from": str(from_month)}, state="done",
            now=now, business_date=business_date,
        )  # fmt: skip
        before = from_month.minus(months=1).period
        await tx.execute(
            "UPDATE employer_term SET state = CASE WHEN from_period > $3 THEN 'cancelled' ELSE 'ended' END,"
            " until_period = greatest(from_period, $3), ended_at = $4, ended_by = $5"
            " WHERE employer_no = $1 AND term_id = $2",
            employer_no,
            term["term_id"],
            before,
            now,
            actor.reference,
        )
        if term["kind"] == "rate_reduction":
            await set_rate(
                tx, employer_no=employer_no, month=from_month, rate_bp=term["previous_rate_bp"], matter_id=matter_id,
                by=actor.reference, now=now,
            )  # fmt: skip
        else:
            await tx.execute("UPDATE employer SET state = '01' WHERE employer_no = $1 AND state = '03'", employer_no)
        await _finish(tx, actor, employer_no, request_key, "term.resumed", matter_no, now)
        return matter_no


async def carry_out_term(*, carry: Carry) -> dict[str, object]:
    """An approved deferral or lowered rate takes effect: judged again by what has become of the employer meanwhile."""
    given, standing, tx = carry.given, carry.standing, carry.tx
    kind = "rate_reduction" if given["rate_bp"] is not None else "deferral"
    wanted = TermWanted(
        kind="deferral" if kind == "deferral" else "rate_reduction",
        from_month=YearMonth.parse(given["from"]),
        until_month=YearMonth.parse(given["until"]),
        rate_bp=given["rate_bp"],
        has_resolution=True,
    )
    _judge(standing, wanted)
    await require_undrawn(tx, employer_no=standing.employer_no)
    before = standing.rates_on(wanted.from_month)[0]
    await tx.execute(
        "INSERT INTO employer_term (employer_no, term_id, kind, from_period, until_period, rate_bp, previous_rate_bp,"
        " matter_id, state, agreed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'agreed', $9)",
        standing.employer_no,
        new_id(),
        kind,
        wanted.from_month.period,
        wanted.until_month.period,
        wanted.rate_bp,
        before if kind == "rate_reduction" else None,
        carry.matter_id,
        carry.now,
    )
    if wanted.rate_bp is not None:
        for month, rate in ((wanted.from_month, wanted.rate_bp), (wanted.until_month.plus(months=1), before)):
            await set_rate(
                tx, employer_no=standing.employer_no, month=month, rate_bp=rate, matter_id=carry.matter_id,
                by=carry.actor.reference, now=carry.now,
            )  # fmt: skip
    else:
        await tx.execute(
            "UPDATE employer SET state = '03' WHERE employer_no = $1 AND state = '01'", standing.employer_no
        )
    return {"from": given["from"], "until": given["until"]}


async def set_rate(
    tx: Transaction, *, employer_no: int, month: YearMonth, rate_bp: int, matter_id: int, by: str, now: datetime
) -> None:
    """The rate from a month on, and what everybody's base comes to at it: each part half up to whole yuan, by the same
    rule as `rules.amounts`."""
    await tx.execute(
        "INSERT INTO employer_rate (employer_no, from_period, employer_rate_bp, employee_rate_bp, matter_id, set_by,"
        " set_at) VALUES ($1, $2, $3, $3, $4, $5, $6) ON CONFLICT (employer_no, from_period) DO UPDATE SET"
        " employer_rate_bp = excluded.employer_rate_bp, employee_rate_bp = excluded.employee_rate_bp,"
        " matter_id = excluded.matter_id, set_by = excluded.set_by, set_at = excluded.set_at",
        employer_no,
        month.period,
        rate_bp,
        matter_id,
        by,
        now,
    )
    await tx.execute(_PARTS, employer_no, month.period, rate_bp, BASIS)


_PARTS = """
INSERT INTO employment_base (employer_no, account_no, from_period, base_fen, employer_fen, employee_fen)
SELECT e.employer_no, e.account_no, $2, b.base_fen, p.fen, p.fen
FROM employment e
CROSS JOIN LATERAL (
    SELECT base_fen FROM employment_base b
    WHERE b.employer_no = e.employer_no AND b.account_no = e.account_no AND b.from_period <= $2
    ORDER BY b.from_period DESC LIMIT 1) b
CROSS JOIN LATERAL (SELECT (b.base_fen * $3 + 50 * $4::bigint) / (100 * $4::bigint) * 100 AS fen) p
WHERE e.employer_no = $1 AND e.ended_period IS NULL
ON CONFLICT (employer_no, account_no, from_period) DO UPDATE SET employer_fen = excluded.employer_fen,
    employee_fen = excluded.employee_fen
"""


def _judge(standing: EmployerStanding, wanted: TermWanted) -> None:
    problems = judge_term(
        wanted=wanted,
        next_due=standing.next_due,
        rate_bp=standing.rates_on(wanted.from_month)[0],
        limits=limits_of(wanted.from_month),
        running=standing.terms,
    )
    if problems:
        raise Refused(*problems)


async def _begun(tx: Transaction, *, actor: Actor, employer_no: int) -> EmployerStanding:
    standing = await lock_standing(tx, employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
    require_open(standing)
    return standing


async def require_undrawn(tx: Transaction, *, employer_no: int) -> None:
    """Months that wait for their money are not changed under it."""
    drawn = await tx.row(
        "SELECT statement_no, period FROM remittance_statement WHERE employer_no = $1 AND kind = 'remittance'"
        " AND state IN ('open', 'collecting', 'paid', 'taking_back') LIMIT 1",
        employer_no,
    )
    if drawn is not None:
        raise Refused(
            STATEMENT_DRAWN.on(
                "fromMonth", month=YearMonth.of_period(drawn["period"]), statement_no=drawn["statement_no"]
            )
        )


async def _earlier(
    tx: Transaction, actor: Actor, employer_no: int, request_key: str, operation: str, given: object, now: datetime
) -> str | None:
    found = await idempotency.begin(
        tx, actor=actor, account_no=employer_no, request_key=request_key, operation=operation, given=given, now=now
    )
    return None if found is None else str(found["matter_no"])


async def _finish(
    tx: Transaction, actor: Actor, employer_no: int, request_key: str, action: str, matter_no: str, now: datetime,
    **detail: object,
) -> None:  # fmt: skip
    await audit.record(
        tx, actor=actor, action=action, subject=f"employer:{employer_no}", now=now,
        detail={"matter_no": matter_no, **detail},
    )  # fmt: skip
    await idempotency.finish(
        tx, actor=actor, account_no=employer_no, request_key=request_key, result={"matter_no": matter_no}
    )
