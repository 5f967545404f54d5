"""来报登记: a message is one row before it is answered, so that an answer never promises what could be lost.

A partner may tell the same message as often as it likes: the number of the message and the digest of what it says
decide. The same number with other content is put into quarantine and touches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id

FAULT_LENGTH_MAX = 200
CONFLICT = "报文编号与先前报文相同，而内容不一致"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a telling. `standing` names the message whose content counts under this number."""

    message_id: int
    state: Literal["received", "done", "quarantined", "closed"]
    repeated: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A kept message on its way to its handler. `content` may hold personal data: never logged."""

    message_id: int
    channel: str
    kind: str
    key: str
    lane: str
    app: str
    version: str
    content: bytes
    received_at: datetime
    attempts: int

    def __repr__(self) -> str:
        return f"Message({self.channel} {self.kind} {self.key})"


class NotYet(Exception):
    """What the message builds on has not come: it waits. `reason` is for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def keep(
    *,
    channel: str,
    kind: str,
    key: str,
    content: bytes,
    now: datetime,
    lane: str = "",
    essence: bytes | None = None,
    app: str = "",
    version: str = "",
) -> Kept:
    """Keeps a message that can be read. `key` is the partner's number for it; `essence` what must be equal when it is
    told again, the whole content unless given; messages of one `lane` are worked on in the order they came."""
    digest = sm3(content if essence is None else essence)
    message_id = new_id()
    inserted = await database.value(
        _INSERT,
        message_id,
        channel,
        kind,
        key,
        lane or key,
        digest,
        app,
        version,
        len(content),
        vault.current().encrypt(content.decode("latin-1")),
        "received",
        None,
        now,
    )
    if inserted is not None:
        return Kept(message_id=message_id, state="received", repeated=False)
    told = await _told_again(channel=channel, key=key, digest=digest, now=now)
    if told is not None:
        return told
    return await quarantine(channel=channel, kind=kind, key=key, content=content, fault=CONFLICT, app=app, now=now)


async def quarantine(
    *, channel: str, kind: str, content: bytes, fault: str, now: datetime, key: str = "", app: str = ""
) -> Kept:
    """Keeps what cannot be taken, for staff to look at. Told again it is the same row."""
    digest = sm3(content)
    key = key or digest.hex()
    message_id = new_id()
    inserted = await database.value(
        _INSERT,
        message_id,
        channel,
        kind,
        key,
        key,
        digest,
        app,
        "",
        len(content),
        vault.current().encrypt(content.decode("latin-1")),
        "quarantined",
        fault[:FAULT_LENGTH_MAX],
        now,
    )
    if inserted is None:
        told = await _told_again(channel=channel, key=key, digest=digest, now=now)
        assert told is not None, "a message that stood in the way vanished"
        return told
    await audit.record(
        None,
        actor=SYSTEM,
        action="inbound.quarantined",
        subject=f"inbound:{message_id}",
        now=now,
        outcome="failed",
        detail={"kind": f"{channel}.{kind}", "reason": fault[:FAULT_LENGTH_MAX]},
    )
    return Kept(message_id=message_id, state="quarantined", repeated=False, fault=fault)


async def finish(tx: Transaction, *, message: Message, outcome: str, now: datetime) -> None:
    """Marks the message as done in the transaction of its effect, so that it has its effect once."""
    await tx.execute(
        "UPDATE inbound_message SET state = 'done', outcome = $2, fault = NULL, ended_at = $3, claimed_until = NULL"
        " WHERE message_id = $1 AND state <> 'closed'",
        message.message_id,
        outcome[:FAULT_LENGTH_MAX],
        now,
    )


async def is_quarantined(*, channel: str, key: str) -> bool:
    """Whether nothing under the number is worked on or done, and something is in quarantine."""
    rows = await database.rows(
        "SELECT state FROM inbound_message WHERE channel = $1 AND message_key = $2", channel, key
    )
    states = {row["state"] for row in rows}
    return "quarantined" in states and states.isdisjoint(("received", "done"))


def message_of(row: Record) -> Message:
    return Message(
        message_id=row["message_id"],
        channel=row["channel"],
        kind=row["kind"],
        key=row["message_key"],
        lane=row["lane"],
        app=row["app"],
        version=row["version"],
        content=vault.current().decrypt(row["content_cipher"]).encode("latin-1"),
        received_at=row["received_at"],
        attempts=row["attempts"],
    )


_INSERT = (
    "INSERT INTO inbound_message (message_id, channel, kind, message_key, lane, digest, app, version, bytes,"
    " content_cipher, state, fault, received_at, last_told_at, due_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13)"
    " ON CONFLICT DO NOTHING RETURNING message_id"
)


async def _told_again(*, channel: str, key: str, digest: bytes, now: datetime) -> Kept | None:
    row = await database.row(
        "UPDATE inbound_message SET told = told + 1, last_told_at = $4"
        " WHERE channel = $1 AND message_key = $2 AND digest = $3 RETURNING message_id, state, fault",
        channel,
        key,
        digest,
        now,
    )
    if row is None:
        return None
    return Kept(message_id=row["message_id"], state=row["state"], repeated=True, fault=row["fault"])
