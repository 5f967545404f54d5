"""资源接入与分发 at the kiosks: what the owner of the device was granted is all that a citizen can do there.

The centre's own devices have everything that the channel has. A third party's device has the documents of the service
`kiosk` that its standing grants name, within the fields of the grant and the calls of a day; what is for everybody may
be asked anywhere. Asked anew in each request, so that a grant which is suspended ends in the middle of a visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auth.grants import usage
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.dates import business_date_of

CHANNEL = "kiosk"
SERVICE = "kiosk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device of a visit. `partner_id` None: the centre's own."""

    device_no: str
    office_code: str
    partner_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """`documents`: identifiers that may run, each with its grant; `fields`: what they read and do, as `Type.field`;
    `calls`: of each grant, how many a day."""

    documents: dict[str, int]
    fields: frozenset[str]
    calls: dict[int, int]

    def does(self, operation: str) -> bool:
        """Whether a field of Query or Mutation is granted."""
        return f"Mutation.{operation}" in self.fields or f"Query.{operation}" in self.fields


async def device_of(*, actor: Actor) -> Device | None:
    """None for who is at no kiosk (any more)."""
    if actor.channel != CHANNEL or actor.session_id is None:
        return None
    row = await database.row(
        "SELECT device_no, office_code, partner_id FROM kiosk WHERE session_id = $1 AND state = 'active'",
        actor.session_id,
    )
    return None if row is None else Device(**dict(row))


async def granted_to(*, partner_id: int, now: datetime, using: Executor = database.pool) -> Granted:
    """What the grants of a device's owner let citizens do at it; nothing when none stands."""
    rows = await using.rows(
        "SELECT g.grant_id, g.calls_per_day, v.document_id, d.fields FROM service_grant g"
        " JOIN third_party p USING (partner_id) JOIN registered_service s USING (service)"
        " JOIN document_version v ON v.service = g.service AND v.name = ANY (g.documents) AND v.withdrawn_at IS NULL"
        " JOIN trusted_document d USING (document_id)"
        " WHERE g.partner_id = $1 AND g.service = $2 AND g.ends_at > $3 AND NOT g.sandbox AND g.represents = 'person'"
        " AND g.state IN ('approved', 'connected') AND p.state IN ('approved', 'connected') AND s.state = 'approved'"
        " AND d.fields <@ g.field_scopes ORDER BY g.grant_id DESC",
        partner_id,
        SERVICE,
        now,
    )
    return Granted(
        documents={row["document_id"]: row["grant_id"] for row in rows},
        fields=frozenset(field for row in rows for field in row["fields"]),
        calls={row["grant_id"]: row["calls_per_day"] for row in rows},
    )


async def granted_at(*, actor: Actor, now: datetime) -> Granted | None:
    """What is granted where the actor stands; None where nothing is limited: at no kiosk, or at one of the centre's."""
    if actor.channel != CHANNEL or actor.session_id is None:
        return None
    device = await device_of(actor=actor)
    if device is None:
        return Granted(documents={}, fields=frozenset(), calls={})
    return None if device.partner_id is None else await granted_to(partner_id=device.partner_id, now=now)


async def spend_call(*, granted: Granted, document_id: str, now: datetime) -> bool:
    """Counts one call against the day's quota of the document's grant; False when it is used up. Raises
    StoreUnavailable: what cannot be counted is not granted."""
    grant_id, today = granted.documents[document_id], business_date_of(now)
    (used,) = await usage.live_usage(grant_ids=[grant_id], day=today)
    if used.get("calls", 0) >= granted.calls[grant_id]:
        return False
    await usage.count(grant_id=grant_id, what="calls", now=now)
    return True
