"""Refusals about cases and their review."""

from domain.kernel.refusal import refusal_kind

CASE_NOT_FOUND = refusal_kind("case.not_found", "没有找到该办件，请核对办件编号后重新查询。", field="id")
ACTION_NOT_POSSIBLE = refusal_kind(
    "case.action_not_possible", "该办件当前为“{state}”，不能{action}，请刷新后查看最新进度。"
)
OWN_CASE = refusal_kind("case.own_case", "不能审核本人的办件，请交由其他审核人员办理。")
SAME_REVIEWER = refusal_kind(
    "case.same_reviewer", "复审不能由初审人员本人办理，其后各环节也不能由前一环节的人员办理，请交由其他审核人员。"
)
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
    "case.decision_unknown", "审核结论只能为通过、不予办理、退回、退回补正或提请特审，请重新选择。", field="decision"
)
RELEASE_NOT_PERMITTED = refusal_kind("case.release_not_permitted", "只有领取人或主管可以释放该办件，请联系主管办理。")
EVALUATION_NOT_OPEN = refusal_kind("evaluation.not_open", "办件办结后方可评价，请在收到办结通知后再评价。")
EVALUATION_CLOSED = refusal_kind("evaluation.closed", "该办件的评价期已过，感谢您的关注；如有意见请拨打12329。")
EVALUATED_ALREADY = refusal_kind("evaluation.given_already", "您已评价过该办件，每个办件在同一渠道只能评价一次。")
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
_OF_THE_SYSTEM = {
    "bank_rejected": "银行未能付款",
    "listed_since": "审核通过后被列入名单",
    "died_since": "审核通过后核实申请人已死亡",
}


def reason_name(code: str | None, *, unnamed: str = "") -> str:
    """A reason in words, whether staff chose it or the system gave it; `unnamed` when there is none."""
    return {**REFUSAL_REASONS, **_OF_THE_SYSTEM}.get(code or "", unnamed)


EVALUATION_CHANNEL = refusal_kind(
    "evaluation.channel_closed", "该渠道不能评价办件，请在京通小程序、个人网上业务平台评价，或拨打12329。"
)
EVALUATION_NOT_HERE = refusal_kind(
    "evaluation.caller_unconfirmed",
    "来电人未能核对为申请人本人，或您经办过该办件，不能登记评价；请核对证件号码后四位，或转由其他话务人员登记。",
    field="callerDocumentTail",
)
INVITATION_UNKNOWN = refusal_kind(
    "evaluation.invitation_unknown",
    "评价码无效、已使用或已过期，请向工作人员重新索取，或在京通小程序“我的办件”中评价。",
    field="code",
)
RECTIFICATION_NOT_FOUND = refusal_kind("rectification.not_found", "没有找到该差评整改单，请返回列表重新选择。")
RECTIFICATION_MOVED = refusal_kind(
    "rectification.action_not_possible", "该差评整改单当前为“{state}”，不能这样办理，请刷新后查看最新进度。"
)
RECTIFICATION_NOT_YOURS = refusal_kind(
    "rectification.not_yours", "该环节不由您办理：须由被指定的整改人，或前一环节以外的人员办理，请联系主管。"
)
RECTIFICATION_TEXT = refusal_kind(
    "rectification.text_length", "请填写4至500个字的办理说明，以便回访和日后核查。", field="note"
)
ASSIGNEE_UNKNOWN = refusal_kind(
    "rectification.assignee_unknown",
    "整改人的工号不存在、已停用或不属于该管理部，请核对后重新填写。",
    field="assignee",
)
DRAFT_ITEM_UNKNOWN = refusal_kind("case.draft_item", "没有这个服务事项，请返回重新选择。", field="item")
DRAFT_TOO_LONG = refusal_kind("case.draft_length", "草稿最多{most}个字，请精简后重试。", field="content")
CHANNEL_OFF = refusal_kind(
    "channel.switched_off",
    "“{item}”在本渠道暂停受理，请稍后再试，或改到其他渠道、就近管理部办理。",
    retryable=True,
)
SWITCH_REASON = refusal_kind("channel.reason_length", "请填写4至200个字的开关原因，以便日后核查。", field="reason")
SWITCH_ITEM_UNKNOWN = refusal_kind("channel.item_unknown", "没有该服务事项，请从列表中重新选择。", field="item")
ALREADY_SIGNED = refusal_kind("case.already_signed", "您已在本环节签署意见，其余各席须由其他人员签署。")
CORRECTION_TEXT = refusal_kind(
    "case.correction_text", "请填写4至1000个字的补正说明，逐项说明补正要求中的问题。", field="statement"
)
CORRECTION_LATE = refusal_kind("case.correction_late", "补正期限已于{due}届满，请重新提交申请。")
DEPUTY_UNKNOWN = refusal_kind(
    "review.deputy_unknown", "被代理人或代理人的登录名不存在、已停用或为同一人，或该代理已结束，请核对后重新填写。"
)
DEPUTY_UNFIT = refusal_kind(
    "review.deputy_unfit", "被代理人和代理人都须是审核、主管或财务人员，请另选代理人。", field="deputy"
)
DEPUTY_PERIOD = refusal_kind(
    "review.deputy_period", "代理应从今天或以后开始，一次不超过{most}天，请调整起止日期。", field="until_on"
)
DEPUTY_REASON = refusal_kind("review.deputy_reason", "请填写2至200个字的代理原因，如休假、出差。", field="reason")
DEPUTY_RUNNING = refusal_kind("review.deputy_running", "被代理人在该期间已有代理人，请先结束原有代理。", field="absent")
BATCH_SIZE = refusal_kind("review.batch_size", "请选择1至{most}件业务后再批量办理。", field="case_nos")
