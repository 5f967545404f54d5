"""What staff do with messages: look for those that did not go out, send one again, load number ranges."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.identifiers import mask_mobile
from domain.kernel.refusal import Refused
from notifications.numbers import PREFIX_DIGITS_MAX, normal_mobile
from notifications.queueing import VALID_FOR_OF
from notifications.refusals import MAY_HAVE_ARRIVED, MESSAGE_NOT_FOUND, NOT_RESENDABLE, RANGES_MALFORMED
from notifications.rendering import Class
from notifications.sending import NO_REPORT

STATE_NAMES = {
    "queued": "待发送",
    "sending": "发送中",
    "accepted": "已提交",
    "delivered": "已送达",
    "rejected": "未送达",
    "unknown": "结果未知",
    "dead": "未能发出",
}
RANGE_ROWS_MAX = 500_000
_RANGE_HEADINGS = ("号段", "归属")
_RANGE_REGIONS = {"北京": "beijing", "京外": "elsewhere"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message without its text; the mobile is masked."""

    account_no: int
    message_id: int
    template: str
    class_: Class
    state: str
    mobile: str
    carrier: str | None
    attempts: int
    last_code: str | None
    region: str
    parts: int
    created_at: datetime
    sent_at: datetime | None
    receipt_at: datetime | None
    resends: int

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]

    @property
    def may_have_arrived(self) -> bool:
        """A carrier had it in hand and never said what became of it."""
        return self.state == "dead" and self.last_code == NO_REPORT


async def listed(
    *, states: Sequence[str], mobile: str | None = None, most: int, before: datetime | None = None
) -> list[MessageView]:
    """The newest first. `mobile` as somebody typed it; one that is no number finds nothing."""
    indexes = None
    if mobile is not None:
        digits = normal_mobile(mobile)
        if digits is None:
            return []
        indexes = vault.current().blind_indexes(digits)
    rows = await database.rows(
        "SELECT account_no, message_id, template, class AS class_, state, mobile_cipher, carrier, attempts, last_code,"
        " region, parts, created_at, sent_at, receipt_at, resends FROM sms_message"
        " WHERE state = ANY($1::text[]) AND ($2::bytea[] IS NULL OR mobile_index = ANY($2))"
        " AND ($3::timestamptz IS NULL OR created_at < $3) ORDER BY created_at DESC LIMIT $4",
        list(states),
        indexes,
        before,
        most,
    )
    sealed = vault.current()
    found = []
    for row in rows:
        told = dict(row)
        told["mobile"] = mask_mobile(sealed.decrypt(told.pop("mobile_cipher")))
        found.append(MessageView(**told))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far a message is; `receipt_at` is when a carrier said what became of it."""

    state: str
    code: str | None
    receipt_at: datetime | None

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def deliveries(*, account_no: int, event_ids: Sequence[int], template: str) -> dict[int, Delivery]:
    """By event, how far its message is; an event that waits for its message is left out."""
    rows = await database.rows(
        "SELECT event_id, state, last_code, receipt_at FROM sms_message"
        " WHERE account_no = $1 AND event_id = ANY ($2::bigint[]) AND template = $3",
        account_no,
        event_ids,
        template,
    )
    return {
        row["event_id"]: Delivery(state=row["state"], code=row["last_code"], receipt_at=row["receipt_at"])
        for row in rows
    }


async def resend(*, actor: Actor, message_id: int, certain: bool, now: datetime) -> None:
    """Queues a message that died or was refused once more. One that may have arrived needs `certain`: the person knows
    that it may come twice. Raises Refused."""
    async with database.transaction() as tx:
        row = await tx.row(
            "SELECT account_no, state, class, attempts, last_code FROM sms_message WHERE message_id = $1 FOR UPDATE",
            message_id,
        )
        if row is None:
            raise Refused(MESSAGE_NOT_FOUND())
        if row["state"] not in ("dead", "rejected") or row["last_code"] == "mobile_malformed":
            raise Refused(NOT_RESENDABLE(state=STATE_NAMES[row["state"]]))
        if row["last_code"] == NO_REPORT and not certain:
            raise Refused(MAY_HAVE_ARRIVED())
        await tx.execute(
            "UPDATE sms_message SET state = 'queued', due_at = $3, valid_until = $4, resends = resends + 1,"
            " last_code = NULL, receipt_at = NULL"
            " WHERE account_no = $1 AND message_id = $2",
            row["account_no"],
            message_id,
            now,
            now + VALID_FOR_OF[row["class"]],
        )
        await audit.record(
            tx,
            actor=actor,
            action="sms.resent",
            subject=f"sms:{message_id}",
            now=now,
            detail={"code": row["last_code"] or "", "certain": certain},
        )


async def load_ranges(*, actor: Actor, content: bytes, source: str, now: datetime) -> int:
    """Puts our own number ranges in the place of those of the same prefixes; all or nothing. CSV with a heading:
    号段, 归属 (北京 or 京外). Gives how many. Raises Refused with the line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(RANGES_MALFORMED(line=1, why="文字编码不是UTF-8")) from None
    rows = csv.reader(io.StringIO(text))
    if tuple(cell.strip() for cell in next(rows, [])) != _RANGE_HEADINGS:
        raise Refused(RANGES_MALFORMED(line=1, why="标题行应为“号段,归属”"))
    found: dict[str, str] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        prefix, region = (cells[0].strip(), cells[1].strip()) if len(cells) == 2 else ("", "")
        fits = (
            prefix.isascii() and prefix.isdigit() and prefix.startswith("1") and 3 <= len(prefix) <= PREFIX_DIGITS_MAX
        )
        if not fits:
            raise Refused(RANGES_MALFORMED(line=number, why="号段应为1开头的3至7位数字"))
        if region not in _RANGE_REGIONS:
            raise Refused(RANGES_MALFORMED(line=number, why="归属应为“北京”或“京外”"))
        if found.get(prefix, _RANGE_REGIONS[region]) != _RANGE_REGIONS[region]:
            raise Refused(RANGES_MALFORMED(line=number, why=f"号段{prefix}前后归属不一致"))
        found[prefix] = _RANGE_REGIONS[region]
        if len(found) > RANGE_ROWS_MAX:
            raise Refused(RANGES_MALFORMED(line=number, why=f"超过{RANGE_ROWS_MAX}行"))
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO sms_number_range (prefix, region, place, source, changed_by, changed_at)"
            " SELECT prefix, region, '', $3, $4, $5 FROM unnest($1::text[], $2::text[]) AS r (prefix, region)"
            " ON CONFLICT (prefix) DO UPDATE SET region = excluded.region, source = excluded.source,"
            " changed_by = excluded.changed_by, changed_at = excluded.changed_at",
            list(found),
            list(found.values()),
            source.strip()[:80],
            actor.reference,
            now,
        )
        await audit.record(
            tx, actor=actor, action="sms.ranges_loaded", subject="ranges", now=now, detail={"ranges": len(found)}
        )
    return len(found)
