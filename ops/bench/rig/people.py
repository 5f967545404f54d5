"""Logged-in citizens for the bench: sessions and access tokens of the platform's own making."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from auth import tokens
from domain.kernel.identifiers import mask_name
from ops.bench.rig.population import NAME, Citizen

CHANNEL = "jingtong_h5"
SESSION_HOURS = 12


async def log_in(*, dsn: str, citizens: Sequence[Citizen], now: datetime) -> dict[int, str]:
    """Access tokens by the citizen's index. The login service must be configured (`ops.wiring.open_house`)."""
    ends_at = now + timedelta(hours=SESSION_HOURS)
    sessions = [
        (each.session_id, "citizen", each.person_id, CHANNEL, "real_name", now, now, ends_at) for each in citizens
    ]
    columns = ["session_id", "kind", "person_id", "channel", "assurance", "created_at", "last_seen_at", "expires_at"]
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.copy_records_to_table("login_session", records=sessions, columns=columns)
    finally:
        await connection.close()
    return {
        citizen.index: (
            await tokens.issue(
                holder="citizen",
                identity=citizen.person_id,
                session_id=citizen.session_id,
                channel=CHANNEL,
                assurance="real_name",
                name=mask_name(NAME),
                session_expires_at=ends_at,
                now=now,
            )
        ).token
        for citizen in citizens
    }
