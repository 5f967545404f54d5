"""The staff's accounts: who there is, opening and closing them, where they work, new factors by two persons.

The system administrator opens and closes accounts; the security administrator gives roles and departments (those are
rights). A closed account has no roles: who comes back gets them anew. New factors and coming back are asked for by the
one and agreed to by the other (`auth.approvals`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

import asyncpg

from auth import approvals, enrolment, passwords, rights, sessions
from auth.approvals import Approval
from auth.refusals import (
    LOGIN_MALFORMED,
    LOGIN_TAKEN,
    OFFICE_UNKNOWN,
    OWN_RIGHTS,
    RENEWAL_NEEDED,
    STAFF_ACTIVE,
    STAFF_INACTIVE,
    STAFF_NAME,
    STAFF_UNKNOWN,
)
from auth.staff import LOGIN_NAME
from domain import contributions
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.identifiers import new_id, valid_id_card
from domain.kernel.refusal import NOT_PERMITTED, Refused

RENEWAL_LIFE = timedelta(hours=24)
NAME_MAX = 30
_NEVER_SET = "!"
"""No hash of any password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffView:
    staff_id: int
    login: str
    name: str
    roles: tuple[str, ...]
    office_codes: tuple[str, ...]
    branch_codes: tuple[str, ...]
    active: bool
    enrolled: bool
    locked: bool
    password_changed_at: datetime | None
    enrolment_until: datetime | None
    may_renew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    staff_id: int
    enrolment_code: str = field(repr=False)


async def staff_list(*, actor: Actor, now: datetime) -> list[StaffView]:
    """Everybody, the active ones first. For both administrators of accounts."""
    await _require(actor, "staff.manage", "staff.assign_roles", action="staff.listed", now=now)
    rows = await database.rows("SELECT * FROM staff ORDER BY active DESC, login")
    return [_view(row, now=now) for row in rows]


async def staff_of(*, actor: Actor, login: str, now: datetime) -> StaffView:
    await _require(actor, "staff.manage", "staff.assign_roles", action="staff.listed", now=now)
    return _view(await _row(login), now=now)


async def open_account(
    *,
    actor: Actor,
    login: str,
    name: str,
    document_no: str,
    now: datetime,
) -> NewAccount:
    """A new member of staff without roles, who enrols with the code. The resident identity card's number lets nobody
    review their own case. Raises Refused with every field that is wrong."""
    await _require(actor, "staff.manage", action="staff.created", now=now)
    problems = []
    login, name, document_no = login.strip(), name.strip(), document_no.strip().upper()
    if LOGIN_NAME.fullmatch(login) is None:
        problems.append(LOGIN_MALFORMED())
    if not 1 <= len(name) <= NAME_MAX:
        problems.append(STAFF_NAME())
    if not valid_id_card(document_no):
        problems.append(contributions.DOCUMENT_MALFORMED())
    if problems:
        raise Refused(*problems)
    staff_id = new_id()
    try:
        async with database.transaction() as tx:
            await tx.execute(
                "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at,"
                " totp_cipher, roles) VALUES ($1, $2, $3, $4, $5, $6, $7, '{}')",
                staff_id,
                login,
                name,
                contributions.document_index(document_type="01", document_no=document_no),
                _NEVER_SET,
                now,
                vault.current().encrypt(passwords.new_totp_secret()),
            )
            code = await enrolment.give_code(tx, staff_id=staff_id, now=now)
            await audit.record(tx, actor=actor, action="staff.created", subject=f"staff:{staff_id}", now=now)
    except asyncpg.UniqueViolationError as error:
        raise Refused(LOGIN_TAKEN()) from error
    return NewAccount(staff_id=staff_id, enrolment_code=code)


async def deactivate(*, actor: Actor, login: str, now: datetime) -> None:
    """Closes an account at once: no role, no session, no login. Raises Refused, also for one's own account."""
    await _require(actor, "staff.manage", action="staff.deactivated", now=now)
    row = await _row(login)
    if row["staff_id"] == actor.staff_id:
        raise Refused(OWN_RIGHTS())
    if not row["active"]:
        raise Refused(STAFF_INACTIVE())
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE staff SET active = false, roles = '{}', deactivated_at = $2, enrolment_hash = NULL,"
            " enrolment_until = NULL, renewal_until = NULL, pending_totp_cipher = NULL WHERE staff_id = $1",
            row["staff_id"],
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="staff.deactivated",
            subject=f"staff:{row['staff_id']}",
            now=now,
            detail={"roles_before": sorted(row["roles"])},
        )
    await sessions.end_all_sessions(actor=actor, staff_id=row["staff_id"], reason="deactivated", now=now)


async def ask_renewal(*, actor: Actor, login: str, reason: str, now: datetime) -> Approval:
    """Asks that the member may set a new password and one-time code. Raises Refused."""
    row = await _row(login)
    if not row["active"]:
        raise Refused(STAFF_INACTIVE())
    return await approvals.ask(
        actor=actor,
        kind=RENEWAL,
        subject=f"staff:{row['staff_id']}",
        payload={"staff_id": row["staff_id"]},
        summary=f"为{row['name']}（{row['login']}）重置密码和动态口令",
        reason=reason,
        now=now,
    )


