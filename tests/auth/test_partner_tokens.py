"""A third party at the token endpoint: what is believed, and every attack with the audit event that it leaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import grants, keys, sessions, tokens
from auth.configuration import AuthSettings
from auth.grants import TokenDenied, bearer
from auth.grants import web as partner_web
from auth.tokens import TokenRefused
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.failures import StoreUnavailable
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.factories import partners
from tests.factories.partners import APPROVER, PURPOSE, Ed25519Pair, P256Pair, Party, Sm2Pair, segment
from tests.factories.snapshot import nothing_changed

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("R06.3")]

ZHANG = Actor(kind="citizen", channel="app", person_id=42, assurance="real_name")


@pytest_asyncio.fixture
async def party(database: str, login_service: AuthSettings, clock: Clock) -> Party:
    """Approved, with a grant that needs nobody's delegation."""
    await keys.ensure_key(now=clock())
    await partners.published(database, now=clock())
    found = await partners.registered(now=clock())
    await partners.granted(found, "KioskGuide", now=clock(), represents="nobody")
    return found


async def last_refusal() -> tuple[str, dict[str, Any]]:
    row = await database.row(
        "SELECT actor, detail FROM audit_event WHERE outcome = 'refused' ORDER BY at DESC, event_id DESC LIMIT 1"
    )
    assert row is not None
    return row["actor"], row["detail"]


async def denied(party: Party, clock: Clock, **changes: Any) -> tuple[str, str]:
    """(error told to the caller, reason in the audit trail) of a request that gives no token and changes nothing."""
    async with nothing_changed():
        with pytest.raises(TokenDenied) as refused:
            await grants.connect(form=party.form(now=clock(), **changes), now=clock())
    _, detail = await last_refusal()
    return refused.value.error, detail["reason"]


@pytest.mark.parametrize("pair", [Ed25519Pair, P256Pair, Sm2Pair])
async def test_a_signed_assertion_gives_a_token_for_the_grant(pair: Any, party: Party, clock: Clock) -> None:
    party.pair = pair()
    await partners.approved(await partners.proposed_key(party, now=clock()), now=clock())
    token = await partners.token(party, now=clock())
    actor = await sessions.authenticate(bearer=token, now=clock())
    assert (actor.kind, actor.reference, actor.person_id) == ("partner", f"partner:{party.partner_id}", None)
    assert actor.partnership is not None and actor.partnership.grant_id == party.grants[PURPOSE]
    connected = await database.row("SELECT * FROM audit_event WHERE action = 'partner.connected'")
    assert connected is not None and connected["detail"]["purpose"] == PURPOSE


async def test_an_expired_assertion(party: Party, clock: Clock) -> None:
    assertion = party.assertion(now=clock())
    clock.pass_(seconds=91)
    assert await denied(party, clock, assertion=assertion) == ("invalid_client", "expired")


async def test_an_assertion_of_the_future_or_of_a_long_life(party: Party, clock: Clock) -> None:
    at = int(clock().timestamp())
    early = party.assertion(now=clock(), iat=at + 60, exp=at + 120)
    assert await denied(party, clock, assertion=early) == ("invalid_client", "lifetime")
    long = party.assertion(now=clock(), exp=at + 3600)
    assert await denied(party, clock, assertion=long) == ("invalid_client", "lifetime")


async def test_a_replayed_assertion(party: Party, clock: Clock) -> None:
    assertion = party.assertion(now=clock())
    await grants.connect(form=party.form(now=clock(), assertion=assertion), now=clock())
    assert await denied(party, clock, assertion=assertion) == ("invalid_client", "replayed")


@pytest.mark.parametrize("jti", [None, "short", "x" * 129, 7, "with space in the middle of it"])
async def test_an_assertion_that_could_be_replayed_unseen(jti: Any, party: Party, clock: Clock) -> None:
    assertion = party.assertion(now=clock(), jti=jti)
    assert await denied(party, clock, assertion=assertion) == ("invalid_client", "claims")


async def test_without_its_memory_nothing_is_taken(
    party: Party, clock: Clock, login_service: AuthSettings, redis: Redis
) -> None:
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    form = party.form(now=clock())
    sessions.configure(redis=away, settings=login_service)
    async with nothing_changed():
        with pytest.raises(StoreUnavailable):
            await grants.connect(form=form, now=clock())
    sessions.configure(redis=redis, settings=login_service)
    assert (await grants.connect(form=form, now=clock())).access.token


