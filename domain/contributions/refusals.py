"""Refusals about accounts, persons, employers and what is contributed. Those of rows of lists: `row_refusals`."""

from domain.kernel.refusal import refusal_kind

ACCOUNT_NOT_FOUND = refusal_kind(
    "account.not_found", "没有找到该公积金账户，请核对账号，或到就近管理部查询。", field="accountNo"
)
NO_ACCOUNT = refusal_kind("account.none", "您名下没有住房公积金账户，请联系单位办理开户后再申请。")
REASON_REQUIRED = refusal_kind(
    "person.reason_required", "查看完整信息须填写4至100个字的事由，请补充后重试。", field="reason"
)

# Employers
EMPLOYER_NOT_FOUND = refusal_kind("employer.not_found", "没有找到该单位，请核对单位登记号。", field="employerNo")
EMPLOYER_OTHER = refusal_kind("employer.other", "您不是该单位的经办人，请由该单位授权后办理。", field="employerNo")
EMPLOYER_OFFICE = refusal_kind(
    "employer.other_office", "该单位由其他管理部管理，请转该管理部办理。", field="employerNo"
)
EMPLOYER_CLOSED = refusal_kind(
    "employer.closed",
    "该单位已销户，不能再办理此业务；如需恢复缴存，请到所属管理部办理恢复开户，原登记号和历史记录继续使用。",
)
EMPLOYER_SEALED = refusal_kind("employer.sealed", "该单位账户已封存，请先办理单位启封再办理此业务。")
EMPLOYER_NOT_READY = refusal_kind(
    "employer.not_registered", "该单位的缴存登记资料尚未建立，请到所属管理部补录后再办理。"
)
USCC_INVALID = refusal_kind(
    "employer.uscc_invalid", "统一社会信用代码不正确，请按营业执照或登记证书填写18位代码。", field="uscc"
)
USCC_KNOWN = refusal_kind(
    "employer.uscc_registered", "该统一社会信用代码已登记为单位{employer_no}，不能重复登记。", field="uscc"
)
USCC_CLOSED = refusal_kind(
    "employer.uscc_closed",
    "该统一社会信用代码的单位{employer_no}已销户，不需重新登记，请到所属管理部办理恢复开户。",
    field="uscc",
)
NAME_INVALID = refusal_kind("employer.name_invalid", "单位名称应为2至100个字，请按登记证书填写。", field="name")
OFFICE_UNKNOWN = refusal_kind("employer.office_unknown", "没有该管理部，请从列表中选择。", field="officeCode")
KIND_UNKNOWN = refusal_kind("employer.kind_unknown", "单位性质不正确，请从列表中选择。", field="kind")
PAY_DAY_INVALID = refusal_kind("employer.pay_day_invalid", "发薪日应为1至31日，请修改。", field="payDay")
FIRST_MONTH_INVALID = refusal_kind(
    "employer.first_month_invalid", "启缴年月应在{least}至{most}之间，请修改。", field="firstMonth"
)
CONTACT_INVALID = refusal_kind("employer.contact_invalid", "{what}格式不正确，请修改后重试。", field="contact")
MONTH_NOT_LATER = refusal_kind(
    "employer.month_not_later",
    "该单位下次应缴{month}，汇缴月份只能往后调整，请修改；已缴月份有误的请办理冲正。",
    field="month",
)
MONTH_HAS_PEOPLE = refusal_kind(
    "employer.month_has_people", "{month}有{count}名职工应缴存，不能跳过该月，请先汇缴或办理职工变更。", field="month"
)
LEGAL_PERSON = refusal_kind(
    "employer.legal_person",
    "变更法定代表人须同时填写姓名（2至60个字）和18位身份证号码，请核对后重试。",
    field="legalName",
)
DAY_INVALID = refusal_kind(
    "employer.day_invalid", "成立日期应写作2026-11-23，且不晚于今天，请修改。", field="establishedOn"
)
CHANGE_EMPTY = refusal_kind("employer.change_empty", "没有需要变更的内容，请修改后再提交。")
STATE_CHANGE = refusal_kind(
    "employer.state_change", "单位状态不能由“{before}”变为“{after}”，请核对后重新选择。", field="state"
)

