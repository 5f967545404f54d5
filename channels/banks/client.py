"""The settlement gateway over the messages of `channels.banks.messages`: one message, one answer, no
repetition."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from channels.banks import messages
from channels.banks.codes import return_code
from channels.banks.messages import (
    MalformedMessage,
    PaymentBody,
    QueryBody,
    ReplyHead,
    RequestHead,
    ResultBody,
)
from channels.wire import SignedClient, WireFailure
from domain.kernel.digest import sm3_hex
from domain.settlement.ports import PaymentOrder, PaymentOutcome

SETTLEMENT_PATH = "/bank/settlement"


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreNode:
    """How the settlement system knows the centre: TxUnitNo, SendNode, CustNo and OperNo of the envelope."""

    unit_no: str
    node: str
    customer_no: str
    operator_no: str


def request_head(*, centre: CentreNode, tx_code: str, bank_code: str, now: datetime) -> RequestHead:
    """The envelope's head of one request, with a sequence number of its own."""
    send_date, send_time = messages.stamp(now)
    return RequestHead(
        SendDate=send_date,
        SendTime=send_time,
        SendSeqNo=secrets.token_hex(16),
        TxUnitNo=centre.unit_no,
        SendNode=centre.node,
        TxCode=tx_code,
        ReceiveNode=bank_code,
        CustNo=centre.customer_no,
        OperNo=centre.operator_no,
    )


class BankSettlement:
    """A `domain.settlement.ports.SettlementGateway`. `wire` brings address, secret and time limit."""

    def __init__(self, *, wire: SignedClient, centre: CentreNode) -> None:
        self._wire = wire
        self._centre = centre

    async def pay(self, *, order: PaymentOrder, now: datetime) -> PaymentOutcome:
        outcome = await self._ask(
            tx_code=messages.TX_PAY,
            bank_code=order.bank_code,
            serial_no=order.serial_no,
            body=messages.payment_body(order=order),
            now=now,
        )
        if outcome.status == "not_found":
            return _unclear("contradictory_answer", "银行应答自相矛盾", digest=outcome.raw_digest)
        if outcome.status in ("confirmed", "processing") and outcome.amount != order.amount:
            return _unclear("amount_differs", "银行应答的金额与支付指令不一致", digest=outcome.raw_digest)
        return outcome

    async def query(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> PaymentOutcome:
        return await self._ask(
            tx_code=messages.TX_QUERY,
            bank_code=bank_code,
            serial_no=serial_no,
            body=messages.query_body(serial_no=serial_no, business_date=business_date),
            now=now,
        )

    async def _ask(
        self, *, tx_code: str, bank_code: str, serial_no: str, body: PaymentBody | QueryBody, now: datetime
    ) -> PaymentOutcome:
        head = request_head(centre=self._centre, tx_code=tx_code, bank_code=bank_code, now=now)
        try:
            content = messages.write_message("Request", head, body)
        except MalformedMessage:
            # Nothing was sent and nothing ever can be: a name or a summary holds what XML does not carry.
            code = return_code("30001")
            return PaymentOutcome(status="rejected", code=code.code, message=code.meaning)
        try:
            answer = await self._wire.post(
                path=SETTLEMENT_PATH, content=content, now=now, content_type="application/xml"
            )
        except WireFailure as failure:
            return _unclear(failure.trouble, failure.reason)
        digest = sm3_hex(answer.content)
        try:
            return _outcome_of(answer.content, head=head, serial_no=serial_no, digest=digest)
        except MalformedMessage:
            return _unclear("malformed_answer", "银行应答不符合报文规范", digest=digest)


def _outcome_of(content: bytes, *, head: RequestHead, serial_no: str, digest: str) -> PaymentOutcome:
    """Reads the reply; whatever does not fit the request is unclear. Raises MalformedMessage."""
    head_element, body_element = messages.read_message(content, root="Reply")
    reply = messages.read_part(ReplyHead, head_element)
    if (reply.SendSeqNo, reply.TxCode) != (head.SendSeqNo, head.TxCode):
        return _unclear("foreign_answer", "银行应答与请求不对应", digest=digest)
    code = return_code(reply.RtnCode)
    if reply.TxStatus == "1":
        # Not carried out. For a payment that is an answer; for a query it says nothing about the payment.
        if head.TxCode == messages.TX_PAY and code.outcome == "rejected":
            return PaymentOutcome(status="rejected", code=code.code, message=code.meaning, raw_digest=digest)
        return _unclear(code.code, code.meaning, digest=digest)
    if reply.TxStatus not in ("0", "2") or (reply.TxStatus == "2") != (code.outcome == "processing"):
        return _unclear("contradictory_answer", "银行应答自相矛盾", digest=digest)
    result = messages.read_part(ResultBody, body_element)
    if serial_no != result.YWLSH:
        return _unclear("foreign_answer", "银行应答与请求不对应", digest=digest)
    confirmed_at = messages.read_instant(result.TxTime)
    amount = messages.read_amount(result.Amt) if result.Amt else None
    if code.outcome == "confirmed" and (confirmed_at is None or amount is None or not result.YHJSLSH):
        return _unclear("malformed_answer", "银行应答缺少入账信息", digest=digest)
    return PaymentOutcome(
        status=code.outcome,
        code=code.code,
        message=code.meaning,
        bank_serial_no=result.YHJSLSH or None,
        confirmed_at=confirmed_at if code.outcome == "confirmed" else None,
        amount=amount,
        raw_digest=digest,
    )


def _unclear(code: str, message: str, *, digest: str = "") -> PaymentOutcome:
    return PaymentOutcome(status="unknown", code=code, message=message, raw_digest=digest)
