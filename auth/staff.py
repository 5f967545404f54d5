"""Staff: signing in with password and one-time code, lock-out, and the people themselves.

The cookie of a staff session is a random secret; its digest stands in `refresh_token`, the session in
`login_session`, and both are read at each request (see `auth.presence`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import asyncpg

from auth import configuration, passwords, presence, rights, sessions, tokens
from auth.configuration import STAFF_CHANNEL
from auth.lockout import audit_refusal, count_failure, is_locked
from auth.refusals import (
    LOGIN_MALFORMED,
    LOGIN_TAKEN,
    OWN_RIGHTS,
    PASSWORD_RECENT,
    PASSWORD_SAME,
    PASSWORD_WRONG,
    SIGN_IN_AGAIN,
    STAFF_LOGIN_FAILED,
    STAFF_UNKNOWN,
)
from auth.tokens import AccessToken, TokenRefused
from domain import contributions
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Record, Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

TOTP_ISSUER = "北京住房公积金管理中心"

LOGIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSignIn:
    """`cookie` exists nowhere else. While `must_change_password`, the actor has no roles."""

    cookie: str = field(repr=False)
    actor: Actor
    must_change_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedStaff:
    """`totp_secret` and the address for an authenticator are shown once, to the new member of staff."""

    staff_id: int
    login: str
    totp_secret: str = field(repr=False)
    provisioning_uri: str = field(repr=False)


async def sign_in(*, login: str, password: str, code: str, device: str, now: datetime) -> StaffSignIn:
    """Opens a session. Raises Refused `login.failed`, in the same words whatever was wrong and also while
    the account is locked; the audit trail knows the reason."""
    login = login.strip().lower()
    row = await _staff(login=login) if LOGIN_NAME.fullmatch(login) else None
    right = await passwords.password_matches(
        password_hash=row["password_hash"] if row is not None else None, password=password
    )
    if row is None:
        await audit_refusal(staff_id=None, reason="unknown_login", now=now)
        raise Refused(STAFF_LOGIN_FAILED())
    secret = vault.current().decrypt(row["totp_cipher"])
    step = passwords.step_of_code(totp_secret=secret, code=code.strip(), now=now)
    if not right or step is None:
        await count_failure(row, reason="wrong_code" if right else "wrong_password", now=now)
        raise Refused(STAFF_LOGIN_FAILED())
    # One statement, so that of two bearers of one code only one comes in.
    admitted = await database.value(
        "UPDATE staff SET failed_count = 0, locked_until = NULL, totp_last_step = $2"
        " WHERE staff_id = $1 AND active AND totp_last_step < $2"
        " AND (locked_until IS NULL OR locked_until <= $3) RETURNING staff_id",
        row["staff_id"],
        step,
        now,
    )
    if admitted is None:
        await count_failure(row, reason="code_used_or_not_admitted", now=now)
        raise Refused(STAFF_LOGIN_FAILED())
    opened = await sessions.open_session(
        holder="staff",
        identity=row["staff_id"],
        channel=STAFF_CHANNEL,
        assurance="password",
        device=device,
        now=now,
    )
    actor = await presence.staff_of_session(session_id=opened.session_id, now=now)
    if actor is None:
        raise Refused(STAFF_LOGIN_FAILED())
    await audit.record(None, actor=actor, action="login.succeeded", subject=actor.reference, now=now)
    due = presence.password_expired(password_changed_at=row["password_changed_at"], now=now)
    return StaffSignIn(cookie=opened.secret, actor=actor, must_change_password=due)


async def actor_of(*, cookie: str, now: datetime) -> Actor | None:
    """Who is behind the cookie; None once the session has ended, lay idle or grew too old, or the person
    left."""
    return await presence.staff_of_cookie(cookie_hash=sessions.secret_digest(cookie), now=now)


async def must_change_password(*, actor: Actor, now: datetime) -> bool:
    """Whether nothing is open to this member of staff but the page where the password is changed."""
    changed_at = await database.value("SELECT password_changed_at FROM staff WHERE staff_id = $1", actor.staff_id)
    return changed_at is not None and presence.password_expired(password_changed_at=changed_at, now=now)


async def sign_out(*, cookie: str, now: datetime) -> None:
    """Ends the session; once more is no error."""
    actor = await actor_of(cookie=cookie, now=now)
    if actor is not None and actor.session_id is not None:
        await sessions.end_session(session_id=actor.session_id, actor=actor, reason="logout", now=now)


async def token_for_staff(*, cookie: str, now: datetime) -> AccessToken:
    """An access token for GraphQL that ends with the session. Raises TokenRefused."""
    actor = await actor_of(cookie=cookie, now=now)
    if actor is None or actor.session_id is None or actor.staff_id is None:
        raise TokenRefused("session_ended")
    expires_at = await database.value("SELECT expires_at FROM login_session WHERE session_id = $1", actor.session_id)
    return await tokens.issue(
        holder="staff",
        identity=actor.staff_id,
        session_id=actor.session_id,
        channel=actor.channel,
        assurance=actor.assurance,
        name=actor.name,
        session_expires_at=expires_at,
        now=now,
    )


async def change_password(*, actor: Actor, old: str, new: str, now: datetime) -> None:
    """Sets a new password and ends the person's other sessions. Raises Refused: with every rule that the
    new password breaks, or because the old one is wrong, which counts as a failed login."""
    row = await _staff(staff_id=actor.staff_id) if actor.is_staff else None
    if row is None or not row["active"]:
        raise Refused(SIGN_IN_AGAIN())
    found = passwords.weaknesses(password=new, login=row["login"], name=row["name"])
    if new == old:
        found.append(PASSWORD_SAME())
    if not found and await used_recently(staff_id=row["staff_id"], password=new):
        found.append(PASSWORD_RECENT(count=configuration.current().passwords_remembered))
    if found:
        raise Refused(*found)
    right = await passwords.password_matches(password_hash=row["password_hash"], password=old)
    if not right or is_locked(row, now=now):
        await count_failure(row, reason="wrong_old_password", now=now)
        raise Refused(PASSWORD_WRONG())
    hashed = await passwords.hash_password(new)
    async with database.transaction() as tx:
        # The old hash in the condition: a change made in between is not overwritten.
        changed = await tx.value(
            "UPDATE staff SET password_hash = $3, password_changed_at = $4, failed_count = 0, locked_until = NULL"
            " WHERE staff_id = $1 AND password_hash = $2 RETURNING staff_id",
            row["staff_id"],
            row["password_hash"],
            hashed,
            now,
        )
        if changed is None:
            raise Refused(PASSWORD_WRONG())
        await remember_password(tx, staff_id=row["staff_id"], password_hash=row["password_hash"], now=now)
    await audit.record(None, actor=actor, action="password.changed", subject=actor.reference, now=now)
    await sessions.end_all_sessions(
        actor=actor, staff_id=row["staff_id"], keep=actor.session_id, reason="password_changed", now=now
    )


async def used_recently(*, staff_id: int, password: str) -> bool:
    """Whether it is one of the last few passwords that the member had before."""
    rows = await database.rows(
        "SELECT password_hash FROM staff_password WHERE staff_id = $1 ORDER BY set_at DESC LIMIT $2",
        staff_id,
        configuration.current().passwords_remembered,
    )
    for row in rows:
        if await passwords.password_matches(password_hash=row["password_hash"], password=password):
            return True
    return False


async def remember_password(tx: Transaction, *, staff_id: int, password_hash: str, now: datetime) -> None:
    """Keeps a password that was just replaced, and forgets those that may be used again."""
    await tx.execute("INSERT INTO staff_password VALUES ($1, $2, $3)", staff_id, now, password_hash)
    await tx.execute(
        "DELETE FROM staff_password WHERE staff_id = $1 AND set_at NOT IN"
        " (SELECT set_at FROM staff_password WHERE staff_id = $1 ORDER BY set_at DESC LIMIT $2)",
        staff_id,
        configuration.current().passwords_remembered,
    )


async def create_staff(
    *,
    actor: Actor,
    login: str,
    name: str,
    password: str,
    roles: Iterable[str],
    now: datetime,
    office_codes: Iterable[str] = (),
    document_type: str | None = None,
    document_no: str | None = None,
    totp_secret: str | None = None,
    must_change: bool = True,
) -> CreatedStaff:
    """Adds a member of staff. Whoever manages staff may not give roles as well: those come from the
    security administrator by `assign_roles`; the system itself (set-up) may do both. The document lets
    nobody review their own case. Raises Refused."""
    wanted = rights.check_roles(roles)
    if actor.kind != "system" and (wanted or not rights.may(actor, "staff.manage")):
        await _audit_denied(actor, action="staff.created", subject="staff", now=now)
        raise Refused(NOT_PERMITTED())
    if LOGIN_NAME.fullmatch(login) is None:
        raise Refused(LOGIN_MALFORMED())
    if weak := passwords.weaknesses(password=password, login=login, name=name):
        raise Refused(*(replace(refusal, field="password") for refusal in weak))
    totp_secret = totp_secret or passwords.new_totp_secret()
    document_index = None
    if document_type is not None and document_no is not None:
        document_index = contributions.document_index(document_type=document_type, document_no=document_no)
    staff_id = new_id()
    try:
        await database.execute(
            "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at,"
            " totp_cipher, roles, office_codes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            staff_id,
            login,
            name,
            document_index,
            await passwords.hash_password(password),
            _NEVER if must_change else now,
            vault.current().encrypt(totp_secret),
            sorted(wanted),
            sorted(office_codes),
        )
    except asyncpg.UniqueViolationError as error:
        raise Refused(LOGIN_TAKEN()) from error
    await audit.record(
        None,
        actor=actor,
        action="staff.created",
        subject=f"staff:{staff_id}",
        now=now,
        detail={"roles": sorted(wanted)},
    )
    uri = passwords.provisioning_uri(totp_secret=totp_secret, login=login, issuer=TOTP_ISSUER)
    return CreatedStaff(staff_id=staff_id, login=login, totp_secret=totp_secret, provisioning_uri=uri)


async def assign_roles(*, actor: Actor, login: str, roles: Iterable[str], now: datetime) -> frozenset[Role]:
    """Gives a member of staff exactly these roles, at once. For the security administrator, never for
    their own account. Raises Refused."""
    if not rights.may(actor, "staff.assign_roles"):
        await _audit_denied(actor, action="staff.roles_assigned", subject="staff", now=now)
        raise Refused(NOT_PERMITTED())
    wanted = rights.check_roles(roles)
    row = await _staff(login=login)
    if row is None:
        raise Refused(STAFF_UNKNOWN())
    if row["staff_id"] == actor.staff_id:
        raise Refused(OWN_RIGHTS())
    await database.execute("UPDATE staff SET roles = $2 WHERE staff_id = $1", row["staff_id"], sorted(wanted))
    await audit.record(
        None,
        actor=actor,
        action="staff.roles_assigned",
        subject=f"staff:{row['staff_id']}",
        now=now,
        detail={"before": sorted(row["roles"]), "after": sorted(wanted)},
    )
    return wanted


async def _staff(*, login: str | None = None, staff_id: int | None = None) -> Record | None:
    return await database.row("SELECT * FROM staff WHERE login = $1 OR staff_id = $2", login, staff_id)


async def _audit_denied(actor: Actor, *, action: str, subject: str, now: datetime) -> None:
    await audit.record(None, actor=actor, action=action, subject=subject, outcome="refused", now=now)
