"""Sending a message once, whatever dies in between.

    queued → sending → accepted → delivered
                     ↘ rejected     the carrier refused it, or reported that it was not delivered
                     ↘ unknown      no clear answer: the carrier is asked before anything else
    queued | unknown → dead         given up: too old, or refused by carriers too often

`sending` and the carrier are committed before the network is touched. Whoever finds a message in `sending` or
`unknown` asks that carrier by query; the message goes out again only after the carrier says `not_found`, and
not before the carrier's settling time is over, when an answer on its way can no longer turn into a message. A carrier
that cannot be asked settles it by its receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel import database, vault
from domain.kernel.database import Executor, Record
from domain.kernel.dates import business_date_of
from notifications import booking, rendering, wording
from notifications.booking import Outcome
from notifications.numbers import Region
from notifications.ports import Carrier, OutgoingSms, QueryOutcome
from notifications.queueing import VALID_FOR, enqueue
from notifications.rendering import Class
from notifications.routing import Carriers

__all__ = ["ATTEMPTS_MAX", "VALID_FOR", "Claimed", "DueMessage", "claim", "due_messages", "enqueue", "send_due"]

ATTEMPTS_MAX = 5
NO_REPORT = "no_report"
"""Code of a message that was given up although a carrier may have it."""
PRIORITIES = range(5)
URGENT_PRIORITIES = range(2)
_RECHECK_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMessage:
    account_no: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that is ours to submit by `carrier`: that is committed."""

    account_no: int
    message_id: int
    attempt: int
    attempts_max: int
    parts: int
    carrier: Carrier
    message: OutgoingSms


async def due_messages(*, now: datetime, limit: int = 100) -> list[DueMessage]:
    """Messages to hand to `send_due`: queued ones, urgent first, then those without a clear answer for a while, the
    one that was looked at longest ago first."""
    queued: list[Record] = []
    for priority in PRIORITIES:
        if len(queued) < limit:
            queued += await database.rows(
                "SELECT account_no, message_id FROM sms_message"
                " WHERE state = 'queued' AND priority = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3",
                priority,
                now,
                limit - len(queued),
            )
    unclear = await unclear_messages(now=now, limit=limit - len(queued)) if len(queued) < limit else []
    found = [DueMessage(account_no=row["account_no"], message_id=row["message_id"]) for row in queued]
    return found + unclear


async def unclear_messages(*, now: datetime, limit: int = 100) -> list[DueMessage]:
    rows = await database.rows(
        "SELECT account_no, message_id FROM sms_message WHERE state IN ('sending', 'unknown') AND sent_at < $1"
        " ORDER BY looked_at NULLS FIRST, sent_at LIMIT $2",
        now - _RECHECK_AFTER,
        limit,
    )
    return [DueMessage(account_no=row["account_no"], message_id=row["message_id"]) for row in rows]


async def send_due(*, account_no: int, message_id: int, carriers: Carriers, now: datetime) -> str:
    """Brings one message as far as it gets now and returns its state. Safe to call twice, at once, and after
    a death at any point. Never raises for a carrier's trouble."""
    row = await database.row(f"{_SELECT} WHERE account_no = $1 AND message_id = $2", account_no, message_id)
    assert row is not None, f"there is no message {message_id}"
    if row["state"] in ("sending", "unknown"):
        state = await _resolve(row=row, carriers=carriers, now=now)
        if state != "queued":
            return state
    elif row["state"] != "queued":
        return str(row["state"])
    for claimed in await claim(carriers=carriers, now=now, only=(account_no, message_id)):
        outcome = await hand_over(claimed, carriers=carriers, now=now)
        await booking.record([outcome], now=now)
    return await state_of(account_no=account_no, message_id=message_id)


async def claim(
    *,
    carriers: Carriers,
    now: datetime,
    lanes: range = range(1),
    limit: int = 1,
    only: tuple[int, int] | None = None,
) -> list[Claimed]:
    """Takes messages off the front of lanes, or the one named, and commits to whom each goes. What is too old or was
    refused too often dies instead. Two callers at once never get the same message."""
    async with database.transaction() as tx:
        if only is not None:
            rows = await tx.rows(
                f"{_SELECT} WHERE state = 'queued' AND account_no = $1 AND message_id = $2 FOR UPDATE SKIP LOCKED",
                *only,
            )
        else:
            rows = await tx.rows(
                f"{_SELECT} WHERE state = 'queued' AND priority BETWEEN $1 AND $2 AND due_at <= $3"
                " ORDER BY priority, due_at LIMIT $4 FOR UPDATE SKIP LOCKED",
                lanes[0],
                lanes[-1],
                now,
                limit,
            )
        if not rows:
            return []
        fates = [_fate(row, carriers=carriers, now=now) for row in rows]
        await _commit_fates(tx, rows, fates, now=now)
    return [
        Claimed(
            account_no=row["account_no"],
            message_id=row["message_id"],
            attempt=row["attempts"] + 1,
            attempts_max=_attempts_max(row),
            parts=row["parts"],
            carrier=fate.carrier,
            message=await _outgoing(row, fate.mobile),
        )
        for row, fate in zip(rows, fates, strict=True)
        if fate.carrier is not None
    ]


