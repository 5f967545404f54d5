"""入口凭证: one-time tickets by which an agent who is known to e窗通 opens the list page inside its page.

e窗通's server asks for a ticket over a signed connection, naming employer and agent; its page hands the ticket over by
a form. A ticket holds for minutes, opens once, and only for the employer and agent it was made for. It is signed: what
we have not made is refused without a look at the store. The session that it opens has its own cookie, which is sent to
the embedded pages alone, and may do nothing but lists, whatever the agent was appointed for.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auth import agents, presence, sessions
from auth.agents import AgentSignIn
from auth.configuration import EMBEDDED_CHANNEL as CHANNEL
from auth.refusals import AGENT_NOT_APPOINTED, ENTRY_EMPLOYER, ENTRY_INVALID
from domain import contributions
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3
from domain.kernel.refusal import Refused

SCOPE = "lists"
LIFE = timedelta(minutes=2)
_KEPT = timedelta(days=1)
_TICKET_CHARS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTicket:
    """`ticket` exists nowhere else."""

    ticket: str = field(repr=False)
    expires_at: datetime


async def issue(
    *, source: str, uscc: str, name: str, document_type: str, document_no: str, now: datetime
) -> EntryTicket:
    """A ticket for the agent of the employer. Raises Refused for an employer that is not registered or no enterprise
    (R01.3), and for a person who is not appointed for lists there today; both are in the audit trail."""
    by = Actor(kind="system", channel=source, name=source)
    employer_no = await contributions.employer_of_uscc(uscc=uscc)
    try:
        if employer_no is None:
            raise Refused(ENTRY_EMPLOYER())
        standing = await contributions.standing_of(employer_no=employer_no)
        if standing.kind != "enterprise":
            raise Refused(ENTRY_EMPLOYER())
        person_id = await _agent(employer_no, name=name, kind=document_type, number=document_no, now=now)
    except Refused as refused:
        await audit.record(
            None, actor=by, action="entry.refused", subject=f"employer:{employer_no or 'unknown'}", now=now,
            outcome="refused", detail={"code": refused.refusals[0].code},
        )  # fmt: skip
        raise
    ticket, expires_at = _made(), now + LIFE
    async with transaction() as tx:
        await tx.execute("DELETE FROM entry_ticket WHERE expires_at < $1", now - _KEPT)
        await tx.execute(
            "INSERT INTO entry_ticket (ticket_hash, source, employer_no, person_id, issued_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            sm3(ticket.encode()),
            source,
            employer_no,
            person_id,
            now,
            expires_at,
        )
        await audit.record(
            tx, actor=by, action="entry.issued", subject=f"employer:{employer_no}", now=now,
            detail={"person_id": person_id},
        )  # fmt: skip
    return EntryTicket(ticket=ticket, expires_at=expires_at)


async def enter(*, ticket: str, device: str, now: datetime) -> AgentSignIn:
    """Uses the ticket up and opens the session. Raises Refused with one text whatever was wrong with the ticket."""
    by = Actor(kind="anonymous", channel=CHANNEL)
    used = None
    if _ours(ticket):
        # of two at once one finds it used
        used = await database.row(
            "UPDATE entry_ticket SET used_at = $2 WHERE ticket_hash = $1 AND used_at IS NULL AND expires_at > $2"
            " RETURNING employer_no, person_id, source",
            sm3(ticket.encode()),
            now,
        )
    if used is None:
        await audit.record(
            None, actor=by, action="entry.refused", subject="entry", now=now, outcome="refused",
            detail={"code": ENTRY_INVALID.code},
        )  # fmt: skip
        raise Refused(ENTRY_INVALID())
    employer_no, person_id = used["employer_no"], used["person_id"]
    await _appointed(employer_no, person_id, now=now)
    opened = await sessions.open_session(
        holder="agent",
        identity=person_id,
        employer_no=employer_no,
        channel=CHANNEL,
        assurance="real_name",
        device=device,
        proved=False,
        now=now,
    )
    # nobody has the cookie before the session is limited
    await database.execute("UPDATE login_session SET limited_to = $2 WHERE session_id = $1", opened.session_id, [SCOPE])
    actor = await presence.agent_of_session(session_id=opened.session_id, now=now)
    if actor is None:
        raise Refused(AGENT_NOT_APPOINTED())
    await audit.record(
        None, actor=actor, action="entry.used", subject=f"employer:{employer_no}", now=now,
        detail={"source": used["source"], "scopes": sorted(actor.scopes)},
    )  # fmt: skip
    return AgentSignIn(cookie=opened.secret, actor=actor)


async def actor_of(*, cookie: str, now: datetime) -> Actor | None:
    """Who is behind the cookie of an embedded page; a session of the employer's own portal is none."""
    actor = await agents.session_of(cookie=cookie, now=now)
    return actor if actor is not None and actor.channel == CHANNEL else None


async def _agent(employer_no: int, *, name: str, kind: str, number: str, now: datetime) -> int:
    person_id = await contributions.person_by_document(document_type=kind, document_no=number.upper())
    if person_id is None:
        raise Refused(AGENT_NOT_APPOINTED())
    known = await contributions.clear_person(person_id=person_id)
    if "".join(known.name.split()) != "".join(name.split()):
        raise Refused(AGENT_NOT_APPOINTED())
    await _appointed(employer_no, person_id, now=now)
    return person_id


async def _appointed(employer_no: int, person_id: int, *, now: datetime) -> None:
    scopes = await contributions.agent_scopes(employer_no=employer_no, person_id=person_id, on=business_date_of(now))
    if scopes.isdisjoint((SCOPE, "all")):
        raise Refused(AGENT_NOT_APPOINTED())


def _made() -> str:
    """32 random bytes, and our mark over them."""
    body = secrets.token_urlsafe(32)
    return f"{body}.{_mark(body)}"


def _mark(body: str) -> str:
    return vault.current().blind_index(_marked(body)).hex()


def _marked(body: str) -> str:
    return f"entry-ticket:{body}"


def _ours(ticket: str) -> bool:
    body, dot, mark = ticket.partition(".")
    if not dot or len(ticket) > _TICKET_CHARS_MAX or not ticket.isascii():
        return False
    marks = [index.hex() for index in vault.current().blind_indexes(_marked(body))]
    return any([hmac.compare_digest(mark.encode(), one.encode()) for one in marks])
