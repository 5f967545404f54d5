"""The simulated unified identity platform: a real OAuth 2.0 and OpenID Connect server for this machine.

Routes: /.well-known/openid-configuration, /jwks, /authorize (page and form), /token, /userinfo, /end_session
and the control routes of `channels.simulation`. Operations for faults: `discovery`, `jwks`, `authorize`,
`token`, `userinfo` of simulator `identity`; mode `refuse` on `token` answers the error in detail's `code`
(default invalid_grant).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from channels.identity.provider import (
    ALGORITHM,
    SCOPES,
    DemonstrationCitizen,
    Provider,
    ProviderRequest,
    RegisteredClient,
)
from channels.simulation import Faults, control_routes
from domain.kernel.identifiers import mask_id_document

NAME = "identity"
FORM_FIELDS_MAX = 20

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def simulator(
    *,
    citizens: tuple[DemonstrationCitizen, ...],
    clients: tuple[RegisteredClient, ...],
    password: str,
    clock: Callable[[], datetime],
    issuer: str | None = None,
    faults: Faults | None = None,
    signing_key: RSAKey | None = None,
) -> Starlette:
    """The provider as an application. `password` opens every demonstration identity and is shown on the page.
    Without `issuer` it is the address by which the request came."""
    faults = faults or Faults()
    site = _Site(
        provider=Provider(clients=clients, clock=clock, signing_key=signing_key),
        citizens=citizens,
        password=password,
        issuer=issuer,
        faults=faults,
    )
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", site.discovery),
            Route("/jwks", site.jwks),
            Route("/authorize", site.ask, methods=["GET"]),
            Route("/authorize", site.grant, methods=["POST"]),
            Route("/token", site.token, methods=["POST"]),
            Route("/userinfo", site.userinfo, methods=["GET", "POST"]),
            Route("/end_session", site.end_session, methods=["GET", "POST"]),
            *control_routes(faults),
        ]
    )


class _Site:
    """The routes over one provider."""

    def __init__(
        self,
        *,
        provider: Provider,
        citizens: tuple[DemonstrationCitizen, ...],
        password: str,
        issuer: str | None,
        faults: Faults,
    ) -> None:
        self._provider = provider
        self._citizens = {citizen.subject: citizen for citizen in citizens}
        self._password = password
        self._issuer = issuer
        self._faults = faults

    async def discovery(self, request: Request) -> Response:
        base = self._base(request)

        async def answer() -> Response:
            return JSONResponse(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/jwks",
                    "end_session_endpoint": f"{base}/end_session",
                    "response_types_supported": ["code"],
                    "response_modes_supported": ["query"],
                    "grant_types_supported": ["authorization_code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": [ALGORITHM],
                    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                    "code_challenge_methods_supported": ["S256"],
                    "scopes_supported": list(SCOPES),
                    "claims_supported": [
                        "sub",
                        "name",
                        "certName",
                        "certNo",
                        "certNoType",
                        "certLevel",
                        "mobile",
                    ],
                }
            )

        return await self._answer("discovery", request, answer)

    async def jwks(self, request: Request) -> Response:
        async def answer() -> Response:
            key = {**self._provider.signing_key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
            return JSONResponse({"keys": [key]})

        return await self._answer("jwks", request, answer)

    async def ask(self, request: Request) -> Response:
        """The login page, or an error page when the request cannot be trusted with a redirect."""

        async def answer() -> Response:
            pairs = list(request.query_params.multi_items())
            try:
                self._provider.get_consent_grant(self._request(request, pairs))
            except OAuth2Error as error:
                return self._refusal(error)
            return self._login_page()

        return await self._answer("authorize", request, answer)

    async def grant(self, request: Request) -> Response:
        """The form of the page. The authorization request stands in the query, as it did for the page."""
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            chosen, password, decision = (str(form.get(name, "")) for name in ("citizen", "password", "decision"))
        pairs = list(request.query_params.multi_items())
        try:
            asked = self._request(request, pairs)
            consent = self._provider.get_consent_grant(asked)
        except OAuth2Error as error:
            return self._refusal(error)
        citizen = None
        if decision != "deny":
            citizen = self._citizens.get(chosen)
            if citizen is None:
                return self._login_page(problem="请选择一个演示身份后再登录。", status=400)
            if not hmac.compare_digest(password.encode(), self._password.encode()):
                return self._login_page(problem="口令不正确，请核对后重新输入。", chosen=chosen, status=401)
        response: Response = self._provider.create_authorization_response(
            consent.request, grant_user=citizen, grant=consent
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def token(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        fault = self._faults.take(
            simulator=NAME, operation="token", fields={"client": dict(pairs).get("client_id", "")}
        )
        if (broken := await fault.before(request)) is not None:
            return broken
        if fault.mode == "refuse":
            return JSONResponse({"error": str(fault.detail.get("code", "invalid_grant"))}, status_code=400)
        self._provider.issuer = self._base(request)
        try:
            answer: Response = self._provider.create_token_response(self._request(request, pairs))
        except (OAuth2Error, UnicodeDecodeError):
            answer = JSONResponse({"error": "invalid_request"}, status_code=400)
        return await fault.after(request, answer)

    async def userinfo(self, request: Request) -> Response:
        async def answer() -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            citizen = self._provider.citizen_of_token(token.strip()) if scheme.lower() == "bearer" else None
            if citizen is None:
                return JSONResponse(
                    {"error": "invalid_token"},
                    status_code=401,
                    headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
                )
            return JSONResponse(citizen.claims(), headers={"Cache-Control": "no-store"})

        return await self._answer("userinfo", request, answer)

    async def end_session(self, request: Request) -> Response:
        """RP-initiated logout. There is no session at the provider to end, so the tokens go. Redirects only
        with a token of ours in hand and to an address that its client registered."""
        wanted = dict(request.query_params)
        if request.method == "POST":
            async with request.form(max_files=0, max_fields=FORM_FIELDS_MAX) as form:
                wanted |= {name: value for name, value in form.items() if isinstance(value, str)}
        client = self._client_of_hint(wanted.get("id_token_hint", ""))
        address = wanted.get("post_logout_redirect_uri", "")
        if client is not None and address in client.post_logout_redirect_uris:
            state = f"?{urlencode({'state': wanted['state']})}" if "state" in wanted else ""
            return RedirectResponse(address + state, status_code=302)
        return _page("message.html", title="已退出登录", message="您已退出统一身份认证，可以关闭本页面。")

    def _client_of_hint(self, hint: str) -> RegisteredClient | None:
        try:
            claims = jwt.decode(hint, self._provider.signing_key, [ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        client = self._provider.query_client(str(claims["aud"][0]))
        if client is not None:
            self._provider.end_session(subject=str(claims["sub"]), client_id=client.client_id)
        return client

    async def _answer(self, operation: str, request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
        fault = self._faults.take(simulator=NAME, operation=operation, method=request.method)
        if (broken := await fault.before(request)) is not None:
            return broken
        return await fault.after(request, await work())

    def _base(self, request: Request) -> str:
        if self._issuer:
            return self._issuer
        return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"

    def _request(self, request: Request, pairs: list[tuple[str, str]]) -> ProviderRequest:
        return ProviderRequest(method=request.method, uri=str(request.url), headers=_capitalised(request), pairs=pairs)

    def _refusal(self, error: OAuth2Error) -> Response:
        if error.redirect_uri:
            return self._provider.handle_response(*error())  # type: ignore[no-any-return, unused-ignore]
        return _page(
            "message.html",
            status=400,
            title="无法登录",
            message="应用未登记或返回地址不正确。请返回原应用重新登录，仍不成功请联系该应用。",
        )

    def _login_page(self, *, problem: str = "", chosen: str = "", status: int = 200) -> Response:
        return login_page(
            citizens=tuple(self._citizens.values()),
            password=self._password,
            problem=problem,
            chosen=chosen,
            status=status,
        )


def login_page(
    *,
    citizens: tuple[DemonstrationCitizen, ...],
    password: str,
    problem: str = "",
    chosen: str = "",
    status: int = 200,
) -> Response:
    """The page on which a demonstration identity is chosen; its form goes to the address it came from."""
    return _page(
        "authorize.html",
        status=status,
        title="登录",
        problem=problem,
        chosen=chosen or next((citizen.subject for citizen in citizens), ""),
        password=password,
        citizens=[
            {
                "subject": citizen.subject,
                "name": citizen.name,
                "document_no": mask_id_document(citizen.document_no),
                "level": citizen.level,
                "note": citizen.note,
            }
            for citizen in citizens
        ],
    )


def message_page(*, status: int, title: str, message: str) -> Response:
    return _page("message.html", status=status, title=title, message=message)


def _capitalised(request: Request) -> dict[str, str]:
    """Authlib looks headers up by their usual spelling."""
    return {name.title(): value for name, value in request.headers.items()}


def _page(template: str, *, status: int = 200, **values: object) -> Response:
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        _PAGES.get_template(template).render(nonce=nonce, **values),
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            # no form-action: browsers apply it to the redirect back to the application as well
            "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
            "frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
