"""What is done with kept messages, behind the answer: each channel by itself, each lane in order.

A handler does its own transactions and calls `finish` in the one that has the message's effect. It may be called again
for the same message after a crash, or by staff, and must find by the message's key that it was here before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from channels.inbound.journal import FAULT_LENGTH_MAX, Message, NotYet, message_of
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.refusal import Refused

Handler = Callable[[Message, datetime], Awaitable[str]]
"""Gives the outcome in a few words; what `finish` was told stands."""
Handlers = Mapping[str, Handler]
"""By kind."""

AT_ONCE = 8
LEASE = timedelta(seconds=60)
ATTEMPTS_MAX = 8
WAITING_MAX = timedelta(days=3)

log = structlog.get_logger("hpf.inbound")


async def work(*, channel: str, handlers: Handlers, clock: Callable[[], datetime], most: int = AT_ONCE) -> int:
    """One round of a channel: up to `most` messages of different lanes at once. Returns how many were moved on."""
    rows = await database.rows(_CLAIM, channel, clock(), clock() + LEASE, most)
    if not rows:
        return 0
    messages = [message_of(row) for row in rows]
    await asyncio.gather(*(_handle(message, handlers, clock) for message in messages))
    return len(messages)


async def _handle(message: Message, handlers: Handlers, clock: Callable[[], datetime]) -> None:
    handler = handlers.get(message.kind)
    if handler is None:
        await _give_up(message, fault=f"没有“{message.kind}”类报文的处理程序", now=clock())
        return
    try:
        outcome = await handler(message, clock())
    except NotYet as early:
        await _wait(message, reason=early.reason, now=clock())
    except Refused as refused:
        await _give_up(message, fault="；".join(one.message for one in refused.refusals), now=clock())
    except StoreUnavailable:
        raise  # the lease runs out, and the message is taken again
    except PartnerFailure as failure:
        await _again(message, fault=f"{failure.partner}：{failure.reason}", now=clock())
    except Exception as bug:
        log.error("inbound failed", channel=message.channel, kind=message.kind, error=type(bug).__name__, exc_info=bug)
        await _again(message, fault=f"处理出错（{type(bug).__name__}）", now=clock())
    else:
        await _done(message, outcome=outcome, now=clock())


async def _done(message: Message, *, outcome: str, now: datetime) -> None:
    """A handler that finished the message itself has said its outcome; others of the lane need not wait any more."""
    await database.execute(
        "UPDATE inbound_message SET state = 'done', outcome = $2, fault = NULL, ended_at = $3, claimed_until = NULL"
        " WHERE message_id = $1 AND state = 'received'",
        message.message_id,
        outcome[:FAULT_LENGTH_MAX],
        now,
    )
    await database.execute(
        "UPDATE inbound_message SET due_at = $3"
        " WHERE channel = $1 AND lane = $2 AND state = 'received' AND due_at > $3",
        message.channel,
        message.lane,
        now,
    )


async def _wait(message: Message, *, reason: str, now: datetime) -> None:
    if now - message.received_at > WAITING_MAX:
        await _give_up(message, fault=reason, now=now)
        return
    await _postpone(message, fault=reason, delay=min(2**message.attempts, 600), now=now)


async def _again(message: Message, *, fault: str, now: datetime) -> None:
    if message.attempts >= ATTEMPTS_MAX:
        await _give_up(message, fault=fault, now=now)
    else:
        await _postpone(message, fault=fault, delay=min(2**message.attempts, 300), now=now)


async def _postpone(message: Message, *, fault: str, delay: int, now: datetime) -> None:
    await database.execute(
        "UPDATE inbound_message SET due_at = $2, claimed_until = NULL, fault = $3"
        " WHERE message_id = $1 AND state = 'received'",
        message.message_id,
        now + timedelta(seconds=delay),
        fault[:FAULT_LENGTH_MAX],
    )


async def _give_up(message: Message, *, fault: str, now: datetime) -> None:
    moved = await database.execute(
        "UPDATE inbound_message SET state = 'quarantined', fault = $2, ended_at = $3, claimed_until = NULL"
        " WHERE message_id = $1 AND state = 'received'",
        message.message_id,
        fault[:FAULT_LENGTH_MAX],
        now,
    )
    if moved.endswith(" 1"):
        await audit.record(
            None,
            actor=SYSTEM,
            action="inbound.quarantined",
            subject=f"inbound:{message.message_id}",
            now=now,
            outcome="failed",
            detail={"kind": f"{message.channel}.{message.kind}", "reason": fault[:FAULT_LENGTH_MAX]},
        )


# Of each lane the first that is due; none of a lane that is being worked on. A message that waits for another does not
# hold up the one that it waits for.
_CLAIM = """
UPDATE inbound_message SET attempts = attempts + 1, claimed_until = $3 WHERE message_id IN (
    SELECT m.message_id FROM inbound_message m
    WHERE m.channel = $1 AND m.state = 'received' AND m.due_at <= $2
      AND (m.claimed_until IS NULL OR m.claimed_until <= $2)
      AND NOT EXISTS (
          SELECT FROM inbound_message e
          WHERE e.channel = m.channel AND e.lane = m.lane AND e.state = 'received' AND e.message_id <> m.message_id
            AND (e.claimed_until > $2
                 OR (e.due_at <= $2 AND (e.received_at, e.message_id) < (m.received_at, m.message_id))))
    ORDER BY m.received_at, m.message_id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
