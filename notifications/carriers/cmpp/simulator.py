"""A CMPP gateway for development and tests, over real sockets, of both versions.

Faults (`channels.simulation`), simulator `cmpp`; operations `connect`, `submit`, `active_test`, `report`, matched by
source, mobile, src_id:
  slow           {"seconds": …} before the answer
  timeout        no answer; with {"stage": "after"} the message was taken
  refuse         {"code": 8}: the result or the login's status
  error500       closes the connection in the middle of an answer; {"stage": "after"} after the message was taken
  garbage        answers what is no message: {"what": "length" | "body" | "command" | "sequence" | "authenticator"}
  answer_twice   the answer comes twice; on `report` the report does
  confirm_later  on `report`: kept until `release_reports`; {"first": true}: before the answer to the SUBMIT
  any mode       {"stat": "UNDELIV"} on `submit`: what the report says; "none" for none at all

A SUBMIT with a sequence number that the connection used before is not taken twice. Reports wait in a window of their
own until the client acknowledges them, and come again with the next login when it did not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.simulation import Faults
from domain.kernel.dates import SHANGHAI
from notifications.carriers.cmpp.messages import Deliver, MsgId, Pdu
from notifications.carriers.cmpp.simulator_session import GatewaySession, TakenPart

_KEPT_MAX = 5_000
GATEWAY_CODE = 101


@dataclass(slots=True, kw_only=True)
class CmppGateway:
    """`secrets` by source address. `window` is what it grants a client: more at once gets result 8."""

    secrets: Mapping[str, str]
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    window: int = 16
    connections_max: int = 1
    keep: bool = True
    taken: deque[TakenPart] = field(default_factory=lambda: deque(maxlen=_KEPT_MAX))
    taken_count: int = 0
    logins: list[str] = field(default_factory=list)
    acknowledged: int = 0
    _sessions: list[GatewaySession] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _reports: deque[tuple[str, Deliver]] = field(default_factory=deque)
    _held: list[tuple[str, Deliver]] = field(default_factory=list)
    _serial: int = 0

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> int:
        """Gives the port."""
        self._server = await asyncio.get_running_loop().create_server(lambda: GatewaySession(self), host, port)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.drop()

    def drop_all(self) -> None:
        """Every connection ends at once, as when a gateway restarts."""
        for session in list(self._sessions):
            session.drop()

    def say(self, message: Pdu) -> None:
        """Sends a message of the gateway's own accord to every client."""
        for session in self.online():
            session.request(message)

    def say_octets(self, octets: bytes) -> None:
        for session in self.online():
            session.write(octets)

    def text_from(self, *, mobile: str, dest_id: str, content: bytes, fmt: int = 8, udhi: int = 0) -> None:
        """Somebody sends a text to `dest_id`."""
        self._serial += 1
        deliver = Deliver(
            msg_id=self._msg_id(),
            dest_id=dest_id,
            service_id="HELP",
            udhi=udhi,
            fmt=fmt,
            source=mobile,
            report=False,
            content=content,
        )
        for session in self.online():
            session.hand_over(deliver)

    def online(self) -> list[GatewaySession]:
        return [session for session in self._sessions if session.source]

    def messages(self) -> list[dict[str, Any]]:
        """Whole texts in the shape in which the other simulators tell what they took."""
        whole: dict[tuple[str, str, int | None], list[TakenPart]] = {}
        for part in self.taken:
            key = (part.mobile, part.src_id, part.reference if part.reference is not None else part.msg_id)
            whole.setdefault(key, []).append(part)
        return [
            {
                "carrier": "cmpp",
                "messageId": parts[0].src_id,
                "mobile": parts[0].mobile,
                "text": "".join(part.piece for part in sorted(parts, key=lambda part: part.number)),
                "parts": len(parts),
                "takenAt": parts[0].taken_at.isoformat(),
                "status": "delivered" if parts[-1].stat == "DELIVRD" else "accepted",
            }
            for parts in whole.values()
        ]

    def release_reports(self) -> None:
        """What `confirm_later` kept goes out now."""
        for source, deliver in self._held:
            self._report(source, deliver)
        self._held.clear()

    def _msg_id(self) -> int:
        at = self.clock().astimezone(SHANGHAI)
        self._serial += 1
        return MsgId(
            month=at.month,
            day=at.day,
            hour=at.hour,
            minute=at.minute,
            second=at.second,
            gateway=GATEWAY_CODE + (self._serial >> 16),
            sequence=self._serial & 0xFFFF,
        ).number

    def _report(self, source: str, deliver: Deliver) -> None:
        for session in self._sessions:
            if session.source == source:
                session.hand_over(deliver)
                return
        self._reports.append((source, deliver))
