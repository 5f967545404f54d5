"""The simulated identity platform itself, by plain HTTP: what it refuses and what its page shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.contracts.identity_world import (
    CLIENT_ID,
    GOODBYE,
    LI,
    PASSWORD,
    REDIRECT,
    Attempt,
    IdentityWorld,
    identity_at_work,
    redirected,
)


@pytest.fixture
async def world() -> AsyncIterator[IdentityWorld]:
    async with identity_at_work() as world:
        yield world


def request_of(attempt: Attempt, **changes: str | None) -> dict[str, str]:
    """The parameters of an authorization request; None leaves one out."""
    usual: dict[str, str | None] = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


async def both_ways(world: IdentityWorld, query: str) -> list[httpx.Response]:
    """The answers to the page and to its form: neither may be laxer than the other."""
    url = f"{world.url}/authorize?{query}"
    form = {"citizen": LI.subject, "password": PASSWORD, "decision": "grant"}
    return [await world.http.get(url), await world.http.post(url, data=form)]


# The page


async def test_the_page_lists_citizens_without_script_or_foreign_assets(world: IdentityWorld) -> None:
    page = await world.http.get(world.authorization_url(Attempt()))
    assert page.status_code == 200
    for text in (
        "北京市统一身份认证（演示）",
        "李示范",
        "110101********002X",
        "有公积金账户，无房",
        "王演示",
    ):
        assert text in page.text
    assert LI.document_no not in page.text
    for absent in ("<script", "http://", "https://", "onclick", "src="):
        assert absent not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_a_wrong_password_shows_the_page_again_and_issues_nothing(world: IdentityWorld) -> None:
    answer = await world.log_in(Attempt(), password="wrong")
    assert answer.status_code == 401
    assert "口令不正确，请核对后重新输入。" in answer.text and "location" not in answer.headers


@pytest.mark.parametrize("citizen", ["", "nobody", "<script>"])
async def test_an_unknown_choice_shows_the_page_again(world: IdentityWorld, citizen: str) -> None:
    answer = await world.http.post(world.authorization_url(Attempt()), data={"citizen": citizen, "password": PASSWORD})
    assert answer.status_code == 400
    assert "请选择一个演示身份后再登录。" in answer.text and "<script" not in answer.text


async def test_declining_goes_back_with_access_denied(world: IdentityWorld) -> None:
    attempt = Attempt()
    sent = redirected(await world.log_in(attempt, decision="deny", password=""))
    assert (sent["error"], sent["state"]) == ("access_denied", attempt.state)
    assert "code" not in sent


# Authorization requests that are refused


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "stranger"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT + "?next=1"},
        {"redirect_uri": REDIRECT.upper()},
        {"redirect_uri": "https://attacker.example/"},
        {"redirect_uri": "http://127.0.0.1:9000/cb"},
    ],
)
async def test_an_untrusted_address_is_never_redirected_to(
    world: IdentityWorld, changes: dict[str, str | None]
) -> None:
    for answer in await both_ways(world, urlencode(request_of(Attempt(), **changes))):
        assert answer.status_code == 400
        assert "location" not in answer.headers and "无法登录" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a_wrong_request_goes_back_with_its_error_and_no_code(
    world: IdentityWorld, changes: dict[str, str | None], error: str
) -> None:
    attempt = Attempt()
    for answer in await both_ways(world, urlencode(request_of(attempt, **changes))):
        sent = redirected(answer)
        assert (sent["error"], sent.get("state")) == (error, attempt.state)
        assert "code" not in sent


async def test_parameters_given_twice_are_refused(world: IdentityWorld) -> None:
    attempt = Attempt()
    query = urlencode([*request_of(attempt).items(), ("redirect_uri", "https://attacker.example/")])
    for answer in await both_ways(world, query):
        assert answer.status_code == 400 and "location" not in answer.headers


async def test_a_nonce_is_good_for_one_login(world: IdentityWorld) -> None:
    attempt = Attempt()
    await world.code(attempt)
    assert redirected(await world.log_in(attempt))["error"] == "invalid_request"


# Tokens


async def test_a_replayed_code_takes_its_tokens_with_it(world: IdentityWorld) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    first = await world.redeem(attempt, code)
    bearer = {"Authorization": f"Bearer {first.json()['access_token']}"}
    assert (await world.http.get(f"{world.url}/userinfo", headers=bearer)).json()["certNo"] == LI.document_no
    again = await world.redeem(attempt, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    after = await world.http.get(f"{world.url}/userinfo", headers=bearer)
    assert after.status_code == 401 and LI.document_no not in after.text


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": ""}, 400, "invalid_request"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"redirect_uri": ""}, 400, "invalid_grant"),
        ({"redirect_uri": REDIRECT + "/"}, 400, "invalid_grant"),
        ({"code": ""}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "another", "client_secret": "another secret"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_token_request_gets_nothing_and_spoils_nothing(
    world: IdentityWorld, changes: dict[str, str], status: int, error: str
) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    answer = await world.redeem(attempt, **{"code": code, **changes})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert (await world.redeem(attempt, code)).status_code == 200


async def test_a_token_carries_no_document_and_ends(world: IdentityWorld) -> None:
    attempt = Attempt()
    token = (await world.redeem(attempt, await world.code(attempt))).json()
    assert "refresh_token" not in token
    assert token["expires_in"] == 600
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    world.clock.pass_by(minutes=10)
    assert (await world.http.get(f"{world.url}/userinfo", headers=bearer)).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer invented", "Basic abc"])
async def test_userinfo_wants_a_token(world: IdentityWorld, header: str) -> None:
    answer = await world.http.get(f"{world.url}/userinfo", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic /w==", "Basic OjpA"])
async def test_a_malformed_client_authentication_is_refused(world: IdentityWorld, header: str) -> None:
    attempt = Attempt()
    code = await world.code(attempt)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    answer = await world.http.post(f"{world.url}/token", data=form, headers={"Authorization": header})
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.text


# Logout


async def test_logout_ends_tokens_and_returns_to_a_registered_address(world: IdentityWorld) -> None:
    attempt = Attempt()
    token = (await world.redeem(attempt, await world.code(attempt))).json()
    answer = await world.http.get(
        f"{world.url}/end_session",
        params={"id_token_hint": token["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "s"},
    )
    assert (answer.status_code, answer.headers["location"]) == (302, f"{GOODBYE}?state=s")
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert (await world.http.get(f"{world.url}/userinfo", headers=bearer)).status_code == 401


@pytest.mark.parametrize("hint", ["", "invented", "e30.e30.e30"])
async def test_logout_redirects_nobody_elsewhere(world: IdentityWorld, hint: str) -> None:
    attempt = Attempt()
    token = (await world.redeem(attempt, await world.code(attempt))).json()
    for params in (
        {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE},
        {"id_token_hint": token["id_token"], "post_logout_redirect_uri": "https://attacker.example/"},
    ):
        answer = await world.http.get(f"{world.url}/end_session", params=params)
        assert answer.status_code == 200 and "location" not in answer.headers
        assert "您已退出统一身份认证" in answer.text


async def test_discovery_names_the_addresses_and_hides_the_private_key(world: IdentityWorld) -> None:
    document = (await world.http.get(f"{world.url}/.well-known/openid-configuration")).json()
    assert document["issuer"] == world.url
    assert document["code_challenge_methods_supported"] == ["S256"]
    [key] = (await world.http.get(document["jwks_uri"])).json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
