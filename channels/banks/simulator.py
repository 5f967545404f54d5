"""The entrusted banks behind the settlement system, for development and tests.

Faults (`channels.simulation`), simulator `bank`, operations `pay` and `query`, matched by serial_no,
bank_code, amount:
  slow, timeout, error500, garbage   before the work, or with {"stage": "after"} once the bank has booked
  refuse         {"code": "10003"} refuses a payment with that return code
  answer_twice   the order reaches the bank twice, as after a broken connection; it is booked once
  confirm_later  {"queries": 2, "then": "00000"} in processing until asked so often, then that return code

What goes beyond single payments stands in `funds_simulator`; money that comes in, and our being told, in `notifier`.

  GET /_sim/bank/bookings?serial=…   how often money moved for a serial number, and what stands under it
  GET /_sim/bank/balances            what the fund's accounts hold
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from xml.etree.ElementTree import Element

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.banks import funds_messages as fm
from channels.banks import messages
from channels.banks.book import BANK_NOT_CONTRACTED, CONFIRMED, NOT_FOUND, BankAccounts, BankBook, BookedOrder
from channels.banks.client import SETTLEMENT_PATH
from channels.banks.codes import return_code
from channels.banks.funds_simulator import FundsDesk, play
from channels.banks.messages import (
    MalformedMessage,
    PaymentBody,
    QueryBody,
    ReplyHead,
    RequestHead,
    ResultBody,
)
from channels.simulation import Fault, Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignatureRefused

_MALFORMED, _SERIAL_REUSED = "30001", "20001"
_NOT_CARRIED_OUT = frozenset({_MALFORMED, BANK_NOT_CONTRACTED, _SERIAL_REUSED})
_NO_HEAD = RequestHead(
    SendDate="",
    SendTime="",
    SendSeqNo="",
    TxUnitNo="",
    SendNode="",
    TxCode="",
    ReceiveNode="",
    CustNo="",
    OperNo="",
)


class BankSimulator:
    """Several banks with one book. A journal of its own keeps the book over restarts."""

    def __init__(
        self,
        *,
        banks: Mapping[str, BankAccounts],
        faults: Faults,
        check: SignatureCheck,
        clock: Callable[[], datetime],
        journal: SimulatorJournal | None = None,
    ) -> None:
        kept = journal or SimulatorJournal()
        self.book = BankBook(banks=dict(banks), write=kept.append)
        for entry in kept.entries():
            self.book.replay(entry)
        self._faults = faults
        self._check = check
        self._clock = clock
        self._funds = FundsDesk(book=self.book, clock=clock)

    def routes(self) -> list[Route]:
        return [
            Route(SETTLEMENT_PATH, self._settle, methods=["POST"]),
            Route("/_sim/bank/bookings", self._bookings, methods=["GET"]),
            Route("/_sim/bank/balances", self._balances, methods=["GET"]),
        ]

    async def _settle(self, request: Request) -> Response:
        try:
            content = await self._check.read(request)
        except SignatureRefused as refused:
            return refused.response()
        head: RequestHead = _NO_HEAD
        try:
            head_element, body_element = messages.read_message(content, root="Request", most=fm.FILE_MESSAGE_BYTES_MAX)
            head = messages.read_part(RequestHead, head_element)
            if head.TxCode == messages.TX_PAY:
                payment = messages.read_part(PaymentBody, body_element)
                messages.read_amount(payment.Amt)
                return await self._pay(request, head=head, body=payment)
            if head.TxCode == messages.TX_QUERY:
                return await self._query(request, head=head, body=messages.read_part(QueryBody, body_element))
            if (operation := self._funds.operation(head.TxCode)) is not None:
                return await self._work(request, operation=operation, head=head, body=body_element)
        except MalformedMessage:
            pass
        return self._reply(head=head, code=_MALFORMED, serial_no="")

    async def _pay(self, request: Request, *, head: RequestHead, body: PaymentBody) -> Response:
        fault = self._faults.take(
            simulator="bank",
            operation="pay",
            fields={"serial_no": body.YWLSH, "bank_code": head.ReceiveNode, "amount": body.Amt},
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        if head.ReceiveNode not in self.book.banks:
            return self._reply(head=head, code=BANK_NOT_CONTRACTED, serial_no=body.YWLSH)
        for _ in range(2 if fault.mode == "answer_twice" else 1):
            order = self._order(head=head, body=body, fault=fault)
        return await fault.after(request, self._reply_of(head=head, order=order))

    def _order(self, *, head: RequestHead, body: PaymentBody, fault: Fault) -> BookedOrder:
        later = fault.mode == "confirm_later"
        return self.book.order(
            bank_code=head.ReceiveNode,
            body=body,
            now=self._clock(),
            refuse_code=str(fault.detail.get("code", "10003")) if fault.mode == "refuse" else None,
            confirm_after=int(fault.detail.get("queries", 1)) if later else 0,
            then_code=str(fault.detail.get("then", CONFIRMED)) if later else CONFIRMED,
        )

    async def _query(self, request: Request, *, head: RequestHead, body: QueryBody) -> Response:
        fault = self._faults.take(
            simulator="bank",
            operation="query",
            fields={"serial_no": body.YWLSH, "bank_code": head.ReceiveNode},
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        if body.YWLSH.startswith("D"):
            code, result = self._funds.query_deposit(head=head, body=body) or self._funds.unknown_deposit(body)
            return await fault.after(request, self._written(head=head, code=code, body=result))
        order = self.book.ask(bank_code=head.ReceiveNode, serial_no=body.YWLSH, now=self._clock())
        if order is None:
            answer = self._reply(head=head, code=NOT_FOUND, serial_no=body.YWLSH)
        else:
            answer = self._reply_of(head=head, order=order)
        return await fault.after(request, answer)

    async def _work(self, request: Request, *, operation: str, head: RequestHead, body: Element | None) -> Response:
        """Whatever the funds desk does. Raises MalformedMessage."""
        fault = self._faults.take(
            simulator="bank", operation=operation, fields=self._funds.fields(head=head, body=body)
        )

        def work() -> Response:
            if head.ReceiveNode not in self.book.banks:
                return self._written(head=head, code=BANK_NOT_CONTRACTED, body=None)
            code, result = self._funds.answer(head=head, body=body, fault=fault)
            return self._written(head=head, code=code, body=result)

        return await play(request, fault, work)

    def _reply_of(self, *, head: RequestHead, order: BookedOrder) -> Response:
        return self._reply(
            head=head,
            code=order.code,
            serial_no=order.serial_no,
            bank_serial_no=order.bank_serial_no,
            amount=str(order.amount),
            booked_at=order.booked_at,
        )

    def _reply(
        self,
        *,
        head: RequestHead,
        code: str,
        serial_no: str,
        bank_serial_no: str = "",
        amount: str = "",
        booked_at: str = "",
    ) -> Response:
        result = ResultBody(YWLSH=serial_no, YHJSLSH=bank_serial_no, Amt=amount, TxTime=booked_at)
        return self._written(head=head, code=code, body=result, bank_serial_no=bank_serial_no)

    def _written(self, *, head: RequestHead, code: str, body: object | None, bank_serial_no: str = "") -> Response:
        known = return_code(code)
        day, time = messages.stamp(self._clock())
        status = "1" if code in _NOT_CARRIED_OUT else "2" if known.outcome == "processing" else "0"
        reply = ReplyHead(
            TxCode=head.TxCode,
            TxStatus=status,
            RtnCode=code,
            RtnMessage=known.meaning,
            ReceiveDate=day,
            ReceiveTime=time,
            ReceiveSeqNo=bank_serial_no,
            ReceiveNode=head.ReceiveNode,
            SendSeqNo=head.SendSeqNo,
            BDCDate=day,
            BDCTime=time,
            BDCSeqNo=bank_serial_no,
        )
        return Response(messages.write_message("Reply", reply, body), media_type="application/xml")

    async def _bookings(self, request: Request) -> Response:
        serial_no = request.query_params.get("serial", "")
        order = self.book.orders.get(serial_no)
        return JSONResponse(
            {
                "serial": serial_no,
                "count": order.bookings if order else 0,
                "code": order.code if order else None,
                "amount": str(order.amount) if order else None,
                "bank_code": order.bank_code if order else None,
            }
        )

    async def _balances(self, _: Request) -> Response:
        return JSONResponse(
            {
                code: {
                    account_no: str(self.book.balance(bank_code=code, account_no=account_no))
                    for account_no in bank.funds
                }
                for code, bank in self.book.banks.items()
            }
        )
