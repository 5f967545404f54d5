"""What an area does when its case is decided. The review desk serves all areas; it reaches them through this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from domain.cases.views import CaseView
from domain.kernel.database import Transaction


class CaseMatter(Protocol):
    """One item's side of a case. Runs in the transaction of the decision, with the case's row locked; a Refused
    raised here refuses the decision."""

    async def approved(self, tx: Transaction, *, case: CaseView, now: datetime, business_date: date) -> None: ...
    async def refused(self, tx: Transaction, *, case: CaseView, now: datetime) -> None: ...
    async def cancelled(self, tx: Transaction, *, case: CaseView, now: datetime) -> None: ...


Matters = Mapping[str, CaseMatter]
"""Item identifier → its matter; built once by `ops.wiring`."""
