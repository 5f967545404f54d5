"""Ending tokens that were given out, at once and on every process: the same markers as for login sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from auth import rights, store
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.refusal import NOT_PERMITTED, Refused


async def require_stopper(actor: Actor, *, action: str, subject: str, now: datetime) -> None:
    """Stopping somebody is safe: either administrator may, alone. Raises Refused."""
    if not (rights.may(actor, "grants.register") or rights.may(actor, "grants.approve")):
        await audit.record(None, actor=actor, action=action, subject=subject, outcome="refused", now=now)
        raise Refused(NOT_PERMITTED())


async def revoke_tokens(
    *, column: Literal["partner_id", "grant_id", "delegation"], value: object, now: datetime
) -> int:
    """Redis first, as in `auth.sessions`: without it the caller hears that the tokens are not surely ended. Returns how
    many were alive."""
    rows = await database.rows(
        f"SELECT session_id FROM partner_token WHERE {column} = $1 AND revoked_at IS NULL AND expires_at > $2",
        value,
        now,
    )
    session_ids = [row["session_id"] for row in rows]
    if not session_ids:
        return 0
    await store.mark_ended(session_ids=session_ids)
    await database.execute(
        "UPDATE partner_token SET revoked_at = $2 WHERE session_id = ANY($1::bigint[]) AND revoked_at IS NULL",
        session_ids,
        now,
    )
    await store.mark_ended(session_ids=session_ids)
    return len(session_ids)
