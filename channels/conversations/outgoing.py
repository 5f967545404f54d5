"""What waits to be sent to an account of a platform: kept first, sent behind, in its order, at most once.

The platforms have no question "did you send it": a message without a clear answer stays `unknown` and is shown to
staff, who may say it again. One that was surely not sent waits and is tried again while the platform lets us answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson

from channels.conversations.ports import Messengers, Notice, Notifiers, Sent
from domain import policy
from domain.kernel import database, vault
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id

AT_ONCE = 16
LEASE = timedelta(seconds=60)
WAIT_SECONDS_MAX = 600

Otherwise = Callable[[Transaction, dict[str, Any], datetime], Awaitable[None]]
"""What is done in the transaction that ends a notice which the platform did not surely take."""


def window(now: datetime) -> timedelta:
    return timedelta(hours=policy.on(business_date_of(now)).number("messages.window_hours"))


async def enqueue_text(using: Executor, *, channel: str, subject: str, text: str, now: datetime) -> int:
    return await _enqueue(using, channel=channel, subject=subject, kind="text", content=text, now=now)


async def enqueue_notice(
    using: Executor,
    *,
    channel: str,
    subject: str,
    notice: Notice,
    now: datetime,
    otherwise: Mapping[str, Any] | None = None,
) -> int:
    """`otherwise`: what `send_due` hands to its caller when the platform does not take the notice in time."""
    content = orjson.dumps(asdict(notice)).decode()
    return await _enqueue(
        using, channel=channel, subject=subject, kind="notice", content=content, now=now, otherwise=otherwise
    )


async def send_due(*, messengers: Messengers, notifiers: Notifiers, otherwise: Otherwise, now: datetime) -> int:
    """One round: the first that waits for each account, several accounts at once. Returns how many were moved on."""
    async with transaction() as tx:
        rows = await tx.rows(
            "UPDATE outgoing_message SET state = 'unknown', code = 'interrupted', ended_at = $1"
            " WHERE state = 'sending' AND due_at <= $1 RETURNING otherwise_cipher",
            now,
        )
        for row in rows:
            await _tell_otherwise(tx, row, otherwise, now=now)
    rows = await database.rows(_CLAIM, now, now + LEASE, sorted({*messengers, *notifiers}), AT_ONCE)
    sends = (_send(row, messengers=messengers, notifiers=notifiers, otherwise=otherwise, now=now) for row in rows)
    await asyncio.gather(*sends)
    return len(rows)


async def _send(
    row: Record, *, messengers: Messengers, notifiers: Notifiers, otherwise: Otherwise, now: datetime
) -> None:
    channel, subject = row["channel"], row["subject"]
    content = vault.current().decrypt(row["content_cipher"])
    if row["kind"] == "text" and now - row["created_at"] > window(now):
        sent = Sent(status="refused", code="window_over")
    elif row["kind"] == "text":
        sent = await messengers[channel].send_text(subject=subject, text=content, now=now)
    elif row["otherwise_cipher"] is not None and now - row["created_at"] > _patience(now):
        sent = Sent(status="refused", code="too_late")
    else:
        notice = Notice(**orjson.loads(content))
        notifier = messengers.get(channel) or notifiers[channel]
        sent = await notifier.send_notice(subject=subject, notice=notice, now=now)
        if sent.status == "refused":
            # the platform knows better than our count: the person may have taken the choice back
            await database.execute(
                "UPDATE notice_permission SET remaining = 0, changed_at = $4"
                " WHERE channel = $1 AND subject = $2 AND template = $3",
                row["channel"],
                subject,
                notice.template,
                now,
            )
    if sent.status == "later":
        delay = timedelta(seconds=min(2 ** row["attempts"], WAIT_SECONDS_MAX))
        await database.execute(
            "UPDATE outgoing_message SET state = 'queued', code = $2, due_at = $3"
            " WHERE message_id = $1 AND state = 'sending'",
            row["message_id"],
            sent.code,
            now + delay,
        )
        return
    async with transaction() as tx:
        ended = await tx.value(
            "UPDATE outgoing_message SET state = $2, code = $3, ended_at = $4 WHERE message_id = $1"
            " AND state = 'sending' RETURNING message_id",
            row["message_id"],
            sent.status,
            sent.code,
            now,
        )
        if ended is not None and sent.status != "sent":
            await _tell_otherwise(tx, row, otherwise, now=now)


async def _tell_otherwise(tx: Transaction, row: Record, otherwise: Otherwise, *, now: datetime) -> None:
    if row["otherwise_cipher"] is not None:
        await otherwise(tx, orjson.loads(vault.current().decrypt(row["otherwise_cipher"])), now)


def _patience(now: datetime) -> timedelta:
    return timedelta(minutes=policy.on(business_date_of(now)).number("messages.notice_minutes"))


async def _enqueue(
    using: Executor,
    *,
    channel: str,
    subject: str,
    kind: str,
    content: str,
    now: datetime,
    otherwise: Mapping[str, Any] | None = None,
) -> int:
    message_id = new_id()
    await using.execute(
        "INSERT INTO outgoing_message (message_id, channel, subject, kind, content_cipher, state, created_at, due_at,"
        " otherwise_cipher) VALUES ($1, $2, $3, $4, $5, 'queued', $6, $6, $7)",
        message_id,
        channel,
        subject,
        kind,
        vault.current().encrypt(content),
        now,
        None if otherwise is None else vault.current().encrypt(orjson.dumps(dict(otherwise)).decode()),
    )
    return message_id


# Of each account the first that waits; none of an account that is being sent to. A channel that is switched off waits.
_CLAIM = """
UPDATE outgoing_message SET state = 'sending', attempts = attempts + 1, due_at = $2 WHERE message_id IN (
    SELECT m.message_id FROM outgoing_message m
    WHERE m.state = 'queued' AND m.due_at <= $1 AND m.channel = ANY($3::text[])
      AND NOT EXISTS (SELECT FROM channel_switch s WHERE s.channel = m.channel AND s.item = '')
      AND NOT EXISTS (
          SELECT FROM outgoing_message e
          WHERE e.channel = m.channel AND e.subject = m.subject AND e.message_id <> m.message_id
            AND (e.state = 'sending'
                 OR (e.state = 'queued' AND (e.created_at, e.message_id) < (m.created_at, m.message_id))))
    ORDER BY m.created_at, m.message_id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
