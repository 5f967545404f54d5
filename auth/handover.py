"""手机客户端登录: from the application to the platform's own application, and back with a ticket (RFC 8252, RFC 7636).

    application → start(challenge, device) → platform's application → our callback → application (ticket)
    application → redeem(ticket, verifier, device) → session

The way back is a universal link or a custom scheme, and other applications may listen on a scheme. So what comes back
is worth nothing by itself: a ticket is good for a minute, once, to whoever knows the verifier of the challenge and is
the device that began. A ticket that comes a second time ends the session that it opened, because one of its two
bearers is a thief.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import urlencode

import orjson

from auth import configuration, identity, limits, sessions, store
from auth.ports import UnifiedIdentity
from auth.refusals import (
    HANDOVER_MALFORMED,
    HANDOVER_TICKET,
    HANDOVER_WAY_UNKNOWN,
    LOGIN_CHANNEL_UNKNOWN,
)
from auth.sessions import OpenedSession
from domain.kernel import audit, vault
from domain.kernel.actor import ANONYMOUS
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refused

CHANNEL = "app"
CALLBACK_PATH = "/auth/app/callback"
TICKET_LIFE = timedelta(minutes=1)
REPLAY_WATCH = timedelta(minutes=30)
"""How long a ticket that was used is remembered: as long as a thief may have to try it."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DEVICE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_APP_STATE = re.compile(r"[A-Za-z0-9_-]{8,128}")
_TICKET_CHARS_MAX = 100


async def start(*, challenge: str, device: str, way: str, app_state: str, provider: UnifiedIdentity) -> str:
    """The address at the platform that the application opens. `challenge` is S256 of a verifier that stays in the
    application, `device` a number that it keeps for itself, `way` one of the ways back (`link`, `scheme`). Raises
    Refused, StoreUnavailable."""
    settings = configuration.current()
    if CHANNEL not in settings.channels:
        raise Refused(LOGIN_CHANNEL_UNKNOWN())
    if way not in settings.app_returns:
        raise Refused(HANDOVER_WAY_UNKNOWN())
    sound = (_CHALLENGE, challenge), (_DEVICE, device), (_APP_STATE, app_state)
    if not all(shape.fullmatch(text) for shape, text in sound):
        raise Refused(HANDOVER_MALFORMED())
    handover = {"challenge": challenge, "device": sm3_hex(device.encode()), "way": way, "app_state": app_state}
    url, _ = await identity.begin_attempt(
        channel=CHANNEL,
        return_to="",
        browser_digest="",
        callback_path=CALLBACK_PATH,
        handover=handover,
        provider=provider,
    )
    return url


async def hand_back(*, state: str, code: str | None, provider: UnifiedIdentity, address: str, now: datetime) -> str:
    """The platform's answer becomes a ticket on its way to the application: where the phone goes now. Raises Refused
    and PartnerFailure, for a page: without a sound attempt nobody knows which application to go back to."""
    attempt = await identity.take_handover(state=state, now=now)
    proved = await identity.prove(
        attempt=attempt,
        code=code,
        state=state,
        provider=provider,
        callback_path=CALLBACK_PATH,
        address=address,
        now=now,
    )
    ticket = secrets.token_urlsafe(32)
    record = {
        **attempt.handover,
        "person_id": proved.person_id,
        "assurance": proved.assurance,
        "provider": proved.provider,
        "level": proved.level,
        "expires_at": (now + TICKET_LIFE).isoformat(),
    }
    sealed = vault.current().encrypt(orjson.dumps(record).decode()).hex()
    await store.keep(_name(ticket), sealed, life=TICKET_LIFE)
    back = {"ticket": ticket, "state": attempt.handover["app_state"]}
    base = configuration.current().app_returns[attempt.handover["way"]]
    return f"{base}?{urlencode(back)}"


async def redeem(*, ticket: str, verifier: str, device: str, agent: str, address: str, now: datetime) -> OpenedSession:
    """The session of whom the ticket is for. A ticket is used up by the first try, a wrong one too. Raises Refused."""
    await limits.require("app.tickets", key=address, channel=CHANNEL, now=now)
    ticket = ticket[:_TICKET_CHARS_MAX]
    sealed = await store.take(_name(ticket))
    if sealed is None:
        await _replayed(ticket, now=now)
        await _refuse("unknown", address=address, now=now)
    record = orjson.loads(vault.current().decrypt(bytes.fromhex(sealed)))
    if datetime.fromisoformat(record["expires_at"]) <= now:
        await _refuse("expired", address=address, now=now)
    if not _proves(record, verifier=verifier, device=device):
        await _refuse("not_whose", address=address, now=now)
    session = await identity.open_proved(
        identity.Proved(
            person_id=record["person_id"],
            assurance=record["assurance"],
            provider=record["provider"],
            level=record["level"],
        ),
        channel=CHANNEL,
        device=agent,
        now=now,
    )
    await store.keep(_used_name(ticket), str(session.session_id), life=REPLAY_WATCH)
    return session


def _proves(record: Mapping[str, str], *, verifier: str, device: str) -> bool:
    if _VERIFIER.fullmatch(verifier) is None or _DEVICE.fullmatch(device) is None:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    same = hmac.compare_digest(challenge, record["challenge"])
    return hmac.compare_digest(sm3_hex(device.encode()), record["device"]) and same


async def _replayed(ticket: str, *, now: datetime) -> None:
    """Ends the session of a ticket that was used before."""
    opened = await store.read(_used_name(ticket))
    if opened is None:
        return
    actor = replace(ANONYMOUS, channel=CHANNEL)
    await sessions.end_session(session_id=int(opened), actor=actor, reason="ticket_replayed", now=now)
    await audit.record(
        None, actor=actor, action="login.ticket_replayed", subject=f"session:{opened}", outcome="refused", now=now
    )


async def _refuse(reason: str, *, address: str, now: datetime) -> NoReturn:
    await limits.count("app.tickets", key=address, channel=CHANNEL, now=now)
    await identity.refuse_login(HANDOVER_TICKET(), channel=CHANNEL, reason=f"ticket_{reason}", now=now)


def _name(ticket: str) -> str:
    return f"app:ticket:{sm3_hex(ticket.encode())}"


def _used_name(ticket: str) -> str:
    return f"app:used:{sm3_hex(ticket.encode())}"
