"""What the settlement system sends us: SBDC100 账户变动通知, signed, one HTTP POST a notice.

The answer is the system's own reply message: 00000 when the notice was taken (also when it was here before), 30001 when
it was put into quarantine, so that it is not told in vain again. Trouble of ours is an HTTP error: tell it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.banks import funds_messages as fm
from channels.banks import messages
from channels.banks.codes import return_code
from channels.banks.messages import MalformedMessage, ReplyHead, RequestHead
from channels.wire import SignatureCheck, SignatureRefused
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3_hex

NOTICES_PATH = "/bank/notices"
NOTIFIER_APP = "bank-settlement"
"""The settlement system's name in its signature, when it calls us."""


class Taken(Protocol):
    """What became of a notice; `domain.settlement.NoticeTaken` is one."""

    @property
    def state(self) -> Literal["accepted", "quarantined"]: ...


class TakeNotice(Protocol):
    def __call__(
        self,
        *,
        bank_code: str,
        lines: Sequence[str],
        digest: str,
        bytes_count: int,
        now: datetime,
        business_date: date,
    ) -> Awaitable[Taken]: ...


class QuarantineNotice(Protocol):
    def __call__(
        self, *, bank_code: str | None, digest: str, bytes_count: int, fault: str, now: datetime
    ) -> Awaitable[Taken]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDoor:
    """`take` and `quarantine` are the faces of `domain.settlement`, handed over by the wiring."""

    check: SignatureCheck
    clock: Callable[[], datetime]
    take: TakeNotice
    quarantine: QuarantineNotice

    def routes(self) -> list[Route]:
        return [Route(NOTICES_PATH, self._receive, methods=["POST"])]

    async def _receive(self, request: Request) -> Response:
        try:
            content = await self.check.read(request)
        except SignatureRefused as refused:
            return refused.response()
        now, digest = self.clock(), sm3_hex(content)
        head: RequestHead | None = None
        try:
            head_element, body_element = messages.read_message(content, root="Request", most=fm.FILE_MESSAGE_BYTES_MAX)
            head = messages.read_part(RequestHead, head_element)
            lines = _lines(head, messages.read_part(fm.NoticeBody, body_element))
        except MalformedMessage:
            await self.quarantine(
                bank_code=head.SendNode if head else None,
                digest=digest,
                bytes_count=len(content),
                fault="报文不符合SBDC100规范",
                now=now,
            )
            return _reply(head, code="30001", now=now)
        taken = await self.take(
            bank_code=head.SendNode,
            lines=lines,
            digest=digest,
            bytes_count=len(content),
            now=now,
            business_date=business_date_of(now),
        )
        return _reply(head, code="00000" if taken.state == "accepted" else "30001", now=now)


def _lines(head: RequestHead, body: fm.NoticeBody) -> list[str]:
    if head.TxCode != fm.TX_NOTIFY:
        raise MalformedMessage("not an SBDC100")
    if len(head.SendNode) != 3 or not head.SendNode.isdigit():
        raise MalformedMessage("SendNode is no bank")
    content = fm.unpack(body.Content)
    for encoding in ("utf-8", "gb18030"):
        try:
            lines = content.decode(encoding).replace("\r\n", "\n").split("\n")
        except UnicodeDecodeError:
            continue
        if lines and not lines[-1]:
            lines.pop()
        if len(lines) != fm.read_count(body.RowCount):
            raise MalformedMessage("RowCount differs from the rows")
        return lines
    raise MalformedMessage("rows are neither UTF-8 nor GBK")


def _reply(head: RequestHead | None, *, code: str, now: datetime) -> Response:
    day, time = messages.stamp(now)
    reply = ReplyHead(
        TxCode=head.TxCode if head else fm.TX_NOTIFY,
        TxStatus="0" if code == "00000" else "1",
        RtnCode=code,
        RtnMessage=return_code(code).meaning,
        ReceiveDate=day,
        ReceiveTime=time,
        ReceiveSeqNo=secrets.token_hex(16),
        ReceiveNode=head.ReceiveNode if head else "",
        SendSeqNo=head.SendSeqNo if head else "",
        BDCDate=day,
        BDCTime=time,
        BDCSeqNo="",
    )
    body = fm.NoticeReplyBody(Taken="1" if code == "00000" else "0")
    return Response(messages.write_message("Reply", reply, body), media_type="application/xml")
