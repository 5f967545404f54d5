"""Refusals of settlement."""

from domain.kernel.refusal import refusal_kind

# desks
SAME_PERSON = refusal_kind("settlement.same_person", "经办与复核不能为同一人，请交由其他人员复核。")
OTHER_OFFICE = refusal_kind("settlement.other_office", "该笔资金不属于您所在的管理部，请交由所属管理部办理。")
REASON_MISSING = refusal_kind("settlement.reason_missing", "请填写办理原因（不少于{least}个字）。", field="reason")
REASON_TOO_LONG = refusal_kind("settlement.reason_too_long", "原因不能超过{most}字，请精简后重新提交。", field="reason")
NOT_FOUND = refusal_kind("settlement.not_found", "没有找到该记录，请核对后重新查询。")
DECIDED_ALREADY = refusal_kind("settlement.decided_already", "该申请已有复核结果，请刷新后查看。")
AMOUNT_INVALID = refusal_kind("settlement.amount_invalid", "金额应大于0元，请核对后重新填写。", field="amount")

# master data
MASTER_PENDING = refusal_kind("settlement.master_pending", "该项资料已有待复核的变更，请先完成复核再提交新的变更。")
MASTER_UNCHANGED = refusal_kind("settlement.master_unchanged", "提交的内容与现有资料一致，无需变更。")
MASTER_FIELD = refusal_kind("settlement.master_field", "{name}填写有误：{problem}，请更正后重新提交。")
MASTER_IN_USE = refusal_kind("settlement.master_in_use", "{what}，暂不能停用或销户，请先处理完毕。")
MASTER_STALE = refusal_kind("settlement.master_stale", "该项资料在提交后已有变动，请退回本次申请并重新提交。")

# what is expected
REFERENCE_MALFORMED = refusal_kind(
    "settlement.reference_malformed", "应收编号应为6至32位字母、数字或连字符，请核对后重新填写。", field="referenceNo"
)
EXPECTATION_CHANGED = refusal_kind(
    "settlement.expectation_changed",
    "该应收编号已按不同内容登记，请先取消原应收再重新登记。",
    field="referenceNo",
)
EXPECTATION_NOT_OPEN = refusal_kind(
    "settlement.expectation_not_open", "该应收已到账或已取消，请刷新后选择其他应收。", field="expectationId"
)
EXPECTATION_CLAIMED = refusal_kind(
    "settlement.expectation_claimed", "该应收已有待复核的认领，请先完成复核。", field="expectationId"
)
EXPECTATION_AMOUNT = refusal_kind(
    "settlement.expectation_amount", "认领金额须等于应收金额{amount}，请调整后重新提交。", field="amount"
)
EXPECTATION_OTHER_SET = refusal_kind(
    "settlement.expectation_other_set",
    "该应收属于其他账套，不能用本笔款项清算，请核对后选择其他应收。",
    field="expectationId",
)

# suspense
SUSPENSE_NOT_COVERED = refusal_kind(
    "settlement.suspense_not_covered", "可认领余额仅{left}，请调整金额后重新提交。", field="amount"
)
REFUND_NOT_COVERED = refusal_kind(
    "settlement.refund_not_covered",
    "单位暂存款中可退回原付款账户的只有{left}，请调整金额；分配退回的款项请用于以后的汇缴或补缴。",
    field="amount",
)
EMPLOYER_UNKNOWN = refusal_kind(
    "settlement.employer_unknown", "没有找到该缴存单位，请核对单位登记号。", field="employerNo"
)
EMPLOYER_SAME = refusal_kind(
    "settlement.employer_same", "转入单位与转出单位相同，请重新选择转入单位。", field="employerNo"
)
OFFICE_UNKNOWN = refusal_kind("settlement.office_unknown", "没有找到该管理部，请重新选择。", field="officeCode")
OFFICE_SAME = refusal_kind("settlement.office_same", "该笔暂收款已在所选管理部，请重新选择。", field="officeCode")
NO_PAYER = refusal_kind(
    "settlement.no_payer", "银行未提供付款人账号或户名，不能原路退回，请改用认领或联系银行补充信息。"
)
DEDUCTION_NOT_COVERED = refusal_kind(
    "settlement.deduction_not_covered",
    "该单位可扣的暂存款仅{left}，不足应收{owed}，请待款项认领到账后再办理。",
    field="expectationId",
)
DEDUCTION_OTHER_EMPLOYER = refusal_kind(
    "settlement.deduction_other_employer", "该应收不是本单位的应收，请重新选择。", field="expectationId"
)
DEDUCTION_WHOLE = refusal_kind("settlement.deduction_whole", "这是单位扣款的一部分，请在“单位暂存款”中整笔复核。")
EMPLOYER_CLOSED = refusal_kind(
    "settlement.employer_closed", "该单位已销户，不能扣款，请将其暂存款退回付款人或调整到其他单位。", field="employerNo"
)
MOVEMENT_FORM = refusal_kind("settlement.movement_form", "该办理方式缺少或多填了项目：{what}，请更正后重新提交。")

# receipts and papers
SCAN_CHANGED = refusal_kind("settlement.scan_changed", "该扫描件已按不同信息登记，请核对后重新上传。", field="scan")
NOTICE_NOT_QUARANTINED = refusal_kind("settlement.notice_not_quarantined", "该通知不在隔离区，无需处理。")

