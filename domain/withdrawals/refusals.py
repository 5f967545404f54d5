"""Why a withdrawal is not granted. Every sentence tells the citizen what to do next.

`field` names the GraphQL input field; a refusal without field is about the person's account or situation.
"""

from __future__ import annotations

from domain.kernel.refusal import refusal_kind

# The account.
ACCOUNT_SEALED = refusal_kind(
    "withdrawal.account_sealed",
    "您的公积金账户处于封存状态，不能办理租房提取。请由现单位办理启封并连续缴存满{months_min}个月后再申请；"
    "符合销户提取条件的，可办理销户提取。",
)
ACCOUNT_CLOSED = refusal_kind(
    "withdrawal.account_closed",
    "您选择的公积金账户已销户，不能办理租房提取。如您在其他单位缴存，请使用正常缴存的账户申请。",
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
    "租房提取须连续缴存满{months_min}个月（含），您目前连续缴存{months}个月。请再连续缴存{months_lacking}个月后申请；"
    "如单位漏缴，请联系单位补缴。",
)
BALANCE_INSUFFICIENT = refusal_kind(
    "withdrawal.balance_insufficient",
    "您的账户可用余额为{available}，没有可提取的金额。请在下次缴存入账后再申请。",
)
ADVERSE_RECORD = refusal_kind(
    "withdrawal.adverse_record",
    "您有违规提取的不良信息记录，自记录之日起{years}年内不能办理提取。如有异议，请到就近管理部申请复核。",
)
ARRANGEMENT_RUNNING = refusal_kind(
    "withdrawal.arrangement_running",
    "您已有正在执行的租房提取约定，不能重复申请。如需变更提取频率或银行卡，请先终止现有约定再重新申请。",
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
    "办理租房提取须作出无房承诺，请阅读并勾选《授权、承诺书》后重新提交。",
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
    "没有查询到该租房备案编号，请核对后重新填写；无房租房提取可不填此项。",
    field="rentalFilingNo",
)
RENTAL_FILING_EXPIRED = refusal_kind(
    "withdrawal.rental_filing_expired",
    "该租房备案已失效，请先在房屋租赁管理服务平台更新备案；无房租房提取可不填此项。",
    field="rentalFilingNo",
)
RENTAL_FILING_OF_OTHERS = refusal_kind(
    "withdrawal.rental_filing_of_others",
    "该租房备案的承租人不是您或您的配偶，请核对备案编号；无房租房提取可不填此项。",
    field="rentalFilingNo",
)
