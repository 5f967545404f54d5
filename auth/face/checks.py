"""Face checks: each for one person, one operation and one request, for some minutes, used once.

The request is known by a keyed digest of everything that the client sent, its request key included. A check that was
passed lets exactly that request through; sent again (an answer was lost) it is the same request, which the domain's
own request key answers as before. Kept are result, reason and the service's number, no image and no score.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auth import limits
from auth.face.ports import FaceVerification
from auth.face.requirements import Operation, counter_operations, needed, online_operations
from auth.face.step_up import StepUp, StepUpRequired
from auth.refusals import (
    FACE_CHALLENGE_UNKNOWN,
    FACE_CHECK_UNKNOWN,
    FACE_DOCUMENT_KIND,
    FACE_STARTS,
)
from domain import contributions, policy
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import business_date_of
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import new_id, valid_id_card
from domain.kernel.money import Money
from domain.kernel.refusal import REAL_NAME_REQUIRED, Refused

_DIGEST_HEX = 64
_RESIDENT_CARD = "01"
META_INFO_MAX = 4_000
REASON_MIN, REASON_MAX = 4, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCheck:
    """`state`: started, passed, failed, expired. `url` is where the browser goes, only in the answer to `start`."""

    check_id: int
    operation: str
    operation_name: str
    state: str
    method: str
    certify_id: str
    expires_at: datetime
    used: bool
    code: str = ""
    url: str | None = None


def request_digest(*, operation: str, given: object) -> str:
    """The keyed digest of a request: equal for equal requests, and nobody can make one for another person's data."""
    return request_digests(operation=operation, given=given)[0]


def request_digests(*, operation: str, given: object) -> list[str]:
    """Every digest under which the request may be known, the one to be kept first."""
    told = canonical_json({"face": operation, "input": given}).decode()
    made = vault.current().blind_index(told)
    return [made.hex(), *(index.hex() for index in vault.current().blind_indexes(told) if index != made)]


async def require(*, actor: Actor, operation: str, given: object, amount: Money | None, now: datetime) -> None:
    """Lets the request pass, or raises StepUpRequired. Uses up the check; the very same request passes again while
    the check is valid."""
    asked = online_operations()[operation]
    if not actor.is_real_name or actor.person_id is None:
        return  # the domain refuses by itself, in its own words
    if not await needed(actor=actor, operation=asked, amount=amount, now=now):
        return
    digests = request_digests(operation=operation, given=given)
    used = await database.row(
        "UPDATE face_check SET used_at = coalesce(used_at, $4) WHERE person_id = $1 AND operation = $2"
        " AND request_digest = ANY($3) AND state = 'passed' AND expires_at > $4 RETURNING check_id, method",
        actor.person_id,
        operation,
        digests,
        now,
    )
    if used is None:
        await audit.record(
            None,
            actor=actor,
            action="face.required",
            subject=f"person:{actor.person_id}",
            outcome="refused",
            now=now,
            detail={"operation": operation},
        )
        raise StepUpRequired(
            StepUp(
                operation=operation,
                operation_name=asked.name,
                challenge=f"{operation}:{digests[0]}",
                ways=("face", *asked.alternatives),
            )
        )
    await audit.record(
        None,
        actor=actor,
        action="face.used",
        subject=f"person:{actor.person_id}",
        now=now,
        detail={"operation": operation, "check_id": used["check_id"], "method": used["method"]},
    )


async def start(
    *, actor: Actor, challenge: str, meta_info: str, return_url: str, service: FaceVerification, now: datetime
) -> FaceCheck:
    """Begins the citizen's own check for the request that `challenge` names. Raises Refused, PartnerFailure."""
    if not (actor.is_in_person and actor.is_real_name) or actor.person_id is None:
        raise Refused(REAL_NAME_REQUIRED())
    operation, _, digest = challenge.partition(":")
    known = online_operations().get(operation)
    hexadecimal = len(digest) == _DIGEST_HEX and all(char in "0123456789abcdef" for char in digest)
    if known is None or not hexadecimal or len(meta_info) > META_INFO_MAX:
        raise Refused(FACE_CHALLENGE_UNKNOWN())
    await _within_day(person_id=actor.person_id, now=now)
    await limits.take("face.starts", key=str(actor.person_id), channel=actor.channel, now=now)
    return await begin(
        actor=actor,
        person_id=actor.person_id,
        operation=known,
        digest=digest,
        meta_info=meta_info,
        return_url=return_url,
        service=service,
        now=now,
    )


