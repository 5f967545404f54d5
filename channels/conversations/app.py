"""Messages in the app and on the citizen's pages: the person's own conversation, read and written through GraphQL.

The subject is the person, so nothing has to be tied and nothing is sent: answers are there when the citizen looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.conversations.answers import ANSWERS, staffed_at
from channels.conversations.desk import APP, STATE_NAMES
from channels.conversations.lines import Line, add_line, lines_of
from channels.conversations.refusals import TEXT_LENGTH
from channels.conversations.words import sensitive_in
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.identifiers import REQUEST_KEY, new_id
from domain.kernel.refusal import KEY_MALFORMED, NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

TEXT_LENGTH_MAX = 500
LINES_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConversation:
    """The latest, with its last lines."""

    state: str
    staff_answers_now: bool
    lines: list[Line]

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def own_conversation(*, actor: Actor, now: datetime) -> OwnConversation | None:
    """None for who never wrote."""
    subject = _subject(actor)
    row = await database.row(
        "SELECT conversation_id, state FROM conversation WHERE channel = $1 AND subject = $2"
        " ORDER BY opened_at DESC, conversation_id DESC LIMIT 1",
        APP,
        subject,
    )
    if row is None:
        return None
    lines = await lines_of(conversation_id=row["conversation_id"], most=LINES_MAX)
    return OwnConversation(state=row["state"], staff_answers_now=staffed_at(now), lines=lines)


async def say(*, actor: Actor, text: str, request_key: str, now: datetime) -> OwnConversation:
    """Adds to the open conversation or begins one. The same request key says it once. Raises Refused."""
    subject, said = _subject(actor), text.replace("\x00", "").strip()
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    if not 1 <= len(said) <= TEXT_LENGTH_MAX:
        raise Refused(TEXT_LENGTH(most=TEXT_LENGTH_MAX))
    key = f"said:{request_key}"
    async with transaction() as tx:
        await tx.execute(
            "INSERT INTO follower (channel, subject, state, since, seen_at) VALUES ($1, $2, 'following', $3, $3)"
            " ON CONFLICT (channel, subject) DO UPDATE SET seen_at = $3",
            APP,
            subject,
            now,
        )
        # the follower's row is locked by now: of two at once the second finds what the first began
        said_before = await tx.value(
            "SELECT 1 FROM conversation c JOIN conversation_line l USING (conversation_id)"
            " WHERE c.channel = $1 AND c.subject = $2 AND l.line_key = $3",
            APP,
            subject,
            key,
        )
        if said_before is None:
            conversation_id = await tx.value(
                "SELECT conversation_id FROM conversation WHERE channel = $1 AND subject = $2 AND state <> 'closed'"
                " FOR UPDATE",
                APP,
                subject,
            )
            begun = conversation_id is None
            if begun:
                conversation_id = new_id()
                await tx.execute(
                    "INSERT INTO conversation (conversation_id, channel, subject, state, opened_at, changed_at)"
                    " VALUES ($1, $2, $3, 'waiting', $4, $4)",
                    conversation_id,
                    APP,
                    subject,
                    now,
                )
                welcome = ANSWERS.text("staff_called" if staffed_at(now) else "staff_away", now=now)
                await add_line(
                    tx, conversation_id=conversation_id, side="house", author="系统", text=welcome, key="begun", now=now
                )
            await add_line(
                tx,
                conversation_id=conversation_id,
                side="citizen",
                author="来信人",
                text=said,
                key=key,
                flagged=await sensitive_in(said, using=tx) is not None,
                now=now,
            )
            await audit.record(
                tx, actor=actor, action="conversation.said", subject=f"conversation:{conversation_id}", now=now
            )
        else:
            audit.note_repeated()
    found = await own_conversation(actor=actor, now=now)
    assert found is not None, "what was just said is there"
    return found


def _subject(actor: Actor) -> str:
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    return str(actor.person_id)
