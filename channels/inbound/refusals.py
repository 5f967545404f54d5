"""Refusals about kept messages and the operation of channels."""

from domain.kernel.refusal import refusal_kind

MESSAGE_NOT_FOUND = refusal_kind("inbound.not_found", "没有找到该报文，请返回来报列表重新选择。")
MESSAGE_STANDS = refusal_kind(
    "inbound.other_content_stands",
    "同一编号的另一份报文已经受理，本报文不能重放；请与对方核对后将本报文处置关闭。",
)
NOT_QUARANTINED = refusal_kind("inbound.not_quarantined", "该报文当前为“{state}”，不能这样处置，请刷新后查看最新状态。")
REASON_MISSING = refusal_kind("inbound.reason_missing", "请填写4至200个字的处置原因，以便日后核查。", field="reason")
