"""账户关联: the link in a message that ties the platform's account to the person who logs in.

A ticket alone ties nothing: the browser that opened it must bring a fresh code of the platform, and that code must
stand for the very account which asked for the ticket (`auth.linking` redeems it together with a real name login).
A link that was passed on, or a code of another account, is refused and uses the ticket up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.conversations.answers import ANSWERS
from channels.conversations.outgoing import enqueue_text
from channels.conversations.refusals import BINDING_OVER
from domain import policy
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import sm3
from domain.kernel.refusal import Refused

PATH = "/auth/bind"
_CHARS_MAX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    secret: str = field(repr=False)
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ticket in the hands of one browser, which `browser` is the secret of."""

    channel: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The account that a ticket is to tie."""

    channel: str
    subject: str = field(repr=False)


async def issue(tx: Transaction, *, channel: str, subject: str, now: datetime) -> Ticket | None:
    """None when the account has asked for too many."""
    values = policy.on(business_date_of(now))
    asked = await tx.value(
        "SELECT count(*) FROM binding_ticket WHERE channel = $1 AND subject = $2 AND issued_at > $3",
        channel,
        subject,
        now - timedelta(days=1),
    )
    if asked >= values.number("messages.tickets_per_day"):
        return None
    ticket = Ticket(secret=secrets.token_urlsafe(24), minutes=values.number("messages.ticket_minutes"))
    await tx.execute(
        "INSERT INTO binding_ticket (ticket_hash, channel, subject, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        _hash(ticket.secret),
        channel,
        subject,
        now,
        now + timedelta(minutes=ticket.minutes),
    )
    return ticket


async def open_ticket(*, secret: str, browser: str | None, now: datetime) -> Opened:
    """For the first browser that comes, and for it again. Raises Refused (`binding_over`)."""
    key = browser or secrets.token_urlsafe(24)
    row = await database.row(
        "UPDATE binding_ticket SET browser_hash = coalesce(browser_hash, $2) WHERE ticket_hash = $1"
        " AND used_at IS NULL AND expires_at > $3 AND (browser_hash IS NULL OR browser_hash = $2) RETURNING channel",
        _hash(secret),
        _hash(key),
        now,
    )
    if row is None:
        raise Refused(BINDING_OVER())
    return Opened(channel=row["channel"], browser=key)


async def subject_of(*, secret: str, browser: str | None, now: datetime) -> str:
    """The account that a ticket is for, in the browser that opened it. Raises Refused."""
    row = await database.row(
        "SELECT subject FROM binding_ticket WHERE ticket_hash = $1 AND browser_hash = $2 AND used_at IS NULL"
        " AND expires_at > $3",
        _hash(secret),
        _hash(browser or ""),
        now,
    )
    if row is None:
        raise Refused(BINDING_OVER())
    return str(row["subject"])


async def wanted(*, secret: str, browser: str | None, now: datetime) -> Wanted:
    """The same, and the ticket is used up: whatever comes of it, it is for one attempt. Raises Refused."""
    row = await database.row(
        "UPDATE binding_ticket SET used_at = $3 WHERE ticket_hash = $1 AND browser_hash = $2 AND used_at IS NULL"
        " AND expires_at > $3 RETURNING channel, subject",
        _hash(secret),
        _hash(browser or ""),
        now,
    )
    if row is None:
        raise Refused(BINDING_OVER())
    return Wanted(channel=row["channel"], subject=row["subject"])


async def bound(*, actor: Actor, secret: str, now: datetime) -> None:
    """The account hears that it is tied."""
    async with transaction() as tx:
        row = await tx.row(
            "UPDATE binding_ticket SET person_id = $2 WHERE ticket_hash = $1 RETURNING channel, subject",
            _hash(secret),
            actor.person_id,
        )
        assert row is not None, "a ticket that was just used vanished"
        words = ANSWERS.text("bound", now=now)
        await enqueue_text(tx, channel=row["channel"], subject=row["subject"], text=words, now=now)
        await audit.record(
            tx,
            actor=actor,
            action="conversation.bound",
            subject=f"person:{actor.person_id}",
            now=now,
            detail={"channel": row["channel"]},
        )


def _hash(secret: str) -> bytes:
    return sm3(secret[:_CHARS_MAX].encode())
