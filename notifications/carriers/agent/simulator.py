"""SMS carriers for development and tests; any number of them by name, each with its own messages and
receipts.

Faults (`channels.simulation`), simulator `sms`, operations `submit`, `query`, `receipts`, `balance`, matched by
carrier, message_id, mobile:
  slow, timeout, error500, garbage   before the work, or with {"stage": "after"} once the message was taken
  refuse         {"code": "2001"} refuses a submission, or a question about the balance, with that code
  answer_twice   the receipt comes twice
  confirm_later  {"fetches": 2} the receipt waits until receipts were fetched so often
  any mode       {"receipt": "UNDELIV"} the receipt's Stat, DELIVRD unless told; "none" for no receipt at all

  GET /_sim/sms/messages[?carrier=…][&mobile=…]   what was taken, newest last: a developer reads their SMS
  here
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Fault, Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignatureRefused
from domain.kernel.digest import canonical_json, sm3_hex
from notifications.carriers.agent.client import DELIVERED, RECEIPTS_MAX
from notifications.carriers.codes import carrier_code

_NO_RECEIPT = "none"


@dataclass(slots=True, kw_only=True)
class TakenMessage:
    """One message number at one carrier; taken once, whatever comes."""

    carrier: str
    message_id: str
    digest: str
    mobile: str
    text: str
    parts: int
    carrier_id: str
    taken_at: str
    receipt_code: str
    receipt_copies: int
    fetches_left: int

    @property
    def status(self) -> str:
        if self.receipt_code == _NO_RECEIPT or self.fetches_left > 0:
            return "accepted"
        return "delivered" if self.receipt_code == DELIVERED else "failed"


class SmsSimulator:
    """A journal of its own keeps messages and acknowledgements over restarts. `also` gives what other simulators of
    carriers took, so that a developer reads all SMS in one place. `parts_paid` at each carrier, once for all: when
    they are used up, nothing more is taken."""

    def __init__(
        self,
        *,
        carriers: Sequence[str],
        parts_paid: int = 10_000_000,
        faults: Faults,
        check: SignatureCheck,
        clock: Callable[[], datetime],
        journal: SimulatorJournal | None = None,
    ) -> None:
        self._carriers = frozenset(carriers)
        self.left = dict.fromkeys(carriers, parts_paid)
        self._faults = faults
        self._check = check
        self._clock = clock
        self._journal = journal or SimulatorJournal()
        self.messages: dict[tuple[str, str], TakenMessage] = {}
        self.also: Callable[[], list[dict[str, Any]]] = list
        self._waiting: dict[tuple[str, str], TakenMessage] = {}
        for entry in self._journal.entries():
            self._replay(entry)

    def routes(self) -> list[Route]:
        return [
            Route("/sms/{carrier}/submit", self._submit, methods=["POST"]),
            Route("/sms/{carrier}/query", self._query, methods=["POST"]),
            Route("/sms/{carrier}/receipts", self._receipts, methods=["POST"]),
            Route("/sms/{carrier}/receipts/acknowledge", self._acknowledge, methods=["POST"]),
            Route("/sms/{carrier}/balance", self._balance, methods=["POST"]),
            Route("/_sim/sms/messages", self._show, methods=["GET"]),
        ]

    async def _submit(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        carrier, message_id, mobile = (
            request.path_params["carrier"],
            str(body.get("messageId")),
            str(body.get("mobile")),
        )
        fault = self._take(operation="submit", carrier=carrier, message_id=message_id, mobile=mobile)
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _answer(str(fault.detail.get("code", "2001")))
        if not (len(mobile) == 11 and mobile.isascii() and mobile.isdigit()):
            return _answer("1001")
        if self.left[carrier] < int(body.get("parts") or 1) and (carrier, message_id) not in self.messages:
            return _answer("2002")
        taken = self._keep(carrier=carrier, message_id=message_id, body=body, fault=fault)
        if taken is None:
            return _answer("1003")
        return await fault.after(request, _answer("0", carrierId=taken.carrier_id))

    async def _query(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        carrier, message_id = request.path_params["carrier"], str(body.get("messageId"))
        fault = self._take(operation="query", carrier=carrier, message_id=message_id, mobile=str(body.get("mobile")))
        if (broken := await fault.before(request)) is not None:
            return broken
        taken = self.messages.get((carrier, message_id))
        if taken is None:
            return _answer("0", status="not_found")
        told = taken.status in ("delivered", "failed")
        return _answer(
            "0",
            status=taken.status,
            carrierId=taken.carrier_id,
            receiptCode=taken.receipt_code if told else None,
            receivedAt=taken.taken_at if told else None,
        )

    async def _receipts(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        carrier = request.path_params["carrier"]
        fault = self._take(operation="receipts", carrier=carrier)
        if (broken := await fault.before(request)) is not None:
            return broken
        ready: list[TakenMessage] = []
        for taken in self._waiting.values():
            if taken.carrier != carrier or len(ready) >= RECEIPTS_MAX // 2:
                continue
            if taken.fetches_left > 0:
                taken.fetches_left -= 1
            else:
                ready.append(taken)
        receipts = [
            {
                "messageId": taken.message_id,
                "carrierId": taken.carrier_id,
                "receiptCode": taken.receipt_code,
                "receivedAt": taken.taken_at,
            }
            for taken in ready
            for _ in range(taken.receipt_copies)
        ]
        answer = _answer("0", receipts=receipts, mark=",".join(taken.message_id for taken in ready))
        return await fault.after(request, answer)

    async def _acknowledge(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        carrier = request.path_params["carrier"]
        known = [number for number in str(body.get("mark")).split(",") if (carrier, number) in self._waiting]
        if known:
            self._record({"event": "acknowledged", "carrier": carrier, "message_ids": known})
        return _answer("0")

    async def _balance(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        carrier = request.path_params["carrier"]
        fault = self._take(operation="balance", carrier=carrier)
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _answer(str(fault.detail.get("code", "9001")))
        return await fault.after(request, _answer("0", parts=fault.detail.get("parts", self.left[carrier])))

    async def _show(self, request: Request) -> Response:
        carrier, mobile = request.query_params.get("carrier"), request.query_params.get("mobile")
        return JSONResponse(
            [
                {
                    "carrier": taken.carrier,
                    "messageId": taken.message_id,
                    "mobile": taken.mobile,
                    "text": taken.text,
                    "parts": taken.parts,
                    "takenAt": taken.taken_at,
                    "status": taken.status,
                }
                for taken in self.messages.values()
                if carrier in (None, taken.carrier) and mobile in (None, taken.mobile)
            ]
            + [one for one in self.also() if carrier in (None, one["carrier"]) and mobile in (None, one["mobile"])]
        )

    async def _read(self, request: Request) -> dict[str, Any] | Response:
        try:
            content = await self._check.read(request)
        except SignatureRefused as refused:
            return refused.response()
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        if not isinstance(body, dict) or request.path_params["carrier"] not in self._carriers:
            return JSONResponse({"code": "400", "message": "请求格式错误"}, status_code=400)
        return body

    def _take(self, *, operation: str, **fields: str) -> Fault:
        return self._faults.take(simulator="sms", operation=operation, fields=fields)

    def _keep(self, *, carrier: str, message_id: str, body: dict[str, Any], fault: Fault) -> TakenMessage | None:
        """None when the number stands with other content."""
        digest = sm3_hex(canonical_json([body.get("mobile"), body.get("text")]))
        standing = self.messages.get((carrier, message_id))
        if standing is not None:
            return standing if standing.digest == digest else None
        self._record(
            {
                "event": "taken",
                "carrier": carrier,
                "message_id": message_id,
                "digest": digest,
                "mobile": str(body.get("mobile")),
                "text": str(body.get("text")),
                "parts": int(body.get("parts") or 1),
                "carrier_id": f"{carrier}-{len(self.messages) + 1:08d}",
                "taken_at": self._clock().isoformat(),
                "receipt_code": str(fault.detail.get("receipt", DELIVERED)),
                "receipt_copies": 2 if fault.mode == "answer_twice" else 1,
                "fetches_left": int(fault.detail.get("fetches", 1)) if fault.mode == "confirm_later" else 0,
            }
        )
        return self.messages[(carrier, message_id)]

    def _record(self, entry: dict[str, Any]) -> None:
        self._journal.append(entry)
        self._replay(entry)

    def _replay(self, entry: dict[str, Any]) -> None:
        match entry.get("event"):
            case "taken":
                taken = TakenMessage(**{key: value for key, value in entry.items() if key != "event"})
                key = (taken.carrier, taken.message_id)
                self.messages[key] = taken
                self.left[taken.carrier] = self.left.get(taken.carrier, 0) - taken.parts
                if taken.receipt_code != _NO_RECEIPT:
                    self._waiting[key] = taken
            case "acknowledged":
                for message_id in entry["message_ids"]:
                    self._waiting.pop((entry["carrier"], message_id), None)


def _answer(code: str, **values: object) -> JSONResponse:
    meaning = carrier_code(carrier="agent", code=code).meaning
    return JSONResponse({"code": code, "message": meaning, **values})
