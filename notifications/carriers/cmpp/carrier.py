"""China Mobile as a carrier, by CMPP: a message becomes one SUBMIT a part, a DELIVER a receipt or a text from outside.

CMPP has no question about a single message. A SUBMIT without an answer is therefore settled by its status report
alone, which is recognised by Msg_Id or, where the answer with the Msg_Id got lost, by the mobile and the serial digits
that end our number (`serial_digits`, as many as the contract allows).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.kernel.dates import SHANGHAI
from notifications.carriers.cmpp.link import CmppLink
from notifications.carriers.cmpp.messages import Deliver, Submit
from notifications.carriers.cmpp.pdu import MalformedPdu, read_report
from notifications.carriers.cmpp.settings import LinkSettings, NoAnswer, NotSent
from notifications.carriers.cmpp.texts import Segment, read_piece, segments
from notifications.carriers.codes import CarrierCode, carrier_code, no_balance
from notifications.carriers.extension import extension_of
from notifications.ports import InboundSms, OutgoingSms, QueryOutcome, Receipt, SubmitOutcome, Taker

DELIVERED = "DELIVRD"
_FLOW_CONTROL = 8
# CMPP's answer "too fast": the same part again after a moment, before anything else is thought of.
_FLOW_PAUSES_SECONDS = (0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class CmppSettings:
    """What the contract says: `src_id` our number (1065…), `service_id` the service, `fee_*` that nobody but us pays.
    `serial_digits`: how many digits we may put behind our number."""

    link: LinkSettings
    service_id: str
    src_id: str
    serial_digits: int = 0
    fee_user_type: int = 2
    fee_type: str = "01"
    fee_code: str = "0"
    connections_max: int = 1

    def __post_init__(self) -> None:
        assert len(self.src_id) + self.serial_digits <= 21, "Src_Id has 21 digits"
        assert self.connections_max >= 1


@dataclass(slots=True)
class CmppCarrier:
    """A `notifications.ports.Carrier` and `LongConnection`. Without a connection in this process everything is refused
    as `not_connected`, and another carrier may take it."""

    settings: CmppSettings
    clock: Callable[[], datetime]
    settling_seconds: int = 600
    _link: CmppLink = field(init=False)
    _take: Taker | None = field(default=None, init=False)
    _reference: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._link = CmppLink(settings=self.settings.link, clock=self.clock, deliver=self._delivered)

    @property
    def name(self) -> str:
        return self.settings.link.name

    @property
    def no_balance(self) -> str:
        return no_balance("cmpp")

    @property
    def connections_max(self) -> int:
        return self.settings.connections_max

    @property
    def online(self) -> bool:
        return self._link.online

    @property
    def condition(self) -> str:
        return self._link.news.why or "已连接"

    @property
    def link(self) -> CmppLink:
        return self._link

    async def hold(self, *, take: Taker) -> None:
        self._take = take
        await self._link.run()

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome:
        """Part after part: a message whose first part is refused costs nothing more."""
        taken: dict[int, str] = {}
        self._reference = self._reference % 255 + 1
        cut = segments(message.text, reference=self._reference)
        for segment in cut:
            try:
                msg_id, code = await self._submit_part(message, segment)
            except NotSent as failure:
                return _refused("not_connected", failure.reason, taken)
            except NoAnswer as failure:
                return SubmitOutcome(
                    status="unknown", carrier_id=taken.get(1), code="no_answer", message=failure.reason, part_ids=taken
                )
            if code.blame == "none":
                taken[segment.number] = str(msg_id)
            elif code.blame == "unclear":
                # it may have the part: nothing more is sent until a report tells
                return SubmitOutcome(
                    status="unknown", carrier_id=taken.get(1), code=code.code, message=code.meaning, part_ids=taken
                )
            else:
                return _refused(code.code, code.meaning, taken, elsewhere=code.blame == "carrier")
        return SubmitOutcome(status="accepted", carrier_id=taken[1], code="0", message="已受理", part_ids=taken)

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        return QueryOutcome(status="unknown", code="no_query", message="等待状态报告")

    async def _submit_part(self, message: OutgoingSms, segment: Segment) -> tuple[int, CarrierCode]:
        submit = self._submit(message, segment)
        for pause in (*_FLOW_PAUSES_SECONDS, None):
            answer = await self._link.submit(submit, urgent=message.urgent)
            if answer.result != _FLOW_CONTROL or pause is None:
                break
            await asyncio.sleep(pause)
        return answer.msg_id, carrier_code(carrier="cmpp", code=str(answer.result))

    def _submit(self, message: OutgoingSms, segment: Segment) -> Submit:
        settings = self.settings
        return Submit(
            pk_total=segment.total,
            pk_number=segment.number,
            service_id=settings.service_id,
            fee_user_type=settings.fee_user_type,
            udhi=segment.udhi,
            fmt=segment.fmt,
            msg_src=settings.link.source,
            fee_type=settings.fee_type,
            fee_code=settings.fee_code,
            src_id=settings.src_id + extension_of(message.message_id, digits=settings.serial_digits),
            destinations=(message.mobile,),
            content=segment.content,
        )

    async def _delivered(self, delivers: list[Deliver]) -> None:
        """Raises when nobody keeps it: then the gateway is not told that we have it."""
        assert self._take is not None, "nobody holds this connection"
        now = self.clock()
        receipts, inbound = [], []
        for deliver in delivers:
            if deliver.report:
                if (receipt := self._receipt(deliver, now)) is not None:
                    receipts.append(receipt)
            else:
                inbound.append(self._inbound(deliver, now))
        await self._take(receipts, inbound)

    def _receipt(self, deliver: Deliver, now: datetime) -> Receipt | None:
        try:
            report = read_report(deliver.content)
        except MalformedPdu:
            # It would come again for ever, and tells nothing: acknowledged and passed over.
            return None
        mobile = report.destination.removeprefix("+").removeprefix("86")
        return Receipt(
            carrier=self.name,
            message_id=None,
            carrier_id=str(report.msg_id),
            status="delivered" if report.stat == DELIVERED else "failed",
            code=report.stat,
            received_at=_done_at(report.done_time) or now,
            mobile=mobile or None,
            extension=deliver.dest_id.removeprefix(self.settings.src_id),
        )

    def _inbound(self, deliver: Deliver, now: datetime) -> InboundSms:
        piece = read_piece(content=deliver.content, udhi=deliver.udhi, fmt=deliver.fmt)
        return InboundSms(
            carrier=self.name,
            carrier_id=str(deliver.msg_id),
            mobile=deliver.source.removeprefix("+").removeprefix("86"),
            dest=deliver.dest_id,
            text=piece.text,
            received_at=now,
            reference=piece.reference,
            total=piece.total,
            number=piece.number,
        )


def _refused(code: str, message: str, taken: dict[int, str], *, elsewhere: bool = True) -> SubmitOutcome:
    """A part of a long message that was taken is never shown by a handset: the whole may go elsewhere."""
    return SubmitOutcome(status="rejected", code=code, message=message, elsewhere=elsewhere, part_ids=taken)


def _done_at(text: str) -> datetime | None:
    """YYMMDDHHMM of Beijing; None when it is no time."""
    try:
        return datetime.strptime(f"{text}+0800", "%y%m%d%H%M%z").astimezone(SHANGHAI)
    except ValueError:
        return None
