"""The city's platform for development and tests: hands us applications and keeps what it hears of them.

Faults, simulator `city`, operation `report`, matched by project_no, status: slow, timeout, error500, garbage (before,
or {"stage": "after"} once it was taken), refuse {"code": "2003"}.

  POST /_sim/city/hand   a message (`msgId` and `sentAt` are added where missing); the code that our door answered
  GET  /_sim/city        reports by application
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.city_platform.door import APP, PATH
from channels.city_platform.messages import CODES, REPORT_PATH
from channels.simulation import Faults
from channels.wire import SignatureCheck, SignatureRefused, SignedClient, WireFailure
from domain.kernel.digest import canonical_json, sm3_hex

_FIELDS = {
    "reportNo": r"[0-9]{1,20}",
    "projectNo": r"[A-Za-z0-9-]{6,40}",
    "seq": r"[1-9][0-9]*",
    "status": r"[1-7]",
    "note": r"(?s:.{0,200})",
    "at": r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
}
_DOCUMENT = {
    "paperNo": r"[A-Z]{2}[0-9]{18}",
    "fileName": r"[^/\\]{1,100}\.pdf",
    "mediaType": r"application/pdf",
    "sm3": r"[0-9a-f]{64}",
    "content": r"[A-Za-z0-9+/]+={0,2}",
}


@dataclass(slots=True, kw_only=True)
class CityPlatformSimulator:
    """`url` and `secret` are of our own door."""

    url: str
    secret: bytes
    check: SignatureCheck
    faults: Faults
    clock: Callable[[], datetime]
    reports: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [
            Route(REPORT_PATH, self._report, methods=["POST"]),
            Route("/_sim/city/hand", self._hand, methods=["POST"]),
            Route("/_sim/city", self._show, methods=["GET"]),
        ]

    async def hand(self, message: dict[str, Any]) -> str:
        told = {"msgId": secrets.token_hex(8), "sentAt": f"{self.clock():%Y%m%d%H%M%S}", **message}
        async with SignedClient(
            partner="hpf", base_url=self.url, app=APP, secret=self.secret, timeout_seconds=10
        ) as wire:
            try:
                answer = await wire.post_json(path=PATH, body=told, now=self.clock())
            except WireFailure as failure:
                return failure.trouble
        return str(answer.get("code"))

    def take(self, body: dict[str, str]) -> str:
        shapes = {**_FIELDS, **_DOCUMENT} if set(body) > set(_FIELDS) else _FIELDS
        if set(body) != set(shapes) or not all(
            isinstance(body[name], str) and re.fullmatch(shape, body[name]) for name, shape in shapes.items()
        ):
            return "2001"
        if "content" in body and sm3_hex(base64.b64decode(body["content"])) != body["sm3"]:
            return "2004"
        digest = sm3_hex(canonical_json(body))
        standing = self._taken.get(body["reportNo"])
        if standing is not None:
            return "1" if standing == digest else "2002"
        self._taken[body["reportNo"]] = digest
        self.reports.setdefault(body["projectNo"], []).append(body)
        return "0"

    async def _report(self, request: Request) -> Response:
        try:
            body = json.loads(await self.check.read(request))
        except SignatureRefused as refused:
            return refused.response()
        except ValueError:
            return JSONResponse({"code": "2001"}, status_code=400)
        fields = {"project_no": body.get("projectNo"), "status": body.get("status")}
        fault = self.faults.take(simulator="city", operation="report", fields=fields)
        if (broken := await fault.before(request)) is not None:
            return broken
        code = str(fault.detail.get("code", "2003")) if fault.mode == "refuse" else self.take(body)
        number = str(body.get("reportNo"))
        answer = {"reportNo": number, "code": code, "message": CODES[code][0]}
        if code in ("0", "1"):
            answer["receiptNo"] = f"SB{sm3_hex(number.encode())[:20].upper()}"
        return await fault.after(request, JSONResponse(answer))

    async def _hand(self, request: Request) -> Response:
        try:
            message = json.loads(await request.body())
            return JSONResponse({"code": await self.hand(message)}, status_code=201)
        except (ValueError, TypeError):
            return JSONResponse({"error": "malformed"}, status_code=400)

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self.reports)
