"""手机号码核验: a phone is the person's when the code that was sent to it comes back.

A code is six digits, good for one change to one number for some minutes; a newer one replaces it. Guessing is bounded
three times: wrong tries of a code, wrong tries of a person in a day, codes of a person and (by the SMS area) of a
number. Whatever is wrong is refused in the same words.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from auth import limits
from auth.mini_ports import PhoneSource
from auth.ports import IdentityRejected
from auth.refusals import PHONE_CODE_WRONG, PHONE_NOT_FROM_PLATFORM
from domain import contributions, policy
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3
from domain.kernel.identifiers import mask_mobile, new_id
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCode:
    """What has to reach the phone."""

    person_id: int
    proof_id: int
    mobile: str = field(repr=False)
    code: str = field(repr=False)
    valid_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCode:
    mobile_masked: str
    expires_at: datetime


Send = Callable[[Transaction, PhoneCode, datetime], Awaitable[None]]
"""Puts the code on its way in this transaction; raises Refused when the number has had too many."""


async def ask(*, actor: Actor, mobile: str, request_key: str, send: Send, now: datetime) -> AskedCode:
    """Sends a code to a number that the caller wants to be reached by. The same request again sends nothing more.
    Raises Refused."""
    mobile, person_id = await contributions.check_new_mobile(actor=actor, mobile=mobile)
    given = {"mobile": mobile}
    operation = "person.ask_phone_code"
    done = await idempotency.answered(
        actor=actor, account_no=person_id, request_key=request_key, operation=operation, given=given
    )
    if done is None:
        for name in ("phone.codes", "phone.codes_per_day"):
            await limits.take(name, key=f"person:{person_id}", channel=actor.channel, now=now)
    async with database.transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=person_id,
            request_key=request_key,
            operation=operation,
            given=given,
            now=now,
        )
        if done is not None:
            expires_at = datetime.fromisoformat(done["expires_at"])
            return AskedCode(mobile_masked=mask_mobile(mobile), expires_at=expires_at)
        minutes = int(policy.on(business_date_of(now)).number("identity.phone_code_minutes"))
        made = _made(person_id=person_id, mobile=mobile, minutes=minutes)
        expires_at = await _keep(tx, made, now=now)
        await send(tx, made, now)
        await audit.record(
            tx,
            actor=actor,
            action="person.phone_code_sent",
            subject=f"person:{person_id}",
            now=now,
            detail={"mobile": mask_mobile(mobile)},
        )
        result = {"expires_at": expires_at.isoformat()}
        await idempotency.finish(tx, actor=actor, account_no=person_id, request_key=request_key, result=result)
    return AskedCode(mobile_masked=mask_mobile(mobile), expires_at=expires_at)


async def prove_by_platform(
    *, actor: Actor, given: str, sources: Mapping[str, PhoneSource], address: str, now: datetime
) -> PhoneCode:
    """A phone that the platform of the caller's mini-program has verified: the code that a text would have brought, to
    be used in `change_mobile` as any other. What it was redeemed from proves nothing again. Raises Refused, and
    PartnerFailure for an outage."""
    source = sources.get(actor.channel)
    if source is None:
        raise Refused(PHONE_NOT_FROM_PLATFORM())
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    await limits.require("mini_program.codes", key=address, channel=actor.channel, now=now)
    try:
        phone = await source.phone_of(given=given, now=now)
    except IdentityRejected as rejected:
        await limits.count("mini_program.codes", key=address, channel=actor.channel, now=now)
        await _refuse_platform(actor, reason=rejected.code, now=now)
    mobile, person_id = await contributions.check_new_mobile(actor=actor, mobile=phone.mobile)
    minutes = int(policy.on(business_date_of(now)).number("identity.phone_code_minutes"))
    made = _made(person_id=person_id, mobile=mobile, minutes=minutes)
    async with database.transaction() as tx:
        fresh = await tx.value(
            "INSERT INTO platform_phone_used (proof_hash, person_id, used_at) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING RETURNING person_id",
            sm3(phone.proof.encode()),
            person_id,
            now,
        )
        if fresh is not None:
            await _keep(tx, made, now=now)
            await audit.record(
                tx,
                actor=actor,
                action="person.phone_proved",
                subject=f"person:{person_id}",
                now=now,
                detail={"mobile": mask_mobile(mobile)},
            )
    if fresh is None:
        await _refuse_platform(actor, reason="replayed", now=now)
    return made


async def change_mobile(*, actor: Actor, mobile: str, code: str, request_key: str, now: datetime) -> None:
    """The citizen's own change of the phone that messages go to, with the code that was sent to it. The same request
    again changes nothing more. Raises Refused."""
    operation, given = "person.change_mobile", {"mobile": mobile.strip(), "code": code.strip()}
    # not the number on file any more: the first time changed it
    if actor.person_id is not None and await idempotency.answered(
        actor=actor, account_no=actor.person_id, request_key=request_key, operation=operation, given=given
    ):
        return
    mobile, person_id = await contributions.check_new_mobile(actor=actor, mobile=mobile)
    proof_id = await _verify(actor=actor, person_id=person_id, mobile=mobile, code=code.strip(), now=now)

    async def use_up(tx: Transaction) -> None:
        await idempotency.begin(
            tx,
            actor=actor,
            account_no=person_id,
            request_key=request_key,
            operation=operation,
            given=given,
            now=now,
        )
        used = await tx.value(
            "UPDATE phone_proof SET used_at = $3 WHERE person_id = $1 AND proof_id = $2 AND used_at IS NULL"
            " RETURNING proof_id",
            person_id,
            proof_id,
            now,
        )
        if used is None:
            raise Refused(PHONE_CODE_WRONG())
        result = {"changed": True}
        await idempotency.finish(tx, actor=actor, account_no=person_id, request_key=request_key, result=result)

    await contributions.change_mobile(actor=actor, mobile=mobile, now=now, use_up=use_up)


async def _verify(*, actor: Actor, person_id: int, mobile: str, code: str, now: datetime) -> int:
    """The proof that this code is of. A wrong try is kept, and bounds the next ones."""
    key = f"person:{person_id}"
    await limits.require("phone.wrong_codes", key=key, channel=actor.channel, now=now)
    tries_max = int(policy.on(business_date_of(now)).number("identity.phone_code_tries"))
    async with database.transaction() as tx:
        row = await tx.row(
            "SELECT * FROM phone_proof WHERE person_id = $1 ORDER BY asked_at DESC, proof_id DESC LIMIT 1 FOR UPDATE",
            person_id,
        )
        if row is not None and _is_good(row, mobile=mobile, code=code, tries_max=tries_max, now=now):
            return int(row["proof_id"])
        if row is not None:
            await tx.execute(
                "UPDATE phone_proof SET wrong = least(wrong + 1, 100) WHERE person_id = $1 AND proof_id = $2",
                person_id,
                row["proof_id"],
            )
    await _refuse(actor, person_id=person_id, now=now)


def _made(*, person_id: int, mobile: str, minutes: int) -> PhoneCode:
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    return PhoneCode(person_id=person_id, proof_id=new_id(), mobile=mobile, code=code, valid_minutes=minutes)


async def _keep(tx: Transaction, made: PhoneCode, *, now: datetime) -> datetime:
    """Returns until when it is good."""
    expires_at = now + timedelta(minutes=made.valid_minutes)
    await tx.execute(
        "INSERT INTO phone_proof (person_id, proof_id, mobile_cipher, code_hash, asked_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        made.person_id,
        made.proof_id,
        vault.current().encrypt(made.mobile),
        vault.current().blind_index(_told(made.proof_id, made.code)),
        now,
        expires_at,
    )
    return expires_at


async def _refuse_platform(actor: Actor, *, reason: str, now: datetime) -> NoReturn:
    await audit.record(
        None,
        actor=actor,
        action="person.phone_proved",
        subject=f"person:{actor.person_id}",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(PHONE_NOT_FROM_PLATFORM())


def _is_good(row: Record, *, mobile: str, code: str, tries_max: int, now: datetime) -> bool:
    # each is looked at, so that the time tells nothing
    hashes = vault.current().blind_indexes(_told(row["proof_id"], code))
    same = any([hmac.compare_digest(row["code_hash"], one) for one in hashes])
    meant = vault.current().decrypt(row["mobile_cipher"]) == mobile
    return same and meant and row["used_at"] is None and row["expires_at"] > now and row["wrong"] < tries_max


async def _refuse(actor: Actor, *, person_id: int, now: datetime) -> NoReturn:
    await limits.count("phone.wrong_codes", key=f"person:{person_id}", channel=actor.channel, now=now)
    await audit.record(
        None,
        actor=actor,
        action="person.phone_code_refused",
        subject=f"person:{person_id}",
        outcome="refused",
        now=now,
        detail={},
    )
    raise Refused(PHONE_CODE_WRONG())


def _told(proof_id: int, code: str) -> str:
    # kept as a keyed digest: a million codes are tried in no time
    return f"phone-code:{proof_id}:{code}"
