"""Devices: registered by one member of staff, agreed to by another, enrolled with a one-time code and their own key.

approved → active → suspended → approved again (by two persons, with a new key)
                  ↘ retired, from every state, for ever
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import asyncpg
import jwt
import orjson

from auth import approvals, sessions
from auth.approvals import Approval
from auth.grants import keyring
from auth.kiosks.refusals import (
    DEVICE_KNOWN,
    DEVICE_NAME,
    DEVICE_NO,
    DEVICE_STATE,
    DEVICE_UNKNOWN,
    ENROLMENT_WRONG,
    OFFICE_WRONG,
    OWNER_UNKNOWN,
    READER_KEY,
    STOP_REASON,
)
from auth.rights import may
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

REGISTER, APPROVE = "kiosks.register", "kiosks.approve"
STATE_NAMES = {"approved": "待登记", "active": "在用", "suspended": "已暂停", "retired": "已停用"}
CODE_LIFE = timedelta(minutes=30)
CODE_FAILURES_MAX = 5
# without letters and digits that are mistaken for each other when read out
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DEVICE_NO = re.compile(r"[A-Z0-9][A-Z0-9-]{3,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk:
    device_id: int
    device_no: str
    name: str
    place: str
    office_code: str
    owner: str
    state: str
    key_id: str
    algorithm: str
    seen_at: datetime | None
    stopped_reason: str

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def kiosks(*, actor: Actor) -> list[Kiosk]:
    """Every device with its owner, by number."""
    if not (may(actor, REGISTER) or may(actor, APPROVE)):
        raise Refused(NOT_PERMITTED())
    owners = {row["partner_id"]: row["name"] for row in await database.rows("SELECT partner_id, name FROM third_party")}
    rows = await database.rows("SELECT * FROM kiosk ORDER BY device_no")
    return [
        Kiosk(
            device_id=row["device_id"],
            device_no=row["device_no"],
            name=row["name"],
            place=row["place"],
            office_code=row["office_code"],
            owner=owners.get(row["partner_id"], "") if row["partner_id"] else "本中心",
            state=row["state"],
            key_id=row["key_id"] or "",
            algorithm=row["algorithm"] or "",
            seen_at=row["seen_at"],
            stopped_reason=row["stopped_reason"],
        )
        for row in rows
    ]


async def propose(
    *,
    actor: Actor,
    device_no: str,
    name: str,
    place: str,
    office_code: str,
    owner: str,
    reader_pem: str,
    reason: str,
    now: datetime,
) -> Approval:
    """Asks for a device to be admitted. `owner` is the code of a third party, empty for the centre's own."""
    _require(actor, REGISTER)
    given = {"name": name.strip(), "place": place.strip()[:80], "office_code": office_code, "owner": owner.strip()}
    problems = await _problems(device_no=device_no, reader_pem=reader_pem, **given)
    if problems:
        raise Refused(*problems)
    return await approvals.ask(
        actor=actor,
        kind=ADMISSION,
        subject=f"kiosk:{device_no}",
        payload={**given, "device_no": device_no, "reader_pem": keyring.canonical_pem(reader_pem)},
        summary=f"登记自助终端{device_no}（{given['name']}，{owner.strip() or '本中心'}）",
        reason=reason,
        now=now,
    )


async def propose_return(*, actor: Actor, device_id: int, reason: str, now: datetime) -> Approval:
    """Asks for a suspended device to come back; it has to be enrolled with a new key."""
    _require(actor, REGISTER)
    row = await _found(device_id)
    if row["state"] != "suspended":
        raise Refused(DEVICE_STATE(state=STATE_NAMES[row["state"]]))
    return await approvals.ask(
        actor=actor,
        kind=RETURN,
        subject=f"kiosk:{row['device_no']}",
        payload={"device_id": str(device_id)},
        summary=f"恢复自助终端{row['device_no']}（须重新登记密钥）",
        reason=reason,
        now=now,
    )


