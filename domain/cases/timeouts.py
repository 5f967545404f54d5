"""超时上提: a review that is late lets others sign too, and says so to who watches the desk."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import policy
from domain.cases.flows import flow, flows
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of


async def escalate_late(*, business_date: date, now: datetime, most: int = 100) -> int:
    """Marks the rounds that are over their working days, once each. Returns how many."""
    watched = {
        state for one in flows() for state, review in one.reviews.items() if review.escalate_to and review.within
    }
    # no review is given less than a day, so younger ones need not be looked at
    rows = await database.rows(
        "SELECT c.account_no, c.case_id, c.case_no, c.flow_name, c.flow_version, c.state, c.revision, e.at"
        " FROM service_case c JOIN case_event e ON e.account_no = c.account_no AND e.case_id = c.case_id"
        " AND e.seq = c.revision"
        " WHERE c.state = ANY($1) AND c.ended_at IS NULL AND e.at < $2 AND NOT EXISTS (SELECT FROM case_escalation x"
        "  WHERE x.account_no = c.account_no AND x.case_id = c.case_id AND x.round = c.revision)"
        " ORDER BY e.at, c.case_id LIMIT $3",
        sorted(watched),
        now - timedelta(days=1),
        most,
    )
    late = 0
    for row in rows:
        review = flow(row["flow_name"], version=row["flow_version"]).reviews.get(row["state"])
        if review is None or review.within is None or not review.escalate_to:
            continue
        days = policy.on(business_date).number(review.within)
        due_on = policy.plus_working_days(business_date_of(row["at"]), days=days)
        if due_on >= business_date:
            continue
        async with transaction() as tx:
            status = await tx.execute(
                "INSERT INTO case_escalation (account_no, case_id, round, due_on, escalated_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                row["account_no"],
                row["case_id"],
                row["revision"],
                due_on,
                now,
            )
            if status.endswith(" 1"):
                late += 1
                await audit.record(
                    tx,
                    actor=SYSTEM,
                    action="case.escalated",
                    subject=f"case:{row['case_no']}",
                    now=now,
                    detail={"state": row["state"], "due_on": due_on},
                )
    return late
