"""网点资料 (D24): branch centres, departments, windows and outlets of entrusted banks in their hierarchy.

The system administrator asks for a change with the date from which it counts, the security administrator agrees
(`auth.approvals`): where a department belongs decides what its branch centre's staff see. A change whose date lies
ahead waits as the next values; when the day has come `put_due_in_force` writes it. An outlet closes only when nothing
is left with it, so that no case is ever without a department: until then the change waits and says what is in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import get_args

from auth import approvals, rights
from auth.approvals import Approval
from auth.outlet_obstacles import obstacles
from auth.outlet_rules import (
    FIELDS,
    KIND_NAMES,
    OutletKind,
    Values,
    empty,
    problems_of,
    told,
    wrong,
)
from auth.refusals import (
    OUTLET_DATE,
    OUTLET_IN_USE,
    OUTLET_KIND,
    OUTLET_STALE,
    OUTLET_UNCHANGED,
)
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

STATE_NAMES: Mapping[str, str] = {"waiting": "待生效", "applied": "已生效", "replaced": "已被替换"}
AHEAD_MAX = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """`parent_code` is '' for what stands directly under the centre."""

    code: str
    kind: str
    name: str
    parent_code: str
    district_code: str
    bank_code: str
    address: str
    closed_on: date | None

    @property
    def kind_name(self) -> str:
        return KIND_NAMES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletChange:
    """`before` is None for a new outlet."""

    change_id: int
    kind: str
    code: str
    before: Values | None
    after: Values
    effective_on: date
    reason: str
    state: str
    blocked: str | None
    proposed_name: str
    approved_name: str
    approved_at: datetime
    applied_at: datetime | None

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned:
    """An active member of the business staff without department or branch centre, who therefore sees all of them."""

    login: str
    name: str
    roles: tuple[str, ...]


async def ask_change(
    *, actor: Actor, kind: str, code: str, values: Mapping[str, object], effective_on: date, reason: str, now: datetime
) -> Approval:
    """A new outlet, or other values for one that stands (fields left out stay), from a day on. Raises Refused with
    every field that is wrong; nothing is in force before another has agreed and the day has come."""
    await _require(actor, now=now)
    if kind not in get_args(OutletKind):
        raise Refused(OUTLET_KIND())
    today = business_date_of(now)
    async with database.transaction() as tx:
        before = await _read(tx, kind, code)
        known = {**empty(kind), **(before or {})}
        after = {**known, **{name: value for name, value in values.items() if name in FIELDS[kind]}}
        problems = await problems_of(tx, kind=kind, code=code, before=before, after=after)
        if not today <= effective_on <= today + AHEAD_MAX:
            problems.append(OUTLET_DATE())
        if problems:
            raise Refused(*problems)
        waiting = await tx.value("SELECT 1 FROM outlet_change WHERE code = $1 AND state = 'waiting'", code)
        if after == before and not waiting:
            raise Refused(OUTLET_UNCHANGED())
        if effective_on == today:
            await _check_free(tx, kind=kind, code=code, before=before, after=after)
    changed = "、".join(told(before, after)) or "撤销待生效的变更"
    return await approvals.ask(
        actor=actor,
        kind=CHANGE,
        subject=f"outlet:{code}",
        payload={"kind": kind, "code": code, "before": before, "after": after, "effective_on": effective_on},
        summary=f"{KIND_NAMES[kind]}{code}：{'新增，' if before is None else ''}{changed}，自{effective_on}起",
        reason=reason,
        now=now,
    )


async def put_due_in_force(*, now: datetime) -> int:
    """Writes what was agreed to and whose day has come, each by itself; what cannot be yet keeps waiting and says why.
    Returns how many came into force."""
    due = await database.rows(
        "SELECT change_id FROM outlet_change WHERE state = 'waiting' AND effective_on <= $1"
        " ORDER BY effective_on, change_id",
        business_date_of(now),
    )
    moved = 0
    for row in due:
        async with database.transaction() as tx:
            moved += await _put_in_force(tx, change_id=row["change_id"], now=now)
    return moved


async def _put_in_force(tx: Transaction, *, change_id: int, now: datetime) -> bool:
    await _lock(tx)
    row = await tx.row("SELECT * FROM outlet_change WHERE change_id = $1 AND state = 'waiting' FOR UPDATE", change_id)
    if row is None:
        return False
    kind, code, before, after = row["kind"], row["code"], row["before"], row["after"]
    try:
        if await _read(tx, kind, code) != before:
            raise Refused(OUTLET_STALE())
        if problems := await problems_of(tx, kind=kind, code=code, before=before, after=after):
            raise Refused(*problems)
        await _check_free(tx, kind=kind, code=code, before=before, after=after)
    except Refused as refused:
        words = "".join(dict.fromkeys(one.message for one in refused.refusals))
        await tx.execute("UPDATE outlet_change SET blocked = $2 WHERE change_id = $1", change_id, words)
        return False
    await _write(tx, kind=kind, code=code, after=after, on=row["effective_on"])
    await tx.execute(
        "UPDATE outlet_change SET state = 'applied', applied_at = $2, blocked = NULL WHERE change_id = $1",
        change_id,
        now,
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="outlet.in_force",
        subject=f"outlet:{code}",
        now=now,
        detail={"change_id": str(change_id), "what": told(before, after)},
    )
    return True


async def outlets(*, actor: Actor, now: datetime) -> list[Outlet]:
    """Every outlet, closed ones too, in the order of the hierarchy."""
    await _require(actor, now=now)
    rows = await database.rows(_ALL)
    return [Outlet(**dict(row)) for row in rows]


async def outlet_changes(
    *, actor: Actor, now: datetime, code: str | None = None, most: int = 100
) -> list[OutletChange]:
    """What waits for its day first, then the history, newest first."""
    await _require(actor, now=now)
    rows = await database.rows(
        "SELECT change_id, kind, code, before, after, effective_on, reason, state, blocked, proposed_name,"
        " approved_name, approved_at, applied_at FROM outlet_change WHERE $1::text IS NULL OR code = $1"
        " ORDER BY state = 'waiting' DESC, approved_at DESC, change_id DESC LIMIT $2",
        code,
        most,
    )
    return [OutletChange(**dict(row)) for row in rows]


async def unassigned_staff(*, actor: Actor, now: datetime) -> list[Unassigned]:
    """The business staff without a department. Administrators work for the whole centre."""
    await _require(actor, now=now)
    rows = await database.rows(
        "SELECT login, name, roles FROM staff WHERE active AND office_codes = '{}' AND branch_codes = '{}'"
        " AND NOT roles && $1 ORDER BY login",
        sorted(role.value for role in rights.ADMINISTRATORS),
    )
    return [Unassigned(login=row["login"], name=row["name"], roles=tuple(sorted(row["roles"]))) for row in rows]


async def _agreed(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    await _lock(tx)
    given = approved.payload
    kind, code, before, after = given["kind"], given["code"], given["before"], given["after"]
    effective_on = date.fromisoformat(given["effective_on"])
    if await _read(tx, kind, code) != before:
        raise Refused(OUTLET_STALE())
    # what waited for its day until now gives way
    await tx.execute(
        "UPDATE outlet_change SET state = 'replaced', blocked = NULL WHERE code = $1 AND state = 'waiting'", code
    )
    if after == before:
        return
    if problems := await problems_of(tx, kind=kind, code=code, before=before, after=after):
        raise Refused(*problems)
    change_id = new_id()
    await tx.execute(
        "INSERT INTO outlet_change (change_id, approval_id, kind, code, before, after, effective_on, reason, state,"
        " proposed_name, approved_name, approved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10, $11)",
        change_id,
        approved.approval_id,
        kind,
        code,
        before,
        after,
        effective_on,
        approved.reason,
        approved.requested_name,
        actor.name,
        now,
    )
    if effective_on <= business_date_of(now):
        await _check_free(tx, kind=kind, code=code, before=before, after=after)
        assert await _put_in_force(tx, change_id=change_id, now=now), "what was just checked is blocked"


CHANGE = approvals.declare(
    "outlet.change", name="网点资料变更", ask="outlets.propose", decide="outlets.approve", apply=_agreed
)


async def _lock(tx: Transaction) -> None:
    """One change at a time: a parent must not close while a child opens under it."""
    await tx.execute("SELECT pg_advisory_xact_lock(18519, 0)")


async def _read(tx: Transaction, kind: str, code: str) -> Values | None:
    row = await tx.row(f"SELECT * FROM ({_ALL}) o WHERE o.code = $1", code)
    if row is None:
        return None
    if row["kind"] != kind:
        raise Refused(wrong("code", f"已是{KIND_NAMES[row['kind']]}的编号"))
    return {name: row["closed_on"] is None if name == "open" else row[name] for name in FIELDS[kind]}


async def _check_free(tx: Transaction, *, kind: str, code: str, before: Values | None, after: Values) -> None:
    if before is not None and before["open"] and not after["open"]:
        found = await obstacles(tx, kind=kind, code=code)
        if found:
            raise Refused(OUTLET_IN_USE(what="、".join(found)))


async def _write(tx: Transaction, *, kind: str, code: str, after: Values, on: date) -> None:
    closed_on = None if after["open"] else on
    if kind == "branch":
        await tx.execute(
            "INSERT INTO branch_centre (code, name, closed_on) VALUES ($1, $2, $3)"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name, closed_on = excluded.closed_on",
            code,
            after["name"],
            closed_on,
        )
    elif kind == "management":
        await tx.execute(
            "INSERT INTO management_office (code, name, district_code, branch_code, closed_on)"
            " VALUES ($1, $2, $3, nullif($4, ''), $5) ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
            " district_code = excluded.district_code, branch_code = excluded.branch_code,"
            " closed_on = excluded.closed_on",
            code,
            after["name"],
            after["district_code"],
            after["parent_code"],
            closed_on,
        )
    else:
        await tx.execute(
            "INSERT INTO service_outlet (code, kind, name, office_code, bank_code, address, closed_on)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
            " office_code = excluded.office_code, bank_code = excluded.bank_code, address = excluded.address,"
            " closed_on = excluded.closed_on",
            code,
            kind,
            after["name"],
            after["parent_code"],
            after.get("bank_code"),
            after["address"],
            closed_on,
        )


async def _require(actor: Actor, *, now: datetime) -> None:
    if not rights.may(actor, "outlets.propose"):
        await audit.record(None, actor=actor, action="outlet.refused", subject="outlet", outcome="refused", now=now)
        raise Refused(NOT_PERMITTED())


_ALL = """
SELECT code, kind, name, parent_code, district_code, bank_code, address, closed_on FROM (
    SELECT b.code, 'branch' AS kind, b.name, '' AS parent_code, '' AS district_code, '' AS bank_code, '' AS address,
           b.closed_on, b.code AS branch, '' AS office
    FROM branch_centre b
    UNION ALL
    SELECT m.code, 'management', m.name, coalesce(m.branch_code, ''), m.district_code, '', '', m.closed_on,
           coalesce(m.branch_code, ''), m.code
    FROM management_office m
    UNION ALL
    SELECT s.code, s.kind, s.name, s.office_code, '', coalesce(s.bank_code, ''), s.address, s.closed_on,
           coalesce(o.branch_code, ''), s.office_code
    FROM service_outlet s JOIN management_office o ON o.code = s.office_code) every
ORDER BY branch, office, kind IN ('window', 'bank_outlet'), code
"""
