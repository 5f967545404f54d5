"""Refusals as a client sees them in a payload."""

from __future__ import annotations

import strawberry

from domain.kernel.refusal import Refusal, Refused
from schema.guards import PUBLIC, shown


@strawberry.type(description="不予受理的原因 · why not, in words that tell the person what to do next")
class UserError:
    code: str = shown(PUBLIC, "原因编码 · stable code `area.reason`")
    message: str = shown(PUBLIC, "提示语 · a sentence for the person")
    field: str | None = shown(PUBLIC, "对应的填写项 · input field that it is about; null for all of it")
    retryable: bool = shown(PUBLIC, "可否稍后重试 · whether the same request may succeed later")

    @classmethod
    def of(cls, refusal: Refusal) -> UserError:
        return cls(code=refusal.code, message=refusal.message, field=refusal.field, retryable=refusal.retryable)

    @classmethod
    def all_of(cls, refused: Refused) -> list[UserError]:
        return [cls.of(refusal) for refusal in refused.refusals]
