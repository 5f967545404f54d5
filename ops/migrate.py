"""Brings a database to the newest schema: `python -m ops.migrate`.

Migrations are the SQL files of `ops/migrations` in the order of their names. Two processes at once are safe: the
second waits at an advisory lock and finds nothing to do. An applied file that was changed afterwards is an error.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from pgqueuer.queries import Queries

from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.digest import sm3_hex

MIGRATIONS = Path(__file__).parent / "migrations"
PARTITIONS_BEHIND = 72
PARTITIONS_AHEAD = 13

_LOCK = 0x485046  # "HPF"

log = logging.getLogger("hpf.migrate")


class MigrationError(Exception):
    """The database and the migrations do not belong together."""


async def migrate(dsn: str, *, now: datetime | None = None) -> list[str]:
    """Applies what is missing, each file in its own transaction, and returns the names applied."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _apply_files(connection)
        await _install_queue(connection)
        await ensure_partitions(connection, around=now or datetime.now(UTC))
        return applied
    finally:
        await connection.close()


async def _apply_files(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration"
        " (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    known = {row["name"]: row["digest"] for row in await connection.fetch("SELECT name, digest FROM schema_migration")}
    files = sorted(MIGRATIONS.glob("*.sql"))
    unknown = known.keys() - {path.name for path in files}
    if unknown:
        raise MigrationError(f"the database is newer than this checkout: it has {', '.join(sorted(unknown))}")
    applied = []
    for path in files:
        digest = sm3_hex(path.read_bytes())
        if path.name in known:
            if known[path.name] != digest:
                raise MigrationError(f"{path.name} was changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(path.read_text())
            await connection.execute("INSERT INTO schema_migration (name, digest) VALUES ($1, $2)", path.name, digest)
        log.info("applied %s", path.name)
        applied.append(path.name)
    return applied


async def _install_queue(connection: asyncpg.Connection) -> None:
    queue = Queries.from_asyncpg_connection(connection)
    if not await queue.schema_is_installed():
        await queue.install()
    await connection.execute(_QUEUE_RIGHTS)


_QUEUE_RIGHTS = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'pgqueuer%' LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hpf_app', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND sequencename LIKE 'pgqueuer%' LOOP
        EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO hpf_app', name);
    END LOOP;
END $$;
"""


async def ensure_partitions(connection: asyncpg.Connection, *, around: datetime) -> None:
    """Makes the postings' monthly partitions from six years back to a year ahead, outside any transaction. June's
    leaves are half full, because the interest of its last day comes between the lines that are there."""
    month = YearMonth.of(business_date_of(around)).minus(months=PARTITIONS_BEHIND)
    for _ in range(PARTITIONS_BEHIND + PARTITIONS_AHEAD + 1):
        made = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"posting_{month.period}")
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS posting_{month.period} PARTITION OF posting"
            f" FOR VALUES FROM ({month.period}) TO ({month.plus(months=1).period})"
        )
        if month.month == 6 and not made:
            await connection.execute(f"ALTER INDEX posting_{month.period}_pkey SET (fillfactor = 50)")
        month = month.plus(months=1)


def main() -> None:
    from ops.settings import Settings

    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    try:
        applied = asyncio.run(migrate(str(Settings().database_url)))
    except MigrationError as error:
        raise SystemExit(f"the database cannot be brought up to date: {error}") from error
    print(f"database is up to date ({len(applied)} migrations applied)")


if __name__ == "__main__":
    main()
