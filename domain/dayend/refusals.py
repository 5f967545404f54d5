"""What the day-end says no to."""

from domain.kernel.refusal import refusal_kind

ALREADY_RUNNING = refusal_kind(
    "dayend.already_running",
    "日终正在由{runner}执行（最近心跳{heartbeat}），同一时间只能有一个日终。请等待其完成，或在日终页面查看进度。",
)
NOTHING_DUE = refusal_kind("dayend.nothing_due", "没有待执行的日终：已完成至{last}，当天的日终须等到次日零时以后。")
DAY_NOT_OVER = refusal_kind(
    "dayend.day_not_over", "{day}尚未结束，不能执行日终。请选择{latest}或更早的日期。", field="through"
)
CLOCK_BEHIND = refusal_kind(
    "dayend.clock_behind",
    "系统时钟显示今天是{today}，但{last}的日终已经开始或完成，时钟可能被调慢。请先校准服务器时钟，再启动日终。",
)
CLOCKS_DIFFER = refusal_kind(
    "dayend.clocks_differ",
    "应用服务器与数据库的时钟相差{seconds}秒，不能确定业务日期。请先校准时钟，再启动日终。",
)
CLOCK_JUMPED = refusal_kind(
    "dayend.clock_jumped",
    "日终执行期间系统时钟跳变了{seconds}秒，已在两个业务日之间停下。请核对服务器时钟后重新启动日终。",
)
JUMP_UNCONFIRMED = refusal_kind(
    "dayend.jump_unconfirmed",
    "从{first}至{last}共有{days}个业务日待执行，超过{most}日的上限，可能是时钟被调快。请核对日期，确认无误后在日终页面确认。",
)
NO_JUMP = refusal_kind("dayend.no_jump", "没有需要确认的日期跳变，请刷新页面查看当前情况。")
JUMP_CHANGED = refusal_kind(
    "dayend.jump_changed", "待确认的日期已变为{first}至{last}，请核对新的日期后重新确认。", field="through"
)
STEP_UNBOUND = refusal_kind(
    "dayend.step_unbound",
    "{day}的日终步骤“{title}”在当前版本中没有对应的程序，不能继续。请联系运维人员恢复原版本或补齐该步骤。",
)
EXCEPTION_NOT_FOUND = refusal_kind("dayend.exception_not_found", "没有找到该异常，请从日终页面重新进入。")
EXCEPTION_ENDED = refusal_kind("dayend.exception_ended", "该异常已处理完毕，请刷新后查看结果。")
RETRY_FAILED = refusal_kind(
    "dayend.retry_failed",
    "{day}“{title}”重试仍未成功（{error}），该{subject}未做任何改变。请按错误代码处理原因后再重试。",
)
RETRY_RUNNING = refusal_kind("dayend.retry_running", "该异常正在由其他进程重试，请稍后刷新查看结果。", retryable=True)
REASON_REQUIRED = refusal_kind("dayend.reason_required", "请填写{what}，至少{least}个字。", field="reason")
REASON_TOO_LONG = refusal_kind("dayend.reason_too_long", "说明不能超过{most}个字，请精简后重新提交。", field="reason")
NOT_PROPOSED = refusal_kind("dayend.not_proposed", "该异常还没有人提出人工了结，请先由一人填写处理说明。")
PROPOSED_ALREADY = refusal_kind(
    "dayend.proposed_already", "该异常已提出人工了结，请由另一人复核，或等待复核结果。", field="reason"
)
SAME_PERSON = refusal_kind("dayend.same_person", "人工了结须由另一人复核，请联系其他有权限的同事。")
