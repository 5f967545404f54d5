"""Changing the keys of personal data while the house is running: re-encryption and re-indexing in small steps.

`step` does the next chunk of whatever is due and may be cut off anywhere: a chunk and the mark of how far it came
commit together. It begins only when every process has learned of the new key, so that nobody writes under the old one
behind it.

Data: every `*_cipher` column of every table is read once in the order of its key and sealed anew. Index: each person is
entered under the new key beside the old one; then look-ups change over; then cards and staff follow, and the old
entries go. Digest: each that stands beside the sealed value it is made of is made anew (`redigesting`). Keys that
nothing stands under any more are retired by a command, because a destroyed key cannot be had back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from domain.kernel import vault, vault_keys
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.vault import key_number
from domain.kernel.vault_keys import LEARNING, PURPOSES, Purpose
from ops.redigesting import DIGESTED, KEPT_FOR, digest_step, left_of_digests
from ops.reindexing import INDEXED, index_step, left_of_index
from ops.rotation_progress import note, place_of, rows_after

CHUNK = 500
FILES_CHUNK = 8

_CIPHERS = """
SELECT c.relname AS table, array_agg(a.attname::text ORDER BY a.attnum) AS ciphers,
       (SELECT array_agg(k.attname::text ORDER BY array_position(x.indkey::smallint[], k.attnum))
        FROM pg_index x JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY(x.indkey)
        WHERE x.indrelid = c.oid AND x.indisprimary) AS key
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attname LIKE '%\\_cipher' AND NOT a.attisdropped AND format_type(a.atttypid, NULL) = 'bytea'
GROUP BY c.oid, c.relname ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CipherTable:
    name: str
    key: tuple[str, ...]
    ciphers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationState:
    """`left` counts values under older keys (data) or rows without the new index (index)."""

    purpose: str
    number: int
    tables_finished: int
    tables: int
    moved: int
    left: int


async def cipher_tables(connection: asyncpg.Connection) -> list[CipherTable]:
    """Every table that holds sealed values: found in the catalogue, so that none is forgotten."""
    return [
        CipherTable(name=row["table"], key=tuple(row["key"]), ciphers=tuple(row["ciphers"]))
        for row in await connection.fetch(_CIPHERS)
    ]


async def step(*, dsn: str, now: datetime, chunk: int = CHUNK) -> int:
    """The next chunk of what is due; how many rows were seen, 0 when nothing is. Needs the owner of the tables."""
    await vault_keys.refresh(now=now)
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await _prepare(connection)
        async with connection.transaction():
            # one at a time; another runner finds nothing to do
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", 0x485046_0021):
                return 0
            tx = Transaction(connection)
            seen = 0
            if (number := await _due(tx, "data", now=now)) is not None:
                seen = await _data_step(tx, connection, number=number, now=now, chunk=chunk)
            if not seen and (number := await _due(tx, "index", now=now)) is not None:
                seen = await index_step(tx, number=number, now=now, chunk=chunk)
            if not seen and (number := await _due(tx, "digest", now=now)) is not None:
                seen = await digest_step(tx, number=number, now=now, chunk=chunk)
            return seen
    finally:
        await connection.close()


