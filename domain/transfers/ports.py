"""What transfers need from outside: the national transfer platform (全国住房公积金异地转移接续平台)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

TellingStatus = Literal["accepted", "duplicate", "rejected", "unknown"]
MessageKind = Literal["letter", "cancel", "progress", "out_info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message to the platform. `number` makes it take effect once however often it is told; `body` may hold
    personal data: never logged."""

    number: str
    kind: MessageKind
    other_centre: str
    body: dict[str, Any]

    def __repr__(self) -> str:
        return f"Telling({self.kind} {self.number})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`unknown`: no usable answer; the message may have arrived and is told again under its number."""

    status: TellingStatus
    code: str
    message: str
    receipt_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """904: what the platform says of a letter. `state` None when it knows none or gave no answer."""

    state: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreEntry:
    """909: a centre of another city."""

    code: str
    name: str
    region_code: str


class TransferPlatform(Protocol):
    """Raises nothing for trouble outside of us: it is in the answer."""

    async def tell(self, *, telling: Telling, now: datetime) -> Told: ...
    async def progress(self, *, letter_no: str, now: datetime) -> Progress: ...
    async def centres(self, *, now: datetime) -> list[CentreEntry] | None:
        """None when the platform gave no usable answer."""
        ...
