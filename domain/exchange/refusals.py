"""Why a push of e窗通 or social security was not taken: told to the partner and shown to staff, word for word."""

from __future__ import annotations

from domain.kernel.refusal import refusal_kind

REGISTERED_CLOSED = refusal_kind(
    "exchange.registered_closed",
    "该统一社会信用代码登记的单位已销户，恢复缴存请由单位到管理部柜台办理。",
    field="uscc",
)
DISTRICT_UNKNOWN = refusal_kind(
    "exchange.district_unknown",
    "行政区划代码{code}没有对应的管理部，请核对单位注册地后重新报送。",
    field="districtCode",
)
NAME_DIFFERS = refusal_kind(
    "exchange.name_differs",
    "该统一社会信用代码已登记为名称不同的单位，请核对名称，或先由单位办理单位信息变更。",
    field="name",
)
AGENT_DIFFERS = refusal_kind(
    "exchange.agent_differs",
    "经办人证件号码已登记为另一姓名，请核对经办人姓名和证件号码后重新报送。",
    field="agent",
)
ENTERPRISES_ONLY = refusal_kind(
    "exchange.enterprises_only",
    "e窗通只受理企业的职工增减，该单位不是企业，请在单位网上业务平台或管理部柜台办理。",
    field="uscc",
)
LIMITS_UNKNOWN = refusal_kind(
    "exchange.limits_unknown",
    "{month}起的缴存基数上下限尚未公布，请在公布后重新报送。",
    field="year",
)
WAITED_IN_VAIN = refusal_kind(
    "exchange.waited_in_vain", "未能办理：{reason}。请核对后以新的报文编号重新报送。", field="messageNo"
)
OCCURRED_AHEAD = refusal_kind(
    "exchange.occurred_ahead", "发生时间晚于收到时间，请核对系统时钟后重新报送。", field="occurredAt"
)
NOTHING_PASSED = refusal_kind(
    "exchange.nothing_passed", "报送的各行均未通过校验，原因见逐行结果，请修改后以新的报文编号重新报送。", field="rows"
)
LIST_CANCELLED = refusal_kind(
    "exchange.list_cancelled", "清册{list_no}在办理前已撤销，需要办理的请重新填报或报送。", field="rows"
)
RECORD_NOT_FOUND = refusal_kind("exchange.not_found", "没有找到该交换记录，请核对编号或返回列表重新选择。")
