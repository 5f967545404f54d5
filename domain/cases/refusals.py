"""Refusals about cases and their review."""

from domain.kernel.refusal import refusal_kind

CASE_NOT_FOUND = refusal_kind("case.not_found", "没有找到该办件，请核对办件编号后重新查询。", field="id")
ACTION_NOT_POSSIBLE = refusal_kind(
    "case.action_not_possible", "该办件当前为“{state}”，不能{action}，请刷新后查看最新进度。"
)
OWN_CASE = refusal_kind("case.own_case", "不能审核本人的办件，请交由其他审核人员办理。")
SAME_REVIEWER = refusal_kind("case.same_reviewer", "复审不能由初审人员本人办理，请交由其他复审人员。")
NOT_CLAIMED = refusal_kind("case.not_claimed", "请先领取该办件再审核；如领取已超时，请重新领取。")
LOCKED_BY_OTHER = refusal_kind("case.locked_by_other", "该办件正由{name}审核，请待其处理完毕或由主管释放后再领取。")
REASON_REQUIRED = refusal_kind("case.reason_required", "请选择不予办理或退回的原因，并填写说明。", field="reasonCode")
TEXT_TOO_LONG = refusal_kind("case.text_too_long", "说明不能超过{most}字，请精简后重新提交。", field="note")
OVERRIDE_REQUIRED = refusal_kind(
    "case.override_required",
    "该办件有未核验通过的项目，请填写通过初审的原因（不少于4个字）。",
    field="overrideReason",
)
DECISION_UNKNOWN = refusal_kind(
    "case.decision_unknown", "审核结论只能为通过、不予办理或退回，请重新选择。", field="decision"
)
RELEASE_NOT_PERMITTED = refusal_kind("case.release_not_permitted", "只有领取人或主管可以释放该办件，请联系主管办理。")
EVALUATION_NOT_OPEN = refusal_kind("evaluation.not_open", "办件办结后方可评价，请在收到办结通知后再评价。")
EVALUATION_CLOSED = refusal_kind("evaluation.closed", "该办件的评价期已过，感谢您的关注；如有意见请拨打12329。")
EVALUATED_ALREADY = refusal_kind("evaluation.given_already", "您已评价过该办件，每个办件只能评价一次。")
GRADE_UNKNOWN = refusal_kind(
    "evaluation.grade_unknown", "请在1（非常不满意）至5（非常满意）之间选择评价等级。", field="grade"
)
COMMENT_TOO_LONG = refusal_kind(
    "evaluation.comment_too_long", "评价内容不能超过500字，请精简后重新提交。", field="comment"
)
TAG_UNKNOWN = refusal_kind("evaluation.tag_unknown", "所选评价标签不存在，请重新选择。", field="tags")

REFUSAL_REASONS: dict[str, str] = {
    "home_found": "核实申请人或配偶在本市有自有住房",
    "identity_unclear": "身份或婚姻情况与登记信息不一致",
    "false_statement": "申报信息与事实不符",
    "duplicate": "与其他在途或已办理业务重复",
    "materials_insufficient": "核验材料不足以支持申请",
    "other": "其他原因",
}
"""Why a case is refused or returned; staff choose a code and add a note."""
