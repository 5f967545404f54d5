"""What becomes of what an account says: an answer of the house, a line in a conversation with staff, a choice kept.

Called by the channel's worker behind the journal. Everything that a message brings about is one transaction, marked in
the journal with it, so that it happens once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.conversations import binding
from channels.conversations.answers import ANSWERS, BIND, STAFF, staffed_at
from channels.conversations.lines import add_line
from channels.conversations.outgoing import enqueue_text
from channels.conversations.ports import PERMITTED, Said
from channels.conversations.words import sensitive_in
from channels.inbound import Message, finish
from domain.kernel.database import Transaction, transaction
from domain.kernel.identifiers import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    tx: Transaction
    channel: str
    said: Said
    now: datetime
    public_url: str

    async def answer(self, name: str, **values: str) -> None:
        """An answer of the house, on the way to the account."""
        await self.say(ANSWERS.text(name, now=self.now, **values))

    async def say(self, text: str) -> None:
        await enqueue_text(self.tx, channel=self.channel, subject=self.said.subject, text=text, now=self.now)


async def take(*, message: Message, said: Said, public_url: str, now: datetime) -> str:
    """Returns the outcome in a few words."""
    async with transaction() as tx:
        coming = _Coming(tx=tx, channel=message.channel, said=said, now=now, public_url=public_url)
        outcome = await _take(coming)
        await finish(tx, message=message, outcome=outcome, now=now)
    return outcome


async def _take(coming: _Coming) -> str:
    said = coming.said
    if said.kind == "unused":
        return f"事件{said.event}无需处理"
    if said.event == "unsubscribe":
        return await _left(coming)
    await _seen(coming)
    if said.kind == "choice":
        return await _chosen(coming)
    if said.kind == "event":
        return await _event(coming)
    if await _open_conversation(coming) is not None:
        return await _line(coming)
    if said.kind == "other":
        await coming.answer("only_text")
        return "非文字消息，已提示"
    return await _wanted(coming, ANSWERS.wanted_by(said.text) or "guide")


async def _event(coming: _Coming) -> str:
    if coming.said.event == "subscribe":
        await coming.answer("welcome")
        return "关注，已发送欢迎语"
    if coming.said.event == "click":
        wanted = ANSWERS.wanted_by_key(coming.said.text)
        # an old menu may still be on somebody's phone
        return await _wanted(coming, wanted or "guide")
    return "已登记"


async def _wanted(coming: _Coming, wanted: str) -> str:
    if wanted == STAFF:
        return await _line(coming, asked=True)
    if wanted == BIND:
        return await _bind(coming)
    await coming.answer(wanted)
    return f"已自动答复（{wanted}）"


async def _bind(coming: _Coming) -> str:
    ticket = await binding.issue(coming.tx, channel=coming.channel, subject=coming.said.subject, now=coming.now)
    if ticket is None:
        return "关联链接申请过多，未再发放"
    link = f"{coming.public_url}{binding.PATH}/{ticket.secret}"
    await coming.answer("bind", link=link, minutes=str(ticket.minutes))
    return "已发送关联链接"


async def _left(coming: _Coming) -> str:
    """Nothing more goes to somebody who left; who never came leaves no trace. A notice that replaces an SMS is refused
    by the platform in its turn, and the SMS sent."""
    said, now = coming.said, coming.now
    await coming.tx.execute(
        "UPDATE follower SET state = 'left', left_at = $3 WHERE channel = $1 AND subject = $2 AND state = 'following'",
        coming.channel,
        said.subject,
        now,
    )
    await coming.tx.execute(
        "UPDATE outgoing_message SET state = 'refused', code = 'left', ended_at = $3"
        " WHERE channel = $1 AND subject = $2 AND state = 'queued' AND otherwise_cipher IS NULL",
        coming.channel,
        said.subject,
        now,
    )
    await coming.tx.execute(
        "UPDATE notice_permission SET remaining = 0, changed_at = $3 WHERE channel = $1 AND subject = $2",
        coming.channel,
        said.subject,
        now,
    )
    return "取消关注"


async def _seen(coming: _Coming) -> None:
    scene = coming.said.text if coming.said.event in ("subscribe", "scan") else ""
    await coming.tx.execute(
        "INSERT INTO follower (channel, subject, state, since, seen_at, scene) VALUES ($1, $2, 'following', $3, $3, $4)"
        " ON CONFLICT (channel, subject) DO UPDATE SET state = 'following', left_at = NULL, seen_at = $3,"
        " since = CASE WHEN follower.state = 'left' THEN $3 ELSE follower.since END",
        coming.channel,
        coming.said.subject,
        coming.now,
        scene[:64],
    )


async def _chosen(coming: _Coming) -> str:
    """An acceptance allows one notice more, a rejection ends them all."""
    for template, choice in coming.said.choices.items():
        await coming.tx.execute(
            "INSERT INTO notice_permission AS p (channel, subject, template, remaining, changed_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel, subject, template) DO UPDATE"
            " SET remaining = CASE WHEN $4 = 0 THEN 0 ELSE p.remaining + $4 END, changed_at = $5",
            coming.channel,
            coming.said.subject,
            template,
            int(choice == PERMITTED),
            coming.now,
        )
    return "已登记订阅选择"


async def _open_conversation(coming: _Coming) -> int | None:
    found: int | None = await coming.tx.value(
        "SELECT conversation_id FROM conversation WHERE channel = $1 AND subject = $2 AND state <> 'closed' FOR UPDATE",
        coming.channel,
        coming.said.subject,
    )
    return found


async def _line(coming: _Coming, *, asked: bool = False) -> str:
    """A line of the open conversation; with `asked` a conversation begins if there is none."""
    said, now = coming.said, coming.now
    conversation_id = await _open_conversation(coming)
    begun = conversation_id is None
    if conversation_id is None:
        assert asked, "what is said to nobody was answered before"
        conversation_id = new_id()
        await coming.tx.execute(
            "INSERT INTO conversation (conversation_id, channel, subject, state, opened_at, changed_at)"
            " VALUES ($1, $2, $3, 'waiting', $4, $4)",
            conversation_id,
            coming.channel,
            said.subject,
            now,
        )
    words = "［转人工］" if said.kind == "event" else said.text
    await add_line(
        coming.tx,
        conversation_id=conversation_id,
        side="citizen",
        author="来信人",
        text=words,
        key=said.key,
        flagged=await sensitive_in(words, using=coming.tx) is not None,
        now=now,
    )
    if begun:
        await coming.answer("staff_called" if staffed_at(now) else "staff_away")
    return "已转人工" if begun else "已记入会话"
