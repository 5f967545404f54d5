"""Login through the identity platform over HTTP: the way there and back, the person found, tokens and
logout."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import sessions, web
from auth.configuration import AuthSettings
from domain.kernel import vault
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.auth.platform import Citizen, Platform
from tests.contracts.identity_world import LI, PASSWORD, REDIRECT, identity_at_work

JSON = {"Content-Type": "application/json", "X-HPF-Client": "jingtong_h5", "Origin": PUBLIC_URL}
START = "/auth/login?channel=jingtong_h5&return_to=/h5/"
TABLES = ("person", "person_document", "identity_link", "login_session", "refresh_token")


async def go_there(browser: httpx.AsyncClient, *, start: str = START) -> str:
    answer = await browser.get(start)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def log_in(
    browser: httpx.AsyncClient, platform: Platform, citizen: Citizen | None = None, *, start: str = START
) -> httpx.Response:
    query = platform.agree(await go_there(browser, start=start), citizen or Citizen())
    return await browser.get("/auth/callback", params=query)


async def token_of(browser: httpx.AsyncClient) -> str:
    answer = await browser.post("/auth/token", headers=JSON, content="{}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def counts(tables: asyncpg.Connection) -> list[int]:
    return [await tables.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


async def refused(answer: httpx.Response, tables: asyncpg.Connection, code: str) -> None:
    """A Chinese page with the code, no session cookie, and nothing in the tables."""
    assert answer.status_code == 400 and answer.headers["content-type"].startswith("text/html")
    assert code in answer.text and "登录未完成" in answer.text and "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "hpf_refresh" not in answer.headers.get("set-cookie", "")
    assert await counts(tables) == [0] * len(TABLES)


async def reasons(tables: asyncpg.Connection) -> list[str]:
    rows = await tables.fetch("SELECT action, detail FROM audit_event WHERE outcome = 'refused' ORDER BY at, event_id")
    return [row["action"] for row in rows]


async def test_the_whole_way(
    browser: httpx.AsyncClient, platform: Platform, clock: Clock, tables: asyncpg.Connection
) -> None:
    answer = await log_in(browser, platform)
    assert answer.status_code == 303 and answer.headers["location"] == "/h5/"
    cookie = answer.headers["set-cookie"]
    for attribute in ("hpf_refresh=", "HttpOnly", "SameSite=strict", "Path=/auth", "Secure"):
        assert attribute in cookie
    assert answer.headers["cache-control"] == "no-store"

    given = await browser.post("/auth/token", headers=JSON, content="{}")
    assert set(given.json()) == {"access_token", "expires_in", "token_type"}
    assert given.json()["expires_in"] == 600 and given.headers["cache-control"] == "no-store"
    actor = await sessions.authenticate(bearer=given.json()["access_token"], now=clock())
    assert (actor.kind, actor.name, actor.channel, actor.assurance) == (
        "citizen",
        "张**",
        "jingtong_h5",
        "real_name",
    )

    person = await tables.fetchrow("SELECT * FROM person")
    assert person["person_id"] == actor.person_id and person["mobile_masked"] == "138****0001"
    assert vault.current().decrypt(person["document_cipher"]) == Citizen().document_no
    assert await tables.fetchval("SELECT action FROM audit_event") == "login.succeeded"
    stored = str(await tables.fetchval("SELECT detail FROM audit_event"))
    assert Citizen().document_no not in stored and Citizen().name not in stored


async def test_what_the_platform_is_sent(browser: httpx.AsyncClient) -> None:
    first, second = [parse_qs(urlsplit(await go_there(browser)).query) for _ in range(2)]
    assert first["redirect_uri"] == [f"{PUBLIC_URL}/auth/callback"]
    for name in ("state", "nonce", "challenge"):
        assert len(first[name][0]) == 43 and first[name] != second[name]


async def test_logging_in_again_finds_the_same_person(
    browser: httpx.AsyncClient, platform: Platform, clock: Clock, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    first = await sessions.authenticate(bearer=await token_of(browser), now=clock())
    # A new account at the platform, the same document: the same person.
    await log_in(browser, platform, Citizen(subject="subject-new", mobile="13800000002"))
    second = await sessions.authenticate(bearer=await token_of(browser), now=clock())
    assert first.person_id == second.person_id and first.session_id != second.session_id
    assert await tables.fetchval("SELECT mobile_masked FROM person") == "138****0002"
    assert await tables.fetchval("SELECT count(*) FROM identity_link") == 2


async def test_a_subject_with_another_document_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    before = await counts(tables)
    answer = await log_in(browser, platform, Citizen(name="王五", document_no="110101190001010053"))
    assert answer.status_code == 400 and "login.identity_conflict" in answer.text
    assert await counts(tables) == before
    assert await reasons(tables) == ["login.identity_conflict"]


async def test_the_same_number_of_another_document_type_is_another_person(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    await log_in(browser, platform, Citizen(subject="other", document_type="03"))
    assert await tables.fetchval("SELECT count(*) FROM person") == 2


async def test_below_level_three_the_person_is_not_known_for_sure(
    browser: httpx.AsyncClient, platform: Platform, clock: Clock, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    await log_in(browser, platform, Citizen(subject="thin", level=2, mobile="13900000009"))
    actor = await sessions.authenticate(bearer=await token_of(browser), now=clock())
    assert actor.assurance == "password"
    # Messages about money do not follow somebody who may not be the person.
    assert await tables.fetchval("SELECT mobile_masked FROM person") == "138****0001"


async def test_an_unverified_account_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    await refused(await log_in(browser, platform, Citizen(level=1)), tables, "login.identity_unverified")


async def test_a_replayed_answer_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    query = platform.agree(await go_there(browser), Citizen())
    assert (await browser.get("/auth/callback", params=query)).status_code == 303
    before = await counts(tables)
    replayed = await browser.get("/auth/callback", params=query)
    assert replayed.status_code == 400 and "login.state_unknown" in replayed.text
    assert await counts(tables) == before


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000, "\x00"])
async def test_an_unknown_state_is_refused(browser: httpx.AsyncClient, tables: asyncpg.Connection, state: str) -> None:
    answer = await browser.get("/auth/callback", params={"state": state, "code": "c"})
    await refused(answer, tables, "login.state_unknown")


async def test_the_answer_to_another_browser_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    """Login CSRF: somebody sends the citizen a link that would log them in as somebody else."""
    query = platform.agree(await go_there(browser), Citizen())
    browser.cookies.clear()
    await go_there(browser)  # the citizen's own login under way
    await refused(await browser.get("/auth/callback", params=query), tables, "login.foreign_browser")
    # and the link is spent
    await refused(await browser.get("/auth/callback", params=query), tables, "login.state_unknown")


async def test_two_tabs_of_one_browser_do_not_disturb_each_other(
    browser: httpx.AsyncClient, platform: Platform
) -> None:
    first, second = await go_there(browser), await go_there(browser)
    for url in (first, second):
        answer = await browser.get("/auth/callback", params=platform.agree(url, Citizen()))
        assert answer.status_code == 303


async def test_a_code_that_the_platform_does_not_know_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    query = platform.agree(await go_there(browser), Citizen())
    answer = await browser.get("/auth/callback", params={**query, "code": "guessed"})
    await refused(answer, tables, "login.rejected")
    assert await reasons(tables) == ["login.refused"]


async def test_an_exchanged_code_of_another_login_is_refused(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    """Code injection: PKCE binds the code to the login that asked for it."""
    stolen = platform.agree(await go_there(browser), Citizen())
    mine = platform.agree(await go_there(browser), Citizen(subject="thief"))
    answer = await browser.get("/auth/callback", params={"state": mine["state"], "code": stolen["code"]})
    await refused(answer, tables, "login.rejected")


async def test_saying_no_at_the_platform(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    query = platform.agree(await go_there(browser), Citizen())
    answer = await browser.get("/auth/callback", params={"state": query["state"], "error": "access_denied"})
    await refused(answer, tables, "login.cancelled")


async def test_the_platform_is_down(browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection) -> None:
    query = platform.agree(await go_there(browser), Citizen())
    platform.down = True
    answer = await browser.get("/auth/callback", params=query)
    assert answer.status_code == 503 and answer.headers["retry-after"] and "稍后重试" in answer.text
    assert await counts(tables) == [0] * len(TABLES)


@pytest.mark.parametrize(
    "return_to",
    [
        "https://evil.example/",
        "//evil.example/h5/",
        "/\\evil.example/h5/",
        "/h5//evil.example",
        "/h5/../graphql",
        "/h5/%2e%2e/graphql",
        "/h5/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "h5/",
        "/h5evil/",
        "/backoffice/",
        "/h5/@evil",
        "",
    ],
)
async def test_open_redirects_are_refused(
    browser: httpx.AsyncClient, tables: asyncpg.Connection, return_to: str
) -> None:
    answer = await browser.get("/auth/login", params={"channel": "jingtong_h5", "return_to": return_to})
    await refused(answer, tables, "login.return_to_unknown")


async def test_a_page_of_ours_may_be_returned_to(browser: httpx.AsyncClient, platform: Platform) -> None:
    start = "/auth/login?channel=jingtong_h5&return_to=/h5/%23/cases?x=1"
    assert (await log_in(browser, platform, start=start)).headers["location"] == "/h5/#/cases?x=1"


@pytest.mark.parametrize("channel", ["", "backoffice", "unknown"])
async def test_unknown_channels_are_refused(
    browser: httpx.AsyncClient, tables: asyncpg.Connection, channel: str
) -> None:
    answer = await browser.get("/auth/login", params={"channel": channel, "return_to": "/h5/"})
    await refused(answer, tables, "login.channel_unknown")


async def test_a_login_must_be_completed_in_time(
    browser: httpx.AsyncClient, platform: Platform, login_service: AuthSettings, redis: Redis
) -> None:
    await go_there(browser)
    (key,) = [key async for key in redis.scan_iter(match=f"{login_service.store_prefix}login:*")]
    assert 590 <= await redis.ttl(key) <= 600
    sealed = await redis.get(key)
    assert b"verifier" not in sealed and b"jingtong" not in sealed


async def test_logout_ends_the_session(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    token = await token_of(browser)
    answer = await browser.post("/auth/logout", headers={**JSON, "Authorization": f"Bearer {token}"}, content="{}")
    assert answer.status_code == 204 and 'hpf_refresh=""' in answer.headers["set-cookie"]
    assert await tables.fetchval("SELECT revoke_reason FROM login_session") == "logout"
    again = await browser.post("/auth/token", headers=JSON, content="{}")
    assert again.status_code == 401 and again.json()["error"]["code"] == "token_missing"
    twice = await browser.post("/auth/logout", headers={**JSON, "Authorization": f"Bearer {token}"}, content="{}")
    assert twice.status_code == 204


async def test_logout_by_the_access_token_alone(
    browser: httpx.AsyncClient, platform: Platform, tables: asyncpg.Connection
) -> None:
    await log_in(browser, platform)
    token = await token_of(browser)
    browser.cookies.clear()
    answer = await browser.post("/auth/logout", headers={**JSON, "Authorization": f"Bearer {token}"})
    assert answer.status_code == 204
    assert await tables.fetchval("SELECT revoked_at IS NOT NULL FROM login_session")


async def test_a_native_channel_keeps_its_token_itself(browser: httpx.AsyncClient, platform: Platform) -> None:
    await log_in(browser, platform)
    secret = browser.cookies["hpf_refresh"]
    browser.cookies.clear()
    answer = await browser.post("/auth/token", json={"refresh_token": secret})
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    following = answer.json()["refresh_token"]
    assert (await browser.post("/auth/token", json={"refresh_token": following})).status_code == 200
    reused = await browser.post("/auth/token", json={"refresh_token": secret})
    assert reused.status_code == 401 and reused.json()["error"]["code"] == "session_ended"
    assert reused.json()["error"]["message"].endswith("。")


@pytest.mark.parametrize("path", ["/auth/token", "/auth/logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/x-www-form-urlencoded", "Origin": PUBLIC_URL},
        {"Content-Type": "text/plain"},
        {**JSON, "Origin": "https://evil.example"},
        {**JSON, "Origin": "null"},
        {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "application/json", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_sites_cannot_make_a_browser_send_it(
    browser: httpx.AsyncClient,
    platform: Platform,
    tables: asyncpg.Connection,
    path: str,
    headers: dict[str, str],
) -> None:
    await log_in(browser, platform)
    answer = await browser.post(path, headers=headers, content="{}")
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "request.foreign_origin"
    assert await tables.fetchval("SELECT count(*) FROM refresh_token WHERE used_at IS NOT NULL") == 0
    assert await tables.fetchval("SELECT count(*) FROM login_session WHERE revoked_at IS NOT NULL") == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("[]", 400),
        ("{", 400),
        ('{"refresh_token": 7}', 400),
        ("x" * 9000, 413),
        ('{"refresh_token": ""}', 401),
    ],
)
async def test_malformed_bodies(
    browser: httpx.AsyncClient, login_service: AuthSettings, content: str, status: int
) -> None:
    answer = await browser.post("/auth/token", headers=JSON, content=content)
    assert answer.status_code == status and answer.json()["error"]["message"].endswith("。")


async def test_the_other_methods_are_not_there(browser: httpx.AsyncClient) -> None:
    for path in ("/auth/token", "/auth/logout"):
        assert (await browser.get(path)).status_code == 405


async def test_the_public_keys(browser: httpx.AsyncClient, platform: Platform) -> None:
    await log_in(browser, platform)
    await token_of(browser)
    (key,) = (await browser.get("/.well-known/jwks.json")).json()["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA") and "d" not in key


async def test_over_the_real_protocol(login_service: AuthSettings, redis: Redis, tables: asyncpg.Connection) -> None:
    """The client and the simulator of the platform instead of the stand-in: OpenID Connect over loopback."""
    async with identity_at_work() as world:
        # the platform knows our address by heart
        callback = urlsplit(REDIRECT)
        sessions.configure(
            redis=redis,
            settings=replace(login_service, public_url=f"{callback.scheme}://{callback.netloc}"),
        )
        routes = web.routes(provider=world.client, clock=world.clock, cookie_secure=False)
        transport = httpx.ASGITransport(app=Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
            there = await go_there(browser)
            form = {"citizen": LI.subject, "password": PASSWORD, "decision": "grant"}
            back = await world.http.post(there, data=form)
            answer = await browser.get(back.headers["location"])
            assert (answer.status_code, answer.headers["location"]) == (303, "/h5/")
            replayed = await browser.get(back.headers["location"])
            assert replayed.status_code == 400
    assert await tables.fetchval("SELECT name_masked FROM person") == "李**"
    assert await tables.fetchval("SELECT assurance FROM login_session") == "real_name"
