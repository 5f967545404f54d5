"""WeChat's interface for one application of ours: its token, and calls that carry it.

    POST /cgi-bin/stable_token                    one token for all processes, fetched anew when it is refused

Answers are 200 with `errcode`. A refusal of the token is no refusal of the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from channels.conversations import Sent
from channels.plain import PlainClient
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wire import WireFailure

TOKEN = "/cgi-bin/stable_token"
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
LATER = frozenset({-1, 45009, 45011, 45066})
"""Busy, the day's quota, too often: nothing was sent."""
EARLY = timedelta(minutes=5)


class TokenFailure(Exception):
    """Without a token nothing was sent, whatever went wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WechatInterface:
    """Close with `aclose`."""

    def __init__(
        self, *, app_id: str, app_secret: str, base_url: str, timeout_seconds: float, partner: str,
        traffic: Traffic | None = None,
    ) -> None:  # fmt: skip
        self._app_id, self._app_secret = app_id, app_secret
        self._http = PlainClient(partner="微信", base_url=base_url, timeout_seconds=timeout_seconds)
        self._wire = PlatformWire(partner=partner, traffic=traffic)
        self._token: tuple[str, datetime] | None = None

    @property
    def wire(self) -> PlatformWire:
        return self._wire

    async def aclose(self) -> None:
        await self._http.aclose()

    async def tell(self, path: str, body: Mapping[str, Any], *, now: datetime) -> Sent:
        """Sends once. Never raises for the platform's trouble."""
        try:
            code = code_of(await self.ask(path, body, now=now))
        except TokenFailure as failure:
            return Sent(status="later", code=failure.code)
        except WireFailure as failure:
            surely_not = failure.surely_not_sent or (failure.status is not None and failure.status < 500)
            return Sent(status="later" if surely_not else "unknown", code=failure.trouble)
        if code == 0:
            return Sent(status="sent")
        return Sent(status="later" if code in LATER else "refused", code=str(code))

    async def ask(self, path: str, body: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        """The answer, also one that refuses. Raises TokenFailure and WireFailure."""
        for last in (False, True):
            token = await self._access_token(now=now)
            answer = await self._call(path, body, now=now, query={"access_token": token})
            if code_of(answer) not in TOKEN_REFUSED:
                return answer
            # another process, or the platform, ended it before its time
            self._token = None
            if last:
                raise TokenFailure(str(code_of(answer)))
        raise AssertionError("the second answer is the last")

    async def _access_token(self, *, now: datetime) -> str:
        if self._token is not None and now < self._token[1]:
            return self._token[0]
        asked = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret,
            "force_refresh": False,
        }
        try:
            answer = await self._call(TOKEN, asked, now=now)
        except WireFailure as failure:
            raise TokenFailure(failure.trouble) from None
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise TokenFailure(str(code_of(answer)))
        self._token = (token, now + max(timedelta(seconds=seconds) - EARLY, timedelta(seconds=30)))
        return token

    async def _call(
        self, path: str, body: Mapping[str, Any], *, now: datetime, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return await self._wire.call(path, lambda: self._http.post_json(path, body=body, query=query), now=now)


def code_of(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else -1
