"""How a member of staff gets the first password and one-time code, or new ones, without anybody else seeing them.

The system administrator gives out a code that is good once and for a day. With it the member sets a password, takes
over the secret of the one-time code, and proves with six digits that the authenticator has it; only then do the new
factors count. Giving out another code needs a second person's agreement (`auth.staff_upkeep`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from auth import configuration, passwords, sessions
from auth.lockout import audit_refusal, count_failure, is_locked
from auth.refusals import ENROLMENT_CODE_WRONG, ENROLMENT_FAILED, PASSWORD_RECENT
from auth.staff import LOGIN_NAME, TOTP_ISSUER, remember_password, used_recently
from domain.kernel import audit, database, vault
from domain.kernel.actor import ANONYMOUS, Actor
from domain.kernel.database import Executor, Record
from domain.kernel.digest import sm3
from domain.kernel.refusal import Refused

# without letters and digits that are mistaken for each other when read out
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP_LENGTH = 4, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingFactors:
    """What the member takes over into an authenticator; shown to them alone."""

    totp_secret: str = field(repr=False)
    provisioning_uri: str = field(repr=False)


async def give_code(tx: Executor, *, staff_id: int, now: datetime) -> str:
    """A new code (80 bits) in the place of any before; shown once to whoever hands it over."""
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    await tx.execute(
        "UPDATE staff SET enrolment_hash = $2, enrolment_until = $3, renewal_until = NULL, pending_totp_cipher = NULL"
        " WHERE staff_id = $1",
        staff_id,
        _digest(code),
        now + configuration.current().enrolment,
    )
    return code


async def begin(*, login: str, code: str, password: str, now: datetime) -> PendingFactors:
    """Sets the password and offers a secret for the one-time code. Nothing counts before `confirm`. Raises Refused in
    the same words for a wrong name, a wrong, used or old code and a locked account; with every rule that the password
    breaks."""
    row = await _member(login=login, code=code, now=now)
    found = passwords.weaknesses(password=password, login=row["login"], name=row["name"])
    if not found and await _was_used(row, password=password):
        found.append(PASSWORD_RECENT(count=configuration.current().passwords_remembered))
    if found:
        raise Refused(*(replace(refusal, field="password") for refusal in found))
    secret = passwords.new_totp_secret()
    hashed = await passwords.hash_password(password)
    await database.execute(
        "UPDATE staff SET pending_totp_cipher = $2 WHERE staff_id = $1",
        row["staff_id"],
        vault.current().encrypt(f"{secret} {hashed}"),
    )
    uri = passwords.provisioning_uri(totp_secret=secret, login=row["login"], issuer=TOTP_ISSUER)
    return PendingFactors(totp_secret=secret, provisioning_uri=uri)


async def pending(*, login: str, code: str, now: datetime) -> PendingFactors | None:
    """What `begin` offered, to show it again after a typing mistake. Raises as `begin` does."""
    row = await _member(login=login, code=code, now=now)
    if row["pending_totp_cipher"] is None:
        return None
    secret = vault.current().decrypt(row["pending_totp_cipher"]).partition(" ")[0]
    uri = passwords.provisioning_uri(totp_secret=secret, login=row["login"], issuer=TOTP_ISSUER)
    return PendingFactors(totp_secret=secret, provisioning_uri=uri)


async def confirm(*, login: str, code: str, digits: str, now: datetime) -> None:
    """The authenticator shows the right digits: password and secret count from now on, the code is used up, and every
    session of the member ends. Raises Refused."""
    row = await _member(login=login, code=code, now=now)
    if row["pending_totp_cipher"] is None:
        raise Refused(ENROLMENT_FAILED())
    secret, _, hashed = vault.current().decrypt(row["pending_totp_cipher"]).partition(" ")
    step = passwords.step_of_code(totp_secret=secret, code=digits.strip(), now=now)
    if step is None:
        await count_failure(row, reason="enrolment_wrong_digits", now=now)
        raise Refused(ENROLMENT_CODE_WRONG())
    async with database.transaction() as tx:
        taken = await tx.value(
            "UPDATE staff SET password_hash = $3, password_changed_at = $4, totp_cipher = $5, totp_last_step = $6,"
            " failed_count = 0, locked_until = NULL, enrolment_hash = NULL, enrolment_until = NULL,"
            " pending_totp_cipher = NULL WHERE staff_id = $1 AND enrolment_hash = $2 RETURNING staff_id",
            row["staff_id"],
            row["enrolment_hash"],
            hashed,
            now,
            vault.current().encrypt(secret),
            step,
        )
        if taken is None:
            raise Refused(ENROLMENT_FAILED())
        await remember_password(tx, staff_id=row["staff_id"], password_hash=row["password_hash"], now=now)
        await audit.record(
            tx,
            actor=_self(row),
            action="staff.enrolled",
            subject=f"staff:{row['staff_id']}",
            now=now,
        )
    await sessions.end_all_sessions(actor=_self(row), staff_id=row["staff_id"], reason="enrolled", now=now)


async def _member(*, login: str, code: str, now: datetime) -> Record:
    login = login.strip().lower()
    row = None
    if LOGIN_NAME.fullmatch(login):
        row = await database.row("SELECT * FROM staff WHERE login = $1", login)
    if row is None:
        await audit_refusal(staff_id=None, reason="enrolment_unknown_login", now=now)
        raise Refused(ENROLMENT_FAILED())
    open_now = row["active"] and row["enrolment_hash"] is not None and row["enrolment_until"] > now
    if is_locked(row, now=now) or not open_now or _digest(code) != row["enrolment_hash"]:
        await count_failure(row, reason="enrolment_wrong_code", now=now)
        raise Refused(ENROLMENT_FAILED())
    return row


async def _was_used(row: Record, *, password: str) -> bool:
    if await passwords.password_matches(password_hash=row["password_hash"], password=password):
        return True
    return await used_recently(staff_id=row["staff_id"], password=password)


def _self(row: Record) -> Actor:
    channel = configuration.STAFF_CHANNEL
    return replace(ANONYMOUS, kind="staff", channel=channel, staff_id=row["staff_id"], name=row["name"])


def _digest(code: str) -> bytes:
    return sm3(code.strip().upper().encode())
