"""e窗通 or social security for development and tests: pushes to us as it is told, and takes results.

  POST /_sim/{source}/push     {"kind", "uscc", "body", "messageNo"?, "occurredAt"?}   sends, or holds back (below)
  POST /_sim/{source}/release  sends what was held back, the last first: late and out of order
  POST /_sim/{source}/ask      {"messageNos": […]}   asks us for results
  GET  /_sim/{source}/results  what it was told
  GET  /ewindow/page?uscc=…&name=…&document=…   e窗通's page with the list page embedded

Faults (`channels.simulation`), simulator `ewindow` or `social_security`, operation `push`, matched by kind and
message_no: answer_twice (sends twice), confirm_later (holds back until released), garbage (half a message), refuse
(signed with another secret). Operation `result`, matched by message_no and state: slow, timeout, error500, garbage,
refuse.
"""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from channels.exchange.client import RESULTS_PATH
from channels.exchange.messages import PATH_OF, VERSION
from channels.simulation import Faults
from channels.wire import SignatureCheck, SignatureRefused, signed_headers, trusted_authorities
from domain.exchange import Source
from domain.kernel.digest import sm3_hex

_RESULT_FIELDS = frozenset({"messageNo", "kind", "uscc", "state", "code", "message", "rows", "endedAt"})


class PartnerSimulator:
    """`url` is where we listen; `app` and `secret` sign in both directions."""

    def __init__(
        self, *, source: Source, url: str, app: str, secret: bytes, faults: Faults, clock: Callable[[], datetime]
    ) -> None:
        self._source, self._url, self._app, self._secret = source, url, app, secret
        self._faults, self._clock = faults, clock
        self._check = SignatureCheck(secrets_by_app={app: secret}, clock=clock)
        self._held: list[bytes] = []
        self.results: dict[tuple[str, str], dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        routes = [
            Route(RESULTS_PATH[self._source], self._take_result, methods=["POST"]),
            Route(f"/_sim/{self._source}/push", self._push_asked, methods=["POST"]),
            Route(f"/_sim/{self._source}/release", self._release_asked, methods=["POST"]),
            Route(f"/_sim/{self._source}/ask", self._ask_asked, methods=["POST"]),
            Route(f"/_sim/{self._source}/results", self._show, methods=["GET"]),
        ]
        if self._source == "ewindow":
            routes.append(Route("/ewindow/page", self._page, methods=["GET"]))
        return routes

    async def push(
        self, *, kind: str, uscc: str, body: dict[str, Any], message_no: str = "", occurred_at: str = ""
    ) -> list[dict[str, Any]]:
        """Sends one message as the faults say; the answers, none while it is held back."""
        envelope = {
            "messageNo": message_no or f"SIM{secrets.token_hex(8)}",
            "kind": kind,
            "version": VERSION,
            "occurredAt": occurred_at or self._clock().isoformat(),
            "uscc": uscc,
            "body": body,
        }
        content = json.dumps(envelope).encode()
        fault = self._faults.take(
            simulator=self._source, operation="push", fields={"kind": kind, "message_no": envelope["messageNo"]}
        )
        match fault.mode:
            case "confirm_later":
                self._held.append(content)
                return []
            case "answer_twice":
                return [await self._send("messages", content), await self._send("messages", content)]
            case "garbage":
                return [await self._send("messages", content[: len(content) // 2])]
            case "refuse":
                return [await self._send("messages", content, secret=b"another-secret-entirely")]
        return [await self._send("messages", content)]

    async def release(self) -> list[dict[str, Any]]:
        """Sends what was held back, the last first."""
        held, self._held = self._held, []
        return [await self._send("messages", content) for content in reversed(held)]

    async def ask(self, *message_nos: str) -> dict[str, Any]:
        return await self._send("results", json.dumps({"messageNos": list(message_nos)}).encode())

    async def entry(self, **fields: str) -> dict[str, Any]:
        return await self._send("entries", json.dumps(fields, ensure_ascii=False).encode())

    async def _send(self, what: str, content: bytes, *, secret: bytes | None = None) -> dict[str, Any]:
        path = f"{PATH_OF[self._source]}/{what}"
        headers = signed_headers(
            app=self._app, secret=secret or self._secret, method="POST", path=path, body=content, now=self._clock()
        )
        async with httpx.AsyncClient(
            base_url=self._url, trust_env=False, verify=trusted_authorities(), timeout=20
        ) as client:
            answer = await client.post(path, content=content, headers=headers)
        parsed: dict[str, Any] = answer.json()
        return {**parsed, "status": answer.status_code}

    async def _take_result(self, request: Request) -> Response:
        try:
            content = await self._check.read(request)
        except SignatureRefused as refused:
            return refused.response()
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.keys() >= _RESULT_FIELDS:
            return JSONResponse({"code": "1001", "message": "报文不符"}, status_code=400)
        number, state = str(body["messageNo"]), str(body["state"])
        fault = self._faults.take(
            simulator=self._source, operation="result", fields={"message_no": number, "state": state}
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return JSONResponse({"code": "9999", "messageNo": number})
        # told again it is the same result: the receipt stays
        self.results.setdefault((number, state), body)
        answer = JSONResponse({"code": "0", "messageNo": number, "receiptNo": f"R{sm3_hex(content)[:16].upper()}"})
        return await fault.after(request, answer)

    async def _push_asked(self, request: Request) -> Response:
        given = json.loads(await request.body())
        return JSONResponse(
            await self.push(
                kind=given["kind"],
                uscc=given["uscc"],
                body=given["body"],
                message_no=given.get("messageNo", ""),
                occurred_at=given.get("occurredAt", ""),
            )
        )

    async def _release_asked(self, _: Request) -> Response:
        return JSONResponse(await self.release())

    async def _ask_asked(self, request: Request) -> Response:
        return JSONResponse(await self.ask(*json.loads(await request.body())["messageNos"]))

    async def _show(self, _: Request) -> Response:
        return JSONResponse(list(self.results.values()))

    async def _page(self, request: Request) -> Response:
        """e窗通's page: its server has asked for the ticket, its form hands it into the frame."""
        given = request.query_params
        answer = await self.entry(
            uscc=given.get("uscc", ""),
            agentName=given.get("name", ""),
            documentType="01",
            documentNo=given.get("document", ""),
        )
        if answer.get("code") != "0":
            return HTMLResponse(f"<p>{html.escape(str(answer.get('message')))}</p>", status_code=409)
        action, ticket = html.escape(str(answer["action"])), html.escape(str(answer["ticket"]))
        return HTMLResponse(
            f"""<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>e窗通（模拟）</title></head>
<body style="margin:0;font-family:sans-serif"><h1 style="font-size:18px;margin:0;padding:12px 20px;background:#8a1c1c;
color:#fff">北京市企业服务e窗通（模拟）　员工五险一金</h1>
<iframe name="hpf" title="住房公积金清册" style="width:100%;height:820px;border:0"></iframe>
<form id="go" method="post" action="{action}" target="hpf"><input type="hidden" name="ticket" value="{ticket}"></form>
<script>document.getElementById("go").submit();</script></body></html>"""
        )
