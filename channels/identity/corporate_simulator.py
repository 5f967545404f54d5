"""The simulated legal persons' platform: OAuth 2 with OpenAM's tokeninfo.

Simulator `identity_corporate`, operations `token`, `tokeninfo`; mode `refuse` answers the OAuth error in detail's
`code` (default invalid_grant).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.identity.corporate_client import ACCESS_TOKEN, AUTHORIZE, TOKEN_INFO
from channels.identity.provider import DemonstrationCitizen, RegisteredClient
from channels.identity.simulator import FORM_FIELDS_MAX, login_page, message_page
from channels.simulation import Faults, control_routes
from domain.kernel.digest import sm3_hex

NAME = "identity_corporate"
CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationAgent:
    """Somebody who comes for a legal person. `credence_class`: 1 password, 2 certificate, 3 business licence."""

    name: str
    document_no: str
    uscc: str
    employer_name: str
    legal: bool = False
    credence_class: str = "2"
    level: str = "L3"

    @property
    def subject(self) -> str:
        return sm3_hex(f"demonstration-agent:{self.document_no}:{self.uscc}".encode())[:32]

    def shown(self) -> DemonstrationCitizen:
        """As the login page shows a choice; its subject is the page's value."""
        role = "法定代表人" if self.legal else "经办人"
        note = f"{self.employer_name}（{role}）"
        return DemonstrationCitizen(name=self.name, document_no=f"{self.document_no}:{self.uscc}", note=note)


@dataclass(slots=True, kw_only=True)
class CorporateSimulator:
    agents: tuple[DemonstrationAgent, ...]
    clients: tuple[RegisteredClient, ...]
    password: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    _codes: dict[str, tuple[DemonstrationAgent, str, str, datetime]] = field(default_factory=dict)
    _tokens: dict[str, tuple[DemonstrationAgent, datetime]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(AUTHORIZE, self.ask, methods=["GET"]),
                Route(AUTHORIZE, self.grant, methods=["POST"]),
                Route(ACCESS_TOKEN, self.token, methods=["POST"]),
                Route(TOKEN_INFO, self.tokeninfo, methods=["GET"]),
                *control_routes(self.faults),
            ]
        )

    async def ask(self, request: Request) -> Response:
        return self._page(request)

    async def grant(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            chosen, password, decision = (str(form.get(name, "")) for name in ("citizen", "password", "decision"))
        asked = request.query_params
        if not self._registered(asked.get("client_id", ""), asked.get("redirect_uri", "")):
            return self._page(request)
        state = asked.get("state", "")
        if decision == "deny":
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'state': state, 'error': 'access_denied'})}")
        agent = next((one for one in self.agents if one.shown().subject == chosen), None)
        if agent is None or not hmac.compare_digest(password.encode(), self.password.encode()):
            return self._page(request, problem="身份或口令不正确，请核对后重新输入。", status=401)
        code = secrets.token_urlsafe(24)
        self._codes[code] = (agent, asked["client_id"], asked["redirect_uri"], self.clock())
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'state': state, 'code': code})}", 302)

    async def token(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            given = {name: str(value) for name, value in form.items()}
        fault = self.faults.take(simulator=NAME, operation="token")
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return JSONResponse({"error": str(fault.detail.get("code", "invalid_grant"))}, status_code=400)
        client_id = self._client_of(request.headers.get("authorization", ""))
        if client_id is None:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        found = self._codes.pop(given.get("code", ""), None)
        right = found is not None and (found[1], found[2]) == (client_id, given.get("redirect_uri"))
        if found is None or not right or self.clock() >= found[3] + CODE_LIFE:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (found[0], self.clock() + TOKEN_LIFE)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE // timedelta(seconds=1)}
        return await fault.after(request, JSONResponse(answer))

    async def tokeninfo(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="tokeninfo", method="GET")
        if (broken := await fault.before(request)) is not None:
            return broken
        known = self._tokens.get(request.query_params.get("access_token", ""))
        if known is None or self.clock() >= known[1]:
            return JSONResponse({"error": "invalid_token"}, status_code=401)
        agent = known[0]
        extra = {
            "creditCode": agent.uscc,
            "enterpriseName": agent.employer_name,
            "operatorRole": "legal" if agent.legal else "agent",
        }
        answer = {
            "uid": agent.subject,
            "cn": agent.name,
            "idCardNumber": agent.document_no,
            "credenceClass": agent.credence_class,
            "trustLevel": agent.level,
            "extInfo": json.dumps(extra, ensure_ascii=False),
        }
        return await fault.after(request, JSONResponse(answer))

    def _client_of(self, authorization: str) -> str | None:
        scheme, _, sent = authorization.partition(" ")
        try:
            name, _, secret = base64.b64decode(sent, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        for client in self.clients:
            if scheme.lower() == "basic" and client.client_id == name and client.check_client_secret(secret):
                return name
        return None

    def _registered(self, client_id: str, redirect_uri: str) -> bool:
        return any(one.client_id == client_id and one.check_redirect_uri(redirect_uri) for one in self.clients)

    def _page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        asked = request.query_params
        if not self._registered(asked.get("client_id", ""), asked.get("redirect_uri", "")):
            return message_page(status=400, title="无法登录", message="应用未登记或返回地址不正确。")
        shown = tuple(agent.shown() for agent in self.agents)
        return login_page(citizens=shown, password=self.password, problem=problem, status=status)
