"""Why a withdrawal is not granted. Every sentence tells the citizen what to do next.

`field` names the GraphQL input field; a refusal without field is about the person's account or situation.
"""

from __future__ import annotations

from datetime import date

from domain.kernel.refusal import Refusal, refusal_kind

# The account.
ACCOUNT_SEALED = refusal_kind(
    "withdrawal.account_sealed",
    "您的公积金账户处于封存状态，不能办理{name}。请由现单位办理启封并按期缴存后再申请；符合销户提取条件的，"
    "可办理销户提取。",
)
ACCOUNT_CLOSED = refusal_kind(
    "withdrawal.account_closed",
    "您选择的公积金账户已销户，不能办理{name}。如您在其他单位缴存，请使用正常缴存的账户申请。",
)
ACCOUNT_FROZEN = refusal_kind(
    "withdrawal.account_frozen",
    "您的公积金账户已被冻结，暂不能提取。请携带身份证件到就近管理部了解冻结原因，解除冻结后再申请。",
)
ACCOUNT_NOT_NORMAL = refusal_kind(
    "withdrawal.account_not_normal",
    "您的公积金账户不是正常缴存状态，不能在线办理。请携带身份证件到就近管理部核实账户状态后再申请。",
)
CONTRIBUTION_TOO_SHORT = refusal_kind(
    "withdrawal.contribution_too_short",
    "{name}须连续缴存满{months_min}个月（含），您目前连续缴存{months}个月。请再连续缴存{months_lacking}个月后申请；"
    "如单位漏缴，请联系单位补缴。",
)
BALANCE_INSUFFICIENT = refusal_kind(
    "withdrawal.balance_insufficient",
    "您的账户可用余额为{available}，没有可提取的金额。请在下次缴存入账后再申请。",
)
ADVERSE_RECORD = refusal_kind(
    "withdrawal.adverse_record",
    "您有不良信息记录{reason}，{until}不能办理非销户提取。如有异议，请在京通小程序“我的记录”中申诉，或到就近管理部申诉。",
)
ARRANGEMENT_RUNNING = refusal_kind(
    "withdrawal.arrangement_running",
    "您已有正在执行的提取约定，同一时期只能办理一种。可变更现有约定的频率或银行卡；需要换成{name}的，请先终止现有约定。",
)

# 专项维修资金.
MAINTENANCE_ACCOUNT_MISSING = refusal_kind(
    "withdrawal.maintenance_account_missing",
    "中心尚未登记住宅专项维修资金专户，不能付款。请财务人员先在“资金结算—资料维护”中登记该专户。",
)
MAINTENANCE_NOT_DEPOSIT = refusal_kind(
    "withdrawal.maintenance_not_deposit",
    "该办件没有划入维修资金专户的款项，没有可退的金额。请核对办件编号。",
)
MAINTENANCE_NOT_ARRIVED = refusal_kind(
    "withdrawal.maintenance_not_arrived",
    "该笔款项尚未到达维修资金专户，不能退款。请待到账后再申请。",
)
MAINTENANCE_AMOUNT = refusal_kind(
    "withdrawal.maintenance_amount",
    "退款金额应大于零，且不超过可退余额。该办件交存{paid}，目前可退{left}，请修改后重新提交。",
    field="amount",
)
MAINTENANCE_NO_PAYEE = refusal_kind(
    "withdrawal.maintenance_no_payee",
    "该人员的公积金账户均已销户或冻结，原收款银行卡也不可用，无处退款。请联系本人登记可用的银行卡，或待账户恢复后再申请。",
)
MAINTENANCE_NOT_WAITING = refusal_kind(
    "withdrawal.maintenance_not_waiting",
    "该笔退款不在待入账状态，不能入账。请刷新页面查看最新状态。",
)

# 提取记录证明.
RECORD_PERIOD = refusal_kind(
    "withdrawal.record_period",
    "记录期间的开始日期应不晚于结束日期，结束日期不晚于今天，期间不超过{years}年。请修改后重新申请。",
    field="fromDay",
)

# 补正.
CORRECTION_FIELD = refusal_kind(
    "withdrawal.correction_field",
    "“{name}”不是该提取类型可以更正的项目。请按补正要求填写，或撤销本申请后重新申请。",
    field="fields",
)
CORRECTION_OTHER_ACCOUNT = refusal_kind(
    "withdrawal.correction_other_account",
    "更正后的内容属于另一个公积金账户，不能在本申请中办理。请撤销本申请后重新申请。",
)
CORRECTION_WITHOUT_FACTS = refusal_kind(
    "withdrawal.correction_without_facts",
    "本申请受理较早，系统没有留存可重新核验的内容，不能在线补正。请撤销本申请后重新申请。",
)

