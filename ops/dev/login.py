"""Access tokens and one-time codes of demonstration identities, for `./dev token` and `./dev code`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pyotp

from auth import staff
from ops import settings as configuration
from ops.demo.city import city
from ops.demo.login import LoginFailed, agent_token, citizen_token
from ops.dev.failures import CommandFailure
from ops.wiring import open_house


def access_token(*, base_url: str, name: str) -> str:
    """A citizen logs in over HTTP, `NAME@EMPLOYER` as agent of an employer; for a member of staff the password and
    code are used at the login service."""
    try:
        name, _, employer_no = name.partition("@")
        if employer_no and name in city().citizens:
            return asyncio.run(agent_token(base_url=base_url, key=name, employer_no=int(employer_no)))
        if name in city().citizens:
            return asyncio.run(citizen_token(base_url=base_url, key=name))
        if name in city().staff:
            return asyncio.run(_staff_token(name))
    except LoginFailed as error:
        raise CommandFailure(str(error)) from error
    raise CommandFailure(f"nobody is called {name}; `./dev up` prints the names")


def one_time_code(*, login: str) -> str:
    """The code that an authenticator would show now."""
    if login not in city().staff:
        raise CommandFailure(f"no member of staff is called {login}; `./dev up` prints the names")
    seed = configuration.load().demonstration_seed.get_secret_value()
    return pyotp.TOTP(city().staff[login].totp_secret(seed=seed)).at(datetime.now(UTC))


async def _staff_token(login: str) -> str:
    settings = configuration.load()
    seed = settings.demonstration_seed.get_secret_value()
    async with open_house(settings) as house:
        signed_in = await staff.sign_in(
            login=login,
            password=city().staff[login].password(seed=seed),
            code=one_time_code(login=login),
            device="./dev token",
            now=house.clock(),
        )
        return (await staff.token_for_staff(cookie=signed_in.cookie, now=house.clock())).token