async def test_a_forged_signature(party: Party, clock: Clock) -> None:
    forged = party.assertion(now=clock(), pair=Ed25519Pair())
    assert await denied(party, clock, assertion=forged) == ("invalid_client", "signature")
    head, body, sign = party.assertion(now=clock()).split(".")
    changed = json.loads(base64.urlsafe_b64decode(body + "=="))
    swapped = f"{head}.{segment(json.dumps({**changed, 'sub': 'other'}).encode())}.{sign}"
    assert await denied(party, clock, assertion=swapped) == ("invalid_client", "signature")


async def test_the_key_of_another_party(party: Party, clock: Clock) -> None:
    """Another's own good key and signature, with our name in the claims; and our key's number over its signature."""
    other = await partners.registered(now=clock())
    as_us = other.assertion(now=clock(), iss=party.code, sub=party.code)
    assert await denied(party, clock, assertion=as_us) == ("invalid_client", "other_party")
    with_our_number = other.assertion(now=clock(), header={"kid": party.kid}, iss=party.code, sub=party.code)
    assert await denied(party, clock, assertion=with_our_number) == ("invalid_client", "signature")


async def test_a_grant_of_another_party(party: Party, clock: Clock) -> None:
    other = await partners.registered(now=clock())
    other.grants = party.grants
    assert await denied(other, clock) == ("unauthorized_client", "grant_of_another_party")
    assert (await last_refusal())[0] == f"partner:{other.partner_id}"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "EdDSA2", "", None, 7])
async def test_an_algorithm_that_is_not_ours(algorithm: Any, party: Party, clock: Clock) -> None:
    assertion = party.assertion(now=clock(), header={"alg": algorithm})
    error, reason = await denied(party, clock, assertion=assertion)
    assert error == "invalid_client" and reason in ("algorithm", "assertion_malformed")


@pytest.mark.parametrize("algorithm", ["ES256", "SM2"])
async def test_the_algorithm_is_the_keys_and_not_the_headers(algorithm: str, party: Party, clock: Clock) -> None:
    assertion = party.assertion(now=clock(), header={"alg": algorithm})
    assert await denied(party, clock, assertion=assertion) == ("invalid_client", "algorithm")


async def test_the_public_key_as_a_secret(party: Party, clock: Clock) -> None:
    """The oldest confusion: an HMAC with the public key, which everybody knows."""
    head = segment(json.dumps({"alg": "HS256", "kid": party.kid}).encode())
    at = int(clock().timestamp())
    claims = {"iss": party.code, "sub": party.code, "aud": PUBLIC_URL, "iat": at, "exp": at + 60, "jti": "x" * 20}
    message = f"{head}.{segment(json.dumps(claims).encode())}"
    mac = hmac.new(party.pair.public_pem.encode(), message.encode(), hashlib.sha256).digest()
    assert await denied(party, clock, assertion=f"{message}.{segment(mac)}") == ("invalid_client", "algorithm")


async def test_an_assertion_for_somebody_else(party: Party, clock: Clock) -> None:
    for audience in ("https://other.example/token", [PUBLIC_URL], None):
        assertion = party.assertion(now=clock(), aud=audience)
        assert await denied(party, clock, assertion=assertion) == ("invalid_client", "audience")


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "x" * 5000, "....", "é.é.é"])
async def test_what_is_no_assertion(assertion: str, party: Party, clock: Clock) -> None:
    error, reason = await denied(party, clock, client_assertion=assertion)
    assert error == "invalid_client" and reason in ("assertion_missing", "assertion_malformed", "algorithm")


async def test_keys_that_do_not_stand(party: Party, clock: Clock) -> None:
    waiting = Party(party.code, Ed25519Pair(), party.partner_id, party.grants)
    await partners.proposed_key(waiting, now=clock())
    assert await denied(waiting, clock) == ("invalid_client", "key_not_standing")
    unknown = Party(party.code, Ed25519Pair(), party.partner_id, party.grants)
    assert await denied(unknown, clock) == ("invalid_client", "key_unknown")
    clock.pass_(days=366)
    assert await denied(party, clock) == ("invalid_client", "key_not_standing")