# The home and the family.
HOME_OWNED = refusal_kind(
    "withdrawal.home_owned",
    "经核验，您或您的配偶在本市有自有住房，不符合无房租房提取条件。如与实际不符，请先到不动产登记部门更正登记，"
    "再重新申请。",
)
SPOUSE_REQUIRED = refusal_kind(
    "withdrawal.spouse_required",
    "您的婚姻状况为已婚，请填写配偶姓名和证件号码后重新提交。",
    field="spouseName",
)
SPOUSE_INCOMPLETE = refusal_kind(
    "withdrawal.spouse_incomplete",
    "请同时填写配偶姓名和证件号码；未婚、离异或丧偶的，请将两项都留空。",
    field="spouseName",
)
SPOUSE_DOCUMENT_MALFORMED = refusal_kind(
    "withdrawal.spouse_document_malformed",
    "配偶证件号码有误，请对照证件核对后重新填写。",
    field="spouseDocumentNo",
)
SPOUSE_IS_APPLICANT = refusal_kind(
    "withdrawal.spouse_is_applicant",
    "配偶证件号码与您本人相同，请填写配偶本人的证件号码。",
    field="spouseDocumentNo",
)
SPOUSE_MISMATCH = refusal_kind(
    "withdrawal.spouse_mismatch",
    "您填写的配偶信息与婚姻登记信息不一致，请核对配偶姓名和证件号码；婚姻状况有变动的，请先到婚姻登记机关更正登记，"
    "或携带结婚证到就近管理部办理。",
    field="spouseDocumentNo",
)
SPOUSE_CHECKS_EXHAUSTED = refusal_kind(
    "withdrawal.spouse_checks_exhausted",
    "您今日填写的配偶信息核验次数已达上限，请明日再试，或携带结婚证到就近管理部办理。",
    field="spouseDocumentNo",
)
SPOUSE_NOT_REGISTERED = refusal_kind(
    "withdrawal.spouse_not_registered",
    "婚姻登记信息显示您当前不是已婚状态，请将配偶信息留空后重新提交；如已婚，请携带结婚证到就近管理部办理。",
    field="spouseName",
)

# The application.
COMMITMENT_MISSING = refusal_kind(
    "withdrawal.commitment_missing",
    "办理{name}须作出承诺，请阅读并勾选《授权、承诺书》后重新提交。",
    field="commitment",
)
FREQUENCY_NOT_OFFERED = refusal_kind(
    "withdrawal.frequency_not_offered",
    "不支持所选的提取频率，请选择{offered}后重新提交。",
    field="frequency",
)
CARD_NOT_FOUND = refusal_kind(
    "withdrawal.card_not_found",
    "没有找到您名下的这张银行卡，请重新选择本人已登记的银行卡，或先登记银行卡。",
    field="cardId",
)
CARD_BANK_NOT_ENTRUSTED = refusal_kind(
    "withdrawal.card_bank_not_entrusted",
    "所选银行卡的开户行不是公积金受托银行，请选择或登记一张受托银行的本人银行卡。",
    field="cardId",
)
CARD_INACTIVE = refusal_kind(
    "withdrawal.card_inactive",
    "所选银行卡已停用，请选择其他银行卡，或重新登记银行卡后再申请。",
    field="cardId",
)
RENTAL_FILING_NOT_FOUND = refusal_kind(
    "withdrawal.rental_filing_not_found",
    "没有查询到该租房备案编号，请核对后重新填写；办理无房租房提取的可不填此项。",
    field="rentalFilingNo",
)
RENTAL_FILING_EXPIRED = refusal_kind(
    "withdrawal.rental_filing_expired",
    "该租房备案已失效，请先在房屋租赁管理服务平台更新备案；办理无房租房提取的可不填此项。",
    field="rentalFilingNo",
)
RENTAL_FILING_OF_OTHERS = refusal_kind(
    "withdrawal.rental_filing_of_others",
    "该租房备案的承租人不是您或您的配偶，请核对备案编号；办理无房租房提取的可不填此项。",
    field="rentalFilingNo",
)

