"""The simulated city platform in its own protocol: authorize page, getAccessToken, getUserInfo, logout.

Simulator `identity_platform`, operations `authorize`, `token`, `userinfo`; mode `refuse` answers the code in detail's
`code` (default 1001). A grant code lives a minute and works once; an `auth_token` five minutes and once; the document
number is sealed for the client that asks.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.identity.platform_messages import (
    ACCESS_TOKEN,
    AUTHORIZE,
    SCOPE,
    SSO_LOGOUT,
    SSO_STATUS,
    USER_INFO,
    PlatformCipher,
)
from channels.identity.provider import DemonstrationCitizen, RegisteredClient
from channels.identity.simulator import FORM_FIELDS_MAX, login_page, message_page
from channels.simulation import Faults, control_routes

NAME = "identity_platform"
CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=10)
AUTH_TOKEN_LIFE = timedelta(minutes=5)
BAD_CODE, BAD_CLIENT, BAD_TOKEN, BAD_REQUEST = "1001", "1002", "1003", "1004"


@dataclass(slots=True)
class _Grant:
    citizen: DemonstrationCitizen
    client_id: str
    redirect_uri: str
    state: str
    issued_at: datetime


@dataclass(slots=True, kw_only=True)
class PlatformSimulator:
    citizens: tuple[DemonstrationCitizen, ...]
    clients: tuple[RegisteredClient, ...]
    password: str
    clock: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    _grants: dict[str, _Grant] = field(default_factory=dict)
    _tokens: dict[str, tuple[DemonstrationCitizen, str, datetime]] = field(default_factory=dict)
    _auth_tokens: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(AUTHORIZE, self.ask, methods=["GET"]),
                Route(AUTHORIZE, self.grant, methods=["POST"]),
                Route(ACCESS_TOKEN, self.token, methods=["POST"]),
                Route(USER_INFO, self.userinfo, methods=["GET"]),
                Route(SSO_STATUS, self.status, methods=["GET"]),
                Route(SSO_LOGOUT, self.logout, methods=["GET"]),
                *control_routes(self.faults),
            ]
        )

    async def ask(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="authorize", method="GET")
        if (broken := await fault.before(request)) is not None:
            return broken
        return self._page(request)

    async def grant(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            chosen, password, decision = (str(form.get(name, "")) for name in ("citizen", "password", "decision"))
        asked = request.query_params
        if not self._registered(asked.get("client_id", ""), asked.get("redirect_uri", "")):
            return self._page(request)
        back = {"state": asked.get("state", "")}
        if decision == "deny":
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**back, 'error': 'cancelled'})}", 302)
        citizen = next((one for one in self.citizens if one.subject == chosen), None)
        if citizen is None or not hmac.compare_digest(password.encode(), self.password.encode()):
            return self._page(request, problem="身份或口令不正确，请核对后重新输入。", status=401)
        code = secrets.token_urlsafe(24)
        self._grants[code] = _Grant(
            citizen, asked["client_id"], asked["redirect_uri"], asked.get("state", ""), self.clock()
        )
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}", 302)

    async def token(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            given = {name: str(value) for name, value in form.items()}
        fault = self.faults.take(simulator=NAME, operation="token", fields={"client": given.get("client_id", "")})
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return _no(str(fault.detail.get("code", BAD_CODE)))
        return await fault.after(request, self._redeem(given))

    def _redeem(self, given: dict[str, str]) -> Response:
        client = next((one for one in self.clients if one.client_id == given.get("client_id")), None)
        if client is None or not client.check_client_secret(given.get("client_secret", "")):
            return _no(BAD_CLIENT)
        if not self._proves(client, given.get("auth_token", "")):
            return _no(BAD_TOKEN)
        if given.get("grant_type") != "authorization_code" or given.get("scope") != SCOPE:
            return _no(BAD_REQUEST)
        grant = self._grants.pop(given.get("grant_code", ""), None)
        if grant is None or self.clock() >= grant.issued_at + CODE_LIFE:
            return _no(BAD_CODE)
        if (grant.client_id, grant.redirect_uri, grant.state) != (
            client.client_id,
            given.get("redirect_uri"),
            given.get("state", ""),
        ):
            return _no(BAD_CODE)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (grant.citizen, client.client_id, self.clock() + TOKEN_LIFE)
        life = TOKEN_LIFE // timedelta(seconds=1)
        data = {"access_token": token, "token_type": "bearer", "expires_in": life, "refresh_token": ""}
        return JSONResponse({"code": 0, "message": "success", "data": data})

    def _proves(self, client: RegisteredClient, sealed: str) -> bool:
        """auth_token is fresh, was not seen before, and sealed with the client's secret."""
        try:
            proved, _, millis = PlatformCipher(client.client_secret).open(sealed).rpartition(":")
            age = abs(self.clock().timestamp() * 1000 - int(millis))
        except ValueError:
            return False
        if sealed in self._auth_tokens or proved != f"{client.client_id}:{client.client_secret}":
            return False
        self._auth_tokens.add(sealed)
        return age <= AUTH_TOKEN_LIFE // timedelta(milliseconds=1)

    async def userinfo(self, request: Request) -> Response:
        fault = self.faults.take(simulator=NAME, operation="userinfo", method="GET")
        if (broken := await fault.before(request)) is not None:
            return broken
        known = self._tokens.get(request.query_params.get("access_token", ""))
        if fault.mode == "refuse" or known is None or self.clock() >= known[2]:
            return await fault.after(request, _no(BAD_TOKEN))
        citizen, client_id, _ = known
        secret = next(one.client_secret for one in self.clients if one.client_id == client_id)
        data = {
            "uniqueId": citizen.subject,
            "userName": citizen.subject[:12],
            "mobile": citizen.mobile or "",
            "certName": citizen.name,
            "certNo": PlatformCipher(secret).seal(citizen.document_no),
            "certNoType": citizen.document_type,
            "certLevel": citizen.level,
        }
        return await fault.after(request, JSONResponse({"code": 0, "message": "success", "data": data}))

    async def status(self, request: Request) -> Response:
        known = self._tokens.get(request.query_params.get("access_token", ""))
        alive = known is not None and self.clock() < known[2]
        return JSONResponse({"code": 0, "data": {"status": "1" if alive else "0"}})

    async def logout(self, request: Request) -> Response:
        self._tokens.pop(request.query_params.get("access_token", ""), None)
        return JSONResponse({"code": 0, "message": "success", "data": {}})

    def _registered(self, client_id: str, redirect_uri: str) -> bool:
        return any(one.client_id == client_id and one.check_redirect_uri(redirect_uri) for one in self.clients)

    def _page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        asked = request.query_params
        if not self._registered(asked.get("client_id", ""), asked.get("redirect_uri", "")):
            return message_page(
                status=400, title="无法登录", message="应用未登记或返回地址不正确。请返回原应用重新登录。"
            )
        return login_page(citizens=self.citizens, password=self.password, problem=problem, status=status)


def _no(code: str) -> JSONResponse:
    return JSONResponse({"code": int(code), "message": "refused", "data": None})
