"""Citizens and staff at the public API: they log in as everybody does, and ask again with the same request key when the
answer says that the trouble may pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp

from auth import staff
from channels.identity.provider import DemonstrationCitizen
from ops.demo.city import Citizen
from ops.simulation.auditor import Difference
from ops.simulation.stage import SEED, Stage
from ops.simulators import LOGIN_PASSWORD

HOME = """query { viewer { person { cards { id } accounts { accountNo balance held available } } }
  cases(first: 20) { edges { node { id caseNo state amount } } } }"""
APPLY = """mutation M($input: ApplyForRentWithdrawalInput!) { applyForRentWithdrawal(input: $input) {
  case { id caseNo state amount } userErrors { code } } }"""
CANCEL = "mutation M($input: CancelCaseInput!) { cancelCase(input: $input) { case { id state } userErrors { code } } }"
CLAIM = "mutation M($input: ClaimCaseInput!) { claimCase(input: $input) { case { id } userErrors { code } } }"
DECIDE = "mutation M($input: DecideCaseInput!) { decideCase(input: $input) { case { id state } userErrors { code } } }"
EVALUATE = "mutation M($input: EvaluateCaseInput!) { evaluateCase(input: $input) { case { id } userErrors { code } } }"

_REFUSED = {"case": None, "userErrors": [{"code": "FORBIDDEN"}]}
# Who lacks the right is refused at the door and not among the user's errors; to the auditor both are a no.
_FORBIDDEN: dict[str, Any] = {"claimCase": _REFUSED, "decideCase": _REFUSED}
_TOKEN_LIFE = timedelta(minutes=8)
_REPEATS_MAX = 3


@dataclass
class Callers:
    """Tokens are kept as long as they are good under the virtual clock."""

    stage: Stage
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _passwords: dict[str, str] = field(default_factory=dict)

    async def enter(self, who: Citizen | str) -> None:
        """Logs in where needed: before a cut, because a login that is cut off is begun anew by its person."""
        if isinstance(who, str):
            await self._token(who, lambda: self._sign_in(who))
        else:
            await self._token(who.key, lambda: self._log_in(who))

    def forget(self) -> None:
        """Everybody must log in again."""
        self._tokens.clear()

    async def citizen(self, citizen: Citizen, document: str, **given: Any) -> dict[str, Any]:
        """The data of the answer."""
        return await self._ask(await self._token(citizen.key, lambda: self._log_in(citizen)), document, given)

    async def staff(self, login: str, document: str, **given: Any) -> dict[str, Any]:
        return await self._ask(await self._token(login, lambda: self._sign_in(login)), document, given)

    async def _token(self, name: str, make: Any) -> str:
        token, until = self._tokens.get(name, ("", self.stage.clock.now))
        if until <= self.stage.clock.now:
            token = await make()
            self._tokens[name] = (token, self.stage.clock.now + _TOKEN_LIFE)
        return token

    async def _ask(self, token: str, document: str, given: dict[str, Any]) -> dict[str, Any]:
        body = {"query": document, "variables": {"input": given} if given else {}}
        for _ in range(_REPEATS_MAX):
            answer = await self.stage.http.post(
                f"{self.stage.base_url}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}
            )
            told: dict[str, Any] = answer.json()
            if "errors" not in told:
                data: dict[str, Any] = told["data"]
                return data
            codes = [error.get("extensions", {}).get("code") for error in told["errors"]]
            if codes == ["FORBIDDEN"]:
                return _FORBIDDEN
            if not set(codes) <= {"TEMPORARILY_UNAVAILABLE", "INTERNAL"}:
                raise Difference(f"the API answers {codes}: {told['errors'][0]['message']}")
        raise Difference(f"the API does not recover: {told['errors'][0]['message']}")

    async def _log_in(self, citizen: Citizen) -> str:
        subject = DemonstrationCitizen(name=citizen.name, document_no=citizen.document_no).subject
        base_url = self.stage.base_url
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, verify=False, timeout=60) as browser:
            start = await browser.get("/auth/login", params={"channel": "jingtong_h5", "return_to": "/h5/"})
            chosen = await browser.post(
                start.headers["location"],
                data={"citizen": subject, "password": LOGIN_PASSWORD, "decision": "grant"},
            )
            back = str(chosen.headers["location"])
            if "code" not in parse_qs(urlsplit(back).query):
                raise Difference(f"{citizen.key} cannot log in: {back}")
            await browser.get(back)
            answer = await browser.post("/auth/token", json={}, headers={"X-HPF-Client": "sim", "Origin": base_url})
            if answer.status_code != 200:
                raise Difference(f"{citizen.key} gets no token: {answer.status_code}")
            return str(answer.json()["access_token"])

    async def _sign_in(self, login: str) -> str:
        member, now = self.stage.city.staff[login], self.stage.clock()
        code = pyotp.TOTP(member.totp_secret(seed=SEED)).at(now)
        password = self._passwords.get(login, member.password(seed=SEED))
        opened = await staff.sign_in(login=login, password=password, code=code, device="simulation", now=now)
        if opened.must_change_password:
            # virtual months pass, and a password that is too old opens nothing but its own change
            self._passwords[login] = changed = f"{member.password(seed=SEED)}-{now:%y%m%d}"
            await staff.change_password(actor=opened.actor, old=password, new=changed, now=now)
        return (await staff.token_for_staff(cookie=opened.cookie, now=now)).token
