"""What the funds desks' forms say no to before the domain is asked. No kinds of the domain's catalogue."""

from domain.kernel.refusal import Refusal

AMOUNT_MALFORMED = Refusal("desk.amount_malformed", "金额应写作1234.56的形式（单位为元，不加逗号），请修改后重新提交。")
AMOUNT_MISSING = Refusal("desk.amount_missing", "请填写金额（单位为元）。")
NUMBER_MALFORMED = Refusal("desk.number_malformed", "编号应为数字，请核对后重新填写。")
MONTH_MALFORMED = Refusal("desk.month_malformed", "月份应写作2026-11的形式，请修改后重新查询。")
CHOICE_MISSING = Refusal("desk.choice_missing", "请选择后再提交。")
DAY_MISSING = Refusal("desk.day_missing", "请选择日期后再提交。")
TEXT_MALFORMED = Refusal("desk.text_malformed", "内容过长或含有无法识别的字符，请修改后重新提交。")
FILE_MISSING = Refusal("desk.file_missing", "请选择要上传的文件。", "file")
NOT_CONFIRMED = Refusal("desk.not_confirmed", "请核对后勾选确认再提交。", "confirmed")
BANKS_AWAY = Refusal("desk.banks_away", "本系统目前没有接通银行，不能查询或下载，请联系运维人员。")
SETTLER_AWAY = Refusal("desk.settler_away", "个人账户付款的手动入账尚未开通，请联系运维人员；中心自身付款不受影响。")
BATCH_NOT_WAITING = Refusal("desk.batch_not_waiting", "该批次不在等待银行结果，无需查询，请刷新后查看。")
CLAIM_STALE = Refusal("desk.claim_stale", "该申请已有复核结果或不属于本页，请刷新后查看。")
RATE_MALFORMED = Refusal("desk.rate_malformed", "年利率应写作1.55的形式（百分数，最多四位小数），请修改后重新提交。")
