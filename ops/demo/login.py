"""Logging demonstration identities in over public HTTP, as a browser does it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

import httpx

from channels.identity.provider import DemonstrationCitizen
from ops.demo.city import city
from ops.simulators import LOGIN_PASSWORD


class LoginFailed(Exception):
    """A step of the login did not answer as it should; the message says which."""


async def citizen_token(
    *, base_url: str, key: str, channel: str = "jingtong_h5", browser: httpx.AsyncClient | None = None
) -> str:
    """To the identity platform, choose the identity, back with the code, and an access token for the cookie. `browser`
    keeps the cookie, where more is to follow in it."""
    citizen = city().citizens[key]
    subject = DemonstrationCitizen(name=citizen.name, document_no=citizen.document_no).subject
    async with AsyncExitStack() as stack:
        if browser is None:
            fresh = httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20)
            browser = await stack.enter_async_context(fresh)
        start = await browser.get("/auth/login", params={"channel": channel, "return_to": "/h5/"})
        platform = _redirect(start, step="login")
        chosen = await browser.post(
            platform, data={"citizen": subject, "password": LOGIN_PASSWORD, "decision": "grant"}
        )
        back = _redirect(chosen, step="identity platform")
        if "code" not in parse_qs(urlsplit(back).query):
            raise LoginFailed(f"the identity platform gave no code: {back}")
        _redirect(await browser.get(back), step="callback")
        answer = await browser.post("/auth/token", json={}, headers={"X-HPF-Client": "demo", "Origin": base_url})
        if answer.status_code != 200:
            raise LoginFailed(f"no access token: {answer.status_code} {answer.text[:200]}")
        return str(answer.json()["access_token"])


async def agent_token(*, base_url: str, key: str, employer_no: int) -> str:
    """An access token of the citizen as agent of the employer, by way of a citizen's login."""
    citizen = await citizen_token(base_url=base_url, key=key)
    headers = {"X-HPF-Client": "demo", "Origin": base_url}
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20, headers=headers) as browser:
        opened = await browser.post(
            "/auth/employer/session",
            json={"employer_no": str(employer_no)},
            headers={"Authorization": f"Bearer {citizen}"},
        )
        if opened.status_code != 200:
            raise LoginFailed(f"cannot act for {employer_no}: {opened.status_code} {opened.text[:200]}")
        answer = await browser.post("/auth/employer/token", json={})
        if answer.status_code != 200:
            raise LoginFailed(f"no access token: {answer.status_code} {answer.text[:200]}")
        return str(answer.json()["access_token"])


def _redirect(answer: httpx.Response, *, step: str) -> str:
    if answer.status_code not in (302, 303) or "location" not in answer.headers:
        raise LoginFailed(f"{step}: {answer.status_code} {answer.text[:200]}")
    return str(answer.headers["location"])
