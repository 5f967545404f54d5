"""Refusals about accounts and persons."""

from domain.kernel.refusal import refusal_kind

ACCOUNT_NOT_FOUND = refusal_kind(
    "account.not_found", "没有找到该公积金账户，请核对账号，或到就近管理部查询。", field="accountNo"
)
NO_ACCOUNT = refusal_kind("account.none", "您名下没有住房公积金账户，请联系单位办理开户后再申请。")
REASON_REQUIRED = refusal_kind(
    "person.reason_required", "查看完整信息须填写4至100个字的事由，请补充后重试。", field="reason"
)
