"""Login of citizens through the unified identity platform: authorization code flow with PKCE (RFC 6749, RFC
7636).

The person is known by the document, never by the provider's subject alone: an account of the provider that
is given to somebody else, or opened anew, leads to the same person or to nobody.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn

import orjson

from auth import configuration, identity_events, limits, sessions, store
from auth.ports import IdentityClaims, IdentityRejected, UnifiedIdentity
from auth.refusals import (
    IDENTITY_CONFLICT,
    IDENTITY_UNVERIFIED,
    LOGIN_CANCELLED,
    LOGIN_CHANNEL_UNKNOWN,
    LOGIN_FOREIGN_BROWSER,
    LOGIN_REJECTED,
    LOGIN_RETURN_UNKNOWN,
    LOGIN_STATE_UNKNOWN,
)
from auth.sessions import OpenedSession
from domain import contributions
from domain.kernel import audit, database, vault
from domain.kernel.actor import ANONYMOUS, Actor, Assurance
from domain.kernel.database import Transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refusal, Refused

CALLBACK_PATH = "/auth/callback"
VERIFIED_LEVEL = 3
"""From L3 on the platform has compared the living person with the document (实名实人)."""

_PATH = re.compile(r"/[A-Za-z0-9_\-./?=&#~]{0,500}")
_BROWSER = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE_CHARS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStart:
    """Where to send the browser, and the cookie value that ties the answer to this browser."""

    redirect_url: str = field(repr=False)
    state: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedLogin:
    session: OpenedSession
    person_id: int
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A login under way. `verifier` is empty where the protocol knows none."""

    channel: str
    return_to: str
    nonce: str
    verifier: str
    browser_digest: str
    handover: dict[str, str] = field(default_factory=dict)
    """What `auth.handover` needs to go back to an application; empty for a browser."""

    def sealed(self) -> bytes:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return vault.current().encrypt(orjson.dumps(fields).decode())


async def begin_login(
    *, channel: str, return_to: str, provider: UnifiedIdentity, browser: str | None = None
) -> LoginStart:
    """Begins a login that must be completed within minutes, once, in the same browser. `browser` is the
    cookie of another login under way in it, so that two tabs do not disturb each other. Raises Refused for
    an unknown channel or a way back that is not ours, StoreUnavailable."""
    settings = configuration.current()
    if channel not in settings.channels:
        raise Refused(LOGIN_CHANNEL_UNKNOWN())
    if not is_way_back(return_to):
        raise Refused(LOGIN_RETURN_UNKNOWN())
    if browser is None or _BROWSER.fullmatch(browser) is None:
        browser = secrets.token_urlsafe(32)
    redirect_url, state = await begin_attempt(
        channel=channel,
        return_to=return_to,
        browser_digest=sm3_hex(browser.encode()),
        provider=provider,
    )
    return LoginStart(redirect_url=redirect_url, state=state, browser=browser)


