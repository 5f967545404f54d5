"""`partner_client`: a third party that calls the house, with a grant of one's choice and whomever it stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.city import ApiClient, RunningHouse
from tests.factories import partners, people
from tests.factories.partners import Party


@dataclass
class PartnerClient(ApiClient):
    party: Party
    grant_id: int

    @property
    def party_name(self) -> str:
        return self.party.name


PartnerEnter = Callable[..., Awaitable[PartnerClient]]


@pytest.fixture
def partner_client(running: RunningHouse) -> PartnerEnter:
    """`await partner_client("KioskBalance", stands_for="zhang_wei")`: with a token under a grant of these documents.
    Further names change the grant's terms, as in `tests.factories.partners.terms`."""

    async def enter(
        *documents: str,
        stands_for: str | None = None,
        may_change: bool = False,
        base_url: str | None = None,
        **changes: Any,
    ) -> PartnerClient:
        now = running.clock()
        sandbox = changes.get("sandbox", False)
        await partners.published(running.settings.database_url, now=now)
        party = await partners.registered(now=now, sandbox=sandbox)
        represents = changes.pop("represents", "person" if stands_for or sandbox else "nobody")
        grant_id = await partners.granted(party, *documents, now=now, represents=represents, **changes)
        asked: dict[str, Any] = {"purpose": changes.get("purpose", partners.PURPOSE)}
        if stands_for is not None and not sandbox:
            asked["delegation"] = await partners.delegated(
                party, person=await people.citizen(stands_for), now=now, may_change=may_change, purpose=asked["purpose"]
            )
        token = await partners.token(party, now=now, **asked)
        return PartnerClient(base_url or running.base_url, token, party, grant_id)

    return enter