# The kind.
KIND_NOT_OFFERED = refusal_kind(
    "withdrawal.kind_not_offered", "{name}在该日期尚未开办或已停办，请选择其他提取类型，或拨打12329咨询。", field="kind"
)
CHANNEL_NOT_OFFERED = refusal_kind(
    "withdrawal.channel_not_offered", "{name}不在本渠道办理，请到个人网上业务平台或就近管理部办理。"
)
FIELD_MISSING = refusal_kind("withdrawal.field_missing", "请填写{name}后重新提交。")
FIELD_INVALID = refusal_kind("withdrawal.field_invalid", "{name}填写有误，请核对后重新填写。")
CHECK_UNANSWERED = refusal_kind(
    "withdrawal.check_unanswered",
    "{check}暂时没有结果，请稍后再试；您的申请信息未保存，不影响再次办理。",
    retryable=True,
)
IDENTITY_MISMATCH = refusal_kind(
    "withdrawal.identity_mismatch", "您的姓名与证件号码核验不一致，请先到公安机关核实身份信息，再重新申请。"
)
LIMIT_EXHAUSTED = refusal_kind(
    "withdrawal.limit_exhausted",
    "该项可提取的总额为{whole}，已提取或已申请{used}，没有剩余可提取的金额。如有疑问请拨打12329。",
)

# What it is for.
CONTRACT_NOT_FOUND = refusal_kind(
    "withdrawal.contract_not_found",
    "没有查询到该购房合同的网签信息，请核对合同编号；刚办理网签的，请次日再试。",
    field="contractNo",
)
CONTRACT_CANCELLED = refusal_kind(
    "withdrawal.contract_cancelled",
    "该购房合同的网签已经注销（退签），不能办理提取。如系误注销，请先恢复网签再重新申请。",
    field="contractNo",
)
CONTRACT_OF_OTHERS = refusal_kind(
    "withdrawal.contract_of_others",
    "该购房合同的买受人不是您或您的配偶，请核对合同编号，或由买受人本人申请。",
    field="contractNo",
)
CONTRACT_ELSEWHERE = refusal_kind(
    "withdrawal.contract_elsewhere", "该住房不在本市，请选择购买京外住房提取后重新申请。", field="contractNo"
)
CONTRACT_IN_CITY = refusal_kind(
    "withdrawal.contract_in_city", "该住房在本市，请选择购买京内住房提取后重新申请。", field="contractNo"
)
NOT_A_NEW_HOME = refusal_kind(
    "withdrawal.not_a_new_home", "首付款提取只适用于新建住房，请选择购买京内住房提取后重新申请。", field="contractNo"
)
INVOICE_NOT_FOUND = refusal_kind(
    "withdrawal.invoice_not_found",
    "没有查询到该发票，请核对发票号码后重新填写；刚开具的，请次日再试。",
    field="invoiceNo",
)
INVOICE_INVALID = refusal_kind(
    "withdrawal.invoice_invalid", "该发票已作废或红冲，请更换有效的发票后重新申请。", field="invoiceNo"
)
INVOICE_OF_OTHERS = refusal_kind(
    "withdrawal.invoice_of_others", "该发票的付款人不是您或您的配偶，请核对后重新填写。", field="invoiceNo"
)
SUBJECT_OF_OTHERS = refusal_kind(
    "withdrawal.subject_of_others",
    "该住房（发票、贷款）已由其他家庭办理过提取，同一事项只能由一个家庭提取。如与实际不符，请携带材料到就近管理部办理。",
)
HOME_RENOVATED_LATELY = refusal_kind(
    "withdrawal.home_renovated_lately",
    "该住房于{last}办理过装修提取，{years}年内不能再次办理。请在期满后再申请。",
    field="certificateNo",
)
LOAN_NOT_FOUND = refusal_kind(
    "withdrawal.loan_not_found", "没有查询到该借款合同，请核对借款合同编号后重新填写。", field="loanContractNo"
)
LOAN_OF_OTHERS = refusal_kind(
    "withdrawal.loan_of_others", "该借款合同的借款人不是您或您的配偶，请核对后重新填写。", field="loanContractNo"
)
NOTHING_REPAID = refusal_kind(
    "withdrawal.nothing_repaid", "该贷款尚无已还本息，请在还款之后再申请提取。", field="loanContractNo"
)
TOO_FEW_CHILDREN = refusal_kind(
    "withdrawal.too_few_children", "多子女家庭租房提取须有{children_min}名及以上未成年子女，请选择其他租房提取类型。"
)

