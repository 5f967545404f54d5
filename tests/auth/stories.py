"""What stories of a person with many identities are told with: the doors, the platforms, the events."""

from __future__ import annotations

import itertools
from typing import Any

import asyncpg
import httpx
import pytest

from auth import sessions
from domain.kernel import vault
from domain.kernel.actor import Actor, Role
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock
from tests.auth.platform import Citizen, Platform
from tests.auth.test_identity import JSON, log_in, token_of

DESK = Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({Role.SERVICE_DESK}))
CHIEF = Actor(kind="staff", channel="backoffice", staff_id=2, roles=frozenset({Role.SUPERVISOR}))
numbers = itertools.count()


class World:
    def __init__(self, platform: Platform, clock: Clock, browser: httpx.AsyncClient) -> None:
        self.platform, self.clock, self.browser = platform, clock, browser

    async def enter(self, citizen: Citizen | None = None) -> tuple[Actor, str]:
        """Logs in with the real name; the actor and the access token."""
        answer = await log_in(self.browser, self.platform, citizen)
        assert answer.status_code == 303, answer.text
        token = await token_of(self.browser)
        return await sessions.authenticate(bearer=token, now=self.clock()), token

    async def post(self, path: str, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        headers = {**JSON, **({"Authorization": f"Bearer {token}"} if token else {})}
        return await self.browser.post(path, json=body, headers=headers)

    def code(self, account: str = "openid1", union: str = "") -> dict[str, str]:
        number = next(numbers)
        return {"channel": "jingtong_wechat", "code": f"{account}-{number}" + (f"-{union}" if union else "")}

    async def link(self, token: str, account: str = "openid1", union: str = "") -> httpx.Response:
        return await self.post("/auth/mini/link", self.code(account, union), token)

    async def mini(self, account: str = "openid1") -> Actor:
        answer = await self.post("/auth/mini/login", self.code(account))
        assert answer.status_code == 200, answer.text
        return await sessions.authenticate(bearer=answer.json()["access_token"], now=self.clock())

    async def mini_refused(self, account: str = "openid1") -> str:
        answer = await self.post("/auth/mini/login", self.code(account))
        assert answer.status_code == 403, answer.text
        return str(answer.json()["error"]["code"])


async def events(tables: asyncpg.Connection, person: int | None) -> list[str]:
    rows = await tables.fetch("SELECT kind FROM identity_event WHERE person_id = $1 ORDER BY at, event_id", person)
    return [row["kind"] for row in rows]


async def refused_reasons(tables: asyncpg.Connection) -> list[str]:
    rows = await tables.fetch("SELECT detail ->> 'reason' AS r FROM audit_event WHERE action = 'login.refused'")
    return [row["r"] for row in rows]


async def staff_rows(tables: asyncpg.Connection) -> None:
    for number in (1, 2):
        await tables.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
            " VALUES ($1, $2, '人员', 'none', now(), '', '{}')",
            number,
            f"staff{number}",
        )


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.refusals[0].code


async def token_of_notice(tables: asyncpg.Connection) -> str:
    import orjson

    payload = orjson.loads(await tables.fetchval("SELECT payload::text FROM outbox ORDER BY event_id DESC LIMIT 1"))
    secret = vault.current().decrypt(bytes.fromhex(payload["token"]))
    return f"{payload['person_id']}-{payload['change_id']}-{secret}"
