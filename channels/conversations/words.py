"""快捷回复 and 敏感词: what staff say again and again, and what must not be said; both kept by the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auth.rights import may
from channels.conversations.refusals import REPLY_LENGTH, REPLY_UNKNOWN, WORD_KNOWN, WORD_LENGTH, WORD_UNKNOWN
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

READ, OPERATE, MANAGE = "messages.read", "messages.operate", "messages.manage"
REPLY_LENGTH_MAX, TITLE_LENGTH_MAX, WORD_LENGTH_MAX = 500, 20, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickReply:
    reply_id: int
    title: str
    reply: str


async def sensitive_in(text: str, *, using: Executor = database.pool) -> str | None:
    """The first sensitive word of a text, however it is spaced or cased; None for a clean one."""
    word: str | None = await using.value(
        "SELECT word FROM sensitive_word WHERE strpos($1, word) > 0 ORDER BY word LIMIT 1", normal(text)
    )
    return word


async def sensitive_words(*, actor: Actor) -> list[str]:
    require(actor, READ)
    return [row["word"] for row in await database.rows("SELECT word FROM sensitive_word ORDER BY word")]


async def add_word(*, actor: Actor, word: str, now: datetime) -> None:
    require(actor, MANAGE)
    plain = normal(word)
    if not 1 <= len(plain) <= WORD_LENGTH_MAX:
        raise Refused(WORD_LENGTH())
    async with transaction() as tx:
        status = await tx.execute(
            "INSERT INTO sensitive_word (word, made_by, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            plain,
            actor.reference,
            now,
        )
        if status.endswith(" 0"):
            raise Refused(WORD_KNOWN())
        await _audited(tx, actor, "conversation.word_added", subject=f"word:{plain}", now=now)


async def remove_word(*, actor: Actor, word: str, now: datetime) -> None:
    require(actor, MANAGE)
    async with transaction() as tx:
        status = await tx.execute("DELETE FROM sensitive_word WHERE word = $1", word)
        if status.endswith(" 0"):
            raise Refused(WORD_UNKNOWN())
        await _audited(tx, actor, "conversation.word_removed", subject=f"word:{word}", now=now)


async def quick_replies(*, actor: Actor) -> list[QuickReply]:
    require(actor, READ)
    rows = await database.rows(
        "SELECT reply_id, title, reply FROM quick_reply WHERE removed_at IS NULL ORDER BY title, reply_id"
    )
    return [QuickReply(**dict(row)) for row in rows]


async def add_reply(*, actor: Actor, title: str, reply: str, now: datetime) -> int:
    require(actor, MANAGE)
    title, reply = title.strip(), reply.strip()
    if not (1 <= len(title) <= TITLE_LENGTH_MAX and 1 <= len(reply) <= REPLY_LENGTH_MAX):
        raise Refused(REPLY_LENGTH(most=REPLY_LENGTH_MAX))
    reply_id = new_id()
    async with transaction() as tx:
        await tx.execute(
            "INSERT INTO quick_reply (reply_id, title, reply, made_by, made_at) VALUES ($1, $2, $3, $4, $5)",
            reply_id,
            title,
            reply,
            actor.reference,
            now,
        )
        await _audited(tx, actor, "conversation.reply_added", subject=f"reply:{reply_id}", now=now)
    return reply_id


async def remove_reply(*, actor: Actor, reply_id: int, now: datetime) -> None:
    require(actor, MANAGE)
    async with transaction() as tx:
        status = await tx.execute(
            "UPDATE quick_reply SET removed_at = $2 WHERE reply_id = $1 AND removed_at IS NULL", reply_id, now
        )
        if status.endswith(" 0"):
            raise Refused(REPLY_UNKNOWN())
        await _audited(tx, actor, "conversation.reply_removed", subject=f"reply:{reply_id}", now=now)


def normal(text: str) -> str:
    """As words are compared: without spaces, without case."""
    return "".join(text.replace("\x00", "").split()).casefold()


def require(actor: Actor, right: str) -> None:
    if not may(actor, right):
        raise Refused(NOT_PERMITTED())


async def _audited(tx: Executor, actor: Actor, action: str, *, subject: str, now: datetime) -> None:
    await audit.record(tx, actor=actor, action=action, subject=subject, now=now)
