"""草稿: what the caller had filled in and not sent yet."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from domain.cases import Draft as DraftView
from schema.guards import CITIZEN_SELF, shown
from schema.types.errors import UserError


@strawberry.type(description="草稿 · what the caller had filled in; it is kept for a short while")
class Draft:
    item: str = shown(CITIZEN_SELF, "事项编码 · code of the service item, as C20")
    content: str = shown(CITIZEN_SELF, "内容 · as the page saved it")
    saved_at: datetime = shown(CITIZEN_SELF, "保存时间 · when it was saved")
    expires_at: datetime = shown(CITIZEN_SELF, "到期时间 · when it is thrown away")

    @classmethod
    def of(cls, view: DraftView) -> Self:
        return cls(item=view.item, content=view.content, saved_at=view.saved_at, expires_at=view.expires_at)


@strawberry.input(description="保存草稿 · keep what was filled in, or throw it away with an empty content")
class SaveDraftInput:
    item: str = strawberry.field(description="事项编码 · code of the service item, as C20")
    content: str = strawberry.field(description="内容 · the page's own, at most 4,000 characters")
    request_key: str = strawberry.field(
        description="请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"
    )


@strawberry.type(description="保存草稿结果 · answer to saving a draft")
class SaveDraftPayload:
    draft: Draft | None = shown(CITIZEN_SELF, "草稿 · as it was saved; null when refused or thrown away")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予受理的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(draft=None, user_errors=errors)
