"""柜面人脸核验: begun by staff for the functions of R13, or passed on the papers, the alternative without a face."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NoReturn

from auth.face.checks import FaceCheck, begin, request_digests, row_of, settle, valid_for, view_of
from auth.face.ports import FaceVerification
from auth.face.requirements import Operation, counter_operations, online_operations
from auth.refusals import FACE_ALTERNATIVE_UNKNOWN, FACE_CHALLENGE_UNKNOWN, FACE_CHECK_UNKNOWN, FACE_REASON
from auth.rights import may
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

_DIGEST_HEX = 64
REASON_MIN, REASON_MAX = 4, 200
HOLD = timedelta(minutes=1)


async def start_at_counter(
    *, actor: Actor, operation: str, person_id: int, matter: str, service: FaceVerification, now: datetime
) -> FaceCheck:
    """Staff begin a check of the person before them for one of the functions of R13. `matter` names what it is for,
    such as the employer's number. Raises Refused, PartnerFailure."""
    known = await _require_counter(actor, operation, now=now)
    return await begin(
        actor=actor,
        person_id=person_id,
        operation=known,
        digest=counter_challenge(actor=actor, operation=operation, matter=matter).partition(":")[2],
        meta_info="{}",
        return_url="",
        service=service,
        now=now,
    )


async def finish_at_counter(*, actor: Actor, check_id: int, service: FaceVerification, now: datetime) -> FaceCheck:
    """The member of staff who began it asks for the result. Raises Refused, PartnerFailure."""
    row = await row_of(check_id)
    if row is None or actor.staff_id is None or row["staff_id"] != actor.staff_id:
        raise Refused(FACE_CHECK_UNKNOWN())
    return await settle(row, actor=actor, service=service, now=now)


async def pass_without_face(*, actor: Actor, challenge: str, person_id: int, reason: str, now: datetime) -> FaceCheck:
    """The alternative without a face: staff have the person and the document before them, and let the request named by
    the challenge (of the person's own device, or of the counter) pass. Raises Refused."""
    operation, _, digest = challenge.partition(":")
    known = {**online_operations(), **counter_operations()}.get(operation)
    if not may(actor, "face.counter"):
        await _denied(actor, now=now)
    if known is None or len(digest) != _DIGEST_HEX or "counter" not in known.alternatives:
        raise Refused(FACE_ALTERNATIVE_UNKNOWN())
    reason = reason.strip()
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise Refused(FACE_REASON(least=REASON_MIN, most=REASON_MAX))
    check_id, expires_at = new_id(), now + valid_for(now)
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO face_check (check_id, person_id, operation, request_digest, method, provider, certify_id,"
            " state, started_at, expires_at, decided_at, channel, staff_id, reason)"
            " VALUES ($1, $2, $3, $4, 'counter', '', '', 'passed', $5, $6, $5, $7, $8, $9)",
            check_id,
            person_id,
            operation,
            digest,
            now,
            expires_at,
            actor.channel,
            actor.staff_id,
            reason,
        )
        await audit.record(
            tx,
            actor=actor,
            action="face.passed_without",
            subject=f"person:{person_id}",
            now=now,
            detail={"operation": operation, "reason": reason},
        )
    row = await row_of(check_id)
    assert row is not None
    return view_of(row, now=now)


def counter_challenge(*, actor: Actor, operation: str, matter: str) -> str:
    """The challenge of a function of the counter: of one matter, by one member of staff."""
    return f"{operation}:{_digests(actor=actor, operation=operation, matter=matter)[0]}"


def _digests(*, actor: Actor, operation: str, matter: str) -> list[str]:
    return request_digests(operation=operation, given={"matter": matter, "staff": actor.staff_id})


async def counter_check(
    *, actor: Actor, operation: str, matter: str, now: datetime, person_id: int | None = None, request_key: str = ""
) -> FaceCheck | None:
    """The check that the member's own counter has passed for this matter and that is valid and not used: what a
    function of R13 asks for. `person_id` where it is about that person and nobody else. One that this very request has
    used counts: a second click is answered like the first."""
    digests = _digests(actor=actor, operation=operation, matter=matter)
    row = await database.row(
        "SELECT * FROM face_check WHERE staff_id = $1 AND operation = $2 AND request_digest = ANY($3)"
        " AND state = 'passed' AND (used_at IS NULL OR used_by_request = nullif($6, ''))"
        " AND expires_at > $4 AND ($5::bigint IS NULL OR person_id = $5)"
        " ORDER BY used_at DESC NULLS LAST, decided_at DESC LIMIT 1",
        actor.staff_id,
        operation,
        digests,
        now,
        person_id,
        request_key,
    )
    return None if row is None else view_of(row, now=now)


@asynccontextmanager
async def held_counter_check(*, check: FaceCheck, request_key: str, now: datetime) -> AsyncIterator[bool]:
    """Keeps a check for one request while that is carried out; False when another request has it at this moment. One
    that was not used in the end is free again at once, and after `HOLD` when its process died."""
    held = check.used or await database.value(
        "UPDATE face_check SET held_by = $2, held_until = $3 WHERE check_id = $1 AND used_at IS NULL"
        " AND (held_until IS NULL OR held_until <= $4 OR held_by = $2) RETURNING true",
        check.check_id,
        request_key,
        now + HOLD,
        now,
    )
    try:
        yield bool(held)
    finally:
        if held and not check.used:
            await database.execute(
                "UPDATE face_check SET held_by = NULL, held_until = NULL"
                " WHERE check_id = $1 AND held_by = $2 AND used_at IS NULL",
                check.check_id,
                request_key,
            )


async def use_counter_check(*, actor: Actor, check: FaceCheck, now: datetime, request_key: str = "") -> None:
    """The function that asked for it was done, by this request."""
    person_id = await database.value(
        "UPDATE face_check SET used_at = $2, used_by_request = nullif($3, '') WHERE check_id = $1 AND used_at IS NULL"
        " RETURNING person_id",
        check.check_id,
        now,
        request_key[:80],
    )
    if person_id is not None:
        await audit.record(
            None,
            actor=actor,
            action="face.used",
            subject=f"person:{person_id}",
            now=now,
            detail={"operation": check.operation, "check_id": check.check_id, "method": check.method},
        )


async def note_missing(*, actor: Actor, operation: str, matter: str, now: datetime) -> None:
    """A function of the counter was tried without the face it asks for."""
    await audit.record(
        None,
        actor=actor,
        action="face.required",
        subject=f"matter:{matter}",
        outcome="refused",
        now=now,
        detail={"operation": operation},
    )


async def counter_checks_of(*, actor: Actor, now: datetime, most: int = 50) -> list[FaceCheck]:
    """The member's own checks of late, the newest first."""
    rows = await database.rows(
        "SELECT * FROM face_check WHERE staff_id = $1 ORDER BY started_at DESC LIMIT $2", actor.staff_id, most
    )
    return [view_of(row, now=now) for row in rows]


async def _require_counter(actor: Actor, operation: str, *, now: datetime) -> Operation:
    if not may(actor, "face.counter"):
        await _denied(actor, now=now)
    known = counter_operations().get(operation)
    if known is None:
        raise Refused(FACE_CHALLENGE_UNKNOWN())
    return known


async def _denied(actor: Actor, *, now: datetime) -> NoReturn:
    await audit.record(None, actor=actor, action="face.started", subject="counter", outcome="refused", now=now)
    raise Refused(NOT_PERMITTED())
