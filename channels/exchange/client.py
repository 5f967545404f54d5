"""Tells e窗通 and social security what their pushes have come to."""

from __future__ import annotations

from datetime import datetime

from channels.exchange.answers import result_body
from channels.wire import SignedClient, WireFailure
from domain.exchange import Result, Told

RESULTS_PATH = {"ewindow": "/ewindow/results", "social_security": "/social-security/results"}


class ExchangePartnerClient:
    """A `domain.exchange.ExchangePartner`. Tells each result once a call; telling again is safe at the partner, which
    knows a result by message number and state."""

    def __init__(self, *, wire: SignedClient, source: str) -> None:
        self._wire, self._path = wire, RESULTS_PATH[source]

    async def tell(self, *, result: Result, now: datetime) -> Told:
        try:
            answer = await self._wire.post_json(path=self._path, body=result_body(result), now=now)
        except WireFailure as failure:
            return Told(status="unknown", reason=failure.reason)
        if answer.get("messageNo") != result.message_no:
            return Told(status="unknown", reason="应答与请求不对应")
        if answer.get("code") != "0":
            return Told(status="unknown", reason=f"对方返回{str(answer.get('code'))[:20]}")
        receipt = answer.get("receiptNo")
        return Told(status="accepted", receipt_no=receipt[:64] if isinstance(receipt, str) else "")
