"""Refusals about kiosks and bank terminals."""

from domain.kernel.refusal import refusal_kind

DEVICE_NO = refusal_kind(
    "kiosk.device_no", "终端编号应为4至32位大写字母、数字或连字符，请重新填写。", field="device_no"
)
DEVICE_NAME = refusal_kind("kiosk.name", "请填写1至40个字的终端名称。", field="name")
DEVICE_KNOWN = refusal_kind("kiosk.known", "该终端编号已登记，请核对后重新填写。", field="device_no")
OFFICE_WRONG = refusal_kind("kiosk.office", "所选管理部不存在，请重新选择。", field="office")
OWNER_UNKNOWN = refusal_kind("kiosk.owner", "没有找到该第三方或其未获批准，请先在“服务授权”中登记。", field="owner")
READER_KEY = refusal_kind(
    "kiosk.reader_key", "读卡器公钥无法识别，请填写Ed25519、P-256或SM2公钥的PEM文本。", field="reader_pem"
)
DEVICE_UNKNOWN = refusal_kind("kiosk.unknown", "没有找到该终端，请刷新后重新选择。")
DEVICE_STATE = refusal_kind("kiosk.state", "该终端当前为“{state}”，不能这样操作，请刷新后查看。")
STOP_REASON = refusal_kind("kiosk.reason", "请填写4至200个字的原因。", field="reason")
ENROLMENT_WRONG = refusal_kind(
    "kiosk.enrolment_wrong", "终端编号或登记码不正确，或登记码已使用、已过期，请联系系统管理员重新发放。"
)
NOT_ADMITTED = refusal_kind("kiosk.not_admitted", "本终端暂时不能办理业务，请使用其他终端、网上渠道，或到柜台办理。")
NOT_GRANTED = refusal_kind("kiosk.not_granted", "本终端所属机构没有有效的服务授权，请使用其他终端或到柜台办理。")
CARD_REFUSED = refusal_kind(
    "kiosk.card_refused", "身份证未通过核验，请将本人证件重新放在读卡区；多次不成功请到柜台办理。"
)
CARD_STRANGER = refusal_kind(
    "kiosk.card_stranger", "没有查到您的公积金登记信息，或姓名与登记不一致，请携带身份证到柜台核实。"
)
NOT_AT_KIOSK = refusal_kind("kiosk.not_at_kiosk", "文书只能在自助终端上打印，请到管理部的自助终端刷身份证办理。")
