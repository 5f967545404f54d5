"""会话的接待: staff take a conversation, answer, hand it over and close it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from channels.conversations import outgoing
from channels.conversations.answers import ANSWERS
from channels.conversations.lines import Line, add_line, lines_of
from channels.conversations.refusals import (
    ANSWER_LENGTH,
    ANSWER_SENSITIVE,
    CONVERSATION_CLOSED,
    CONVERSATION_NOT_FOUND,
    CONVERSATION_NOT_YOURS,
    CONVERSATION_TAKEN,
    HAND_OVER_TO,
    NOTE_LENGTH,
    WINDOW_OVER,
)
from channels.conversations.words import MANAGE, OPERATE, READ, require, sensitive_in
from domain import contributions
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import KEY_MALFORMED, Refused

State = Literal["waiting", "held", "closed"]
STATE_NAMES: dict[str, str] = {"waiting": "待接入", "held": "接待中", "closed": "已结束"}
ANSWER_LENGTH_MAX, NOTE_LENGTH_MAX = 500, 200
"""Of four bytes each they are within what the platforms take at once (2,048 bytes)."""
APP = "app"
"""The app's own conversations: read there, not sent anywhere. Their subject is the number of the person."""
PROVIDERS = {
    "wechat_messages": "wechat_official",
    "alipay_messages": "alipay",
    "jingtong_wechat": "wechat",
    "jingtong_alipay": "alipay",
    "jingtong_baidu": "baidu",
}
"""Whose name for an account a channel uses, among linked identities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """`person_masked` once the account is tied to a person. `answerable_until` is the platform's limit."""

    conversation_id: int
    channel: str
    subject_tail: str
    state: State
    staff_id: int | None
    staff_name: str
    opened_at: datetime
    changed_at: datetime
    unread: int
    flagged: bool
    closed_note: str
    person_masked: str
    person_id: int | None
    answerable_until: datetime | None

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def conversations(
    *, actor: Actor, state: str | None, mine: bool, first: int, after: str | None
) -> Page[ConversationView]:
    """Of those that wait the one that has waited longest is on top, else the latest."""
    require(actor, READ)
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    where = " WHERE ($1::text IS NULL OR c.state = $1) AND ($2::bigint IS NULL OR c.staff_id = $2)"
    values = (state, actor.staff_id if mine else None)
    total = await database.value(f"SELECT count(*) FROM conversation c{where}", *values)
    column, behind, order = ("opened_at", ">", "ASC") if state == "waiting" else ("changed_at", "<", "DESC")
    rows = await database.rows(
        f"{_SELECT}{where} AND ($3::bigint IS NULL OR (c.{column}, c.conversation_id) {behind}"
        f" (SELECT {column}, conversation_id FROM conversation WHERE conversation_id = $3))"
        f" ORDER BY c.{column} {order}, c.conversation_id {order} LIMIT $4",
        *values,
        cursor[0] if cursor else None,
        limit + 1,
    )
    return cut(rows=await _views(rows), first=limit, total=total, key=lambda one: [one.conversation_id])


async def waiting_count(*, actor: Actor) -> tuple[int, int]:
    """How many wait for anybody, and how many lines the actor's own have unread."""
    require(actor, READ)
    row = await database.row(
        "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,"
        " coalesce(sum(unread) FILTER (WHERE state = 'held' AND staff_id = $1), 0)::bigint AS unread"
        " FROM conversation WHERE state <> 'closed'",
        actor.staff_id,
    )
    assert row is not None
    return row["waiting"], row["unread"]


async def conversation_of(*, actor: Actor, conversation_id: int, now: datetime) -> tuple[ConversationView, list[Line]]:
    """With its lines; that somebody read them is in the audit trail."""
    require(actor, READ)
    (view,) = await _views([await _found(conversation_id)])
    await _audited(None, actor, "conversation.read", conversation_id=conversation_id, now=now)
    return view, await lines_of(conversation_id=conversation_id)