async def test_another_purpose(party: Party, clock: Clock) -> None:
    assert await denied(party, clock, grant=str(party.grants[PURPOSE]), purpose="marketing") == (
        "unauthorized_client",
        "other_purpose",
    )
    assert await denied(party, clock, grant=str(party.grants[PURPOSE]), purpose="") == (
        "invalid_request",
        "grant_or_purpose_missing",
    )


async def test_a_grant_past_its_end(party: Party, clock: Clock) -> None:
    clock.pass_(days=91)
    await keys.ensure_key(now=clock())
    assert await denied(party, clock) == ("unauthorized_client", "grant_past_end")


async def test_a_token_ends_with_its_grant_to_the_second(party: Party, clock: Clock) -> None:
    ends_at = await database.value("SELECT ends_at FROM service_grant WHERE grant_id = $1", party.grants[PURPOSE])
    clock.now = ends_at - timedelta(seconds=30)
    await keys.ensure_key(now=clock())
    answer = await grants.connect(form=party.form(now=clock()), now=clock())
    assert answer.access.expires_in == 30
    assert (await sessions.authenticate(bearer=answer.access.token, now=clock())).kind == "partner"
    # not by the leeway of clocks either
    with pytest.raises(TokenRefused) as refused:
        await sessions.authenticate(bearer=answer.access.token, now=clock.pass_(seconds=30))
    assert refused.value.code == "grant_ended"
    actor, detail = await last_refusal()
    assert (actor, detail["reason"]) == (f"partner:{party.partner_id}", "grant_past_end")


async def test_a_suspended_grant_or_party_ends_every_token_at_once(party: Party, clock: Clock) -> None:
    token = await partners.token(party, now=clock())
    await sessions.authenticate(bearer=token, now=clock())
    grant_id = party.grants[PURPOSE]
    await grants.suspend_grant(actor=APPROVER, grant_id=grant_id, reason="发现异常调用", now=clock())
    # this process still has the grant in its memory: the token is ended all the same
    with pytest.raises(TokenRefused) as refused:
        await sessions.authenticate(bearer=token, now=clock())
    assert refused.value.code == "session_ended"
    assert (await last_refusal())[1]["reason"] == "token_ended"
    assert await denied(party, clock) == ("unauthorized_client", "grant_suspended")
    await grants.suspend_party(actor=APPROVER, partner_id=party.partner_id, reason="资质待核实", now=clock())
    assert await denied(party, clock) == ("invalid_client", "party_suspended")


async def test_ended_tokens_stay_ended_when_redis_forgets(party: Party, clock: Clock, redis: Redis) -> None:
    token = await partners.token(party, now=clock())
    await grants.suspend_grant(
        actor=APPROVER, grant_id=party.grants[PURPOSE], reason="发现异常调用", now=clock.pass_(seconds=1)
    )
    async for key in redis.scan_iter(match="*session*"):
        await redis.delete(key)
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=clock.pass_(seconds=1))


async def test_delegation_absent_foreign_revoked_or_past_its_end(party: Party, clock: Clock) -> None:
    await partners.granted(party, "KioskBalance", now=clock(), purpose="balance")
    assert await denied(party, clock, purpose="balance") == ("invalid_grant", "delegation_absent")
    assert await denied(party, clock, purpose="balance", delegation="42") == ("invalid_grant", "delegation_absent")
    invented = "dlg_" + "A" * 22
    assert await denied(party, clock, purpose="balance", delegation=invented) == (
        "invalid_grant",
        "delegation_not_standing",
    )
    other = await partners.registered(now=clock())
    await partners.granted(other, "KioskBalance", now=clock(), purpose="balance")
    foreign = await partners.delegated(other, person=ZHANG, now=clock(), purpose="balance")
    assert await denied(party, clock, purpose="balance", delegation=foreign) == (
        "invalid_grant",
        "delegation_not_standing",
    )
    own = await partners.delegated(party, person=ZHANG, now=clock(), purpose="balance")
    token = await partners.token(party, now=clock(), purpose="balance", delegation=own)
    actor = await sessions.authenticate(bearer=token, now=clock())
    assert (actor.person_id, actor.represents, actor.is_citizen) == (42, "citizen:42", True)
    clock.pass_(days=31)
    await keys.ensure_key(now=clock())
    assert await denied(party, clock, purpose="balance", delegation=own) == ("invalid_grant", "delegation_not_standing")


