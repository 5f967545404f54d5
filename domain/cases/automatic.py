"""全程网办: where the flow says so and the checks suffice, the system approves with the application."""

from __future__ import annotations

from datetime import date, datetime

from domain.cases.actions import advance
from domain.cases.ports import CaseMatter
from domain.cases.queries import checks_of
from domain.cases.signing import situation_of
from domain.cases.views import CaseView
from domain.kernel import audit
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction


async def approve_automatically(
    tx: Transaction, *, case: CaseView, matter: CaseMatter, now: datetime, business_date: date
) -> CaseView:
    """The case as it then stands: approved, or as it was where something is left for people to look at."""
    flow, checks = case.flow, await checks_of(case=case, using=tx)
    passed = bool(checks) and all(check.outcome == "passed" for check in checks)
    if flow.automatic is None or not flow.runs_automatically(situation_of(case, now=now, checks_passed=passed)):
        return case
    after = await advance(
        tx, case=case, action=flow.automatic.action, actor=SYSTEM, now=now, internal_note="各项核验均已通过"
    )
    if after.state == "pending_payment":
        await matter.approved(tx, case=after, now=now, business_date=business_date)
    await audit.record(
        tx,
        actor=SYSTEM,
        action="case.approved_automatically",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"checks": [check.kind for check in checks]},
    )
    return after
