"""Proposed by one, decided by another (四眼原则): every change that gives a third party something.

The system administrator proposes, the security administrator decides; nobody decides on what they proposed. What a
kind of change does when it is approved stands in `HANDLERS`, filled by the modules of this package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auth import rights
from auth.grants.refusals import CHANGE_UNKNOWN, OWN_CHANGE, REASON_REQUIRED
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import plain
from domain.kernel.identifiers import REQUEST_KEY, new_id
from domain.kernel.refusal import KEY_MALFORMED, KEY_REUSED, NOT_PERMITTED, Refused

KIND_NAMES = {
    "service.register": "登记服务",
    "party.register": "登记第三方",
    "key.add": "登记公钥",
    "grant.give": "授权",
    "grant.resume": "恢复授权",
    "party.resume": "恢复第三方",
}

STATE_NAMES = {"proposed": "待审批", "approved": "已批准", "declined": "已退回"}

Handler = Callable[[Transaction, Actor, "Change", bool, datetime], Awaitable[None]]
"""(transaction, who decides, the change, approved or declined, now). Raises Refused when things stand otherwise now."""

HANDLERS: dict[str, Handler] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    change_id: int
    kind: str
    subject: str
    payload: dict[str, Any]
    reason: str
    state: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    note: str | None

    @property
    def kind_name(self) -> str:
        return KIND_NAMES[self.kind]

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def require(actor: Actor, right: str, *, action: str, subject: str, now: datetime) -> None:
    """Raises Refused, and the audit trail knows of the attempt."""
    if not rights.may(actor, right):
        await audit.record(None, actor=actor, action=action, subject=subject, outcome="refused", now=now)
        raise Refused(NOT_PERMITTED())


def sound_reason(reason: str) -> str:
    if not 4 <= len(reason.strip()) <= 200:
        raise Refused(REASON_REQUIRED())
    return reason.strip()


async def repeated(
    *, actor: Actor, kind: str, payload: dict[str, Any], request_key: str, using: Any = database.pool
) -> int | None:
    """The change that this request made before. Raises Refused for a key that came with another input."""
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    row = await using.row(
        "SELECT change_id, kind, payload FROM grant_change WHERE proposed_by = $1 AND request_key = $2",
        actor.reference,
        request_key,
    )
    if row is None:
        return None
    if (row["kind"], _given(row["payload"])) != (kind, _given(plain(payload))):
        raise Refused(KEY_REUSED())
    found: int = row["change_id"]
    return found


async def propose(
    tx: Transaction,
    *,
    actor: Actor,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    reason: str,
    request_key: str,
    now: datetime,
) -> int:
    """Writes the proposal down; its number."""
    assert kind in HANDLERS, f"nothing happens when {kind} is approved"
    change_id = new_id()
    await tx.execute(
        "INSERT INTO grant_change (change_id, kind, subject, payload, reason, state, request_key, proposed_by,"
        " proposed_by_name, proposed_at) VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8, $9)",
        change_id,
        kind,
        subject,
        plain(payload),
        sound_reason(reason),
        request_key,
        actor.reference,
        actor.name,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="change.proposed",
        subject=subject,
        now=now,
        detail={"kind": kind, "change": str(change_id), "reason": reason.strip()},
    )
    return change_id


async def decide(*, actor: Actor, change_id: int, approve: bool, note: str, now: datetime) -> None:
    """Approves or declines a proposed change of somebody else. Raises Refused."""
    subject = f"change:{change_id}"
    await require(actor, "grants.approve", action="change.decided", subject=subject, now=now)
    if not approve:
        sound_reason(note)
    async with database.transaction() as tx:
        row = await tx.row("SELECT * FROM grant_change WHERE change_id = $1 FOR UPDATE", change_id)
        if row is None or row["state"] != "proposed":
            raise Refused(CHANGE_UNKNOWN())
        change = _change(row)
        own = change.proposed_by == actor.reference
        if not own:
            await HANDLERS[change.kind](tx, actor, change, approve, now)
            await tx.execute(
                "UPDATE grant_change SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5, note = $6"
                " WHERE change_id = $1",
                change_id,
                "approved" if approve else "declined",
                actor.reference,
                actor.name,
                now,
                note.strip() or None,
            )
            await audit.record(
                tx,
                actor=actor,
                action="change.approved" if approve else "change.declined",
                subject=change.subject,
                now=now,
                detail={"kind": change.kind, "change": str(change_id), "proposed_by": change.proposed_by},
            )
    if own:
        await audit.record(
            None,
            actor=actor,
            action="change.decided",
            subject=change.subject,
            outcome="refused",
            now=now,
            detail={"reason": "own_change", "change": str(change_id)},
        )
        raise Refused(OWN_CHANGE())


async def changes(*, actor: Actor, state: str | None = None, most: int = 100) -> list[Change]:
    """The newest first. Raises Refused."""
    if not (rights.may(actor, "grants.register") or rights.may(actor, "grants.approve")):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(
        "SELECT * FROM grant_change WHERE $1::text IS NULL OR state = $1 ORDER BY proposed_at DESC, change_id LIMIT $2",
        state,
        most,
    )
    return [_change(row) for row in rows]


async def changes_of_party(*, actor: Actor, partner_id: int, most: int = 200) -> list[Change]:
    """What was proposed for one party, its keys and its grants, and who decided: the newest first. Raises Refused."""
    if not (rights.may(actor, "grants.register") or rights.may(actor, "grants.approve")):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(
        "SELECT c.* FROM grant_change c, third_party p WHERE p.partner_id = $1"
        " AND (c.subject = 'party:' || p.partner_id OR c.payload->>'party' = p.code"
        "  OR c.subject IN (SELECT 'grant:' || g.grant_id FROM service_grant g WHERE g.partner_id = p.partner_id))"
        " ORDER BY c.proposed_at DESC, c.change_id LIMIT $2",
        partner_id,
        most,
    )
    return [_change(row) for row in rows]


def _change(row: Record) -> Change:
    return Change(**{name: row[name] for name in Change.__dataclass_fields__})


def _given(payload: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without the identifiers that we gave it."""
    return {name: value for name, value in payload.items() if not name.endswith("_id")}
