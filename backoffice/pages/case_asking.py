"""核验: whom and what the holder of a case may ask an agency about, for the case's page."""

from __future__ import annotations

from typing import Any

from backoffice.desk import Desk
from domain import withdrawals
from domain.cases import CaseCheck, CaseView


async def asking_of(desk: Desk, case: CaseView, checks: list[CaseCheck]) -> dict[str, Any]:
    """What the template needs: whom and what may be asked, and which answers are too old to count."""
    holds = case.is_locked(now=desk.now) and case.locked_by == desk.actor.staff_id
    stale = {check.check_no for check in checks if withdrawals.stale(check, business_date=desk.business_date)}
    if not holds or desk.services.registries is None or "kind" not in case.form:
        return {"askable": None, "stale": stale, "person_names": withdrawals.PERSON_NAMES}
    return {
        "askable": await withdrawals.askable(case=case),
        "stale": stale,
        "person_names": withdrawals.PERSON_NAMES,
    }
