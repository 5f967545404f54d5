"""A member of staff at the back office over public HTTP: the pages' own forms, nothing else."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import httpx
import pyotp

from ops.demo.city import StaffMember, city
from ops.demo.login import LoginFailed

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_SAID = re.compile(r'role="(?:alert|status)"[^>]*>(.*?)</', re.DOTALL)


class Desk:
    """One browser at the back office. Use as `async with Desk(…) as desk`, which signs in."""

    def __init__(self, *, base_url: str, login: str, seed: str) -> None:
        self._member: StaffMember = city().staff[login]
        self._seed = seed
        self._http = httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20, follow_redirects=True)

    async def __aenter__(self) -> Self:
        # A code opens once: whoever signs in twice within its half minute needs the next one.
        for ahead in (timedelta(0), timedelta(seconds=30)):
            answer = await self._sign_in(at=datetime.now(UTC) + ahead)
            if answer.status_code == 200 and "/login" not in answer.url.path:
                return self
        await self._http.aclose()
        raise LoginFailed(f"{self._member.login}: {said(answer.text) or answer.status_code}")

    async def _sign_in(self, *, at: datetime) -> httpx.Response:
        page = await self._http.get("/backoffice/login")
        return await self._http.post(
            "/backoffice/login",
            data={
                "csrf": _csrf(page.text),
                "next": "",
                "login": self._member.login,
                "password": self._member.password(seed=self._seed),
                "code": pyotp.TOTP(self._member.totp_secret(seed=self._seed)).at(at),
            },
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def read(self, case_no: str) -> str:
        """The case's page."""
        return (await self._http.get(f"/backoffice/cases/{case_no}")).text

    async def claim(self, case_no: str) -> httpx.Response:
        return await self._post(case_no, "claim", {})

    async def decide(self, case_no: str, decision: str, **fields: str) -> httpx.Response:
        """Approve, refuse or return; the answer is the page that follows."""
        return await self._post(
            case_no, "decision", {"decision": decision, "request_key": secrets.token_hex(12), **fields}
        )

    async def _post(self, case_no: str, verb: str, fields: dict[str, str]) -> httpx.Response:
        page = await self.read(case_no)
        return await self._http.post(f"/backoffice/cases/{case_no}/{verb}", data={"csrf": _csrf(page), **fields})


def said(page: str) -> str:
    """What a page tells its reader, without markup."""
    return " ".join(re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in _SAID.findall(page)).strip()


def _csrf(page: str) -> str:
    found = _CSRF.search(page)
    if found is None:
        raise LoginFailed("a page of the back office came without its form")
    return found[1]
