"""Who hears of which event: one table. An event kind that nobody hears of is a mistake that a test finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels import conversations
from domain import cases, contributions, risk, settlement, transfers, withdrawals
from domain.cases import CaseView
from domain.kernel import database, outbox, vault
from domain.kernel.database import Transaction
from domain.kernel.dates import SHANGHAI, business_date_of
from notifications import sending
from ops import city_platform, collection, employer_texts, messages, risk_texts, telemetry
from ops import transfers as of_transfers
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
    template = _of_payee(template, case)
    await _text(house, event, case=case, template=template, variables=await _variables(template, case), now=now)


async def text_payment(house: House, event: Event, now: datetime) -> None:
    """The money has arrived."""
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    template = _of_payee(PAID, case)
    await _text(house, event, case=case, template=template, variables=await _variables(template, case), now=now)


async def text_refund(house: House, event: Event, now: datetime) -> None:
    """Money of the maintenance fund is back."""
    account_no, refund_no = int(event.payload["account_no"]), str(event.payload["refund_no"])
    case = await cases.case_by_key(account_no=account_no, case_id=event.case_id)
    deposit = await withdrawals.deposit_of(case=case)
    assert deposit is not None, f"case {case.case_no} has no deposit"
    refund = next(one for one in deposit.refunds if one.refund_no == refund_no)
    variables = {
        "amount": refund.amount.yuan_text,
        "destination": "您的公积金账户" if refund.to_account_no else "您的银行卡",
        "case_no": case.case_no,
    }
    await _text(house, event, case=case, template="withdrawal.maintenance_returned", variables=variables, now=now)


async def text_arrangement(house: House, event: Event, now: datetime) -> None:
    """An agreed withdrawal was paused, renewed, reminded of, or has ended: each in a text of its own. What the citizen
    did by the own hand, what nobody is left to read, and a payment that came back, which has its own, need none."""
    what, reason = str(event.payload["what"]), str(event.payload["reason"])
    if reason in ("by_citizen", "death", "bank_rejected"):
        return
    view = await withdrawals.arrangement_by_key(
        account_no=event.account_no, arrangement_id=int(event.payload["arrangement_id"])
    )
    variables = {"name": view.kind_name}
    if what in ("renewed", "reminded"):
        until = view.until_month
        assert until is not None, "what has no end is neither renewed nor reminded of"
        variables["until"] = f"{until.year}年{until.month}月"
    else:
        variables["reason"] = withdrawals.reason_in_words(what, reason)
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    await _text(house, event, case=case, template=f"withdrawal.arrangement_{what}", variables=variables, now=now)


async def text_agreed_payment(house: House, event: Event, now: datetime) -> None:
    """A later payment of an agreed withdrawal has arrived, or came back."""
    paid = await withdrawals.agreed_payment(
        account_no=event.account_no, withdrawal_id=int(event.payload["withdrawal_id"])
    )
    variables = {"name": paid.kind_name, "amount": paid.amount.yuan_text, "card_tail": paid.card_tail}
    template = "withdrawal.arrangement_payment_failed"
    if event.payload["confirmed"] == "yes":
        template = "withdrawal.arrangement_paid"
        variables["paid_on"] = _day(business_date_of(now))
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    await _text(house, event, case=case, template=template, variables=variables, now=now)


async def settle_agreed_payment(house: House, event: Event, now: datetime) -> None:
    """A bank has answered for one agreed payment of a batch."""
    if event.payload["purpose"] != withdrawals.PURPOSE:
        return
    async with database.transaction() as tx:
        consumer = "agreed_withdrawal"
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=consumer, now=now):
            await withdrawals.item_settled(
                tx,
                account_no=event.account_no,
                batch_id=int(event.payload["batch_id"]),
                item_no=int(event.payload["item_no"]),
                reference=str(event.payload["owner_reference"]),
                confirmed=event.payload["state"] == "confirmed",
                business_date=business_date_of(now),
                now=now,
            )


async def invite_evaluation(house: House, event: Event, now: datetime) -> None:
    """好差评: one invitation when the centre has ended the case, whatever the result."""
    case = await cases.case_by_key(account_no=event.account_no, case_id=event.case_id)
    # the step of this event counts, not the state that the case has reached meanwhile
    reached = str(event.payload["state"])
    if not case.flow.is_terminal(reached) or reached == "cancelled":
        return
    variables = {"item_name": case.item_name, "case_no": case.case_no}

    async def reply_counts(tx: Transaction, mobile: str) -> None:
        await cases.invite_by_sms(tx, case=case, mobile=mobile, now=now)

    await _text(
        house, event, case=case, template=of_transfers.INVITATION, variables=variables, now=now, beside=reply_counts
    )


async def pay(house: House, event: Event, now: datetime) -> None:
    """First step of an approved payment; `ops.worker` goes on asking while the result is open."""
    await withdrawals.pay(
        account_no=event.account_no,
        payment_id=int(event.payload["payment_id"]),
        gateway=house.gateway,
        life=house.registries.life,
        now=now,
        business_date=business_date_of(now),
    )


async def take_maintenance(house: House, event: Event, now: datetime) -> None:
    """A deposit into the maintenance fund, or a refund from it, has arrived where it was expected."""
    async with database.transaction() as tx:
        consumer = "maintenance"
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=consumer, now=now):
            await withdrawals.take_receipt(
                tx,
                purpose=str(event.payload["purpose"]),
                expectation_id=int(event.payload["expectation_id"]),
                receipt_id=int(event.payload["receipt_id"]),
                business_date=business_date_of(now),
                now=now,
            )


async def count_settled(house: House, event: Event, now: datetime) -> None:
    """Matched receipts and settled batch items, by what they were for; their owners subscribe beside this."""
    telemetry.SETTLED.labels(kind=event.kind, purpose=str(event.payload["purpose"])).inc()


async def warn_of_change(house: House, event: Event, now: datetime) -> None:
    """The notice of a changed phone or card, to the phone of before."""
    person_id, change_id = int(event.payload["person_id"]), int(event.payload["change_id"])
    mobile = await contributions.notice_number(person_id=person_id, change_id=change_id)
    found = [
        one
        for one in await contributions.changes_of(person_id=person_id, now=now)
        if one.change_id == change_id and not one.denied
    ]
    if mobile is None or not found:
        return
    secret = vault.current().decrypt(bytes.fromhex(str(event.payload["token"])))
    template = f"person.{found[0].kind}_changed"
    at = found[0].made_at.astimezone(SHANGHAI)
    variables = {
        "at": f"{at.month}月{at.day}日{at.hour}时{at.minute}分",
        "after": found[0].after_masked,
        "link": f"{house.settings.public_url}/auth/not-me/{person_id}-{change_id}-{secret}",
    }
    async with database.transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=template, now=now):
            await sending.enqueue(
                tx,
                account_no=event.account_no,
                event_id=event.event_id,
                template=template,
                variables=variables,
                mobile=mobile,
                now=now,
            )


SUBSCRIPTIONS: Mapping[str, tuple[Consumer, ...]] = {
    contributions.SENSITIVE_CHANGE: (warn_of_change,),
    cases.CASE_CHANGED: (tell_listeners, text_applicant, city_platform.follow_case, invite_evaluation),
    cases.EVALUATION_GIVEN: (tell_listeners,),
    settlement.RECEIPT_MATCHED: (
        count_settled,
        collection.take_receipt,
        of_transfers.take_receipt,
        take_maintenance,
    ),
    settlement.BATCH_ITEM_SETTLED: (
        count_settled,
        collection.take_collected,
        settle_agreed_payment,
        of_transfers.take_paid,
    ),
    transfers.TRANSFER_CHANGED: (
        of_transfers.count_moves,
        of_transfers.text_person,
        city_platform.follow_transfer,
        of_transfers.invite_evaluation,
    ),
    contributions.LIST_WORK: (collection.work_on_list,),
    contributions.LIST_APPLIED: (collection.count_collected,),
    contributions.MATTER_ENDED: (city_platform.follow_matter,),
    contributions.STATEMENT_PAID: (collection.distribute,),
    settlement.RECEIPT_TAKEN_BACK: (collection.take_back,),
    contributions.STATEMENT_TAKING_BACK: (collection.undo_distribution,),
    contributions.STATEMENT_TAKEN_BACK: (employer_texts.text_taken_back,),
    contributions.EMPLOYER_REMINDED: (employer_texts.text_reminder,),
    contributions.STATEMENT_DISTRIBUTED: (collection.count_collected,),
    withdrawals.ARRANGEMENT_CHANGED: (text_arrangement,),
    withdrawals.PAYMENT_PREPARED: (pay,),
    withdrawals.PAYMENT_CONFIRMED: (text_payment,),
    withdrawals.MAINTENANCE_RETURNED: (text_refund,),
    withdrawals.AGREED_PAYMENT: (text_agreed_payment,),
    risk.LISTED: (risk_texts.text_listed,),
    risk.APPEAL_ANSWERED: (risk_texts.text_answer,),
}

PAID = "withdrawal.paid"
_TO_FUND = {PAID: "withdrawal.paid_to_fund", "withdrawal.payment_failed": "withdrawal.fund_payment_failed"}

_TEMPLATE_OF_ACTION = {
    "submit": "withdrawal.submitted",
    "preliminary_refuse": "withdrawal.refused",
    "final_refuse": "withdrawal.refused",
    "special_refuse": "withdrawal.refused",
    "payment_refuse": "withdrawal.refused",
    "preliminary_correct": "withdrawal.returned",
    "cancel": "withdrawal.cancelled",
    "payment_rejected": "withdrawal.payment_failed",
}


Beside = Callable[[Transaction, str], Awaitable[None]]
"""What belongs into the transaction that sends a text, given the number that it goes to."""


async def _text(
    house: House,
    event: Event,
    *,
    case: CaseView,
    template: str,
    variables: dict[str, str],
    now: datetime,
    beside: Beside | None = None,
) -> None:
    person = await contributions.clear_person(person_id=case.person_id)
    if person.mobile is None:
        return
    async with database.transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=template, now=now):
            text = {
                "account_no": event.account_no,
                "event_id": event.event_id,
                "template": template,
                "variables": variables,
                "mobile": person.mobile,
            }
            instead = await conversations.notify(
                tx,
                person_id=case.person_id,
                event=template,
                variables=variables,
                template_ids=messages.template_ids(house),
                otherwise=text,
                now=now,
            )
            if not instead:
                await messages.send_as_text(tx, text, now)
            if beside is not None:
                await beside(tx, person.mobile)


def _of_payee(template: str, case: CaseView) -> str:
    """The text for money that goes to no card of the applicant's."""
    payee = withdrawals.kind_of(str(case.form["kind"])).payee
    return template if payee == "card" else _TO_FUND.get(template, template)


