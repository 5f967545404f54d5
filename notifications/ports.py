"""The port to an SMS carrier (短信运营商). Any number of carriers stand behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

SubmitStatus = Literal["accepted", "rejected", "unknown"]
QueryStatus = Literal["accepted", "delivered", "failed", "not_found", "unknown"]
ReceiptStatus = Literal["delivered", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSms:
    """One message. `text` begins with the signature; `parts` is what is billed. Carriers that send by
    templates registered with them use `template` (our code) and `variables`; the others send `text`. `urgent` goes
    ahead of whatever else waits for the same connection. Nothing personal is printed."""

    message_id: int
    mobile: str = field(repr=False)
    text: str = field(repr=False)
    parts: int
    template: str = ""
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOutcome:
    """`accepted`: the carrier has it. `rejected`: it certainly does not; `elsewhere` says that the reason
    lies with this carrier (balance, flow control, no template) so that another may take it. `unknown`: ask by
    query first. `part_ids` are the carrier's numbers of the parts that it took, by our number of the part, where it
    numbers them apart: they are billed even if the message as a whole was refused."""

    status: SubmitStatus
    carrier_id: str | None = None
    code: str
    message: str
    elsewhere: bool = False
    part_ids: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOutcome:
    status: QueryStatus
    carrier_id: str | None = None
    code: str
    message: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """状态报告: what the carrier says of a message, or of one part, after it took it. May come twice, late, or before
    the answer to the submission. `message_id` is ours where the carrier gives it back; otherwise `carrier_id` finds
    the message, or `mobile` and `extension` (the last digits of the number we sent from) do."""

    carrier: str
    message_id: int | None
    carrier_id: str | None
    status: ReceiptStatus
    code: str
    received_at: datetime
    mobile: str | None = field(default=None, repr=False)
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSms:
    """上行短信: what somebody sent to our number, or one piece of it (`reference` ties pieces together)."""

    carrier: str
    carrier_id: str
    mobile: str = field(repr=False)
    dest: str
    text: str = field(repr=False)
    received_at: datetime
    reference: int | None = None
    total: int = 1
    number: int = 1


Taker = Callable[[Sequence[Receipt], Sequence[InboundSms]], Awaitable[None]]
"""Keeps what a carrier brought; it is acknowledged only after this returns."""


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


@runtime_checkable
class Funded(Protocol):
    """A carrier that tells how many parts are paid for. One that does not says why in its `codes.yaml`."""

    @property
    def name(self) -> str: ...

    async def balance_parts(self, *, now: datetime) -> int | None:
        """None when it does not answer, or not as agreed: nothing is known then, least of all that nothing is left.
        Never raises for the carrier's trouble."""
        ...


@runtime_checkable
class LongConnection(Protocol):
    """A carrier that is reached by a connection which one process holds; the others cannot send by it."""

    @property
    def name(self) -> str: ...

    @property
    def connections_max(self) -> int:
        """How many connections the contract allows at once, over all processes."""
        ...

    @property
    def online(self) -> bool:
        """Whether this process can send by it now."""
        ...

    @property
    def condition(self) -> str:
        """For staff: online, or why not."""
        ...

    async def hold(self, *, take: Taker) -> None:
        """Keeps the connection up until cancelled."""
        ...
