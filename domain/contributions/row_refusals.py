"""What is said about one row of a list; each with the row's number and column beside it (`lists.rows`)."""

from domain.kernel.refusal import refusal_kind

# The form of a row
ROW_BLANK = refusal_kind("row.blank", "请填写{column}。")
ROW_ENCODING = refusal_kind("row.encoding", "此行含有无法识别的字符，请按GBK或UTF-8编码重新填写此行。")
ROW_COLUMNS = refusal_kind("row.columns", "此行的列数与表头不一致，请检查是否有多余的逗号或换行。")
ROW_FORMULA = refusal_kind("row.formula", "{column}是公式，请粘贴为数值后重新上传。")
ROW_MERGED = refusal_kind("row.merged", "{column}是合并单元格，请取消合并并逐行填写。")
ROW_ERROR_CELL = refusal_kind("row.error_cell", "{column}是错误值（如#N/A），请改正后重新上传。")
ROW_TOO_LONG = refusal_kind("row.too_long", "{column}内容过长，请核对后修改。")
ROW_CONTROL = refusal_kind("row.control", "{column}含有换行或不可见字符，请删除后重新填写。")
ROW_NUMBER_CELL = refusal_kind(
    "row.number_as_text", "证件号码被存为数字，后几位可能已丢失，请把该列设为文本格式后重新填写。"
)
ROW_ACTION = refusal_kind("row.action", "变更类型应为{names}之一，请修改。")
ROW_DOCUMENT_TYPE = refusal_kind("row.document_type", "证件类型应为{names}之一，请修改。")
ROW_DOCUMENT_NO = refusal_kind("row.document_no", "身份证件号码不正确（出生日期或校验位有误），请核对证件后修改。")
ROW_NAME = refusal_kind("row.name", "姓名应为2至60个字，请按证件填写。")
ROW_MOBILE = refusal_kind("row.mobile", "手机号码应为11位数字，请修改。")
ROW_AMOUNT = refusal_kind("row.amount", "{column}应为以元为单位、至多两位小数的数字，请修改。")
ROW_MONTH = refusal_kind("row.month", "{column}应如2026-11或202611，请修改。")
ROW_REASON = refusal_kind("row.reason", "{column}应为{names}之一，请修改。")

# What a row comes to
ROW_BASE_LOW = refusal_kind("row.base_low", "缴存基数低于下限{floor}，请按下限或实际工资填写。")
ROW_BASE_HIGH = refusal_kind("row.base_high", "缴存基数高于上限{ceiling}，请按上限填写。")
ROW_AMOUNT_DIFFERS = refusal_kind(
    "row.amount_differs", "金额与按基数和比例计算的{amount}不一致，请核对基数或删去金额由系统计算。"
)
ROW_NO_POLICY = refusal_kind("row.no_policy", "{month}没有可用的缴存基数上下限，请核对年月。")
ROW_BASE_SAME = refusal_kind("row.base_same", "新基数与现行基数相同，无需变更，请删除此行。")

# Against other rows
ROW_TWICE = refusal_kind("row.twice", "与本清册第{row}行重复，请只保留一行。")
ROW_IN_TRANSIT = refusal_kind("row.in_transit", "该职工已在在途清册{list_no}第{row}行，请先办结或撤销该清册。")
ROW_IN_TRANSIT_OTHER = refusal_kind(
    "row.in_transit_other", "该职工正由其他单位办理变更，请与职工核实后，待其办结再提交。"
)
ROW_MOBILE_SHARED = refusal_kind("row.mobile_shared", "该手机号码与第{row}行相同，请确认是否为本人号码。")

# Against the person
ROW_PERSON_UNKNOWN = refusal_kind("row.person_unknown", "没有找到该职工的公积金账户，请核对证件号码，或选择新开户。")
ROW_NAME_DIFFERS = refusal_kind("row.name_differs", "姓名与已登记的不一致，请按证件核对；姓名变更请先到管理部办理。")
ROW_HAS_ACCOUNT = refusal_kind("row.has_account", "该职工在本单位已有{state}账户，请选择{action}。")
ROW_HAS_ACCOUNT_ELSEWHERE = refusal_kind(
    "row.has_account_elsewhere", "该职工已有封存账户，请选择“转入”，账户余额随之转入本单位。"
)
ROW_TWO_EMPLOYERS = refusal_kind("row.two_employers", "该职工正由其他单位缴存，不能重复缴存，请由原单位封存后再办理。")
ROW_STATE = refusal_kind("row.state", "该职工账户为“{state}”，不能办理{action}，请核对。")
ROW_NOT_HERE = refusal_kind("row.not_here", "该职工的账户不在本单位，不能办理{action}，请核对证件号码。")
ROW_HERE = refusal_kind("row.here", "该职工的账户已在本单位，请选择“启封”。")
ROW_SEVERAL_ACCOUNTS = refusal_kind("row.several_accounts", "该职工名下有多个账户，请先到管理部办理账户合并。")
ROW_FROZEN = refusal_kind("row.frozen", "该职工账户已被冻结，不能办理{action}，请联系管理部。")
ROW_HAS_BALANCE = refusal_kind("row.has_balance", "账户还有余额，不能直接销户，请由职工办理销户提取。")
ROW_MONTH_PAID = refusal_kind("row.month_paid", "{month}已缴存，漏缴和缓缴补缴不能重复缴纳，请核对年月。")
ROW_MONTH_NOT_PAID = refusal_kind("row.month_not_paid", "{month}尚未缴存，应按漏缴补缴，请修改补缴原因。")
ROW_MONTH_FUTURE = refusal_kind("row.month_future", "补缴年月应早于下一个汇缴月份{month}，请修改。")
ROW_MONTH_EARLY = refusal_kind("row.month_early", "补缴年月早于单位启缴年月{month}，请核对。")

# Against registries
ROW_PENSION = refusal_kind("row.pension", "该职工已按月领取养老金，不能增员或启封，请核对。")
ROW_CONTRIBUTES_ELSEWHERE = refusal_kind(
    "row.contributes_elsewhere", "该职工正在{centre}缴存，请先在当地封存并办理异地转移后再增员。"
)
ROW_IDENTITY = refusal_kind("row.identity", "姓名与证件号码不是同一人，请按证件核对后修改。")
ROW_NOT_ANSWERED = refusal_kind(
    "row.not_answered", "{agency}暂未答复，无法核验该职工，请稍后对未通过的行重新校验。", retryable=True
)
