"""Refusals of registering, granting and delegating."""

from domain.kernel.refusal import refusal_kind

SERVICE_UNKNOWN = refusal_kind("grants.service_unknown", "该服务尚未登记或未获批准，请先登记服务。", field="service")
SERVICE_MALFORMED = refusal_kind(
    "grants.service_malformed", "服务代码应为2至40位小写字母、数字或下划线，以字母开头，请重新填写。", field="service"
)
SERVICE_TAKEN = refusal_kind("grants.service_taken", "该服务已登记，请在列表中查看其状态。", field="service")
SERVICE_WITHOUT_DOCUMENTS = refusal_kind(
    "grants.service_without_documents", "该服务还没有登记任何文档，请先登记文档再登记服务。", field="service"
)
PARTY_UNKNOWN = refusal_kind("grants.party_unknown", "没有找到该第三方，或其尚未获批准，请核对后重试。", field="party")
PARTY_MALFORMED = refusal_kind(
    "grants.party_malformed", "第三方代码应为3至32位小写字母、数字或下划线，以字母开头，请重新填写。", field="code"
)
PARTY_TAKEN = refusal_kind("grants.party_taken", "该第三方代码已被使用，请换一个代码。", field="code")
USCC_MALFORMED = refusal_kind(
    "grants.uscc_malformed", "统一社会信用代码应为18位数字或大写字母，请核对后重新填写。", field="uscc"
)
NAME_REQUIRED = refusal_kind("grants.name_required", "请填写2至60个字的名称或说明。", field="name")
REASON_REQUIRED = refusal_kind("grants.reason_required", "请填写4至200个字的原因。", field="reason")
KEY_MALFORMED = refusal_kind(
    "grants.key_malformed", "公钥应为PEM格式的Ed25519、P-256或SM2公钥，请核对后重新提交。", field="public_key"
)
KEY_TAKEN = refusal_kind("grants.key_taken", "该公钥已登记过，请生成新的密钥对。", field="public_key")
DOCUMENT_UNKNOWN = refusal_kind(
    "grants.document_unknown", "服务中没有名为{name}的有效文档，请重新选择。", field="documents"
)
DOCUMENTS_REQUIRED = refusal_kind("grants.documents_required", "请至少选择一个文档。", field="documents")
FIELDS_REQUIRED = refusal_kind(
    "grants.fields_required", "字段范围不足以执行文档{name}（缺少{field}），请补充字段或不选该文档。", field="fields"
)
FIELDS_UNUSED = refusal_kind(
    "grants.fields_unused", "所选文档都不读取字段{field}，请从字段范围中删除。", field="fields"
)
PURPOSE_MALFORMED = refusal_kind(
    "grants.purpose_malformed", "用途代码应为3至40位小写字母、数字或下划线，以字母开头，请重新填写。", field="purpose"
)
QUOTA_MALFORMED = refusal_kind(
    "grants.quota_malformed", "每日调用次数应在1至{calls_most}之间，每日点数应在1至{points_most}之间。", field="quota"
)
END_MALFORMED = refusal_kind("grants.end_malformed", "截止日期应在明天至{most}之间，请重新选择。", field="ends_on")
REPRESENTS_UNKNOWN = refusal_kind(
    "grants.represents_unknown", "请选择第三方以谁的名义调用：自身、个人或单位。", field="represents"
)
GRANT_UNKNOWN = refusal_kind("grants.grant_unknown", "没有找到该授权，请核对后重试。", field="grant")
STATE_UNFIT = refusal_kind("grants.state_unfit", "当前状态为“{state}”，不能这样办理，请刷新后查看。")
CHANGE_OVERTAKEN = refusal_kind("grants.change_overtaken", "申请提出后情况已变化，请退回后重新提出。")
DELEGATION_UNKNOWN = refusal_kind("grants.delegation_unknown", "没有找到该委托，或委托已结束。", field="delegation")
DELEGATION_END = refusal_kind("grants.delegation_end", "委托期限应在明天至{most}之间，请重新选择。", field="endsOn")
DELEGATION_PURPOSE = refusal_kind(
    "grants.delegation_purpose", "该第三方没有这一用途的授权，不能接受委托，请核对后重试。", field="purpose"
)
DELEGATION_STANDING = refusal_kind(
    "grants.delegation_standing", "该单位对这一第三方和用途已有有效委托，如需变更请先终止原委托。", field="purpose"
)
PAPER_REQUIRED = refusal_kind("grants.paper_required", "请填写委托书编号（4至40个字符）。", field="paper_no")
EMPLOYER_UNKNOWN = refusal_kind("grants.employer_unknown", "没有找到该单位，请核对单位登记号。", field="employer_no")
