"""Login by any conforming OpenID Connect provider: authorization code flow with PKCE, by Authlib.

What the provider says is believed only after its signature, issuer, audience, time and nonce are checked;
person and document come from userinfo, whose subject must be that of the id_token.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

# Authlib takes httpx2 where it is installed; our connections and exceptions must be of the same module
from authlib.integrations.httpx_client.oauth2_client import httpx2 as httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from auth.ports import IdentityClaims, IdentityRejected
from domain.kernel.failures import PartnerFailure

ALGORITHMS = ("RS256", "PS256", "ES256")
METADATA_LIFE = timedelta(hours=1)
KEYS_PAUSE = timedelta(seconds=30)
CLOCKS_APART_SECONDS = 60
CODE_LENGTH_MAX = 2_048

_MOBILE = re.compile(r"1[0-9]{10}")
_LEVEL = re.compile(r"L?([1-4])")
_DOCUMENT_NO = re.compile(r"[0-9A-Z()]{5,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """How the provider names what we need. The defaults are those of the city's platform."""

    name: str = "certName"
    document_type: str = "certNoType"
    document_no: str = "certNo"
    mobile: str = "mobile"
    level: str = "certLevel"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """One provider. `authorization_endpoint` is where browsers go, by default `<issuer>/authorize`; the other
    addresses are read from the issuer's discovery document. `document_types` maps the provider's codes of
    documents to ZJLX."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    provider: str = "beijing_unified_identity"
    authorization_endpoint: str | None = None
    scope: str = "openid profile"
    token_endpoint_auth_method: str = "client_secret_basic"
    timeout_seconds: float = 3.0
    claims: ClaimNames = ClaimNames()
    document_types: Mapping[str, str] = field(default_factory=lambda: {"10": "01", "111": "01"})

    def __post_init__(self) -> None:
        assert self.client_id and self.client_secret, "a provider without client credentials"
        assert _is_web(self.issuer) and not self.issuer.endswith("/"), f"issuer {self.issuer!r}"


@dataclass(slots=True)
class _Metadata:
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    read_at: datetime
    keys: KeySet | None = None
    keys_read_at: datetime | None = None


class OidcIdentity:
    """Implements `UnifiedIdentity`. Close with `aclose`."""

    def __init__(self, *, settings: OidcSettings) -> None:
        self._settings = settings
        self._metadata: _Metadata | None = None
        self._transport = httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_connections=20))

    async def aclose(self) -> None:
        await self._transport.aclose()

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str) -> str:
        endpoint = self._settings.authorization_endpoint or f"{self._settings.issuer}/authorize"
        url, _ = self._session(redirect_uri=redirect_uri).create_authorization_url(
            endpoint, state=state, code_verifier=code_verifier, nonce=nonce
        )
        return str(url)

    async def exchange(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: datetime, state: str = ""
    ) -> IdentityClaims:
        assert nonce and code_verifier, "a login without nonce or verifier"
        if not 1 <= len(code) <= CODE_LENGTH_MAX:
            raise IdentityRejected("code_rejected", reason="code of an impossible length")
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                metadata = await self._discover(now=now)
                session = self._session(redirect_uri=redirect_uri)
                token = await self._redeem(session, metadata, code=code, code_verifier=code_verifier)
                id_token = await self._verified(metadata, token, nonce=nonce, now=now)
                person = await self._get(metadata.userinfo_endpoint, bearer=token["access_token"])
        except (TimeoutError, httpx.TimeoutException):
            raise self._failure("超时未答复") from None
        except httpx.HTTPError:
            raise self._failure("无法连接或连接中断") from None
        if person.get("sub") != id_token["sub"]:
            raise IdentityRejected("token_forged", reason="userinfo of another subject")
        return self._claims(person, id_token)

    def _session(self, *, redirect_uri: str) -> AsyncOAuth2Client:
        """One login's OAuth session over the shared connections; never closed, as that would close them."""
        return AsyncOAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            token_endpoint_auth_method=self._settings.token_endpoint_auth_method,
            scope=self._settings.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            transport=self._transport,
            timeout=self._settings.timeout_seconds,
            trust_env=False,
        )

    async def _redeem(
        self, session: AsyncOAuth2Client, metadata: _Metadata, *, code: str, code_verifier: str
    ) -> dict[str, Any]:
        try:
            token = await session.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
            )
        except OAuthError as error:
            if error.error in ("invalid_grant", "invalid_request"):
                raise IdentityRejected("code_rejected", reason=error.error) from None
            if error.error == "access_denied":
                raise IdentityRejected("access_denied") from None
            # invalid_client and the like: our registration is wrong, repeating does not help
            raise self._failure(f"拒绝换取令牌：{error.error}", retryable=False) from None
        except httpx.HTTPStatusError as error:
            raise self._failure(f"返回HTTP状态{error.response.status_code}") from None
        except (ValueError, TypeError):
            raise self._failure("答复不是约定的格式") from None
        texts = [token.get("access_token"), token.get("id_token")]
        if not all(isinstance(text, str) and text for text in texts):
            raise self._failure("答复不是约定的格式")
        return dict(token)

    async def _verified(self, metadata: _Metadata, token: dict[str, Any], *, nonce: str, now: datetime) -> CodeIDToken:
        """The id_token's claims after every check of OpenID Connect Core 3.1.3.7."""
        decoded = await self._decoded(metadata, token["id_token"], now=now)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self._settings.issuer},
                "aud": {"essential": True, "value": self._settings.client_id},
            },
            params={"client_id": self._settings.client_id, "access_token": token["access_token"]},
        )
        try:
            claims.validate(now=int(now.timestamp()), leeway=CLOCKS_APART_SECONDS)
        except (JoseError, ValueError, TypeError) as problem:
            raise IdentityRejected("token_forged", reason=type(problem).__name__) from None
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise IdentityRejected("token_forged", reason="no subject")
        if claims.get("nonce") != nonce:
            raise IdentityRejected("nonce_mismatch")
        return claims

    async def _decoded(self, metadata: _Metadata, id_token: str, *, now: datetime) -> jwt.Token:
        try:
            return jwt.decode(id_token, await self._keys(metadata, now=now), ALGORITHMS)
        except (JoseError, ValueError):
            pass
        # the provider may have changed its keys since we read them
        if metadata.keys_read_at is not None and now - metadata.keys_read_at >= KEYS_PAUSE:
            metadata.keys = None
            try:
                return jwt.decode(id_token, await self._keys(metadata, now=now), ALGORITHMS)
            except (JoseError, ValueError):
                pass
        raise IdentityRejected("token_forged", reason="signature or form")

    async def _keys(self, metadata: _Metadata, *, now: datetime) -> KeySet:
        if metadata.keys is None:
            published = await self._get(metadata.jwks_uri)
            try:
                # a shared secret has no place among published keys
                public = [key for key in published["keys"] if key.get("kty") in ("RSA", "EC")]
                metadata.keys = KeySet.import_key_set({"keys": public})
            except (JoseError, ValueError, TypeError, KeyError, AttributeError):
                raise self._failure("公布的密钥不是约定的格式") from None
            metadata.keys_read_at = now
        return metadata.keys

    async def _discover(self, *, now: datetime) -> _Metadata:
        known = self._metadata
        if known is not None and now - known.read_at < METADATA_LIFE:
            return known
        read = await self._get(f"{self._settings.issuer}/.well-known/openid-configuration")
        addresses = [read.get(name) for name in ("token_endpoint", "userinfo_endpoint", "jwks_uri")]
        if read.get("issuer") != self._settings.issuer or not all(_is_web(address) for address in addresses):
            raise self._failure("公布的地址与登记的不一致", retryable=False)
        token_endpoint, userinfo_endpoint, jwks_uri = (str(address) for address in addresses)
        self._metadata = _Metadata(
            token_endpoint=token_endpoint, userinfo_endpoint=userinfo_endpoint, jwks_uri=jwks_uri, read_at=now
        )
        return self._metadata

    async def _get(self, url: str, *, bearer: str | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        client = httpx.AsyncClient(transport=self._transport, timeout=self._settings.timeout_seconds, trust_env=False)
        answer = await client.get(url, headers=headers)
        if answer.status_code != 200:
            raise self._failure(f"返回HTTP状态{answer.status_code}")
        try:
            parsed = answer.json()
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise self._failure("答复不是约定的格式")
        return parsed

    def _claims(self, person: dict[str, Any], id_token: CodeIDToken) -> IdentityClaims:
        names = self._settings.claims
        name, document_no = _text(person, names.name), _text(person, names.document_no).upper()
        document_type = self._settings.document_types.get(_text(person, names.document_type))
        level = _LEVEL.fullmatch(str(person.get(names.level, "")))
        if not name or document_type is None or level is None or not _DOCUMENT_NO.fullmatch(document_no):
            raise IdentityRejected("claims_incomplete")
        mobile = _text(person, names.mobile)
        return IdentityClaims(
            provider=self._settings.provider,
            subject=id_token["sub"],
            name=name,
            document_type=document_type,
            document_no=document_no,
            mobile=mobile if _MOBILE.fullmatch(mobile) else None,
            assurance_level=int(level[1]),
            authenticated_at=datetime.fromtimestamp(int(id_token.get("auth_time") or id_token["iat"]), tz=UTC),
        )

    def _failure(self, reason: str, *, retryable: bool = True) -> PartnerFailure:
        return PartnerFailure(partner="统一身份认证", reason=reason, retryable=retryable)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 100 else ""


def _is_web(address: object) -> bool:
    """https, or http on this machine."""
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))
    )
