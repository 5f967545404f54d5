"""A member of staff at the login: li.na, preliminary reviewer of one office, with what she knows and has."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import asyncpg
import pyotp
import pytest
import pytest_asyncio

from auth import staff
from auth.configuration import AuthSettings
from auth.staff import StaffSignIn
from domain.kernel.actor import SYSTEM, Role
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock

PASSWORD = "Lantern-harbour-7"
NEXT_PASSWORD = "Bridge-over-water-8"
SECRET = base64.b32encode(b"one-time-secret-test").decode()
DOCUMENT = "110101190001010096"


def code_at(clock: Clock, *, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(clock(), counter_offset=steps)


async def signed_in(
    clock: Clock, *, login: str = "li.na", password: str = PASSWORD, code: str | None = None
) -> StaffSignIn:
    return await staff.sign_in(
        login=login,
        password=password,
        code=code_at(clock) if code is None else code,
        device="test",
        now=clock(),
    )


async def refusal_of(clock: Clock, *, login: str = "li.na", password: str = PASSWORD, code: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        await signed_in(clock, login=login, password=password, code=code)
    (refusal,) = refused.value.refusals
    assert refusal.code == "login.failed"
    return refusal.message


async def row(tables: asyncpg.Connection) -> asyncpg.Record:
    return await tables.fetchrow("SELECT * FROM staff WHERE login = 'li.na'")


async def events(tables: asyncpg.Connection) -> list[tuple[str, str]]:
    found = await tables.fetch("SELECT action, detail ->> 'reason' AS reason FROM audit_event ORDER BY at, event_id")
    return [(event["action"], event["reason"] or "") for event in found]


_set_up: list[asyncpg.Record] = []


@pytest_asyncio.fixture
async def reviewer(login_service: AuthSettings, clock: Clock, tables: asyncpg.Connection) -> AsyncIterator[int]:
    """li.na, preliminary reviewer of one office; the time is well after her set-up."""
    if not _set_up:
        await staff.create_staff(
            actor=SYSTEM,
            login="li.na",
            name="李娜",
            password=PASSWORD,
            roles=[Role.PRELIMINARY_REVIEWER],
            office_codes=["0101"],
            document_type="01",
            document_no=DOCUMENT,
            totp_secret=SECRET,
            must_change=False,
            now=clock(),
        )
        _set_up.append(await row(tables))
    else:
        # A password takes its time to hash: the first row serves all tests.
        values = list(_set_up[0])
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await tables.execute(f"INSERT INTO staff VALUES ({places})", *values)
    clock.pass_(hours=1)
    await tables.execute("TRUNCATE audit_event")
    yield _set_up[0]["staff_id"]
