"""The port to an SMS carrier (短信运营商). Any number of carriers stand behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

SubmitStatus = Literal["accepted", "rejected", "unknown"]
QueryStatus = Literal["accepted", "delivered", "failed", "not_found", "unknown"]
ReceiptStatus = Literal["delivered", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSms:
    """One message. `text` begins with the signature; `parts` is what is billed. Carriers that send by
    templates registered with them use `template` (our code) and `variables`; the others send `text`. Nothing
    personal is printed."""

    message_id: int
    mobile: str = field(repr=False)
    text: str = field(repr=False)
    parts: int
    template: str = ""
    variables: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOutcome:
    """`accepted`: the carrier has it. `rejected`: it certainly does not; `elsewhere` says that the reason
    lies with this carrier (balance, flow control, no template) so that another may take it. `unknown`: ask by
    query first."""

    status: SubmitStatus
    carrier_id: str | None = None
    code: str
    message: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOutcome:
    status: QueryStatus
    carrier_id: str | None = None
    code: str
    message: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """状态报告: what the carrier says of a message after it took it. May come twice, late, or before the
    answer to the submission."""

    carrier: str
    message_id: int
    carrier_id: str | None
    status: ReceiptStatus
    code: str
    received_at: datetime


class Carrier(Protocol):
    """Neither method raises for the carrier's trouble, and neither repeats a request by itself."""

    @property
    def name(self) -> str:
        """Kept with each message; never reused for another carrier."""
        ...

    @property
    def settling_seconds(self) -> int:
        """How long after a submission `not_found` may still turn into a message. Longer than the time limit
        of one request."""
        ...

    async def submit(self, *, message: OutgoingSms, now: datetime) -> SubmitOutcome: ...

    async def query(self, *, message_id: int, mobile: str, sent_on: date, now: datetime) -> QueryOutcome:
        """`not_found` only when the carrier says so. `sent_on` is the date in Beijing of the submission."""
        ...


@runtime_checkable
class ReceiptSource(Protocol):
    """A carrier whose receipts are fetched: a batch stays until it is acknowledged."""

    @property
    def name(self) -> str: ...

    async def fetch_receipts(self, *, now: datetime) -> tuple[list[Receipt], str]:
        """Receipts not yet acknowledged and the mark to acknowledge them by; no mark when there is nothing,
        or the carrier is away. A batch may hold receipts that cannot be read: the mark covers them too."""
        ...

    async def acknowledge_receipts(self, *, mark: str, now: datetime) -> None:
        """An acknowledgement that gets lost brings the same receipts again."""
        ...
