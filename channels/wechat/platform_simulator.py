"""The public platform for this machine: what an official account calls, and a phone that talks to it.

Simulator `wechat`.

Operations `token`, `custom`, `subscribe`, `menu`; mode `refuse` answers the errcode in detail's `code` (default -1).
Tokens live two hours by the clock and are ended early by `expire_tokens`; somebody who said nothing for 48 hours is
refused with 45015, who does not follow with 43004, who accepted no notice with 43101.

    POST /_sim/wechat/say   {"openid", "text"} or {"openid", "event", "key"} or {"openid", "accept": ["template"]}
                            says it to us as the platform does; answers our status and words
    POST /_sim/wechat/me    {"openid"}   who holds the phone that opens the page of authorisation
    GET  /_sim/wechat/sent  what the account sent, oldest first
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from channels.simulation import Faults
from channels.wechat.crypto import SafeMode
from channels.wechat.door import PATH, sealed_request
from channels.wechat.interface import TOKEN
from channels.wechat.mini_simulator import MiniPlatform
from channels.wechat.service import CUSTOM, MENU, SUBSCRIBE
from channels.wechat.simulator import NAME, WechatSimulator

TOKEN_SECONDS = 7_200
WINDOW = timedelta(hours=48)
AUTHORIZE = "/connect/oauth2/authorize"


@dataclass(slots=True, kw_only=True)
class PublicPlatform:
    """`logins` makes the codes of the page of authorisation; `url` is where our door stands."""

    app_id: str
    app_secret: str
    token: str
    safe_mode: SafeMode
    logins: WechatSimulator
    url: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    sent: list[dict[str, Any]] = field(default_factory=list)
    menu: list[dict[str, Any]] = field(default_factory=list)
    me: str = ""
    mini: MiniPlatform | None = None
    """The mini-program beside the account: its tokens are asked for at the same address."""
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _following: set[str] = field(default_factory=set)
    _heard: dict[str, datetime] = field(default_factory=dict)
    _accepted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def routes(self) -> list[BaseRoute]:
        return [
            Route(TOKEN, self._token, methods=["POST"]),
            Route(CUSTOM, self._custom, methods=["POST"]),
            Route(SUBSCRIBE, self._subscribe, methods=["POST"]),
            Route(MENU, self._menu, methods=["POST"]),
            Route(AUTHORIZE, self._authorize, methods=["GET"]),
            Route("/_sim/wechat/say", self._say, methods=["POST"]),
            Route("/_sim/wechat/me", self._who, methods=["POST"]),
            Route("/_sim/wechat/sent", lambda request: JSONResponse(self.sent), methods=["GET"]),
        ]

    def forget(self) -> None:
        """As it was at first: for tests that share it."""
        for kept in (self.sent, self.menu, self._tokens, self._following, self._heard, self._accepted):
            kept.clear()

    def expire_tokens(self) -> None:
        self._tokens.clear()

    async def say(
        self,
        openid: str,
        text: str = "",
        *,
        event: str = "",
        key: str = "",
        accept: tuple[str, ...] = (),
        message_id: str | None = None,
        at: datetime | None = None,
    ) -> tuple[int, str]:
        """Says it to us; our status and words."""
        at = at or self.clock()
        self._heard[openid] = self.clock()
        if event == "unsubscribe":
            self._following.discard(openid)
        else:
            self._following.add(openid)
        for template in accept:
            self._accepted[(openid, template)] += 1
        message = message_of(openid, text, event=event, key=key, accept=accept, message_id=message_id, at=at)
        return await self.deliver(message, at=at)

    async def deliver(
        self, message: str, *, at: datetime, nonce: str | None = None, safe_mode: SafeMode | None = None, **wrong: str
    ) -> tuple[int, str]:
        """The message as the platform sends it; `wrong` takes the place of parts of the query."""
        stamp, nonce = str(int(at.timestamp())), nonce or str(secrets.randbelow(10**9))
        query, body = sealed_request(
            token=self.token, safe_mode=safe_mode or self.safe_mode, message=message, timestamp=stamp, nonce=nonce
        )
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False, timeout=5) as client:
            answer = await client.post(PATH, params={**query, **wrong}, content=body)
        return answer.status_code, answer.text

    async def _say(self, request: Request) -> Response:
        asked = await request.json()
        status, words = await self.say(
            asked["openid"],
            asked.get("text", ""),
            event=asked.get("event", ""),
            key=asked.get("key", ""),
            accept=tuple(asked.get("accept", ())),
        )
        return JSONResponse({"status": status, "answer": words})

    async def _who(self, request: Request) -> Response:
        self.me = (await request.json())["openid"]
        return Response(status_code=204)

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        code = self.logins.code_for(openid=self.me, app_id=query["appid"])
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    async def _token(self, request: Request) -> Response:
        asked = await request.json()
        if (refused := await self._fault(request, "token")) is not None:
            return refused
        if self.mini is not None and asked.get("appid") == self.mini.app_id:
            return self.mini.issue(secret=str(asked.get("secret")))
        if (asked.get("appid"), asked.get("secret")) != (self.app_id, self.app_secret):
            return _error(40001)
        now = self.clock()
        for token, until in self._tokens.items():
            if until > now:
                return JSONResponse({"access_token": token, "expires_in": int((until - now).total_seconds())})
        token = secrets.token_urlsafe(32)
        self._tokens[token] = now + timedelta(seconds=TOKEN_SECONDS)
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS})

    async def _custom(self, request: Request) -> Response:
        asked = await request.json()
        if (refused := await self._refused(request, "custom", asked)) is not None:
            return refused
        heard = self._heard.get(asked["touser"])
        if heard is None or self.clock() - heard > WINDOW:
            return _error(45015)
        if len(asked["text"]["content"].encode()) > 2_048:
            return _error(45002)
        return self._take({"kind": "text", "openid": asked["touser"], "text": asked["text"]["content"]})

    async def _subscribe(self, request: Request) -> Response:
        asked = await request.json()
        if (refused := await self._refused(request, "subscribe", asked)) is not None:
            return refused
        key = (asked["touser"], asked["template_id"])
        if self._accepted[key] < 1:
            return _error(43101)
        self._accepted[key] -= 1
        values = {name: one["value"] for name, one in asked["data"].items()}
        return self._take({"kind": "notice", "openid": key[0], "template": key[1], "values": values})

    async def _menu(self, request: Request) -> Response:
        asked = await request.json()
        if (refused := await self._refused(request, "menu", {})) is not None:
            return refused
        self.menu[:] = asked["button"]
        return _error(0)

    async def _refused(self, request: Request, operation: str, asked: dict[str, Any]) -> Response | None:
        if (broken := await self._fault(request, operation)) is not None:
            return broken
        until = self._tokens.get(request.query_params.get("access_token", ""))
        if until is None:
            return _error(40001)
        if until <= self.clock():
            return _error(42001)
        if "touser" in asked and asked["touser"] not in self._following:
            return _error(43004)
        return None

    async def _fault(self, request: Request, operation: str) -> Response | None:
        fault = self.faults.take(simulator=NAME, operation=operation)
        if (broken := await fault.before(request)) is not None:
            return broken
        return _error(int(fault.detail.get("code", -1))) if fault.mode == "refuse" else None

    def _take(self, sent: dict[str, Any]) -> Response:
        self.sent.append(sent)
        return _error(0)


def message_of(
    openid: str,
    text: str = "",
    *,
    at: datetime,
    event: str = "",
    key: str = "",
    accept: tuple[str, ...] = (),
    message_id: str | None = None,
) -> str:
    """The inner XML, before it is sealed."""
    stamp = int(at.timestamp())
    head = f"<ToUserName>gh_hpf</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{stamp}</CreateTime>"
    if accept:
        items = "".join(
            f"<List><TemplateId>{one}</TemplateId><SubscribeStatusString>accept</SubscribeStatusString>"
            "<PopupScene>2</PopupScene></List>"
            for one in accept
        )
        return (
            f"<xml>{head}<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event>"
            f"<SubscribeMsgPopupEvent>{items}</SubscribeMsgPopupEvent></xml>"
        )
    if event:
        return f"<xml>{head}<MsgType>event</MsgType><Event>{event}</Event><EventKey><![CDATA[{key}]]></EventKey></xml>"
    number = message_id or str(secrets.randbelow(10**18))
    return f"<xml>{head}<MsgType>text</MsgType><Content>{escape(text)}</Content><MsgId>{number}</MsgId></xml>"


def _error(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "ok" if code == 0 else "refused, rid: simulated"})