async def begin_attempt(
    *,
    channel: str,
    return_to: str,
    browser_digest: str,
    provider: UnifiedIdentity,
    callback_path: str = CALLBACK_PATH,
    handover: dict[str, str] | None = None,
) -> tuple[str, str]:
    """Keeps a login under way; the platform's address for it, and its state."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    redirect_url = provider.authorization_url(
        state=state, nonce=nonce, code_verifier=verifier, redirect_uri=_redirect_uri(callback_path)
    )
    attempt = Attempt(
        channel=channel,
        return_to=return_to,
        nonce=nonce,
        verifier=verifier,
        browser_digest=browser_digest,
        handover=handover or {},
    )
    await store.keep_login(state_digest=sm3_hex(state.encode()), record=attempt.sealed())
    return redirect_url, state


async def complete_login(
    *,
    state: str,
    code: str | None,
    browser: str | None,
    provider: UnifiedIdentity,
    now: datetime,
    device: str = "",
    address: str = "",
) -> CompletedLogin:
    """Redeems the code, finds or registers the person and opens a session. `code` is None when the
    provider reported an error instead. Raises Refused (and nobody is logged in), PartnerFailure,
    StoreUnavailable."""
    attempt = await take_attempt(state=state, browser=browser, now=now)
    proved = await prove(attempt=attempt, code=code, state=state, provider=provider, address=address, now=now)
    session = await open_proved(proved, channel=attempt.channel, device=device, now=now)
    return CompletedLogin(session=session, person_id=proved.person_id, return_to=attempt.return_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """Who came back from the platform, and how well it knows them."""

    person_id: int
    assurance: Assurance
    provider: str
    level: int


async def prove(
    *,
    attempt: Attempt,
    code: str | None,
    state: str,
    provider: UnifiedIdentity,
    address: str,
    now: datetime,
    callback_path: str = CALLBACK_PATH,
) -> Proved:
    """Redeems the code and finds or registers the person. Raises as `complete_login` does."""
    if code is None or attempt.channel not in configuration.current().channels:
        await refuse_login(LOGIN_CANCELLED(), channel=attempt.channel, reason="access_denied", now=now)
    try:
        claims = await provider.exchange(
            code=code,
            code_verifier=attempt.verifier,
            redirect_uri=_redirect_uri(callback_path),
            nonce=attempt.nonce,
            now=now,
            state=state,
        )
    except IdentityRejected as rejected:
        await limits.count("citizen.rejected_by_address", key=address, channel=attempt.channel, now=now)
        await refuse_login(LOGIN_REJECTED(), channel=attempt.channel, reason=rejected.code, now=now)
    person_id = await _link(claims, channel=attempt.channel, now=now)
    assurance: Assurance = "real_name" if claims.assurance_level >= VERIFIED_LEVEL else "password"
    return Proved(person_id=person_id, assurance=assurance, provider=claims.provider, level=claims.assurance_level)


async def open_proved(proved: Proved, *, channel: str, device: str, now: datetime) -> OpenedSession:
    """The session of somebody who has just come back. Raises Refused while the centre keeps them out."""
    try:
        session = await sessions.open_session(
            holder="citizen",
            identity=proved.person_id,
            channel=channel,
            assurance=proved.assurance,
            device=device,
            proved=proved.assurance == "real_name",
            now=now,
        )
    except Refused as refused:
        await refuse_login(refused.refusals[0], channel=channel, reason=refused.refusals[0].code, now=now)
    await audit.record(
        None,
        actor=Actor(
            kind="citizen",
            channel=channel,
            person_id=proved.person_id,
            session_id=session.session_id,
            assurance=proved.assurance,
        ),
        action="login.succeeded",
        subject=f"person:{proved.person_id}",
        now=now,
        detail={"provider": proved.provider, "level": proved.level},
    )
    return session


def is_way_back(path: str) -> bool:
    """Whether a login may lead to this path: one of ours, written so plainly that no browser reads a host
    in it."""
    return path_is_plain(path) and path.startswith(configuration.current().return_prefixes)


def address_of_path(path: str) -> str:
    """The whole address of a path of ours."""
    return configuration.current().public_url + path


def path_is_plain(path: str) -> bool:
    """Whether no browser could read a host in this path."""
    return _PATH.fullmatch(path) is not None and "//" not in path and ".." not in path


async def take_attempt(*, state: str, browser: str | None, now: datetime) -> Attempt:
    """The login under way with this state, once. Raises Refused for an unknown one and for another browser's."""
    attempt = await _taken(state, now=now)
    # one that an application began has no browser, and no cookie stands for it
    if attempt.handover or not hmac.compare_digest(sm3_hex((browser or "").encode()), attempt.browser_digest):
        await refuse_login(LOGIN_FOREIGN_BROWSER(), channel=attempt.channel, reason="foreign_browser", now=now)
    return attempt


