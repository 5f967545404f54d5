"""退休一件事: the door of social security for retirements, and its question for the result. The messages are our own
assumption, signed as in `channels.wire`:

POST /social-security/retirement
    {"matterNo": "…", "name": "…", "documentType": "01", "documentNo": "…", "pensionSince": "2026-12-01",
     "consent": true}
    Answer {"code": "0"} when it is kept, also when it was before; {"code": "1"} when it was put into quarantine.
POST /social-security/retirement/result   {"matterNo": "…"}
    Answer {"code": "0", "matterNo", "state", "stateName", "reason", "caseNo", "amount", "paidOn"}; {"code": "3"} for a
    number that was never pushed.
POST /social-security/retirement/notices  {}
    Answer {"code": "0", "person": "…", "employer": "…"}: the texts to be shown to who applies.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.inbound import Kept, Parsed, SignedDoor, Unreadable
from channels.wire import SignatureRefused
from domain import withdrawals
from domain.kernel.identifiers import valid_id_card
from domain.withdrawals import RetirementPush

CHANNEL, PUSHED = "retirement_matter", "retirement"
PATH = "/social-security/retirement"
_MATTER_NO = re.compile(r"[A-Za-z0-9-]{6,64}")
_DOCUMENT = re.compile(r"[A-Za-z0-9]{5,20}")
_TYPES = ("01", "02", "03", "04", "99")


class RetirementDoor(SignedDoor):
    def routes(self) -> list[Route]:
        receive = self.receiver(CHANNEL, parse=parse, answer=_answer, busy=_busy)
        return [
            Route(PATH, receive, methods=["POST"]),
            Route(f"{PATH}/result", self._result, methods=["POST"]),
            Route(f"{PATH}/notices", self._notices, methods=["POST"]),
        ]

    async def _result(self, request: Request) -> Response:
        try:
            body = _object(await self.check.read(request))
        except SignatureRefused as refused:
            return refused.response()
        except Unreadable:
            return JSONResponse({"code": "4"}, status_code=400)
        number = body.get("matterNo")
        if not isinstance(number, str) or _MATTER_NO.fullmatch(number) is None:
            return JSONResponse({"code": "4"}, status_code=400)
        found = await withdrawals.retirement_result(matter_no=number)
        if found is None:
            return JSONResponse({"code": "3"})
        return JSONResponse(
            {
                "code": "0",
                "matterNo": found.matter_no,
                "state": found.state,
                "stateName": found.state_name,
                "reason": found.reason,
                "caseNo": found.case_no,
                "amount": str(found.paid) if found.paid is not None else None,
                "paidOn": found.paid_on.isoformat() if found.paid_on is not None else None,
            }
        )

    async def _notices(self, request: Request) -> Response:
        try:
            await self.check.read(request)
        except SignatureRefused as refused:
            return refused.response()
        return JSONResponse({"code": "0", **withdrawals.RETIREMENT_NOTICES})


def parse(content: bytes) -> Parsed:
    """Raises Unreadable, naming the field and not what stands in it."""
    push = push_of(content)
    return Parsed(kind=PUSHED, key=push.matter_no, version="1")


def push_of(content: bytes) -> RetirementPush:
    """The push that a message says. Raises Unreadable."""
    body = _object(content)
    number, consent, document_type = body.get("matterNo"), body.get("consent"), body.get("documentType")
    if not isinstance(number, str) or _MATTER_NO.fullmatch(number) is None:
        raise _unreadable("matterNo")
    if document_type not in _TYPES:
        raise _unreadable("documentType")
    document_no = body.get("documentNo")
    if not isinstance(document_no, str) or _DOCUMENT.fullmatch(document_no) is None:
        raise _unreadable("documentNo")
    if document_type == "01" and not valid_id_card(document_no.upper()):
        raise _unreadable("documentNo")
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60 or not name.isprintable():
        raise _unreadable("name")
    if not isinstance(consent, bool):
        raise _unreadable("consent")
    return RetirementPush(
        matter_no=number,
        name=name.strip(),
        document_type=document_type,
        document_no=document_no.upper(),
        pension_since=_day(body.get("pensionSince")),
        consent=consent,
    )


def _day(said: Any) -> date:
    try:
        if isinstance(said, str) and len(said) == 10:
            return date.fromisoformat(said)
    except ValueError:
        pass
    raise _unreadable("pensionSince")


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("报文不是JSON", kind=PUSHED) from None
    if not isinstance(body, dict):
        raise Unreadable("报文不是约定的结构", kind=PUSHED)
    return body


def _unreadable(name: str) -> Unreadable:
    return Unreadable(f"字段{name}缺失或格式不符", kind=PUSHED)


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    return JSONResponse({"code": "1" if kept.state == "quarantined" else "0"})


def _busy() -> Response:
    return JSONResponse({"code": "2"}, status_code=429, headers={"Retry-After": "5"})
