"""Where the public platform calls us: `GET` proves the address, `POST` brings a message in safe mode.

Acknowledged as soon as it is a row (the platform waits five seconds, asks three times and then tells the citizen that
we are out of service); answers go by the customer-service interface afterwards. A message told again has its `MsgId`,
an event its person and second: the journal knows both for ever, so a replay within the window has no effect, and after
it the timestamp is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from channels.inbound import Door, Kept, Parsed, Unreadable
from channels.traffic import Traffic
from channels.wechat.crypto import SafeMode, Undecryptable, signature_of, signed
from channels.wechat.messages import fields_of, said_in
from channels.wire import TIMESTAMP_WINDOW, SignatureRefused

CHANNEL = "wechat_messages"
PATH = "/wechat/messages"
BODY_BYTES_MAX = 64 * 1024
_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[A-Za-z0-9_\-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDoor:
    token: str = field(repr=False)
    safe_mode: SafeMode
    clock: Callable[[], datetime]
    traffic: Traffic

    def routes(self) -> list[Route]:
        door = Door.of_channel(CHANNEL, clock=self.clock, traffic=self.traffic)

        async def receive(request: Request) -> Response:
            coming = _Coming(door=self)
            return await door.take(request, read=coming.read, parse=coming.parse, answer=_answer, busy=_busy)

        return [Route(PATH, self.prove, methods=["GET"]), Route(PATH, receive, methods=["POST"])]

    async def prove(self, request: Request) -> Response:
        """The platform asks whether the address is ours: its own text goes back, which safe mode leaves unsealed."""
        try:
            self.check(request)
        except SignatureRefused as refused:
            return refused.response()
        return PlainTextResponse(request.query_params.get("echostr", "")[:200])

    def check(self, request: Request) -> tuple[str, str]:
        """Timestamp and nonce of a request that knows our token. Raises SignatureRefused."""
        query = request.query_params
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not signed(self.token, timestamp, nonce, given=query.get("signature", "")):
            raise SignatureRefused("signature_wrong")
        if _TIMESTAMP.fullmatch(timestamp) is None or _NONCE.fullmatch(nonce) is None:
            raise SignatureRefused("timestamp_stale")
        if abs(self.clock().timestamp() - int(timestamp)) > TIMESTAMP_WINDOW.total_seconds():
            raise SignatureRefused("timestamp_stale")
        return timestamp, nonce


class _Coming:
    """One request: what was sealed is opened while the signature is checked, because it is part of it."""

    def __init__(self, *, door: MessageDoor) -> None:
        self._door = door
        self._fault: str | None = None

    async def read(self, request: Request) -> tuple[bytes, str]:
        timestamp, nonce = self._door.check(request)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise SignatureRefused("body_large")
        app = self._door.safe_mode.app_id
        try:
            sealed = fields_of(bytes(body)).findtext("Encrypt", "")
        except Unreadable as unreadable:
            self._fault = unreadable.fault
            return bytes(body), app
        given = request.query_params.get("msg_signature", "")
        if not signed(self._door.token, timestamp, nonce, sealed, given=given):
            raise SignatureRefused("signature_wrong")
        request.state.counted_by_quota = True
        try:
            return self._door.safe_mode.open(sealed).encode(), app
        except Undecryptable as closed:
            self._fault = closed.fault
            return bytes(body), app

    def parse(self, content: bytes) -> Parsed:
        if self._fault is not None:
            raise Unreadable(self._fault)
        said = said_in(content)
        return Parsed(kind=said.kind, key=said.key, lane=said.subject, essence=said.essence)


def _answer(kept: Kept, parsed: Parsed | None) -> Response:
    # also for what is in quarantine: telling it three times more would not make it readable
    return PlainTextResponse("success")


def _busy() -> Response:
    return PlainTextResponse("busy", status_code=503, headers={"Retry-After": "1"})


def sealed_request(
    *, token: str, safe_mode: SafeMode, message: str, timestamp: str, nonce: str
) -> tuple[dict[str, str], bytes]:
    """Query and body as the platform sends them: for the simulator."""
    sealed = safe_mode.seal(message)
    query = {
        "signature": signature_of(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature_of(token, timestamp, nonce, sealed),
    }
    body = f"<xml><ToUserName><![CDATA[gh_hpf]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return query, body.encode()
