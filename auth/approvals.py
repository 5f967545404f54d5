"""Four eyes: one member of staff asks, another decides, and what was agreed to is done in the same transaction.

An area declares a kind once, with the rights to ask and to decide and what is to be done:

    ISSUE = approvals.declare(
        "grant.issue", name="服务授权", ask="grants.propose", decide="grants.approve", apply=_issue
    )

`apply` gets the transaction, the request and who agreed; if it refuses, nothing of the decision stays. `declined` does
in the same way what has to be done when it is not agreed to, or taken back. What was asked for cannot be changed
afterwards, only withdrawn. Nobody decides on their own request, nor on one whose other side is
the same person under another login (by document).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NoReturn

import asyncpg

from auth.refusals import (
    APPROVAL_OVER,
    APPROVAL_OWN,
    APPROVAL_REASON,
    APPROVAL_UNKNOWN,
    APPROVAL_WAITING,
)
from auth.rights import may
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import plain
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, RefusalKind, Refused

State = Literal["waiting", "agreed", "declined", "withdrawn", "expired"]
STATE_NAMES: Mapping[State, str] = {
    "waiting": "待复核",
    "agreed": "已同意",
    "declined": "未同意",
    "withdrawn": "已撤回",
    "expired": "已过期",
}
REASON_MIN, REASON_MAX = 4, 500
LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request as it stands at the time it was read. `summary` says in a sentence what will be done."""

    approval_id: int
    kind: str
    kind_name: str
    subject: str
    payload: dict[str, Any]
    summary: str
    reason: str
    state: State
    requested_by: int
    requested_name: str
    requested_at: datetime
    expires_at: datetime | None
    decided_name: str | None
    decided_at: datetime | None
    note: str

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


Apply = Callable[[Transaction, Approval, Actor, datetime], Awaitable[None]]
Afterwards = Callable[[Approval, Actor, datetime], Awaitable[None]]
"""What follows once it is committed, such as ending sessions, which the store of sessions has to hear of."""


@dataclass(frozen=True, slots=True)
class ApprovalKind:
    code: str
    name: str
    ask: str
    decide: str
    apply: Apply
    life: timedelta | None
    """None waits until somebody decides."""
    afterwards: Afterwards | None
    declined: Apply | None


_KINDS: dict[str, ApprovalKind] = {}


def declare(
    code: str,
    *,
    name: str,
    ask: str,
    decide: str,
    apply: Apply,
    life: timedelta | None = LIFE,
    afterwards: Afterwards | None = None,
    declined: Apply | None = None,
) -> ApprovalKind:
    """Declares a kind; `ask` and `decide` are rights. Once, at import."""
    assert code not in _KINDS, f"approval kind {code} is declared twice"
    assert declined is None or life is None, "what runs out is declined by nobody"
    kind = ApprovalKind(code, name, ask, decide, apply, life, afterwards, declined)
    _KINDS[code] = kind
    return kind


def kinds() -> Mapping[str, ApprovalKind]:
    return _KINDS


async def ask(
    *,
    actor: Actor,
    kind: ApprovalKind,
    subject: str,
    payload: Mapping[str, object],
    summary: str,
    reason: str,
    now: datetime,
) -> Approval:
    """Asks for a second person's agreement. Raises Refused: without the right, without a reason, and while another
    request of this kind about the same subject waits."""
    if not may(actor, kind.ask):
        await _denied(actor, f"{kind.code}:{subject}", NOT_PERMITTED, reason="ask", now=now)
    async with database.transaction() as tx:
        approval_id = await ask_within(
            tx, actor=actor, kind=kind, subject=subject, payload=payload, summary=summary, reason=reason, now=now
        )
    return await approval(approval_id=approval_id, now=now)


