"""恢复开户: a closed employer that comes back keeps its number, its code and its history; it is not registered again,
since a unified social credit code stands for one employer. That is our assumption; no rule of the centre was read.

It begins anew in the state 开户: nothing is owed for the months in which it was closed, and its people are taken on by
lists (out of 集中封存户 too).
"""

from __future__ import annotations

from datetime import date, datetime

from domain.contributions.employers.changing import earlier_matter, finished, keep_change
from domain.contributions.employers.matters import open_matter
from domain.contributions.employers.standing import COUNTER_ROLES, STATE_NAMES, lock_standing, require_employer
from domain.contributions.refusals import COUNTER_ONLY, MATTER_REASON, STATE_CHANGE
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused

BEGINS_ANEW = "02"


async def reopen_employer(
    *, actor: Actor, employer_no: int, reason: str, request_key: str, now: datetime, business_date: date
) -> str:
    """At the counter, for a closed employer only. Returns the matter's number. Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(COUNTER_ONLY())
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        raise Refused(MATTER_REASON())
    given = {"state": BEGINS_ANEW, "reason": reason}
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
        earlier = await earlier_matter(
            tx, actor, employer_no=employer_no, request_key=request_key, operation="reopen_employer", given=given,
            now=now,
        )  # fmt: skip
        if earlier is not None:
            return earlier
        if standing.state != "04":
            raise Refused(STATE_CHANGE(before=STATE_NAMES[standing.state], after="恢复开户"))
        matter_id, matter_no = await open_matter(
            tx, actor=actor, standing=standing, kind="state", given=given, state="done", now=now,
            business_date=business_date,
        )  # fmt: skip
        first = YearMonth.of(business_date)
        if standing.paid_through is not None:
            first = max(first, standing.paid_through.plus(months=1))
        await tx.execute("UPDATE employer SET state = $2 WHERE employer_no = $1", employer_no, BEGINS_ANEW)
        await tx.execute(
            "UPDATE employer_account SET first_period = $2, paid_through_period = NULL, closed_on = NULL,"
            " close_reason = NULL, sealed_on = NULL WHERE employer_no = $1",
            employer_no,
            first.period,
        )
        await keep_change(
            tx, actor, employer_no=employer_no, field="state", before=standing.state, after=BEGINS_ANEW,
            matter_id=matter_id, now=now,
        )  # fmt: skip
        await finished(
            tx, actor, employer_no=employer_no, request_key=request_key, action="employer.reopened",
            matter_no=matter_no, now=now, state=BEGINS_ANEW,
        )  # fmt: skip
        return matter_no