# Rates, deferral, lowered rate
RATE_OUTSIDE = refusal_kind("rate.outside", "缴存比例应在{least}至{most}之间，请修改。", field="rate")
RATE_STEP = refusal_kind("rate.step", "缴存比例应为{step}的整数倍，请修改。", field="rate")
RATE_SAME = refusal_kind("rate.same", "新的缴存比例与现行比例相同，无需变更。", field="rate")
RATE_NOT_LOWER = refusal_kind("rate.not_lower", "降低后的比例应低于现行比例{rate}，请修改。", field="rate")
RATE_ONCE = refusal_kind("rate.once_a_year", "本住房公积金年度内已调整过{times}次比例，请到管理部办理。", field="rate")
TERM_TURNED = refusal_kind("term.turned", "结束年月早于开始年月，请修改。", field="untilMonth")
TERM_STARTS_EARLY = refusal_kind(
    "term.starts_early", "开始年月不能早于尚未缴存的{month}，已缴月份不能缓缴或降低比例。", field="fromMonth"
)
TERM_ENDS_LATE = refusal_kind(
    "term.ends_late", "结束年月最晚为本住房公积金年度的{month}，下一年度请重新申请。", field="untilMonth"
)
TERM_NEEDS_RESOLUTION = refusal_kind(
    "term.needs_resolution", "须上传职工代表大会或工会讨论通过的决议，请补充后提交。", field="documents"
)
TERM_OVERLAPS = refusal_kind(
    "term.overlaps", "所选月份已有缓缴或降低比例的约定，请避开或先办理复缴。", field="fromMonth"
)
TERM_NONE = refusal_kind("term.none", "该单位目前没有缓缴或降低比例的约定，无需恢复。")

# Matters of an employer
MATTER_NOT_FOUND = refusal_kind("matter.not_found", "没有找到该单位业务，请核对办件编号。", field="matterNo")
MATTER_OPEN = refusal_kind("matter.open", "该业务已有一件在办（{matter_no}），请办结后再申请。")
MATTER_STATE = refusal_kind("matter.state", "该业务当前为“{state}”，不能进行此操作，请刷新后查看。")
MATTER_SAME_PERSON = refusal_kind("matter.same_person", "受理、复核须由不同人员办理，请由另一名工作人员处理。")
MATTER_REASON = refusal_kind("matter.reason", "请填写4至500个字的原因。", field="reason")
DOCUMENT_KIND = refusal_kind("document.kind", "材料类别不正确，请从列表中选择。", field="documents")
DOCUMENT_TYPE = refusal_kind(
    "document.type", "材料只接受PDF、JPG、PNG文件，且内容须与扩展名一致，请更换文件。", field="documents"
)
DOCUMENT_SIZE = refusal_kind("document.size", "单个材料不能为空或超过{most}MB，请压缩后上传。", field="documents")
DOCUMENT_UNKNOWN = refusal_kind("document.unknown", "没有找到该材料，请返回列表刷新后重新打开。")
CLOSURE_PAPER = refusal_kind(
    "closure.paper", "单位销户须上传上级部门批准文件、法院破产裁定、公司决议或其他依据之一。", field="documents"
)
CLOSURE_PEOPLE = refusal_kind("closure.people", "单位还有{count}名职工正在缴存，请先全部封存或转出再销户。")
CLOSURE_OWES = refusal_kind("closure.owes", "单位有未缴清的汇缴、补缴或缓缴月份（{what}），请缴清后再销户。")
CLOSURE_TRANSIT = refusal_kind("closure.transit", "单位有在途清册或汇缴书（{what}），请办结或撤销后再销户。")
CLOSURE_BALANCE = refusal_kind("closure.balance", "单位暂存款还有{amount}，请先退回或使用后再销户。")

# Payment
METHOD_UNKNOWN = refusal_kind("payment.method_unknown", "缴款方式不正确，请从列表中选择。", field="method")
METHOD_SAME = refusal_kind(
    "payment.method_same", "该汇缴书已按“{method}”等待到账，无需再办；如需改用其他方式请重新选择。", field="method"
)
COLLECTION_NOTICE = refusal_kind(
    "collection.notice", "开通委托收款须阅读并同意现行版本的告知单，请阅读后勾选同意。", field="noticeVersion"
)
COLLECTION_NOT_OPEN = refusal_kind(
    "collection.not_open", "单位尚未开通委托收款，请先在缴款方式管理中开通，或选择其他缴款方式。", field="method"
)
COLLECTION_BANK = refusal_kind(
    "collection.bank", "该银行不是受托银行，不能开通委托收款，请更换账户。", field="bankCode"
)
COLLECTION_ACCOUNT = refusal_kind(
    "collection.account", "扣款账户的账号应为8至32位数字，户名应与单位名称一致，请修改。", field="accountNo"
)
COLLECTION_OTHER_ACCOUNT = refusal_kind(
    "collection.other_account",
    "单位当前的扣款账户是尾号{tail}的账户，与要注销的账户不一致，请核对账号后重新提交。",
    field="accountNo",
)
COLLECTION_DAY = refusal_kind("collection.day", "扣款日应为1至28日，请修改。", field="collectionDay")
COLLECTION_HANDLED = refusal_kind("collection.handled", "该汇缴书没有待处理的托收失败，请刷新后查看最新状态。")
COLLECTION_AGAIN = refusal_kind("collection.again", "该汇缴书已托收{times}次均未成功，请改用其他缴款方式。")
CHEQUE_NO = refusal_kind("payment.cheque_no", "支票缴款须填写支票号码（6至20位数字），请补充。", field="detail")
BALANCE_SHORT = refusal_kind(
    "payment.balance_short", "单位暂存款余额为{balance}，不足以缴纳{amount}，请先汇款或改用其他方式。", field="method"
)