async def ask_within(
    tx: Transaction,
    *,
    actor: Actor,
    kind: ApprovalKind,
    subject: str,
    payload: Mapping[str, object],
    summary: str,
    reason: str,
    now: datetime,
    request_key: str | None = None,
) -> int:
    """As `ask`, in the transaction of what is written down together with the request; its number. Whoever calls has
    asked for the right. Raises Refused."""
    assert may(actor, kind.ask), f"{actor.reference} may not ask for {kind.code}"
    reason = reason.strip()
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise Refused(APPROVAL_REASON(least=REASON_MIN, most=REASON_MAX))
    approval_id = new_id()
    # one that ran out keeps no other from being asked for
    await tx.execute(
        "UPDATE approval SET state = 'withdrawn', decided_at = expires_at, note = '过期'"
        " WHERE kind = $1 AND subject = $2 AND state = 'waiting' AND expires_at <= $3",
        kind.code,
        subject,
        now,
    )
    try:
        await tx.execute(
            "INSERT INTO approval (approval_id, kind, subject, payload, summary, reason, state, requested_by,"
            " requested_at, expires_at, request_key) VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, $10)",
            approval_id,
            kind.code,
            subject,
            plain(dict(payload)),
            summary,
            reason,
            actor.staff_id,
            now,
            None if kind.life is None else now + kind.life,
            request_key,
        )
    except asyncpg.UniqueViolationError as error:
        raise Refused(APPROVAL_WAITING()) from error
    await audit.record(
        tx,
        actor=actor,
        action="approval.requested",
        subject=f"approval:{approval_id}",
        now=now,
        detail={"kind": kind.code, "about": subject},
    )
    return approval_id


async def decide(*, actor: Actor, approval_id: int, agree: bool, note: str, now: datetime) -> Approval:
    """Agrees, and does what was asked for in the same transaction, or declines. Raises Refused: without the right,
    for one's own request, when it is over already, and with whatever `apply` refuses."""
    found = await approval(approval_id=approval_id, now=now)
    kind = _KINDS[found.kind]
    subject = f"approval:{approval_id}"
    if not may(actor, kind.decide):
        await _denied(actor, subject, NOT_PERMITTED, reason="decide", now=now)
    if await _same_person(actor, found.requested_by):
        await _denied(actor, subject, APPROVAL_OWN, reason="own", now=now)
    if len(note.strip()) > REASON_MAX or (not agree and len(note.strip()) < REASON_MIN):
        raise Refused(APPROVAL_REASON.on("note", least=REASON_MIN, most=REASON_MAX))
    async with database.transaction() as tx:
        taken = await tx.value(
            "UPDATE approval SET state = $2, decided_by = $3, decided_at = $4, note = $5"
            f" WHERE approval_id = $1 AND {_OPEN.format(now='$4')} RETURNING approval_id",
            approval_id,
            "agreed" if agree else "declined",
            actor.staff_id,
            now,
            note.strip(),
        )
        if taken is None:
            raise Refused(APPROVAL_OVER())
        if (work := kind.apply if agree else kind.declined) is not None:
            await work(tx, found, actor, now)
        await audit.record(
            tx,
            actor=actor,
            action="approval.agreed" if agree else "approval.declined",
            subject=subject,
            now=now,
            detail={"kind": found.kind, "about": found.subject},
        )
    if agree and kind.afterwards is not None:
        await kind.afterwards(found, actor, now)
    return await approval(approval_id=approval_id, now=now)


async def withdraw(*, actor: Actor, approval_id: int, now: datetime) -> Approval:
    """The one who asked takes it back. Raises Refused for anybody else, and when it is over."""
    found = await approval(approval_id=approval_id, now=now)
    if actor.staff_id != found.requested_by:
        await _denied(actor, f"approval:{approval_id}", NOT_PERMITTED, reason="withdraw", now=now)
    async with database.transaction() as tx:
        taken = await tx.value(
            "UPDATE approval SET state = 'withdrawn', decided_at = $2 WHERE approval_id = $1 AND state = 'waiting'"
            " RETURNING approval_id",
            approval_id,
            now,
        )
        if taken is None:
            raise Refused(APPROVAL_OVER())
        if (declined := _KINDS[found.kind].declined) is not None:
            await declined(tx, found, actor, now)
        await audit.record(tx, actor=actor, action="approval.withdrawn", subject=f"approval:{approval_id}", now=now)
    return await approval(approval_id=approval_id, now=now)


