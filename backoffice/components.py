"""How values of the domain look on a page: words, numbers, times and tones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from backoffice.audit_words import AUDIT_ACTIONS, AUDIT_DETAILS
from domain import cases, catalogue, withdrawals
from domain.kernel.dates import SHANGHAI
from domain.kernel.refusal import Refusal

_INNER_CHANNELS = {
    "backoffice": "业务平台",
    "system": "系统",
    "unknown": "—",
    "partner": "第三方",
    "social_security": "社会保险（一件事）",
    "national_transfer": "全国转移接续平台",
    "national_mini_program": "全国住房公积金小程序",
}
STATE_TONES = {
    "pending_preliminary": "waiting",
    "pending_correction": "quiet",
    "pending_final": "waiting",
    "pending_special": "waiting",
    "pending_payment_review": "waiting",
    "pending_payment": "active",
    "paying": "active",
    "completed": "good",
    "refused": "bad",
    "payment_failed": "bad",
    "cancelled": "quiet",
}
OUTCOME_NAMES = {"passed": "核验通过", "failed": "核验不通过", "unanswered": "未答复"}
OUTCOME_TONES = {"passed": "good", "failed": "bad", "unanswered": "waiting"}
PAYMENT_TONES = {"confirmed": "good", "rejected": "bad", "unknown": "waiting"}
DECISION_NAMES = {
    "approve": "通过",
    "refuse": "不予办理",
    "return": "退回上一环节",
    "correct": "退回补正",
    "escalate": "提请特审",
}
ROLE_NAMES = {
    "preliminary_reviewer": "初审",
    "final_reviewer": "复审",
    "supervisor": "主管",
    "finance": "财务",
    "service_desk": "服务台",
    "system_admin": "系统管理员",
    "security_admin": "安全管理员",
    "audit_admin": "审计管理员",
}
ACTOR_NAMES = {"citizen": "申请人", "agent": "单位经办人", "staff": "工作人员", "system": "系统", "service": "接入系统"}
AUDIT_OUTCOMES = {"done": "完成", "refused": "被拒绝", "failed": "失败"}
AUDIENCE_NAMES = {"person": "个人", "employer": "单位"}
LOGIN_NAMES = {"none": "无需登录", "password": "密码登录", "real_name": "实名登录", "face": "实人核验"}
UNVERIFIED_NAMES = {
    "grouping": "事项划分",
    "jingtong_choice": "接入京通",
    "city_platform_choice": "接入市统一平台",
    "login": "登录等级",
    "steps": "办理环节",
    "time_limit": "办理时限",
    "materials": "申请材料",
}


JOB_KINDS = {
    "case.changed": "办件状态通知",
    "case.decided": "审核结果通知",
    "payment.prepared": "向银行付款",
    "payment.confirmed": "到账通知",
    "payment.rejected": "付款退回通知",
    "evaluation.invited": "邀请评价",
    "evaluation.given": "评价上报",
    "transfer.changed": "转移进度通知",
    "receipt.taken_back": "银行收回款项",
    "statement.taking_back": "收回款项冲回",
    "statement.taken_back": "收回款项通知单位",
}


def audit_action(action: str) -> str:
    return AUDIT_ACTIONS.get(action, action)


def audit_detail(name: str) -> str:
    return AUDIT_DETAILS.get(name, name)


def audit_pairs(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """The detail of an audit event as names and texts; what says nothing is left out."""
    kept = {name: value for name, value in detail.items() if value not in (None, False, "", [], {})}
    return [(audit_detail(name), _in_words(value)) for name, value in kept.items()]


def _in_words(value: object) -> str:
    if value is True:
        return "是"
    if isinstance(value, dict):
        return " ".join(f"{name}={one}" for name, one in value.items())
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def job_kind(kind: str) -> str:
    return JOB_KINDS.get(kind, kind)


def moment(at: datetime | None) -> str:
    """An instant as people in Beijing write it, to the minute."""
    return "—" if at is None else at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def moment_exact(at: datetime | None) -> str:
    return "—" if at is None else at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def clock_time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%H:%M")


def long_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日 星期{'一二三四五六日'[day.weekday()]}"


def grouped(number: int) -> str:
    return f"{number:,}"


def channel_name(code: str) -> str:
    return catalogue.channels().get(code) or _INNER_CHANNELS.get(code, code)


def state_names() -> dict[str, str]:
    """Every state of every flow, by code, in the order of the flows."""
    return {code: state.name for flow in cases.flows() for code, state in flow.states.items()}


def state_tone(state: str) -> str:
    return STATE_TONES.get(state, "quiet")


def flag_text(flag: str) -> str:
    return withdrawals.FLAGS.get(flag, flag)


def reason_name(code: str | None) -> str:
    return cases.reason_name(code, unnamed=code or "")


def with_query(path: str, **values: object) -> str:
    """The path with those values that are not None or empty."""
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Refusals as a form shows them: each beside its field, all of them at the top."""

    refusals: tuple[Refusal, ...] = ()

    @classmethod
    def of(cls, refusals: Iterable[Refusal]) -> Problems:
        return cls(refusals=tuple(refusals))

    def __bool__(self) -> bool:
        return bool(self.refusals)

    def at(self, *fields: str) -> list[str]:
        """Messages of a field. The API's `reasonCode` and a form's `reason_code` are the same here."""
        return [refusal.message for refusal in self.refusals if _form_name(refusal.field) in fields]

    @property
    def messages(self) -> list[str]:
        return list(dict.fromkeys(refusal.message for refusal in self.refusals))


def _form_name(field: str | None) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in field or "")


CURSOR_TRAIL_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Links through a list whose pages are named by their last row. The trail of cursors behind us is carried
    in the address, so that going back needs no script."""

    path: str
    query: dict[str, str]
    trail: tuple[str, ...]
    end_cursor: str | None
    has_next: bool

    @classmethod
    def read(cls, *, path: str, query: dict[str, str], pages: str | None) -> Pager:
        trail = tuple(part for part in (pages or "").split(".") if part)[-CURSOR_TRAIL_MAX:]
        return cls(path=path, query=query, trail=trail, end_cursor=None, has_next=False)

    def at(self, *, end_cursor: str | None, has_next: bool) -> Pager:
        return Pager(path=self.path, query=self.query, trail=self.trail, end_cursor=end_cursor, has_next=has_next)

    @property
    def after(self) -> str | None:
        return self.trail[-1] if self.trail else None

    @property
    def number(self) -> int:
        return len(self.trail) + 1

    @property
    def first(self) -> str:
        return with_query(self.path, **self.query)

    @property
    def previous(self) -> str | None:
        return self._link(self.trail[:-1]) if self.trail else None

    @property
    def next(self) -> str | None:
        return self._link((*self.trail, self.end_cursor)) if self.has_next and self.end_cursor else None

    def _link(self, trail: Sequence[str]) -> str:
        return with_query(self.path, **self.query, pages=".".join(trail))
