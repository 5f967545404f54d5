"""A third party at the door: token, grant, and what it wants to run. Costs a signature and looks into memory."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from auth import configuration
from auth.grants import bearer
from auth.grants.bearer import Standing
from auth.grants.standing import STANDING, StandingGrant
from auth.tokens import TokenRefused
from domain.kernel import audit
from domain.kernel.actor import Actor

Excess = Literal["document", "fields", "delegation", "delegation_read_only"]

_QUIET_SECONDS = 60
_KEPT_MAX = 10_000
_told: dict[tuple[str, str], float] = {}


async def standing_of(*, token: str, now: datetime) -> Standing:
    """Who a partner's token lets in. Raises TokenRefused: also once the grant does not stand any more."""
    standing = await bearer.verify(token=token, now=now)
    grant = await STANDING.find(standing.grant_id)
    if grant is None or grant.partner_id != standing.partner_id or grant.purpose != standing.purpose:
        await tell_refusal(standing.actor, reason="grant_not_standing", now=now)
        raise TokenRefused("grant_ended")
    if grant.ends_at <= now:
        await tell_refusal(standing.actor, reason="grant_past_end", now=now)
        raise TokenRefused("grant_ended")
    return standing


def grant_of(actor: Actor) -> StandingGrant | None:
    """As this process knows it: the actor came in a moment ago."""
    assert actor.partnership is not None, "only third parties have grants"
    return STANDING.peek(actor.partnership.grant_id)


def excess_of(actor: Actor, *, document_id: str, changes: bool) -> tuple[Excess, str] | None:
    """Why the document may not run under the actor's grant, and about what; None when it may."""
    grant, partnership = grant_of(actor), actor.partnership
    assert partnership is not None
    beyond = None if grant is None else grant.documents.get(document_id)
    if grant is None or beyond is None:
        return "document", document_id
    if beyond:
        return "fields", beyond[0]
    if grant.represents != "nobody" and not grant.sandbox and actor.represents is None:
        return "delegation", grant.represents
    if changes and actor.represents is not None and not partnership.may_change:
        return "delegation_read_only", actor.represents
    return None


async def tell_refusal(actor: Actor, *, reason: str, now: datetime, **detail: object) -> None:
    """Into the audit trail, each refusal of a kind once a minute and process: who tries a thousand times is one event,
    and the counters have the number."""
    assert actor.partnership is not None
    key = (f"{actor.partnership.grant_id}:{actor.represents}", f"{reason}:{sorted(detail.items())}")
    at = now.timestamp()
    if at - _told.get(key, float("-inf")) < _QUIET_SECONDS and at >= _told.get(key, 0):
        return
    if len(_told) >= _KEPT_MAX:
        _told.clear()
    _told[key] = at
    await audit.record(
        None,
        actor=actor,
        action="grant.exceeded",
        subject=f"grant:{actor.partnership.grant_id}",
        outcome="refused",
        now=now,
        detail={"reason": reason, **detail},
    )


def forget() -> None:
    """For `auth.sessions.configure`."""
    STANDING.forget()
    bearer.PARTNERS.forget()
    _told.clear()


def audience() -> str:
    """What an assertion must be meant for: the address of the token endpoint."""
    return configuration.current().public_url + "/auth/partner/token"
