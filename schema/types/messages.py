"""互动消息: the caller's own conversation with the centre."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from channels.conversations import Line, OwnConversation
from schema.guards import CITIZEN_SELF, shown
from schema.types.errors import UserError

_SIDES = {"citizen": "本人", "staff": "工作人员", "house": "系统"}


@strawberry.type(description="消息 · one message of a conversation")
class Message:
    at: datetime = shown(CITIZEN_SELF, "时间 · when it was said")
    side: str = shown(CITIZEN_SELF, "发送方 · citizen, staff or house")
    side_name: str = shown(CITIZEN_SELF, "发送方名称 · who said it, without the name of the member of staff")
    text: str = shown(CITIZEN_SELF, "内容 · text, to be shown as text")

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(at=line.at, side=line.side, side_name=_SIDES[line.side], text=line.text)


@strawberry.type(description="会话 · the caller's latest conversation with the centre")
class Conversation:
    state: str = shown(CITIZEN_SELF, "状态代码 · waiting, held or closed")
    state_name: str = shown(CITIZEN_SELF, "状态 · in words")
    staff_answers_now: bool = shown(CITIZEN_SELF, "是否在人工服务时间 · whether staff answer at this moment")
    messages: list[Message] = shown(CITIZEN_SELF, "消息 · the last 50, oldest first")

    @classmethod
    def of(cls, view: OwnConversation) -> Self:
        return cls(
            state=view.state,
            state_name=view.state_name,
            staff_answers_now=view.staff_answers_now,
            messages=[Message.of(line) for line in view.lines],
        )


@strawberry.input(description="发送消息 · a message to the centre")
class SendMessageInput:
    text: str = strawberry.field(description="内容 · 1 to 500 characters; no document numbers, no codes")
    request_key: str = strawberry.field(
        description="请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
    )


@strawberry.type(description="发送结果 · answer to a message")
class SendMessagePayload:
    conversation: Conversation | None = shown(CITIZEN_SELF, "会话 · as it now stands; null when refused")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(conversation=None, user_errors=errors)
