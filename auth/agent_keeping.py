"""An employer keeps its agents itself: who may act for it, for what, until when, and no more.

Whoever is appointed for everything (the legal representative, or an administrator that one appointed) adds others by
document and name, limits what they may do, and removes them. Their sessions for the employer end with that, and every
request asks for the appointment anyway (`auth.presence`). Agents are named by a keyed reference, so that a number of a
person is in no page and no address. One employer is changed by one at a time: its row is locked first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from auth import limits, sessions
from auth.refusals import (
    AGENT_LAST,
    AGENT_LEGAL,
    AGENT_NOT_FOUND,
    AGENT_PERSON,
    AGENT_SCOPES_SAME,
    AGENT_STANDS,
    AGENT_UNTIL,
)
from domain import contributions
from domain.contributions import KeptAgent
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused

ALL = "all"
REPRESENTATIVE = "legal_representative"
_REFERENCE_BYTES = 12
_WRONG_NAMES = "agent.wrong_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """`reference` names the agent to this employer and means nothing elsewhere. `keeps`: may keep the others."""

    reference: str
    kept: KeptAgent
    keeps: bool
    represents: bool
    is_caller: bool


async def agents_of(*, actor: Actor, now: datetime) -> list[AgentView]:
    """Whoever may act for the employer today or from a day on, administrators first. Raises Refused for anybody who
    does not keep them."""
    employer_no = _keeper(actor)
    found = await contributions.agents_of_employer(employer_no=employer_no, on=business_date_of(now))
    views = [_view(actor, employer_no, one) for one in found]
    return sorted(views, key=lambda one: (not one.represents, not one.keeps, one.kept.valid_from, one.reference))


async def add_agent(
    *,
    actor: Actor,
    document_no: str,
    name: str,
    scopes: Iterable[str],
    valid_to: date | None,
    request_key: str,
    now: datetime,
) -> None:
    """Appoints somebody who is registered here under exactly this name, from today on. The same request again appoints
    nobody more. Raises Refused; whether the document or the name was wrong is not said, and guesses are bounded."""
    employer_no, today = _keeper(actor), business_date_of(now)
    document_no, name, wanted = document_no.strip().upper(), name.strip(), sorted(set(scopes))
    given = {"document": document_no, "name": name, "scopes": wanted, "until": valid_to}
    await limits.require(_WRONG_NAMES, key=f"employer:{employer_no}", channel=actor.channel, now=now)
    person_id = await _person_named(document_no=document_no, name=name)
    if person_id is None:
        await limits.count(_WRONG_NAMES, key=f"employer:{employer_no}", channel=actor.channel, now=now)
        await audit.record(
            None, actor=actor, action="agent.refused", subject=f"employer:{employer_no}", outcome="refused", now=now,
            detail={"reason": "person_unknown"},
        )  # fmt: skip
        raise Refused(AGENT_PERSON())
    if valid_to is not None and valid_to < today:
        raise Refused(AGENT_UNTIL())
    async with database.transaction() as tx:
        if await _begun(tx, actor, employer_no, request_key, "agent.add", given, now):
            return
        standing = {one.person_id for one in await _standing(tx, employer_no, today)}
        if person_id in standing:
            raise Refused(AGENT_STANDS())
        await contributions.appoint_agent(
            tx, actor=actor, employer_no=employer_no, person_id=person_id, scopes=wanted, source="appointed",
            valid_from=today, valid_to=valid_to, now=now,
        )  # fmt: skip
        await _finished(tx, actor, employer_no, request_key)


async def limit_agent(*, actor: Actor, reference: str, scopes: Iterable[str], request_key: str, now: datetime) -> None:
    """Lets an agent do this and nothing else, from now on. Raises Refused: the representative, the last who keeps the
    agents, no change."""
    employer_no, today, wanted = _keeper(actor), business_date_of(now), sorted(set(scopes))
    async with database.transaction() as tx:
        if await _begun(tx, actor, employer_no, request_key, "agent.limit", [reference, wanted], now):
            return
        chosen = await _chosen(tx, actor, employer_no, reference, today)
        if sorted(chosen.scopes) == wanted:
            raise Refused(AGENT_SCOPES_SAME())
        if ALL in chosen.scopes and ALL not in wanted:
            await _require_another(tx, employer_no, chosen, today)
        await contributions.end_agent(
            tx, actor=actor, employer_no=employer_no, person_id=chosen.person_id, on=today, now=now
        )
        await contributions.appoint_agent(
            tx, actor=actor, employer_no=employer_no, person_id=chosen.person_id, scopes=wanted, source="appointed",
            valid_from=today, valid_to=chosen.valid_to, now=now,
        )  # fmt: skip
        await _finished(tx, actor, employer_no, request_key)


async def remove_agent(*, actor: Actor, reference: str, request_key: str, now: datetime) -> None:
    """Ends every appointment of the agent at once, and the sessions in which they act for the employer. Raises
    Refused: the representative, the last who keeps the agents."""
    employer_no, today = _keeper(actor), business_date_of(now)
    async with database.transaction() as tx:
        if await _begun(tx, actor, employer_no, request_key, "agent.remove", reference, now):
            return
        chosen = await _chosen(tx, actor, employer_no, reference, today)
        await _require_another(tx, employer_no, chosen, today)
        await contributions.end_agent(
            tx, actor=actor, employer_no=employer_no, person_id=chosen.person_id, on=today, now=now
        )
        await _finished(tx, actor, employer_no, request_key)
    open_sessions = await database.rows(
        "SELECT session_id FROM login_session WHERE person_id = $1 AND kind = 'agent' AND employer_no = $2"
        " AND revoked_at IS NULL",
        chosen.person_id,
        employer_no,
    )
    for row in open_sessions:
        await sessions.end_session(session_id=row["session_id"], actor=actor, reason="agent_removed", now=now)


def _keeper(actor: Actor) -> int:
    """Raises Refused unless the actor is appointed for everything."""
    if not actor.is_agent or ALL not in actor.scopes or actor.employer_no is None:
        raise Refused(NOT_PERMITTED())
    return actor.employer_no


async def _person_named(*, document_no: str, name: str) -> int | None:
    person_id = await contributions.person_by_document(document_type="01", document_no=document_no)
    if person_id is None or not name:
        return None
    return person_id if (await contributions.clear_person(person_id=person_id)).name == name else None


async def _standing(tx: Transaction, employer_no: int, today: date) -> list[KeptAgent]:
    return await contributions.agents_of_employer(employer_no=employer_no, on=today, using=tx)


async def _chosen(tx: Transaction, actor: Actor, employer_no: int, reference: str, today: date) -> KeptAgent:
    for one in await _standing(tx, employer_no, today):
        if _view(actor, employer_no, one).reference == reference:
            if REPRESENTATIVE in one.sources:
                raise Refused(AGENT_LEGAL())
            return one
    raise Refused(AGENT_NOT_FOUND())


async def _require_another(tx: Transaction, employer_no: int, chosen: KeptAgent, today: date) -> None:
    """Somebody else has to be left who keeps the agents, today and for good."""
    left = [
        one
        for one in await _standing(tx, employer_no, today)
        if one.person_id != chosen.person_id and ALL in one.scopes and one.valid_to is None and one.valid_from <= today
    ]
    if ALL in chosen.scopes and not left:
        raise Refused(AGENT_LAST())


def _view(actor: Actor, employer_no: int, one: KeptAgent) -> AgentView:
    digest = vault.current().blind_index(f"employer-agent:{employer_no}:{one.person_id}")
    return AgentView(
        reference=digest[:_REFERENCE_BYTES].hex(),
        kept=one,
        keeps=ALL in one.scopes,
        represents=REPRESENTATIVE in one.sources,
        is_caller=one.person_id == actor.person_id,
    )


async def _begun(
    tx: Transaction, actor: Actor, employer_no: int, request_key: str, operation: str, given: object, now: datetime
) -> bool:
    """True when an earlier request with the key did it. Locks the employer; what stood before the lock is asked
    again: the actor may have been removed meanwhile."""
    await tx.execute("SELECT 1 FROM employer WHERE employer_no = $1 FOR NO KEY UPDATE", employer_no)
    earlier = await idempotency.begin(
        tx, actor=actor, account_no=employer_no, request_key=request_key, operation=operation, given=given, now=now
    )
    if earlier is not None:
        return True
    assert actor.person_id is not None, "an agent is a person"
    scopes = await contributions.agent_scopes(
        employer_no=employer_no, person_id=actor.person_id, on=business_date_of(now), using=tx
    )
    if ALL not in scopes:
        raise Refused(NOT_PERMITTED())
    return False


async def _finished(tx: Transaction, actor: Actor, employer_no: int, request_key: str) -> None:
    await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={"done": True})