async def approval(*, approval_id: int, now: datetime) -> Approval:
    """Raises Refused when there is none."""
    row = await database.row(f"{_READ} WHERE a.approval_id = $1", approval_id)
    if row is None:
        raise Refused(APPROVAL_UNKNOWN())
    return _view(row, now=now)


async def approvals_for(*, actor: Actor, now: datetime, most: int = 200) -> list[Approval]:
    """What the actor may decide on or has asked for, the waiting ones first, then the newest."""
    decidable = [code for code, kind in _KINDS.items() if may(actor, kind.decide) or may(actor, kind.ask)]
    rows = await database.rows(
        f"{_READ} WHERE a.kind = ANY($1) OR a.requested_by = $2"
        f" ORDER BY {_OPEN.format(now='$3')} DESC, a.requested_at DESC LIMIT $4",
        decidable,
        actor.staff_id,
        now,
        most,
    )
    return [_view(row, now=now) for row in rows if row["kind"] in _KINDS]


async def waiting_of(*, kinds: Sequence[ApprovalKind], now: datetime) -> list[Approval]:
    """What waits of some kinds, the oldest first."""
    rows = await database.rows(
        f"{_READ} WHERE a.kind = ANY($1) AND {_OPEN.format(now='$2')} ORDER BY a.requested_at, a.approval_id",
        [kind.code for kind in kinds],
        now,
    )
    return [_view(row, now=now) for row in rows]


async def about(*, subjects: Sequence[str], now: datetime, most: int) -> list[Approval]:
    """Every request about some subjects, the newest first."""
    rows = await database.rows(
        f"{_READ} WHERE a.subject = ANY($1) ORDER BY a.requested_at DESC, a.approval_id LIMIT $2", list(subjects), most
    )
    return [_view(row, now=now) for row in rows]


def may_decide(actor: Actor, found: Approval) -> bool:
    """Whether a page offers the decision; `decide` asks again."""
    return found.state == "waiting" and found.requested_by != actor.staff_id and may(actor, _KINDS[found.kind].decide)


_OPEN = "state = 'waiting' AND (expires_at IS NULL OR expires_at > {now})"
_READ = (
    "SELECT a.*, r.name AS requested_name, d.name AS decided_name FROM approval a"
    " JOIN staff r ON r.staff_id = a.requested_by LEFT JOIN staff d ON d.staff_id = a.decided_by"
)


def _view(row: Record, *, now: datetime) -> Approval:
    over = row["state"] == "waiting" and row["expires_at"] is not None and row["expires_at"] <= now
    return Approval(
        approval_id=row["approval_id"],
        kind=row["kind"],
        kind_name=_KINDS[row["kind"]].name if row["kind"] in _KINDS else row["kind"],
        subject=row["subject"],
        payload=row["payload"],
        summary=row["summary"],
        reason=row["reason"],
        state="expired" if over else row["state"],
        requested_by=row["requested_by"],
        requested_name=row["requested_name"],
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
        decided_name=row["decided_name"],
        decided_at=row["decided_at"],
        note=row["note"],
    )


async def _same_person(actor: Actor, staff_id: int) -> bool:
    if actor.staff_id == staff_id:
        return True
    return bool(
        await database.value(
            "SELECT 1 FROM staff a JOIN staff b ON a.document_index = b.document_index"
            " WHERE a.staff_id = $1 AND b.staff_id = $2",
            actor.staff_id,
            staff_id,
        )
    )


async def _denied(actor: Actor, subject: str, kind: RefusalKind, *, reason: str, now: datetime) -> NoReturn:
    await audit.record(
        None,
        actor=actor,
        action="approval.refused",
        subject=subject,
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(kind())
