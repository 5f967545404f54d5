"""Refusals: what the business says no to, in words that tell the person what to do next.

A refusal is for people (a bug is an assertion, a partner's trouble a `PartnerFailure`). Each kind is declared once
in its area's `refusals.py`; `CATALOGUE` holds them all, and a snapshot test keeps the codes stable for clients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CATALOGUE: dict[str, RefusalKind] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. `field` is the GraphQL input field it is about; `retryable` says that the same request may
    succeed later without change."""

    code: str
    message: str
    field: str | None = None
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class RefusalKind:
    code: str
    template: str
    field: str | None
    retryable: bool

    def __call__(self, **values: object) -> Refusal:
        return Refusal(self.code, self.template.format(**values), self.field, self.retryable)

    def on(self, field: str, **values: object) -> Refusal:
        """The same refusal about another input field."""
        return replace(self(**values), field=field)


def refusal_kind(code: str, template: str, *, field: str | None = None, retryable: bool = False) -> RefusalKind:
    """Declares a kind of refusal. `code` is `area.reason`; declaring one twice is a bug."""
    assert code not in CATALOGUE, f"refusal {code} is declared twice"
    assert "." in code and code.islower(), f"refusal code {code} is not area.reason"
    kind = RefusalKind(code, template, field, retryable)
    CATALOGUE[code] = kind
    return kind


class Refused(Exception):
    """Raised by actions; carries every refusal at once. Nothing was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        assert refusals, "refused without a reason"
        super().__init__("; ".join(f"{refusal.code}: {refusal.message}" for refusal in refusals))
        self.refusals = refusals


NOT_PERMITTED = refusal_kind("access.not_permitted", "您没有办理此事项的权限，如有需要请联系管理员开通。")
REAL_NAME_REQUIRED = refusal_kind(
    "access.real_name_required",
    "办理公积金业务须先完成实名认证，请在北京市统一身份认证平台完成实名核验后重新登录。",
)
KEY_REUSED = refusal_kind(
    "request.key_reused", "该请求编号已用于内容不同的申请，请刷新页面后重新提交。", field="requestKey"
)
KEY_MALFORMED = refusal_kind(
    "request.key_malformed",
    "请求编号应为8至64位字母、数字、下划线或连字符，请刷新页面后重试。",
    field="requestKey",
)
CURSOR_MALFORMED = refusal_kind("request.cursor_malformed", "翻页位置无效，请从第一页重新查询。", field="after")
PAGE_SIZE = refusal_kind("request.page_size", "每页条数应在1至{most}之间，请调整后重试。", field="first")
REFERENCE_MALFORMED = refusal_kind("request.reference_malformed", "编号格式不正确，请核对后重试。")
TEMPORARILY_UNAVAILABLE = refusal_kind(
    "service.temporarily_unavailable", "系统暂时繁忙，请稍后重试；您的业务未受影响。", retryable=True
)