# statements
STATEMENT_FILE = refusal_kind(
    "settlement.statement_file", "对账单未导入：{problem}。请向银行重新下载完整文件后再导入。", field="file"
)
STATEMENT_LINE = refusal_kind(
    "settlement.statement_line",
    "对账单未导入：第{line}行{problem}。请向银行重新下载完整文件后再导入。",
    field="file",
)
STATEMENT_ACCOUNT = refusal_kind(
    "settlement.statement_account", "对账单的账号不是所选专户，请核对后重新选择专户或文件。", field="bankAccount"
)
STATEMENT_FUTURE = refusal_kind(
    "settlement.statement_future", "对账单日期晚于当前业务日期，请核对文件后重新导入。", field="file"
)
STATEMENT_CONTRADICTS = refusal_kind(
    "settlement.statement_contradicts",
    "该专户当日已有对账单，新文件与其不一致（主机流水号{serial}），请与银行核实后重新下载。",
    field="file",
)
STATEMENT_GAP = refusal_kind(
    "settlement.statement_gap",
    "期初余额{opening}与前一日期末余额{closing}不符，请先核对前一日对账单。",
    field="file",
)
RECEIPT_CONTRADICTS = refusal_kind(
    "settlement.receipt_contradicts",
    "主机流水号{serial}与已入账的到账通知内容不一致，请与银行核实后再导入。",
    field="file",
)
BANK_SILENT = refusal_kind(
    "settlement.bank_silent", "银行暂未答复（{reason}），请稍后重试；系统数据未变动。", retryable=True
)
DAY_NOT_OVER = refusal_kind("settlement.day_not_over", "{day}尚未结束，请在次日编制余额调节表。", field="day")
NO_STATEMENT = refusal_kind("settlement.no_statement", "{day}没有对账单，请先下载或导入对账单。", field="day")
TICK_IMPOSSIBLE = refusal_kind("settlement.tick_impossible", "所选银行流水与账面分录{problem}，不能勾对，请重新选择。")

# posting by hand
BANK_NOT_ASKED = refusal_kind(
    "settlement.bank_not_asked", "手动入账前须先向银行查询，且查询结果不超过{minutes}分钟，请先查询银行。"
)
BANK_SAYS_OTHERWISE = refusal_kind(
    "settlement.bank_says_otherwise", "银行最近一次答复为“{answer}”，与所选入账结果不符，请以银行结果为准。"
)
NOT_STUCK = refusal_kind("settlement.not_stuck", "该笔业务不需要手动入账，请刷新后查看最新状态。")
HAND_POSTING_PENDING = refusal_kind("settlement.hand_posting_pending", "该笔业务已有待复核的手动入账，请先完成复核。")
NOT_ON_STATEMENT = refusal_kind(
    "settlement.not_on_statement", "最近下载的对账单中没有该笔流水，请先下载当日对账单再办理手动入账。"
)
REVERSAL_NOT_COVERED = refusal_kind(
    "settlement.reversal_not_covered", "原到账款项的暂收余额不足以冲回，请先撤回其认领再办理。", field="itemId"
)
NO_SUSPENSE = refusal_kind(
    "settlement.no_suspense", "该专户所属账套没有暂收款科目，请由业务部门登记应收后再入账。", field="bankAccount"
)
REVERSAL_FORM = refusal_kind("settlement.reversal_form", "{problem}，请更正后重新提交。", field="itemId")

# bank accounts and deposits
BANK_ACCOUNT_UNKNOWN = refusal_kind(
    "settlement.bank_account_unknown", "没有找到该银行专户，请核对后重新选择。", field="bankAccount"
)
BANK_ACCOUNT_CLOSED = refusal_kind(
    "settlement.bank_account_closed", "该银行专户已销户，请选择其他专户。", field="bankAccount"
)
BANK_ACCOUNT_KIND = refusal_kind(
    "settlement.bank_account_kind", "所选专户的类型不适用于本业务，请重新选择。", field="bankAccount"
)
DEPOSIT_PRODUCT = refusal_kind("settlement.deposit_product", "没有该存款品种，请重新选择。", field="product")
DEPOSIT_MINIMUM = refusal_kind(
    "settlement.deposit_minimum", "{name}金额不得低于{least}，请调整后重新提交。", field="amount"
)
DEPOSIT_NOT_COVERED = refusal_kind(
    "settlement.deposit_not_covered", "存款余额为{balance}，不足以支取，请调整金额。", field="amount"
)
DEPOSIT_BUSY = refusal_kind("settlement.deposit_busy", "该笔存款有在途指令，请待其办结后再提交。")
DEPOSIT_NOT_STANDING = refusal_kind("settlement.deposit_not_standing", "该笔存款不在存续状态，不能办理此业务。")
DEPOSIT_NOTICE = refusal_kind("settlement.deposit_notice", "{problem}，请核对后重新提交。", field="drawOn")
RATE_UNKNOWN = refusal_kind(
    "settlement.rate_unknown", "尚未登记{bank}“{product}”在{day}的利率，请先在资料维护中登记利率。"
)

# batches
BATCH_INVALID = refusal_kind(
    "settlement.batch_invalid", "批量文件第{item}笔{problem}，请更正后重新提交。", field="items"
)
BATCH_SIZE = refusal_kind("settlement.batch_size", "每批应为1至{most}笔，请拆分后重新提交。", field="items")
BATCH_CHANGED = refusal_kind("settlement.batch_changed", "该批次已按不同内容登记，请核对后使用新的批次编号。")
BATCH_RESULT = refusal_kind(
    "settlement.batch_result", "银行批量结果文件未采用：{problem}。系统将重新向银行下载。", retryable=True
)
