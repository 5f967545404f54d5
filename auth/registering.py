"""单位登记 on the portal: the legal representative of an employer that has no account here opens one.

The legal persons' platform vouches for the person, the code and the name; what it said is kept for half an hour under a
ticket that only this browser holds. Registering spends the ticket, appoints the representative for everything, and
opens the session in which they act for the employer.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth import agents, store
from auth.agents import AgentSignIn
from auth.configuration import AGENT_CHANNEL
from auth.corporate_ports import CorporateClaims
from auth.refusals import REGISTRATION_TICKET
from domain import contributions
from domain.contributions import Registration
from domain.kernel import database, vault
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refused

LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the platform vouches for."""

    name: str
    document_no: str
    uscc: str
    employer_name: str

    def __repr__(self) -> str:
        return f"Offered({self.uscc})"


async def offer(*, claims: CorporateClaims) -> str:
    """Keeps what the platform said of a legal representative. Returns the ticket."""
    assert claims.legal_representative, "only who represents an employer registers it"
    ticket = secrets.token_urlsafe(32)
    said = {name: getattr(claims, name) for name in Offered.__dataclass_fields__}
    await store.keep(_name(ticket), vault.current().encrypt(json.dumps(said)).hex(), life=LIFE)
    return ticket


async def offered(*, ticket: str) -> Offered:
    """Raises Refused for a ticket that is unknown, spent or too old."""
    found = await store.read(_name(ticket))
    if found is None:
        raise Refused(REGISTRATION_TICKET())
    return Offered(**json.loads(vault.current().decrypt(bytes.fromhex(found))))


async def register(*, ticket: str, wanted: Registration, device: str, request_key: str, now: datetime) -> AgentSignIn:
    """Registers what the ticket vouches for, whatever code and name `wanted` says. Raises Refused with everything
    against it; the ticket is good again then."""
    said = await offered(ticket=ticket)
    today = business_date_of(now)
    async with database.transaction() as tx:
        person_id = await contributions.register_person(
            tx, document_type="01", document_no=said.document_no, name=said.name, mobile=None, now=now
        )
    actor = Actor(kind="citizen", channel=AGENT_CHANNEL, name=said.name, person_id=person_id, assurance="real_name")
    employer_no = await contributions.register_by_representative(
        actor=actor,
        wanted=wanted,
        uscc=said.uscc,
        name=said.employer_name,
        document_no=said.document_no,
        request_key=request_key,
        now=now,
        business_date=today,
    )
    await store.take(_name(ticket))
    return await agents.open_agent_session(
        person_id=person_id, employer_no=employer_no, assurance="real_name", device=device, by=actor, now=now
    )


def _name(ticket: str) -> str:
    return f"registering:{sm3_hex(ticket.encode())}"
