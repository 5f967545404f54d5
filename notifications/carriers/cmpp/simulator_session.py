"""One client of the simulated CMPP gateway (`simulator`, which tells the faults)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from channels.simulation import Fault
from domain.kernel.dates import SHANGHAI
from notifications.carriers.cmpp import pdu
from notifications.carriers.cmpp.messages import (
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Pdu,
    StatusReport,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
)
from notifications.carriers.cmpp.pdu import MalformedPdu
from notifications.carriers.cmpp.texts import read_piece

if TYPE_CHECKING:
    from notifications.carriers.cmpp.simulator import CmppGateway

_SEQUENCES_KEPT = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPart:
    """One SUBMIT as the gateway took it; `piece` is the text of this part."""

    msg_id: int
    mobile: str
    src_id: str
    piece: str
    number: int
    total: int
    reference: int | None
    stat: str
    taken_at: datetime


class GatewaySession(asyncio.Protocol):
    """One client. `source` is empty until it has logged in."""

    def __init__(self, gateway: CmppGateway) -> None:
        self._gateway = gateway
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._sequence = 0
        self._taken: dict[int, SubmitResp] = {}
        self._unacknowledged: dict[int, Deliver] = {}
        self._waiting: deque[Deliver] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.version = pdu.V20
        self.source = ""

    # Wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's by inheritance
        self._transport = cast(asyncio.Transport, transport)
        self._gateway._sessions.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._gateway._sessions.remove(self)
        for task in self._tasks:
            task.cancel()
        # not acknowledged, so not delivered: kept for the next login
        self._gateway._reports.extend((self.source, deliver) for deliver in self._unacknowledged.values())
        self._gateway._reports.extend((self.source, deliver) for deliver in self._waiting)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at, end = 0, len(self._buffer)
        while end - at >= pdu.HEADER_OCTETS:
            try:
                header = pdu.read_header(memoryview(self._buffer)[at:])
            except MalformedPdu:
                self.drop()
                return
            if end - at < header.total_length:
                break
            body = bytes(self._buffer[at + pdu.HEADER_OCTETS : at + header.total_length])
            at += header.total_length
            self._take(header.command, header.sequence, body)
        del self._buffer[:at]

    def write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def request(self, message: Pdu) -> int:
        self._sequence += 1
        self.write(pdu.encode(message, sequence=self._sequence, version=self.version))
        return self._sequence

    def hand_over(self, deliver: Deliver) -> None:
        """Within the gateway's own window."""
        self._waiting.append(deliver)
        self._hand_over_waiting()

    def _hand_over_waiting(self) -> None:
        while self._waiting and len(self._unacknowledged) < self._gateway.window:
            deliver = self._waiting.popleft()
            self._unacknowledged[self.request(deliver)] = deliver

    # Messages

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        try:
            message = pdu.decode(command=command, body=body, version=self.version)
        except MalformedPdu:
            if command == pdu.SUBMIT:
                self._answer(SubmitResp(msg_id=0, result=1), sequence)
            return
        match message:
            case Connect():
                self._run(self._connect(message, sequence))
            case Terminate():
                self._answer(TerminateResp(), sequence)
                if self._transport is not None:
                    self._transport.close()
            case DeliverResp():
                self._acknowledged(sequence, message)
            case _ if not self.source:
                self.drop()
            case Submit():
                self._submit(message, sequence)
            case ActiveTest():
                self._active_test(sequence)
            case _:
                pass

    def _answer(self, message: Pdu, sequence: int) -> None:
        self.write(pdu.encode(message, sequence=sequence, version=self.version))

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, message: Connect, sequence: int) -> None:
        gateway = self._gateway
        fault = gateway.faults.take(simulator="cmpp", operation="connect", fields={"source": message.source})
        if await self._misbehaves(fault, pdu.CONNECT, sequence):
            return
        secret = gateway.secrets.get(message.source)
        status = int(fault.detail.get("code", 5)) if fault.mode == "refuse" else 0
        if not status and secret is None:
            status = 2
        elif not status and message.authenticator != pdu.connect_authenticator(
            source=message.source, secret=secret or "", timestamp=message.timestamp
        ):
            status = 3
        elif not status and message.version not in pdu.VERSIONS:
            status = 4
        elif not status and sum(one.source == message.source for one in gateway.online()) >= gateway.connections_max:
            status = 5
        self.version = message.version if message.version in pdu.VERSIONS else pdu.V20
        proof = pdu.answer_authenticator(
            status=status, authenticator=message.authenticator, secret=secret or "", version=self.version
        )
        if fault.mode == "garbage" and fault.detail.get("what") == "authenticator":
            proof = bytes(15) + b"\1"
        self._answer(ConnectResp(status=status, authenticator=proof, version=self.version), sequence)
        if status:
            with contextlib.suppress(AttributeError):
                self._transport.close()  # type: ignore[union-attr]
            return
        self.source = message.source
        gateway.logins.append(message.source)
        kept = [deliver for source, deliver in gateway._reports if source == self.source]
        gateway._reports = deque(entry for entry in gateway._reports if entry[0] != self.source)
        for deliver in kept:
            self.hand_over(deliver)

    def _submit(self, message: Submit, sequence: int) -> None:
        fields = {"source": self.source, "mobile": message.destinations[0], "src_id": message.src_id}
        fault = self._gateway.faults.take(simulator="cmpp", operation="submit", fields=fields)
        if fault.mode == "normal":
            self._submit_now(message, sequence, fault)
        else:
            self._run(self._submit_misbehaving(message, sequence, fault))

    async def _submit_misbehaving(self, message: Submit, sequence: int, fault: Fault) -> None:
        after = fault.detail.get("stage") == "after"
        if after and fault.mode in ("timeout", "error500", "garbage"):
            self._keep(message, sequence, fault)
        if await self._misbehaves(fault, pdu.SUBMIT, sequence):
            return
        if fault.mode == "refuse":
            self._answer(SubmitResp(msg_id=0, result=int(fault.detail.get("code", 8))), sequence)
            return
        self._submit_now(message, sequence, fault)

    def _submit_now(self, message: Submit, sequence: int, fault: Fault) -> None:
        if not all(len(one) == 11 and one.isdigit() for one in message.destinations):
            self._answer(SubmitResp(msg_id=0, result=13), sequence)
            return
        answer, report = self._keep(message, sequence, fault)
        first = fault.mode == "confirm_later" and bool(fault.detail.get("first"))
        if first and report is not None:
            self._gateway._report(self.source, report)
        self._answer(answer, sequence)
        if fault.mode == "answer_twice":
            self._answer(answer, sequence)
        if report is not None and not first:
            self._send_report(report, message)

    def _keep(self, message: Submit, sequence: int, fault: Fault) -> tuple[SubmitResp, Deliver | None]:
        """Takes the message once for a sequence number."""
        standing = self._taken.get(sequence)
        if standing is not None:
            return standing, None
        gateway = self._gateway
        msg_id = gateway._msg_id()
        answer = SubmitResp(msg_id=msg_id, result=0)
        self._taken[sequence] = answer
        if len(self._taken) > _SEQUENCES_KEPT:
            del self._taken[next(iter(self._taken))]
        stat = str(fault.detail.get("stat", "DELIVRD"))
        gateway.taken_count += 1
        at = gateway.clock()
        if gateway.keep:
            piece = read_piece(content=message.content, udhi=message.udhi, fmt=message.fmt)
            gateway.taken.append(
                TakenPart(
                    msg_id=msg_id,
                    mobile=message.destinations[0],
                    src_id=message.src_id,
                    piece=piece.text,
                    number=piece.number,
                    total=piece.total,
                    reference=piece.reference,
                    stat=stat,
                    taken_at=at,
                )
            )
        if stat == "none" or not message.registered_delivery:
            return answer, None
        report = self._deliver_of(message, msg_id, stat, at)
        lost = fault.detail.get("stage") == "after" and fault.mode in ("timeout", "error500", "garbage")
        if lost:
            self._send_report(report, message)
        return answer, report

    def _deliver_of(self, message: Submit, msg_id: int, stat: str, at: datetime) -> Deliver:
        stamp = at.astimezone(SHANGHAI).strftime("%y%m%d%H%M")
        report = StatusReport(
            msg_id=msg_id,
            stat=stat,
            submit_time=stamp,
            done_time=stamp,
            destination=message.destinations[0],
            smsc_sequence=msg_id & 0xFFFF_FFFF,
        )
        return Deliver(
            msg_id=msg_id,
            dest_id=message.src_id,
            service_id=message.service_id,
            fmt=0,
            source=message.destinations[0],
            report=True,
            content=pdu.write_report(report, version=self.version),
        )

    def _send_report(self, report: Deliver, message: Submit) -> None:
        fault = self._gateway.faults.take(
            simulator="cmpp", operation="report", fields={"source": self.source, "mobile": message.destinations[0]}
        )
        if fault.mode == "confirm_later":
            self._gateway._held.append((self.source, report))
            return
        for _ in range(2 if fault.mode == "answer_twice" else 1):
            self._gateway._report(self.source, report)

    def _active_test(self, sequence: int) -> None:
        fault = self._gateway.faults.take(simulator="cmpp", operation="active_test", fields={"source": self.source})
        if fault.mode != "timeout":
            self._answer(ActiveTestResp(), sequence)

    def _acknowledged(self, sequence: int, message: DeliverResp) -> None:
        if self._unacknowledged.pop(sequence, None) is not None and message.result == 0:
            self._gateway.acknowledged += 1
        self._hand_over_waiting()

    async def _misbehaves(self, fault: Fault, command: int, sequence: int) -> bool:
        """Plays what ends in no proper answer; True when it did."""
        match fault.mode:
            case "slow":
                await asyncio.sleep(min(float(fault.detail.get("seconds", 1)), 30))
            case "timeout":
                return True
            case "error500":
                # half an answer, then nothing
                self.write(pdu.HEADER.pack(21, command | pdu.RESPONSE, sequence) + b"\0\0")
                await asyncio.sleep(0.01)
                self.drop()
                return True
            case "garbage":
                return self._garbage(str(fault.detail.get("what", "body")), command, sequence)
        return False

    def _garbage(self, what: str, command: int, sequence: int) -> bool:
        match what:
            case "length":
                self.write(pdu.HEADER.pack(0xFFFF_FFFF, command | pdu.RESPONSE, sequence))
            case "body":
                self.write(pdu.HEADER.pack(15, command | pdu.RESPONSE, sequence) + b"\0\0\0")
            case "command":
                self.write(pdu.HEADER.pack(12, 0x0000_7777, sequence))
            case "sequence":
                self._answer(SubmitResp(msg_id=1, result=0), sequence + 1_000_000)
            case _:
                return False
        return True
