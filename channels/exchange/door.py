"""The doors of e窗通 and social security: messages, results, and on e窗通 one-time entries into the list page.

An answer "0" means that the message is kept, whether it is new or told again; "1" that it is in quarantine, with the
reason; "2" that too many came at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import entries
from channels.exchange.answers import not_worked_on, result_body
from channels.exchange.messages import PATH_OF, parse
from channels.inbound import Kept, Parsed, SignedDoor
from channels.wire import SignatureRefused
from domain import exchange
from domain.exchange import Source
from domain.kernel import database
from domain.kernel.refusal import Refused

_NUMBERS = "messageNos应为1至100个报文编号"
_TICKET_FIELDS = ("uscc", "agentName", "documentType", "documentNo")

Asked = Callable[[dict[str, Any]], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeDoor(SignedDoor):
    """`entry_url` is where e窗通's page sends a ticket; None where the list page is not embedded."""

    source: Source
    entry_url: str | None = None

    def routes(self) -> list[Route]:
        base = PATH_OF[self.source]
        receive = self.receiver(self.source, parse=parse(self.source), answer=_answer, busy=_busy)

        async def results(request: Request) -> Response:
            return await self._asked(request, operation="results", work=self._results)

        async def entry(request: Request) -> Response:
            return await self._asked(request, operation="entries", work=self._entry)

        routes = [
            Route(f"{base}/messages", receive, methods=["POST"]),
            Route(f"{base}/results", results, methods=["POST"]),
        ]
        if self.entry_url is not None:
            routes.append(Route(f"{base}/entries", entry, methods=["POST"]))
        return routes

    async def _asked(self, request: Request, *, operation: str, work: Asked) -> Response:
        """A question: signed, answered at once, counted like every message."""
        started, outcome = asyncio.get_running_loop().time(), "failed"
        try:
            content = await self.check.read(request)
            try:
                body = json.loads(content)
            except (ValueError, RecursionError):
                body = None
            if not isinstance(body, dict):
                outcome = "refused"
                return _malformed("请求不是约定的结构")
            answer = await work(body)
            outcome = "done" if answer.status_code == 200 else "refused"
            return answer
        except SignatureRefused as refused:
            outcome = "refused"
            return refused.response()
        finally:
            seconds = asyncio.get_running_loop().time() - started
            self.traffic.count(self.source, "in", operation, outcome=outcome, seconds=seconds, now=self.clock())

    async def _results(self, body: dict[str, Any]) -> Response:
        numbers = body.get("messageNos")
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= exchange.ASKED_MAX:
            return _malformed(_NUMBERS)
        if not all(isinstance(one, str) and 0 < len(one) <= 64 and one.isprintable() for one in numbers):
            return _malformed(_NUMBERS)
        known = {
            one.message_no: result_body(one)
            for one in await exchange.results_of(source=self.source, message_nos=numbers)
        }
        kept = await self._kept([number for number in numbers if number not in known])
        return JSONResponse({"code": "0", "results": [known.get(one) or kept[one] for one in dict.fromkeys(numbers)]})

    async def _kept(self, numbers: list[str]) -> dict[str, dict[str, Any]]:
        """What is known of messages that nobody has worked on."""
        rows = await database.rows(
            "SELECT message_key, state, fault FROM inbound_message WHERE channel = $1 AND message_key = ANY ($2)"
            # of one number the content that stands says more than what is in quarantine
            " ORDER BY (state IN ('received', 'done')), received_at",
            self.source,
            numbers,
        )
        found = {
            number: not_worked_on(number=number, state="unknown", fault="没有收到该编号的报文") for number in numbers
        }
        for row in rows:
            state = "received" if row["state"] in ("received", "done") else "quarantined"
            found[row["message_key"]] = not_worked_on(number=row["message_key"], state=state, fault=row["fault"] or "")
        return found

    async def _entry(self, body: dict[str, Any]) -> Response:
        given = {name: body.get(name) for name in _TICKET_FIELDS}
        if not all(isinstance(one, str) and 0 < len(one) <= 100 and one.isprintable() for one in given.values()):
            return _malformed(f"应有字段{'、'.join(_TICKET_FIELDS)}")
        try:
            ticket = await entries.issue(
                source=self.source,
                uscc=str(given["uscc"]),
                name=str(given["agentName"]),
                document_type=str(given["documentType"]),
                document_no=str(given["documentNo"]),
                now=self.clock(),
            )
        except Refused as refused:
            first = refused.refusals[0]
            return JSONResponse({"code": first.code, "message": first.message}, status_code=409)
        return JSONResponse(
            {
                "code": "0",
                "ticket": ticket.ticket,
                "action": self.entry_url,
                "expiresAt": ticket.expires_at.isoformat(timespec="seconds"),
            },
            headers={"Cache-Control": "no-store"},
        )


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    number = {"messageNo": parsed.key} if parsed else {}
    if kept.state == "quarantined":
        return JSONResponse({"code": "1", "message": kept.fault or "", **number})
    return JSONResponse({"code": "0", "state": kept.state, "repeated": kept.repeated, **number})


def _malformed(message: str) -> Response:
    return JSONResponse({"code": "1", "message": message}, status_code=400)


def _busy() -> Response:
    return JSONResponse({"code": "2"}, status_code=429, headers={"Retry-After": "5"})
