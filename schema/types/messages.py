"""互动消息: the caller's own conversation with the centre."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from channels.conversations import Line, OwnConversation
from notifications.own import OwnNotice
from schema.guards import CITIZEN_SELF, shown
from schema.types.errors import UserError
from schema.types.nodes import global_id, key_of

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


@strawberry.type(description="通知 · something that the centre sent to the caller about their own business")
class PersonalNotice:
    id: strawberry.ID = shown(CITIZEN_SELF, "编号 · what `markNoticesRead` is given")
    area_name: str = shown(CITIZEN_SELF, "业务类别 · what it is about")
    text: str = shown(CITIZEN_SELF, "内容 · text, to be shown as text")
    sent_at: datetime = shown(CITIZEN_SELF, "时间 · when it was sent")
    read: bool = shown(CITIZEN_SELF, "是否已读 · whether the caller has read it")

    @classmethod
    def of(cls, notice: OwnNotice) -> Self:
        return cls(
            id=global_id("Notice", str(notice.message_id)),
            area_name=notice.area_name,
            text=notice.text,
            sent_at=notice.sent_at,
            read=notice.read,
        )


@strawberry.input(description="标记已读 · everything up to this notice is read")
class MarkNoticesReadInput:
    id: strawberry.ID = strawberry.field(description="通知编号 · the newest notice that was read")
    request_key: str = strawberry.field(
        description="请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
    )

    def message_id(self) -> int:
        """Raises Refused when the id is no notice's."""
        key = key_of(self.id, kind="Notice", field="id")
        return int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else 0


@strawberry.type(description="标记结果 · answer to marking")
class MarkNoticesReadPayload:
    unread: int | None = shown(CITIZEN_SELF, "未读条数 · how many are left; null when refused")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(unread=None, user_errors=errors)
