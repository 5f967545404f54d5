"""Who hears of which event: one table. An event kind that nobody hears of is a mistake that a test finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import cases, catalogue, contributions, settlement, withdrawals
from domain.cases import CaseView, EvaluationReport
from domain.kernel import database, outbox
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.failures import PartnerFailure
from notifications import sending
from ops.wiring import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event from the outbox. `payload` holds references only."""

    account_no: int
    event_id: int
    kind: str
    payload: dict[str, Any]

    @property
    def case_id(self) -> int:
        return int(self.payload["case_id"])


Consumer = Callable[[House, Event, datetime], Awaitable[None]]


async def tell_listeners(house: House, event: Event, now: datetime) -> None:
    """Live progress: whoever watches the case looks again."""
    await house.live.publish_case(str(event.payload["case_no"]))


async def text_applicant(house: House, event: Event, now: datetime) -> None:
    """The SMS that belongs to a case's step; most steps have none."""
    template = _TEMPLATE_OF_ACTION.get(str(event.payload["action"]))
    if template is None:
        return
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    await _text(event, case=case, template=template, variables=await _variables(template, case), now=now)


async def text_payment(house: House, event: Event, now: datetime) -> None:
    """The money has arrived."""
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    await _text(event, case=case, template=PAID, variables=await _variables(PAID, case), now=now)


async def invite_evaluation(house: House, event: Event, now: datetime) -> None:
    """好差评: one invitation when the centre has ended the case, whatever the result."""
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    # the step of this event counts, not the state that the case has reached meanwhile
    reached = str(event.payload["state"])
    if not case.flow.is_terminal(reached) or reached == "cancelled":
        return
    variables = {"item_name": case.item_name, "case_no": case.case_no}
    await _text(event, case=case, template=INVITATION, variables=variables, now=now)


async def pay(house: House, event: Event, now: datetime) -> None:
    """First step of an approved payment; `ops.worker` goes on asking while the result is open."""
    await withdrawals.pay(
        account_no=event.account_no,
        payment_id=int(event.payload["payment_id"]),
        gateway=house.gateway,
        now=now,
        business_date=business_date_of(now),
    )


async def push_evaluation(house: House, event: Event, now: datetime) -> None:
    """Reports an evaluation to the city's platform, once: the platform takes a number only once. Raises
    PartnerFailure for an unknown result, and the queue tries again."""
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    given = await cases.evaluation_of(account_no=event.account_no, case_id=event.case_id)
    assert given is not None, f"no evaluation of case {case.case_no}"
    if given.push_state != "waiting":
        return
    person = await contributions.clear_person(person_id=case.person_id)
    outcome = await house.evaluations.push(
        evaluation=EvaluationReport(
            evaluation_no=given.evaluation_no,
            case_no=case.case_no,
            item_code=case.item_code,
            item_name=case.item_name,
            service_name=catalogue.item(case.item).name,
            accepted_at=case.submitted_at,
            applicant_name=person.name,
            document_type=person.document_type,
            document_no=person.document_no,
            grade=given.grade,
            tags=given.tags,
            comment=given.comment,
            evaluated_at=given.given_at,
        ),
        now=now,
    )
    if outcome.status == "unknown":
        raise PartnerFailure(partner="evaluation", reason=outcome.code)
    await cases.record_push(
        account_no=event.account_no, case_id=event.case_id, accepted=outcome.status != "rejected", now=now
    )


SUBSCRIPTIONS: Mapping[str, tuple[Consumer, ...]] = {
    cases.CASE_CHANGED: (tell_listeners, text_applicant, invite_evaluation),
    cases.EVALUATION_GIVEN: (tell_listeners, push_evaluation),
    withdrawals.PAYMENT_PREPARED: (pay,),
    withdrawals.PAYMENT_CONFIRMED: (text_payment,),
}

PAID = "rent_withdrawal.paid"
INVITATION = "evaluation.invited"

_TEMPLATE_OF_ACTION = {
    "submit": "rent_withdrawal.submitted",
    "preliminary_refuse": "rent_withdrawal.refused",
    "final_refuse": "rent_withdrawal.refused",
    "cancel": "rent_withdrawal.cancelled",
    "payment_rejected": "rent_withdrawal.payment_failed",
}


async def _text(event: Event, *, case: CaseView, template: str, variables: dict[str, str], now: datetime) -> None:
    person = await contributions.clear_person(person_id=case.person_id)
    if person.mobile is None:
        return
    async with database.transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=template, now=now):
            await sending.enqueue(
                tx,
                account_no=event.account_no,
                event_id=event.event_id,
                template=template,
                variables=variables,
                mobile=person.mobile,
                now=now,
            )


async def _variables(template: str, case: CaseView) -> dict[str, str]:
    if template.endswith((".submitted", ".cancelled")):
        variables = {"case_no": case.case_no}
        return variables | {"due_on": _day(case.due_on)} if template.endswith(".submitted") else variables
    if template.endswith(".refused"):
        last = (await cases.history_of(case=case))[-1]
        return {
            "case_no": case.case_no,
            "reason": cases.REFUSAL_REASONS.get(last.reason_code or "", "其他原因"),
        }
    payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id)
    assert payment is not None and payment.ended_at is not None, f"case {case.case_no} has no ended payment"
    tail = {"case_no": case.case_no, "card_tail": payment.payee_account_masked[-4:]}
    if template == PAID:
        paid_on = payment.ended_at.astimezone(SHANGHAI).date()
        return tail | {"amount": payment.amount.yuan_text, "paid_on": _day(paid_on)}
    return tail | {"reason": (payment.last_message or "未说明原因")[:20]}


def _day(day: Any) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
