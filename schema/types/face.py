"""Face checks of the caller's own, and what a mutation says when it asks for one."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from auth.face import FaceCheck as Check
from schema.guards import SELF, shown
from schema.types.errors import UserError
from schema.types.nodes import global_id, number_of

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`"


@strawberry.type(description="实人核验 · a check of the caller's face, for one request")
class FaceCheck:
    id: strawberry.ID = shown(SELF, "全局编号 · global id")
    operation: str = shown(SELF, "办理事项代码 · code of the operation")
    operation_name: str = shown(SELF, "办理事项 · operation")
    state: str = shown(SELF, "状态 · started, passed, failed or expired")
    certify_id: str = shown(SELF, "核验编号 · number for the verification service's SDK")
    url: str | None = shown(SELF, "核验页面 · where a browser goes; null for native clients")
    expires_at: datetime = shown(SELF, "有效期至 · until when it can be used")

    @classmethod
    def of(cls, check: Check) -> FaceCheck:
        return cls(
            id=strawberry.ID(global_id("FaceCheck", check.check_id)),
            operation=check.operation,
            operation_name=check.operation_name,
            state=check.state,
            certify_id=check.certify_id,
            url=check.url,
            expires_at=check.expires_at,
        )


@strawberry.input(description="发起实人核验 · start a face check")
class StartFaceCheckInput:
    challenge: str = strawberry.field(description="核验凭据 · from the refusal's `stepUp`")
    meta_info: str = strawberry.field(default="{}", description="设备信息 · MetaInfo of the service's SDK")
    return_to: str = strawberry.field(default="/h5/", description="完成后返回的路径 · path of ours to come back to")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="查询实人核验结果 · ask what became of a face check")
class FinishFaceCheckInput:
    id: strawberry.ID = strawberry.field(description="核验全局编号 · global id of the check")
    request_key: str = strawberry.field(description=_KEY)

    def check_id(self) -> int:
        return number_of(self.id, kind="FaceCheck", field="id")


@strawberry.type(description="实人核验结果 · answer to starting or finishing a face check")
class FaceCheckPayload:
    check: FaceCheck | None = shown(SELF, "实人核验 · the check as it stands; null when refused")
    user_errors: list[UserError] = shown(SELF, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, check: Check) -> Self:
        return cls(check=FaceCheck.of(check), user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(check=None, user_errors=errors)
