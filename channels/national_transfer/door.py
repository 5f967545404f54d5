"""The door by which the national transfer platform brings what other centres say.

POST /partners/transfers   signed as in `channels.wire`; answers {"MsgNo", "RtnCode", "RtnMessage"}: 00000 when the
message is kept (also when it was before), T0003 when it cannot be read, T0005 when its number stands for other content.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.inbound import Kept, Parsed, SignedDoor
from channels.national_transfer.messages import meaning_of, parse

CHANNEL = "national_transfer"
PATH = "/partners/transfers"
APP = "national-transfer"
"""The platform's name in its signature."""


class TransferDoor(SignedDoor):
    def routes(self) -> list[Route]:
        receive = self.receiver(CHANNEL, parse=parse, answer=_answer, busy=_busy)
        return [Route(PATH, receive, methods=["POST"])]


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    code = "00000"
    if kept.state == "quarantined":
        code = "T0003" if parsed is None else "T0005"
    number = "" if parsed is None else parsed.key.partition(":")[2]
    return JSONResponse({"MsgNo": number, "RtnCode": code, "RtnMessage": meaning_of(code)[0]})


def _busy() -> Response:
    return JSONResponse(
        {"MsgNo": "", "RtnCode": "99999", "RtnMessage": "繁忙，请稍后重试"},
        status_code=429,
        headers={"Retry-After": "5"},
    )
