"""手机客户端登录: to the platform's application and back with a ticket, which is worth nothing to anybody else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from starlette.applications import Starlette

from auth import app_web, sessions, web
from auth.app_web import Applications
from auth.configuration import AuthSettings
from auth.tokens import TokenRefused
from domain.kernel.actor import Actor
from tests.auth.conftest import PUBLIC_URL, Clock
from tests.auth.platform import Citizen, Platform
from tests.auth.test_identity import JSON

pytestmark = [pytest.mark.usefixtures("login_service"), pytest.mark.requirement("R06.4")]

LINK = f"{PUBLIC_URL}/app/login"


@pytest.fixture
def settings(settings: AuthSettings) -> AuthSettings:
    return replace(settings, app_returns={"link": LINK, "scheme": "bjgjj://login"})


@dataclass
class Application:
    """Ours on a phone: what it keeps for itself, and its way through the doors."""

    http: httpx.AsyncClient
    platform: Platform
    clock: Clock
    verifier: str = "v" * 43
    device: str = "device-of-zhang-01"
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.http.post(path, headers=JSON, content=json.dumps(body))

    async def start(self, **changed: Any) -> httpx.Response:
        asked = {"code_challenge": self.challenge, "device": self.device, "way": "link", "state": "state-of-app"}
        return await self.post("/auth/app/start", **{**asked, **changed})

    async def agreed(self, **changed: Any) -> dict[str, str]:
        """What the platform's application brings back."""
        answer = await self.start(**changed)
        assert answer.status_code == 200, answer.text
        return self.platform.agree(answer.json()["url"], Citizen())

    async def ticket(self, **changed: Any) -> str:
        back = await self.http.get("/auth/app/callback", params=await self.agreed(**changed))
        assert back.status_code == 303, back.text
        address = urlsplit(back.headers["location"])
        query = parse_qs(address.query)
        assert query["state"] == ["state-of-app"] and "hpf_refresh" not in back.headers.get("set-cookie", "")
        return query["ticket"][0]

    async def redeem(self, ticket: str, **changed: Any) -> httpx.Response:
        asked = {"ticket": ticket, "code_verifier": self.verifier, "device": self.device}
        return await self.post("/auth/app/token", **{**asked, **changed})

    async def actor(self, answer: httpx.Response) -> Actor:
        return await sessions.authenticate(bearer=answer.json()["access_token"], now=self.clock())


@pytest_asyncio.fixture
async def application(login_service: AuthSettings, platform: Platform, clock: Clock) -> AsyncIterator[Application]:
    doors = [
        *web.routes(provider=platform, clock=clock, cookie_secure=True),
        *app_web.routes(
            provider=platform,
            clock=clock,
            applications=Applications(apple_id="TEAM1.gjj", android_package="gjj", android_fingerprints=("AB:CD",)),
        ),
    ]
    transport = httpx.ASGITransport(app=Starlette(routes=doors))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        yield Application(http, platform, clock)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def reasons(tables: asyncpg.Connection) -> list[str]:
    rows = await tables.fetch("SELECT action, detail FROM audit_event WHERE outcome = 'refused' ORDER BY at, event_id")
    return [json.loads(row["detail"]).get("reason", row["action"]) for row in rows]


async def test_the_whole_way(application: Application, tables: asyncpg.Connection) -> None:
    answer = await application.redeem(await application.ticket())
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"access_token", "expires_in", "token_type", "refresh_token"}
    actor = await application.actor(answer)
    assert (actor.channel, actor.assurance, actor.name) == ("app", "real_name", "张**")
    assert [row["action"] for row in await tables.fetch("SELECT action FROM audit_event")] == ["login.succeeded"]


@pytest.mark.parametrize(("way", "begins"), [("link", f"{LINK}?ticket="), ("scheme", "bjgjj://login?ticket=")])
async def test_it_comes_back_the_way_that_was_asked_for(application: Application, way: str, begins: str) -> None:
    back = await application.http.get("/auth/app/callback", params=await application.agreed(way=way))
    assert back.headers["location"].startswith(begins) and back.headers["referrer-policy"] == "no-referrer"


