"""Refusals of applications from the city's platform."""

from domain.kernel.refusal import refusal_kind

NOT_FOUND = refusal_kind("city.not_found", "没有找到该申请，请返回列表重新选择。")
ITEM_NOT_CONNECTED = refusal_kind("city.item_not_connected", "事项{item}没有接入市统一申办受理平台，请核对事项编码。")
APPLICANT_KIND = refusal_kind("city.applicant_kind", "事项“{item}”不受理此类申请人，请核对申请人类型。")
CHANGED = refusal_kind("city.changed", "同一申请编号的内容与先前不一致，请与平台核对。")
FILE_CHANGED = refusal_kind("city.file_changed", "同一电子文件编号的内容与先前不一致，请与平台核对。")
FILE_LARGE = refusal_kind("city.file_large", "电子文件超过{most}KB，请平台压缩或拆分后重新发送。")
FILE_KIND = refusal_kind("city.file_kind", "电子文件应为PDF、JPEG或PNG，内容与类型须一致。")
FILES_MANY = refusal_kind("city.files_many", "一件申请最多{most}个电子文件，请平台合并后重新发送。")
STEP_NOT_POSSIBLE = refusal_kind("city.step_not_possible", "该申请当前为“{state}”，不能“{action}”，请刷新后查看。")
STEP_NOT_YOURS = refusal_kind("city.step_not_yours", "“{action}”须由有相应岗位的人员办理。")
SAME_PERSON = refusal_kind("city.same_person", "“{action}”不能由受理的同一人办理，请交由他人办理。")
REASON_MISSING = refusal_kind("city.reason_missing", "请填写4至200个字的说明，将报送平台告知申请人。", field="note")
FIELD_MISSING = refusal_kind("city.field_missing", "缺少“{field}”或格式不符，请补正。", field="form")
PERSON_UNKNOWN = refusal_kind("city.person_unknown", "没有该申请人的公积金账户，或姓名与证件不符。")
ACCOUNT_MISSING = refusal_kind("city.account_missing", "申请人在本中心没有公积金账户，不能出具缴存证明。")
EMPLOYER_UNKNOWN = refusal_kind("city.employer_unknown", "该单位没有在本中心开户，或单位名称与统一社会信用代码不符。")
AGENT_UNKNOWN = refusal_kind(
    "city.agent_unknown",
    "申请中的经办人不是该单位在本中心登记的经办人，请核对姓名和证件号码，或先登记经办人后补正。",
    field="form",
)
CARD_MISSING = refusal_kind(
    "city.card_missing", "申请人没有登记可用的银行卡，请先在京通登记本人银行卡后补正。", field="form"
)
