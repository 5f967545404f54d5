"""What the staff pages are given: the clock, the matters behind the review desk, ports to other parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auth.face import FaceVerification
from channels.conversations import Messengers
from domain.cases import Matters
from domain.contributions import PersonRegistries
from domain.kernel.actor import Actor
from domain.ledger import InvariantResult
from domain.settlement import FundsGateway, PaymentSettler, SettlementGateway
from domain.withdrawals import Registries

SESSION_COOKIE = "hpf_desk"
LOGIN_COOKIE = "hpf_desk_login"


class SignedIn(Protocol):
    """A fresh staff session: `cookie` is a secret for this browser alone."""

    @property
    def cookie(self) -> str: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def must_change_password(self) -> bool: ...


class StaffDoor(Protocol):
    """Logging in and out. The functions of `auth.staff` are one."""

    async def sign_in(self, *, login: str, password: str, code: str, device: str, now: datetime) -> SignedIn:
        """Raises Refused with one neutral text whatever was wrong."""
        ...

    async def actor_of(self, *, cookie: str, now: datetime) -> Actor | None:
        """None once the session has ended: logged out, idle, or too old."""
        ...

    async def sign_out(self, *, cookie: str, now: datetime) -> None: ...

    async def must_change_password(self, *, actor: Actor, now: datetime) -> bool: ...

    async def change_password(self, *, actor: Actor, old: str, new: str, now: datetime) -> None:
        """Raises Refused while the new password breaks a rule."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """A job that the queue holds because it failed. `error` names what went wrong, without personal data."""

    job_id: int
    kind: str
    subject: str
    error: str
    attempts: int
    failed_at: datetime


class JobDesk(Protocol):
    """The failed jobs of the queue: kept and shown, never dropped."""

    async def failed(self, *, most: int) -> Sequence[FailedJob]:
        """The newest first."""
        ...

    async def retry(self, *, job_id: int, now: datetime) -> bool:
        """Puts a failed job back into the queue; False when it is not among the failed ones any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BackofficeServices:
    """Built once by `ops.wiring`. `verify` proves the books; `cookie_secure` is False only over plain http on
    the developer's machine; `failed` is told of a bug with its reference number. `gateway` and `funds` reach the banks,
    `settler` books the result of a personal account's payment; without one, what needs it is refused in words."""

    clock: Callable[[], datetime]
    matters: Matters
    staff: StaffDoor
    verify: Callable[[], Awaitable[Sequence[InvariantResult]]]
    jobs: JobDesk
    cookie_secure: bool
    idle_minutes: int = 15
    failed: Callable[[BaseException, str], None] | None = None
    gateway: SettlementGateway | None = None
    funds: FundsGateway | None = None
    settler: PaymentSettler | None = None
    face: FaceVerification | None = None
    registries: Registries | None = None
    person_registries: PersonRegistries | None = None
    messengers: Messengers = field(default_factory=dict)
    public_url: str = ""
