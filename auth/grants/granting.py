"""Grants: which documents and fields a party may use, for what, how much of it and until when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from auth.approvals import Approval
from auth.grants import revoking, states
from auth.grants.changes import REGISTER, declare, propose, repeated, require, sound_reason
from auth.grants.refusals import (
    CHANGE_OVERTAKEN,
    DOCUMENT_UNKNOWN,
    DOCUMENTS_REQUIRED,
    END_MALFORMED,
    FIELDS_REQUIRED,
    FIELDS_UNUSED,
    GRANT_UNKNOWN,
    NAME_REQUIRED,
    PARTY_UNKNOWN,
    PURPOSE_MALFORMED,
    QUOTA_MALFORMED,
    REPRESENTS_UNKNOWN,
    SERVICE_UNKNOWN,
    STATE_UNFIT,
)
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refusal, Refused

CALLS_MOST = 10_000_000
POINTS_MOST = 1_000_000_000
LIFE_MOST = timedelta(days=3 * 366)
REPRESENTS = {"nobody": "自身（不涉及个人信息）", "person": "委托的个人", "employer": "委托的单位"}

_PURPOSE = re.compile(r"[a-z][a-z0-9_]{2,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """What a grant is about. `documents` are names of the service's documents, in every version that reads no other
    field than `fields` (`Type.field`). `ends_on` is the last day, of Beijing. Quotas are for one day."""

    service: str
    documents: Sequence[str]
    fields: Sequence[str]
    purpose: str
    purpose_text: str
    represents: str
    calls_per_day: int
    points_per_day: int
    ends_on: date
    sandbox: bool = False

    def payload(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "documents": sorted(set(self.documents)),
            "fields": sorted(set(self.fields)),
            "purpose": self.purpose,
            "purpose_text": self.purpose_text.strip(),
            "represents": self.represents,
            "calls_per_day": self.calls_per_day,
            "points_per_day": self.points_per_day,
            "ends_on": self.ends_on,
            "sandbox": self.sandbox,
        }


async def propose_grant(
    *, actor: Actor, party: str, terms: GrantTerms, reason: str, request_key: str, now: datetime
) -> int:
    """Proposes a grant for a party (by its code); the request's number. Raises Refused with every problem at once."""
    await require(actor, REGISTER, action="grant.registered", subject=f"party:{party[:32]}", now=now)
    payload = {"party": party, **terms.payload()}
    if known := await repeated(actor=actor, kind="grant.give", payload=payload, request_key=request_key):
        return known
    problems = _problems_of(terms, now=now)
    partner_id = await database.value(
        "SELECT partner_id FROM third_party WHERE code = $1 AND state IN ('approved', 'connected')", party
    )
    if partner_id is None:
        problems.append(PARTY_UNKNOWN())
    problems += await _problems_of_documents(terms)
    if problems:
        raise Refused(*problems)
    grant_id = new_id()
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO service_grant (grant_id, partner_id, service, documents, field_scopes, purpose, purpose_text,"
            " represents, calls_per_day, points_per_day, ends_at, sandbox, state, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'registered', $13)",
            grant_id,
            partner_id,
            terms.service,
            payload["documents"],
            payload["fields"],
            terms.purpose,
            payload["purpose_text"],
            terms.represents,
            terms.calls_per_day,
            terms.points_per_day,
            day_after(terms.ends_on),
            terms.sandbox,
            now,
        )
        return await propose(
            tx,
            actor=actor,
            kind="grant.give",
            subject=f"grant:{grant_id}",
            payload={**payload, "grant_id": str(grant_id)},
            summary=_in_words(party, payload),
            reason=reason,
            request_key=request_key,
            now=now,
        )


async def suspend_grant(*, actor: Actor, grant_id: int, reason: str, now: datetime) -> None:
    """At once, by one person. Raises Refused."""
    await _stop(actor=actor, grant_id=grant_id, to="suspended", reason=reason, now=now)


async def end_grant(*, actor: Actor, grant_id: int, reason: str, now: datetime) -> None:
    """For good. Raises Refused."""
    await _stop(actor=actor, grant_id=grant_id, to="ended", reason=reason, now=now)


async def propose_resumption(
    *,
    actor: Actor,
    reason: str,
    request_key: str,
    now: datetime,
    grant_id: int | None = None,
    partner_id: int | None = None,
) -> int:
    """Proposes that a suspended grant or party goes on; the request's number. Raises Refused."""
    assert (grant_id is None) != (partner_id is None), "one grant or one party"
    kind = "grant" if grant_id is not None else "party"
    key = grant_id if grant_id is not None else partner_id
    await require(actor, REGISTER, action=f"{kind}.approved", subject=f"{kind}:{key}", now=now)
    name = "grant" if kind == "grant" else "partner"
    payload = {name: str(key)}
    if known := await repeated(actor=actor, kind=f"{kind}.resume", payload=payload, request_key=request_key):
        return known
    table, column = ("service_grant", "grant_id") if kind == "grant" else ("third_party", "partner_id")
    async with database.transaction() as tx:
        state = await tx.value(f"SELECT state FROM {table} WHERE {column} = $1 FOR SHARE", key)
        if state is None:
            raise Refused(GRANT_UNKNOWN() if kind == "grant" else PARTY_UNKNOWN())
        if state != "suspended":
            raise Refused(STATE_UNFIT(state=states.STATE_NAMES[state]))
        return await propose(
            tx,
            actor=actor,
            kind=f"{kind}.resume",
            subject=f"{kind}:{key}",
            payload=payload,
            summary=f"恢复已暂停的{'授权' if kind == 'grant' else '第三方'}{await _called(tx, kind, key)}",
            reason=reason,
            request_key=request_key,
            now=now,
        )


