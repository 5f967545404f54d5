"""Services and third parties: registering them and their keys, suspending and ending them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from auth.approvals import Approval
from auth.grants import keyring, revoking, states
from auth.grants.changes import REGISTER, declare, propose, repeated, require, sound_reason
from auth.grants.refusals import (
    CHANGE_OVERTAKEN,
    KEY_MALFORMED,
    KEY_TAKEN,
    NAME_REQUIRED,
    PARTY_MALFORMED,
    PARTY_TAKEN,
    PARTY_UNKNOWN,
    SERVICE_MALFORMED,
    SERVICE_TAKEN,
    SERVICE_WITHOUT_DOCUMENTS,
    USCC_MALFORMED,
)
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refusal, Refused

KEY_LIFE = timedelta(days=365)

_SERVICE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_PARTY = re.compile(r"[a-z][a-z0-9_]{2,31}")
_USCC = re.compile(r"[0-9A-Z]{18}")


async def register_service(
    *, actor: Actor, service: str, name: str, description: str, reason: str, request_key: str, now: datetime
) -> int:
    """Proposes that a service of registered documents may be granted; the request's number. Raises Refused."""
    await require(actor, REGISTER, action="service.registered", subject=f"service:{service[:40]}", now=now)
    payload = {"service": service, "name": name.strip(), "description": description.strip()}
    if known := await repeated(actor=actor, kind="service.register", payload=payload, request_key=request_key):
        return known
    problems: list[Refusal] = []
    if _SERVICE.fullmatch(service) is None:
        problems.append(SERVICE_MALFORMED())
    problems += _named(name, "name") + _named(description, "description")
    if problems:
        raise Refused(*problems)
    if not await database.value("SELECT 1 FROM document_version WHERE service = $1 LIMIT 1", service):
        raise Refused(SERVICE_WITHOUT_DOCUMENTS())
    async with database.transaction() as tx:
        try:
            await tx.execute(
                "INSERT INTO registered_service (service, name, description, state, changed_at)"
                " VALUES ($1, $2, $3, 'registered', $4)",
                service,
                payload["name"],
                payload["description"],
                now,
            )
        except asyncpg.UniqueViolationError as error:
            raise Refused(SERVICE_TAKEN()) from error
        return await propose(
            tx,
            actor=actor,
            kind="service.register",
            subject=f"service:{service}",
            payload=payload,
            summary=f"登记服务{payload['name']}（{service}）：{payload['description']}",
            reason=reason,
            request_key=request_key,
            now=now,
        )


async def register_party(
    *, actor: Actor, code: str, name: str, uscc: str, contact: str, reason: str, request_key: str, now: datetime
) -> int:
    """Proposes a third party; the request's number. `contact` is an office or a post, no person. Raises Refused."""
    await require(actor, REGISTER, action="party.registered", subject=f"party:{code[:32]}", now=now)
    payload: dict[str, Any] = {"code": code, "name": name.strip(), "uscc": uscc, "contact": contact.strip()}
    if known := await repeated(actor=actor, kind="party.register", payload=payload, request_key=request_key):
        return known
    problems: list[Refusal] = []
    if _PARTY.fullmatch(code) is None:
        problems.append(PARTY_MALFORMED())
    if _USCC.fullmatch(uscc) is None:
        problems.append(USCC_MALFORMED())
    problems += _named(name, "name") + _named(contact, "contact")
    if problems:
        raise Refused(*problems)
    partner_id = new_id()
    async with database.transaction() as tx:
        try:
            await tx.execute(
                "INSERT INTO third_party (partner_id, code, name, uscc, contact, state, changed_at)"
                " VALUES ($1, $2, $3, $4, $5, 'registered', $6)",
                partner_id,
                code,
                payload["name"],
                uscc,
                payload["contact"],
                now,
            )
        except asyncpg.UniqueViolationError as error:
            raise Refused(PARTY_TAKEN()) from error
        return await propose(
            tx,
            actor=actor,
            kind="party.register",
            subject=f"party:{partner_id}",
            payload={**payload, "partner_id": str(partner_id)},
            summary=f"登记第三方{payload['name']}（{code}，统一社会信用代码{uscc}）",
            reason=reason,
            request_key=request_key,
            now=now,
        )