# Lists
LIST_NOT_FOUND = refusal_kind("list.not_found", "没有找到该清册，请核对清册编号。", field="listNo")
LIST_STATE = refusal_kind("list.state", "该清册当前为“{state}”，不能进行此操作，请刷新后查看。")
LIST_MONTH = refusal_kind("list.month", "汇缴变更清册应为{month}，汇缴月份不能间隔，请按顺序办理。", field="month")
LIST_YEAR = refusal_kind("list.year", "跨年清册的起始月份应为7月，且不早于{month}，请修改。", field="month")
LIST_MONTH_DRAWN = refusal_kind(
    "list.month_drawn", "{month}的汇缴书{statement_no}已生成，请先撤销汇缴书再修改清册。", field="month"
)
LIST_NOTHING_ACCEPTED = refusal_kind("list.nothing_accepted", "清册中没有校验通过的行，请修改后重新上传。")
LIST_HAS_REFUSED = refusal_kind(
    "list.has_refused", "清册有{count}行未通过校验，请修改后重新上传，或确认只办理通过的行。", field="acceptedOnly"
)
LIST_IN_TRANSIT = refusal_kind("list.in_transit", "单位已有在途的同类清册{list_no}，请先提交或撤销。")
LIST_ROWS = refusal_kind("list.rows", "一份清册应有1至{most}行，请拆分后上传。", field="file")
LIST_CHANNEL = refusal_kind("list.channel", "企业职工增减请在e窗通办理；单位网厅和自助终端的增减员仅供非企业单位使用。")
ROW_NOT_FOUND = refusal_kind("list.row_not_found", "清册中没有该行，请刷新后查看。", field="rowNo")
FILE_EMPTY = refusal_kind("file.empty", "文件是空的，请选择填写好的清册文件。", field="file")
FILE_SIZE = refusal_kind("file.size", "文件超过{most}MB，请拆分后上传。", field="file")
FILE_FORMAT = refusal_kind(
    "file.format", "只接受CSV（GBK或UTF-8编码）和XLSX文件，请另存为其中一种后上传。", field="file"
)
FILE_BROKEN = refusal_kind("file.broken", "文件已损坏或内容不符合XLSX规范，请用表格软件重新保存后上传。", field="file")
FILE_HEADING = refusal_kind(
    "file.heading", "第1行应为表头，缺少或无法识别的列：{names}，请使用下载的模板。", field="file"
)
FILE_ENCODING = refusal_kind("file.encoding", "文件编码不是GBK或UTF-8，请另存为这两种编码之一后上传。", field="file")

# Statements
STATEMENT_NOT_FOUND = refusal_kind("statement.not_found", "没有找到该汇缴书，请核对编号。", field="statementNo")
STATEMENT_MONTH = refusal_kind("statement.month", "应先缴纳{month}，汇缴月份不能间隔，请按顺序办理。", field="month")
STATEMENT_AHEAD = refusal_kind("statement.ahead", "最多可预缴到{month}，请修改缴款月份。", field="month")
STATEMENT_DRAWN = refusal_kind("statement.drawn", "{month}的汇缴书{statement_no}已生成，请直接缴款。", field="month")
STATEMENT_NOBODY = refusal_kind("statement.nobody", "{month}没有需要缴存的职工，请先办理增员。", field="month")
STATEMENT_DEFERRED = refusal_kind("statement.deferred", "{month}在缓缴期内，如需缴存请先办理复缴。", field="month")
STATEMENT_STATE = refusal_kind("statement.state", "该汇缴书当前为“{state}”，不能进行此操作，请刷新后查看。")
STATEMENT_LIST_OPEN = refusal_kind(
    "statement.list_open", "{month}还有在途清册{list_no}，请先提交或撤销再生成汇缴书。", field="month"
)

