"""重新认证: a phone stays logged in for weeks, but what moves money or changes who is reached asks for a fresh login.

How old a login may be for that is a value of policy for each kind of channel (`SessionLimits.renewal`); a channel
without one has sessions that are shorter anyway. What is refused says where to log in again; nothing was changed, and
the same request goes through afterwards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from auth import configuration
from auth.doors import START_PAGE
from auth.refusals import RENEWAL_OF_LOGIN
from domain import policy
from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused


class RenewalRequired(Refused):
    """Refused until the person has logged in again at `login_url`."""

    def __init__(self, *, hours: int, login_url: str) -> None:
        super().__init__(RENEWAL_OF_LOGIN(hours=hours))
        self.login_url = login_url


async def require_recent(*, actor: Actor, operation: str, now: datetime) -> None:
    """Raises RenewalRequired for a citizen whose login is too old for this operation. Others have no such sessions."""
    if not actor.is_in_person or actor.signed_in_at is None:
        return
    settings = configuration.current()
    limits = settings.channels.get(actor.channel)
    if limits is None or limits.renewal is None:
        return
    hours = int(policy.on(business_date_of(now)).number(limits.renewal))
    if now - actor.signed_in_at < timedelta(hours=hours):
        return
    await audit.record(
        None,
        actor=actor,
        action="login.renewal_required",
        subject=f"person:{actor.person_id}",
        outcome="refused",
        now=now,
        detail={"operation": operation},
    )
    query = urlencode({"channel": actor.channel, "return_to": START_PAGE})
    raise RenewalRequired(hours=hours, login_url=f"{settings.public_url}/auth/login?{query}")
