"""What gives a third party something is asked for by one and decided by another (四眼原则, `auth.approvals`): the
system administrator proposes, the security administrator decides.

What is proposed stands as registered from the start, so that its name is taken; it is ended when it is declined or
taken back. A proposal waits until somebody decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from auth import approvals, rights
from auth.approvals import Apply, Approval, ApprovalKind
from auth.grants.refusals import REASON_REQUIRED
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.digest import plain
from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.refusal import KEY_MALFORMED, KEY_REUSED, NOT_PERMITTED, Refused

REGISTER, APPROVE = "grants.register", "grants.approve"
_KINDS: dict[str, ApprovalKind] = {}


def declare(code: str, *, name: str, apply: Apply, declined: Apply | None) -> None:
    """A kind of proposal. `declined` ends what stands as registered."""
    _KINDS[code] = approvals.declare(
        code, name=name, ask=REGISTER, decide=APPROVE, apply=apply, declined=declined, life=None
    )


async def require(actor: Actor, right: str, *, action: str, subject: str, now: datetime) -> None:
    """Raises Refused, and the audit trail knows of the attempt."""
    if not rights.may(actor, right):
        await audit.record(None, actor=actor, action=action, subject=subject, outcome="refused", now=now)
        raise Refused(NOT_PERMITTED())


def sound_reason(reason: str) -> str:
    if not 4 <= len(reason.strip()) <= 200:
        raise Refused(REASON_REQUIRED())
    return reason.strip()


async def repeated(*, actor: Actor, kind: str, payload: dict[str, Any], request_key: str) -> int | None:
    """The proposal that this request made before. Raises Refused for a key that came with another input."""
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    row = await database.row(
        "SELECT approval_id, kind, payload FROM approval WHERE requested_by = $1 AND request_key = $2",
        actor.staff_id,
        request_key,
    )
    if row is None:
        return None
    if (row["kind"], _given(row["payload"])) != (kind, _given(plain(payload))):
        raise Refused(KEY_REUSED())
    found: int = row["approval_id"]
    return found


async def propose(
    tx: Transaction,
    *,
    actor: Actor,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    summary: str,
    reason: str,
    request_key: str,
    now: datetime,
) -> int:
    """Asks for the security administrator's agreement; the request's number. Raises Refused."""
    return await approvals.ask_within(
        tx,
        actor=actor,
        kind=_KINDS[kind],
        subject=subject,
        payload=payload,
        summary=summary,
        reason=reason,
        now=now,
        request_key=request_key,
    )


async def proposals(*, actor: Actor, now: datetime) -> list[Approval]:
    """What waits for the security administrator, the oldest first. Raises Refused."""
    _may_see(actor)
    return await approvals.waiting_of(kinds=tuple(_KINDS.values()), now=now)


async def proposals_of_party(*, actor: Actor, partner_id: int, now: datetime, most: int = 200) -> list[Approval]:
    """What was proposed for one party, its keys and its grants, and who decided: the newest first. Raises Refused."""
    _may_see(actor)
    rows = await database.rows(
        "SELECT 'party:' || p.partner_id AS subject FROM third_party p WHERE p.partner_id = $1"
        " UNION ALL SELECT 'grant:' || g.grant_id FROM service_grant g WHERE g.partner_id = $1"
        " UNION ALL SELECT 'key:' || k.kid FROM party_key k WHERE k.partner_id = $1",
        partner_id,
    )
    return await approvals.about(subjects=[row["subject"] for row in rows], now=now, most=most)


def _may_see(actor: Actor) -> None:
    if not (rights.may(actor, REGISTER) or rights.may(actor, APPROVE)):
        raise Refused(NOT_PERMITTED())


def _given(payload: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without the identifiers that we gave it."""
    return {name: value for name, value in payload.items() if not name.endswith("_id")}
