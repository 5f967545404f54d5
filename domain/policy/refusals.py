"""Why a value may not be set, or not be taken back."""

from domain.kernel.refusal import refusal_kind

UNKNOWN = refusal_kind("policy.unknown", "没有找到该业务参数，请返回参数列表重新选择。", field="name")
VALUE = refusal_kind("policy.value", "“{name}”应为{expected}，请重新填写。", field="value")
SAME = refusal_kind("policy.same", "“{name}”在{day}已是{value}，无需变更；请核对新的值或生效日期。", field="value")
DAY = refusal_kind(
    "policy.day",
    "生效日期应在{first}至{last}之间：已经生效的参数不能改写，请另选生效日期。",
    field="valid_from",
)
TAKEN = refusal_kind("policy.taken", "该参数已有自{day}起生效的新值，如需更改请先撤回原来的新值。", field="valid_from")
SOURCE = refusal_kind(
    "policy.source", "请填写{least}至{most}个字的依据文号，例如“京房公积金发〔2026〕9号”。", field="source"
)
ABOVE = refusal_kind(
    "policy.above", "“{lower}”（{value}）不能高于{day}的“{upper}”（{bound}），请核对后重新填写。", field="value"
)
BEGUN = refusal_kind("policy.begun", "该值已经生效或即将生效，不能撤回；请另行设定自以后日期起生效的新值。")
NOT_STANDING = refusal_kind("policy.not_standing", "没有找到该值，或已被撤回，请刷新后查看。")