async def _within_day(*, person_id: int, now: datetime) -> None:
    """Each check is paid for, and the service locks out who fails too often. What the counter began is not counted.
    Raises Refused."""
    most = int(policy.on(business_date_of(now)).number("identity.face_starts_per_day"))
    begun = await database.value(
        "SELECT count(*) FROM face_check WHERE person_id = $1 AND started_at > $2 AND staff_id IS NULL",
        person_id,
        now - timedelta(days=1),
    )
    if begun >= most:
        raise Refused(FACE_STARTS(most=most))


async def finish(*, actor: Actor, check_id: int, service: FaceVerification, now: datetime) -> FaceCheck:
    """Asks the service for the result of the actor's own check. Raises Refused for any other, PartnerFailure."""
    row = await row_of(check_id)
    if row is None or not actor.is_in_person or row["person_id"] != actor.person_id or row["staff_id"] is not None:
        raise Refused(FACE_CHECK_UNKNOWN())
    return await settle(row, actor=actor, service=service, now=now)


async def begin(
    *,
    actor: Actor,
    person_id: int,
    operation: Operation,
    digest: str,
    meta_info: str,
    return_url: str,
    service: FaceVerification,
    now: datetime,
) -> FaceCheck:
    person = await contributions.clear_person(person_id=person_id)
    if person.document_type != _RESIDENT_CARD or not valid_id_card(person.document_no):
        raise Refused(FACE_DOCUMENT_KIND())
    started = await service.start(
        order_no=secrets.token_hex(16),
        name=person.name,
        document_no=person.document_no,
        meta_info=meta_info,
        return_url=return_url,
    )
    check_id = new_id()
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO face_check (check_id, person_id, operation, request_digest, method, provider, certify_id,"
            " state, started_at, expires_at, channel, session_id, staff_id)"
            " VALUES ($1, $2, $3, $4, 'face', $5, $6, 'started', $7, $8, $9, $10, $11)",
            check_id,
            person_id,
            operation.code,
            digest,
            service.provider,
            started.certify_id,
            now,
            now + valid_for(now),
            actor.channel,
            actor.session_id,
            actor.staff_id,
        )
        await audit.record(
            tx,
            actor=actor,
            action="face.started",
            subject=f"person:{person_id}",
            now=now,
            detail={"operation": operation.code, "check_id": check_id},
        )
    row = await row_of(check_id)
    assert row is not None
    return view_of(row, now=now, url=started.url)


async def settle(row: Record, *, actor: Actor, service: FaceVerification, now: datetime) -> FaceCheck:
    if row["state"] != "started" or row["expires_at"] <= now:
        return view_of(row, now=now)
    result = await service.outcome(certify_id=row["certify_id"])
    if result.outcome == "pending":
        return view_of(row, now=now)
    async with database.transaction() as tx:
        settled = await tx.value(
            "UPDATE face_check SET state = $2, code = $3, decided_at = $4 WHERE check_id = $1 AND state = 'started'"
            " AND expires_at > $4 RETURNING check_id",
            row["check_id"],
            result.outcome,
            result.code[:40],
            now,
        )
        if settled is not None:
            await audit.record(
                tx,
                actor=actor,
                action=f"face.{result.outcome}",
                subject=f"person:{row['person_id']}",
                outcome="done" if result.outcome == "passed" else "refused",
                now=now,
                detail={"operation": row["operation"], "check_id": row["check_id"], "code": result.code[:40]},
            )
    fresh = await row_of(row["check_id"])
    assert fresh is not None
    return view_of(fresh, now=now)


async def row_of(check_id: int) -> Record | None:
    return await database.row("SELECT * FROM face_check WHERE check_id = $1", check_id)


def valid_for(now: datetime) -> timedelta:
    return timedelta(minutes=int(policy.on(business_date_of(now)).number("identity.face_valid_minutes")))


def view_of(row: Any, *, now: datetime, url: str | None = None) -> FaceCheck:
    operations = {**online_operations(), **counter_operations()}
    over = row["expires_at"] <= now and row["used_at"] is None and row["state"] in ("started", "passed")
    return FaceCheck(
        check_id=row["check_id"],
        operation=row["operation"],
        operation_name=operations[row["operation"]].name,
        state="expired" if over else row["state"],
        method=row["method"],
        certify_id=row["certify_id"],
        expires_at=row["expires_at"],
        used=row["used_at"] is not None,
        code=row["code"],
        url=url,
    )
