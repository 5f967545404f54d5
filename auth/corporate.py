"""Login of legal persons: somebody comes for an employer, by certificate or by the electronic business licence.

The person is found by the document and the employer by its unified social credit code. Whether the person may act is
for the appointment to say (`contributions.agent_scopes`); a legal representative, whom the platform itself names, is
appointed for everything when coming with a certificate or the licence.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from auth import agents, configuration, identity_events, registering, store
from auth.agents import AgentSignIn
from auth.corporate_ports import CorporateClaims, CorporateIdentity
from auth.identity import VERIFIED_LEVEL, Attempt, LoginStart, path_is_plain, refuse_login, take_attempt
from auth.ports import IdentityRejected
from auth.refusals import (
    EMPLOYER_UNREGISTERED,
    IDENTITY_CONFLICT,
    IDENTITY_UNVERIFIED,
    LOGIN_CANCELLED,
    LOGIN_REJECTED,
    LOGIN_RETURN_UNKNOWN,
)
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refused

CALLBACK_PATH = "/auth/employer/callback"
RETURN_PREFIX = "/employer/"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedAgentLogin:
    signed_in: AgentSignIn
    return_to: str


class RegistrationOffered(Exception):
    """Nobody is logged in: the employer has no account here, and who came may open one with this ticket."""

    def __init__(self, ticket: str) -> None:
        super().__init__("an employer that is not registered")
        self.ticket = ticket


async def begin_login(*, return_to: str, platform: CorporateIdentity, browser: str | None = None) -> LoginStart:
    """As `auth.identity.begin_login`, for an employer. Raises Refused for a way back that is not ours."""
    if not (path_is_plain(return_to) and return_to.startswith(RETURN_PREFIX)):
        raise Refused(LOGIN_RETURN_UNKNOWN())
    state, browser = secrets.token_urlsafe(32), browser or secrets.token_urlsafe(32)
    redirect_url = platform.authorization_url(state=state, redirect_uri=_redirect_uri())
    attempt = Attempt(
        channel=configuration.AGENT_CHANNEL,
        return_to=return_to,
        nonce="",
        verifier="",
        browser_digest=sm3_hex(browser.encode()),
    )
    await store.keep_login(state_digest=sm3_hex(state.encode()), record=attempt.sealed())
    return LoginStart(redirect_url=redirect_url, state=state, browser=browser)


async def complete_login(
    *, state: str, code: str | None, browser: str | None, platform: CorporateIdentity, device: str, now: datetime
) -> CompletedAgentLogin:
    """Redeems the code, finds person and employer, and opens the agent's session. Raises Refused (and nobody is logged
    in), PartnerFailure, StoreUnavailable."""
    attempt = await take_attempt(state=state, browser=browser, now=now)
    channel = configuration.AGENT_CHANNEL
    if code is None or attempt.channel != channel:
        await refuse_login(LOGIN_CANCELLED(), channel=channel, reason="access_denied", now=now)
    try:
        claims = await platform.exchange(code=code, redirect_uri=_redirect_uri(), now=now)
    except IdentityRejected as rejected:
        await refuse_login(LOGIN_REJECTED(), channel=channel, reason=rejected.code, now=now)
    if claims.level < VERIFIED_LEVEL or claims.credential == "password":
        await refuse_login(IDENTITY_UNVERIFIED(), channel=channel, reason="not_verified", now=now)
    employer_no = await contributions.employer_of_uscc(uscc=claims.uscc)
    if employer_no is None and claims.legal_representative:
        raise RegistrationOffered(await registering.offer(claims=claims))
    if employer_no is None:
        await refuse_login(EMPLOYER_UNREGISTERED(), channel=channel, reason="employer_unregistered", now=now)
    async with database.transaction() as tx:
        person_id = await _link(tx, claims=claims, employer_no=employer_no, now=now)
    if person_id is None:
        await refuse_login(IDENTITY_CONFLICT(), channel=channel, reason="identity_conflict", now=now)
    by = Actor(kind="citizen", channel=channel, person_id=person_id)
    try:
        signed_in = await agents.open_agent_session(
            person_id=person_id, employer_no=employer_no, assurance="real_name", device=device, by=by, now=now
        )
    except Refused as refused:
        if refused.refusals[0].code.startswith("agent."):
            raise
        await refuse_login(refused.refusals[0], channel=channel, reason=refused.refusals[0].code, now=now)
    return CompletedAgentLogin(signed_in=signed_in, return_to=attempt.return_to)


async def _link(tx: Transaction, *, claims: CorporateClaims, employer_no: int, now: datetime) -> int | None:
    """The person, tied to the platform's account; None when the account is another person's here."""
    person_id = await contributions.register_person(
        tx, document_type="01", document_no=claims.document_no, name=claims.name, mobile=None, now=now
    )
    owner = await tx.value(
        "SELECT person_id FROM identity_link WHERE provider = $1 AND subject = $2", claims.provider, claims.subject
    )
    if owner not in (None, person_id):
        return None
    actor = Actor(kind="citizen", channel=configuration.AGENT_CHANNEL, person_id=person_id)
    await tx.execute(
        "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at, confirmed_at)"
        " VALUES ($1, $2, $3, $4, $4, $4) ON CONFLICT (provider, subject) DO UPDATE SET last_used_at = $4,"
        " confirmed_at = $4",
        claims.provider,
        claims.subject,
        person_id,
        now,
    )
    if owner is None:
        await identity_events.record(
            tx, person_id=person_id, kind="confirmed", provider=claims.provider, actor=actor, now=now
        )
    today = business_date_of(now)
    if claims.legal_representative and "all" not in await contributions.agent_scopes(
        employer_no=employer_no, person_id=person_id, on=today, using=tx
    ):
        await contributions.appoint_agent(
            tx,
            actor=actor,
            employer_no=employer_no,
            person_id=person_id,
            scopes=["all"],
            source="legal_representative",
            valid_from=today,
            now=now,
        )
    return person_id


def _redirect_uri() -> str:
    return configuration.current().public_url + CALLBACK_PATH
