"""The core of the simulated provider: Authlib's OAuth 2.0 server with PKCE and OpenID Connect, in memory.

Everything here is synchronous and runs on one loop, so a code cannot be redeemed twice between two steps.
Codes and tokens are kept as digests; nothing is written to disk; each start makes its own signing key.
"""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, InvalidRequestError, grants
from authlib.oauth2.rfc6749.requests import OAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, Response

from domain.kernel.digest import sm3_hex

CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(minutes=10)
REPLAY_MEMORY = timedelta(minutes=30)
SCOPES = ("openid", "profile")
ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationCitizen:
    """Someone who can log in. `level` is certLevel L1–L4; `note` tells the visitor what this person shows."""

    name: str
    document_no: str
    mobile: str | None = None
    document_type: str = "10"
    level: str = "L3"
    note: str = ""

    @property
    def subject(self) -> str:
        """uniqueId: the same at each start, and nothing of the document shows in it."""
        return sm3_hex(f"demonstration-citizen:{self.document_type}:{self.document_no}".encode())[:32]

    def claims(self) -> dict[str, str]:
        claims = {
            "sub": self.subject,
            "name": self.name,
            "certName": self.name,
            "certNo": self.document_no,
            "certNoType": self.document_type,
            "certLevel": self.level,
        }
        return {**claims, "mobile": self.mobile} if self.mobile else claims


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient(ClientMixin):
    """A relying party. Redirect addresses are compared as text, exactly."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: every request names its address."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return " ".join(each for each in (scope or "").split() if each in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(slots=True, kw_only=True)
class IssuedCode:
    """An authorization code; kept for a while after its use, to notice a second one."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    citizen: DemonstrationCitizen
    issued_at: datetime
    redeemed: bool = False
    token_digests: list[str] = field(default_factory=list)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued_at.timestamp())

    def get_acr(self) -> str:
        return self.citizen.level

    def get_amr(self) -> list[str]:
        return ["pwd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    client_id: str
    citizen: DemonstrationCitizen
    expires_at: datetime


class FormPayload(OAuth2Payload):
    """Parameters with their repetitions, which the standard forbids and Authlib checks."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._data = dict(pairs)
        self._datalist: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._datalist[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._datalist


class ProviderRequest(OAuth2Request):
    """A request as Authlib wants it. OAuth2Error when it came neither by https nor from this machine."""

    def __init__(self, *, method: str, uri: str, headers: Mapping[str, str], pairs: list[tuple[str, str]]) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = FormPayload(pairs)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data


class Provider(AuthorizationServer):
    """Issues codes and tokens. `issuer` is set by each request that arrives, unless it was given."""

    def __init__(
        self,
        *,
        clients: tuple[RegisteredClient, ...],
        clock: Callable[[], datetime],
        signing_key: RSAKey | None = None,
    ) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.clock = clock
        self.issuer = ""
        self.signing_key = signing_key or RSAKey.generate_key(2048, private=True, auto_kid=True)
        self._clients = {client.client_id: client for client in clients}
        self._codes: dict[str, IssuedCode] = {}
        self._tokens: dict[str, IssuedToken] = {}
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                access_token_generator=_opaque,
                expires_generator=lambda _client, _grant: TOKEN_LIFE // timedelta(seconds=1),
            ),
        )
        self.register_grant(_CodeGrant, [_S256Only(required=True), _IdToken(require_nonce=True)])

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return self._clients.get(client_id)

    def save_code(self, code: str, issued: IssuedCode) -> None:
        self._forget()
        self._codes[_digest(code)] = issued

    def code_of(self, code: str, client: RegisteredClient) -> IssuedCode | None:
        """The code if it may be redeemed. One that was redeemed before takes its tokens with it (RFC 6749,
        4.1.2): whoever holds them may be a thief."""
        issued = self._codes.get(_digest(code))
        if issued is None or issued.client_id != client.client_id:
            return None
        if issued.redeemed:
            for token in issued.token_digests:
                self._tokens.pop(token, None)
            return None
        return issued if self.clock() < issued.issued_at + CODE_LIFE else None

    def nonce_used(self, nonce: str, client_id: str) -> bool:
        return any(code.nonce == nonce and code.client_id == client_id for code in self._codes.values())

    def save_token(self, token: dict[str, Any], request: ProviderRequest) -> None:
        code: IssuedCode = request.authorization_code
        digest = _digest(token["access_token"])
        code.token_digests.append(digest)
        self._tokens[digest] = IssuedToken(
            client_id=code.client_id, citizen=code.citizen, expires_at=self.clock() + TOKEN_LIFE
        )

    def citizen_of_token(self, access_token: str) -> DemonstrationCitizen | None:
        token = self._tokens.get(_digest(access_token))
        return token.citizen if token is not None and self.clock() < token.expires_at else None

    def end_session(self, *, subject: str, client_id: str) -> None:
        for digest, token in list(self._tokens.items()):
            if token.citizen.subject == subject and token.client_id == client_id:
                del self._tokens[digest]

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status_code=status, headers=dict(headers))
        return Response(body or "", status_code=status, headers=dict(headers))

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        """The routes make these themselves."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def _forget(self) -> None:
        now = self.clock()
        self._codes = {key: code for key, code in self._codes.items() if now < code.issued_at + REPLAY_MEMORY}
        self._tokens = {key: token for key, token in self._tokens.items() if now < token.expires_at}


class _CodeGrant(grants.AuthorizationCodeGrant):
    def save_authorization_code(self, code: str, request: ProviderRequest) -> None:
        wanted = request.payload.data
        self.server.save_code(
            code,
            IssuedCode(
                client_id=request.client.client_id,
                redirect_uri=wanted["redirect_uri"],
                scope=request.scope,
                nonce=wanted.get("nonce"),
                code_challenge=wanted["code_challenge"],
                code_challenge_method=wanted["code_challenge_method"],
                citizen=request.user,
                issued_at=self.server.clock(),
            ),
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> IssuedCode | None:
        issued: IssuedCode | None = self.server.code_of(code, client)
        return issued

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        authorization_code.redeemed = True

    def authenticate_user(self, authorization_code: IssuedCode) -> DemonstrationCitizen:
        return authorization_code.citizen


class _S256Only(CodeChallenge):
    """PKCE is asked of every client, and `plain` is no PKCE."""

    DEFAULT_CODE_CHALLENGE_METHOD = ""
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 (Authlib's own declaration)

    def validate_code_challenge(self, grant: _CodeGrant, redirect_uri: str) -> None:
        wanted = grant.request.payload.data
        if not wanted.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if wanted.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Unsupported 'code_challenge_method'")
        super().validate_code_challenge(grant, redirect_uri)


class _IdToken(OpenIDCode):
    def __call__(self, grant: _CodeGrant) -> None:
        self.server: Provider = grant.server
        super().__call__(grant)

    def exists_nonce(self, nonce: str, request: ProviderRequest) -> bool:
        return self.server.nonce_used(nonce, request.payload.client_id)

    def resolve_client_private_key(self, client: RegisteredClient) -> RSAKey:
        return self.server.signing_key

    def get_client_algorithm(self, client: RegisteredClient) -> str:
        return ALGORITHM

    def get_encode_header(self, client: RegisteredClient) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": str(self.server.signing_key.kid)}

    def get_client_claims(self, client: RegisteredClient) -> dict[str, Any]:
        now = int(self.server.clock().timestamp())
        life = TOKEN_LIFE // timedelta(seconds=1)
        return {"iss": self.server.issuer, "aud": [client.client_id], "iat": now, "exp": now + life}

    def generate_user_info(self, user: DemonstrationCitizen, scope: str) -> dict[str, str]:
        """The rest is told by userinfo, so that no document number travels in a token."""
        return {"sub": user.subject}


def _opaque(**_: Any) -> str:
    return secrets.token_urlsafe(32)


def _digest(value: str) -> str:
    return sm3_hex(value.encode())
