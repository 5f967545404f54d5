"""Agents of employers (单位经办人): a person, logged in with the real name, acts for an employer.

The cookie of an agent's session is a random secret like that of staff (`auth.presence` reads session and appointment
at each request). The session holds none of the person's own rights: who wants to see their own account logs in as a
citizen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from auth import configuration, presence, sessions, tokens
from auth.refusals import AGENT_NOT_APPOINTED
from auth.tokens import AccessToken, TokenRefused
from domain import contributions
from domain.contributions import Agency
from domain.kernel import audit, database
from domain.kernel.actor import Actor, Assurance
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import REAL_NAME_REQUIRED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSignIn:
    """`cookie` exists nowhere else."""

    cookie: str = field(repr=False)
    actor: Actor


async def employers_of(*, actor: Actor, now: datetime) -> list[Agency]:
    """The employers that the citizen or agent may act for today. Raises Refused before the identity is verified."""
    person_id = _person(actor)
    return await contributions.agencies_of(person_id=person_id, on=business_date_of(now))


async def act_for(*, actor: Actor, employer_no: int, device: str, now: datetime) -> AgentSignIn:
    """Opens a session in which the citizen (or the agent, for another employer) acts for this employer. Raises
    Refused without a verified identity or an appointment for today; the audit trail has the refusal."""
    return await open_agent_session(
        person_id=_person(actor),
        employer_no=employer_no,
        assurance=actor.assurance,
        device=device,
        by=actor,
        now=now,
    )


async def open_agent_session(
    *, person_id: int, employer_no: int, assurance: Assurance, device: str, by: Actor, now: datetime
) -> AgentSignIn:
    """For a login that has established the person. `by` is whom the audit trail names when it is refused."""
    subject = f"employer:{employer_no}"
    scopes = await contributions.agent_scopes(employer_no=employer_no, person_id=person_id, on=business_date_of(now))
    if not scopes:
        await audit.record(
            None,
            actor=by,
            action="login.refused",
            subject=subject,
            outcome="refused",
            now=now,
            detail={"reason": "agent_not_appointed"},
        )
        raise Refused(AGENT_NOT_APPOINTED())
    opened = await sessions.open_session(
        holder="agent",
        identity=person_id,
        employer_no=employer_no,
        channel=configuration.AGENT_CHANNEL,
        assurance=assurance,
        device=device,
        now=now,
    )
    actor = await presence.agent_of_session(session_id=opened.session_id, now=now)
    if actor is None:
        raise Refused(AGENT_NOT_APPOINTED())
    await audit.record(
        None,
        actor=actor,
        action="login.succeeded",
        subject=subject,
        now=now,
        detail={"scopes": sorted(actor.scopes)},
    )
    return AgentSignIn(cookie=opened.secret, actor=actor)


async def actor_of(*, cookie: str, now: datetime) -> Actor | None:
    """Who is behind the cookie; None once the session has ended, lay idle or grew too old, or the appointment
    ended. A session of the page embedded in e窗通 (`auth.entries`) is none here: it gets no token and no other page."""
    actor = await session_of(cookie=cookie, now=now)
    return actor if actor is not None and actor.channel != configuration.EMBEDDED_CHANNEL else None


async def session_of(*, cookie: str, now: datetime) -> Actor | None:
    """Who is behind an agent's cookie, on whichever channel; see `actor_of`."""
    return await presence.agent_of_cookie(cookie_hash=sessions.secret_digest(cookie), now=now)


async def token_for_agent(*, cookie: str, now: datetime) -> AccessToken:
    """An access token for GraphQL that ends with the session. Raises TokenRefused."""
    actor = await actor_of(cookie=cookie, now=now)
    if actor is None or actor.session_id is None or actor.person_id is None:
        raise TokenRefused("session_ended")
    expires_at = await database.value("SELECT expires_at FROM login_session WHERE session_id = $1", actor.session_id)
    return await tokens.issue(
        holder="agent",
        identity=actor.person_id,
        employer_no=actor.employer_no,
        session_id=actor.session_id,
        channel=actor.channel,
        assurance=actor.assurance,
        name=actor.name,
        session_expires_at=expires_at,
        now=now,
    )


async def sign_out(*, cookie: str, now: datetime) -> None:
    """Ends the session; once more is no error."""
    actor = await actor_of(cookie=cookie, now=now)
    if actor is not None and actor.session_id is not None:
        await sessions.end_session(session_id=actor.session_id, actor=actor, reason="logout", now=now)


def _person(actor: Actor) -> int:
    verified = replace(actor, kind="citizen") if actor.is_agent else actor
    if not verified.is_real_name or actor.person_id is None:
        raise Refused(REAL_NAME_REQUIRED())
    return actor.person_id
