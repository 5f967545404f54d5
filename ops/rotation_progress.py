"""How far a change of keys has come in each table: read and written in the transaction of the chunk itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.kernel.database import Record, Transaction
from domain.kernel.vault_keys import Purpose


async def place_of(tx: Transaction, purpose: Purpose, number: int, table: str) -> Record | None:
    return await tx.row(
        "SELECT last_key, finished_at FROM vault_progress WHERE purpose = $1 AND number = $2 AND table_name = $3",
        purpose,
        number,
        table,
    )


async def rows_after(
    tx: Transaction,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    *,
    last: list[str] | None,
    chunk: int,
) -> list[Record]:
    """The next rows in the order of the key. Keys come back from JSON as text and are read as their own type."""
    names = ", ".join(key)
    where = ""
    if last is not None:
        kinds = await tx.rows(
            "SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attname = ANY($2)",
            table,
            list(key),
        )
        kind_of = {row["attname"]: row["kind"] for row in kinds}
        places = ", ".join(f"${place}::text::{kind_of[name]}" for place, name in enumerate(key, start=1))
        where = f" WHERE ({names}) > ({places})"
    return await tx.rows(
        f"SELECT {', '.join(columns)} FROM {table}{where} ORDER BY {names} LIMIT {chunk}", *(last or ())
    )


async def note(
    tx: Transaction,
    purpose: Purpose,
    number: int,
    table: str,
    key: Sequence[str],
    rows: Sequence[Record],
    *,
    moved: int,
    chunk: int,
    now: datetime,
) -> None:
    last: list[Any] | None = [str(rows[-1][name]) for name in key] if rows else None
    await tx.execute(
        "INSERT INTO vault_progress AS p (purpose, number, table_name, last_key, seen, moved, finished_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (purpose, number, table_name) DO UPDATE SET"
        " last_key = coalesce(excluded.last_key, p.last_key), seen = p.seen + excluded.seen,"
        " moved = p.moved + excluded.moved, finished_at = excluded.finished_at",
        purpose,
        number,
        table,
        last,
        len(rows),
        moved,
        now if len(rows) < chunk else None,
    )
