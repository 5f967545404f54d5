"""An OpenID provider that is not ours works by configuration alone: written by hand here, with addresses, claims,
document codes, client authentication and signing algorithm of its own, reached by settings and nothing else."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth.ports import IdentityRejected, UnifiedIdentity
from ops.identities import unified_identity
from ops.settings import Settings
from tests.loopback import serve

CLIENT, SECRET, BACK = "fund-centre", "a secret of theirs", "https://hpf.example/auth/callback"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEY = ECKey.generate_key("P-256", {"kid": "es-1", "use": "sig", "alg": "ES256"}, private=True)


@dataclass
class AnotherProvider:
    """Answers as OpenID Connect Core says, in its own words."""

    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/realms/people/.well-known/openid-configuration", self.configuration),
                Route("/realms/people/connect/auth", self.authorize),
                Route("/realms/people/connect/token", self.token, methods=["POST"]),
                Route("/realms/people/connect/me", self.me),
                Route("/realms/people/certs", self.certs),
            ]
        )

    async def configuration(self, request: Request) -> Response:
        base = f"{self.issuer}/connect"
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{base}/auth",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/me",
                "jwks_uri": f"{self.issuer}/certs",
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    async def certs(self, request: Request) -> Response:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["scope"] == "openid people.identity" and asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        asked = self.codes.pop(given.get("code", ""), None)
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = asked is not None and (asked["code_challenge"], asked["redirect_uri"]) == (
            challenge,
            given.get("redirect_uri"),
        )
        if asked is None or not right:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token, now = secrets.token_urlsafe(16), int(NOW.timestamp())
        self.tokens.add(token)
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "person-7", "iat": now, "exp": now + 300}
        id_token = jwt.encode({"alg": "ES256", "kid": "es-1"}, {**claims, "nonce": asked["nonce"]}, KEY)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token})

    async def me(self, request: Request) -> Response:
        if request.headers.get("authorization", "").partition(" ")[2] not in self.tokens:
            return JSONResponse({"error": "invalid_token"}, status_code=401)
        return JSONResponse(
            {
                "sub": "person-7",
                "full_name": "张伟",
                "id_kind": "PRC_ID",
                "id_number": "110105199103151017",
                "phone_number": "13800000001",
                "assurance": "L3",
            }
        )


@pytest.fixture
async def provider() -> AsyncIterator[tuple[AnotherProvider, UnifiedIdentity]]:
    theirs = AnotherProvider()
    async with serve(theirs.app()) as url, AsyncExitStack() as stack:
        theirs.issuer = f"{url}/realms/people"
        yield theirs, unified_identity(settings(theirs.issuer), stack)


def settings(issuer: str, **changes: Any) -> Settings:
    named = {
        "name": "full_name",
        "document_type": "id_kind",
        "document_no": "id_number",
        "mobile": "phone_number",
        "level": "assurance",
    }
    values: dict[str, Any] = {
        "database_url": "postgresql://none/none",
        "redis_url": "redis://none/0",
        "identity_issuer": issuer,
        "identity_client_id": CLIENT,
        "identity_client_secret": SECRET,
        "identity_auth_method": "client_secret_post",
        "identity_scope": "openid people.identity",
        "identity_authorization_endpoint": f"{issuer}/connect/auth",
        "identity_claims": named,
        "identity_document_types": {"PRC_ID": "01"},
    }
    return Settings(**{**values, **changes})


async def answered(identity: UnifiedIdentity, *, state: str = "state", nonce: str = "nonce") -> dict[str, str]:
    url = identity.authorization_url(state=state, nonce=nonce, code_verifier="v" * 43, redirect_uri=BACK)
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(url)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def test_somebody_logs_in_through_it(provider: tuple[AnotherProvider, UnifiedIdentity]) -> None:
    _, identity = provider
    code = (await answered(identity))["code"]
    claims = await identity.exchange(code=code, code_verifier="v" * 43, redirect_uri=BACK, nonce="nonce", now=NOW)
    assert (claims.name, claims.document_type, claims.document_no) == ("张伟", "01", "110105199103151017")
    assert (claims.subject, claims.mobile, claims.assurance_level) == ("person-7", "13800000001", 3)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nonce": "another"}, "nonce_mismatch"),
        ({"code_verifier": "w" * 43}, "code_rejected"),
        ({"redirect_uri": "https://hpf.example/other"}, "code_rejected"),
        ({"code": "guessed"}, "code_rejected"),
    ],
)
async def test_what_does_not_belong_together_is_rejected(
    provider: tuple[AnotherProvider, UnifiedIdentity], changed: dict[str, str], code: str
) -> None:
    _, identity = provider
    given = {"code": (await answered(identity))["code"], "code_verifier": "v" * 43, "redirect_uri": BACK}
    with pytest.raises(IdentityRejected) as rejected:
        await identity.exchange(**{**given, "nonce": "nonce", **changed}, now=NOW)
    assert rejected.value.code == code


async def test_claims_under_other_names_than_configured_let_nobody_in(
    provider: tuple[AnotherProvider, UnifiedIdentity],
) -> None:
    theirs, _ = provider
    async with AsyncExitStack() as stack:
        identity = unified_identity(settings(theirs.issuer, identity_claims={}), stack)
        code = (await answered(identity))["code"]
        with pytest.raises(IdentityRejected) as rejected:
            await identity.exchange(code=code, code_verifier="v" * 43, redirect_uri=BACK, nonce="nonce", now=NOW)
    assert rejected.value.code == "claims_incomplete"
