"""业务参数: a new dated value is proposed by one person and agreed to by another (`auth.approvals`), effective from a
day to come; likewise taking back one that is not in force yet.

The system administrator enters what a document orders; a supervisor, who answers for the business, agrees to it. Every
process reads the values again each `vault_keys.REREAD` and at start, so all know a value long before its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from auth import approvals
from auth.approvals import Approval
from domain import policy
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from domain.policy import Change, SetValue
from domain.policy.refusals import NOT_STANDING, TAKEN

PROPOSE, DECIDE = "policy.propose", "policy.decide"
_LOCK = 0x485046_0030
_STANDING = "SELECT name, value, valid_from, source, reason FROM policy_value WHERE withdrawn_at IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetByStaff:
    """A value that two persons set, standing or taken back; `value` as a page writes it."""

    value_id: int
    name: str
    value: str
    valid_from: date
    source: str
    reason: str
    asked_name: str
    agreed_name: str
    set_at: datetime
    withdrawn_at: datetime | None


async def refresh() -> None:
    """Lays what is set over what is declared, in this process. Called at start and again and again. Raises
    StoreUnavailable, and DeclarationError when a value has not the type of its unit."""
    policy.install(await _values(database.pool))


async def history(*, name: str | None = None) -> list[SetByStaff]:
    """What was set by persons, of one parameter or of all, the latest day first."""
    rows = await database.rows(
        "SELECT v.*, a.name AS asked_name, d.name AS agreed_name FROM policy_value v"
        " JOIN staff a ON a.staff_id = v.asked_by JOIN staff d ON d.staff_id = v.agreed_by"
        " WHERE $1::text IS NULL OR v.name = $1 ORDER BY v.valid_from DESC, v.set_at DESC, v.value_id DESC",
        name,
    )
    return [
        SetByStaff(
            value=_written(row["value"]),
            **{field: row[field] for field in SetByStaff.__dataclass_fields__ if field != "value"},
        )
        for row in rows
    ]


async def waiting(*, now: datetime) -> list[Approval]:
    """Requests about values that wait for a second person, the oldest first."""
    return await approvals.waiting_of(kinds=(SETTING, WITHDRAWAL), now=now)


async def ask_value(*, actor: Actor, change: Change, reason: str, now: datetime) -> Approval:
    """Asks that a parameter have another value from a day to come. Raises Refused with everything that stands against
    it, and as `approvals.ask` does."""
    raw, problems = policy.judge_change(
        change, declared=policy.declared(), values=await _values(database.pool), now=now
    )
    if problems or change.valid_from is None:
        raise Refused(*problems)
    parameter = policy.declared()[change.name]
    day = change.valid_from.isoformat()
    unit = policy.UNIT_NAMES[parameter.unit]
    before = _before(change.name, change.valid_from)
    was = f"由{before}{unit}改为" if before else "定为"
    return await approvals.ask(
        actor=actor,
        kind=SETTING,
        subject=f"policy:{change.name}:{day}",
        payload={"name": change.name, "value": raw, "valid_from": day, "source": change.source.strip()},
        summary=f"自{day}起，“{parameter.zh}”{was}{_written(raw)}{unit}（依据：{change.source.strip()}）",
        reason=reason,
        now=now,
    )


async def ask_withdrawal(*, actor: Actor, value_id: int, reason: str, now: datetime) -> Approval:
    """Asks that a value that is not in force yet be taken back. Raises Refused like `ask_value`."""
    row = await _standing_row(database.pool, value_id)
    await _check_withdrawal(database.pool, row, now=now)
    parameter = policy.declared().get(row["name"])
    day = row["valid_from"].isoformat()
    return await approvals.ask(
        actor=actor,
        kind=WITHDRAWAL,
        subject=f"policy_value:{value_id}",
        payload={"name": row["name"], "value_id": str(value_id)},
        summary=f"撤回“{parameter.zh if parameter else row['name']}”自{day}起的新值{_written(row['value'])}",
        reason=reason,
        now=now,
    )


async def _set(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    """Judged again by what stands now: days have passed and others have set values since it was asked for."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    payload = found.payload
    change = Change(
        name=payload["name"],
        value=_written(payload["value"]),
        valid_from=date.fromisoformat(payload["valid_from"]),
        source=payload["source"],
    )
    raw, problems = policy.judge_change(change, declared=policy.declared(), values=await _values(tx), now=now)
    if problems:
        raise Refused(*problems)
    assert raw == payload["value"], "what is set is what was asked for"
    set_now = await tx.value(
        "INSERT INTO policy_value (value_id, name, value, valid_from, source, reason, approval_id, asked_by,"
        " agreed_by, set_at) VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (name, valid_from) WHERE withdrawn_at IS NULL DO NOTHING RETURNING value_id",
        new_id(),
        change.name,
        canonical_json(raw).decode(),
        change.valid_from,
        change.source,
        found.reason,
        found.approval_id,
        found.requested_by,
        actor.staff_id,
        now,
    )
    if set_now is None:
        raise Refused(TAKEN(day=payload["valid_from"]))
    await audit.record(
        tx,
        actor=actor,
        action="policy_value.set",
        subject=f"policy:{change.name}",
        now=now,
        detail={"value": _written(raw), "valid_from": payload["valid_from"], "source": change.source},
    )


async def _withdraw(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    value_id = int(found.payload["value_id"])
    row = await _standing_row(tx, value_id)
    await _check_withdrawal(tx, row, now=now)
    await tx.execute(
        "UPDATE policy_value SET withdrawn_at = $2, withdrawn_approval_id = $3 WHERE value_id = $1",
        value_id,
        now,
        found.approval_id,
    )
    await audit.record(
        tx,
        actor=actor,
        action="policy_value.withdrawn",
        subject=f"policy:{row['name']}",
        now=now,
        detail={"value": _written(row["value"]), "valid_from": row["valid_from"].isoformat()},
    )


async def _learn(found: Approval, actor: Actor, now: datetime) -> None:
    """This process knows at once; the others within the time that they take to read again."""
    await refresh()


async def _check_withdrawal(using: Executor, row: Record, *, now: datetime) -> None:
    problems = policy.judge_withdrawal(
        _set_value(row), declared=policy.declared(), values=await _values(using), now=now
    )
    if problems:
        raise Refused(*problems)


async def _standing_row(using: Executor, value_id: int) -> Record:
    row = await using.row(f"{_STANDING} AND value_id = $1", value_id)
    if row is None:
        raise Refused(NOT_STANDING())
    return row


async def _values(using: Executor) -> list[SetValue]:
    return [_set_value(row) for row in await using.rows(f"{_STANDING} ORDER BY name, valid_from")]


def _set_value(row: Record) -> SetValue:
    return SetValue(
        name=row["name"], raw=row["value"], valid_from=row["valid_from"], source=row["source"], note=row["reason"]
    )


def _before(name: str, day: date) -> str:
    try:
        return policy.shown(policy.parameters()[name].on(day).value)
    except policy.PolicyMissing:
        return ""


def _written(raw: object) -> str:
    return "、".join(map(str, raw)) if isinstance(raw, list) else str(raw)


SETTING = approvals.declare(
    "policy.set", name="业务参数新值", ask=PROPOSE, decide=DECIDE, apply=_set, afterwards=_learn
)
WITHDRAWAL = approvals.declare(
    "policy.withdraw", name="撤回业务参数新值", ask=PROPOSE, decide=DECIDE, apply=_withdraw, afterwards=_learn
)
