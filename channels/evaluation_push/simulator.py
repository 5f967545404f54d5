"""The 好差评 platform for development and tests. Takes each evaluation number once and one evaluation for
each case, 评价渠道 and time, and gives a receipt for it.

Faults (`channels.simulation`), simulator `evaluation`, operations `push`, `query` and `rectify`, matched by
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

from channels.evaluation_push.messages import PUSH_PATH, QUERY_PATH, RECTIFICATION_PATH, meaning_of
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
    "evaluateTimes": r"[12]",
    "assessTime": _TIME,
}
_RECTIFICATION_FIELDS = {
    "evaluationNo": _FIELDS["evaluationNo"],
    "projectNo": _FIELDS["projectNo"],
    "verdict": r"[123]",
    "zgjg": r"(?s:.{0,500})",
    "hfjg": r"(?s:.{0,500})",
    "secondSatisfaction": r"[1-5]?",
    "startDate": _TIME,
    "endDate": _TIME,
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
        self.rectifications: dict[str, dict[str, Any]] = {}
        self._taken: set[tuple[str, str, str]] = set()
        for entry in self._journal.entries():
            self._keep(entry)

    def routes(self) -> list[Route]:
        return [
            Route(PUSH_PATH, self._push, methods=["POST"]),
            Route(QUERY_PATH, self._query, methods=["POST"]),
            Route(RECTIFICATION_PATH, self._rectify, methods=["POST"]),
            Route("/_sim/evaluation/rectifications", self._show_rectifications, methods=["GET"]),
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
        return await fault.after(request, _answer(code, number, receipt_no=self._receipt_of(number)))

    async def _query(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        number = str(body.get("evaluationNo"))
        fault = self._faults.take(simulator="evaluation", operation="query", fields={"evaluation_no": number})
        if (broken := await fault.before(request)) is not None:
            return broken
        return await fault.after(request, _answer("0" if number in self.reports else "3001", number))

    async def _rectify(self, request: Request) -> Response:
        body = await self._read(request)
        if isinstance(body, Response):
            return body
        number = str(body.get("evaluationNo"))
        fault = self._faults.take(
            simulator="evaluation",
            operation="rectify",
            fields={"evaluation_no": number, "case_no": body.get("projectNo")},
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        code = str(fault.detail.get("code", "2001")) if fault.mode == "refuse" else self._receive_rectification(body)
        receipt = f"ZG{sm3_hex(canonical_json(body))[:20].upper()}" if code in ("0", "1") else None
        return await fault.after(request, _answer(code, number, receipt_no=receipt))

    def _receive_rectification(self, body: dict[str, Any]) -> str:
        if not _fits(body, _RECTIFICATION_FIELDS):
            return "2001"
        number, digest = body["evaluationNo"], sm3_hex(canonical_json(body))
        if number not in self.reports:
            return "2004"
        standing = self.rectifications.get(number)
        if standing is not None:
            return "1" if standing["digest"] == digest else "2002"
        entry = {"digest": digest, "rectification": body}
        self._journal.append(entry)
        self._keep(entry)
        return "0"

    async def _show_rectifications(self, request: Request) -> Response:
        case_no = request.query_params.get("case")
        kept = [entry["rectification"] for entry in self.rectifications.values()]
        return JSONResponse([body for body in kept if case_no in (None, body["projectNo"])])

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
        if not _fits(body, _FIELDS):
            return "2001"
        number, digest = body["evaluationNo"], sm3_hex(canonical_json(body))
        standing = self.reports.get(number)
        if standing is not None:
            return "1" if standing["digest"] == digest else "2002"
        if _place(body) in self._taken:
            return "2003"
        entry = {"digest": digest, "received_at": self._clock().isoformat(), "body": body}
        self._journal.append(entry)
        self._keep(entry)
        return "0"

    def _keep(self, entry: dict[str, Any]) -> None:
        if "rectification" in entry:
            self.rectifications[entry["rectification"]["evaluationNo"]] = entry
            return
        self.reports[entry["body"]["evaluationNo"]] = entry
        self._taken.add(_place(entry["body"]))

    def _receipt_of(self, number: str) -> str | None:
        entry = self.reports.get(number)
        return None if entry is None else f"HCP{entry['digest'][:20].upper()}"


def _fits(body: dict[str, Any], fields: dict[str, str]) -> bool:
    return set(body) == set(fields) and all(
        isinstance(body[name], str) and re.fullmatch(shape, body[name]) for name, shape in fields.items()
    )


def _place(body: dict[str, Any]) -> tuple[str, str, str]:
    return body["projectNo"], body["pf"], body["evaluateTimes"]


def _answer(code: str, number: str, *, receipt_no: str | None = None) -> JSONResponse:
    answer = {"code": code, "message": meaning_of(code)[0], "evaluationNo": number}
    return JSONResponse(answer if receipt_no is None else {**answer, "receiptNo": receipt_no})
