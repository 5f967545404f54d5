"""The agent (短信代理商) as a carrier: a plain JSON protocol over signed HTTP.

The protocol is our own, of the kind that carriers' HTTP gateways have; it stands in until a contract names a
real one. POST below `/sms/<carrier>/`, ids as text, instants in ISO 8601 with offset:

    submit                {messageId, mobile, text, parts}     → {code, message, carrierId}
    query                 {messageId, mobile, date}            → {code, message, status, carrierId,
    receiptCode, receivedAt}
                          status: accepted, delivered, failed, not_found
    receipts              {}                                   → {code, mark, receipts: [{messageId,
    carrierId, receiptCode,
                                                                  receivedAt}]}
    receipts/acknowledge  {mark}                               → {code}
    balance               {}                                   → {code, message, parts}

The carrier takes the same messageId with the same content once. receiptCode is CMPP's Stat (DELIVRD, UNDELIV,
…).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast, get_args

from channels.wire import SignedClient, WireFailure
from notifications.carriers.codes import carrier_code
from notifications.ports import OutgoingSms, QueryOutcome, QueryStatus, Receipt, SubmitOutcome

DELIVERED = "DELIVRD"
RECEIPTS_MAX = 100
# Longer than the simulator holds any request, so that none under way turns into a message later.
SETTLING_SECONDS = 35


class AgentCarrier:
    """A `notifications.ports.Carrier` and `ReceiptSource`. `name` is the carrier's, also in the path."""

    def __init__(self, *, name: str, wire: SignedClient, settling_seconds: int = SETTLING_SECONDS) -> None:
        self._name = name
        self._wire = wire
        self._settling_seconds = settling_seconds

    @property
    def name(self) -> str:
        return self._name

    @property
    def settling_seconds(self) -> int:
        return self._settling_seconds

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome:
        body = {
            "messageId": str(message.message_id),
            "mobile": message.mobile,
            "text": message.text,
            "parts": message.parts,
        }
        try:
            answer = await self._wire.post_json(path=f"/sms/{self._name}/submit", body=body, now=now)
        except WireFailure as failure:
            if failure.surely_not_sent:
                return SubmitOutcome(status="rejected", code=failure.trouble, message=failure.reason, elsewhere=True)
            return SubmitOutcome(status="unknown", code=failure.trouble, message=failure.reason)
        known = carrier_code(carrier="agent", code=str(answer.get("code")))
        carrier_id = answer.get("carrierId")
        if known.blame == "unclear" or (known.blame == "none" and not isinstance(carrier_id, str)):
            return SubmitOutcome(status="unknown", code=known.code, message=known.meaning)
        if known.blame == "none":
            return SubmitOutcome(
                status="accepted", carrier_id=cast(str, carrier_id), code=known.code, message=known.meaning
            )
        return SubmitOutcome(
            status="rejected", code=known.code, message=known.meaning, elsewhere=known.blame == "carrier"
        )

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        body = {"messageId": str(message_id), "mobile": mobile, "date": sent_on.isoformat()}
        try:
            answer = await self._wire.post_json(path=f"/sms/{self._name}/query", body=body, now=now)
        except WireFailure as failure:
            return QueryOutcome(status="unknown", code=failure.trouble, message=failure.reason)
        status = answer.get("status")
        if answer.get("code") != "0" or status not in get_args(QueryStatus):
            return QueryOutcome(status="unknown", code="malformed_answer", message="运营商应答不完整")
        return QueryOutcome(
            status=cast(QueryStatus, status),
            carrier_id=answer["carrierId"] if isinstance(answer.get("carrierId"), str) else None,
            code=str(answer.get("receiptCode") or "0"),
            message=str(answer.get("message") or ""),
            received_at=_instant(answer.get("receivedAt")),
        )

    async def fetch_receipts(self, *, now: datetime) -> tuple[list[Receipt], str]:
        try:
            answer = await self._wire.post_json(path=f"/sms/{self._name}/receipts", body={}, now=now)
        except WireFailure:
            return [], ""
        listed, mark = answer.get("receipts"), answer.get("mark")
        if not isinstance(listed, list) or not isinstance(mark, str) or len(listed) > RECEIPTS_MAX:
            return [], ""
        receipts = [self._receipt(entry) for entry in listed]
        # A receipt that cannot be read is passed over, or it would stop all that follow; a query still finds
        # it.
        return [receipt for receipt in receipts if receipt is not None], mark

    async def acknowledge_receipts(self, *, mark: str, now: datetime) -> None:
        try:
            await self._wire.post_json(path=f"/sms/{self._name}/receipts/acknowledge", body={"mark": mark}, now=now)
        except WireFailure:
            return

    async def balance_parts(self, *, now: datetime) -> int | None:
        try:
            answer = await self._wire.post_json(path=f"/sms/{self._name}/balance", body={}, now=now)
        except WireFailure:
            return None
        parts = answer.get("parts")
        told = answer.get("code") == "0" and isinstance(parts, int) and not isinstance(parts, bool) and parts >= 0
        return parts if told else None

    def _receipt(self, entry: Any) -> Receipt | None:
        if not isinstance(entry, dict):
            return None
        number, code = entry.get("messageId"), entry.get("receiptCode")
        received_at = _instant(entry.get("receivedAt"))
        if not isinstance(number, str) or not number.isascii() or not number.isdigit() or len(number) > 19:
            return None
        if not isinstance(code, str) or not code or received_at is None:
            return None
        carrier_id = entry.get("carrierId")
        return Receipt(
            carrier=self._name,
            message_id=int(number),
            carrier_id=carrier_id if isinstance(carrier_id, str) else None,
            status="delivered" if code == DELIVERED else "failed",
            code=code,
            received_at=received_at,
        )


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