async def take(*, actor: Actor, conversation_id: int, now: datetime) -> None:
    """The actor takes a conversation that waits. Of two at once the second is told who was first."""
    require(actor, OPERATE)
    async with transaction() as tx:
        row = await _locked(tx, conversation_id)
        if row["state"] == "closed":
            raise Refused(CONVERSATION_CLOSED())
        if row["state"] == "held" and row["staff_id"] != actor.staff_id:
            raise Refused(CONVERSATION_TAKEN(name=row["staff_name"]))
        await _hold(tx, conversation_id, staff_id=actor.staff_id, name=actor.name)
        await _audited(tx, actor, "conversation.taken", conversation_id=conversation_id, now=now)


async def answer(*, actor: Actor, conversation_id: int, text: str, request_key: str, now: datetime) -> None:
    """Writes the line and queues it for the platform. The same request key writes once."""
    require(actor, OPERATE)
    said = text.replace("\x00", "").strip()
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    if not 1 <= len(said) <= ANSWER_LENGTH_MAX:
        raise Refused(ANSWER_LENGTH(most=ANSWER_LENGTH_MAX))
    async with transaction() as tx:
        row = await _own(tx, actor, conversation_id)
        if (word := await sensitive_in(said, using=tx)) is not None:
            raise Refused(ANSWER_SENSITIVE(word=word))
        key = f"answer:{request_key}"
        written = await tx.value(
            "SELECT 1 FROM conversation_line WHERE conversation_id = $1 AND line_key = $2", conversation_id, key
        )
        if written is not None:
            return
        message_id = None
        if row["channel"] != APP:
            open_for = outgoing.window(now)
            if now - row["seen_at"] > open_for or row["follower_state"] == "left":
                raise Refused(WINDOW_OVER(hours=int(open_for.total_seconds()) // 3600))
            message_id = await outgoing.enqueue_text(
                tx, channel=row["channel"], subject=row["subject"], text=said, now=now
            )
        await add_line(
            tx,
            conversation_id=conversation_id,
            side="staff",
            author=actor.name,
            text=said,
            key=key,
            message_id=message_id,
            now=now,
        )
        await _audited(tx, actor, "conversation.answered", conversation_id=conversation_id, now=now)


async def hand_over(*, actor: Actor, conversation_id: int, login: str, now: datetime) -> None:
    """To another member of staff who may answer; the supervisor may hand over anybody's."""
    require(actor, OPERATE)
    async with transaction() as tx:
        row = await _locked(tx, conversation_id)
        if row["state"] == "closed":
            raise Refused(CONVERSATION_CLOSED())
        if row["staff_id"] != actor.staff_id and not _manages(actor):
            raise Refused(CONVERSATION_NOT_YOURS())
        other = await tx.row("SELECT staff_id, name, roles FROM staff WHERE login = $1 AND active", login.strip())
        if other is None or not _answers(other):
            raise Refused(HAND_OVER_TO(login=login.strip()[:32]))
        await _hold(tx, conversation_id, staff_id=other["staff_id"], name=other["name"])
        await _audited(
            tx, actor, "conversation.handed_over", conversation_id=conversation_id, now=now, to=other["name"]
        )


async def close(*, actor: Actor, conversation_id: int, note: str, now: datetime) -> None:
    """Ends it, and tells the citizen so; who writes again begins anew."""
    require(actor, OPERATE)
    said = note.strip()
    if len(said) > NOTE_LENGTH_MAX:
        raise Refused(NOTE_LENGTH(most=NOTE_LENGTH_MAX))
    async with transaction() as tx:
        row = await _own(tx, actor, conversation_id)
        message_id = None
        within = now - row["seen_at"] <= outgoing.window(now) and row["follower_state"] == "following"
        words = ANSWERS.text("closed", now=now)
        if row["channel"] != APP and within:
            message_id = await outgoing.enqueue_text(
                tx, channel=row["channel"], subject=row["subject"], text=words, now=now
            )
        if message_id is not None or row["channel"] == APP:
            await add_line(
                tx,
                conversation_id=conversation_id,
                side="house",
                author="系统",
                text=words,
                key="closed",
                message_id=message_id,
                now=now,
            )
        await tx.execute(
            "UPDATE conversation SET state = 'closed', closed_at = $2, closed_note = $3, unread = 0"
            " WHERE conversation_id = $1",
            conversation_id,
            now,
            said,
        )
        await _audited(tx, actor, "conversation.closed", conversation_id=conversation_id, now=now, reason=said)


_SELECT = (
    "SELECT c.*, f.seen_at, f.state AS follower_state FROM conversation c"
    " JOIN follower f ON f.channel = c.channel AND f.subject = c.subject"
)


async def _found(conversation_id: int) -> Record:
    row = await database.row(f"{_SELECT} WHERE c.conversation_id = $1", conversation_id)
    if row is None:
        raise Refused(CONVERSATION_NOT_FOUND())
    return row


async def _locked(tx: Transaction, conversation_id: int) -> Record:
    row = await tx.row(f"{_SELECT} WHERE c.conversation_id = $1 FOR UPDATE OF c", conversation_id)
    if row is None:
        raise Refused(CONVERSATION_NOT_FOUND())
    return row


async def _own(tx: Transaction, actor: Actor, conversation_id: int) -> Record:
    row = await _locked(tx, conversation_id)
    if row["state"] == "closed":
        raise Refused(CONVERSATION_CLOSED())
    if row["staff_id"] != actor.staff_id:
        raise Refused(CONVERSATION_NOT_YOURS())
    return row


async def _hold(tx: Transaction, conversation_id: int, *, staff_id: int | None, name: str) -> None:
    await tx.execute(
        "UPDATE conversation SET state = 'held', staff_id = $2, staff_name = $3 WHERE conversation_id = $1",
        conversation_id,
        staff_id,
        name,
    )


def _manages(actor: Actor) -> bool:
    try:
        require(actor, MANAGE)
    except Refused:
        return False
    return True


def _answers(row: Record) -> bool:
    other = Actor(kind="staff", channel="backoffice", staff_id=row["staff_id"], roles=frozenset(row["roles"]))
    try:
        require(other, OPERATE)
    except Refused:
        return False
    return True


async def person_of(*, channel: str, subject: str) -> int | None:
    """Whom an account is tied to."""
    if channel == APP:
        return int(subject)
    found: int | None = await database.value(
        "SELECT person_id FROM identity_link WHERE provider = $1 AND subject = $2", PROVIDERS[channel], subject
    )
    return found


async def _views(rows: Sequence[Record]) -> list[ConversationView]:
    """With the names of those who are tied to a person: two steps, because links are a look-up."""
    views = []
    for row in rows:
        person_id = await person_of(channel=row["channel"], subject=row["subject"])
        person = None if person_id is None else await contributions.person_by_id(person_id=person_id)
        views.append(_view(row, person_masked=person.name_masked if person else "", person_id=person_id))
    return views


def _view(row: Record, *, person_masked: str, person_id: int | None) -> ConversationView:
    return ConversationView(
        conversation_id=row["conversation_id"],
        channel=row["channel"],
        subject_tail=row["subject"][-6:],
        state=row["state"],
        staff_id=row["staff_id"],
        staff_name=row["staff_name"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        unread=row["unread"],
        flagged=row["flagged"],
        closed_note=row["closed_note"],
        person_masked=person_masked,
        person_id=person_id,
        answerable_until=None if row["channel"] == APP else row["seen_at"] + outgoing.window(row["changed_at"]),
    )


async def _audited(
    tx: Transaction | None, actor: Actor, action: str, *, conversation_id: int, now: datetime, **detail: str
) -> None:
    await audit.record(
        tx, actor=actor, action=action, subject=f"conversation:{conversation_id}", now=now, detail=dict(detail)
    )