async def test_a_delegation_taken_back_ends_its_tokens(party: Party, clock: Clock) -> None:
    await partners.granted(party, "KioskBalance", now=clock(), purpose="balance")
    own = await partners.delegated(party, person=ZHANG, now=clock(), purpose="balance")
    token = await partners.token(party, now=clock(), purpose="balance", delegation=own)
    async with database.transaction() as tx:
        await grants.revoke_delegation(tx, actor=ZHANG, reference=own, now=clock())
    await grants.forget_delegation(reference=own, now=clock())
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=token, now=clock())
    assert await denied(party, clock, purpose="balance", delegation=own) == ("invalid_grant", "delegation_not_standing")


async def test_a_sandbox_key_opens_the_sandbox_only(party: Party, clock: Clock) -> None:
    tester = await partners.registered(now=clock(), sandbox=True)
    await partners.granted(tester, "KioskGuide", now=clock(), represents="nobody", purpose="in_earnest")
    await partners.granted(tester, "KioskBalance", now=clock(), sandbox=True, purpose="trying")
    assert await denied(tester, clock, purpose="in_earnest") == ("unauthorized_client", "sandbox_key")
    actor = await sessions.authenticate(bearer=await partners.token(tester, now=clock(), purpose="trying"), now=clock())
    assert actor.partnership is not None and actor.partnership.sandbox and actor.person_id is None


async def test_neither_kind_of_token_passes_for_the_other(party: Party, clock: Clock) -> None:
    """The signature is ours each time: the type tells them apart, and a retyped token is no good either."""
    token = await partners.token(party, now=clock())
    with pytest.raises(TokenRefused):
        await tokens.verify(token=token, now=clock())
    key = await keys.signing_key(now=clock())
    assert key.private is not None
    content = jwt.decode(token, options={"verify_signature": False})
    retyped = jwt.encode(content, key.private, "EdDSA", headers={"kid": key.kid, "typ": "at+jwt"})
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=retyped, now=clock())
    for claims in ({"sub": "citizen:42"}, {"sid": "0"}, {"gid": "x"}, {"prs": "-1"}, {"aud": "other"}, {"iat": "1"}):
        bent = jwt.encode({**content, **claims}, key.private, "EdDSA", headers={"kid": key.kid, "typ": bearer.TYPE})
        with pytest.raises(TokenRefused):
            await sessions.authenticate(bearer=bent, now=clock())


async def test_a_retired_key_signs_no_new_token_of_a_partner(party: Party, clock: Clock) -> None:
    stolen = await keys.signing_key(now=clock())
    await keys.rotate(now=clock())
    clock.pass_(minutes=3)
    token = await partners.token(party, now=clock())
    content = jwt.decode(token, options={"verify_signature": False})
    assert stolen.private is not None
    forged = jwt.encode(content, stolen.private, "EdDSA", headers={"kid": stolen.kid, "typ": bearer.TYPE})
    with pytest.raises(TokenRefused):
        await sessions.authenticate(bearer=forged, now=clock())
    assert (await sessions.authenticate(bearer=token, now=clock())).kind == "partner"


async def test_the_endpoint_answers_as_rfc_6749_says(party: Party, clock: Clock) -> None:
    app = Starlette(routes=list(partner_web.routes(clock=clock)))
    transport = httpx.ASGITransport(app=app)
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        path = grants.PARTNER_TOKEN_PATH
        good = await client.post(path, data=party.form(now=clock()))
        assert good.status_code == 200 and good.headers["cache-control"] == "no-store"
        assert set(good.json()) == {"access_token", "token_type", "expires_in", "grant", "sandbox"}
        bad = await client.post(path, data=party.form(now=clock(), assertion="a.b.c"))
        assert (bad.status_code, bad.json()["error"]) == (401, "invalid_client")
        assert bad.json()["error_description"].endswith("。")
        twice = urlencode([*party.form(now=clock()).items(), ("grant", "1")])
        for content, headers in (
            (twice, form_type),
            ("a" * 20_000, form_type),
            ("grant=%FF", form_type),
            ("", form_type),
            (json.dumps(party.form(now=clock())), {"Content-Type": "application/json"}),
        ):
            answer = await client.post(path, content=content, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert (await client.get(path)).status_code == 405