async def give_code(*, actor: Actor, device_id: int, now: datetime) -> str:
    """A code for whoever stands at the device; good once, for half an hour, shown once."""
    _require(actor, REGISTER)
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    async with transaction() as tx:
        row = await tx.row(
            "UPDATE kiosk SET code_hash = $2, code_until = $3, code_failures = 0 WHERE device_id = $1"
            " AND state = 'approved' RETURNING device_no",
            device_id,
            sm3(code.encode()),
            now + CODE_LIFE,
        )
        if row is None:
            raise Refused(DEVICE_STATE(state=STATE_NAMES[(await _found(device_id, using=tx))["state"]]))
        await _audited(tx, actor, "kiosk.code_given", row["device_no"], now)
    return code


async def enrol(*, device_no: str, code: str, public_pem: str, proof: str, now: datetime) -> str:
    """The device's own key takes the place of the code. `proof` is a compact JWS by that key over {"device", "code"}:
    who enrols a key holds it. Returns the key's identifier. Raises Refused in the same words whatever was wrong."""
    algorithm = keyring.algorithm_of(public_pem)
    plain = code.strip().upper()
    if algorithm is None or not _proves(proof, pem=public_pem, algorithm=algorithm, device_no=device_no, code=code):
        await _failed(device_no, reason="key", now=now)
    key = keyring.key_id(public_pem)
    try:
        async with transaction() as tx:
            enrolled = await tx.value(
                "UPDATE kiosk SET state = 'active', key_id = $4, algorithm = $5, public_pem = $6, counter = 0,"
                " code_hash = NULL, code_until = NULL, stopped_reason = '', changed_at = $3 WHERE device_no = $1"
                " AND state = 'approved' AND code_hash = $2 AND code_until > $3 AND code_failures < $7"
                " RETURNING device_id",
                device_no,
                sm3(plain.encode()),
                now,
                key,
                algorithm,
                keyring.canonical_pem(public_pem),
                CODE_FAILURES_MAX,
            )
            if enrolled is not None:
                await _audited(tx, SYSTEM, "kiosk.enrolled", device_no, now, kid=key)
                return key
    except asyncpg.UniqueViolationError:
        # the key of another device, which must not be two
        await _failed(device_no, reason="key_known", now=now)
    await _failed(device_no, reason="code", now=now)
    raise AssertionError("a failed enrolment is refused")


async def stop(*, actor: Actor, device_id: int, for_ever: bool, reason: str, now: datetime) -> None:
    """Suspends or retires at once, by one person; who stands there is logged out."""
    _require(actor, REGISTER if may(actor, REGISTER) else APPROVE)
    said = reason.strip()
    if not 4 <= len(said) <= 200:
        raise Refused(STOP_REASON())
    row = await _found(device_id)
    if row["state"] == "retired" or (row["state"] == "suspended" and not for_ever):
        raise Refused(DEVICE_STATE(state=STATE_NAMES[row["state"]]))
    await halt(row, to="retired" if for_ever else "suspended", reason=said, actor=actor, now=now)


async def halt(row: Record, *, to: str, reason: str, actor: Actor, now: datetime) -> None:
    """Takes the key away and ends the session that runs there."""
    async with transaction() as tx:
        await tx.execute(
            "UPDATE kiosk SET state = $2, key_id = NULL, algorithm = NULL, public_pem = NULL, code_hash = NULL,"
            " code_until = NULL, session_id = NULL, stopped_reason = $3, changed_at = $4 WHERE device_id = $1",
            row["device_id"],
            to,
            reason,
            now,
        )
        await _audited(tx, actor, f"kiosk.{to}", row["device_no"], now, reason=reason)
    if row["session_id"] is not None:
        await sessions.end_session(session_id=row["session_id"], actor=actor, reason="kiosk_stopped", now=now)


async def _problems(
    *, device_no: str, reader_pem: str, name: str, place: str, office_code: str, owner: str
) -> list[Refusal]:
    problems = []
    if _DEVICE_NO.fullmatch(device_no) is None:
        problems.append(DEVICE_NO())
    elif await database.value("SELECT 1 FROM kiosk WHERE device_no = $1", device_no):
        problems.append(DEVICE_KNOWN())
    if not 1 <= len(name) <= 40:
        problems.append(DEVICE_NAME())
    if not await database.value("SELECT 1 FROM management_office WHERE code = $1 AND closed_on IS NULL", office_code):
        problems.append(OFFICE_WRONG())
    if owner and await _partner_of(owner) is None:
        problems.append(OWNER_UNKNOWN())
    if keyring.algorithm_of(reader_pem) is None:
        problems.append(READER_KEY())
    return problems