INVENTORY_MONTHS = refusal_kind("inventory.months", "一次可下载1至{most}个月的清册，请修改起止月份。", field="until")
INVENTORY_EMPTY = refusal_kind("inventory.empty", "所选月份还没有汇缴书，请先生成汇缴书。", field="from")

# The employer's pages
FORM_STALE = refusal_kind("form.stale", "页面已过期，请刷新后重新提交。", retryable=True)
MONTH_MALFORMED = refusal_kind("form.month", "月份应如2026-11，请修改。", field="month")

# People
FREEZE_AUTHORITY = refusal_kind("freeze.authority", "请填写提出冻结的机关，2至100个字。", field="authority")
FREEZE_ORDER = refusal_kind("freeze.order", "请填写文书编号（4至60个字）并上传文书。", field="orderNo")
FREEZE_ORDER_KNOWN = refusal_kind("freeze.order_known", "该账户已按此文书冻结，不能重复冻结。", field="orderNo")
FREEZE_PERIOD = refusal_kind("freeze.period", "冻结期限应从今日起不超过{years}年，请修改。", field="untilOn")
FREEZE_AMOUNT = refusal_kind("freeze.amount", "冻结金额应大于0且不超过可用余额{available}，请修改。", field="amount")
FREEZE_STATE = refusal_kind("freeze.state", "账户当前为“{state}”，不能办理此操作。", field="accountNo")
FREEZE_NOT_FOUND = refusal_kind("freeze.not_found", "没有找到有效的冻结记录，请核对文书编号。", field="orderNo")
COUNTER_ONLY = refusal_kind("account.counter_only", "此业务请由管理部柜台办理。")

# Cards
CARD_INVALID = refusal_kind("card.invalid", "银行卡号应为12至19位数字，请核对后重新填写。", field="cardNo")
CARD_BANK = refusal_kind("card.bank", "该银行不是受托银行，请更换受托银行的银行卡。", field="bankCode")
CARD_NOT_OWN = refusal_kind(
    "card.not_own", "银行答复：{message}。只能登记本人名下、状态正常的银行卡，请核对卡号和开户银行。", field="cardNo"
)
CARD_UNCHECKED = refusal_kind(
    "card.unchecked", "银行暂时没有答复户名核验，请稍后再试。", field="cardNo", retryable=True
)
CARD_UNKNOWN = refusal_kind("card.unknown", "没有找到该银行卡，请刷新后重新选择。", field="cardId")
CARD_LAST = refusal_kind("card.in_use", "该卡是默认卡，请先将另一张卡设为默认卡再停用。", field="cardId")
CARD_MANY = refusal_kind("card.many", "最多登记{most}张银行卡，请先停用不用的卡。", field="cardNo")

AGENT_SCOPE_UNKNOWN = refusal_kind("agent.scope_unknown", "请选择经办人的业务范围后重新提交。", field="scopes")
EMPLOYER_UNKNOWN = refusal_kind("employer.unknown", "没有找到该单位，请核对单位登记号。", field="employerNo")
DOCUMENT_MALFORMED = refusal_kind(
    "person.document_malformed", "证件号码不正确，请按身份证上的18位号码填写。", field="documentNo"
)
MOBILE_MALFORMED = refusal_kind("person.mobile_malformed", "请填写11位手机号码。", field="mobile")
MOBILE_SAME = refusal_kind("person.mobile_same", "新手机号码与原号码相同，无需变更。", field="mobile")
CHANGE_UNKNOWN = refusal_kind(
    "person.change_unknown", "该链接无效或已过期。如发现账户异常，请立即拨打12329或到就近管理部办理。"
)
CARD_UNKNOWN = refusal_kind("person.card_unknown", "没有找到该银行卡，请刷新后重新选择。", field="cardId")
PERSON_UNKNOWN = refusal_kind("person.unknown", "没有找到该证件对应的人员，请核对证件类型和号码。", field="documentNo")
PERSON_MERGED = refusal_kind("person.merged", "该人员已并入另一登记，请查询合并后的登记。", field="documentNo")
PERSON_SAME = refusal_kind("person.same", "两个证件属于同一登记，无需合并。", field="otherDocumentNo")

REVEALS_SPENT = refusal_kind(
    "person.reveals_spent", "今日查看完整信息已达{most}次上限，请明日再办，或请其他有权人员查看。"
)