async def ask_restoration(*, actor: Actor, login: str, reason: str, now: datetime) -> Approval:
    """Asks that a closed account be opened again, without roles and with new factors. Raises Refused."""
    row = await _row(login)
    if row["active"]:
        raise Refused(STAFF_ACTIVE())
    return await approvals.ask(
        actor=actor,
        kind=RESTORATION,
        subject=f"staff:{row['staff_id']}",
        payload={"staff_id": row["staff_id"]},
        summary=f"恢复{row['name']}（{row['login']}）的账户",
        reason=reason,
        now=now,
    )


async def give_enrolment_code(*, actor: Actor, login: str, now: datetime) -> str:
    """The code, once, after a second person has agreed. Raises Refused."""
    await _require(actor, "staff.manage", action="staff.enrolment_given", now=now)
    row = await _row(login)
    if row["renewal_until"] is None or row["renewal_until"] <= now or not row["active"]:
        await audit.record(
            None,
            actor=actor,
            action="staff.enrolment_given",
            subject=f"staff:{row['staff_id']}",
            outcome="refused",
            now=now,
            detail={"reason": "not_agreed"},
        )
        raise Refused(RENEWAL_NEEDED())
    async with database.transaction() as tx:
        code = await enrolment.give_code(tx, staff_id=row["staff_id"], now=now)
        await audit.record(tx, actor=actor, action="staff.enrolment_given", subject=f"staff:{row['staff_id']}", now=now)
    return code


async def set_offices(
    *, actor: Actor, login: str, office_codes: Iterable[str], branch_codes: Iterable[str], now: datetime
) -> None:
    """The departments and branch centres that the member works for; neither means the whole centre. For the security
    administrator, never for their own account. Raises Refused."""
    await _require(actor, "staff.assign_roles", action="staff.offices_assigned", now=now)
    row = await _row(login)
    if row["staff_id"] == actor.staff_id:
        raise Refused(OWN_RIGHTS())
    offices, branches = sorted(set(office_codes)), sorted(set(branch_codes))
    known = await database.row(
        "SELECT (SELECT count(*) FROM management_office WHERE code = ANY($1) AND closed_on IS NULL) AS offices,"
        " (SELECT count(*) FROM branch_centre WHERE code = ANY($2) AND closed_on IS NULL) AS branches",
        offices,
        branches,
    )
    assert known is not None
    if (known["offices"], known["branches"]) != (len(offices), len(branches)):
        raise Refused(OFFICE_UNKNOWN())
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE staff SET office_codes = $2, branch_codes = $3 WHERE staff_id = $1",
            row["staff_id"],
            offices,
            branches,
        )
        await audit.record(
            tx,
            actor=actor,
            action="staff.offices_assigned",
            subject=f"staff:{row['staff_id']}",
            now=now,
            detail={
                "before": [*row["office_codes"], *row["branch_codes"]],
                "after": [*offices, *branches],
            },
        )


async def _renew(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    status = await tx.execute(
        "UPDATE staff SET renewal_until = $2 WHERE staff_id = $1 AND active",
        approved.payload["staff_id"],
        now + RENEWAL_LIFE,
    )
    if not status.endswith(" 1"):
        raise Refused(STAFF_INACTIVE())


async def _restore(tx: Transaction, approved: Approval, actor: Actor, now: datetime) -> None:
    status = await tx.execute(
        "UPDATE staff SET active = true, deactivated_at = NULL, renewal_until = $2, failed_count = 0,"
        " locked_until = NULL WHERE staff_id = $1 AND NOT active",
        approved.payload["staff_id"],
        now + RENEWAL_LIFE,
    )
    if not status.endswith(" 1"):
        raise Refused(STAFF_ACTIVE())
    # the factors of before count no more
    await tx.execute(
        "UPDATE staff SET password_hash = $2, totp_cipher = $3 WHERE staff_id = $1",
        approved.payload["staff_id"],
        _NEVER_SET,
        vault.current().encrypt(passwords.new_totp_secret()),
    )


RENEWAL = approvals.declare(
    "staff.renewal", name="重置登录要素", ask="staff.manage", decide="staff.assign_roles", apply=_renew
)
RESTORATION = approvals.declare(
    "staff.restoration", name="恢复停用账户", ask="staff.manage", decide="staff.assign_roles", apply=_restore
)


def _view(row: Record, *, now: datetime) -> StaffView:
    enrolled = row["password_hash"] != _NEVER_SET
    open_code = row["enrolment_until"] is not None and row["enrolment_until"] > now
    return StaffView(
        staff_id=row["staff_id"],
        login=row["login"],
        name=row["name"],
        roles=tuple(sorted(row["roles"])),
        office_codes=tuple(row["office_codes"]),
        branch_codes=tuple(row["branch_codes"]),
        active=row["active"],
        enrolled=enrolled,
        locked=row["locked_until"] is not None and row["locked_until"] > now,
        password_changed_at=row["password_changed_at"] if enrolled else None,
        enrolment_until=row["enrolment_until"] if open_code else None,
        may_renew=row["renewal_until"] is not None and row["renewal_until"] > now,
    )


async def _row(login: str) -> Record:
    row = await database.row("SELECT * FROM staff WHERE login = $1", login)
    if row is None:
        raise Refused(STAFF_UNKNOWN())
    return row


async def _require(actor: Actor, *wanted: str, action: str, now: datetime) -> None:
    if not any(rights.may(actor, right) for right in wanted):
        await _denied(actor, action=action, now=now)


async def _denied(actor: Actor, *, action: str, now: datetime) -> NoReturn:
    await audit.record(None, actor=actor, action=action, subject="staff", outcome="refused", now=now)
    raise Refused(NOT_PERMITTED())
