"""单位销户: with one of the papers that closes an employer, decided by two persons (R01.8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.contributions.employers.changing import begun, earlier_matter, finished, keep_change, people_of
from domain.contributions.employers.documents import CLOSURE_KINDS, GivenDocument
from domain.contributions.employers.matters import Carry, open_matter
from domain.contributions.employers.standing import EmployerStanding
from domain.contributions.people.pooling import pool_of
from domain.contributions.people_refusals import POOL_NONE
from domain.contributions.refusals import (
    CLOSURE_BALANCE,
    CLOSURE_OWES,
    CLOSURE_PAPER,
    CLOSURE_PEOPLE,
    CLOSURE_TRANSIT,
)
from domain.contributions.remittances.paying import balance_of_employer
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused


async def apply_for_closure(
    *,
    actor: Actor,
    employer_no: int,
    documents: Sequence[GivenDocument],
    reason: str,
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """单位销户 with one of the papers that closes an employer; decided by two persons. Returns the matter's number.
    Raises Refused with everything against it."""
    given = {"reason": reason, "documents": [one.kind for one in documents]}
    async with transaction() as tx:
        standing = await begun(tx, actor, employer_no=employer_no)
        earlier = await earlier_matter(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            operation="apply_for_closure",
            given=given,
            now=now,
        )
        if earlier is not None:
            return earlier
        problems = await _against_closing(tx, standing)
        if not any(one.kind in CLOSURE_KINDS for one in documents):
            problems.append(CLOSURE_PAPER())
        if problems:
            raise Refused(*problems)
        _, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="closure", given={"reason": reason.strip()[:200]},
            documents=documents, state="submitted", now=now, business_date=business_date,
        )  # fmt: skip
        await finished(
            tx,
            actor,
            employer_no=employer_no,
            request_key=request_key,
            action="closure.applied",
            matter_no=matter_no,
            now=now,
        )
        return matter_no


async def carry_out_closure(*, carry: Carry) -> dict[str, object]:
    """Approved: judged again, then closed. Its sealed accounts go to the pool of the department (集中封存户)."""
    problems = await _against_closing(carry.tx, carry.standing)
    if problems:
        raise Refused(*problems)
    employer_no, office = carry.standing.employer_no, carry.standing.office_code
    pool = await pool_of(carry.tx, office_code=office)
    sealed = await carry.tx.value(
        "SELECT 1 FROM account WHERE employer_no = $1 AND state IN ('02', '06') LIMIT 1", employer_no
    )
    if sealed is not None and pool is None:
        raise Refused(POOL_NONE())
    moved = "0"
    if pool is not None:
        moved = await carry.tx.execute(
            "UPDATE account SET employer_no = $2 WHERE employer_no = $1 AND state IN ('02', '06')", employer_no, pool
        )
    await carry.tx.execute("UPDATE employer SET state = '04' WHERE employer_no = $1", employer_no)
    await carry.tx.execute(
        "UPDATE employer_account SET closed_on = $2, close_reason = $3 WHERE employer_no = $1",
        employer_no,
        carry.business_date,
        str(carry.given["reason"]),
    )
    await keep_change(
        carry.tx, carry.actor, employer_no=employer_no, field="state", before=carry.standing.state, after="04",
        matter_id=carry.matter_id, now=carry.now,
    )  # fmt: skip
    return {"pooled": int(moved.split()[-1])}


async def _against_closing(tx: Transaction, standing: EmployerStanding) -> list[Refusal]:
    found: list[Refusal] = []
    if people := await people_of(tx, employer_no=standing.employer_no):
        found.append(CLOSURE_PEOPLE(count=people))
    transit = await tx.value(
        "SELECT list_no FROM contribution_list WHERE employer_no = $1 AND state IN ('checking', 'checked', 'applying')"
        " UNION ALL SELECT statement_no FROM remittance_statement WHERE employer_no = $1"
        " AND state IN ('open', 'collecting', 'paid', 'taking_back') LIMIT 1",
        standing.employer_no,
    )
    if transit is not None:
        found.append(CLOSURE_TRANSIT(what=transit))
    owed = await tx.value(
        "SELECT min(from_period) FROM employer_term WHERE employer_no = $1 AND kind = 'deferral'"
        " AND state <> 'cancelled'"
        " AND NOT EXISTS (SELECT FROM remittance_line l JOIN remittance_statement s USING (employer_no, statement_id)"
        " WHERE l.employer_no = $1 AND s.state = 'distributed' AND l.period BETWEEN from_period AND until_period)",
        standing.employer_no,
    )
    if owed is not None:
        found.append(CLOSURE_OWES(what=f"{YearMonth.of_period(owed)}起缓缴"))
    debt = await tx.value(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM payment_taken_back WHERE employer_no = $1"
        " AND state IN ('partial', 'owed')",
        standing.employer_no,
    )
    if debt:
        found.append(CLOSURE_OWES(what=f"银行收回的{Money(debt).yuan_text}"))
    balance = await balance_of_employer(employer_no=standing.employer_no, using=tx)
    if balance:
        found.append(CLOSURE_BALANCE(amount=balance.yuan_text))
    return found
