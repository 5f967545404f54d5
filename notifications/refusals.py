"""What the SMS area says no to."""

from domain.kernel.refusal import refusal_kind

CODES_TOO_MANY = refusal_kind(
    "sms.codes_too_many", "向该手机号码发送验证码过于频繁，请{minutes}分钟后再试。", field="mobile", retryable=True
)
MOBILE_MALFORMED = refusal_kind("sms.mobile_malformed", "手机号码应为11位数字，请核对后重新填写。", field="mobile")
MESSAGE_NOT_FOUND = refusal_kind("sms.message_not_found", "没有找到该短信，请从短信页面重新进入。")
NOT_RESENDABLE = refusal_kind("sms.not_resendable", "只有未能发出的短信可以重发，该短信现在的状态是“{state}”。")
MAY_HAVE_ARRIVED = refusal_kind(
    "sms.may_have_arrived",
    "该短信可能已经送达，重发会使当事人收到两次。确需重发的，请勾选“已知可能重复”。",
    field="certain",
)
REASON_MISSING = refusal_kind("sms.reason_missing", "请填写原因，5至200字。", field="reason")
CARRIER_UNKNOWN = refusal_kind("sms.carrier_unknown", "没有该运营商，请从列表中选择。", field="carrier")
WANTED_UNKNOWN = refusal_kind("sms.wanted_unknown", "请选择强制启用、强制停用或恢复自动。", field="wanted")
OVERRIDE_OPEN = refusal_kind("sms.override_open", "该运营商已有一项待复核或待执行的人工干预，请先处理。")
OVERRIDE_NOT_OPEN = refusal_kind("sms.override_not_open", "该项人工干预已处理，请刷新页面查看。")
SAME_PERSON = refusal_kind("sms.same_person", "提出人不能复核自己提出的事项，请由另一位同事复核。")
TEMPLATE_UNKNOWN = refusal_kind("sms.template_unknown", "没有该短信模板，请从模板列表中选择。")
TEMPLATE_OPEN = refusal_kind("sms.template_open", "该模板已有一个版本等待审定，请先审定或撤回。")
TEMPLATE_NOT_OPEN = refusal_kind("sms.template_not_open", "该版本已审定或撤回，请刷新页面查看。")
TEMPLATE_TEXT = refusal_kind(
    "sms.template_text", "内容不能为空，不能含有【】、换行或不成对的花括号，请修改后重试。", field="text"
)
TEMPLATE_VARIABLE = refusal_kind(
    "sms.template_variable", "内容中的变量{names}不是该模板可用的变量（可用：{offered}），请修改后重试。", field="text"
)
TEMPLATE_LONG = refusal_kind(
    "sms.template_long", "按样例填写后共{units}字、{parts}条，超过{most}条的上限，请精简。", field="text"
)
RANGES_MALFORMED = refusal_kind(
    "sms.ranges_malformed", "第{line}行有误：{why}。整个文件未导入，请改正后重新上传。", field="file"
)
PRICES_MALFORMED = refusal_kind("sms.prices_malformed", "价格表有误：{why}。请改正后重新提交。", field="prices")
PRICE_BEFORE = refusal_kind(
    "sms.price_before",
    "生效日期{day}的价格已经存在，价格一经登记不能更改；如有变更请另登记新的生效日期。",
    field="valid_from",
)
BUDGET_MALFORMED = refusal_kind("sms.budget_malformed", "预算应为大于零的金额，报警比例为1至100。", field="amount")
PERIOD_MALFORMED = refusal_kind("sms.period_malformed", "月份格式应为2026-11，请重新填写。", field="period")
INVOICE_MALFORMED = refusal_kind(
    "sms.invoice_malformed", "账单文件第{line}行有误：{why}。整个文件未导入，请与运营商核对后重新上传。", field="file"
)
INVOICE_REPEATED = refusal_kind("sms.invoice_repeated", "该账单文件已经导入过，请在账单列表中查看。", field="file")
INVOICE_NOT_FOUND = refusal_kind("sms.invoice_not_found", "没有找到该账单，请从账单列表重新进入。")
INVOICE_DECIDED = refusal_kind("sms.invoice_decided", "该账单已有核对结论，请刷新页面查看。")
NOTE_MISSING = refusal_kind("sms.note_missing", "账单有{count}处差异，请说明处理意见，5至200字。", field="note")
