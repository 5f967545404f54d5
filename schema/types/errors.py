"""Refusals as a client sees them in a payload."""

from __future__ import annotations

import strawberry

from auth.face import StepUp as Required
from auth.face import StepUpRequired
from auth.renewal import RenewalRequired
from domain.kernel.refusal import Refusal, Refused
from schema.guards import PUBLIC, shown


@strawberry.type(description="须先核验 · what a request needs first, and the ways to get it")
class StepUp:
    operation: str = shown(PUBLIC, "办理事项代码 · code of the operation")
    operation_name: str = shown(PUBLIC, "办理事项 · operation")
    challenge: str = shown(PUBLIC, "核验凭据 · for `startFaceCheck`; names this request and no other")
    ways: list[str] = shown(PUBLIC, "可选方式 · face, or counter: staff compare the papers")

    @classmethod
    def of(cls, step_up: Required) -> StepUp:
        return cls(
            operation=step_up.operation,
            operation_name=step_up.operation_name,
            challenge=step_up.challenge,
            ways=list(step_up.ways),
        )


@strawberry.type(description="不予受理的原因 · why not, in words that tell the person what to do next")
class UserError:
    code: str = shown(PUBLIC, "原因编码 · stable code `area.reason`")
    message: str = shown(PUBLIC, "提示语 · a sentence for the person")
    field: str | None = shown(PUBLIC, "对应的填写项 · input field that it is about; null for all of it")
    retryable: bool = shown(PUBLIC, "可否稍后重试 · whether the same request may succeed later")

    step_up: StepUp | None = shown(PUBLIC, "人脸核验 · how to get what is missing; null for every other reason")

    login_url: str | None = shown(PUBLIC, "重新登录地址 · where to log in again; null for every other reason")

    @classmethod
    def of(cls, refusal: Refusal) -> UserError:
        return cls(
            code=refusal.code,
            message=refusal.message,
            field=refusal.field,
            retryable=refusal.retryable,
            step_up=None,
            login_url=None,
        )

    @classmethod
    def all_of(cls, refused: Refused) -> list[UserError]:
        errors = [cls.of(refusal) for refusal in refused.refusals]
        if isinstance(refused, StepUpRequired):
            for error in errors:
                error.step_up = StepUp.of(refused.step_up)
        if isinstance(refused, RenewalRequired):
            for error in errors:
                error.login_url = refused.login_url
        return errors
