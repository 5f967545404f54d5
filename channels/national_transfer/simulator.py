"""The national transfer platform for development and tests, with cities of its own behind it.

It keeps each letter's state, takes a message number once, and brings messages to their receivers: to its cities in
process, to us over signed HTTP. Nothing moves before `deliver` (a control route, or `deliver_always`), so that a test
decides about order. Faults, simulator `transfer`:
  tell, progress, centres   slow, timeout, error500, garbage (before, or {"stage": "after"}), refuse {"code": "T0002"};
                            matched by tx_code, con_num
  deliver                   refuse (lost until told again), answer_twice, confirm_later (behind all others);
                            matched by tx_code, con_num, receiver
  city                      see `city`

  POST /_sim/transfer/deliver                       brings what waits; the answers of our door
  POST /_sim/transfer/apply   {"city", "document_no", "out_centre", "out_account"}
  POST /_sim/transfer/mini-program {"name", "document_no", "out_centre", "out_account"}   an application for us
  POST /_sim/transfer/do      {"city", "con_num", "do": cancel | negotiate | say_later, "reason"}
  POST /_sim/transfer/forget                        back to the beginning
  POST /_sim/transfer/force   {"message"}           brings us a message that the platform would not
  GET  /_sim/transfer         letters, and each city's states, strays and residents
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.inbound import Unreadable
from channels.national_transfer.city import Effects, Payment, SimulatedCity
from channels.national_transfer.door import APP, PATH
from channels.national_transfer.messages import (
    CENTRES_PATH,
    MESSAGE_PATH,
    PROGRESS_PATH,
    TX_LETTER,
    envelope,
    meaning_of,
    read_envelope,
)
from channels.simulation import Faults
from channels.wire import SignatureCheck, SignatureRefused, SignedClient, WireFailure
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import canonical_json, sm3_hex
from domain.kernel.money import Money

PayUs = Callable[[Payment, SimulatedCity], Awaitable[None]]
_ENDED = frozenset({"00", "05", "20", "40"})


@dataclass(slots=True, kw_only=True)
class TransferSimulator:
    """`url` and `secret` are of our own door, `centre` our code; `pay_us` books a city's money at our bank."""

    cities: Sequence[SimulatedCity]
    centre: str
    url: str
    secret: bytes
    check: SignatureCheck
    faults: Faults
    clock: Callable[[], datetime]
    pay_us: PayUs | None = None
    letters: dict[str, dict[str, str]] = field(default_factory=dict)
    waiting: deque[dict[str, Any]] = field(default_factory=deque)
    payments: deque[tuple[Payment, SimulatedCity]] = field(default_factory=deque)
    _taken: dict[tuple[str, str], str] = field(default_factory=dict)
    _applications: int = 0

    def routes(self) -> list[Route]:
        return [
            Route(MESSAGE_PATH, self._tell, methods=["POST"]),
            Route(PROGRESS_PATH, self._progress, methods=["POST"]),
            Route(CENTRES_PATH, self._centres, methods=["POST"]),
            Route("/_sim/transfer", self._show, methods=["GET"]),
            Route("/_sim/transfer/{what}", self._control, methods=["POST"]),
        ]

    def city(self, code: str) -> SimulatedCity:
        return next(city for city in self.cities if city.code == code)

    def take(self, message: dict[str, Any]) -> str:
        """A message from one centre for another: the return code. What is taken waits to be delivered."""
        sender, number = message["SendNode"], message["MsgNo"]
        digest = sm3_hex(canonical_json({name: value for name, value in message.items() if name != "SendTime"}))
        standing = self._taken.get((sender, number))
        if standing is not None:
            return "00001" if standing == digest else "T0005"
        code = self._judge(message)
        if code == "00000":
            self._taken[sender, number] = digest
            self.waiting.append(message)
        return code

    def apply(self, *, city: str, document_no: str, out_centre: str, out_account: str) -> str:
        number, effects = self.city(city).apply(document_no=document_no, out_centre=out_centre, out_account=out_account)
        self.carry_out(self.city(city), effects)
        return number

    def carry_out(self, city: SimulatedCity, effects: Effects) -> None:
        for message in effects.messages:
            self.take(message)
        self.payments.extend((payment, city) for payment in effects.payments)

    def paid(self, *, account_no: str, amount: Money, remark: str) -> None:
        """A bank has booked money for one of the cities."""
        for city in self.cities:
            if city.fund_account == account_no:
                self.carry_out(city, city.money_in(remark=remark, amount=amount))

    def forget(self) -> None:
        """As it was at first, cities included."""
        for kept in (self.letters, self.waiting, self.payments, self._taken):
            kept.clear()
        for city in self.cities:
            city.forget()

    async def deliver(self, *, rounds: int = 20) -> list[str]:
        """Brings what waits until nothing does; the return codes of our door, or what went wrong."""
        answers: list[str] = []
        for _ in range(rounds):
            if not self.waiting and not self.payments:
                break
            payments, self.payments = list(self.payments), deque()
            for payment, payer in payments:
                await self._pay(payment, payer)
            batch, self.waiting = list(self.waiting), deque()
            for message in batch:
                answers += await self._bring(message)
        return answers

    async def deliver_always(self, *, every: int = 2) -> None:
        """For the demonstration: nobody has to say so."""
        while True:
            await asyncio.sleep(every)
            await self.deliver()

    async def bring_us(self, message: dict[str, Any]) -> str:
        async with SignedClient(
            partner="hpf", base_url=self.url, app=APP, secret=self.secret, timeout_seconds=10
        ) as wire:
            try:
                answer = await wire.post_json(path=PATH, body=message, now=self.clock())
            except WireFailure as failure:
                return failure.trouble
        return str(answer.get("RtnCode"))

    async def _bring(self, message: dict[str, Any]) -> list[str]:
        receiver = message["ReceiveNode"]
        fields = {"tx_code": message["TxCode"], "con_num": message["Body"].get("ConNum", ""), "receiver": receiver}
        fault = self.faults.take(simulator="transfer", operation="deliver", fields=fields)
        if fault.mode == "refuse":
            return []
        if fault.mode == "confirm_later":
            self.waiting.append(message)
            return []
        times = 2 if fault.mode == "answer_twice" else 1
        if receiver != self.centre:
            for _ in range(times):
                city = self.city(receiver)
                self.carry_out(city, city.hear(message))
            return []
        return [await self.bring_us(message) for _ in range(times)]

    async def _pay(self, payment: Payment, payer: SimulatedCity) -> None:
        if any(city.fund_account == payment.account_no for city in self.cities):
            self.paid(account_no=payment.account_no, amount=payment.amount, remark=payment.remark)
        elif self.pay_us is not None:
            await self.pay_us(payment, payer)

    def _judge(self, message: dict[str, Any]) -> str:
        known = {city.code for city in self.cities} | {self.centre}
        sender, receiver, body = message["SendNode"], message["ReceiveNode"], message["Body"]
        if sender not in known or receiver not in known:
            return "T0004"
        number = str(body.get("ConNum", ""))
        letter = self.letters.get(number)
        if message["TxCode"] == TX_LETTER:
            if letter is not None:
                return "T0002"
            self.letters[number] = {"in": sender, "out": receiver, "state": "01"}
            return "00000"
        if letter is None:
            return "T0001"
        return self._step(letter, message["TxCode"], sender, body)

    def _step(self, letter: dict[str, str], tx_code: str, sender: str, body: dict[str, Any]) -> str:
        if tx_code == "BDC903":
            if letter["state"] != "01" or sender != letter["in"]:
                return "T0002"
            letter["state"] = "05"
        elif tx_code == "BDC904":
            if letter["state"] not in _ENDED:
                letter["state"] = body["TranStatus"]
        elif tx_code == "BDC905":
            confirming = body["TxFunc"] == "2"
            if letter["state"] in _ENDED or sender != letter["in" if confirming else "out"]:
                return "T0002"
            letter["state"] = "00" if confirming else "08"
        return "00000"

    async def _tell(self, request: Request) -> Response:
        content = await self._content(request)
        if isinstance(content, Response):
            return content
        try:
            message = read_envelope(content)
        except Unreadable:
            return _answer("T0003", _number_in(content))
        number = message["MsgNo"]
        fields = {"tx_code": message["TxCode"], "con_num": message["Body"].get("ConNum", "")}
        fault = self.faults.take(simulator="transfer", operation="tell", fields=fields)
        if (broken := await fault.before(request)) is not None:
            return broken
        code = str(fault.detail.get("code", "T0002")) if fault.mode == "refuse" else self.take(message)
        return await fault.after(request, _answer(code, number))

    async def _progress(self, request: Request) -> Response:
        content = await self._content(request)
        if isinstance(content, Response):
            return content
        number = str(json.loads(content).get("ConNum"))
        fault = self.faults.take(simulator="transfer", operation="progress", fields={"con_num": number})
        if (broken := await fault.before(request)) is not None:
            return broken
        letter = self.letters.get(number)
        code = "T0001" if letter is None else "00000"
        answer = {"RtnCode": code, "RtnMessage": meaning_of(code)[0], "ConNum": number}
        return JSONResponse(answer if letter is None else {**answer, "TranStatus": letter["state"]})

    async def _centres(self, request: Request) -> Response:
        content = await self._content(request)
        if isinstance(content, Response):
            return content
        fault = self.faults.take(simulator="transfer", operation="centres")
        if (broken := await fault.before(request)) is not None:
            return broken
        listed = [
            {"CenterCode": city.code, "CenterName": city.name, "RegionCode": city.region_code} for city in self.cities
        ]
        return JSONResponse({"RtnCode": "00000", "Centers": listed})

    async def _content(self, request: Request) -> bytes | Response:
        try:
            return await self.check.read(request)
        except SignatureRefused as refused:
            return refused.response()

    async def _control(self, request: Request) -> Response:
        what = request.path_params["what"]
        try:
            given: dict[str, Any] = json.loads(await request.body() or b"{}")
            match what:
                case "deliver":
                    return JSONResponse({"answers": await self.deliver()})
                case "apply":
                    return JSONResponse({"con_num": self.apply(**given)}, status_code=201)
                case "mini-program":
                    self._applied(**given)
                    return JSONResponse({}, status_code=201)
                case "do":
                    return self._do(**given)
                case "forget":
                    self.forget()
                    return JSONResponse({})
                case "force":
                    return JSONResponse({"answer": await self.bring_us(given["message"])})
        except (KeyError, ValueError, TypeError, StopIteration) as problem:
            return JSONResponse({"error": type(problem).__name__}, status_code=400)
        return JSONResponse({"error": "unknown"}, status_code=404)

    def _do(self, *, city: str, con_num: str, do: str, reason: str = "核对金额") -> Response:
        one = self.city(city)
        effects = {
            "cancel": lambda: one.cancel(number=con_num),
            "negotiate": lambda: one.negotiate(number=con_num, reason=reason),
            "say_later": lambda: one.say_later(number=con_num),
        }[do]()
        self.carry_out(one, effects)
        return JSONResponse({}, status_code=201)

    def _applied(self, *, name: str, document_no: str, out_centre: str, out_account: str) -> None:
        """The mini-program took an application for a transfer to us."""
        self._applications += 1
        body = {
            "OutCenterCode": out_centre,
            "FullName": name,
            "CertType": "01",
            "CertNo": document_no,
            "OutAccount": out_account,
        }
        message = envelope(
            tx_code=TX_LETTER,
            number=f"APP{self._applications:06d}",
            sender=out_centre,
            receiver=self.centre,
            sent_at=f"{self.clock().astimezone(SHANGHAI):%Y%m%d%H%M%S}",
            body=body,
        )
        self.waiting.append(message)

    async def _show(self, request: Request) -> Response:
        return JSONResponse(
            {
                "letters": self.letters,
                "cities": {
                    city.code: {
                        "states": city.state_of,
                        "strays": [[remark, str(amount)] for remark, amount in city.strays],
                        "heard": city.heard,
                        "balances": {one.account: str(one.balance) for one in city.residents.values()},
                    }
                    for city in self.cities
                },
            }
        )


def _number_in(content: bytes) -> str:
    """The message's number, where one can be made out."""
    try:
        return str(json.loads(content)["MsgNo"])[:40]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _answer(code: str, number: str) -> JSONResponse:
    receipt = {"ReceiveSeqNo": f"PT{sm3_hex(number.encode())[:20].upper()}"} if code in ("00000", "00001") else {}
    return JSONResponse({"MsgNo": number, "RtnCode": code, "RtnMessage": meaning_of(code)[0], **receipt})
