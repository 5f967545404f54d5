"""Contract of `UnifiedIdentity`: the client against the simulated provider, and against one that lies."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.ports import IdentityClaims, IdentityRejected
from channels.identity import ClaimNames, OidcIdentity
from domain.kernel.failures import PartnerFailure
from tests.contracts.identity_world import (
    CLIENT_ID,
    KEY,
    LI,
    REDIRECT,
    UNREADABLE,
    WANG,
    Attempt,
    Clock,
    IdentityWorld,
    identity_at_work,
    settings,
)
from tests.loopback import serve, unused_url

FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": str(KEY.kid)}, private=True)


@pytest.fixture
async def world() -> AsyncIterator[IdentityWorld]:
    async with identity_at_work() as world:
        yield world


async def exchange(
    world: IdentityWorld, attempt: Attempt, code: str, client: OidcIdentity | None = None, **changes: Any
) -> IdentityClaims:
    arguments = {
        "code_verifier": attempt.verifier,
        "redirect_uri": REDIRECT,
        "nonce": attempt.nonce,
        "now": world.clock.now,
    }
    return await (client or world.client).exchange(code=code, **{**arguments, **changes})


# Login


def test_the_authorization_url_carries_the_challenge_and_not_the_verifier() -> None:
    attempt = Attempt()
    url = OidcIdentity(settings=settings("https://identity.example")).authorization_url(
        state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier, redirect_uri=REDIRECT
    )
    assert url.startswith("https://identity.example/authorize?")
    assert attempt.verifier not in url
    sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert sent == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }


async def test_a_person_logs_in(world: IdentityWorld) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    world.clock.pass_by(seconds=3)
    claims = await exchange(world, attempt, code)
    assert claims == IdentityClaims(
        provider="beijing_unified_identity",
        subject=LI.subject,
        name="李示范",
        document_type="01",
        document_no="11010119900307002X",
        mobile="13800000001",
        assurance_level=3,
        authenticated_at=world.clock.now - timedelta(seconds=3),
    )
    assert claims.document_no not in repr(claims) and claims.name not in repr(claims)


async def test_a_person_without_mobile_and_of_low_assurance(world: IdentityWorld) -> None:
    attempt = Attempt()
    claims = await exchange(world, attempt, await world.code(attempt, citizen=WANG))
    assert (claims.mobile, claims.assurance_level) == (None, 2)


async def test_another_provider_by_configuration(world: IdentityWorld) -> None:
    client = OidcIdentity(
        settings=world.settings(
            provider="elsewhere",
            token_endpoint_auth_method="client_secret_post",
            claims=ClaimNames(name="name"),
            document_types={"77": "03"},
            authorization_endpoint="https://login.example/start",
        )
    )
    attempt = Attempt()
    claims = await exchange(world, attempt, await world.code(attempt, citizen=UNREADABLE), client=client)
    assert (claims.provider, claims.name, claims.document_type) == ("elsewhere", "证件不明", "03")
    url = client.authorization_url(state="s", nonce="n", code_verifier="v" * 43, redirect_uri=REDIRECT)
    assert url.startswith("https://login.example/start?")
    await client.aclose()


async def test_addresses_and_keys_are_read_once(world: IdentityWorld) -> None:
    for _ in range(3):
        attempt = Attempt()
        await exchange(world, attempt, await world.code(attempt))
    assert (world.faults.counts["identity.discovery"], world.faults.counts["identity.jwks"]) == (1, 1)
    world.clock.pass_by(hours=2)
    attempt = Attempt()
    await exchange(world, attempt, await world.code(attempt))
    assert world.faults.counts["identity.discovery"] == 2


# The provider says no


async def test_a_code_is_good_once(world: IdentityWorld) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    await exchange(world, attempt, code)
    with pytest.raises(IdentityRejected) as rejected:
        await exchange(world, attempt, code)
    assert rejected.value.code == "code_rejected"


async def test_a_code_lives_sixty_seconds(world: IdentityWorld) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    world.clock.pass_by(seconds=60)
    with pytest.raises(IdentityRejected, match="code_rejected"):
        await exchange(world, attempt, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": REDIRECT + "/"},
        {"code": "invented"},
        {"code": ""},
        {"code": "x" * 5_000},
        {"code": "码\r\n"},
    ],
)
async def test_wrong_verifier_redirect_or_code_is_rejected(world: IdentityWorld, changes: dict[str, Any]) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    with pytest.raises(IdentityRejected) as rejected:
        await exchange(world, attempt, **{"code": code, **changes})
    assert rejected.value.code == "code_rejected"
    assert (await exchange(world, attempt, code)).subject == LI.subject, "the right request still works"


async def test_a_code_of_another_login_does_not_pass_the_nonce(world: IdentityWorld) -> None:
    attempt = Attempt()
    with pytest.raises(IdentityRejected, match="nonce_mismatch"):
        await exchange(world, attempt, await world.code(attempt), nonce="of another login")


async def test_a_person_with_an_unknown_kind_of_document_is_rejected(world: IdentityWorld) -> None:
    attempt = Attempt()
    with pytest.raises(IdentityRejected, match="claims_incomplete"):
        await exchange(world, attempt, await world.code(attempt, citizen=UNREADABLE))


# Outages


@pytest.mark.parametrize("operation", ["discovery", "token", "jwks", "userinfo"])
@pytest.mark.parametrize(
    ("mode", "reason"),
    [("timeout", "超时未答复"), ("error500", "返回HTTP状态500"), ("garbage", "约定的格式")],
)
async def test_an_outage_is_a_partner_failure_and_passes(
    world: IdentityWorld, operation: str, mode: Any, reason: str
) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    client = OidcIdentity(settings=world.settings(timeout_seconds=0.3 if mode == "timeout" else 5.0))
    world.faults.add(simulator="identity", operation=operation, mode=mode)
    with pytest.raises(PartnerFailure, match=reason) as failure:
        await exchange(world, attempt, code, client=client)
    assert failure.value.partner == "统一身份认证" and failure.value.retryable
    await client.aclose()
    world.faults.clear()
    again = Attempt()
    assert (await exchange(world, again, await world.code(again))).subject == LI.subject


async def test_a_provider_out_of_reach_is_a_partner_failure(world: IdentityWorld) -> None:
    client = OidcIdentity(settings=settings(unused_url()))
    with pytest.raises(PartnerFailure, match="无法连接"):
        await exchange(world, Attempt(), "code", client=client)


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "unsupported_grant_type"])
async def test_a_wrong_registration_of_ours_is_no_matter_of_the_person(world: IdentityWorld, code: str) -> None:
    world.faults.add(simulator="identity", operation="token", mode="refuse", detail={"code": code}, times=1)
    attempt = Attempt()
    with pytest.raises(PartnerFailure) as failure:
        await exchange(world, attempt, await world.code(attempt))
    assert not failure.value.retryable


async def test_our_wrong_secret_is_a_partner_failure(world: IdentityWorld) -> None:
    client = OidcIdentity(settings=world.settings(client_secret="wrong"))
    attempt = Attempt()
    with pytest.raises(PartnerFailure, match="invalid_client"):
        await exchange(world, attempt, await world.code(attempt), client=client)


# A provider that lies

Forge = Callable[[str, dict[str, Any]], str]


def signed(key: Any = KEY, alg: str = "RS256", **changes: Any) -> Forge:
    def forge(url: str, honest: dict[str, Any]) -> str:
        claims = {name: value for name, value in {**honest, **changes}.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": str(KEY.kid)}, claims, key, [alg])

    return forge


def unsigned(url: str, honest: dict[str, Any]) -> str:
    return jwt.encode({"alg": "none"}, honest, OctKey.import_key("x" * 32), ["none"])


def by_public_key(url: str, honest: dict[str, Any]) -> str:
    """The old trick: HS256 with the published key as the shared secret. By hand, as the library refuses."""
    parts = [{"alg": "HS256", "kid": str(KEY.kid)}, honest]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    mac = hmac.digest(KEY.as_pem(private=False), text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@asynccontextmanager
async def liar(clock: Clock, forge: Forge, *, subject: str = "sub-1") -> AsyncIterator[OidcIdentity]:
    """A provider whose id_token is made by `forge` and whose userinfo is about `subject`."""

    def base(request: Request) -> str:
        return str(request.base_url).rstrip("/")

    async def discovery(request: Request) -> Response:
        url = base(request)
        return JSONResponse(
            {
                "issuer": url,
                "token_endpoint": f"{url}/token",
                "userinfo_endpoint": f"{url}/userinfo",
                "jwks_uri": f"{url}/jwks",
            }
        )

    async def jwks(_: Request) -> Response:
        secret = OctKey.import_key("s" * 32, {"kid": "shared"}).as_dict(private=True)
        return JSONResponse({"keys": [KEY.as_dict(private=False), secret]})

    async def token(request: Request) -> Response:
        seconds = int(clock.now.timestamp())
        honest = {
            "iss": base(request),
            "aud": CLIENT_ID,
            "sub": "sub-1",
            "nonce": "n",
            "iat": seconds,
            "exp": seconds + 300,
        }
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": forge(base(request), honest)})

    async def userinfo(_: Request) -> Response:
        return JSONResponse(
            {
                "sub": subject,
                "certName": "李示范",
                "certNo": "11010119900307002X",
                "certNoType": "10",
                "certLevel": "L3",
            }
        )

    routes = [
        Route("/.well-known/openid-configuration", discovery),
        Route("/jwks", jwks),
        Route("/token", token, methods=["POST"]),
        Route("/userinfo", userinfo),
    ]
    async with serve(Starlette(routes=routes)) as url:
        client = OidcIdentity(settings=settings(url))
        yield client
        await client.aclose()


async def redeem(client: OidcIdentity, clock: Clock) -> IdentityClaims:
    return await client.exchange(code="c", code_verifier="v" * 43, redirect_uri=REDIRECT, nonce="n", now=clock.now)


async def test_the_liars_honest_token_is_believed() -> None:
    clock = Clock()
    async with liar(clock, signed()) as client:
        assert (await redeem(client, clock)).subject == "sub-1"


SECONDS = int(Clock().now.timestamp())


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (signed(FOREIGN_KEY), "token_forged"),
        (unsigned, "token_forged"),
        (by_public_key, "token_forged"),
        (signed(OctKey.import_key("s" * 32), "HS256"), "token_forged"),
        (lambda url, honest: "not.a.token", "token_forged"),
        (lambda url, honest: "é", "token_forged"),
        (signed(iss="https://elsewhere.example"), "token_forged"),
        (signed(iss=None), "token_forged"),
        (signed(aud="another"), "token_forged"),
        (signed(aud=["another"]), "token_forged"),
        (signed(aud=[CLIENT_ID, "another"], azp="another"), "token_forged"),
        (signed(aud=None), "token_forged"),
        (signed(exp=SECONDS - 61), "token_forged"),
        (signed(exp=None), "token_forged"),
        (signed(exp="tomorrow"), "token_forged"),
        (signed(iat=SECONDS + 600), "token_forged"),
        (signed(sub=None), "token_forged"),
        (signed(sub=""), "token_forged"),
        (signed(sub=["sub-1"]), "token_forged"),
        (signed(at_hash="wrong"), "token_forged"),
        (signed(nonce="m"), "nonce_mismatch"),
        (signed(nonce=None), "nonce_mismatch"),
    ],
)
async def test_a_forged_id_token_is_rejected(forge: Forge, code: str) -> None:
    clock = Clock()
    async with liar(clock, forge) as client:
        with pytest.raises(IdentityRejected) as rejected:
            await redeem(client, clock)
    assert rejected.value.code == code


async def test_userinfo_of_another_person_is_rejected() -> None:
    clock = Clock()
    async with liar(clock, signed(), subject="sub-2") as client:
        with pytest.raises(IdentityRejected, match="another subject"):
            await redeem(client, clock)


async def test_a_discovery_document_of_another_issuer_is_not_followed(world: IdentityWorld) -> None:
    client = OidcIdentity(settings=settings(world.url.replace("127.0.0.1", "localhost")))
    async with identity_at_work(issuer="https://elsewhere.example") as elsewhere:
        client = OidcIdentity(settings=settings(elsewhere.url))
        with pytest.raises(PartnerFailure, match="不一致"):
            await exchange(elsewhere, Attempt(), "code", client=client)
    assert elsewhere.faults.counts["identity.token"] == 0
