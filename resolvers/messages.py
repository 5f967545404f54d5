"""互动消息: the caller's own conversation, and what the centre sent to them."""

from __future__ import annotations

from channels import conversations
from notifications import own
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of
from schema.types.messages import (
    Conversation,
    MarkNoticesReadInput,
    MarkNoticesReadPayload,
    PersonalNotice,
    SendMessageInput,
    SendMessagePayload,
)


async def conversation(info: Info) -> Conversation | None:
    found = await conversations.own_conversation(actor=info.context.actor, now=info.context.now)
    return None if found is None else Conversation.of(found)


@refusable(SendMessagePayload)
async def send_message(info: Info, input: SendMessageInput) -> SendMessagePayload:
    found = await conversations.say(
        actor=info.context.actor, text=input.text, request_key=input.request_key, now=info.context.now
    )
    return SendMessagePayload(conversation=Conversation.of(found), user_errors=[])


async def notices(info: Info, first: int = FIRST_DEFAULT, after: str | None = None) -> Connection[PersonalNotice]:
    page = await own.own_notices(actor=info.context.actor, first=first, after=after)
    return connection_of(page, PersonalNotice.of)


async def unread_notices(info: Info) -> int:
    return await own.unread_notices(actor=info.context.actor)


@refusable(MarkNoticesReadPayload)
async def mark_notices_read(info: Info, input: MarkNoticesReadInput) -> MarkNoticesReadPayload:
    await own.mark_read(actor=info.context.actor, message_id=input.message_id(), now=info.context.now)
    return MarkNoticesReadPayload(unread=await unread_notices(info), user_errors=[])
