"""A loaded database put back as it was, far faster than loading it again: a copy of every table stands in a schema
of its own. Needs a superuser, because rows of the ledger are immutable to everybody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from tests.conftest import empty_tables

_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'posting\\_%'
AND tablename NOT IN ('schema_migration', 'account_subject') AND tablename NOT LIKE 'pgqueuer\\_%' ORDER BY 1
"""


async def restore_or_load(*, dsn: str, load: Callable[[], Awaitable[object]]) -> None:
    """The database as `load` leaves an empty one. `load` runs once a database; `dsn` is the owner's."""
    connection = await asyncpg.connect(dsn)
    try:
        superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not superuser:
            await empty_tables(dsn)
            await load()
        elif await connection.fetchval("SELECT to_regnamespace('pristine') IS NOT NULL"):
            await _restore(connection)
        else:
            await empty_tables(dsn)
            await load()
            await _keep(connection)
    finally:
        await connection.close()


async def _keep(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("CREATE SCHEMA pristine")
        for row in await connection.fetch(_TABLES):
            await connection.execute(f"CREATE TABLE pristine.{row['tablename']} AS TABLE public.{row['tablename']}")


async def _restore(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        # neither foreign keys nor the ledger's triggers stand in the way of putting everything back
        await connection.execute("SET LOCAL session_replication_role = replica")
        for row in await connection.fetch(_TABLES):
            name = row["tablename"]
            await connection.execute(f"DELETE FROM public.{name}")
            await connection.execute(f"INSERT INTO public.{name} SELECT * FROM pristine.{name}")
        await connection.execute("DELETE FROM pgqueuer_log")
