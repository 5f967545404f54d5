"""What the centre does when somebody else may be at a person's account, on every channel at once.

- suspend: nobody logs in, every session ends; lifted by two members of staff.
- prove_again: every session ends, and linked accounts (mini-programs) are worth nothing until the person has logged in
  with the real name once more, which lifts it.
- reset: the linked accounts go, then as prove_again.

`auth.standing.admit` is asked in the transaction that opens a session and holds the person's row, as `impose` does: of
the two at once either the session sees the intervention or the intervention ends the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from auth import approvals, identity_events, sessions
from auth.approvals import Approval
from auth.refusals import (
    INTERVENTION_NONE,
    INTERVENTION_REASON,
)
from auth.rights import may
from domain import contributions
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

Kind = Literal["suspend", "prove_again", "reset"]
KIND_NAMES: dict[str, str] = {"suspend": "暂停登录", "prove_again": "重新实名", "reset": "解除关联账号"}
REASON_MIN, REASON_MAX = 4, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    intervention_id: int
    kind: str
    reason: str
    imposed_by: str
    imposed_at: datetime
    lifted_at: datetime | None

    @property
    def name(self) -> str:
        return KIND_NAMES[self.kind]


async def impose(*, actor: Actor, person_id: int, kind: Kind, reason: str, now: datetime) -> None:
    """By staff with the right `person.intervene`, or by the system when the person says "not me". Every session has
    ended when this returns. Raises Refused, StoreUnavailable."""
    if actor.kind != "system" and not may(actor, "person.intervene"):
        await audit.record(
            None, actor=actor, action="person.intervened", subject=f"person:{person_id}", outcome="refused", now=now
        )
        raise Refused(NOT_PERMITTED())
    reason = reason.strip()
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise Refused(INTERVENTION_REASON(least=REASON_MIN, most=REASON_MAX))
    async with database.transaction() as tx:
        await tx.row("SELECT 1 FROM person WHERE person_id = $1 FOR UPDATE", person_id)
        await tx.execute(
            "INSERT INTO intervention (person_id, intervention_id, kind, reason, imposed_by, imposed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            person_id,
            new_id(),
            "suspend" if kind == "suspend" else "prove_again",
            reason,
            actor.reference,
            now,
        )
        if kind == "reset":
            await tx.execute("DELETE FROM identity_link WHERE person_id = $1", person_id)
        await identity_events.record(tx, person_id=person_id, kind=kind, actor=actor, now=now)
        await audit.record(
            tx,
            actor=actor,
            action="person.intervened",
            subject=f"person:{person_id}",
            now=now,
            detail={"kind": kind, "reason": reason},
        )
    await sessions.end_all_sessions(actor=actor, person_id=person_id, reason=kind, now=now)


async def ask_to_lift(*, actor: Actor, person_id: int, reason: str, now: datetime) -> Approval:
    """Asks that a suspension end. Raises Refused when there is none."""
    if not await is_suspended(person_id=person_id):
        raise Refused(INTERVENTION_NONE())
    person = await contributions.person_by_id(person_id=person_id)
    return await approvals.ask(
        actor=actor,
        kind=LIFTING,
        subject=f"person:{person_id}",
        payload={"person_id": person_id},
        summary=f"恢复{person.name_masked}的登录",
        reason=reason,
        now=now,
    )


async def interventions_of(*, person_id: int) -> list[Intervention]:
    """The newest first, those that were lifted too."""
    rows = await database.rows(
        "SELECT * FROM intervention WHERE person_id = $1 ORDER BY imposed_at DESC, intervention_id DESC LIMIT 50",
        person_id,
    )
    return [_view(row) for row in rows]


async def is_suspended(*, person_id: int) -> bool:
    return bool(
        await database.value(
            "SELECT 1 FROM intervention WHERE person_id = $1 AND kind = 'suspend' AND lifted_at IS NULL", person_id
        )
    )


async def suspend_by_person(*, person_id: int, reason: str, now: datetime) -> None:
    """The person said "not me": suspended at once, whoever is logged in."""
    await impose(actor=SYSTEM, person_id=person_id, kind="suspend", reason=reason, now=now)


async def _lift(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    person_id = int(approved.payload["person_id"])
    status = await tx.execute(
        "UPDATE intervention SET lifted_by = $2, lifted_at = $3"
        " WHERE person_id = $1 AND kind = 'suspend' AND lifted_at IS NULL",
        person_id,
        actor.reference,
        now,
    )
    if status.endswith(" 0"):
        raise Refused(INTERVENTION_NONE())
    # whoever comes back proves the real name first
    await tx.execute(
        "INSERT INTO intervention (person_id, intervention_id, kind, reason, imposed_by, imposed_at)"
        " VALUES ($1, $2, 'prove_again', '恢复登录后首次登录须实名核验', $3, $4)",
        person_id,
        new_id(),
        actor.reference,
        now,
    )
    await identity_events.record(tx, person_id=person_id, kind="restored", actor=actor, now=now)


LIFTING = approvals.declare(
    "person.lifting", name="恢复登录", ask="person.intervene", decide="person.care", apply=_lift
)


def _view(row: Any) -> Intervention:
    return Intervention(
        intervention_id=row["intervention_id"],
        kind=row["kind"],
        reason=row["reason"],
        imposed_by=row["imposed_by"],
        imposed_at=row["imposed_at"],
        lifted_at=row["lifted_at"],
    )
