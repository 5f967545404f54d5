"""What login asks of the mini-program platforms (WeChat, Alipay, Baidu) and of the WeChat official account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformAccount:
    """The account of a platform that a code stood for. `subject` is the platform's name for it within our
    application; `union_subject` is the same for all applications of ours on that platform, where it has one."""

    provider: str
    subject: str
    union_subject: str | None = None

    def __post_init__(self) -> None:
        assert self.provider and self.subject, "an account without its name"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPhone:
    """A number that the platform has verified and its holder let us have. `proof` names what it was redeemed from: the
    same again is a replay."""

    mobile: str = field(repr=False)
    proof: str = field(repr=False)


class PhoneSource(Protocol):
    """One application of ours on one platform."""

    async def phone_of(self, *, given: str, now: datetime) -> PlatformPhone:
        """Redeems what the platform's button for the phone number gave the client: a code, or an answer that is signed
        and encrypted for us. Raises IdentityRejected (`code_rejected`, `token_forged`, `claims_incomplete`), or
        PartnerFailure for an outage."""
        ...


class MiniProgram(Protocol):
    """One application of ours on one platform."""

    async def account_of(self, *, code: str, now: datetime) -> PlatformAccount:
        """Redeems the code of `login`, once (code to session). Raises IdentityRejected (`code_rejected`,
        `access_denied`, `claims_incomplete`), or PartnerFailure for an outage."""
        ...