async def states(*, dsn: str, now: datetime) -> list[RotationState]:
    """How far each change of keys has come that is not finished."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await _prepare(connection)
        tx = Transaction(connection)
        found = []
        tables = await cipher_tables(connection)
        for purpose in PURPOSES:
            numbers = [row["number"] for row in await vault_keys.standing(tx) if row["purpose"] == purpose]
            if len(numbers) < 2:
                continue
            number = max(numbers)
            row = await tx.row(
                "SELECT count(*) FILTER (WHERE finished_at IS NOT NULL) AS finished, coalesce(sum(moved), 0)::bigint"
                " AS moved FROM vault_progress WHERE purpose = $1 AND number = $2",
                purpose,
                number,
            )
            assert row is not None
            left = await _left(tx, purpose, tables, number, now=now)
            found.append(
                RotationState(
                    purpose=purpose,
                    number=number,
                    tables_finished=row["finished"],
                    tables=len(_wanted(purpose, tables)),
                    moved=row["moved"],
                    left=left,
                )
            )
        return found
    finally:
        await connection.close()


async def retire_older(*, dsn: str, purpose: Purpose, now: datetime) -> list[int]:
    """Destroys the keys that the newest has taken the place of. Raises ValueError, in words, while anything still
    stands under them."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await _prepare(connection)
        async with connection.transaction():
            tx = Transaction(connection)
            rows = [row for row in await vault_keys.standing(tx) if row["purpose"] == purpose]
            number = max(row["number"] for row in rows)
            older = [row["number"] for row in rows if row["number"] != number]
            if not older:
                raise ValueError("没有可退役的旧密钥。")
            tables = await cipher_tables(connection)
            done = await tx.rows(
                "SELECT table_name FROM vault_progress WHERE purpose = $1 AND number = $2 AND finished_at IS NOT NULL",
                purpose,
                number,
            )
            left = await _left(tx, purpose, tables, number, now=now)
            if left or _wanted(purpose, tables) - {row["table_name"] for row in done}:
                raise ValueError(f"旧密钥下还有{left}个值，或有表尚未处理完，请等待更换完成。")
            newest = next(row for row in rows if row["number"] == number)
            if purpose == "digest" and newest["active_from"] + KEPT_FOR > now:
                until = business_date_of(newest["active_from"] + KEPT_FOR).isoformat()
                raise ValueError(f"旧密钥下的请求摘要须保留至{until}，请届时再退役。")
            for one in older:
                await vault_keys.retire(tx, actor=SYSTEM, purpose=purpose, number=one, now=now)
            return older
    finally:
        await connection.close()


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


async def _due(tx: Transaction, purpose: Purpose, *, now: datetime) -> int | None:
    """The newest key of a change that every process has learned of."""
    rows = [row for row in await vault_keys.standing(tx) if row["purpose"] == purpose]
    if len(rows) < 2:
        return None
    newest = max(rows, key=lambda row: row["number"])
    return newest["number"] if newest["active_from"] + LEARNING <= now else None


def _wanted(purpose: Purpose, tables: Sequence[CipherTable]) -> set[str]:
    return {"data": {table.name for table in tables}, "index": set(INDEXED), "digest": set(DIGESTED)}[purpose]


async def _left(tx: Transaction, purpose: Purpose, tables: Sequence[CipherTable], number: int, *, now: datetime) -> int:
    if purpose == "data":
        return await _left_of_data(tx, tables, number)
    return await (left_of_index(tx, number) if purpose == "index" else left_of_digests(tx, number, now=now))


# ---- data


async def _data_step(tx: Transaction, connection: asyncpg.Connection, *, number: int, now: datetime, chunk: int) -> int:
    for table in await cipher_tables(connection):
        place = await place_of(tx, "data", number, table.name)
        if place is None or place["finished_at"] is None:
            last = None if place is None else place["last_key"]
            # files are megabytes each: a chunk of them would not fit into memory
            most = min(chunk, FILES_CHUNK) if "content_cipher" in table.ciphers else chunk
            return await _reseal(tx, table, number=number, last=last, now=now, chunk=most)
    return 0


async def _reseal(
    tx: Transaction, table: CipherTable, *, number: int, last: list[str] | None, now: datetime, chunk: int
) -> int:
    rows = await rows_after(tx, table.name, table.key, (*table.key, *table.ciphers), last=last, chunk=chunk)
    held, moved = vault.current(), 0
    for row in rows:
        for column in table.ciphers:
            sealed = row[column]
            # an empty one was never sealed
            if sealed and key_number(sealed) != number:
                where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(table.key, start=3))
                # what was written meanwhile is under the new key already and stays
                await tx.execute(
                    f"UPDATE {table.name} SET {column} = $1 WHERE {column} = $2 AND {where}",
                    held.encrypt(held.decrypt(sealed)),
                    sealed,
                    *(row[name] for name in table.key),
                )
                moved += 1
    await note(tx, "data", number, table.name, table.key, rows, moved=moved, chunk=chunk, now=now)
    return max(len(rows), 1)


async def _left_of_data(tx: Transaction, tables: Sequence[CipherTable], number: int) -> int:
    left = 0
    for table in tables:
        for column in table.ciphers:
            left += await tx.value(
                f"SELECT count(*) FROM {table.name} WHERE octet_length({column}) > 3 AND (get_byte({column}, 0) <> 2"
                f" OR get_byte({column}, 1) * 256 + get_byte({column}, 2) <> $1)",
                number,
            )
    return left
