"""`./dev bench logins`: a hundred citizens log in at once, and what checking a token costs of a home-page request.

The identity platform answers at once within the process, so that its own time is not in the figures; everything else
is real: HTTP over loopback, PostgreSQL that commits as in production, Valkey. One login is three requests: to the
platform, back with the code, and the first access token; the browsers run in the same process, so their time is in the
figures. The share of the token is of the process' own CPU time: what the gate costs more for a token than for nobody
(address and points it asks for either way, in the same round trip), beside the whole home-page operation.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from auth import web
from auth.ports import IdentityClaims, IdentityRejected
from domain.kernel.vault import Vault
from ops.asgi import routes
from ops.bench.online import HOME
from ops.bench.rig import people, population
from ops.bench.rig.servers import a_free_port
from ops.bench.rig.stores import Stores, add_options, wanted_stores
from ops.gate import Bucket, Gate
from ops.limits import AddressLimits
from ops.migrate import migrate
from ops.settings import Settings
from ops.wiring import House, open_house, system_clock

CHECKS, OPERATIONS = 2_000, 500


@dataclass
class InstantPlatform:
    """Each code is another citizen."""

    codes: dict[str, int] = field(default_factory=dict)

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str) -> str:
        return f"https://platform.invalid/?state={state}"

    def code(self, number: int) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = number
        return code

    async def exchange(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: datetime, state: str = ""
    ) -> IdentityClaims:
        number = self.codes.pop(code, None)
        if number is None:
            raise IdentityRejected("code_rejected")
        return IdentityClaims(
            provider="bench",
            subject=f"subject-{number}",
            name="测试人",
            document_type="03",
            document_no=f"E{number:08d}",
            mobile=None,
            assurance_level=3,
            authenticated_at=now,
        )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench logins", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--logins", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    add_options(parser)
    wanted = parser.parse_args(argv)
    with wanted_stores(wanted) as stores:
        found = asyncio.run(_measure(wanted, stores))
    if wanted.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            print(f"{name:32} {value}")
    return 0


async def _measure(wanted: argparse.Namespace, stores: Stores) -> dict[str, Any]:
    master_key = secrets.token_bytes(32)
    await migrate(stores.database_url)
    citizens = await population.populate(
        dsn=stores.database_url, vault=Vault(master_key), accounts=200, now=system_clock()
    )
    port = a_free_port()
    settings = Settings(
        environment="test",
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        redis_prefix=stores.redis_prefix,
        public_url=f"http://127.0.0.1:{port}",
        master_key=SecretStr(base64.b64encode(master_key).decode()),
        data_path=str(stores.folder),
        requests_per_minute_max=10**8,
        points_capacity=10**9,
        points_per_second=10**6,
    )
    async with open_house(settings) as house:
        tokens = await people.log_in(dsn=stores.database_url, citizens=citizens[:50], now=house.clock())
        logins = await _logins(wanted, house, port=port)
        share = await _token_share(house, list(tokens.values()))
    return {**logins, **share}


async def _logins(wanted: argparse.Namespace, house: House, *, port: int) -> dict[str, Any]:
    platform = InstantPlatform()
    app = Starlette(routes=web.routes(provider=platform, clock=house.clock, cookie_secure=False))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        # connections and keys, as a process that serves has them
        await _round(platform, port=port, first=0, count=10)
        rounds = []
        for number in range(1, wanted.rounds + 1):
            took = await _round(platform, port=port, first=number * wanted.logins, count=wanted.logins)
            rounds.append(sorted(took))
    finally:
        await server.shutdown()
    last = max(int(wanted.logins * 0.99) - 1, 0)
    return {
        "logins at once": wanted.logins,
        "rounds": wanted.rounds,
        "p50 of one login, ms": round(median(took[len(took) // 2] for took in rounds) * 1000),
        "p99 of one login, ms": round(median(took[last] for took in rounds) * 1000),
        "slowest round's p99, ms": round(max(took[last] for took in rounds) * 1000),
    }


async def _round(platform: InstantPlatform, *, port: int, first: int, count: int) -> list[float]:
    base = f"http://127.0.0.1:{port}"
    headers = {"X-HPF-Client": "bench", "Origin": base}

    async def one(number: int, browser: httpx.AsyncClient) -> float:
        async with browser:
            began = time.perf_counter()
            start = await browser.get("/auth/login", params={"channel": "jingtong_h5", "return_to": "/h5/"})
            assert start.status_code == 303, f"{start.status_code} {start.text[-200:]}"
            state = parse_qs(urlsplit(start.headers["location"]).query)["state"][0]
            back = await browser.get("/auth/callback", params={"state": state, "code": platform.code(number)})
            assert back.status_code == 303, back.text
            given = await browser.post("/auth/token", json={})
            assert given.status_code == 200 and given.json()["access_token"], given.text
            return time.perf_counter() - began

    # made beforehand, without what TLS would load: browsers are no part of what is measured
    browsers = [
        httpx.AsyncClient(base_url=base, trust_env=False, verify=False, timeout=60, headers=headers)
        for _ in range(count)
    ]
    return list(await asyncio.gather(*(one(first + number, each) for number, each in enumerate(browsers))))


async def _token_share(house: House, tokens: list[str]) -> dict[str, Any]:
    """CPU of this process alone; client and server share it, so the client's part is in neither figure: the requests
    go to the application without a network."""
    app = Starlette(routes=routes(house))
    app.state.limits = AddressLimits(
        redis=house.redis, prefix=house.settings.redis_prefix, requests_max=10**8, logins_max=10**8, trusted_proxies=()
    )
    gate = Gate(
        redis=house.redis,
        prefix=house.settings.redis_prefix,
        clock=house.clock,
        requests_max=10**8,
        bucket=Bucket(capacity=10**9, refill=10**6),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=house.settings.public_url) as client:

        async def home(number: int) -> None:
            bearer = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
            answer = await client.post("/graphql", json={"query": HOME}, headers=bearer)
            assert answer.status_code == 200 and '"balanceAfter"' in answer.text, answer.text

        async def nothing(number: int) -> None:
            assert (await client.get("/healthz")).status_code == 200

        async def known(number: int) -> None:
            await gate(tokens[number % len(tokens)], points=1, origin="bench")

        async def unknown(number: int) -> None:
            await gate(None, points=1, origin="bench")

        spent = {}
        for name, work, times in (
            ("home", home, OPERATIONS),
            ("nothing", nothing, OPERATIONS),
            ("known", known, CHECKS),
            ("unknown", unknown, CHECKS),
        ):
            for number in range(100):
                await work(number)
            began = time.process_time()
            for number in range(times):
                await work(number)
            spent[name] = (time.process_time() - began) / times * 1_000_000
    request = spent["home"] - spent["nothing"]
    check = spent["known"] - spent["unknown"]
    return {
        "home-page operation, µs of CPU": round(request),
        "the gate for a token, µs of CPU": round(spent["known"]),
        "the gate for nobody, µs of CPU": round(spent["unknown"]),
        "share of token and session": f"{check / request:.1%}",
    }
