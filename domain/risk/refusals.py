"""Refusals about the lists of persons and appeals."""

from domain.kernel.refusal import refusal_kind

ENTRY_NOT_FOUND = refusal_kind("risk.entry_not_found", "没有找到该名单记录，请返回列表重新选择。", field="id")
LIST_UNKNOWN = refusal_kind("risk.list_unknown", "名单类型或原因不在可选范围内，请重新选择。", field="list")
DOCUMENT_MALFORMED = refusal_kind(
    "risk.document_malformed", "证件类型或号码不符合规则，请按证件核对后重新填写。", field="document_no"
)
NAME_MALFORMED = refusal_kind("risk.name_malformed", "请按证件填写姓名（1至60个字）。", field="name")
REASON_LENGTH = refusal_kind("risk.reason_length", "请填写4至200个字的事由，本人可以看到该事由。", field="reason")
EVIDENCE_LENGTH = refusal_kind("risk.evidence_length", "请填写4至200个字的依据，如案卷号、文书号。", field="evidence")
TERM_MALFORMED = refusal_kind(
    "risk.term_malformed",
    "有效期应从今天或以前开始，截止日不早于今天、不晚于{most}，请核对后重新填写。",
    field="until_on",
)
LISTED_ALREADY = refusal_kind(
    "risk.listed_already", "该证件已在同一名单内（有效期至{until}），不能重复登记；如需延长请先移出再登记。"
)
NOT_IN_FORCE = refusal_kind("risk.not_in_force", "该名单记录已移出或已到期，无需再办理。")
APPEAL_LENGTH = refusal_kind(
    "risk.appeal_length", "请填写10至1000个字的申诉理由，并说明可以证明的材料。", field="statement"
)
APPEAL_WAITING = refusal_kind(
    "risk.appeal_waiting", "该记录的申诉正在处理，将于{due}前答复，请等待答复或先撤回后重新提出。"
)
APPEAL_NOT_FOUND = refusal_kind("risk.appeal_not_found", "没有找到该申诉，或该申诉已经答复，请刷新后查看。", field="id")
APPEAL_OWN = refusal_kind("risk.appeal_own", "登记或复核该记录的人员不能处理对它的申诉，请由其他人员办理。")
ANSWER_LENGTH = refusal_kind("risk.answer_length", "请填写4至500个字的答复，申诉人可以看到该答复。", field="answer")
FILE_MALFORMED = refusal_kind(
    "risk.file_malformed",
    "名单文件应为CSV，首行为：证件类型,证件号码,姓名,原因代码,事由,依据,截止日期；每次不超过{most}行。",
    field="file",
)
FILE_NOTHING = refusal_kind("risk.file_nothing", "文件中没有可以登记的行，请按每行的提示修改后重新上传。", field="file")
