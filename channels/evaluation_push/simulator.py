"""The 好差评 platform for development and tests. Takes each evaluation number once and one evaluation per
case.

Faults (`channels.simulation`), simulator `evaluation`, operations `push` and `query`, matched by
evaluation_no, case_no: slow, timeout, error500, garbage (before, or {"stage": "after"} once it was taken),
refuse {"code": "2001"}.

  GET /_sim/evaluation/reports[?case=…]   what the platform holds
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.evaluation_push.messages import PUSH_PATH, QUERY_PATH, meaning_of
from channels.simulation import Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignatureRefused
from domain.kernel.digest import canonical_json, sm3_hex

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
_FIELDS = {
    "evaluationNo": r"[A-Za-z0-9-]{1,40}",
    "projectNo": r"[A-Za-z0-9]{1,40}",
    "taskCode": r".{1,40}",
    "taskName": r".{1,100}",
    "serviceName": r".{1,100}",
    "acceptDate": _TIME,
    "proStatus": r"[123]",
    "userProp": r"[12]",
    "userName": r".{1,60}",
    "userPageType": r"[0-9]{3}",
    "certKey": r"[0-9a-f]{64}",
    "pf": r"[1-7]",
    "satisfaction": r"[1-5]",
    "evaluateDetail": r"(?:[A-Za-z0-9_]+(?:,[A-Za-z0-9_]+)*)?",
    "writingEvaluation": r"(?s:.{0,500})",
    "assessTime": _TIME,
}


class EvaluationSimulator:
    """A journal of its own keeps the reports over restarts."""

    def __init__(
        self,
        *,
        faults: Faults,
        check: SignatureCheck,
        clock: Callable[[], datetime],
        journal: SimulatorJournal | None = None,
    ) -> None:
        self._faults = faults
        self._check = check
        self._clock = clock
        self._journal = journal or SimulatorJournal()
        self.reports: dict[str, dict[str, Any]] = {}
        self._number_of_case: dict[str, str] = {}
        for entry in self._journal.entries():
            self._keep(entry)

    def routes(self) -> list[Route]:
        return [
            Route(PUSH_PATH, self._push, methods=["POST"]),
            Route(QUERY_PATH, self._query, methods=["POST"]),
            Route("/_sim/evaluation/reports", self._show, methods=["GET"]),
        ]

    async def _push(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        number, case_no = str(body.get("evaluationNo")), str(body.get("projectNo"))
        fault = self._faults.take(
            simulator="evaluation", operation="push", fields={"evaluation_no": number, "case_no": case_no}
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        code = str(fault.detail.get("code", "2001")) if fault.mode == "refuse" else self._receive(body)
        return await fault.after(request, _answer(code, number))

    async def _query(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        number = str(body.get("evaluationNo"))
        fault = self._faults.take(simulator="evaluation", operation="query", fields={"evaluation_no": number})
        if (broken := await fault.before(request)) is not None:
            return broken
        return await fault.after(request, _answer("0" if number in self.reports else "3001", number))

    async def _show(self, request: Request) -> Response:
        case_no = request.query_params.get("case")
        return JSONResponse(
            [entry["body"] for entry in self.reports.values() if case_no in (None, entry["body"]["projectNo"])]
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
        return body if isinstance(body, dict) else JSONResponse({"code": "2001"}, status_code=400)

    def _receive(self, body: dict[str, Any]) -> str:
        """The return code; keeps the report when it is new and right."""
        if set(body) != set(_FIELDS) or not all(
            isinstance(body[name], str) and re.fullmatch(shape, body[name]) for name, shape in _FIELDS.items()
        ):
            return "2001"
        number, digest = body["evaluationNo"], sm3_hex(canonical_json(body))
        standing = self.reports.get(number)
        if standing is not None:
            return "1" if standing["digest"] == digest else "2002"
        if body["projectNo"] in self._number_of_case:
            return "2003"
        entry = {"digest": digest, "received_at": self._clock().isoformat(), "body": body}
        self._journal.append(entry)
        self._keep(entry)
        return "0"

    def _keep(self, entry: dict[str, Any]) -> None:
        self.reports[entry["body"]["evaluationNo"]] = entry
        self._number_of_case[entry["body"]["projectNo"]] = entry["body"]["evaluationNo"]


def _answer(code: str, number: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": meaning_of(code)[0], "evaluationNo": number})
