"""我的通知: what was sent to a citizen about their own business, read on the citizen's page with a mark of how far.

The texts are those of the SMS, whether or not a carrier brought them. One-time codes are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import contributions
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

AREAS = {"withdrawal": "提取业务", "transfer": "转移接续", "evaluation": "服务评价", "person": "信息变更"}
"""By the first word of a template; what belongs to none of them is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNotice:
    message_id: int
    area_name: str
    text: str
    sent_at: datetime
    read: bool


async def own_notices(*, actor: Actor, first: int, after: str | None) -> Page[OwnNotice]:
    """The newest first. Raises Refused before the identity is verified."""
    limit = check_first(first)
    accounts = await _accounts(actor)
    cursor = decode_cursor(after, shape=(int,))
    read_to = await _read_to(actor)
    rows = await database.rows(
        f"SELECT message_id, template, text_cipher, created_at {_OWN} AND ($3::bigint IS NULL OR message_id < $3)"
        " ORDER BY message_id DESC LIMIT $4",
        accounts,
        list(AREAS),
        cursor[0] if cursor else None,
        limit + 1,
    )
    total: int = await database.value(f"SELECT count(*) {_OWN}", accounts, list(AREAS))
    return cut(
        rows=[_view(row, read_to=read_to) for row in rows],
        first=limit,
        total=total,
        key=lambda one: [one.message_id],
    )


async def unread_notices(*, actor: Actor) -> int:
    """How many there are beyond the mark; none for who may not read them."""
    if not actor.is_in_person or not actor.is_real_name:
        return 0
    found: int = await database.value(
        f"SELECT count(*) {_OWN} AND message_id > $3", await _accounts(actor), list(AREAS), await _read_to(actor)
    )
    return found


async def mark_read(*, actor: Actor, message_id: int, now: datetime) -> None:
    """Up to this notice everything is read; the mark never goes back. Raises Refused; another's notice marks
    nothing."""
    accounts = await _accounts(actor)
    known = await database.value(f"SELECT 1 {_OWN} AND message_id = $3", accounts, list(AREAS), message_id)
    if known is None:
        audit.note_repeated()
        return
    status = await database.execute(
        "INSERT INTO notice_read AS r (person_id, message_id, read_at) VALUES ($1, $2, $3) ON CONFLICT (person_id)"
        " DO UPDATE SET message_id = excluded.message_id, read_at = excluded.read_at"
        " WHERE r.message_id < excluded.message_id",
        actor.person_id,
        message_id,
        now,
    )
    if status.endswith(" 1"):
        await audit.record(None, actor=actor, action="notice.read", subject=f"sms:{message_id}", now=now)
    else:
        audit.note_repeated()


_OWN = """
FROM sms_message WHERE account_no = ANY ($1::bigint[]) AND class <> 'otp' AND split_part(template, '.', 1) = ANY ($2)
"""


async def _accounts(actor: Actor) -> list[int]:
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    return await contributions.account_nos_of(person_id=actor.person_id)


async def _read_to(actor: Actor) -> int:
    found: int | None = await database.value("SELECT message_id FROM notice_read WHERE person_id = $1", actor.person_id)
    return found or 0


def _view(row: Record, *, read_to: int) -> OwnNotice:
    return OwnNotice(
        message_id=row["message_id"],
        area_name=AREAS[row["template"].split(".")[0]],
        text=vault.current().decrypt(row["text_cipher"]),
        sent_at=row["created_at"],
        read=row["message_id"] <= read_to,
    )
