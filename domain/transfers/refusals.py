"""Refusals of 异地转移接续."""

from domain.kernel.refusal import refusal_kind

ACCOUNT_STATE = refusal_kind(
    "transfer.account_state", "您的公积金账户当前为“{state}”，不能办理转入；请由单位办理启封并正常缴存后再申请。"
)
MONTHS_SHORT = refusal_kind(
    "transfer.months_short",
    "转入前须在本市连续缴存满{least}个月，您目前连续缴存{months}个月；请满足条件后再申请。",
)
CENTRE_UNKNOWN = refusal_kind(
    "transfer.centre_unknown",
    "没有找到该转出地中心，请从列表中重新选择；列表没有的中心请到柜台办理。",
    field="otherCentre",
)
CENTRE_OWN = refusal_kind(
    "transfer.centre_own", "转出地不能是本中心；本市账户合并请到管理部办理。", field="otherCentre"
)
OTHER_ACCOUNT_MALFORMED = refusal_kind(
    "transfer.other_account_malformed",
    "请填写6至30位字母或数字的转出地个人账号，可向转出地中心查询。",
    field="otherAccount",
)
ACCOUNT_UNKNOWN = refusal_kind("transfer.account_unknown", "没有找到您的公积金账户，请核对后重试。", field="accountNo")
PERSON_UNKNOWN = refusal_kind(
    "transfer.person_unknown", "没有找到该证件的公积金账户，请核对证件号码。", field="documentNo"
)
FUND_ACCOUNT_MISSING = refusal_kind(
    "transfer.fund_account_missing", "中心没有可用于转移接续的活期专户，请先由财务登记专户。"
)
LETTERS_EXHAUSTED = refusal_kind("transfer.letters_exhausted", "今日联系函编号已用完，请明日再办理。", retryable=True)
NOT_FOUND = refusal_kind("transfer.not_found", "没有找到该转移申请，请返回列表重新选择。")
STEP_NOT_POSSIBLE = refusal_kind(
    "transfer.step_not_possible", "该转移申请当前为“{state}”，不能“{action}”，请刷新后查看最新状态。"
)
STEP_NOT_YOURS = refusal_kind("transfer.step_not_yours", "“{action}”须由有相应岗位的人员办理。")
SAME_PERSON = refusal_kind("transfer.same_person", "“{action}”不能由办理过“{before}”的同一人办理，请交由他人办理。")
OTHER_OFFICE = refusal_kind("transfer.other_office", "该转移申请属于其他管理部，请由所属管理部办理。")
REASON_MISSING = refusal_kind(
    "transfer.reason_missing", "请填写4至200个字的说明，将告知对方中心或申请人。", field="note"
)
CANCEL_TOO_LATE = refusal_kind(
    "transfer.cancel_too_late",
    "转移申请当前为“{state}”，转出地已接收联系函，不能撤销；如需停止，请到柜台由中心与转出地协商。",
)
CANCEL_ASKED = refusal_kind("transfer.cancel_asked", "撤销申请已经提交，正在等待平台确认，请稍后查看结果。")
ANSWER_NOT_NOW = refusal_kind(
    "transfer.answer_not_now", "转移申请当前为“{state}”，不需要答复；协商中或转出地审核不通过时才能提交说明。"
)
ANSWER_LENGTH = refusal_kind("transfer.answer_length", "请填写4至200个字的说明，方便中心核对。", field="statement")
OUT_STATE = refusal_kind(
    "transfer.out_state", "账户状态为“{state}”，不符合转出条件（须为封存）；请审核不通过并告知转入地中心。"
)
OUT_HELD = refusal_kind("transfer.out_held", "账户有冻结或占用金额{held}，不能全额转出；请待解除后办理或审核不通过。")
OUT_EMPTY = refusal_kind("transfer.out_empty", "账户没有可转出的金额，请审核不通过。")
OUT_LOAN = refusal_kind("transfer.out_loan", "职工有未结清的公积金贷款，不能转出；请审核不通过。", field="loanOpen")
OUT_FRAUD = refusal_kind("transfer.out_fraud", "职工有骗提骗贷记录待处理，不能转出；请审核不通过。", field="fraud")
OUT_NAME = refusal_kind("transfer.out_name", "联系函上的姓名与账户登记不一致，请审核不通过或发起协商。")
OUT_UNKNOWN = refusal_kind("transfer.out_unknown", "联系函没有对应的账户，不能划款；请审核不通过。")
LOAN_COUNT = refusal_kind("transfer.loan_count", "请填写0至20之间的贷款次数。", field="loanCount")
MONEY_LEFT = refusal_kind("transfer.money_left", "款项已划出或正在划出，不能再这样办理；请与对方中心协商。")
MONEY_NOT_LEFT = refusal_kind("transfer.money_not_left", "款项还没有划出，请先审核通过并划款。")
LETTER_CHANGED = refusal_kind("transfer.letter_changed", "同一联系函编号的内容与先前不一致，请与对方中心核对。")
LETTER_UNKNOWN = refusal_kind("transfer.letter_unknown", "没有找到联系函{letter}，请核对编号。")
INFO_CHANGED = refusal_kind(
    "transfer.info_changed", "转出信息与先前不一致而没有经过协商，请与转出地中心核对后由其按协商修改重新发送。"
)
INFO_AMOUNT = refusal_kind("transfer.info_amount", "转移金额不等于本金与利息之和，请与转出地中心核对。")
NOT_POSTABLE = refusal_kind("transfer.not_postable", "款项没有到账，或已经入账，不能再次入账；请刷新后查看。")
