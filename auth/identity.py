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

from auth import configuration, sessions, store
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
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import RefusalKind, Refused

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
class _Attempt:
    channel: str
    return_to: str
    nonce: str
    verifier: str
    browser_digest: str

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
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    if browser is None or _BROWSER.fullmatch(browser) is None:
        browser = secrets.token_urlsafe(32)
    redirect_url = provider.authorization_url(
        state=state, nonce=nonce, code_verifier=verifier, redirect_uri=_redirect_uri()
    )
    attempt = _Attempt(
        channel=channel,
        return_to=return_to,
        nonce=nonce,
        verifier=verifier,
        browser_digest=sm3_hex(browser.encode()),
    )
    await store.keep_login(state_digest=sm3_hex(state.encode()), record=attempt.sealed())
    return LoginStart(redirect_url=redirect_url, state=state, browser=browser)


async def complete_login(
    *,
    state: str,
    code: str | None,
    browser: str | None,
    provider: UnifiedIdentity,
    now: datetime,
    device: str = "",
) -> CompletedLogin:
    """Redeems the code, finds or registers the person and opens a session. `code` is None when the
    provider reported an error instead. Raises Refused (and nobody is logged in), PartnerFailure,
    StoreUnavailable."""
    attempt = await _take(state=state, browser=browser, now=now)
    if code is None:
        await _refuse(LOGIN_CANCELLED, channel=attempt.channel, reason="access_denied", now=now)
    try:
        claims = await provider.exchange(
            code=code or "",
            code_verifier=attempt.verifier,
            redirect_uri=_redirect_uri(),
            nonce=attempt.nonce,
            now=now,
        )
    except IdentityRejected as rejected:
        await _refuse(LOGIN_REJECTED, channel=attempt.channel, reason=rejected.code, now=now)
    person_id = await _link(claims, channel=attempt.channel, now=now)
    assurance: Assurance = "real_name" if claims.assurance_level >= VERIFIED_LEVEL else "password"
    session = await sessions.open_session(
        holder="citizen",
        identity=person_id,
        channel=attempt.channel,
        assurance=assurance,
        device=device,
        now=now,
    )
    await audit.record(
        None,
        actor=Actor(
            kind="citizen",
            channel=attempt.channel,
            person_id=person_id,
            session_id=session.session_id,
            assurance=assurance,
        ),
        action="login.succeeded",
        subject=f"person:{person_id}",
        now=now,
        detail={"provider": claims.provider, "level": claims.assurance_level},
    )
    return CompletedLogin(session=session, person_id=person_id, return_to=attempt.return_to)


def is_way_back(path: str) -> bool:
    """Whether a login may lead to this path: one of ours, written so plainly that no browser reads a host
    in it."""
    if _PATH.fullmatch(path) is None or "//" in path or ".." in path:
        return False
    return path.startswith(configuration.current().return_prefixes)


async def _take(*, state: str, browser: str | None, now: datetime) -> _Attempt:
    record = await store.take_login(state_digest=sm3_hex(state[:_STATE_CHARS_MAX].encode()))
    if record is None:
        await _refuse(LOGIN_STATE_UNKNOWN, channel="unknown", reason="state_unknown", now=now)
    attempt = _Attempt(**orjson.loads(vault.current().decrypt(record)))
    if not hmac.compare_digest(sm3_hex((browser or "").encode()), attempt.browser_digest):
        await _refuse(LOGIN_FOREIGN_BROWSER, channel=attempt.channel, reason="foreign_browser", now=now)
    return attempt


async def _link(claims: IdentityClaims, *, channel: str, now: datetime) -> int:
    """The person of the document, registered now when unknown, tied to the provider's subject. Raises
    Refused when the subject belongs to another person here; then nothing is registered."""
    if claims.assurance_level < 2:
        await _refuse(IDENTITY_UNVERIFIED, channel=channel, reason="level_1", now=now)
    try:
        async with database.transaction() as tx:
            person_id = await contributions.register_person(
                tx,
                document_type=claims.document_type,
                document_no=claims.document_no,
                name=claims.name,
                # Below L3 the caller may not be the person: messages about money must not follow them.
                mobile=claims.mobile if claims.assurance_level >= VERIFIED_LEVEL else None,
                now=now,
            )
            linked = await tx.value(
                "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at)"
                " VALUES ($1, $2, $3, $4, $4) ON CONFLICT (provider, subject) DO UPDATE SET last_used_at = $4"
                " WHERE identity_link.person_id = $3 RETURNING person_id",
                claims.provider,
                claims.subject,
                person_id,
                now,
            )
            if linked is None:
                raise Refused(IDENTITY_CONFLICT())
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


async def _refuse(kind: RefusalKind, *, channel: str, reason: str, now: datetime) -> NoReturn:
    await audit.record(
        None,
        actor=replace(ANONYMOUS, channel=channel),
        action="login.refused",
        subject="citizen",
        outcome="refused",
        now=now,
        detail={"reason": reason},
    )
    raise Refused(kind())


def _redirect_uri() -> str:
    return configuration.current().public_url + CALLBACK_PATH
