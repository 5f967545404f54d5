"""The registry in PostgreSQL. Written by the command's role alone: a web process cannot add to what it may run.

A changed operation becomes the next version and leaves the one before it granted, because pages that are open and
applications on phones still send it; `withdraw` ends one. Each change gives the registry a new revision, by which
every process notices it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from schema.trusted.checking import Checked


class WithdrawalFault(Exception):
    """There is no such version to withdraw; the message is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Published:
    name: str
    version: int
    document_id: str
    new: bool
    """Whether this call registered the version or changed where it may run."""
    withdrawn: bool = False
    """It was withdrawn before and stays so."""


async def publish(
    tx: Transaction,
    *,
    service: str,
    documents: Sequence[tuple[Checked, frozenset[str]]],
    actor: Actor,
    now: datetime,
) -> list[Published]:
    """Registers each document for its channels. What stands already is left alone, so repeating it changes nothing.
    A version that was withdrawn stays so: its text has to be changed to be published again."""
    await _lock(tx)
    published = [
        await _publish(tx, service=service, checked=checked, channels=channels, actor=actor, now=now)
        for checked, channels in documents
    ]
    if any(each.new for each in published):
        await _changed(tx)
    return published


async def withdraw(tx: Transaction, *, service: str, name: str, version: int, actor: Actor, now: datetime) -> None:
    """Nobody may run this version of the service any more. Raises WithdrawalFault."""
    await _lock(tx)
    withdrawn = await tx.value(
        "UPDATE document_version SET withdrawn_at = $4, withdrawn_by = $5"
        " WHERE service = $1 AND name = $2 AND version = $3 AND withdrawn_at IS NULL RETURNING document_id",
        service,
        name,
        version,
        now,
        actor.reference,
    )
    if withdrawn is None:
        raise WithdrawalFault(f"没有可撤回的{service}/{name}第{version}版，请用list核对名称和版本。")
    await _changed(tx)
    await audit.record(
        tx, actor=actor, action="document.withdrawn", subject=f"document:{service}/{name}/{version}", now=now
    )


async def revision() -> int | None:
    """Differs after each change; None while nothing was ever published."""
    found: int | None = await database.value("SELECT revision FROM document_registry")
    return found


async def granted() -> list[dict[str, Any]]:
    """What may run: document_id, kind, source, public, and channels of all services together."""
    rows = await database.rows(
        "SELECT d.document_id, d.kind, d.source, d.public, array_agg(DISTINCT g.channel) AS channels"
        " FROM trusted_document d JOIN document_version v USING (document_id)"
        " JOIN document_grant g USING (service, name, version)"
        " WHERE v.withdrawn_at IS NULL GROUP BY d.document_id"
    )
    return [dict(row) for row in rows]


async def _publish(
    tx: Transaction, *, service: str, checked: Checked, channels: frozenset[str], actor: Actor, now: datetime
) -> Published:
    held = await tx.row(
        "SELECT v.version, v.withdrawn_at,"
        " array(SELECT channel FROM document_grant g WHERE g.service = v.service AND g.name = v.name"
        " AND g.version = v.version) AS channels"
        " FROM document_version v WHERE service = $1 AND name = $2 AND document_id = $3",
        service,
        checked.name,
        checked.document_id,
    )
    if held is None:
        version = await _register(tx, service=service, checked=checked, actor=actor, now=now)
    else:
        version = held["version"]
        if held["withdrawn_at"] is not None:
            return Published(checked.name, version, checked.document_id, new=False, withdrawn=True)
        if set(held["channels"]) == channels:
            return Published(checked.name, version, checked.document_id, new=False)
        await tx.execute(
            "DELETE FROM document_grant WHERE service = $1 AND name = $2 AND version = $3",
            service,
            checked.name,
            version,
        )
    await tx.execute(
        "INSERT INTO document_grant (service, name, version, channel, granted_at, granted_by)"
        " SELECT $1, $2, $3, channel, $5, $6 FROM unnest($4::text[]) AS channel",
        service,
        checked.name,
        version,
        sorted(channels),
        now,
        actor.reference,
    )
    await audit.record(
        tx,
        actor=actor,
        action="document.published",
        subject=f"document:{service}/{checked.name}/{version}",
        now=now,
        detail={"documentId": checked.document_id, "channels": sorted(channels), "pointsMax": checked.points_max},
    )
    return Published(checked.name, version, checked.document_id, new=True)


async def _register(tx: Transaction, *, service: str, checked: Checked, actor: Actor, now: datetime) -> int:
    described = checked.described
    await tx.execute(
        "INSERT INTO trusted_document (document_id, source, kind, public, points_max, fields, rights, sentences,"
        " registered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (document_id) DO NOTHING",
        checked.document_id,
        checked.source,
        checked.kind,
        described.public,
        checked.points_max,
        list(described.fields),
        list(described.rights),
        list(described.sentences),
        now,
    )
    version: int = await tx.value(
        "INSERT INTO document_version (service, name, version, document_id, published_at, published_by)"
        " SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 FROM document_version"
        " WHERE service = $1 AND name = $2 RETURNING version",
        service,
        checked.name,
        checked.document_id,
        now,
        actor.reference,
    )
    return version


async def _lock(tx: Transaction) -> None:
    """One publication at a time, so that versions count up."""
    await tx.execute("LOCK TABLE document_version IN SHARE ROW EXCLUSIVE MODE")


async def _changed(tx: Transaction) -> None:
    await tx.execute(
        "INSERT INTO document_registry (one, revision) VALUES (true, $1)"
        " ON CONFLICT (one) DO UPDATE SET revision = excluded.revision",
        new_id(),
    )