def day_after(last: date) -> datetime:
    """The first instant at which a grant of this last day has ended."""
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=SHANGHAI)


def _problems_of(terms: GrantTerms, *, now: datetime) -> list[Refusal]:
    problems: list[Refusal] = []
    today = business_date_of(now)
    if not today < terms.ends_on <= today + LIFE_MOST:
        problems.append(END_MALFORMED(most=(today + LIFE_MOST).isoformat()))
    if _PURPOSE.fullmatch(terms.purpose) is None:
        problems.append(PURPOSE_MALFORMED())
    if not 2 <= len(terms.purpose_text.strip()) <= 60:
        problems.append(NAME_REQUIRED.on("purpose_text"))
    if terms.represents not in REPRESENTS:
        problems.append(REPRESENTS_UNKNOWN())
    if not (1 <= terms.calls_per_day <= CALLS_MOST and 1 <= terms.points_per_day <= POINTS_MOST):
        problems.append(QUOTA_MALFORMED(calls_most=CALLS_MOST, points_most=POINTS_MOST))
    if not terms.documents:
        problems.append(DOCUMENTS_REQUIRED())
    return problems


async def _problems_of_documents(terms: GrantTerms) -> list[Refusal]:
    """Each document must run within the fields, and no field may stand there for nothing."""
    if not await database.value(
        "SELECT 1 FROM registered_service WHERE service = $1 AND state = 'approved'", terms.service
    ):
        return [SERVICE_UNKNOWN()]
    rows = await database.rows(
        "SELECT DISTINCT ON (v.name) v.name, d.fields FROM document_version v"
        " JOIN trusted_document d USING (document_id) WHERE v.service = $1 AND v.withdrawn_at IS NULL"
        " ORDER BY v.name, v.version DESC",
        terms.service,
    )
    latest = {row["name"]: set(row["fields"]) for row in rows}
    problems: list[Refusal] = []
    used: set[str] = set()
    given = set(terms.fields)
    for name in dict.fromkeys(terms.documents):
        if name not in latest:
            problems.append(DOCUMENT_UNKNOWN(name=name[:60]))
            continue
        used |= latest[name]
        if missing := sorted(latest[name] - given):
            problems.append(FIELDS_REQUIRED(name=name, field=missing[0]))
    if not problems and (unused := sorted(given - used)):
        problems.append(FIELDS_UNUSED(field=unused[0][:80]))
    return problems


async def _stop(*, actor: Actor, grant_id: int, to: str, reason: str, now: datetime) -> None:
    await revoking.require_stopper(actor, action=f"grant.{to}", subject=f"grant:{grant_id}", now=now)
    reason = sound_reason(reason)
    async with database.transaction() as tx:
        if not await tx.value("SELECT 1 FROM service_grant WHERE grant_id = $1", grant_id):
            raise Refused(GRANT_UNKNOWN())
        await states.move(tx, actor=actor, kind="grant", key=grant_id, to=to, reason=reason, now=now)
    await revoking.revoke_tokens(column="grant_id", value=grant_id, now=now)


def _in_words(party: str, payload: dict[str, Any]) -> str:
    """What is given, in a sentence: the whole list of fields stands on the page of the grants."""
    sandbox = "（仅用于沙箱）" if payload["sandbox"] else ""
    return (
        f"授权第三方{party}使用服务{payload['service']}{sandbox}：{payload['purpose_text']}，以"
        f"{REPRESENTS[payload['represents']]}的名义，文档{'、'.join(payload['documents'])}（{len(payload['fields'])}个字段），"
        f"每日{payload['calls_per_day']}次、{payload['points_per_day']}点，至{payload['ends_on'].isoformat()}"
    )


async def _called(tx: Transaction, kind: str, key: int | None) -> str:
    of = "SELECT p.name FROM third_party p WHERE p.partner_id = $1"
    if kind == "grant":
        of = (
            "SELECT p.name || '：' || g.purpose_text FROM service_grant g JOIN third_party p USING (partner_id)"
            " WHERE g.grant_id = $1"
        )
    return str(await tx.value(of, key))


async def _approve_grant(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    grant_id = int(asked.payload["grant_id"])
    row = await tx.row(
        "SELECT g.ends_at, p.state AS party, s.state AS service FROM service_grant g"
        " JOIN third_party p USING (partner_id) JOIN registered_service s USING (service)"
        " WHERE g.grant_id = $1 FOR SHARE OF p, s",
        grant_id,
    )
    assert row is not None, f"request {asked.approval_id} is about no grant"
    if not (row["party"] in states.STANDING and row["service"] == "approved" and row["ends_at"] > now):
        raise Refused(CHANGE_OVERTAKEN())
    await states.move(tx, actor=actor, kind="grant", key=grant_id, to="approved", reason=asked.reason, now=now)


async def _end_proposed(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    key = int(asked.payload["grant_id"])
    await states.move(tx, actor=actor, kind="grant", key=key, to="ended", reason=asked.reason, now=now)


async def _resume_grant(tx: Transaction, asked: Approval, actor: Actor, now: datetime) -> None:
    key = int(asked.payload["grant"])
    await states.move(tx, actor=actor, kind="grant", key=key, to="approved", reason=asked.reason, now=now)


declare("grant.give", name="授权", apply=_approve_grant, declined=_end_proposed)
declare("grant.resume", name="恢复授权", apply=_resume_grant, declined=None)
