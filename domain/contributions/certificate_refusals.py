"""Refusals about certificates of compliance, what the centre ordered or imposed, and reminders of what is owed."""

from domain.kernel.refusal import refusal_kind

CERTIFICATE_KIND = refusal_kind("certificate.kind", "证明种类不正确，请从列表中选择。", field="kind")
CERTIFICATE_PERIOD = refusal_kind(
    "certificate.period", "查询期间应不超过{most}个月，且止于{until}或更早，请修改。", field="untilMonth"
)
CERTIFICATE_BEFORE_OPENING = refusal_kind(
    "certificate.before_opening", "单位自{month}起缴存，查询期间不能早于该月，请修改。", field="fromMonth"
)
CERTIFICATE_PURPOSE = refusal_kind("certificate.purpose", "请填写用途，4至100个字。", field="purpose")
CERTIFICATE_RULING = refusal_kind(
    "certificate.ruling", "破产（强制清算）信息查询须上传法院裁定，请补充后提交。", field="documents"
)
CERTIFICATE_UNPAID = refusal_kind(
    "certificate.unpaid", "查询期间有{count}个月应缴未缴（{months}），请缴清后再申请。", field="fromMonth"
)
CERTIFICATE_ARREARS = refusal_kind("certificate.arrears", "有已到期未缴的汇缴书或补缴书{statements}，请缴清后再申请。")
CERTIFICATE_ENFORCEMENT = refusal_kind(
    "certificate.enforcement", "查询期间有责令改正、行政处罚或强制执行记录（{documents}），不能出具合规证明。"
)

ENFORCEMENT_KIND = refusal_kind("enforcement.kind", "记录种类不正确，请从列表中选择。", field="kind")
ENFORCEMENT_NUMBER = refusal_kind("enforcement.number", "请填写文书编号，4至60个字。", field="documentNo")
ENFORCEMENT_KNOWN = refusal_kind("enforcement.known", "该文书已登记，不能重复登记。", field="documentNo")
ENFORCEMENT_MATTER = refusal_kind("enforcement.matter", "请填写事由，4至200个字。", field="matter")
ENFORCEMENT_DAY = refusal_kind("enforcement.day", "决定日期不能晚于今日，请修改。", field="decidedOn")
ENFORCEMENT_AMOUNT = refusal_kind("enforcement.amount", "金额应大于0，没有金额的请留空。", field="amount")
ENFORCEMENT_UNKNOWN = refusal_kind("enforcement.unknown", "没有找到未了结的记录，请核对文书编号。", field="documentNo")
ENFORCEMENT_SAME_PERSON = refusal_kind("enforcement.same_person", "登记人不能自己了结该记录，请由另一名工作人员办理。")

REMINDER_MEANS = refusal_kind("reminder.means", "催缴方式不正确，请从列表中选择。", field="means")
REMINDER_CONTACT = refusal_kind("reminder.contact", "请填写联系人，2至60个字。", field="contact")
REMINDER_SAID = refusal_kind("reminder.said", "请填写催缴事项（2至200个字）和对方答复（4至500个字）。", field="said")
REMINDER_TIME = refusal_kind("reminder.time", "催缴时间不能晚于现在，请修改。", field="happenedAt")
REMINDER_PROMISE = refusal_kind("reminder.promise", "承诺缴款日期不能早于催缴日期，请修改。", field="promisedOn")
REMINDER_NOTHING_DUE = refusal_kind("reminder.nothing_overdue", "该单位没有到期未缴的款项，不需催缴。")
REMINDER_NO_PHONE = refusal_kind(
    "reminder.no_phone", "该单位没有登记手机号的缴款经办人，请改用电话、信函或上门催缴，并提醒单位登记经办人。"
)
REMINDER_TODAY = refusal_kind("reminder.texted_today", "今日已向该单位发送催缴短信，请于次日再发或改用其他方式催缴。")
