"""The door for replies by SMS, of two sides: a carrier that hands us replies over HTTP, and our own connections to
carriers (`take`). The message over HTTP is our own assumption, signed as in `channels.wire`:

POST /sms/replies  {"messageId": "…", "mobile": "13800000000", "text": "5", "receivedAt": "2026-11-29 10:00:00"}
Answer {"code": "0"} when it is kept, also when it was before; {"code": "1"} when it was put into quarantine.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.inbound import Kept, Parsed, SignedDoor, Unreadable, keep, quarantine
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3

CHANNEL = "sms_reply"
PATH = "/sms/replies"
TEXT_LENGTH_MAX = 1_000
_SHAPES = {"messageId": r"[A-Za-z0-9_-]{1,64}", "mobile": r"1[3-9][0-9]{9}", "receivedAt": r"[0-9: -]{19}"}


class ReplyDoor(SignedDoor):
    def routes(self) -> list[Route]:
        receive = self.receiver(CHANNEL, parse=parse, answer=_answer, busy=_busy)
        return [Route(PATH, receive, methods=["POST"])]


def parse(content: bytes) -> Parsed:
    """Raises Unreadable, naming the field and not what stands in it."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("报文不是JSON", kind="reply") from None
    if not isinstance(body, dict):
        raise Unreadable("报文不是约定的结构", kind="reply")
    for name, shape in _SHAPES.items():
        if not isinstance(body.get(name), str) or re.fullmatch(shape, body[name]) is None:
            raise Unreadable(f"字段{name}缺失或格式不符", kind="reply")
    text = body.get("text")
    if not isinstance(text, str) or len(text) > TEXT_LENGTH_MAX or "\x00" in text:
        raise Unreadable("字段text缺失、过长或含有无法保存的字符", kind="reply")
    return Parsed(kind="reply", key=body["messageId"], lane=sm3(body["mobile"].encode()).hex())


async def take(*, key: str, mobile: str, text: str, received_at: datetime, app: str, now: datetime) -> Kept:
    """Keeps a text that came by a carrier's own protocol, as if it had come through the door. `key` is the carrier's
    number for it, unique among all carriers; told again it changes nothing. What is no reply (a short number, a text
    that is too long) goes into quarantine."""
    body = {
        "messageId": key,
        "mobile": mobile,
        "text": text,
        "receivedAt": f"{received_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    try:
        parsed = parse(content)
    except Unreadable as unreadable:
        return await quarantine(
            channel=CHANNEL, kind=unreadable.kind, key=key, content=content, fault=unreadable.fault, app=app, now=now
        )
    # the carrier's second telling has another time of arrival: the text is the same
    essence = json.dumps([mobile, text], ensure_ascii=False).encode()
    return await keep(
        channel=CHANNEL,
        kind=parsed.kind,
        key=parsed.key,
        lane=parsed.lane,
        essence=essence,
        content=content,
        app=app,
        now=now,
    )


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    return JSONResponse({"code": "1" if kept.state == "quarantined" else "0"})


def _busy() -> Response:
    return JSONResponse({"code": "2"}, status_code=429, headers={"Retry-After": "5"})
