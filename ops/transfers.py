"""异地转移接续 in the background: what the platform is told and brings, what banks paid and received, texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from channels.inbound import Message, NotYet, finish
from channels.national_transfer import messages
from domain import cases, contributions, transfers
from domain.kernel import outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.transfers import DueTelling, Letter, OutInfo, TooEarly, TransferIn
from notifications import sending
from ops import telemetry
from ops.wiring import House

if TYPE_CHECKING:
    from ops.subscriptions import Event

PARTNER = "national_transfer"
AT_ONCE = 16
_CONSUMER = "transfers"
INVITATION = "evaluation.invited"
MINI_PROGRAM = Actor(kind="service", channel=transfers.MINI_PROGRAM, name="全国住房公积金小程序")


async def push_due(house: House, *, most: int = AT_ONCE) -> int:
    """One round of messages to the platform; returns how many it has now. One that fails keeps nobody else waiting."""
    if await cases.is_off(channel=PARTNER):
        return 0
    due = await transfers.claim_due(now=house.clock(), most=most)
    told = await asyncio.gather(*(_push(house, one) for one in due), return_exceptions=True)
    for result in told:
        if isinstance(result, BaseException):
            raise result
    return sum(bool(result) for result in told)


async def _push(house: House, due: DueTelling) -> bool:
    told = await house.transfers.tell(telling=due.telling, now=house.clock())
    telemetry.TRANSFERS_TOLD.labels(kind=due.telling.kind, outcome=told.status).inc()
    return await transfers.record_answer(due=due, told=told, now=house.clock())


async def refresh(house: House) -> None:
    """Daily: the list of centres (909), and the platform's word (904) of letters that nobody spoke of for a day. A
    platform that gives no usable answer changes nothing."""
    if await cases.is_off(channel=PARTNER):
        return
    now = house.clock()
    listed = await house.transfers.centres(now=now)
    if listed:
        await transfers.keep_centres(entries=listed, now=now)
    for letter in await transfers.letters_without_news(before=now - timedelta(days=1)):
        said = await house.transfers.progress(letter_no=letter, now=now)
        if said.state is None:
            continue
        async with transaction() as tx:
            await transfers.take_progress(tx, letter_no=letter, state=said.state, reason="平台进度查询", now=now)


# --- what the bank says


async def take_receipt(house: House, event: Event, now: datetime) -> None:
    """A receipt was matched with what a letter announced."""
    if not transfers.is_transfer_in(str(event.payload["purpose"])):
        return
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=_CONSUMER, now=now):
            await transfers.money_arrived(
                tx,
                letter_no=str(event.payload["reference_no"]),
                expectation_id=int(event.payload["expectation_id"]),
                receipt_id=int(event.payload["receipt_id"]),
                business_date=business_date_of(now),
                now=now,
            )


async def take_paid(house: House, event: Event, now: datetime) -> None:
    """A bank has answered for the money of one transfer out."""
    if event.payload["purpose"] != transfers.PURPOSE_OUT:
        return
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=_CONSUMER, now=now):
            await transfers.item_settled(
                tx,
                batch_id=int(event.payload["batch_id"]),
                item_no=int(event.payload["item_no"]),
                reference=str(event.payload["owner_reference"]),
                business_date=business_date_of(now),
                now=now,
            )


# --- what the person hears

TEMPLATE_OF_ACTION = {
    ("in", "issue"): "transfer.issued",
    ("in", "decline"): "transfer.declined",
    ("in", "refused"): "transfer.refused",
    ("in", "failed"): "transfer.failed",
    ("in", "cancelled"): "transfer.cancelled",
    ("in", "finish"): "transfer.arrived",
    ("in", "finish_negotiated"): "transfer.arrived",
    ("out", "approve"): "transfer.out_approved",
    ("out", "finish"): "transfer.out_finished",
    ("out", "finish_negotiated"): "transfer.out_finished",
}


async def count_moves(house: House, event: Event, now: datetime) -> None:
    """Transfers by direction and state reached."""
    telemetry.TRANSFERS_MOVED.labels(direction=event.payload["direction"], state=event.payload["state"]).inc()


async def text_person(house: House, event: Event, now: datetime) -> None:
    """The SMS that belongs to a step; most steps have none."""
    template = TEMPLATE_OF_ACTION.get((str(event.payload["direction"]), str(event.payload["action"])))
    if template is None:
        return
    view = await transfers.transfer_by_key(account_no=event.account_no, transfer_id=int(event.payload["transfer_id"]))
    if view.person_id is None:
        return
    person = await contributions.clear_person(person_id=view.person_id)
    if person.mobile is None:
        return
    variables = {"transfer_no": view.transfer_no, "centre": view.other_centre_name[:20]}
    if template in ("transfer.arrived", "transfer.out_approved"):
        assert view.amount is not None, f"transfer {view.transfer_no} has no amount"
        variables["amount"] = view.amount.yuan_text
    if template in ("transfer.declined", "transfer.refused", "transfer.failed"):
        noted = [one.note for one in await transfers.events_of(view=view) if one.action == event.payload["action"]]
        variables["reason"] = (noted[-1] or "未说明原因")[:40] if noted else "未说明原因"
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=template, now=now):
            await sending.enqueue(
                tx, account_no=event.account_no, event_id=event.event_id, template=template, variables=variables,
                mobile=person.mobile, now=now,
            )  # fmt: skip


async def invite_evaluation(house: House, event: Event, now: datetime) -> None:
    """好差评: one invitation when the centres have ended the transfer, whatever the result."""
    view = await transfers.transfer_by_key(account_no=event.account_no, transfer_id=int(event.payload["transfer_id"]))
    # the step of this event counts, not the state that the transfer has reached meanwhile
    reached = str(event.payload["state"])
    if not view.flow.is_terminal(reached) or not transfers.was_served(view) or view.person_id is None:
        return
    person = await contributions.clear_person(person_id=view.person_id)
    if person.mobile is None:
        return
    served = await cases.served_by_key(account_no=view.account_no, case_id=view.transfer_id)
    async with transaction() as tx:
        if await outbox.consume(tx, account_no=event.account_no, event_id=event.event_id, consumer=INVITATION, now=now):
            await sending.enqueue(
                tx, account_no=event.account_no, event_id=event.event_id, template=INVITATION,
                variables={"item_name": served.item_name, "case_no": served.case_no}, mobile=person.mobile, now=now,
            )  # fmt: skip
            await cases.invite_by_sms(tx, case=served, mobile=person.mobile, now=now)


# --- what the platform brings

Heard = Callable[[Transaction, dict[str, Any], str, datetime], Awaitable[str]]


async def _letter(tx: Transaction, body: dict[str, Any], sender: str, now: datetime) -> str:
    letter = Letter(
        letter_no=body["ConNum"],
        in_centre=sender,
        in_centre_name=body["InCenterName"],
        name=body["FullName"],
        document_type=body["CertType"],
        document_no=body["CertNo"],
        out_account=body["OutAccount"],
        in_account=body["InAccount"],
        fund_account=body["FundAccount"],
        fund_account_name=body["FundAccountName"],
        fund_bank_code=body["FundBankCode"],
    )
    return await transfers.take_letter(tx, letter=letter, business_date=business_date_of(now), now=now)


async def _cancel(tx: Transaction, body: dict[str, Any], sender: str, now: datetime) -> str:
    return await transfers.take_cancellation(tx, letter_no=body["ConNum"], reason=body["Reason"], now=now)


async def _progress(tx: Transaction, body: dict[str, Any], sender: str, now: datetime) -> str:
    return await transfers.take_progress(
        tx, letter_no=body["ConNum"], state=body["TranStatus"], reason=body["Reason"], now=now
    )


async def _out_info(tx: Transaction, body: dict[str, Any], sender: str, now: datetime) -> str:
    if body["TxFunc"] == "2":
        info = OutInfo(letter_no=body["ConNum"], function="2")
    else:
        info = OutInfo(
            letter_no=body["ConNum"],
            function=body["TxFunc"],
            amount=Money.parse(body["TransAmount"]),
            principal=Money.parse(body["Principal"]),
            interest=Money.parse(body["Interest"]),
            told={name: body[name] for name in messages.INFO_FIELDS},
            reason=body["Reason"],
        )
    return await transfers.take_out_info(tx, info=info, business_date=business_date_of(now), now=now)


_SINGLE: Mapping[str, Heard] = {
    messages.TX_LETTER: _letter,
    messages.TX_CANCEL: _cancel,
    messages.TX_PROGRESS: _progress,
    messages.TX_OUT_INFO: _out_info,
}


async def take_message(house: House, message: Message, now: datetime) -> str:
    """One message; its effect and its mark commit together."""
    told = orjson.loads(message.content)
    if message.kind == messages.TX_LETTER and "ConNum" not in told["Body"]:
        return await _application(message, told["Body"], now=now)
    try:
        async with transaction() as tx:
            outcome = await _SINGLE[message.kind](tx, told["Body"], told["SendNode"], now)
            await finish(tx, message=message, outcome=outcome, now=now)
    except TooEarly as early:
        raise NotYet(early.reason) from None
    return outcome


async def take_batch(house: House, message: Message, now: datetime) -> str:
    """902, 906: each item by itself, so that one that is refused keeps no other back; replayed, those that were done
    change nothing."""
    told = orjson.loads(message.content)
    single = _SINGLE[messages.TX_LETTER if message.kind == messages.TX_LETTERS else messages.TX_OUT_INFO]
    refused: list[Refused] = []
    early: TooEarly | None = None
    items = told["Body"]["Items"]
    for item in items:
        try:
            async with transaction() as tx:
                await single(tx, item, told["SendNode"], now)
        except Refused as one:
            refused.append(one)
        except TooEarly as one:
            early = one
    if early is not None:
        raise NotYet(early.reason)
    if refused:
        raise Refused(*(one.refusals[0] for one in refused))
    return f"共{len(items)}笔，全部登记"


async def _application(message: Message, body: dict[str, Any], *, now: datetime) -> str:
    """The national mini-program's application for a transfer to us. What is refused is kept with its reason; how the
    platform is told of that is not known (see `channels.national_transfer.messages`)."""
    try:
        view = await transfers.apply_from_mini_program(
            actor=MINI_PROGRAM,
            name=body["FullName"],
            document_type=body["CertType"],
            document_no=body["CertNo"],
            wanted=TransferIn(other_centre=body["OutCenterCode"], other_account=body["OutAccount"]),
            request_key=f"mini-{message.key.replace(':', '-')}"[:64],
            business_date=business_date_of(now),
            now=now,
        )
    except Refused as refused:
        return "不予受理：" + "；".join(one.message for one in refused.refusals)
    return f"已受理，受理编号{view.transfer_no}"


HANDLERS: Mapping[str, Callable[[House, Message, datetime], Awaitable[str]]] = {
    **dict.fromkeys(_SINGLE, take_message),
    messages.TX_LETTERS: take_batch,
    messages.TX_OUT_INFOS: take_batch,
}