async def take_handover(*, state: str, now: datetime) -> Attempt:
    """The same for one that an application began. Raises Refused for a browser's."""
    attempt = await _taken(state, now=now)
    if not attempt.handover:
        await refuse_login(LOGIN_STATE_UNKNOWN(), channel=attempt.channel, reason="no_handover", now=now)
    return attempt


async def _taken(state: str, *, now: datetime) -> Attempt:
    record = await store.take_login(state_digest=sm3_hex(state[:_STATE_CHARS_MAX].encode()))
    if record is None:
        await refuse_login(LOGIN_STATE_UNKNOWN(), channel="unknown", reason="state_unknown", now=now)
    return Attempt(**orjson.loads(vault.current().decrypt(record)))


async def _link(claims: IdentityClaims, *, channel: str, now: datetime) -> int:
    """The person of the document, registered now when unknown, tied to the provider's subject. Raises
    Refused when the subject belongs to another person here; then nothing is registered."""
    if claims.assurance_level < 2:
        await refuse_login(IDENTITY_UNVERIFIED(), channel=channel, reason="level_1", now=now)
    try:
        async with database.transaction() as tx:
            person_id = await contributions.register_person(
                tx,
                document_type=claims.document_type,
                document_no=claims.document_no,
                name=claims.name,
                mobile=None,
                now=now,
            )
            verified = claims.assurance_level >= VERIFIED_LEVEL
            actor = Actor(kind="citizen", channel=channel, person_id=person_id)
            if verified:
                await _keep_up(tx, claims=claims, actor=actor, person_id=person_id, now=now)
            known = await tx.value(
                "SELECT confirmed_at FROM identity_link WHERE provider = $1 AND subject = $2 AND person_id = $3",
                claims.provider,
                claims.subject,
                person_id,
            )
            linked = await tx.value(
                "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at, confirmed_at)"
                " VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (provider, subject) DO UPDATE SET last_used_at = $4,"
                " confirmed_at = coalesce($5, identity_link.confirmed_at)"
                " WHERE identity_link.person_id = $3 RETURNING person_id",
                claims.provider,
                claims.subject,
                person_id,
                now,
                now if verified else None,
            )
            if linked is None:
                raise Refused(IDENTITY_CONFLICT())
            if known is None:
                await identity_events.record(
                    tx,
                    person_id=person_id,
                    kind="confirmed" if verified else "linked",
                    provider=claims.provider,
                    actor=actor,
                    now=now,
                )
            return person_id
    except Refused:
        owner = await database.value(
            "SELECT person_id FROM identity_link WHERE provider = $1 AND subject = $2",
            claims.provider,
            claims.subject,
        )
        await audit.record(
            None,
            actor=replace(ANONYMOUS, channel=channel),
            action="login.identity_conflict",
            subject=f"person:{owner}",
            outcome="refused",
            now=now,
            detail={"provider": claims.provider},
        )
        raise


async def _keep_up(tx: Transaction, *, claims: IdentityClaims, actor: Actor, person_id: int, now: datetime) -> None:
    """What the platform says of a verified person now: another name, another phone. Below L3 the caller may not be the
    person, and messages about money must not follow them."""
    if await contributions.rename_person(tx, person_id=person_id, name=claims.name):
        await identity_events.record(
            tx, person_id=person_id, kind="renamed", provider=claims.provider, actor=actor, now=now
        )
        await audit.record(tx, actor=actor, action="person.renamed", subject=f"person:{person_id}", now=now)
    if claims.mobile is not None:
        await contributions.follow_mobile(tx, actor=actor, person_id=person_id, mobile=claims.mobile, now=now)


async def refuse_login(refusal: Refusal, *, channel: str, reason: str, now: datetime) -> NoReturn:
    """Says no, and leaves the reason in the audit trail."""
    await audit.record(
        None,
        actor=replace(ANONYMOUS, channel=channel),
        action="login.refused",
        subject="citizen",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(refusal)


def _redirect_uri(path: str) -> str:
    return configuration.current().public_url + path
