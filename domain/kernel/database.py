"""The one way to PostgreSQL: rows and short SQL, inside or outside a transaction.

SQL runs on Tortoise's own asyncpg pool, so that ORM rows and SQL share one transaction. Nothing here decides;
areas keep their statements beside their queries and actions. Parameters are `$1…`; jsonb takes and gives Python
objects; a lost or refused connection is `StoreUnavailable`, which is safe to repeat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import asyncpg
import asyncpg.exceptions
import orjson
from tortoise import Tortoise
from tortoise.connection import connections, get_connections
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from domain.kernel.failures import StoreUnavailable

Record = asyncpg.Record

_AWAY = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InterfaceError,
    asyncpg.exceptions.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
)


@contextmanager
def store_reachable() -> Iterator[None]:
    """A lost or refused connection inside the block becomes `StoreUnavailable`."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable(f"PostgreSQL: {type(error).__name__}") from error


class Executor(Protocol):
    """Where SQL can run: `pool` outside a transaction, or the transaction in hand."""

    async def rows(self, sql: str, *values: object) -> list[Record]: ...
    async def row(self, sql: str, *values: object) -> Record | None: ...
    async def value(self, sql: str, *values: object) -> Any: ...
    async def execute(self, sql: str, *values: object) -> str: ...


class Transaction:
    """One open transaction; made by `transaction()` only."""

    __slots__ = ("_connection",)

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: object) -> list[Record]:
        with store_reachable():
            return await self._connection.fetch(sql, *values)

    async def row(self, sql: str, *values: object) -> Record | None:
        with store_reachable():
            found: Record | None = await self._connection.fetchrow(sql, *values)
            return found

    async def value(self, sql: str, *values: object) -> Any:
        with store_reachable():
            return await self._connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        with store_reachable():
            return await self._connection.execute(sql, *values)


class _Pool:
    """Statements outside a transaction, each on a connection of its own."""

    async def rows(self, sql: str, *values: object) -> list[Record]:
        with store_reachable():
            return await _asyncpg_pool().fetch(sql, *values)

    async def row(self, sql: str, *values: object) -> Record | None:
        with store_reachable():
            found: Record | None = await _asyncpg_pool().fetchrow(sql, *values)
            return found

    async def value(self, sql: str, *values: object) -> Any:
        with store_reachable():
            return await _asyncpg_pool().fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        with store_reachable():
            return await _asyncpg_pool().execute(sql, *values)


pool: Executor = _Pool()
rows = pool.rows
row = pool.row
value = pool.value
execute = pool.execute


@asynccontextmanager
async def transaction() -> AsyncIterator[Transaction]:
    """Commits when the block ends, rolls back when it raises. Not to be nested: an action owns its transaction."""
    context = in_transaction()
    with store_reachable():
        try:
            wrapper = await context.__aenter__()
        except BaseException:
            await _give_back(context)
            raise
    try:
        yield Transaction(wrapper._connection)
    except BaseException as error:
        # After a lost connection the rollback fails as well; the first error is the one to tell.
        try:
            await context.__aexit__(type(error), error, error.__traceback__)
        except _AWAY as lost:
            raise StoreUnavailable("PostgreSQL: connection lost in a transaction") from lost
        raise
    with store_reachable():
        await context.__aexit__(None, None, None)


async def _give_back(context: Any) -> None:
    """Releases the connection of a transaction that never began, because its caller gave up or the store went away
    meanwhile: Tortoise keeps it then, and so many times over nobody gets one any more."""
    client = context.client
    connection, client._connection = getattr(client, "_connection", None), None
    if connection is not None:
        await client._parent._pool.release(connection)
    if (token := getattr(context, "token", None)) is not None:
        get_connections().reset(token)


@asynccontextmanager
async def rehearsal() -> AsyncIterator[Transaction]:
    """A transaction that is always rolled back: what `dryRun` runs in."""

    class _Leave(Exception):
        pass

    try:
        async with transaction() as tx:
            yield tx
            raise _Leave
    except _Leave:
        return


class SteadyConnection(asyncpg.Connection):
    """A connection without the session reset at each release, which costs a third of a small request. Therefore
    only `SET LOCAL` and transaction-level locks may be used on it."""

    def get_reset_query(self) -> str:
        return ""


def _encode_json(value: Any) -> str:
    # The ORM hands over text that it has encoded itself; a bare JSON string is never stored.
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode_json, decoder=orjson.loads)


def tortoise_config(*, dsn: str, role: str, models: list[str], pool_min: int = 1, pool_max: int = 20) -> dict[str, Any]:
    """Tortoise settings for a DSN `postgresql://user:password@host:port/database`. Every session runs as `role`,
    which has no right to write the ledger."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(dsn)
    credentials = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 5432,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        "minsize": pool_min,
        "maxsize": pool_max,
        "connection_class": SteadyConnection,
        "init": _prepare_connection,
        "timeout": 5,
        "command_timeout": 30,
        "server_settings": {"role": role, "application_name": "hpf", "jit": "off", "timezone": "UTC"},
    }
    return {
        "connections": {"default": {"engine": "domain.kernel.orm", "credentials": credentials}},
        "apps": {"domain": {"models": models, "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


_spread = [False]


def is_spread() -> bool:
    """Whether rows are spread over several machines by their keys: reads then take the steps that stay on one each."""
    return _spread[0]


async def connect(*, config: dict[str, Any], spread: bool = False) -> None:
    """Opens the pool. `config` comes from `tortoise_config`."""
    _spread[:] = [spread]
    await Tortoise.init(config=config, _enable_global_fallback=True)
    client = connections.get("default")
    try:
        with store_reachable():
            await client.create_connection(with_db=True)
        _opened[:] = [client._pool]
    except asyncpg.exceptions.InvalidParameterValueError as error:
        # The migrations make the role: a database without it has none of the tables either.
        raise StoreUnavailable(f"PostgreSQL: {error}; apply the migrations first") from error


async def disconnect() -> None:
    _opened.clear()
    await Tortoise.close_connections()


_opened: list[asyncpg.Pool] = []


def _asyncpg_pool() -> asyncpg.Pool:
    if not _opened:
        raise StoreUnavailable("PostgreSQL: no pool is open")
    return _opened[0]
