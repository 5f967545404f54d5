"""What every resolver gets: who asks, when, and the ways out of the process. Made anew for each operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from strawberry.types import Info as StrawberryInfo

from auth.face import FaceVerification
from domain.cases import Matters
from domain.contributions import PersonRegistries
from domain.kernel.actor import Actor
from domain.settlement import FundsGateway
from domain.withdrawals import Registries
from schema.loaders import Loaders


class LiveCases(Protocol):
    """News of cases, from whichever process they come."""

    def case_changes(self, case_no: str) -> AsyncGenerator[object, None]:
        """Yields once as soon as it listens, so that no change is lost between reading and listening, then
        after each change; several changes may come as one. What is yielded has no meaning: read the case
        again. Raises StoreUnavailable when the channel is lost."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`request_id` is the reference number that a caller can quote. One operation sees one `now`; each event
    of a subscription gets a context of its own."""

    actor: Actor
    now: datetime
    business_date: date
    registries: Registries
    person_registries: PersonRegistries
    matters: Matters
    live: LiveCases
    request_id: str
    loaders: Loaders = field(default_factory=Loaders)
    face: FaceVerification | None = None
    funds: FundsGateway | None = None


Info = StrawberryInfo[Context, None]