async def _variables(template: str, case: CaseView) -> dict[str, str]:
    name = withdrawals.kind_of(str(case.form["kind"])).name
    if template.endswith((".submitted", ".cancelled")):
        variables = {"name": name, "case_no": case.case_no}
        return variables | {"due_on": _day(case.due_on)} if template.endswith(".submitted") else variables
    if template.endswith(".returned"):
        asked = (await cases.corrections_of(case=case))[0]
        return {"name": name, "case_no": case.case_no, "reason": asked.note[:40]}
    if template.endswith(".refused"):
        last = (await cases.history_of(case=case))[-1]
        return {
            "name": name,
            "case_no": case.case_no,
            "reason": cases.reason_name(last.reason_code, unnamed="其他原因"),
        }
    payment = await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id)
    assert payment is not None and payment.ended_at is not None, f"case {case.case_no} has no ended payment"
    tail = {"name": name, "case_no": case.case_no, "card_tail": payment.payee_account_masked[-4:]}
    if template in _TO_FUND.values():
        del tail["card_tail"]
    if template in (PAID, _TO_FUND[PAID]):
        paid_on = payment.ended_at.astimezone(SHANGHAI).date()
        return tail | {"amount": payment.amount.yuan_text, "paid_on": _day(paid_on)}
    return tail | {"reason": (payment.last_message or "未说明原因")[:20]}


def _day(day: Any) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