# Closing the account.
NOT_A_PENSIONER = refusal_kind(
    "withdrawal.not_a_pensioner",
    "社会保险部门没有您的养老待遇核定信息，请在核定养老待遇之后再申请；已办理退休的，请到就近管理部核实。",
)
PERSON_ALIVE = refusal_kind(
    "withdrawal.person_alive",
    "没有查询到被继承人的死亡登记信息，请核对姓名和证件号码；已登记的，请携带死亡证明到就近管理部办理。",
    field="deceasedDocumentNo",
)
SEALED_TOO_SHORT = refusal_kind(
    "withdrawal.sealed_too_short",
    "离职销户提取须账户封存满{months_min}个月，您的账户已封存{months}个月，请期满后再申请。",
)
ACCOUNT_NOT_SEALED = refusal_kind(
    "withdrawal.account_not_sealed", "您的账户尚未封存，请先由原单位办理封存，再申请{name}。"
)
REGISTERED_HERE = refusal_kind(
    "withdrawal.registered_here",
    "本市户籍的缴存人离职后账户保留，不能办理非京籍离职销户提取。重新就业后可继续缴存和使用。",
)
CONTRIBUTES_ELSEWHERE = refusal_kind(
    "withdrawal.contributes_elsewhere", "您已在其他城市缴存，请申请异地转移接续，将余额转入新的账户。"
)
LOAN_OPEN = refusal_kind("withdrawal.loan_open", "您有未结清的公积金贷款，请先结清贷款，再申请销户提取。")
NOT_A_FOREIGNER = refusal_kind(
    "withdrawal.not_a_foreigner", "该类提取只适用于外籍、港澳台人员，请选择其他销户提取类型。"
)

# Asked by staff.
ASKED_NOTHING = refusal_kind("withdrawal.asked_nothing", "请选择要核验的项目。", field="question")
ASKED_PERSON_UNKNOWN = refusal_kind(
    "withdrawal.asked_person_unknown", "该办件没有此人的信息，请选择办件中的其他人员。", field="about"
)
ASKED_NUMBER_MISSING = refusal_kind(
    "withdrawal.asked_number_missing", "该办件没有填写{name}的编号，无法核验，请退回申请人补充。", field="question"
)

# Agreed withdrawals.
ARRANGEMENT_NOT_FOUND = refusal_kind(
    "withdrawal.arrangement_not_found", "没有找到该提取约定，请刷新后重新选择。", field="id"
)
ARRANGEMENT_STATE = refusal_kind(
    "withdrawal.arrangement_state", "该提取约定当前为“{state}”，不能{action}，请刷新后查看。"
)
NOTHING_TO_CHANGE = refusal_kind(
    "withdrawal.nothing_to_change", "没有需要变更的内容，请选择新的提取频率、银行卡或总额后提交。"
)
TOTAL_BELOW_PAID = refusal_kind(
    "withdrawal.total_below_paid",
    "约定总额不能低于已支付的{paid}，也不能超过{most}，请重新填写。",
    field="amountWanted",
)
PAPER_NOT_NOW = refusal_kind("withdrawal.paper_not_now", "该办件当前为“{state}”，不能出具所选文书，请刷新后重新选择。")
PAPER_AGAIN = refusal_kind(
    "withdrawal.paper_again", "该文书已打印过，请填写重新打印的原因（不少于4个字）。", field="print_reason"
)

KIOSK_PAPER_UNKNOWN = refusal_kind(
    "withdrawal.kiosk_paper_unknown", "没有找到可以打印的该文书，或其已撤销、已过期，请返回重新选择。", field="paper"
)
KIOSK_PRINTED = refusal_kind(
    "withdrawal.kiosk_printed", "该文书已于{at}打印，每份只能自助打印一次；需要重印请携带身份证到柜台办理。"
)
KIOSK_PRINTING = refusal_kind(
    "withdrawal.kiosk_printing", "该文书正在打印，请稍候取走纸张；没有打印出来请联系现场人员。"
)
KIOSK_TOO_MANY = refusal_kind(
    "withdrawal.kiosk_too_many", "该文书已尝试打印{count}次仍未完成，请携带身份证到柜台打印。"
)
KIOSK_PRINT_UNKNOWN = refusal_kind("withdrawal.kiosk_print_unknown", "没有找到本次打印记录，请返回重新打印。")
KIOSK_REPORTED = refusal_kind("withdrawal.kiosk_reported", "本次打印的结果已经登记为“{state}”，不能更改。")


def adverse_record(*, reason: str, until: date | None) -> Refusal:
    """Why and until when, in the person's own words of the record."""
    return ADVERSE_RECORD(
        reason=f"（{reason}）" if reason else "",
        until=f"至{until.year}年{until.month}月{until.day}日" if until else "有效期内",
    )