async def hand_over(claimed: Claimed, *, carriers: Carriers, now: datetime) -> Outcome:
    """Submits one message and notes what was seen of the carrier. Does not raise for its trouble."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    submitted = await claimed.carrier.submit(message=claimed.message, now=now)
    handed_ms = int((loop.time() - began) * 1000)
    blamed = submitted.status == "unknown" or submitted.elsewhere
    carriers.note(carrier=claimed.carrier.name, failed=blamed, now=now, handed_ms=handed_ms)
    state: str = submitted.status
    if submitted.status == "rejected" and submitted.elsewhere:
        state = "queued" if claimed.attempt < claimed.attempts_max else "dead"
    taken = submitted.part_ids
    if submitted.status == "accepted" and not taken:
        taken = dict.fromkeys(range(1, claimed.parts + 1), submitted.carrier_id or "")
    return Outcome(
        account_no=claimed.account_no,
        message_id=claimed.message_id,
        attempt=claimed.attempt,
        state=state,
        code=submitted.code,
        carrier=claimed.carrier.name,
        carrier_id=submitted.carrier_id,
        taken=taken,
        handed_ms=handed_ms,
    )


async def state_of(*, account_no: int, message_id: int) -> str:
    return str(
        await database.value(
            "SELECT state FROM sms_message WHERE account_no = $1 AND message_id = $2", account_no, message_id
        )
    )


_SELECT = (
    "SELECT account_no, message_id, template, template_version, class, mobile_cipher, text_cipher, parts, state,"
    " priority, carrier, attempts, resends, sent_at, valid_until FROM sms_message"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What becomes of a queued message now: it goes to `carrier`, or dies of `code`."""

    carrier: Carrier | None
    code: str | None
    region: Region
    mobile: str


def _attempts_max(row: Record) -> int:
    """A message that staff send again gets its attempts once more; attempts are numbered on, because parts are."""
    return ATTEMPTS_MAX * (1 + int(row["resends"]))


def _fate(row: Record, *, carriers: Carriers, now: datetime) -> _Fate:
    mobile = vault.current().decrypt(row["mobile_cipher"])
    region = carriers.ranges.region_of(mobile)
    if now > row["valid_until"]:
        return _Fate(carrier=None, code="too_old", region=region, mobile=mobile)
    if row["attempts"] >= _attempts_max(row):
        return _Fate(carrier=None, code="too_many_attempts", region=region, mobile=mobile)
    class_: Class = row["class"]
    refused_it = frozenset({row["carrier"]}) if row["carrier"] is not None else frozenset()
    carrier = carriers.pick(message_id=row["message_id"], region=region, class_=class_, avoid=refused_it)
    return _Fate(carrier=carrier, code=None, region=region, mobile=mobile)


async def _commit_fates(tx: Executor, rows: Sequence[Record], fates: Sequence[_Fate], *, now: datetime) -> None:
    await tx.execute(
        """
        UPDATE sms_message m SET state = CASE WHEN f.carrier IS NULL THEN 'dead' ELSE 'sending' END,
            carrier = COALESCE(f.carrier, m.carrier), region = f.region,
            attempts = m.attempts + CASE WHEN f.carrier IS NULL THEN 0 ELSE 1 END,
            sent_at = CASE WHEN f.carrier IS NULL THEN m.sent_at ELSE $6 END,
            carrier_message_id = CASE WHEN f.carrier IS NULL THEN m.carrier_message_id END,
            last_code = COALESCE(f.code, m.last_code), looked_at = NULL
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
            AS f (account_no, message_id, carrier, code, region)
        WHERE m.account_no = f.account_no AND m.message_id = f.message_id AND m.state = 'queued'
        """,
        [row["account_no"] for row in rows],
        [row["message_id"] for row in rows],
        [fate.carrier.name if fate.carrier else None for fate in fates],
        [fate.code for fate in fates],
        [fate.region for fate in fates],
        now,
    )


async def _outgoing(row: Record, mobile: str) -> OutgoingSms:
    text = vault.current().decrypt(row["text_cipher"])
    used = await wording.of_version(code=row["template"], version=row["template_version"])
    return OutgoingSms(
        message_id=row["message_id"],
        mobile=mobile,
        text=text,
        parts=row["parts"],
        template=used.code,
        variables=rendering.variables_of(template=used, text=text),
        urgent=row["priority"] in URGENT_PRIORITIES,
    )


async def _resolve(*, row: Record, carriers: Carriers, now: datetime) -> str:
    """Asks the carrier what became of a submission. `queued` when it may go out again."""
    carrier = carriers.named(row["carrier"])
    if carrier is None:
        return await booking.record_answer(row=row, state="unknown", code="carrier_not_configured", now=now)
    outcome = await carrier.query(
        message_id=row["message_id"],
        mobile=vault.current().decrypt(row["mobile_cipher"]),
        sent_on=business_date_of(row["sent_at"]),
        now=now,
    )
    state, code = _state_after_query(outcome=outcome, carrier=carrier, sent_at=row["sent_at"], now=now), outcome.code
    if state == "unknown" and now > row["valid_until"] + timedelta(seconds=carrier.settling_seconds):
        state, code = "dead", NO_REPORT
    received_at = outcome.received_at or now if state in ("delivered", "rejected") else None
    return await booking.record_answer(
        row=row, state=state, code=code, carrier_id=outcome.carrier_id, at=received_at, now=now
    )


def _state_after_query(*, outcome: QueryOutcome, carrier: Carrier, sent_at: datetime, now: datetime) -> str:
    if outcome.status == "not_found":
        settled = now - sent_at >= timedelta(seconds=carrier.settling_seconds)
        return "queued" if settled else "unknown"
    if outcome.status == "failed":
        return "rejected"
    return outcome.status
