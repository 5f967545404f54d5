"""A running identity provider with one registered client, and a browser that logs people in."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc.jwk import RSAKey

from channels.identity import (
    DemonstrationCitizen,
    OidcIdentity,
    OidcSettings,
    RegisteredClient,
)
from channels.identity.simulator import simulator
from channels.simulation import Faults
from tests.loopback import serve

CLIENT_ID, CLIENT_SECRET, PASSWORD = "hpf-platform", "client secret: of the test", "demonstration"
REDIRECT = "http://127.0.0.1:8000/auth/callback"
GOODBYE = "http://127.0.0.1:8000/bye"
# one for all tests, as making one takes its time
KEY = RSAKey.generate_key(2048, private=True, auto_kid=True)

LI = DemonstrationCitizen(
    name="李示范", document_no="11010119900307002X", mobile="13800000001", note="有公积金账户，无房"
)
WANG = DemonstrationCitizen(name="王演示", document_no="110101198506150034", level="L2")
UNREADABLE = DemonstrationCitizen(name="证件不明", document_no="A1234567", document_type="77")

CLIENTS = (
    RegisteredClient(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_uris=(REDIRECT,),
        post_logout_redirect_uris=(GOODBYE,),
    ),
    RegisteredClient(client_id="another", client_secret="another secret", redirect_uris=("http://127.0.0.1:9000/cb",)),
)


@dataclass
class Clock:
    """The provider's time, moved by the tests."""

    now: datetime = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: int) -> None:
        self.now += timedelta(**amount)


@dataclass(frozen=True)
class Attempt:
    """The secrets of one login, as the caller of the port makes them."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class IdentityWorld:
    url: str
    clock: Clock
    faults: Faults
    client: OidcIdentity
    http: httpx.AsyncClient

    def settings(self, **changes: Any) -> OidcSettings:
        return settings(self.url, **changes)

    def authorization_url(self, attempt: Attempt) -> str:
        return self.client.authorization_url(
            state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier, redirect_uri=REDIRECT
        )

    async def log_in(self, attempt: Attempt, *, citizen: DemonstrationCitizen = LI, **form: str) -> httpx.Response:
        """What the browser gets for the form of the login page."""
        fields = {"citizen": citizen.subject, "password": PASSWORD, "decision": "grant", **form}
        return await self.http.post(self.authorization_url(attempt), data=fields)

    async def code(self, attempt: Attempt, *, citizen: DemonstrationCitizen = LI) -> str:
        answer = await self.log_in(attempt, citizen=citizen)
        assert answer.status_code == 302, answer.text
        sent = redirected(answer)
        assert sent["state"] == attempt.state
        return sent["code"]

    async def redeem(self, attempt: Attempt, code: str, **changes: str) -> httpx.Response:
        """The token request by hand, with client_secret_post."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": attempt.verifier,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **changes,
        }
        return await self.http.post(f"{self.url}/token", data={name: text for name, text in form.items() if text})


def settings(url: str, **changes: Any) -> OidcSettings:
    return OidcSettings(
        **{
            "issuer": url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "timeout_seconds": 5.0,
            **changes,
        }
    )


def redirected(answer: httpx.Response) -> dict[str, str]:
    """The parameters of a redirect to our callback."""
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT}?"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@asynccontextmanager
async def identity_at_work(*, issuer: str | None = None) -> AsyncIterator[IdentityWorld]:
    clock, faults = Clock(), Faults()
    app = simulator(
        citizens=(LI, WANG, UNREADABLE),
        clients=CLIENTS,
        password=PASSWORD,
        clock=clock,
        faults=faults,
        issuer=issuer,
        signing_key=KEY,
    )
    async with serve(app) as url, httpx.AsyncClient(trust_env=False) as http:
        client = OidcIdentity(settings=settings(url))
        try:
            yield IdentityWorld(url=url, clock=clock, faults=faults, client=client, http=http)
        finally:
            await client.aclose()
