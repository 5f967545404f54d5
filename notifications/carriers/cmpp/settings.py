"""How to reach a CMPP gateway, and how that fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.kernel.failures import PartnerFailure
from notifications.carriers.cmpp import pdu


class NotSent(PartnerFailure):
    """The message was never written to the connection: the gateway certainly does not have it."""

    def __init__(self, *, partner: str, reason: str) -> None:
        super().__init__(partner=partner, reason=reason, retryable=True)


class NoAnswer(PartnerFailure):
    """Written, and no answer that can be used: the gateway may have it."""

    def __init__(self, *, partner: str, reason: str) -> None:
        super().__init__(partner=partner, reason=reason, retryable=False)


class LoginRefused(PartnerFailure):
    """`status` is CMPP's; 0 when the gateway's own proof of the secret was wrong."""

    def __init__(self, *, partner: str, status: int) -> None:
        super().__init__(partner=partner, reason=f"登录被拒（{status}）", retryable=False)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Where and how to log in. The times are the protocol's: `answer_seconds` T, `idle_seconds` C, `resends` N.
    `resend_submits`: only for a gateway that is known to recognise a sequence number that comes again; otherwise a
    SUBMIT goes out once. `reserved` places of the window are for urgent messages."""

    name: str
    host: str
    port: int = 7890
    source: str
    secret: str = field(repr=False)
    version: int = pdu.V20
    window: int = 16
    reserved: int = 2
    answer_seconds: float = 60
    idle_seconds: float = 180
    resends: int = 3
    resend_submits: bool = False
    connect_seconds: float = 10
    back_off_seconds: float = 1
    back_off_seconds_max: float = 60

    def __post_init__(self) -> None:
        assert self.version in pdu.VERSIONS, f"{self.name}: there is no version {self.version}"
        assert 0 <= self.reserved < self.window, f"{self.name}: more reserved than the window holds"
