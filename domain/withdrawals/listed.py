"""What the lists of persons (`domain.risk`) do to a withdrawal: as facts of its rule, and again before money moves."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain import contributions, risk
from domain.kernel.database import Executor
from domain.kernel.refusal import Refusal
from domain.risk import Document, Effect, Standing
from domain.withdrawals.kinds import Kind
from domain.withdrawals.refusals import adverse_record

FLOW, CLOSURE_FLOW, SPOUSE_FLOW = "withdrawal", "closure_withdrawal", "spouse_withdrawal"
AGREED_FLOW, PAYMENT_FLOW = "agreed_payment", "payment"

_AGAINST: frozenset[Effect] = frozenset({"refuse", "stop"})


async def listed_facts(
    *, document: Document, spouse: Document | None, flow: str, business_date: date, using: Executor
) -> dict[str, Any]:
    """The part of `Facts` that comes from the lists. An effect that refuses counts as an adverse record, a weaker one
    as the flag of its list."""
    documents = [document] if spouse is None or spouse == document else [document, spouse]
    standings = await risk.standing_of(documents=documents, on=business_date, using=using)
    own = standings[document]
    deciding = own.deciding(flow) if own.effect_on(flow) in _AGAINST else None
    weaker = {one.list for one in own.entries if risk.lists()[one.list].effect_on(flow) in ("review", "hold")}
    beside = standings[spouse] if spouse is not None else risk.NOTHING
    return {
        "adverse_record": deciding is not None,
        "adverse_reason": deciding.reason if deciding else "",
        "adverse_until": deciding.until_on if deciding else None,
        "key_review": bool(weaker - {"abnormal_behaviour"}),
        "abnormal_behaviour": "abnormal_behaviour" in weaker,
        "spouse_listed": spouse is not None and beside.effect_on(SPOUSE_FLOW) != "none",
    }


async def against_approval(*, person_id: int, kind: Kind, business_date: date, using: Executor) -> list[Refusal]:
    """What stands against approving an application of the person today; somebody may have been listed meanwhile."""
    standing = await _standing(person_id, business_date=business_date, using=using)
    flow = CLOSURE_FLOW if kind.closure else FLOW
    entry = standing.deciding(flow) if standing.effect_on(flow) in _AGAINST else None
    return [adverse_record(reason=entry.reason, until=entry.until_on)] if entry else []


async def holds_payment(*, person_id: int, kind: Kind, business_date: date, using: Executor) -> bool:
    """Whether an approved payment is to be looked at again before a bank is told: the person was listed since."""
    if kind.closure:
        return False
    standing = await _standing(person_id, business_date=business_date, using=using)
    return standing.effect_on(PAYMENT_FLOW) != "none"


async def _standing(person_id: int, *, business_date: date, using: Executor) -> Standing:
    clear = await contributions.clear_person(person_id=person_id, using=using)
    document = (clear.document_type, clear.document_no)
    return (await risk.standing_of(documents=[document], on=business_date, using=using))[document]
