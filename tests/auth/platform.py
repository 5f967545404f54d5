"""The identity platform as login sees it: codes that are good once, for one verifier and one nonce.

The real protocol has its contract suite in tests/contracts; this stand-in lets a test say what the platform
answers.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from auth.corporate_ports import CorporateClaims
from auth.mini_ports import PlatformAccount
from auth.ports import IdentityClaims, IdentityRejected
from domain.kernel.failures import PartnerFailure


@dataclass(frozen=True, kw_only=True)
class Citizen:
    """A document number of a district and a day that nobody was born with (check digit included)."""

    subject: str = "subject-zhang"
    name: str = "张三丰"
    document_type: str = "01"
    document_no: str = "110101190001010037"
    mobile: str | None = "13800000001"
    level: int = 3


@dataclass
class Platform:
    clock: Callable[[], datetime]
    down: bool = False
    codes: dict[str, tuple[Citizen, str, str, str]] = field(default_factory=dict)

    def authorization_url(self, *, state: str, nonce: str, code_verifier: str, redirect_uri: str) -> str:
        query = {"state": state, "nonce": nonce, "challenge": code_verifier, "redirect_uri": redirect_uri}
        return f"https://identity.example/authorize?{urlencode(query)}"

    def agree(self, url: str, citizen: Citizen) -> dict[str, str]:
        """The citizen logs in at `url`; returns the query with which the browser comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = (citizen, query["challenge"], query["nonce"], query["redirect_uri"])
        return {"state": query["state"], "code": code}

    async def exchange(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str, now: datetime, state: str = ""
    ) -> IdentityClaims:
        if self.down:
            raise PartnerFailure(partner="unified_identity", reason="connect timeout")
        if code not in self.codes:
            raise IdentityRejected("code_rejected")
        citizen, verifier, its_nonce, uri = self.codes.pop(code)
        if (verifier, uri) != (code_verifier, redirect_uri):
            raise IdentityRejected("code_rejected")
        if its_nonce != nonce:
            raise IdentityRejected("nonce_mismatch")
        return IdentityClaims(
            provider="unified_identity",
            subject=citizen.subject,
            name=citizen.name,
            document_type=citizen.document_type,
            document_no=citizen.document_no,
            mobile=citizen.mobile,
            assurance_level=citizen.level,
            authenticated_at=now,
        )


@dataclass
class Corporate:
    """The legal persons' platform: codes that a test hands out, each good once."""

    codes: dict[str, CorporateClaims] = field(default_factory=dict)

    def authorization_url(self, *, state: str, redirect_uri: str) -> str:
        return f"https://corporate.example/authorize?{urlencode({'state': state, 'redirect_uri': redirect_uri})}"

    def agree(self, url: str, claims: CorporateClaims) -> dict[str, str]:
        code = secrets.token_urlsafe(16)
        self.codes[code] = claims
        return {"state": parse_qs(urlsplit(url).query)["state"][0], "code": code}

    async def exchange(self, *, code: str, redirect_uri: str, now: datetime) -> CorporateClaims:
        if code not in self.codes:
            raise IdentityRejected("code_rejected")
        return self.codes.pop(code)


@dataclass
class Mini:
    """A mini-program platform: a code names the account, and is good once."""

    provider: str = "wechat"
    used: set[str] = field(default_factory=set)

    async def account_of(self, *, code: str, now: datetime) -> PlatformAccount:
        subject, _, rest = code.partition("-")
        if not rest or code in self.used:
            raise IdentityRejected("code_rejected")
        self.used.add(code)
        union = f"union:{rest.split('-')[1]}" if rest.count("-") else None
        return PlatformAccount(provider=self.provider, subject=subject, union_subject=union)
