"""What the SMS desks share."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse

from backoffice.components import Problems
from backoffice.desk import Desk
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.refusal import Refused
from notifications.numbers import REGION_NAMES
from notifications.refusals import PERIOD_MALFORMED
from notifications.rendering import CLASS_NAMES

PATH = "/backoffice/sms"
READ, OPERATE, MONEY = "sms.read", "sms.operate", "sms.money"
TABS = (
    ("概览", PATH),
    ("短信查询", f"{PATH}/messages"),
    ("模板", f"{PATH}/templates"),
    ("用量与费用", f"{PATH}/usage"),
    ("价格与号段", f"{PATH}/prices"),
    ("运营商账单", f"{PATH}/invoices"),
)
CARRIER_NAMES = {"mobile": "中国移动", "cloud_mas": "移动云MAS", "aliyun": "阿里云", "agent": "短信代理商"}
PHASE_TONES = {
    "serving": "good",
    "away": "bad",
    "returning": "waiting",
    "forced_on": "active",
    "forced_off": "bad",
}


# What we say ourselves of a message; a carrier's own codes are shown as it gave them.
CODE_NAMES = {
    "mobile_malformed": "号码格式错误",
    "opted_out": "当事人已退订",
    "limit_reached": "超过每人每日上限",
    "too_old": "超过有效期",
    "too_many_attempts": "多次提交均被拒",
    "no_report": "一直没有状态报告",
    "no_answer": "提交后没有应答",
    "no_query": "等待状态报告",
    "not_connected": "通道未连接",
    "unreachable": "无法连接",
    "template_unmapped": "模板未在运营商登记",
    "carrier_not_configured": "运营商已停用",
    "malformed_answer": "应答无法识别",
}


def code_name(code: str | None) -> str:
    return CODE_NAMES.get(code or "", code or "")


def carrier_name(code: str) -> str:
    return CARRIER_NAMES.get(code, code)


def value_name(dimension: str, value: str) -> str:
    """A value of a dimension in words."""
    names: dict[str, dict[str, str]] = {
        "carrier": CARRIER_NAMES,
        "region": dict(REGION_NAMES),  # type: ignore[arg-type]
        "class": dict(CLASS_NAMES),  # type: ignore[arg-type]
    }
    return names.get(dimension, {}).get(value, value)


async def known_carriers() -> dict[str, str]:
    rows = await database.rows("SELECT carrier FROM sms_standing ORDER BY carrier")
    return {row["carrier"]: carrier_name(row["carrier"]) for row in rows}


def show(
    desk: Desk, template: str, *, refused: Refused | None = None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the area; `refused` is what was wrong with the form that was sent to it."""
    problems = Problems.of(refused.refusals) if refused else Problems()
    values.setdefault("notice", None)
    if refused:
        status = 422 if any(one.field for one in refused.refusals) else 409
    return desk.page(
        template,
        status=status,
        tabs=TABS,
        trouble=problems,
        typed=desk.form if refused else {},
        carrier_name=carrier_name,
        code_name=code_name,
        value_name=value_name,
        may_operate=desk.may(OPERATE),
        may_money=desk.may(MONEY),
        **values,
    )


def period_of(given: str | None, *, otherwise: YearMonth) -> YearMonth:
    """Raises Refused for what is no month."""
    if not given:
        return otherwise
    try:
        return YearMonth.parse(given)
    except ValueError:
        raise Refused(PERIOD_MALFORMED()) from None
