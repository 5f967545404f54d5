"""What the pages themselves say no to.

They are no kinds of the domain's catalogue: API clients never meet them.
"""

from domain.kernel.refusal import Refusal

FORM_EXPIRED = Refusal("desk.form_expired", "页面已过期，刚才的提交没有生效。请返回上一页刷新后重新提交。")
FORM_MALFORMED = Refusal("desk.form_malformed", "提交的内容无法识别或过长，请返回上一页检查后重新提交。")
FILE_TOO_LARGE = Refusal("desk.file_too_large", "文件过大，没有上传。请核对是否选错文件，或拆分后重新上传。", "file")
PAGE_NOT_PERMITTED = Refusal("desk.not_permitted", "您没有查看此页面的权限。如工作需要，请联系安全管理员开通。")
PAGE_NOT_FOUND = Refusal("desk.not_found", "没有找到您要的页面，请从左侧菜单重新进入。")
DATE_MALFORMED = Refusal("desk.date_malformed", "日期应写作2026-11-23的形式，请修改后重新查询。")
DATES_REVERSED = Refusal("desk.dates_reversed", "开始日期晚于结束日期，请修改后重新查询。")
CHOICE_UNKNOWN = Refusal("desk.choice_unknown", "所选条件不存在，请重新选择后查询。")
FILTER_MALFORMED = Refusal("desk.filter_malformed", "查询条件过长或含有无法识别的字符，请修改后重新查询。")
DECISION_MISSING = Refusal("desk.decision_missing", "请选择审核结论后再提交。", "decision")
PASSWORDS_DIFFER = Refusal("desk.passwords_differ", "两次输入的新密码不一致，请重新输入。", "again")
REGISTRIES_NOT_CONNECTED = Refusal("desk.registries_not_connected", "部门核验服务尚未接入，请核对申请人的原件办理。")
FACE_IN_USE = Refusal(
    "desk.face_in_use", "这次人脸核验正用于另一笔办理，请稍候查看其结果；另行办理的，请重新核验当事人。"
)
FACE_NOT_CONNECTED = Refusal("desk.face_not_connected", "人脸核验服务尚未接入，请凭证件核对办理。")
JOB_NOT_FAILED = Refusal("desk.job_not_failed", "该任务已不在失败列表中，可能已由他人重试，请刷新后查看。")
