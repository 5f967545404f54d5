"""互动消息: the caller's own conversation."""

from __future__ import annotations

from channels import conversations
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.messages import Conversation, SendMessageInput, SendMessagePayload


async def conversation(info: Info) -> Conversation | None:
    found = await conversations.own_conversation(actor=info.context.actor, now=info.context.now)
    return None if found is None else Conversation.of(found)


@refusable(SendMessagePayload)
async def send_message(info: Info, input: SendMessageInput) -> SendMessagePayload:
    found = await conversations.say(
        actor=info.context.actor, text=input.text, request_key=input.request_key, now=info.context.now
    )
    return SendMessagePayload(conversation=Conversation.of(found), user_errors=[])
