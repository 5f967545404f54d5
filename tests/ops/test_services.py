"""The stores of the test run: migrated, ours alone."""

from urllib.parse import urlsplit

import asyncpg
import redis.asyncio

from tests.services import Services


async def test_the_database_is_migrated_and_ours(services: Services, worker_id: str) -> None:
    connection = await asyncpg.connect(services.database_url, timeout=10)
    try:
        assert str(await connection.fetchval("SELECT current_database()")).endswith(f"_{worker_id}")
        assert await connection.fetchval("SELECT count(*) FROM schema_migration") > 0
    finally:
        await connection.close()


async def test_the_key_space_is_writable(services: Services) -> None:
    async with redis.asyncio.from_url(services.redis_url, socket_timeout=5) as client:
        await client.set(f"{services.redis_prefix}probe", "1", ex=60)
        assert await client.get(f"{services.redis_prefix}probe") == b"1"
    assert urlsplit(services.redis_url).hostname is not None