async def _partner_of(code: str, *, using: Executor = database.pool) -> int | None:
    found: int | None = await using.value(
        "SELECT partner_id FROM third_party WHERE code = $1 AND state IN ('approved', 'connected')", code
    )
    return found


def _proves(proof: str, *, pem: str, algorithm: str, device_no: str, code: str) -> bool:
    try:
        told = orjson.loads(keyring.JWS.decode(proof, keyring.canonical_pem(pem), algorithms=[algorithm]))
    except (jwt.InvalidTokenError, orjson.JSONDecodeError, ValueError):
        return False
    return bool(told == {"device": device_no, "code": code})


async def _failed(device_no: str, *, reason: str, now: datetime) -> None:
    """Counts against the code, which is dead after a few. Raises Refused."""
    await database.execute(
        "UPDATE kiosk SET code_failures = code_failures + 1 WHERE device_no = $1 AND code_hash IS NOT NULL", device_no
    )
    known = await database.value("SELECT 1 FROM kiosk WHERE device_no = $1", device_no)
    subject = device_no if known else "unknown"
    await _audited(None, SYSTEM, "kiosk.enrolled", subject, now, outcome="refused", reason=reason)
    raise Refused(ENROLMENT_WRONG())


async def _found(device_id: int, *, using: Executor = database.pool) -> Record:
    row = await using.row("SELECT * FROM kiosk WHERE device_id = $1", device_id)
    if row is None:
        raise Refused(DEVICE_UNKNOWN())
    return row


def _require(actor: Actor, right: str) -> None:
    if not may(actor, right):
        raise Refused(NOT_PERMITTED())


async def _audited(
    tx: Transaction | None,
    actor: Actor,
    action: str,
    device_no: str,
    now: datetime,
    *,
    outcome: Literal["done", "refused"] = "done",
    **detail: object,
) -> None:
    await audit.record(
        tx, actor=actor, action=action, subject=f"kiosk:{device_no}", now=now, outcome=outcome, detail=detail
    )


async def _admit(tx: Transaction, request: Approval, agreed_by: Actor, now: datetime) -> None:
    given = request.payload
    partner_id = await _partner_of(given["owner"], using=tx) if given["owner"] else None
    if given["owner"] and partner_id is None:
        raise Refused(OWNER_UNKNOWN())
    added = await tx.value(
        "INSERT INTO kiosk (device_id, device_no, name, place, office_code, partner_id, state, reader_pem, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'approved', $7, $8) ON CONFLICT (device_no) DO NOTHING RETURNING device_id",
        new_id(),
        given["device_no"],
        given["name"],
        given["place"],
        given["office_code"],
        partner_id,
        given["reader_pem"],
        now,
    )
    if added is None:
        raise Refused(DEVICE_KNOWN())
    await _audited(tx, agreed_by, "kiosk.admitted", given["device_no"], now)


async def _bring_back(tx: Transaction, request: Approval, agreed_by: Actor, now: datetime) -> None:
    number = await tx.value(
        "UPDATE kiosk SET state = 'approved', stopped_reason = '', changed_at = $2 WHERE device_id = $1"
        " AND state = 'suspended' RETURNING device_no",
        int(request.payload["device_id"]),
        now,
    )
    if number is None:
        raise Refused(DEVICE_UNKNOWN())
    await _audited(tx, agreed_by, "kiosk.returned", number, now)


ADMISSION = approvals.declare("kiosk.admission", name="登记自助终端", ask=REGISTER, decide=APPROVE, apply=_admit)
RETURN = approvals.declare("kiosk.return", name="恢复自助终端", ask=REGISTER, decide=APPROVE, apply=_bring_back)
