"""Login sessions of citizens, agents of employers and staff: opening, refreshing, ending, and who is behind a request.

PostgreSQL holds the truth. Access tokens are believed without asking it, so the end of a session is also
told to Redis, which every authenticated request asks; without its answer nobody passes. Of refresh tokens
and cookies only the SM3 digest is stored.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from redis.asyncio import Redis

from auth import configuration, keys, presence, standing, store, tokens
from auth.configuration import CHANNEL_LIMITS, STAFF_LIMITS, AuthSettings, SessionLimits
from auth.grants import admitting
from auth.grants import bearer as partner_tokens
from auth.store import Errand
from auth.tokens import AccessToken, Holder, TokenRefused
from domain import contributions
from domain.kernel import audit, database
from domain.kernel.actor import ANONYMOUS, Actor, Assurance
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id

__all__ = [
    "CHANNEL_LIMITS",
    "STAFF_LIMITS",
    "AuthSettings",
    "OpenedSession",
    "RefreshedSession",
    "SessionLimits",
    "authenticate",
    "configure",
    "end_all_sessions",
    "end_session",
    "end_session_of_refresh_token",
    "open_session",
    "refresh",
    "secret_digest",
]

_DEVICE_CHARS_MAX = 200
_SECRET_CHARS_MAX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """`secret` is the first refresh token of a citizen, or the cookie of an agent or a member of staff; it
    exists nowhere else."""

    session_id: int
    channel: str
    secret: str = field(repr=False)
    secret_expires_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedSession:
    """A new access token, and the refresh token that takes the place of the one used."""

    session_id: int
    access: AccessToken
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secret:
    secret: str = field(repr=False)
    expires_at: datetime


_SESSION_OF_TOKEN = (
    "SELECT s.session_id, s.person_id, s.channel FROM refresh_token t JOIN login_session s USING (session_id)"
    " WHERE t.token_hash = $1 AND s.kind = 'citizen'"
)

_restoring: list[asyncio.Lock] = []


def configure(*, redis: Redis, settings: AuthSettings) -> None:
    """Called by `ops.wiring` at start, in each process. `redis` needs its own socket timeouts and stays
    open."""
    configuration.install(settings)
    store.install(redis)
    keys.forget()
    admitting.forget()
    tokens.forget()
    _restoring[:] = [asyncio.Lock()]


async def open_session(
    *,
    holder: Holder,
    identity: int,
    channel: str,
    assurance: Assurance,
    device: str,
    now: datetime,
    employer_no: int | None = None,
    proved: bool = True,
) -> OpenedSession:
    """Begins a session of a person, of an agent (`employer_no` too) or of a member of staff (`identity` is person_id
    or staff_id). The oldest sessions on the channel end when there would be too many. Raises StoreUnavailable; then
    nothing has begun. `proved` says that the real name was proved just now. Raises Refused while the centre keeps
    the person out (`auth.interventions`)."""
    assert (holder == "agent") == (employer_no is not None), "an agent acts for an employer, nobody else does"
    limits = _limits(holder, channel)
    column = "staff_id" if holder == "staff" else "person_id"
    surplus = await database.rows(
        f"SELECT session_id FROM login_session WHERE {column} = $1 AND kind = $2 AND channel = $3"
        " AND revoked_at IS NULL AND expires_at > $4 ORDER BY created_at DESC, session_id DESC OFFSET $5",
        identity,
        holder,
        channel,
        now,
        limits.sessions_max - 1,
    )
    await _end([row["session_id"] for row in surplus], reason="replaced", now=now)
    session_id, expires_at = new_id(), now + limits.absolute
    async with database.transaction() as tx:
        if holder != "staff":
            await standing.admit(tx, person_id=identity, proved=proved, now=now)
        await tx.execute(
            f"INSERT INTO login_session (session_id, kind, {column}, channel, assurance, device, created_at,"
            " last_seen_at, expires_at, employer_no, proved) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10)",
            session_id,
            holder,
            identity,
            channel,
            assurance,
            device[:_DEVICE_CHARS_MAX],
            now,
            expires_at,
            employer_no,
            proved,
        )
        # A citizen's token lives as long as the session may lie idle; for staff and agents the session's row counts.
        secret_expires_at = min(now + limits.idle, expires_at) if holder == "citizen" else expires_at
        secret = await _add_secret(tx, session_id=session_id, expires_at=secret_expires_at, now=now)
    return OpenedSession(
        session_id=session_id,
        channel=channel,
        secret=secret.secret,
        secret_expires_at=secret_expires_at,
        expires_at=expires_at,
    )


async def refresh(*, refresh_token: str, now: datetime) -> RefreshedSession:
    """Uses up a citizen's refresh token. One that was used before ends the whole session, because one of
    its two bearers is a thief; there is no grace for an answer that was lost. Raises TokenRefused or
    StoreUnavailable."""
    digest = secret_digest(refresh_token)
    session, successor = await _use(digest, now=now)
    if session is None:
        await _refuse_used(digest, now=now)
        raise TokenRefused("session_ended")
    if successor is None:
        await _end([session["session_id"]], reason="expired", now=now)
        raise TokenRefused("session_ended")
    person = await contributions.person_by_id(person_id=session["person_id"])
    access = await tokens.issue(
        holder="citizen",
        identity=person.person_id,
        session_id=session["session_id"],
        channel=session["channel"],
        assurance=session["assurance"],
        name=person.name_masked,
        session_expires_at=session["expires_at"],
        signed_in_at=session["created_at"],
        now=now,
    )
    return RefreshedSession(
        session_id=session["session_id"],
        access=access,
        refresh_token=successor.secret,
        refresh_expires_at=successor.expires_at,
    )


async def authenticate(
    *, bearer: str | None, now: datetime, channel_hint: str | None = None, errand: Errand | None = None
) -> Actor:
    """The actor behind an access token; ANONYMOUS without one. `channel_hint` is what a caller who is not
    logged in says about their channel; `errand` goes along when Redis is asked. Raises TokenRefused, and
    StoreUnavailable when nobody can say whether the session still exists."""
    if bearer is None:
        return ANONYMOUS if channel_hint is None else replace(ANONYMOUS, channel=channel_hint)
    if partner_tokens.PARTNERS.are(bearer):
        return await _third_party(token=bearer, now=now, errand=errand)
    claims = await tokens.verify(token=bearer, now=now)
    caller = f"{claims.holder}:{claims.identity}:{claims.channel}"
    if await _has_ended(session_id=claims.session_id, now=now, errand=errand, caller=caller):
        raise TokenRefused("session_ended")
    if claims.holder == "staff":
        present = await presence.staff_of_session(session_id=claims.session_id, now=now)
        if present is None or present.staff_id != claims.identity:
            raise TokenRefused("session_ended")
        return present
    if claims.holder == "agent":
        acting = await presence.agent_of_session(session_id=claims.session_id, now=now)
        if acting is None or (acting.person_id, acting.employer_no) != (claims.identity, claims.employer_no):
            raise TokenRefused("session_ended")
        return acting
    return Actor(
        kind="citizen",
        channel=claims.channel,
        name=claims.name,
        person_id=claims.identity,
        session_id=claims.session_id,
        assurance=claims.assurance,
        signed_in_at=claims.signed_in_at,
    )


async def _third_party(*, token: str, now: datetime, errand: Errand | None) -> Actor:
    standing = await admitting.standing_of(token=token, now=now)
    caller = f"partner:{standing.partner_id}:grant:{standing.grant_id}:{partner_tokens.CHANNEL}"
    if await _has_ended(session_id=standing.session_id, now=now, errand=errand, caller=caller):
        await admitting.tell_refusal(standing.actor, reason="token_ended", now=now)
        raise TokenRefused("session_ended")
    return standing.actor


async def end_session(*, session_id: int, actor: Actor, reason: str, now: datetime) -> bool:
    """Ends a session on every process at once; True when it was alive. Raises StoreUnavailable: say so to
    the person, who is not safely logged out then."""
    ended = await _end([session_id], reason=reason, now=now)
    await _audit_ends(ended, actor=actor, reason=reason, now=now)
    return bool(ended)


async def end_session_of_refresh_token(*, refresh_token: str, now: datetime) -> bool:
    """Logs a citizen out by their refresh token, be it used or expired. Unknown tokens end nothing."""
    session = await database.row(_SESSION_OF_TOKEN, secret_digest(refresh_token))
    if session is None:
        return False
    return await end_session(session_id=session["session_id"], actor=_citizen(session), reason="logout", now=now)


async def end_all_sessions(
    *,
    actor: Actor,
    reason: str,
    now: datetime,
    person_id: int | None = None,
    staff_id: int | None = None,
    keep: int | None = None,
) -> int:
    """Ends every session of a person or a member of staff, except the session `keep`; returns how many."""
    assert (person_id is None) != (staff_id is None), "the sessions of one person or one member of staff"
    column, identity = ("person_id", person_id) if staff_id is None else ("staff_id", staff_id)
    rows = await database.rows(
        f"SELECT session_id FROM login_session WHERE {column} = $1 AND revoked_at IS NULL"
        " AND session_id IS DISTINCT FROM $2",
        identity,
        keep,
    )
    ended = await _end([row["session_id"] for row in rows], reason=reason, now=now)
    await _audit_ends(ended, actor=actor, reason=reason, now=now)
    return len(ended)


def secret_digest(secret: str) -> bytes:
    """What is stored of a refresh token or cookie. Longer than any of ours can be matches none."""
    return sm3(secret[:_SECRET_CHARS_MAX].encode())


def _limits(holder: Holder, channel: str) -> SessionLimits:
    settings = configuration.current()
    if holder == "staff":
        return settings.staff
    if holder == "agent":
        return settings.agents
    assert channel in settings.channels, f"channel {channel} has no limits: refuse it before"
    return settings.channels[channel]


async def _use(digest: bytes, *, now: datetime) -> tuple[Record | None, _Secret | None]:
    """The session of a token not used before, and the token that follows unless the session is over."""
    async with database.transaction() as tx:
        # Of two callers at once the second waits here, and then finds the token used.
        used = await tx.row(
            "UPDATE refresh_token t SET used_at = $2 FROM login_session s"
            " WHERE t.token_hash = $1 AND t.used_at IS NULL"
            " AND s.session_id = t.session_id AND s.kind = 'citizen' RETURNING t.session_id, t.expires_at",
            digest,
            now,
        )
        if used is None:
            return None, None
        session_id = used["session_id"]
        session = await tx.row("SELECT * FROM login_session WHERE session_id = $1 FOR UPDATE", session_id)
        assert session is not None, "a refresh token without its session"
        # A channel that was closed meanwhile has no limits any more.
        limits = configuration.current().channels.get(session["channel"])
        over = session["revoked_at"] is not None or min(used["expires_at"], session["expires_at"]) <= now
        if over or limits is None:
            return session, None
        await tx.execute("UPDATE login_session SET last_seen_at = $2 WHERE session_id = $1", session_id, now)
        expires_at = min(now + limits.idle, session["expires_at"])
        return session, await _add_secret(tx, session_id=session_id, expires_at=expires_at, now=now)


async def _add_secret(tx: Transaction, *, session_id: int, expires_at: datetime, now: datetime) -> _Secret:
    secret = secrets.token_urlsafe(32)
    await tx.execute(
        "INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4)",
        secret_digest(secret),
        session_id,
        now,
        expires_at,
    )
    return _Secret(secret=secret, expires_at=expires_at)


async def _refuse_used(digest: bytes, *, now: datetime) -> None:
    session = await database.row(_SESSION_OF_TOKEN, digest)
    if session is None:
        raise TokenRefused("token_invalid")
    if await _end([session["session_id"]], reason="refresh_reused", now=now):
        await audit.record(
            None,
            actor=_citizen(session),
            action="session.refresh_reused",
            subject=f"session:{session['session_id']}",
            outcome="refused",
            now=now,
        )


def _citizen(session: Record) -> Actor:
    return Actor(
        kind="citizen",
        channel=session["channel"],
        person_id=session["person_id"],
        session_id=session["session_id"],
    )


async def _end(session_ids: list[int], *, reason: str, now: datetime) -> list[int]:
    """Redis first: without it nothing happens and the caller hears of it. Again afterwards, in case Redis
    came back empty in between and restored its markers before the rows were there to see."""
    if not session_ids:
        return []
    await store.mark_ended(session_ids=session_ids)
    rows = await database.rows(
        "UPDATE login_session SET revoked_at = $2, revoke_reason = $3"
        " WHERE session_id = ANY($1::bigint[]) AND revoked_at IS NULL RETURNING session_id",
        session_ids,
        now,
        reason,
    )
    await store.mark_ended(session_ids=session_ids)
    return [row["session_id"] for row in rows]


async def _audit_ends(session_ids: list[int], *, actor: Actor, reason: str, now: datetime) -> None:
    for session_id in session_ids:
        await audit.record(
            None,
            actor=actor,
            action="session.ended",
            subject=f"session:{session_id}",
            now=now,
            detail={"reason": reason},
        )


async def _has_ended(*, session_id: int, now: datetime, errand: Errand | None, caller: str) -> bool:
    ended = await store.ended(session_id=session_id, errand=errand, caller=caller)
    if ended is None:
        async with _restoring[0]:
            ended = await store.ended(session_id=session_id)
            if ended is None:
                await _restore(now=now)
                ended = await store.ended(session_id=session_id)
    # Lost again at this very moment: what is not known counts as ended.
    return ended is not False


async def _restore(*, now: datetime) -> None:
    settings = configuration.current()
    rows = await database.rows(
        "SELECT session_id FROM login_session WHERE revoked_at > $1"
        " UNION ALL SELECT session_id FROM partner_token WHERE revoked_at > $1",
        now - settings.access_token - 2 * settings.leeway,
    )
    await store.restore(session_ids=[row["session_id"] for row in rows])
