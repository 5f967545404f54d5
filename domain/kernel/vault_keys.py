"""The vault's keys: made, announced, used and retired, each step in the audit trail.

A key of purpose `data` seals values, one of purpose `index` finds persons and cards, one of purpose `digest` makes the
digests by which names, accounts and repeated requests are compared. A new key is announced first:
every process learns to open, and to enter under, what is made with it; from `active_from` on, when all have learned,
it seals. An index key looks up only from `looks_up_from` on, which is said when every row stands under it. A retired
key is destroyed."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Literal, get_args

from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.vault import FIRST, Keyring, Vault

Purpose = Literal["data", "index", "digest"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

REREAD = timedelta(seconds=20)
"""How often a process looks for changed keys."""
LEARNING = 3 * REREAD
"""When all have surely learned."""

_KEY_BYTES = {"data": 16, "index": 32, "digest": 32}
_LOCK = 0x485046_0020


async def refresh(*, now: datetime) -> None:
    """Installs the keys as they stand. Called at start and every `REREAD`. Raises StoreUnavailable, and ValueError when
    the master key is another than the keys were wrapped under."""
    held = vault.current()
    rows = await _rows(database.pool)
    if rows:
        vault.install(Vault(held.master_key, _ring(held, rows, now=now)))


async def ensure_first(*, now: datetime) -> None:
    """Writes the first keys down, which are derived from the master key, so that this can be changed later."""
    held = vault.current()
    index = vault.first_index_key(held.master_key)
    first = {"data": vault.first_data_key(held.master_key), "index": index, "digest": index}
    for purpose, key in first.items():
        await database.execute(
            "INSERT INTO vault_key (purpose, number, key_wrapped, announced_at, active_from, looks_up_from)"
            " VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING",
            purpose,
            FIRST,
            held.wrap(key),
            now,
            now if purpose == "index" else None,
        )


async def announce(*, actor: Actor, purpose: Purpose, now: datetime) -> int:
    """A new key, in use once every process has learned of it; its number. Raises ValueError while another rotation of
    the purpose is not finished."""
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        rows = [row for row in await _rows(tx) if row["purpose"] == purpose]
        if len(rows) > 1:
            raise ValueError("上一次密钥更换尚未完成，请待旧密钥退役后再更换。")
        number: int = max(row["number"] for row in rows) + 1
        await tx.execute(
            "INSERT INTO vault_key (purpose, number, key_wrapped, announced_at, active_from)"
            " VALUES ($1, $2, $3, $4, $5)",
            purpose,
            number,
            vault.current().wrap(os.urandom(_KEY_BYTES[purpose])),
            now,
            now + LEARNING,
        )
        await _tell(tx, actor=actor, action="vault_key.announced", purpose=purpose, number=number, now=now)
    return number


async def look_up_by(tx: Transaction, *, actor: Actor, number: int, now: datetime) -> None:
    """Every row stands under this index key: look-ups go by it from when all processes have learned."""
    changed = await tx.execute(
        "UPDATE vault_key SET looks_up_from = $2 WHERE purpose = 'index' AND number = $1 AND looks_up_from IS NULL",
        number,
        now + LEARNING,
    )
    assert changed.endswith(" 1"), "look-ups go by this key already"
    await _tell(tx, actor=actor, action="vault_key.looks_up", purpose="index", number=number, now=now)


async def retire(tx: Transaction, *, actor: Actor, purpose: Purpose, number: int, now: datetime) -> None:
    """Destroys the key: what was sealed with it, copies in backups too, opens no more."""
    await tx.execute(
        "UPDATE vault_key SET retired_at = $3, key_wrapped = NULL WHERE purpose = $1 AND number = $2"
        " AND retired_at IS NULL",
        purpose,
        number,
        now,
    )
    await _tell(tx, actor=actor, action="vault_key.retired", purpose=purpose, number=number, now=now)


async def rewrap(*, actor: Actor, new_master: bytes, now: datetime) -> int:
    """Seals every key under another master key; returns how many. All processes are started anew with it afterwards:
    until then they go on with the keys that they have in memory."""
    held, other = vault.current(), Vault(new_master)
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        rows = await _rows(tx)
        for row in rows:
            await tx.execute(
                "UPDATE vault_key SET key_wrapped = $3 WHERE purpose = $1 AND number = $2",
                row["purpose"],
                row["number"],
                other.wrap(held.unwrap(row["key_wrapped"])),
            )
        await audit.record(tx, actor=actor, action="vault_key.rewrapped", subject="vault", now=now)
    return len(rows)


async def standing(using: Executor = database.pool) -> list[Record]:
    """Keys that are not retired, without the keys themselves."""
    return await using.rows(
        "SELECT purpose, number, announced_at, active_from, looks_up_from FROM vault_key WHERE retired_at IS NULL"
        " ORDER BY purpose, number"
    )


async def digests_moved_since(*, table: str, since: datetime, now: datetime, using: Executor) -> datetime:
    """From when rows of a table may stand under another digest key than their counterparts: `since` itself, or when a
    key was announced that the table is still being moved to, or was within the hour."""
    found: datetime | None = await using.value(
        "SELECT k.announced_at FROM vault_key k LEFT JOIN vault_progress p ON p.purpose = k.purpose"
        " AND p.number = k.number AND p.table_name = $1 WHERE k.purpose = 'digest' AND k.number > $2"
        " AND (p.finished_at IS NULL OR p.finished_at > $3) ORDER BY k.number DESC LIMIT 1",
        table,
        FIRST,
        now - timedelta(hours=1),
    )
    return since if found is None else min(since, found)


async def _rows(using: Executor) -> list[Record]:
    return await using.rows(
        "SELECT purpose, number, key_wrapped, active_from, looks_up_from FROM vault_key WHERE retired_at IS NULL"
        " ORDER BY purpose, number"
    )


def _ring(held: Vault, rows: list[Record], *, now: datetime) -> Keyring:
    data: dict[int, bytes] = {}
    indexes: dict[int, bytes] = {}
    digests: dict[int, bytes] = {}
    sealing = looking_up = digesting = 0
    for row in rows:
        key = held.unwrap(row["key_wrapped"])
        if row["purpose"] == "data":
            data[row["number"]] = key
            sealing = row["number"] if row["active_from"] <= now or not sealing else sealing
        elif row["purpose"] == "digest":
            digests[row["number"]] = key
            digesting = row["number"] if row["active_from"] <= now or not digesting else digesting
        else:
            indexes[row["number"]] = key
            said = row["looks_up_from"]
            looking_up = row["number"] if (said is not None and said <= now) or not looking_up else looking_up
    if not digests:
        # a process that still has to write the first one down
        digests, digesting = {FIRST: vault.first_index_key(held.master_key)}, FIRST
    return Keyring(
        data=data,
        sealing=sealing,
        indexes=indexes,
        looking_up=looking_up,
        digests=digests,
        digesting=digesting,
    )


async def _tell(tx: Transaction, *, actor: Actor, action: str, purpose: str, number: int, now: datetime) -> None:
    await audit.record(
        tx, actor=actor, action=action, subject=f"vault_key:{purpose}:{number}", now=now, detail={"number": number}
    )
