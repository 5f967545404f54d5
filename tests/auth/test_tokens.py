"""Access tokens and their keys: what is believed, for how long, and what is not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth import configuration, keys, tokens
from auth.configuration import AuthSettings
from auth.tokens import AccessToken, TokenRefused
from tests.auth.conftest import Clock

pytestmark = pytest.mark.usefixtures("login_service")


async def issued(now: datetime, **changes: object) -> AccessToken:
    values: dict[str, object] = {
        "holder": "citizen",
        "identity": 42,
        "session_id": 7,
        "channel": "jingtong_h5",
        "assurance": "real_name",
        "name": "张**",
        "session_expires_at": now + timedelta(hours=1),
    }
    return await tokens.issue(**{**values, **changes}, now=now)  # type: ignore[arg-type]


async def refusal_of(token: str, now: datetime) -> str:
    with pytest.raises(TokenRefused) as refused:
        await tokens.verify(token=token, now=now)
    assert refused.value.message.endswith("。")
    return refused.value.code


async def resigned(token: str, now: datetime, *, headers: dict[str, str] | None = None, **claims: object) -> str:
    """The token with other claims, signed by our own key: what only a bug of ours could make."""
    key = await keys.signing_key(now=now)
    assert key.private is not None
    content = jwt.decode(token, options={"verify_signature": False})
    content = {name: value for name, value in {**content, **claims}.items() if value is not None}
    return jwt.encode(content, key.private, "EdDSA", headers={"kid": key.kid, "typ": "at+jwt", **(headers or {})})


async def test_a_token_says_who_and_how(clock: Clock) -> None:
    token = await issued(clock())
    assert token.expires_in == 600
    claims = await tokens.verify(token=token.token, now=clock.pass_(minutes=9))
    assert (claims.holder, claims.identity, claims.session_id) == ("citizen", 42, 7)
    assert (claims.channel, claims.assurance, claims.name) == ("jingtong_h5", "real_name", "张**")
    header = jwt.get_unverified_header(token.token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")


async def test_two_tokens_differ(clock: Clock) -> None:
    assert (await issued(clock())).token != (await issued(clock())).token


async def test_a_token_ends_with_its_session(clock: Clock) -> None:
    token = await issued(clock(), session_expires_at=clock() + timedelta(minutes=3))
    assert token.expires_in == 180
    assert await refusal_of(token.token, clock.pass_(minutes=3, seconds=5)) == "token_expired"


async def test_expiry_to_the_second_with_leeway(clock: Clock) -> None:
    token = await issued(clock())
    await tokens.verify(token=token.token, now=clock.pass_(seconds=604))
    assert await refusal_of(token.token, clock.pass_(seconds=1)) == "token_expired"


async def test_a_token_from_the_future_is_refused(clock: Clock) -> None:
    token = await issued(clock() + timedelta(minutes=1))
    assert await refusal_of(token.token, clock()) == "token_invalid"


async def test_a_changed_token_is_refused(clock: Clock) -> None:
    header, payload, signature = (await issued(clock())).token.split(".")
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps({**content, "sub": "citizen:43"}).encode()).decode().rstrip("=")
    assert await refusal_of(f"{header}.{forged}.{signature}", clock()) == "token_invalid"


async def test_a_stranger_cannot_sign(clock: Clock) -> None:
    real = await issued(clock())
    content = jwt.decode(real.token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(real.token)["kid"], "typ": "at+jwt"}
    forged = jwt.encode(content, Ed25519PrivateKey.generate(), "EdDSA", headers=headers)
    assert await refusal_of(forged, clock()) == "token_invalid"


async def test_algorithm_none_is_refused(clock: Clock) -> None:
    real = await issued(clock())
    content = jwt.decode(real.token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(real.token)["kid"], "typ": "at+jwt"}
    assert await refusal_of(jwt.encode(content, None, "none", headers=headers), clock()) == "token_invalid"


async def test_the_public_key_is_no_shared_secret(clock: Clock) -> None:
    """HS256 with the bytes of the public key, the classic confusion of algorithms."""
    real = await issued(clock())
    key = await keys.signing_key(now=clock())
    raw = key.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    content = jwt.decode(real.token, options={"verify_signature": False})
    forged = jwt.encode(content, raw, "HS256", headers={"kid": key.kid, "typ": "at+jwt"})
    assert await refusal_of(forged, clock()) == "token_invalid"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-api"},
        {"aud": ["hpf-api", "another-api"]},
        {"iss": "https://elsewhere.example"},
        {"sub": "person:42"},
        {"sub": "citizen:0"},
        {"sub": None},
        {"sid": None},
        {"sid": "7; DROP"},
        {"aal": "godlike"},
        {"jti": None},
        {"exp": None},
        {"exp": "2099-01-01"},
        {"iat": True},
        {"nam": None},
    ],
)
async def test_wrong_or_missing_claims_are_refused(clock: Clock, claims: dict[str, object]) -> None:
    token = await resigned((await issued(clock())).token, clock(), **claims)
    assert await refusal_of(token, clock()) == "token_invalid"


async def test_an_identity_token_is_no_access_token(clock: Clock) -> None:
    token = await resigned((await issued(clock())).token, clock(), headers={"typ": "JWT"})
    assert await refusal_of(token, clock()) == "token_invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "e30.e30.e30", "é.é.é", "a" * 5000])
async def test_garbage_is_refused(clock: Clock, token: str) -> None:
    assert await refusal_of(token, clock()) == "token_invalid"


def test_another_scheme_is_refused() -> None:
    assert tokens.bearer_of(None) is None
    assert tokens.bearer_of("Bearer abc") == tokens.bearer_of("bearer  abc ") == "abc"
    for header in ("Basic abc", "Bearer", "Bearer ", "abc"):
        with pytest.raises(TokenRefused):
            tokens.bearer_of(header)


async def test_a_rotated_key_verifies_until_its_last_token_has_expired(clock: Clock) -> None:
    old = await issued(clock())
    new_kid = await keys.rotate(now=clock.pass_(days=1))
    # Until every process has read the new key the old one signs.
    between = await issued(clock())
    assert jwt.get_unverified_header(between.token)["kid"] != new_kid
    after = await issued(clock.pass_(seconds=60))
    assert jwt.get_unverified_header(after.token)["kid"] == new_kid
    await tokens.verify(token=between.token, now=clock())
    await tokens.verify(token=after.token, now=clock())
    assert await refusal_of(old.token, clock()) == "token_expired"
    kids = [key["kid"] for key in (await keys.jwks(now=clock()))["keys"]]  # type: ignore[attr-defined]
    assert len(kids) == 2 and new_kid in kids
    # The last token of the old key is dead, and so is the key.
    clock.pass_(minutes=15)
    assert [key["kid"] for key in (await keys.jwks(now=clock()))["keys"]] == [new_kid]  # type: ignore[attr-defined]
    assert await refusal_of(between.token, clock()) == "token_invalid"


async def test_a_retired_key_signs_no_new_tokens(clock: Clock) -> None:
    """Whoever stole a key after its retirement cannot use it, although it still verifies."""
    stolen = await keys.signing_key(now=clock())
    await keys.rotate(now=clock())
    clock.pass_(minutes=3)
    content = jwt.decode((await issued(clock())).token, options={"verify_signature": False})
    assert stolen.private is not None
    headers = {"kid": stolen.kid, "typ": "at+jwt"}
    forged = jwt.encode(content, stolen.private, "EdDSA", headers=headers)
    assert await refusal_of(forged, clock()) == "token_invalid"


async def test_another_process_finds_the_key_of_this_one(clock: Clock, another_process: Callable[[], None]) -> None:
    token = await issued(clock())
    another_process()
    assert (await tokens.verify(token=token.token, now=clock())).identity == 42


async def test_unknown_keys_are_looked_up_at_most_every_five_seconds(clock: Clock, tables: asyncpg.Connection) -> None:
    real = await issued(clock())
    await tables.execute("UPDATE signing_key SET kid = 'renamed'")
    renamed = await resigned(real.token, clock(), headers={"kid": "renamed"})
    assert await refusal_of(renamed, clock()) == "token_invalid"
    assert (await tokens.verify(token=renamed, now=clock.pass_(seconds=5))).identity == 42


async def test_a_signature_is_checked_once_a_key_and_times_at_each_use(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tables: asyncpg.Connection
) -> None:
    checked: list[str] = []
    decode = jwt.decode

    def counting(*values: Any, **named: Any) -> Any:
        checked.append("")
        return decode(*values, **named)

    token = (await issued(clock())).token
    monkeypatch.setattr(jwt, "decode", counting)
    for _ in range(3):
        assert (await tokens.verify(token=token, now=clock())).identity == 42
    assert len(checked) == 1
    await tokens.verify(token=token, now=clock.pass_(seconds=61))  # the keys were read anew
    assert len(checked) == 2
    assert await refusal_of(token, clock.pass_(minutes=10)) == "token_expired"
    assert len(checked) == 3 and await refusal_of(token, clock()) == "token_expired"
    # a key that is gone takes its tokens along, known or not
    other = (await issued(clock())).token
    await tokens.verify(token=other, now=clock())
    await tables.execute("DELETE FROM signing_key")
    assert await refusal_of(other, clock.pass_(seconds=61)) == "token_invalid"


async def test_what_is_refused_is_not_remembered(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_SIGNED_MAX", 2)
    good = [(await issued(clock())).token for _ in range(3)]
    for token in good:
        await tokens.verify(token=token, now=clock())
    header, payload, signature = good[0].split(".")
    for forged in (f"{header}.{payload}.{signature[:-4]}AAAA", f"{header}.{payload}."):
        for _ in range(2):
            assert await refusal_of(forged, clock()) == "token_invalid"
    assert len(tokens.PERSONS) == 2


async def test_keys_renew_themselves_before_they_end(clock: Clock, tables: asyncpg.Connection) -> None:
    await keys.ensure_key(now=clock())
    await keys.ensure_key(now=clock.pass_(days=80))
    assert await tables.fetchval("SELECT count(*) FROM signing_key") == 1
    await keys.ensure_key(now=clock.pass_(days=2))
    assert await tables.fetchval("SELECT count(*) FROM signing_key") == 2
    # Even if nobody looks after them for a year, logging in goes on.
    assert (await issued(clock.pass_(days=365))).expires_in == 600


async def test_private_keys_are_sealed(clock: Clock, tables: asyncpg.Connection) -> None:
    await keys.ensure_key(now=clock())
    sealed = await tables.fetchval("SELECT private_cipher FROM signing_key")
    assert b"PRIVATE" not in sealed
    public = (await keys.jwks(now=clock()))["keys"][0]  # type: ignore[index]
    assert set(public) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_long_lived_access_tokens_cannot_be_configured() -> None:
    settings = configuration.current()
    assert isinstance(settings, AuthSettings)
    with pytest.raises(AssertionError):
        replace(settings, access_token=timedelta(hours=1))
