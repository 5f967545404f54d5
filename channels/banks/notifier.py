"""The simulated settlement system telling us of movements (SBDC100), and the routes that make money come in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.banks import bank_files, messages
from channels.banks import funds_messages as fm
from channels.banks.book import BankBook
from channels.banks.inbound import NOTICES_PATH, NOTIFIER_APP
from channels.banks.lines import AccountLine
from channels.banks.messages import RequestHead
from channels.simulation import Fault, Faults
from channels.wire import SignedClient, WireFailure
from domain.kernel.money import Money

_CENTRE_NODE = "110000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """`url` is where our door stands (its base), `secret` what notices are signed with.

    POST /_sim/bank/receive {"bank_code", "account_no", "amount", "payer_account_no", "payer_name", "payer_bank_no",
                             "remark", "summary", "reversal"}   books money in and tells us of it
    POST /_sim/bank/notify  {"bank_code", "account_no", "host_serial_no"}   tells it again
    """

    book: BankBook
    faults: Faults
    clock: Callable[[], datetime]
    url: str
    secret: bytes

    def routes(self) -> list[Route]:
        return [
            Route("/_sim/bank/receive", self._receive, methods=["POST"]),
            Route("/_sim/bank/notify", self._again, methods=["POST"]),
        ]

    async def notify(self, *, bank_code: str, account_no: str, line: AccountLine) -> list[str]:
        """Sends a notice as the faults in force say; the return codes that we answered, or what went wrong."""
        fault = self.faults.take(
            simulator="bank",
            operation="notice",
            fields={"bank_code": bank_code, "account_no": account_no, "serial_no": line.host_serial_no},
        )
        if fault.mode == "refuse":
            return []
        answers = []
        for _ in range(2 if fault.mode == "answer_twice" else 1):
            content = self._content(bank_code=bank_code, account_no=account_no, line=line, fault=fault)
            answers.append(await self._send(content))
        return answers

    def _content(self, *, bank_code: str, account_no: str, line: AccountLine, fault: Fault) -> bytes:
        day, time = messages.stamp(self.clock())
        row = bank_files.movement_row(
            sequence=1,
            account_no=account_no,
            line=line,
            balance=self.book.lines.balance((bank_code, account_no)),
        )
        if fault.mode == "garbage":
            row = bank_files.SPOILED[str(fault.detail.get("spoil", "short_line"))](["", row, ""])[1]
        head = RequestHead(
            SendDate=day,
            SendTime=time,
            SendSeqNo=secrets.token_hex(16),
            TxUnitNo="",
            SendNode=bank_code,
            TxCode=fm.TX_NOTIFY,
            ReceiveNode=_CENTRE_NODE,
            CustNo="",
            OperNo="",
        )
        encoding = str(fault.detail.get("encoding", "utf-8"))
        return messages.write_message(
            "Request", head, fm.NoticeBody(RowCount="1", Content=fm.pack(row.encode(encoding)))
        )

    async def _send(self, content: bytes) -> str:
        # a connection for each notice, as banks do that notify seldom
        async with SignedClient(
            partner="hpf", base_url=self.url, app=NOTIFIER_APP, secret=self.secret, timeout_seconds=10
        ) as wire:
            try:
                answer = await wire.post(
                    path=NOTICES_PATH, content=content, now=self.clock(), content_type="application/xml"
                )
            except WireFailure as failure:
                return failure.trouble
        head, _ = messages.read_message(answer.content, root="Reply")
        return head.findtext("RtnCode") or ""

    async def _receive(self, request: Request) -> Response:
        try:
            body: dict[str, Any] = await request.json()
            line = self.book.receive(
                bank_code=str(body["bank_code"]),
                account_no=str(body["account_no"]),
                amount=Money.parse(str(body["amount"])),
                payer_account_no=str(body.get("payer_account_no", "")),
                payer_name=str(body.get("payer_name", "")),
                payer_bank_no=str(body.get("payer_bank_no", "")),
                remark=str(body.get("remark", "")),
                summary=str(body.get("summary", "转账")),
                reversal=bool(body.get("reversal", False)),
                now=self.clock(),
            )
        except (KeyError, ValueError) as error:
            return JSONResponse({"message": f"malformed: {type(error).__name__}"}, status_code=400)
        answers = await self.notify(bank_code=body["bank_code"], account_no=body["account_no"], line=line)
        return JSONResponse({"host_serial_no": line.host_serial_no, "answers": answers}, status_code=201)

    async def _again(self, request: Request) -> Response:
        try:
            body: dict[str, Any] = await request.json()
            account = (str(body["bank_code"]), str(body["account_no"]))
            line = self.book.lines.find(account, str(body["host_serial_no"]))
        except (KeyError, ValueError):
            line = None
        if line is None:
            return JSONResponse({"message": "no such line"}, status_code=404)
        answers = await self.notify(bank_code=account[0], account_no=account[1], line=line)
        return JSONResponse({"host_serial_no": line.host_serial_no, "answers": answers})
