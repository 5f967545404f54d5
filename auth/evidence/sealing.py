"""Stamping: what waits becomes leaves, and the new head is signed. One transaction, one sealer at a time.

Called by the worker every few seconds. Nobody waits for it, and when it cannot run the events wait.
"""

from __future__ import annotations

from datetime import UTC, datetime

from auth.evidence import merkle, signing
from auth.evidence.leaves import COLUMNS, content_of
from auth.evidence.merkle import Place
from auth.evidence.verifier import head_message
from domain.kernel import database
from domain.kernel.database import Transaction

BATCH = 2000
_LOCK = 0x485046_0010


async def seal(*, now: datetime, batch: int = BATCH) -> int:
    """Stamps up to `batch` events; returns how many. Zero also while another process seals."""
    async with database.transaction() as tx:
        if not await tx.value("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        taken = await tx.rows(
            "DELETE FROM evidence_pending WHERE event_id IN (SELECT event_id FROM evidence_pending"
            " ORDER BY event_id LIMIT $1) RETURNING event_id",
            batch,
        )
        if not taken:
            return 0
        rows = await tx.rows(
            f"SELECT {COLUMNS} FROM audit_event WHERE event_id = ANY($1::bigint[]) ORDER BY event_id",
            [row["event_id"] for row in taken],
        )
        size = await _size(tx)
        kept = await _nodes(tx, merkle.frontier(size))
        made = dict(merkle.grown(size, (merkle.leaf_hash(content_of(row)) for row in rows), kept.__getitem__))
        await _write(tx, first=size, event_ids=[row["event_id"] for row in rows], made=made)
        size += len(rows)
        root = merkle.root(size, {**kept, **made}.__getitem__)
        await _sign(tx, size=size, root=root, now=now)
        return len(rows)


async def _size(tx: Transaction) -> int:
    size: int = await tx.value("SELECT coalesce(max(tree_size), 0) FROM evidence_head")
    return size


async def _nodes(tx: Transaction, places: list[Place]) -> dict[Place, bytes]:
    rows = await tx.rows(
        "SELECT level, position, hash FROM evidence_node JOIN unnest($1::int[], $2::bigint[]) AS wanted (l, p)"
        " ON level = l AND position = p",
        [level for level, _ in places],
        [position for _, position in places],
    )
    return {(row["level"], row["position"]): row["hash"] for row in rows}


async def _write(tx: Transaction, *, first: int, event_ids: list[int], made: dict[Place, bytes]) -> None:
    await tx.execute(
        "INSERT INTO evidence_leaf (position, event_id) SELECT $1::bigint + n - 1, id"
        " FROM unnest($2::bigint[]) WITH ORDINALITY AS leaf (id, n)",
        first,
        event_ids,
    )
    await tx.execute(
        "INSERT INTO evidence_node (level, position, hash) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])",
        [level for level, _ in made],
        [position for _, position in made],
        list(made.values()),
    )


async def _sign(tx: Transaction, *, size: int, root: bytes, now: datetime) -> None:
    head = {"treeSize": size, "root": root.hex(), "sealedAt": stamp_text(now)}
    message = head_message(head)
    signatures = [
        {"kid": signer.public.kid, "algorithm": signer.public.algorithm, "signature": signer.sign(message).hex()}
        for signer in await signing.signers(tx, now=now)
    ]
    await tx.execute(
        "INSERT INTO evidence_head (tree_size, root, sealed_at, signatures) VALUES ($1, $2, $3, $4)",
        size,
        root,
        now,
        signatures,
    )


def stamp_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
