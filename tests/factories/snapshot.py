"""What the database holds, to show that a refused operation changed nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.kernel import database

# Logging in and the audit trail go on beside what is tested: refusals are recorded, sessions are used.
_BESIDE = frozenset(
    {
        "audit_event",
        "channel_health",
        "channel_traffic",
        "evidence_pending",
        "record_access",
        # what a rule refused is kept for rehearsals
        "refused_application",
        "login_session",
        "refresh_token",
        "schema_migration",
        "signing_key",
        "staff",
    }
)


async def snapshot() -> dict[str, tuple[int, str]]:
    """Rows and a digest of their content, for every table of the business and of the queue."""
    tables = [
        row["relname"]
        for row in await database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT LIKE 'pgqueuer\\_%' ORDER BY 1"
        )
        if row["relname"] not in _BESIDE
    ]
    counted = " UNION ALL ".join(
        f"SELECT '{name}' AS name, count(*) AS rows,"
        f" coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS digest FROM {name} t"
        for name in tables
    )
    return {row["name"]: (row["rows"], row["digest"]) for row in await database.rows(counted)}


@asynccontextmanager
async def nothing_changed() -> AsyncIterator[None]:
    """Fails when any table differs after the block from what it was before."""
    before = await snapshot()
    yield
    after = await snapshot()
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not changed, f"changed: {changed}"
