"""What exchange needs of a partner: that it takes the result of what it pushed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from domain.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One row of a push. `declared` and `base` say what a declared wage became and which limit moved it."""

    row_no: int
    state: str
    code: str
    message: str
    declared: Money | None
    base: Money | None
    determined_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a push has come to. `state` as in `bodies.STATE_NAMES`."""

    source: str
    message_no: str
    kind: str
    uscc: str
    state: str
    code: str
    message: str
    employer_no: int | None
    month: str
    done: int
    refused: int
    ended_at: datetime | None
    rows: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the partner answered: `unknown` is told again later."""

    status: Literal["accepted", "unknown"]
    receipt_no: str = ""
    reason: str = ""


class ExchangePartner(Protocol):
    async def tell(self, *, result: Result, now: datetime) -> Told:
        """Tells once; telling again is safe. No exception for the partner's trouble."""
        ...
