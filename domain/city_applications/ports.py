"""What applications need from outside: the city's platform (市统一申办受理平台) that hears what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

ReportingStatus = Literal["accepted", "duplicate", "rejected", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDocument:
    """The sealed PDF of a result, the same bytes each time."""

    paper_no: str
    file_name: str
    content: bytes

    def __repr__(self) -> str:
        return f"ResultDocument({self.paper_no})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One status of one application; `number` makes it take effect once."""

    number: str
    project_no: str
    seq: int
    status: str
    note: str
    at: datetime
    document: ResultDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """`unknown`: no usable answer; it is told again under its number."""

    status: ReportingStatus
    code: str
    message: str
    receipt_no: str | None = None


class CityPlatform(Protocol):
    """Raises nothing for trouble outside of us: it is in the answer."""

    async def report(self, *, report: Report, now: datetime) -> Reported: ...
