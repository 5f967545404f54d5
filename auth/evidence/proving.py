"""Evidence files: events with the proof that each stands in the log, the signed head, and the way there from an older
one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auth.evidence import merkle
from auth.evidence.leaves import COLUMNS, event_of
from auth.evidence.merkle import Nodes, Place
from auth.evidence.sealing import stamp_text
from auth.evidence.verifier import FORMAT
from domain.kernel import database

EVENTS_MOST = 1000


async def latest_head() -> dict[str, Any] | None:
    """None while nothing was sealed."""
    row = await database.row("SELECT * FROM evidence_head ORDER BY tree_size DESC LIMIT 1")
    if row is None:
        return None
    return {
        "treeSize": row["tree_size"],
        "root": row["root"].hex(),
        "sealedAt": stamp_text(row["sealed_at"]),
        "signatures": row["signatures"],
    }


async def public_keys() -> list[dict[str, str]]:
    rows = await database.rows("SELECT kid, algorithm, public_pem FROM evidence_key ORDER BY created_at, kid")
    return [{"kid": row["kid"], "algorithm": row["algorithm"], "publicKey": row["public_pem"]} for row in rows]


async def proof_file(
    *, actor: str | None = None, subjects: tuple[str, ...] = (), since: int | None = None, most: int = EVENTS_MOST
) -> dict[str, Any] | None:
    """The newest sealed events by an actor (its reference) or about these subjects, oldest first. `since` is the size
    of a log that the reader has kept. None while nothing was sealed."""
    head = await latest_head()
    if head is None:
        return None
    size = head["treeSize"]
    names = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
    rows = await database.rows(
        f"SELECT {names}, l.position FROM audit_event e JOIN evidence_leaf l USING (event_id)"
        " WHERE (e.actor = $1 OR e.subject = ANY($2::text[])) AND l.position < $3"
        " ORDER BY l.position DESC LIMIT $4",
        actor,
        list(subjects),
        size,
        min(most, EVENTS_MOST),
    )
    events = []
    for row in reversed(rows):
        proof = await _worked_out(lambda nodes, at=row["position"]: merkle.inclusion(at, size, nodes))  # type: ignore[misc]
        events.append({"position": row["position"], "event": event_of(row), "proof": [step.hex() for step in proof]})
    file: dict[str, Any] = {"format": FORMAT, "keys": await public_keys(), "head": head, "events": events}
    if since is not None and 0 < since < size:
        steps = await _worked_out(lambda nodes: merkle.consistency(since, size, nodes))
        file["consistency"] = {"from": since, "proof": [step.hex() for step in steps]}
    return file


async def _worked_out(work: Callable[[Nodes], list[bytes]]) -> list[bytes]:
    """Two passes: which hashes are needed, then the answer from them."""
    places: list[Place] = merkle.needed(work)
    rows = await database.rows(
        "SELECT level, position, hash FROM evidence_node JOIN unnest($1::int[], $2::bigint[]) AS wanted (l, p)"
        " ON level = l AND position = p",
        [level for level, _ in places],
        [position for _, position in places],
    )
    found = {(row["level"], row["position"]): row["hash"] for row in rows}
    return work(found.__getitem__)
