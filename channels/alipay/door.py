"""Where the open platform calls our life account: a form signed RSA2, its XML in `biz_content`.

`alipay.service.check` proves the address: our public key goes back, signed. Everything else is a message, which is a
row before it is acknowledged. `sign_type` is among what is signed, as the platform does for life accounts.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.alipay.messages import VERIFY, fields_of, said_of
from channels.alipay.signing import sign, verifies
from channels.inbound import Door, Kept, Parsed, Unreadable
from channels.traffic import Traffic
from channels.wire import SignatureRefused

CHANNEL = "alipay_messages"
PATH = "/alipay/messages"
BODY_BYTES_MAX = 64 * 1024
FIELDS_MAX = 20
CHECK = "alipay.service.check"
CHARSETS = {"utf-8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeDoor:
    """`private_key` is our application's, `alipay_public_key` the platform's."""

    app_id: str
    private_key: RSAPrivateKey = field(repr=False)
    alipay_public_key: RSAPublicKey = field(repr=False)
    clock: Callable[[], datetime]
    traffic: Traffic

    def routes(self) -> list[Route]:
        door = Door.of_channel(CHANNEL, clock=self.clock, traffic=self.traffic)

        async def receive(request: Request) -> Response:
            coming = _Coming(door=self)
            try:
                await coming.verify(request)
                if coming.given.get("service") == CHECK:
                    return self._prove(coming)
            except SignatureRefused as refused:
                coming.refused = refused
            return await door.take(
                request, read=coming.read, parse=coming.parse, answer=coming.answer, busy=lambda: _busy()
            )

        return [Route(PATH, receive, methods=["POST"])]

    def _prove(self, coming: _Coming) -> Response:
        try:
            event = fields_of(coming.given.get("biz_content", "")).findtext("EventType")
        except Unreadable:
            event = None
        success = "true" if event == VERIFY else "false"
        return self.signed(f"<success>{success}</success><biz_content>{self._public_text}</biz_content>")

    def signed(self, response: str) -> Response:
        text = response.encode()
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><alipay><response>{response}</response>'
            f"<sign>{sign(self.private_key, text)}</sign><sign_type>RSA2</sign_type></alipay>"
        )
        return Response(body, media_type="application/xml; charset=utf-8")

    @property
    def _public_text(self) -> str:
        der = self.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()


class _Coming:
    def __init__(self, *, door: LifeDoor) -> None:
        self._door = door
        self.given: Mapping[str, str] = {}
        self.refused: SignatureRefused | None = None

    async def verify(self, request: Request) -> None:
        """Raises SignatureRefused."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise SignatureRefused("body_large")
        charset = CHARSETS.get(_charset(bytes(body)))
        if charset is None:
            raise SignatureRefused("signature_wrong")
        try:
            pairs = parse_qsl(bytes(body).decode("ascii"), encoding=charset, errors="strict", max_num_fields=FIELDS_MAX)
        except ValueError:
            raise SignatureRefused("signature_wrong") from None
        given = dict(pairs)
        signed_of = "&".join(f"{name}={given[name]}" for name in sorted(given) if name != "sign" and given[name])
        right = verifies(self._door.alipay_public_key, signed_of.encode(charset), given.get("sign", ""))
        if len(given) != len(pairs) or given.get("sign_type") != "RSA2" or not right:
            raise SignatureRefused("signature_wrong")
        request.state.counted_by_quota = True
        self.given = given

    async def read(self, request: Request) -> tuple[bytes, str]:
        if self.refused is not None:
            raise self.refused
        return self.given.get("biz_content", "").encode(), self._door.app_id

    def parse(self, content: bytes) -> Parsed:
        root = fields_of(content.decode())
        app_id = root.findtext("AppId")
        if app_id is not None and app_id != self._door.app_id:
            raise Unreadable("报文的应用编号不是本生活号")
        said = said_of(root)
        return Parsed(kind=said.kind, key=said.key, lane=said.subject, essence=said.essence)

    def answer(self, kept: Kept, parsed: Parsed | None) -> Response:
        to = "" if parsed is None else parsed.lane
        seconds = int(self._door.clock().timestamp() * 1000)
        return self._door.signed(
            f"<XML><ToUserId><![CDATA[{to}]]></ToUserId><AppId><![CDATA[{self._door.app_id}]]></AppId>"
            f"<CreateTime>{seconds}</CreateTime><MsgType><![CDATA[ack]]></MsgType></XML>"
        )


def _charset(body: bytes) -> str:
    for part in body.split(b"&"):
        if part.lower().startswith(b"charset="):
            return part[8:].decode("ascii", "replace").strip().lower()
    return "gbk"


def _busy() -> Response:
    return Response("busy", status_code=503, headers={"Retry-After": "1"})
