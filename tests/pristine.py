"""A database put back between tests, as its owner: emptied, or as it was when it had been loaded.

One function of the database does it, over one connection of the process, so that two hundred tables cost no planning
after the first time. Needs a superuser, because rows of the ledger are immutable to everybody else; another owner
truncates and loads again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import asyncpg

# Rows of the ledger cannot be deleted one by one, but whole tables can be emptied by their owner.
_KEPT = ("schema_migration", "account_set", "account_subject", "pgqueuer_migration", "pgqueuer_schema")
_BACKGROUND = ("pgqueuer_", "channel_health", "channel_traffic")
_REFERENCE = ("deposit_rate", "book_calendar")
TABLES = f"""
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'posting\\_%'
AND tablename <> ALL ('{{{",".join(_KEPT)}}}') ORDER BY 1
"""
_FIRST_DAY = "UPDATE book_calendar SET closed_through = NULL; DELETE FROM deposit_rate WHERE index_before > 0;"

_connections: dict[str, asyncpg.Connection] = {}


async def empty_tables(dsn: str) -> None:
    """Every table empty, but for the chart of accounts; no day closed, one deposit rate."""
    owner = await _owner(dsn)
    if owner is None:
        await _truncate(dsn)
    else:
        if not await _knows(owner, "emptying.put_back"):
            await _make_emptying(owner)
        await owner.execute("SELECT emptying.put_back()")


async def restore_or_load(*, dsn: str, load: Callable[[], Awaitable[object]]) -> None:
    """The database as `load` leaves an empty one. `load` runs once a database; `dsn` is the owner's."""
    owner = await _owner(dsn)
    if owner is None:
        await _truncate(dsn)
        await load()
    elif await _knows(owner, "pristine.put_back"):
        await owner.execute("SELECT pristine.put_back()")
    else:
        await empty_tables(dsn)
        await load()
        await _keep(owner, "pristine")


async def keep(dsn: str) -> Callable[[], Awaitable[object]]:
    """Keeps every table as it is now; the function that is given puts all of it back, as often as it is called."""
    owner = await _owner(dsn)
    assert owner is not None, "rows of the ledger are put back by a superuser only"
    await owner.execute("DROP SCHEMA IF EXISTS kept CASCADE")
    await _keep(owner, "kept")
    return lambda: owner.execute("SELECT kept.put_back()")


async def _owner(dsn: str) -> asyncpg.Connection | None:
    """The connection that neither foreign keys nor the ledger's triggers stand in the way of; None when the owner is no
    superuser."""
    known = _connections.get(dsn)
    if known is not None and not known.is_closed():
        return known
    connection = await asyncpg.connect(dsn)
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await connection.close()
        return None
    # for good: changing it throws plans away
    await connection.execute("SET session_replication_role = replica")
    _connections[dsn] = connection
    return connection


async def _knows(owner: asyncpg.Connection, function: str) -> bool:
    known: bool = await owner.fetchval("SELECT to_regproc($1) IS NOT NULL", function)
    return known


async def _make_emptying(owner: asyncpg.Connection) -> None:
    names = [row["tablename"] for row in await owner.fetch(TABLES)]
    await _make(owner, "emptying", [*(_without_rows(name) for name in names if name not in _REFERENCE), _FIRST_DAY])


async def _keep(owner: asyncpg.Connection, schema: str) -> None:
    """A copy of every table in a schema of its own, and the function that puts them back. What processes write in the
    background, at any moment, is emptied only."""
    await owner.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    steps = []
    for row in await owner.fetch(TABLES):
        name = row["tablename"]
        steps.append(_without_rows(name))
        if not name.startswith(_BACKGROUND) and await owner.fetchval(f"SELECT EXISTS (SELECT FROM public.{name})"):
            await owner.execute(f"CREATE TABLE {schema}.{name} AS TABLE public.{name}")
            steps.append(f"INSERT INTO public.{name} SELECT * FROM {schema}.{name};")
    await _make(owner, schema, steps)


async def _make(owner: asyncpg.Connection, schema: str, steps: Sequence[str]) -> None:
    body = "\n".join(steps)
    await owner.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await owner.execute(
        f"CREATE FUNCTION {schema}.put_back() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n{body}\nEND $$"
    )


def _without_rows(name: str) -> str:
    """What is empty is passed over: far faster than truncating two hundred tables of which few have rows."""
    return f"IF EXISTS (SELECT FROM public.{name}) THEN DELETE FROM public.{name}; END IF;"


async def _truncate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        names = [row["tablename"] for row in await connection.fetch(TABLES) if row["tablename"] not in _REFERENCE]
        await connection.execute(f"TRUNCATE {', '.join(names)}")
        await connection.execute(_FIRST_DAY)
    finally:
        await connection.close()
