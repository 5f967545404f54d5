"""The cloud MAS for development and tests; `reports` gives what it would push.

Faults (`channels.simulation`), simulator `cloud_mas`, operation `submit` (matched by mobile): slow, timeout, error500,
garbage (before, or {"stage": "after"} once taken), refuse {"code": "NotEnoughBalance"}; any mode {"stat": "UNDELIV"}
is what the report says.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Faults
from domain.kernel.dates import SHANGHAI
from notifications.carriers.cloud_mas.client import SIGNED, mac_of

_FIELDS = (*SIGNED, "mac")


@dataclass(frozen=True, slots=True, kw_only=True)
class MasMessage:
    group: str
    mobile: str
    content: str
    add_serial: str
    stat: str
    taken_at: datetime

    def report(self) -> dict[str, str]:
        at = self.taken_at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
        return {
            "mobile": self.mobile,
            "msgGroup": self.group,
            "errorCode": self.stat,
            "submitDate": at,
            "receiveDate": at,
            "reportStatus": "CM:0000" if self.stat == "DELIVRD" else "CM:0099",
            "addSerial": self.add_serial,
        }


@dataclass(slots=True, kw_only=True)
class CloudMasSimulator:
    """`sign` is the code of the signature that is registered."""

    ec_name: str
    ap_id: str
    secret_key: str
    sign: str
    faults: Faults
    clock: Callable[[], datetime]
    taken: list[MasMessage] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [Route("/sms/norsubmit", self._submit, methods=["POST"])]

    def reports(self) -> bytes:
        """What the platform would push now, for all it took."""
        return json.dumps([message.report() for message in self.taken]).encode()

    def messages(self) -> list[dict[str, Any]]:
        return [
            {
                "carrier": "cloud_mas",
                "messageId": one.group,
                "mobile": one.mobile,
                "text": one.content,
                "parts": 1,
                "takenAt": one.taken_at.isoformat(),
                "status": "delivered" if one.stat == "DELIVRD" else "accepted",
            }
            for one in self.taken
        ]

    async def _submit(self, request: Request) -> Response:
        told = _read(await request.body())
        fault = self.faults.take(simulator="cloud_mas", operation="submit", fields={"mobile": told.get("mobiles", "")})
        if (broken := await fault.before(request)) is not None:
            return broken
        code = self._refusal(told) or (str(fault.detail.get("code", "SystemError")) if fault.mode == "refuse" else "")
        if code:
            return JSONResponse({"msgGroup": "", "rspcod": code, "success": False})
        message = MasMessage(
            group=f"{self.clock().astimezone(SHANGHAI):%m%d%H%M%S}{len(self.taken) + 1:010d}",
            mobile=told["mobiles"],
            content=told["content"],
            add_serial=told["addSerial"],
            stat=str(fault.detail.get("stat", "DELIVRD")),
            taken_at=self.clock(),
        )
        self.taken.append(message)
        answer = JSONResponse({"msgGroup": message.group, "rspcod": "success", "success": True})
        return await fault.after(request, answer)

    def _refusal(self, told: dict[str, str]) -> str:
        if not all(isinstance(told.get(name), str) for name in _FIELDS) or not told["content"]:
            return "InvalidMessage"
        if (told["ecName"], told["apId"], told["secretKey"]) != (self.ec_name, self.ap_id, self.secret_key):
            return "InvalidUsrOrPwd"
        if told["mac"] != mac_of(told):
            return "IllegalMac"
        if told["sign"] != self.sign:
            return "IllegalSignId"
        numbers = told["mobiles"].split(",")
        if not all(len(number) == 11 and number.isascii() and number.isdigit() for number in numbers):
            return "IllegalMobile"
        return ""


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(base64.b64decode(body, validate=True))
    except (ValueError, binascii.Error):
        return {}
    return told if isinstance(told, dict) else {}