async def add_key(
    *, actor: Actor, party: str, public_key: str, sandbox: bool, reason: str, request_key: str, now: datetime
) -> int:
    """Proposes a public key of a party (by its code); the request's number. A key of the sandbox opens nothing else.
    Raises Refused."""
    await require(actor, REGISTER, action="key.registered", subject=f"party:{party[:32]}", now=now)
    algorithm = keyring.algorithm_of(public_key)
    if algorithm is None:
        raise Refused(KEY_MALFORMED())
    pem = keyring.canonical_pem(public_key)
    kid = keyring.key_id(pem)
    payload = {"party": party, "kid": kid, "algorithm": algorithm, "sandbox": sandbox}
    if known := await repeated(actor=actor, kind="key.add", payload=payload, request_key=request_key):
        return known
    async with database.transaction() as tx:
        partner_id = await tx.value(
            "SELECT partner_id FROM third_party WHERE code = $1 AND state <> 'ended' FOR SHARE", party
        )
        if partner_id is None:
            raise Refused(PARTY_UNKNOWN())
        try:
            await tx.execute(
                "INSERT INTO party_key (kid, partner_id, algorithm, public_pem, sandbox, state, valid_until,"
                " changed_at) VALUES ($1, $2, $3, $4, $5, 'registered', $6, $7)",
                kid,
                partner_id,
                algorithm,
                pem,
                sandbox,
                now + KEY_LIFE,
                now,
            )
        except asyncpg.UniqueViolationError as error:
            raise Refused(KEY_TAKEN()) from error
        return await propose(
            tx,
            actor=actor,
            kind="key.add",
            subject=f"key:{kid}",
            payload=payload,
            summary=f"为第三方{party}登记{algorithm}公钥{kid}{'（仅用于沙箱）' if sandbox else ''}",
            reason=reason,
            request_key=request_key,
            now=now,
        )


async def suspend_party(*, actor: Actor, partner_id: int, reason: str, now: datetime) -> None:
    """At once, by one person, on every process: all its tokens end. Raises Refused."""
    await _stop_party(actor=actor, partner_id=partner_id, to="suspended", reason=reason, now=now)


async def end_party(*, actor: Actor, partner_id: int, reason: str, now: datetime) -> None:
    """For good. Raises Refused."""
    await _stop_party(actor=actor, partner_id=partner_id, to="ended", reason=reason, now=now)


async def _stop_party(*, actor: Actor, partner_id: int, to: str, reason: str, now: datetime) -> None:
    await revoking.require_stopper(actor, action=f"party.{to}", subject=f"party:{partner_id}", now=now)
    reason = sound_reason(reason)
    async with database.transaction() as tx:
        if not await tx.value("SELECT 1 FROM third_party WHERE partner_id = $1", partner_id):
            raise Refused(PARTY_UNKNOWN())
        await states.move(tx, actor=actor, kind="party", key=partner_id, to=to, reason=reason, now=now)
    await revoking.revoke_tokens(column="partner_id", value=partner_id, now=now)


def _named(text: str, field: str) -> list[Refusal]:
    sound = 2 <= len(text.strip()) <= 60 and text.isprintable()
    return [] if sound else [NAME_REQUIRED.on(field)]


async def _approve_service(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "service", asked.payload["service"], to="approved", asked=asked, actor=actor, now=now)


async def _end_service(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "service", asked.payload["service"], to="ended", asked=asked, actor=actor, now=now)


async def _approve_party(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "party", int(asked.payload["partner_id"]), to="approved", asked=asked, actor=actor, now=now)


async def _end_party(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "party", int(asked.payload["partner_id"]), to="ended", asked=asked, actor=actor, now=now)


async def _approve_key(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    kid = asked.payload["kid"]
    standing = await tx.value(
        "SELECT 1 FROM party_key k JOIN third_party p USING (partner_id)"
        " WHERE k.kid = $1 AND p.state IN ('approved', 'connected')",
        kid,
    )
    if not standing:
        raise Refused(CHANGE_OVERTAKEN())
    await _move(tx, "key", kid, to="approved", asked=asked, actor=actor, now=now)


async def _end_key(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "key", asked.payload["kid"], to="ended", asked=asked, actor=actor, now=now)


async def _resume_party(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    await _move(tx, "party", int(asked.payload["partner"]), to="approved", asked=asked, actor=actor, now=now)


async def _move(
    tx: Transaction, kind: states.Kind, key: object, *, to: str, asked: Approval, actor: Actor, now: datetime
) -> None:
    await states.move(tx, actor=actor, kind=kind, key=key, to=to, reason=asked.reason, now=now)


declare("service.register", name="登记服务", apply=_approve_service, declined=_end_service)
declare("party.register", name="登记第三方", apply=_approve_party, declined=_end_party)
declare("key.add", name="登记公钥", apply=_approve_key, declined=_end_key)
declare("party.resume", name="恢复第三方", apply=_resume_party, declined=None)