async def test_a_replayed_ticket_ends_the_session_that_it_opened(
    application: Application, tables: asyncpg.Connection
) -> None:
    ticket = await application.ticket()
    first = await application.redeem(ticket)
    assert (await application.actor(first)).is_real_name
    assert code_of(await application.redeem(ticket)) == (403, "login.handover_ticket")
    with pytest.raises(TokenRefused):
        await application.actor(first)
    assert await reasons(tables) == ["login.ticket_replayed", "ticket_unknown"]


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": "v" * 42},
        {"device": "device-of-a-thief"},
        {"device": ""},
    ],
)
async def test_it_is_worth_nothing_to_whoever_caught_it(
    application: Application, tables: asyncpg.Connection, changed: dict[str, str]
) -> None:
    """Another application that listens on our scheme: it has the ticket and neither verifier nor device."""
    ticket = await application.ticket()
    assert code_of(await application.redeem(ticket, **changed)) == (403, "login.handover_ticket")
    # and the try has used it up: whoever it was meant for logs in again
    assert code_of(await application.redeem(ticket)) == (403, "login.handover_ticket")
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0
    assert await reasons(tables) == ["ticket_not_whose", "ticket_unknown"]


async def test_a_ticket_lives_a_minute(application: Application, clock: Clock, tables: asyncpg.Connection) -> None:
    ticket = await application.ticket()
    clock.pass_(minutes=1)
    assert code_of(await application.redeem(ticket)) == (403, "login.handover_ticket")
    assert await reasons(tables) == ["ticket_expired"]


@pytest.mark.parametrize("ticket", ["", "x", "../../x", "9" * 5_000])
async def test_tickets_that_are_none(application: Application, ticket: str) -> None:
    assert code_of(await application.redeem(ticket)) == (403, "login.handover_ticket")


async def test_guessing_tickets_is_bounded(application: Application) -> None:
    answers = [code_of(await application.redeem(f"guess-{number}"))[1] for number in range(21)]
    assert answers == ["login.handover_ticket"] * 20 + ["request.too_often"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"way": "https://evil.example"}, "login.handover_way"),
        ({"way": ""}, "login.handover_way"),
        ({"code_challenge": "short"}, "login.handover_malformed"),
        ({"code_challenge": "+" * 43}, "login.handover_malformed"),
        ({"device": "short"}, "login.handover_malformed"),
        ({"state": "a b&c=d\r\n"}, "login.handover_malformed"),
    ],
)
async def test_what_is_no_sound_beginning(application: Application, changed: dict[str, str], code: str) -> None:
    assert code_of(await application.start(**changed)) == (403, code)


async def test_malformed_bodies_are_refused(application: Application) -> None:
    assert code_of(await application.start(device=7)) == (400, "request.malformed")
    assert code_of(await application.redeem("t", device=None)) == (400, "request.malformed")
    foreign = await application.http.post("/auth/app/token", headers={**JSON, "Origin": "https://evil.example"})
    assert code_of(foreign) == (403, "request.foreign_origin")


async def test_a_browsers_login_and_an_applications_do_not_mix(
    application: Application, tables: asyncpg.Connection
) -> None:
    """An attempt of an application has no cookie behind it, and must not open a session in whatever browser."""
    answer = await application.http.get("/auth/callback", params=await application.agreed())
    assert answer.status_code == 400 and "login.foreign_browser" in answer.text
    start = await application.http.get("/auth/login", params={"channel": "app", "return_to": "/h5/"})
    query = application.platform.agree(start.headers["location"], Citizen())
    answer = await application.http.get("/auth/app/callback", params=query)
    assert answer.status_code == 400 and "login.state_unknown" in answer.text
    assert await tables.fetchval("SELECT count(*) FROM login_session") == 0


async def test_the_platforms_answer_is_good_once(application: Application) -> None:
    query = await application.agreed()
    assert (await application.http.get("/auth/app/callback", params=query)).status_code == 303
    again = await application.http.get("/auth/app/callback", params=query)
    assert again.status_code == 400 and "login.state_unknown" in again.text
    cancelled = await application.agreed()
    answer = await application.http.get("/auth/app/callback", params={"state": cancelled["state"], "error": "denied"})
    assert answer.status_code == 400 and "login.cancelled" in answer.text


async def test_what_is_kept_is_sealed(application: Application, redis: Redis, settings: AuthSettings) -> None:
    await application.ticket()
    kept = [await redis.get(key) async for key in redis.scan_iter(match=f"{settings.store_prefix}app:*")]
    assert len(kept) == 1 and b"person_id" not in kept[0] and application.device.encode() not in kept[0]


async def test_the_stores_are_told_whose_links_these_are(application: Application) -> None:
    apple = (await application.http.get("/.well-known/apple-app-site-association")).json()
    assert apple["applinks"]["details"][0]["appIDs"] == ["TEAM1.gjj"]
    android = (await application.http.get("/.well-known/assetlinks.json")).json()
    assert android[0]["target"]["sha256_cert_fingerprints"] == ["AB:CD"]
    page = await application.http.get("/app/login", params={"ticket": "<script>", "state": "s"})
    assert page.status_code == 200 and "<script" not in page.text and "请打开手机客户端" in page.text
